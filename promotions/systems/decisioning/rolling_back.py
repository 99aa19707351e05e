"""The rollback workflow: the service takes back what one completed migration has made."""

from typing import Any

from clients.decisioning import DecisioningClient, Workflow, WorkflowStatus
from clients.errors import ApiError
from promotions.choices import JobState, ResultOutcome
from promotions.engine.registry import Ending, Snapshot
from promotions.models import Job, TaskResult
from promotions.services.verbs import ROLLBACK_VERBS
from promotions.systems.decisioning import kinds
from promotions.systems.decisioning.workflows import WorkflowRun, failed, in_words, keep_told
from promotions.systems.plan_runs import PlanRun, place_of, plan_of, unsent


class RollBack(WorkflowRun, PlanRun):
    """Sent once; a migration that was taken back is not taken back again."""

    kind = kinds.ROLL_BACK
    label = "Decisioning rollback"
    phrase = "rollback of"
    verbs = ROLLBACK_VERBS
    into = "in"

    def start(self, job: Job, client: DecisioningClient) -> Workflow:
        return client.roll_back(undone(job).remote_id)

    def ask(self, client: DecisioningClient, workflow_id: str) -> Workflow:
        return client.get_rollback(workflow_id)

    def record(self, job: Job, snapshot: Snapshot) -> None:
        workflow: Workflow = snapshot.detail
        result = workflow.result if isinstance(workflow.result, dict) else {}
        removed = result.get("removed")
        is_number = isinstance(removed, int) and not isinstance(removed, bool)
        keep_told(job, workflow, removed=removed if is_number else None)
        if workflow.known_status is WorkflowStatus.COMPLETED:
            self._note_removed(job, {found.object_id for found in workflow.warnings if found.object_id})

    def _note_removed(self, job: Job, doubtful: set[str]) -> None:
        """One row for each thing that the migration had made; those that a warning names are not known to be gone."""
        rows = [
            TaskResult(
                job=job,
                position=position,
                type=made.type,
                remote_id=made.remote_id,
                title=made.title,
                new_id=made.new_id,
                claim="removed",
                outcome=ResultOutcome.UNKNOWN if {made.new_id, made.remote_id} & doubtful else ResultOutcome.REMOVED,
                messages=[],
            )
            for position, made in enumerate(made_by(undone(job)))
        ]
        TaskResult.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["job", "type", "remote_id"],
            update_fields=["claim", "outcome"],
        )

    def conclude(self, job: Job) -> Ending:
        removed, expected = job.result.get("removed"), job.results.count()
        result: dict[str, Any] = {"removed": removed, "expected": expected}
        if job.remote_status != WorkflowStatus.COMPLETED:
            return failed("The rollback", job, job.result.get("errors", []), result)
        warnings = job.result.get("warnings", [])
        if warnings or (removed is not None and removed < expected):
            number = f" {removed} of {expected} things were removed." if removed is not None else ""
            return Ending(
                state=JobState.SUCCEEDED_WITH_WARNINGS,
                problem=f"The service has taken back a part of it only.{number} {in_words(warnings)}".strip(),
                result=result,
            )
        return Ending(state=JobState.SUCCEEDED, result=result)

    def describe(self, job: Job) -> str:
        where = place_of(job)
        if not job.is_finished:
            return ""
        if job.submit_count == 0:
            return unsent(job)
        if job.state == JobState.SUCCEEDED:
            return f"What the migration had made in {where} is taken back, as the service tells; look there yourself."
        if job.state == JobState.FAILED:
            return f"Nothing is known to be taken back in {where}. Remove by hand what has to go."
        return f"Look into {where} what is left, and remove it by hand."

    def advise(self, job: Job, exc: ApiError) -> str:
        if exc.status != 409:
            return ""
        return f"It may have been taken back already, by somebody else. Look into {place_of(job)}."

    def wanted(self, job: Job) -> str:
        return f"a rollback of the migration {undone(job).remote_id}"


def undone(job: Job) -> Job:
    """The migration that a rollback takes back."""
    origin = plan_of(job).promotion.origin_job
    if origin is None:
        raise TypeError("a rollback is of a migration")
    return origin


def made_by(migration: Job) -> list[TaskResult]:
    return list(migration.results.filter(outcome=ResultOutcome.CREATED))
