"""The two sides of a comparison of journeys: what can be chosen, what is kept of each, and what is lacking."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import Q
from django.utils.dateparse import parse_datetime

from accounts.access import has_role
from accounts.choices import Role
from accounts.crypto import UndecryptableError
from accounts.models import User
from promotions.journey_facts import copies_of, origins_of
from promotions.journey_lists import NOT_LISTED, JourneyFilters
from promotions.journey_outline import Outline, from_json, outline_of
from promotions.models import Job, Journey, JourneyCopy, JourneyVersion, RemoteDocument
from promotions.services import documents
from promotions.systems.journeys import kinds

VERSIONS_OFFERED = 50
FOUND_AT_MOST = 20
PK_DIGITS = 18

Choices = list[tuple[str, str]]


@dataclass(frozen=True)
class Side:
    """One version of one journey."""

    journey: Journey
    uid: str
    version: str

    @property
    def key(self) -> str:
        return f"{self.journey.pk}:{self.uid}"

    @property
    def number(self) -> str:
        return self.version or self.uid


@dataclass(frozen=True)
class Standing:
    """What is known of one side: its newest kept export, and why the last reading of it failed, if it did."""

    side: Side
    name: str
    document: RemoteDocument | None
    problem: str
    problem_at: datetime | None

    @property
    def is_read(self) -> bool:
        return self.document is not None and not self.problem

    @property
    def has_steps(self) -> bool:
        """Whether, without an export, its steps are known: those of the latest version are read with the journey."""
        journey = self.side.journey
        return journey.outline is not None and self.side.uid == journey.latest_version_uid

    @property
    def is_only_steps(self) -> bool:
        return self.document is None and self.has_steps

    @property
    def is_anything_kept(self) -> bool:
        return self.document is not None or self.has_steps

    @property
    def read_at(self) -> datetime | None:
        """When what is kept was read."""
        if self.document is not None:
            return self.document.read_at
        return self.side.journey.outline_read_at if self.has_steps else None

    @cached_property
    def content(self) -> bytes | None:
        """The export as it came; None if none is kept, or the key that sealed it is gone."""
        if self.document is None:
            return None
        try:
            return documents.content_of(self.document)
        except UndecryptableError:
            return None

    @property
    def is_locked(self) -> bool:
        """Whether the kept export cannot be decrypted."""
        return self.document is not None and self.content is None

    @cached_property
    def outline(self) -> Outline | None:
        if self.document is not None:
            return outline_of(self.content) if self.content is not None else None
        return from_json(self.side.journey.outline) if self.side.journey.outline and self.has_steps else None


@dataclass(frozen=True)
class Pair:
    """Two sides, the job that read them last, and how each stands."""

    before: Standing
    after: Standing
    job: Job | None
    is_copy: bool | None

    @property
    def standings(self) -> tuple[Standing, Standing]:
        return self.before, self.after

    @property
    def is_live(self) -> bool:
        return self.job is not None and self.job.is_live

    @property
    def is_read(self) -> bool:
        return all(standing.is_read for standing in self.standings)

    @property
    def is_lacking(self) -> bool:
        """Whether the last reading failed for a side, or only steps are known of one."""
        return not self.is_read and any(standing.problem for standing in self.standings)

    @property
    def can_use_kept(self) -> bool:
        """Whether there is something older to compare, for who wants that."""
        return not self.is_read and all(standing.is_anything_kept for standing in self.standings)


def pair_of(before: Side, after: Side) -> Pair:
    names = names_of(before, after)
    job = latest_job(before, after)
    sides = (before, after)
    standings = [_standing(side, name, job) for side, name in zip(sides, names, strict=True)]
    return Pair(standings[0], standings[1], job, _is_copy(before, after))


def names_of(before: Side, after: Side) -> tuple[str, str]:
    """Names that tell the two apart."""
    if before.journey.pk == after.journey.pk:
        return f"Version {before.number}", f"Version {after.number}"
    if before.journey.sandbox_id == after.journey.sandbox_id:
        return f"{before.journey}, version {before.number}", f"{after.journey}, version {after.number}"
    return f"{before.journey.sandbox}, version {before.number}", f"{after.journey.sandbox}, version {after.number}"


def scope_of(before: Side, after: Side) -> str:
    """The same for a pair in either order."""
    keys = "\n".join(sorted((before.key, after.key)))
    return f"journeys:comparison:{hashlib.sha256(keys.encode()).hexdigest()}"


def latest_job(before: Side, after: Side) -> Job | None:
    """The reading of both that was asked for last."""
    organizations = {before.journey.organization_id, after.journey.organization_id}
    found = Job.objects.filter(organization__in=organizations, kind=kinds.COMPARE, scope=scope_of(before, after))
    return found.order_by("-created_at", "-pk").first()


def may_be_read_by(user: User, before: Side, after: Side) -> bool:
    """Reading both needs an operator of one side, as a promotion between them does, and a viewer of the other."""
    return home_of(user, before, after) is not None


def home_of(user: User, before: Side, after: Side) -> Side | None:
    """The side whose organization the person operates: the job is listed there."""
    return next((side for side in (before, after) if has_role(user, side.journey.organization, Role.OPERATOR)), None)


def _standing(side: Side, name: str, job: Job | None) -> Standing:
    document = documents.latest(organization=side.journey.organization, kind=kinds.EXPORT, remote_id=side.uid)
    told = job.params.get("told", {}).get(side.key, {}) if job is not None else {}
    problem, at = told.get("problem", ""), parse_datetime(told.get("at", ""))
    if document is not None and at is not None and document.read_at > at:
        problem = ""  # it was read since, for another comparison or a plan
    return Standing(side, name, document, problem, at if problem else None)


def _is_copy(before: Side, after: Side) -> bool | None:
    """Whether an import is known to have made one of the other; None leaves it to the documents."""
    if before.journey.pk == after.journey.pk:
        return False
    known = Q(pk=None)
    for source, made in ((before.journey, after.journey), (after.journey, before.journey)):
        known |= Q(
            source_organization=source.organization_id,
            source_sandbox_name=source.sandbox.name,
            source_uid=source.uid,
            target_sandbox=made.sandbox_id,
            uid=made.uid,
        )
    return True if JourneyCopy.objects.filter(known).exists() else None


# What can be chosen


def parsed(key: str) -> tuple[int, str] | None:
    """The journey and the version that a key names; the version may be left out."""
    number, _, uid = key.partition(":")
    is_number = number.isascii() and number.isdecimal() and len(number) <= PK_DIGITS
    return (int(number), uid) if is_number else None


def side_of(journey: Journey, uid: str) -> Side | None:
    """The version of that uid; without one the latest. None if it is not known here."""
    numbers = _numbers(journey, _rows(journey))
    wanted = uid or journey.latest_version_uid or next(iter(numbers), "")
    return Side(journey, wanted, numbers[wanted]) if wanted in numbers else None


def versions_offered(journey: Journey) -> Choices:
    """Versions of a journey by uid, newest first."""
    rows = _rows(journey)
    states = {version.uid: version.get_state_display().lower() for version in rows}
    found = []
    for uid, number in _numbers(journey, rows).items():
        words = [f"Version {number or uid}", states.get(uid, ""), "latest" if uid == journey.latest_version_uid else ""]
        found.append((uid, ", ".join(word for word in words if word)))
    return found


def latest_of(journey: Journey, versions: Choices) -> str:
    """The uid of the latest version; empty if none is known."""
    return journey.latest_version_uid or next((uid for uid, _ in versions), "")


def likeliest(
    journey: Journey, version: str, *, versions: Choices, others: Sequence[tuple[str, Choices]]
) -> tuple[str, str]:
    """What is compared if nobody says with what: an earlier version with the latest, the latest with the one before.

    Of a journey with one version its newest copy, or what it was made from. The key is empty if there is nothing.
    """
    latest = latest_of(journey, versions)
    if version and version != latest:
        return version, f"{journey.pk}:{latest}" if latest else ""
    before = next((uid for uid, _ in versions if uid != latest), "")
    if before:
        return before, f"{journey.pk}:{latest}"
    beyond = (key for _, choices in others for key, _ in choices if not key.startswith(f"{journey.pk}:"))
    return latest, next(beyond, "")


def sides_of(copy: JourneyCopy) -> tuple[Side, Side] | None:
    """The version that was imported, and the copy; None if one of the journeys is not known here."""
    related = Journey.objects.select_related("organization", "sandbox__organization")
    source = related.filter(
        organization=copy.source_organization_id, sandbox__name=copy.source_sandbox_name, uid=copy.source_uid
    ).first()
    made = related.filter(sandbox=copy.target_sandbox_id, uid=copy.uid).first() if copy.uid else None
    before = side_of(source, copy.source_version_uid) if source is not None else None
    after = side_of(made, copy.version_uid) if made is not None else None
    return (before, after) if before is not None and after is not None else None


def others_offered(journey: Journey, user: User, chosen: Journey | None) -> list[tuple[str, Choices]]:
    """What a version of a journey can be compared with, by key, in groups; `chosen` is another journey asked for."""
    groups = [
        ("This journey", _by_key(journey)),
        (
            "Its copies",
            [
                (
                    f"{row.journey.pk}:{row.copy.version_uid}",
                    f"{row.copy.name or row.journey} in {row.copy.target_sandbox}",
                )
                for row in copies_of(journey, user)
                if row.journey is not None and row.copy.version_uid
            ],
        ),
        (
            "What it was made from",
            [
                (
                    f"{row.journey.pk}:{row.copy.source_version_uid}",
                    f"{row.journey} in {row.copy.source_organization} · {row.copy.source_sandbox_name}",
                )
                for row in origins_of(journey, user)
                if row.journey is not None
            ],
        ),
    ]
    if chosen is not None and chosen.pk != journey.pk:
        # A closed list shows the choice without its group.
        named = [(key, f"{chosen}: {words[:1].lower()}{words[1:]}") for key, words in _by_key(chosen)]
        groups.insert(1, (f"{chosen} in {chosen.sandbox}", named))
    met: set[str] = set()
    offered = []
    for name, choices in groups:
        fresh = [(key, words) for key, words in choices if key not in met]
        met.update(key for key, _ in fresh)
        if fresh:
            offered.append((name, fresh))
    return offered


def others_found(journey: Journey, user: User, text: str) -> list[Journey]:
    """Other journeys that the person may read, by words of their names, texts or ids."""
    found = JourneyFilters(text=text, is_vanished=None).narrowed(Journey.objects.visible_to(user))
    rows = found.exclude(pk=journey.pk).defer(*NOT_LISTED).select_related("organization", "sandbox__organization")
    return list(rows.order_by("sort_name", "pk")[:FOUND_AT_MOST])


def _by_key(journey: Journey) -> Choices:
    return [(f"{journey.pk}:{uid}", words) for uid, words in versions_offered(journey)]


def _numbers(journey: Journey, rows: Sequence[JourneyVersion]) -> dict[str, str]:
    """The number of each version by its uid, newest first; also of what a list has not named yet."""
    found = {version.uid: version.version for version in rows}
    latest = journey.latest_version_uid
    if latest and latest not in found:
        found = {latest: journey.latest_version, **found}
    made = JourneyCopy.objects.filter(target_sandbox=journey.sandbox_id, uid=journey.uid).exclude(version_uid="")
    for uid in made.values_list("version_uid", flat=True)[:VERSIONS_OFFERED]:
        found.setdefault(uid, "")
    return found


def _rows(journey: Journey) -> list[JourneyVersion]:
    return list(journey.versions.defer("raw")[:VERSIONS_OFFERED])
