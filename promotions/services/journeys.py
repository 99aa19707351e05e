"""What is known of the journeys of a sandbox, and what people may ask of them."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.access import require_role
from accounts.choices import Role
from accounts.models import Organization, Sandbox, User
from accounts.services import audit
from clients.journeys_models import RemoteJourneyVersion, RemoteVersionRow
from promotions.choices import JourneySource, SourceState, journey_state
from promotions.models import Job, Journey, JourneyReading, JourneyVersion
from promotions.services import jobs, routines
from promotions.services.errors import RefusedError
from promotions.services.verbs import Verb
from promotions.systems.journeys import kinds
from promotions.systems.journeys.merging import Listed

# The remote documents are kept to be looked at, not to be worked with: a huge one is named and left out.
RAW_LIMIT_BYTES = 500_000
_COMPARED = (
    "name",
    "description",
    "state",
    "raw_state",
    "latest_version_uid",
    "latest_version",
    "version_count",
    "remote_created_at",
    "remote_modified_at",
    "created_by",
    "modified_by",
    "source",
)
_VERSION_COMPARED = ("version", "state", "raw_state", "name", "created_at", "modified_at", "modified_by")


@dataclass(frozen=True, kw_only=True)
class Details:
    """What was read of one journey beyond its row in the list.

    `uses` is None if no export was read, and `problem` says why its latest version could not be.
    """

    latest: RemoteJourneyVersion | None
    document: dict[str, Any] | None
    outline: dict[str, Any] | None
    uses: list[dict[str, Any]] | None
    findings: list[dict[str, str]]
    problem: str


@dataclass(frozen=True)
class SourceAnswer:
    """How one API answered for a sandbox."""

    state: SourceState
    said: str = ""


def apply(sandbox: Sandbox, listed: Iterable[Listed]) -> int:
    """Make our rows say what these remote journeys say; only what differs is written. Returns how many were."""
    by_uid = {one.remote.uid[:200]: one for one in listed}
    changed = 0
    with transaction.atomic():
        known = {
            journey.uid: journey
            for journey in Journey.objects.select_for_update().filter(sandbox=sandbox).defer("raw", "outline", "uses")
        }
        versions = _versions_by_journey(sandbox)
        fresh: list[tuple[Journey, Listed]] = []
        for uid, one in by_uid.items():
            values = _values(one)
            journey = known.get(uid)
            if journey is None:
                journey = Journey(organization_id=sandbox.organization_id, sandbox=sandbox, uid=uid)
                _fill(journey, one, values)
                fresh.append((journey, one))
                continue
            _keep_what_was_read(journey, values)
            is_same = journey.vanished_at is None and all(getattr(journey, name) == values[name] for name in _COMPARED)
            if not is_same:
                _fill(journey, one, values)
                journey.save()
            if _apply_versions(journey, one.remote.versions, versions.get(journey.pk, {})) or not is_same:
                changed += 1
        Journey.objects.bulk_create(journey for journey, _ in fresh)
        JourneyVersion.objects.bulk_create(
            _filled(JourneyVersion(journey=journey, uid=uid), row)
            for journey, one in fresh
            for uid, row in _rows(one.remote.versions).items()
        )
        _forget_single_versions(sandbox, known, by_uid)
    return changed + len(fresh)


def _versions_by_journey(sandbox: Sandbox) -> dict[int, dict[str, JourneyVersion]]:
    found: dict[int, dict[str, JourneyVersion]] = {}
    for version in JourneyVersion.objects.filter(journey__sandbox=sandbox).defer("raw"):
        found.setdefault(version.journey_id, {})[version.uid] = version
    return found


def _rows(versions: Sequence[RemoteVersionRow]) -> dict[str, RemoteVersionRow]:
    return {row.uid[:200]: row for row in versions}


def _apply_versions(journey: Journey, remotes: Sequence[RemoteVersionRow], known: Mapping[str, JourneyVersion]) -> bool:
    """Whether anything differed. A list that names no version of a journey says nothing about them."""
    rows = _rows(remotes)
    if not rows:
        return False
    is_changed = False
    for uid, row in rows.items():
        version = known.get(uid) or JourneyVersion(journey=journey, uid=uid)
        values = _version_values(row)
        if version.pk is None or any(getattr(version, name) != values[name] for name in _VERSION_COMPARED):
            _filled(version, row).save()
            is_changed = True
    gone = [version.pk for uid, version in known.items() if uid not in rows]
    if gone:
        JourneyVersion.objects.filter(pk__in=gone).delete()
    return is_changed or bool(gone)


def _values(one: Listed) -> dict[str, Any]:
    remote = one.remote
    return {
        "name": (remote.name or remote.uid)[:500],
        "description": remote.description,
        "state": journey_state(remote.state),
        "raw_state": remote.state[:64],
        "latest_version_uid": remote.latest_version_uid[:200],
        "latest_version": remote.latest_version[:32],
        "version_count": len(_rows(remote.versions)) or int(bool(remote.latest_version_uid)),
        "remote_created_at": remote.created_at,
        "remote_modified_at": remote.modified_at,
        "created_by": remote.created_by[:200],
        "modified_by": remote.modified_by[:200],
        "source": one.source,
    }


def _keep_what_was_read(journey: Journey, values: dict[str, Any]) -> None:
    """The list can lag behind the latest version: what that said stands until the journey changes again."""
    if journey.outline_read_at is None or journey.remote_modified_at != values["remote_modified_at"]:
        values["description"] = values["description"] or journey.description
        return
    for name in ("name", "description", "latest_version_uid", "latest_version"):
        values[name] = getattr(journey, name) or values[name]


def _fill(journey: Journey, one: Listed, values: Mapping[str, Any]) -> None:
    now = timezone.now()
    for name, value in values.items():
        setattr(journey, name, value)
    journey.raw = kept_raw(one.remote.raw if "list" in one.remote.raw else {"list": one.remote.raw})
    journey.seen_at = now
    journey.vanished_at = None
    _derive(journey)


def _derive(journey: Journey) -> None:
    """What follows from other columns: where it stands in lists, and what a search finds it by."""
    journey.sort_name = journey.name.lower()[:500]
    journey.search_text = "\n".join((journey.name, journey.description, journey.uid)).lower()
    journey.sort_at = journey.remote_modified_at or journey.remote_created_at or journey.first_seen_at


def kept_raw(raw: dict[str, Any]) -> dict[str, Any]:
    """Remote documents by name, those that are too large left out."""
    return {name: value if _size(value) <= RAW_LIMIT_BYTES else "too large to be kept" for name, value in raw.items()}


def _size(value: Any) -> int:
    return len(json.dumps(value, default=str))


def _version_values(row: RemoteVersionRow) -> dict[str, Any]:
    return {
        "version": row.version[:32],
        "state": journey_state(row.state),
        "raw_state": row.state[:64],
        "name": row.name[:500],
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "modified_by": row.modified_by[:200],
    }


def _filled(version: JourneyVersion, row: RemoteVersionRow) -> JourneyVersion:
    for name, value in _version_values(row).items():
        setattr(version, name, value)
    version.sort_key = _sort_key(version.version, version.created_at)
    version.raw = kept_raw({"row": row.raw})["row"] if _size(row.raw) <= RAW_LIMIT_BYTES else {}
    return version


def _sort_key(version: str, created_at: datetime | None) -> str:
    """Numbers padded so that 10.0 follows 2.0; the time decides where there are none."""
    numbers = re.findall(r"\d+", version)[:4]
    return ".".join(f"{int(number[:9]):09d}" for number in numbers) or (created_at.isoformat() if created_at else "")


def _forget_single_versions(sandbox: Sandbox, known: Mapping[str, Journey], listed: Mapping[str, Listed]) -> None:
    """Versions that stood for journeys while only the newer API answered have found their journey by now."""
    versions = {row.uid for one in listed.values() for row in one.remote.versions}
    single = [
        journey.pk
        for uid, journey in known.items()
        if journey.source == JourneySource.RETRIEVE and uid in versions and uid not in listed
    ]
    if single:
        Journey.objects.filter(sandbox=sandbox, pk__in=single).delete()


def without_known(sandbox: Sandbox, listed: Iterable[Listed]) -> list[Listed]:
    """The rows of the newer API that stand for no journey which the other one named before.

    For when the other one gives no list: what it named is kept as it was, rather than shown a second time.
    """
    known = Journey.objects.filter(sandbox=sandbox).exclude(source=JourneySource.RETRIEVE)
    versions = set(JourneyVersion.objects.filter(journey__in=known).values_list("uid", flat=True))
    versions.update(known.values_list("latest_version_uid", flat=True))
    names = set(known.filter(vanished_at=None).values_list("name", flat=True))
    return [one for one in listed if one.remote.uid not in versions and one.remote.name not in names]


def missing(sandbox: Sandbox, seen: Iterable[str], sources: Iterable[JourneySource]) -> list[Journey]:
    """Journeys from these sources that a complete list did not name, and that were there before."""
    present = Journey.objects.filter(sandbox=sandbox, vanished_at=None, source__in=list(sources))
    met = set(seen)
    return [journey for journey in present.only("pk", "uid", "name", "source") if journey.uid[:200] not in met]


def mark_vanished(journeys: Sequence[Journey]) -> int:
    """The platform no longer lists them; the rows stay, since promotions and copies name them."""
    pks = [journey.pk for journey in journeys]
    return Journey.objects.filter(pk__in=pks, vanished_at=None).update(vanished_at=timezone.now())


def note_reading(
    sandbox: Sandbox, *, authoring: SourceAnswer, newer: SourceAnswer, listed: int, is_complete: bool
) -> None:
    """Remember how each API answered; what was listed is kept as it was where neither did."""
    values: dict[str, Any] = {
        "authoring": authoring.state,
        "authoring_said": authoring.said,
        "retrieve": newer.state,
        "retrieve_said": newer.said,
    }
    if SourceState.ANSWERS in (authoring.state, newer.state):
        values |= {"listed": listed, "is_complete": is_complete, "read_at": timezone.now()}
    JourneyReading.objects.update_or_create(sandbox=sandbox, defaults=values)


def stale(sandboxes: Iterable[Sandbox], *, without: Iterable[int], limit: int) -> list[Journey]:
    """Journeys whose latest version has changed since it was read, or could not be read; new ones first."""
    found: QuerySet[Journey] = Journey.objects.filter(sandbox__in=list(sandboxes), vanished_at=None)
    is_stale = Q(outline_read_at=None) | Q(remote_modified_at__gt=F("outline_read_at")) | ~Q(problem="")
    skipped = set(without)
    rows = found.filter(is_stale).select_related("sandbox").defer("raw").order_by("problem", "-sort_at", "-pk")
    return [journey for journey in rows[: limit + len(skipped)] if journey.pk not in skipped][:limit]


def store_details(journey: Journey, details: Details) -> None:
    """Keep what was read of one journey; what could not be read leaves what was known."""
    with transaction.atomic():
        journey.refresh_from_db(from_queryset=Journey.objects.select_for_update())
        journey.problem = details.problem
        raw = dict(journey.raw)
        if details.document is not None:
            raw["document"] = details.document
        if details.latest is not None:
            if details.latest.uid and details.latest.uid != journey.latest_version_uid:
                journey.uses = None  # an older version used them
            _take_latest(journey, details.latest)
            raw["latest"] = details.latest.raw
            journey.findings = details.findings
        if details.outline is not None:
            journey.outline = details.outline
        if details.uses is not None:
            journey.uses = details.uses
        journey.raw = kept_raw(raw)
        if details.latest is not None or details.document is not None:
            journey.outline_read_at = timezone.now()
        _derive(journey)
        journey.save()


def store_uses(*, pk: int, version_uid: str, uses: list[dict[str, Any]], outline: dict[str, Any] | None = None) -> bool:
    """Keep what an export tells of the journey, if it was of its latest version; False if there is nothing to write.

    The outline counts only where there is none yet: other answers of the platform tell more of the steps.
    """
    latest = Journey.objects.filter(pk=pk, latest_version_uid=version_uid)
    known = latest.values_list("uses", "outline").first()
    if known is None:
        return False
    fresh: dict[str, Any] = {} if known[0] == uses else {"uses": uses}
    if outline is not None and known[1] is None:
        fresh["outline"] = outline
    return bool(fresh and latest.update(**fresh))


def _take_latest(journey: Journey, latest: RemoteJourneyVersion) -> None:
    """The list may name a journey as it was called before, and may not name its latest version at all."""
    journey.name = (latest.name or journey.name)[:500]
    journey.description = latest.description or journey.description
    journey.latest_version_uid = latest.uid[:200] or journey.latest_version_uid
    journey.latest_version = latest.version[:32] or journey.latest_version
    if not journey.raw_state:
        journey.raw_state, journey.state = latest.state[:64], journey_state(latest.state)
    if not latest.uid or journey.versions.filter(uid=latest.uid[:200]).exists():
        return
    row = RemoteVersionRow(
        uid=latest.uid,
        version=latest.version,
        state=latest.state,
        name=latest.name,
        created_at=latest.created_at,
        modified_at=latest.modified_at,
        modified_by=latest.modified_by,
        raw={},
    )
    _filled(JourneyVersion(journey=journey, uid=latest.uid[:200]), row).save()
    journey.version_count = journey.versions.count()


@transaction.atomic
def request_synchronization(*, organization: Organization, actor: User | None) -> Job:
    """Read the journeys of all sandboxes of an organization now, as `routines.ask` does."""
    return routines.ask(
        kinds.SYNCHRONIZE,
        title=f"Journeys of {organization}",
        organization=organization,
        actor=actor,
        verb=Verb.JOURNEYS_SYNCHRONIZATION_REQUESTED,
    )


@transaction.atomic
def request_reading(*, journey: Journey, actor: User) -> Job:
    """Read one journey anew, with what it uses; a reading that is under way is returned."""
    require_role(actor, journey.organization, Role.OPERATOR)
    if not journey.sandbox.is_active:
        raise RefusedError(f"“{journey.sandbox.name}” is no active sandbox any more. Its journeys cannot be read.")
    job = jobs.queue_once(
        kind=kinds.READ_JOURNEY,
        title=f"Journey “{journey}”",
        organization=journey.organization,
        actor=actor,
        sandbox=journey.sandbox,
        scope=reading_scope(journey),
        params={"journey": journey.pk},
    )
    audit.record(Verb.JOURNEY_READING_REQUESTED, actor=actor, subject=journey, details={"job": job.pk})
    return job


def reading_scope(journey: Journey) -> str:
    return f"journey:{journey.pk}:reading"


def latest_reading(journey: Journey) -> Job | None:
    """The reading of this journey that was asked for last."""
    readings = Job.objects.filter(organization=journey.organization, kind=kinds.READ_JOURNEY)
    return readings.filter(scope=reading_scope(journey)).order_by("-created_at", "-pk").first()
