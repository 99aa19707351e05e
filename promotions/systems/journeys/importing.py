"""Importing a journey: sent once, since every call makes another copy; then looked at in the target."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from accounts.crypto import UndecryptableError
from clients.errors import ApiError, ApiNotFoundError, OutcomeUnknownError
from clients.journeys import JourneysClient, RemoteJourneyVersion
from promotions.choices import JobState, ResultOutcome
from promotions.engine.registry import Ending, LookUp, Report, Snapshot, Submitted
from promotions.models import Job, JourneyCopy, TaskResult
from promotions.services import routines, runs, sealed_values
from promotions.services.journeys import kept_raw
from promotions.systems.journeys import kinds
from promotions.systems.journeys.connection import journeys
from promotions.systems.journeys.filling import check, filled, is_marked, secrets_of
from promotions.systems.journeys.finding_copies import look_up, uids_of
from promotions.systems.journeys.looking import broken_words, look_again, made_before_looking
from promotions.systems.journeys.verdict import conclude, in_words
from promotions.systems.plan_runs import PlanRun, plan_of
from promotions.systems.stored import NotFilledError

_RESULT_FIELDS = ("position", "title", "new_id", "claim", "outcome", "explanation", "messages")


class ImportJourney(PlanRun):
    """Import of an exported version into a sandbox, of the same organization or another."""

    kind = kinds.IMPORT
    label = "Journey import"
    phrase = "import of"
    noun = "version"

    def recheck(self, job: Job, report: Report) -> Ending | None:
        if (ending := super().recheck(job, report)) is not None:
            return ending
        report("Filling in what was decided")
        plan = plan_of(job)
        try:
            check(plan, _marker(job))
        except (NotFilledError, UndecryptableError) as missing:
            return runs.unfit(plan, str(missing), may_reopen=not job.submit_count)
        return None

    def note_before(self, job: Job) -> dict[str, Any]:
        with _client(job) as client:
            listed = client.list_journeys()
        return {
            "ids": sorted({uid for row in listed.items for uid in uids_of(row)}),
            "is_complete": listed.is_complete,
            "is_marked": is_marked(plan_of(job), _marker(job)),
        }

    def submit(self, job: Job, report: Report) -> Submitted:
        try:
            document = filled(plan_of(job), _marker(job))
        except (NotFilledError, UndecryptableError) as missing:
            # It was there a moment ago. Reading the facts anew will say what that means for the plan.
            raise OutcomeUnknownError(str(missing), operation="journeys.import", sent=False) from missing
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

    def wanted(self, job: Job) -> str:
        name = job.promotion.title if job.promotion else job.title
        mark = f" whose description ends in {job.marker}" if job.params.get("before", {}).get("is_marked") else ""
        return f"a journey in {_sandbox_name(job)} that was not there before, like “{name}”{mark}"

    def look_up(self, job: Job, report: Report) -> LookUp:
        report(f"Listing the journeys of {_sandbox_name(job)}")
        with _client(job) as client:
            return look_up(job, client, report)

    def list_statuses(self, jobs: Sequence[Job]) -> Mapping[int, str]:
        return {}  # an import is over when it is answered: there is nothing to follow

    def read(self, job: Job) -> Snapshot:
        # What was filled in may stand in what is shown of the copy; here it is stored.
        with _client(job, secrets=secrets_of(plan_of(job))) as client:
            version = _version(client, job)
        objects = made_before_looking(plan_of(job))
        return Snapshot(
            status=version.state[:64],
            is_over=True,
            done=len(objects) + 1,
            total=len(objects) + 1,
            raw={**_receipt(job), **_told_of(job, version)},
            detail=version,
        )

    def record(self, job: Job, snapshot: Snapshot) -> None:
        version: RemoteJourneyVersion = snapshot.detail
        plan = plan_of(job)
        promotion = plan.promotion
        errors = list(dict.fromkeys([*version.errors, *snapshot.raw.get("errors", ())]))
        warnings = list(dict.fromkeys([*version.warnings, *snapshot.raw.get("warnings", ())]))
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
                # A person may have named the journey, where no answer named the version.
                "version_uid": version.uid if job.remote_id == version.journey_uid else job.remote_id,
                "name": version.name[:500],
                "problems": errors,
            },
        )
        rows = [_row_of_journey(job, version, errors, warnings), *made_before_looking(plan)]
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
        promotion = job.promotion
        if not job.submit_count or promotion is None:
            return
        if ending.state == JobState.FAILED and not job.remote_id:
            # A refusal has made nothing: what was filled in is put right where it is wrong, and not asked for again.
            runs.reopen_refused(plan_of(job), job)
            return
        sealed_values.erase(promotion)
        routines.queue_anew(kinds.SYNCHRONIZE, job.organization)


def _marker(job: Job) -> str:
    return job.marker or ""


def _sandbox_name(job: Job) -> str:
    if job.sandbox is None:
        raise TypeError("an import goes into a sandbox")
    return job.sandbox.name


def _client(job: Job, *, secrets: Sequence[str] = ()) -> AbstractContextManager[JourneysClient]:
    return journeys(job.organization, sandbox=_sandbox_name(job), secrets=secrets)


def _receipt(job: Job) -> dict[str, Any]:
    """What was answered when this very copy was made; nothing if that is not known, or was said of another."""
    raw = job.raw if isinstance(job.raw, dict) else {}
    return raw if raw.get("version_uid") == job.remote_id else {}


def _told_of(job: Job, version: RemoteJourneyVersion) -> dict[str, Any]:
    return {
        "version_uid": job.remote_id,
        "journey_uid": version.journey_uid,
        "name": version.name,
        "state": version.state,
        "latest": kept_raw({"latest": version.raw})["latest"],
    }


def _version(client: JourneysClient, job: Job) -> RemoteJourneyVersion:
    """The copy as the target shows it; raises ApiNotFoundError while it does not.

    That may be a newer version by now, if somebody was fast.
    """
    journey_uid = _receipt(job).get("journey_uid") or _journey_uid(client, job.remote_id)
    return client.latest(journey_uid)


def _journey_uid(client: JourneysClient, version_uid: str) -> str:
    for row in client.list_journeys().items:
        if version_uid in uids_of(row):
            return row.uid
    raise ApiNotFoundError("The target does not list the new version.", operation="journeys.list", status=404)


def _row_of_journey(
    job: Job, version: RemoteJourneyVersion, errors: Sequence[str], warnings: Sequence[str]
) -> TaskResult:
    plan = plan_of(job)
    outcome = ResultOutcome.HIDDEN_ERROR if errors else ResultOutcome.CREATED
    return TaskResult(
        type="Journey",
        remote_id=plan.promotion.pick["uid"][:500],
        title=version.name[:500] or plan.promotion.title,
        new_id=version.uid[:500],
        claim=version.state[:64],
        outcome=outcome,
        explanation=broken_words(len(errors)) if errors else "",
        messages=[
            *({"status": "ERROR", "attempt": None, "message": text} for text in errors),
            *({"status": "WARNING", "attempt": None, "message": text} for text in warnings),
        ],
    )
