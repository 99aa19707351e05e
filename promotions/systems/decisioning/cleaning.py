"""Deleting the record of a workflow; over when the service no longer knows it.

Adobe, "Decisioning Migration API", first revision: it is for service users, and for the version that they have read.
"""

from typing import Any, NamedTuple

from clients.decisioning import DecisioningClient, Dialect, StaleEtagError, Workflow
from clients.errors import ApiError, ApiNotFoundError
from promotions.choices import JobState, ProblemKind
from promotions.engine.registry import Ending, LookUp, Report, Snapshot, Submitted
from promotions.models import Job
from promotions.services.verbs import Verb
from promotions.systems.decisioning import kinds
from promotions.systems.decisioning.connection import decisioning
from promotions.systems.submission import RecordedSubmission, nothing_sent

GONE = "Deleted"


class _Calls(NamedTuple):
    get: Any
    delete: Any


_CALLS = {
    kinds.ANALYSE: _Calls(DecisioningClient.get_analysis, DecisioningClient.delete_analysis),
    kinds.MIGRATE: _Calls(DecisioningClient.get_migration, DecisioningClient.delete_migration),
    kinds.ROLL_BACK: _Calls(DecisioningClient.get_rollback, DecisioningClient.delete_rollback),
}


class DeleteRecord(RecordedSubmission):
    """Deletes the record as it was read just before; one that has changed since stays."""

    kind = kinds.DELETE
    label = "Delete workflow record"
    phrase = "Deletion of the record of"
    noun = "workflow"
    accepted = Verb.RECORD_DELETION_ACCEPTED
    act = "deleting the record of"
    closed = Verb.RECORD_DELETION_ENDED

    def recheck(self, job: Job, report: Report) -> Ending | None:
        if job.organization.service_dialect(kinds.SERVICE) != Dialect.R1:
            return nothing_sent("The service is spoken to in another revision by now, which deletes nothing.")
        report("Reading the workflow anew")
        workflow = _read(job)
        if workflow is None:
            if job.submit_count:
                return None  # sent before, and gone by now: the look-up tells
            return Ending(
                state=JobState.SUCCEEDED_WITH_WARNINGS,
                problem=f"Workflow {_id(job)} was gone already; nothing was sent.",
                result={"is_gone": True},
            )
        if not workflow.is_over:
            return nothing_sent(f"Workflow {_id(job)} is {workflow.status}: only one that is over can be deleted.")
        if not workflow.etag:
            return nothing_sent(f"The service names no version of workflow {_id(job)}, and needs one to delete it.")
        return None

    def note_before(self, job: Job) -> dict[str, Any]:
        """The version that will be deleted, read at the last moment."""
        workflow = _read(job)
        return {"etag": workflow.etag if workflow is not None else ""}

    def submit(self, job: Job, report: Report) -> Submitted:
        etag = job.params["before"]["etag"]
        try:
            if etag:
                with decisioning(job.organization) as client:
                    _CALLS[job.params["workflow_kind"]].delete(client, _id(job), etag)
        except ApiNotFoundError:
            pass  # gone, as was wanted
        return Submitted("", {})

    def advise(self, job: Job, exc: ApiError) -> str:
        if isinstance(exc, StaleEtagError):
            return "Delete it here once more: it is read again first."
        return ""

    def wanted(self, job: Job) -> str:
        return f"workflow {_id(job)}, which must be gone"

    def look_up(self, job: Job, report: Report) -> LookUp:
        report("Looking whether it is gone")
        return LookUp([""] if _read(job) is None else [], is_complete=True)

    def list_statuses(self, jobs: Any) -> dict[int, str]:
        return {}  # there is no list

    def read(self, job: Job) -> Snapshot:
        workflow = _read(job)
        status, raw = (GONE, {}) if workflow is None else (workflow.status[:64], workflow.raw)
        return Snapshot(status=status, is_over=True, done=int(workflow is None), total=1, raw=raw)

    def record(self, job: Job, snapshot: Snapshot) -> None:
        job.result = {**job.result, "is_gone": snapshot.status == GONE}
        Job.objects.filter(pk=job.pk).update(result=job.result)

    def conclude(self, job: Job) -> Ending:
        if job.result.get("is_gone"):
            return Ending(state=JobState.SUCCEEDED, result={"is_gone": True})
        return Ending(
            state=JobState.FAILED,
            problem_kind=ProblemKind.REMOTE_FAILURE,
            problem=f"The service answered that it deleted workflow {_id(job)}, yet still shows it. Delete it again, "
            "or ask the platform's support.",
        )

    def describe(self, job: Job) -> str:
        return "The record is gone. What the workflow made stays." if job.result.get("is_gone") else ""

    def told(self, job: Job) -> dict[str, Any]:
        return {"workflow": _id(job)}


def _id(job: Job) -> str:
    return str(job.params["workflow"])


def _read(job: Job) -> Workflow | None:
    """The workflow as it is now; None if the service does not know it any more."""
    with decisioning(job.organization) as client:
        try:
            found: Workflow = _CALLS[job.params["workflow_kind"]].get(client, _id(job))
        except ApiNotFoundError:
            return None
    return found
