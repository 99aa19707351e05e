"""Importing a journey: sent once, since every call makes another copy; then looked at in the target."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from accounts.crypto import UndecryptableError
from clients.errors import ApiError, ApiNotFoundError
from clients.journeys import JourneysClient, RemoteJourney, RemoteJourneyVersion
from promotions.choices import JobState, ProblemKind, ResultOutcome
from promotions.engine.registry import Ending, LookUp, Report, Snapshot, Submitted
from promotions.models import Job, JourneyCopy, TaskResult
from promotions.services import routines, sealed_values
from promotions.systems.journeys import kinds
from promotions.systems.journeys.connection import journeys
from promotions.systems.journeys.filling import Filled, NotFilledError, filled
from promotions.systems.journeys.looking import look_again, made_before_looking
from promotions.systems.journeys.verdict import conclude, in_words
from promotions.systems.listing import CLOCK_MARGIN
from promotions.systems.markers import marker_of
from promotions.systems.plan_runs import PlanRun, plan_of
from promotions.systems.submission import unknown_ids

# New journeys of a target that are looked at one by one for our mark.
DETAILS_AT_MOST = 50
NOT_SENT = "Nothing was sent."
_RESULT_FIELDS = ("position", "title", "new_id", "claim", "outcome", "explanation", "messages")


class ImportJourney(PlanRun):
    """Import of an exported version into a sandbox, of the same organization or another."""

    kind = kinds.IMPORT
    label = "Journey import"
    phrase = "import of"
    noun = "version"

    # What was filled in last, by job: reading a large document takes longer than the write may.
    _ready: tuple[int, Filled] | None = None

    def recheck(self, job: Job, report: Report) -> Ending | None:
        if (ending := super().recheck(job, report)) is not None:
            return ending
        report("Filling in what was decided")
        try:
            self._ready = job.pk, filled(plan_of(job), job.marker or "")
        except (NotFilledError, UndecryptableError) as missing:
            return Ending(
                state=JobState.CANCELLED, problem_kind=ProblemKind.PLAN_CHANGED, problem=f"{NOT_SENT} {missing}"
            )
        return None

    def note_before(self, job: Job) -> dict[str, Any]:
        with _client(job) as client:
            listed = client.list_journeys()
        document = self._document(job)
        return {
            "names": sorted({name for name in (document.name, plan_of(job).promotion.title) if name}),
            "ids": sorted({uid for row in listed.items for uid in _uids(row)}),
            "is_complete": listed.is_complete,
            "is_marked": document.is_marked,
        }

    def submit(self, job: Job) -> Submitted:
        document = self._document(job)
        self._ready = None
        with _client(job) as client:
            made = client.import_version(document.content, secrets=document.secrets)
        return Submitted(
            made.version_uid,
            {
                "version_uid": made.version_uid,
                "journey_uid": made.journey_uid,
                "name": made.name,
                "state": made.state,
                "uri": made.uri,
                "validation": made.validation,
                "errors": list(made.errors),
                "warnings": list(made.warnings),
            },
        )

    def _document(self, job: Job) -> Filled:
        if self._ready is not None and self._ready[0] == job.pk:
            return self._ready[1]
        return filled(plan_of(job), job.marker or "")

    def wanted(self, job: Job) -> str:
        name = job.promotion.title if job.promotion else job.title
        mark = f" whose description ends in {job.marker}" if job.params.get("before", {}).get("is_marked") else ""
        return f"a journey in {_sandbox_name(job)} that was not there before, like “{name}”{mark}"

    def look_up(self, job: Job, report: Report) -> LookUp:
        since = (job.started_at or job.created_at) - CLOCK_MARGIN
        before: Mapping[str, Any] = job.params.get("before", {})
        with _client(job) as client:
            report(f"Listing the journeys of {_sandbox_name(job)}")
            listed = client.list_journeys()
            new = [
                row for row in listed.items if _is_new(job, row) and (row.created_at is None or row.created_at >= since)
            ]
            ours, alike, is_clear = _told_apart(job, client, new, report, is_marked=bool(before.get("is_marked")))
        return LookUp(
            ours,
            listed.is_complete and bool(before.get("is_complete")) and is_clear,
            similar=[] if ours else alike,
            since=since,
            rows=len(listed.items),
        )

    def list_statuses(self, jobs: Sequence[Job]) -> Mapping[int, str]:
        return {}  # an import is over when it is answered: there is nothing to follow

    def read(self, job: Job) -> Snapshot:
        with _client(job) as client:
            version = _version(client, job)
        raw = {**_receipt(job), **_told_of(version)}
        objects = made_before_looking(plan_of(job))
        return Snapshot(
            status=version.state[:64],
            is_over=True,
            done=len(objects) + 1,
            total=len(objects) + 1,
            raw=raw,
            detail=version,
        )

    def record(self, job: Job, snapshot: Snapshot) -> None:
        version: RemoteJourneyVersion = snapshot.detail
        plan = plan_of(job)
        promotion = plan.promotion
        errors = list(dict.fromkeys([*version.errors, *_receipt(job).get("errors", ())]))
        JourneyCopy.objects.update_or_create(
            job=job,
            defaults={
                "promotion": promotion,
                "source_organization": promotion.source_organization,
                "source_sandbox_name": promotion.pick["sandbox"],
                "source_uid": promotion.pick["uid"],
                "source_version_uid": promotion.pick["version_uid"],
                "source_version": promotion.pick["version"],
                "target_organization": promotion.target_organization,
                "target_sandbox": promotion.target_sandbox,
                "uid": version.journey_uid[:200],
                "version_uid": job.remote_id,
                "name": version.name[:500],
                "problems": errors,
            },
        )
        rows = [_row_of_journey(job, version, errors), *made_before_looking(plan)]
        for position, row in enumerate(rows):
            row.job, row.position = job, position
        TaskResult.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["job", "type", "remote_id"],
            update_fields=_RESULT_FIELDS,
        )

    def verify(self, job: Job) -> bool:
        return look_again(job)

    def conclude(self, job: Job) -> Ending:
        return conclude(job)

    def describe(self, job: Job) -> str:
        return in_words(job)

    def advise(self, job: Job, exc: ApiError) -> str:
        if exc.error_code != "1326":
            return ""
        return (
            "Every secret was filled in before it was sent, so the platform finds fault with something else in the "
            "document. Compare what was filled in, and the version in its designer."
        )

    def over(self, job: Job, ending: Ending) -> None:
        if job.submit_count and job.promotion is not None:
            sealed_values.erase(job.promotion)
            routines.queue_anew(kinds.SYNCHRONIZE, job.organization)


def _sandbox_name(job: Job) -> str:
    if job.sandbox is None:
        raise TypeError("an import goes into a sandbox")
    return job.sandbox.name


def _client(job: Job) -> Any:
    return journeys(job.organization, sandbox=_sandbox_name(job))


def _uids(row: RemoteJourney) -> set[str]:
    return {row.uid, row.latest_version_uid, *(version.uid for version in row.versions)} - {""}


def _is_new(job: Job, row: RemoteJourney) -> bool:
    """Whether nothing of it was there before, belongs to another job here, or was said not to be ours."""
    uids = _uids(row)
    return set(unknown_ids(job, sorted(uids))) == uids


def _told_apart(
    job: Job, client: JourneysClient, rows: Sequence[RemoteJourney], report: Report, *, is_marked: bool
) -> tuple[list[str], list[str], bool]:
    """Version uids that are ours, those that may be, and whether all could be looked at.

    Where the document carried our mark, only the mark makes one ours. Where it could not, one that is called like the
    source must be the only one of its kind; several are for a person to tell apart.
    """
    ours, alike, is_clear = [], [], True
    names = tuple(name.casefold() for name in job.params.get("before", {}).get("names", ()))
    for position, row in enumerate(rows):
        report("Looking at what is new there", done=position, total=len(rows))
        version = None
        if position < DETAILS_AT_MOST:
            with suppress(ApiNotFoundError):  # listed, and not there: what it is cannot be told
                version = client.latest(row.uid)
        uid = version.uid if version is not None else row.latest_version_uid or row.uid
        text = version.description if version is not None else row.description
        name = (version.name if version is not None else row.name).casefold()
        if marker_of(text):
            if marker_of(text) == job.marker:
                ours.append(uid)
        elif version is None:
            is_clear = False
            alike.append(uid)
        elif name.startswith(names) or not names:
            alike.append(uid)
    if not ours and not is_marked and is_clear and len(alike) == 1:
        return alike, [], is_clear
    return ours, alike, is_clear


def _receipt(job: Job) -> dict[str, Any]:
    return job.raw if isinstance(job.raw, dict) and "version_uid" in job.raw else {}


def _told_of(version: RemoteJourneyVersion) -> dict[str, Any]:
    return {
        "version_uid": version.uid,
        "journey_uid": version.journey_uid,
        "name": version.name,
        "state": version.state,
        "latest": version.raw,
    }


def _version(client: JourneysClient, job: Job) -> RemoteJourneyVersion:
    """The copy as the target shows it; raises ApiNotFoundError while it does not.

    That may be a newer version by now, if somebody was fast.
    """
    journey_uid = _receipt(job).get("journey_uid") or _journey_uid(client, job.remote_id)
    return client.latest(journey_uid)


def _journey_uid(client: JourneysClient, version_uid: str) -> str:
    for row in client.list_journeys().items:
        if version_uid in _uids(row):
            return row.uid
    raise ApiNotFoundError("The target does not list the new version.", operation="journeys.list", status=404)


def _row_of_journey(job: Job, version: RemoteJourneyVersion, errors: Sequence[str]) -> TaskResult:
    plan = plan_of(job)
    warnings = [*version.warnings, *_receipt(job).get("warnings", ())]
    outcome = ResultOutcome.HIDDEN_ERROR if errors else ResultOutcome.CREATED
    number = "an error" if len(errors) == 1 else f"{len(errors)} errors"
    return TaskResult(
        type="Journey",
        remote_id=plan.promotion.pick["uid"][:500],
        title=version.name[:500] or plan.promotion.title,
        new_id=version.uid[:500],
        claim=version.state[:64],
        outcome=outcome,
        explanation=f"Imported, but the designer shows {number}: it cannot be published before that is mended."
        if errors
        else "",
        messages=[
            *({"status": "ERROR", "attempt": None, "message": text} for text in errors),
            *({"status": "WARNING", "attempt": None, "message": text} for text in dict.fromkeys(warnings)),
        ],
    )
