"""The dependency workflow: what the objects need in the target. It changes nothing, and takes the one slot."""

from typing import Any

from django.db import transaction

from clients.decisioning import DecisioningClient, Dependencies, Workflow, WorkflowStatus
from promotions.choices import GOOD_ENDS, JobState, PlanState
from promotions.engine.registry import Ending, Report, Snapshot
from promotions.models import Job, Plan
from promotions.services import jobs, plans
from promotions.systems.decisioning import kinds
from promotions.systems.decisioning.picks import Pick, dependencies_as_json
from promotions.systems.decisioning.workflows import WorkflowRun, errors_of, failed
from promotions.systems.submission import TimedSubmission, nothing_sent


class Analyse(WorkflowRun, TimedSubmission):
    """Started once like a write, since it takes the organization's slot."""

    kind = kinds.ANALYSE
    label = "Dependency analysis"

    def recheck(self, job: Job, report: Report) -> Ending | None:
        plan = _plan_of(job)
        if plan.promotion.abandoned_at is not None or plan.state == PlanState.SUPERSEDED:
            return nothing_sent("The plan that it was for is not wanted any more.")
        return None

    def start(self, job: Job, client: DecisioningClient) -> Workflow:
        promotion = _plan_of(job).promotion
        pick = Pick.of(promotion)
        return client.analyse(source=pick.source, target=promotion.target_sandbox.name, scope=pick.scope)

    def ask(self, client: DecisioningClient, workflow_id: str) -> Workflow:
        return client.get_analysis(workflow_id)

    def record(self, job: Job, snapshot: Snapshot) -> None:
        workflow: Workflow = snapshot.detail
        result: dict[str, Any] = {"errors": errors_of(workflow)}
        if workflow.known_status is WorkflowStatus.COMPLETED:
            result["dependencies"] = dependencies_as_json(workflow.dependencies or Dependencies())
            result["is_silent"] = workflow.dependencies is None
        job.result = {**job.result, **result}
        Job.objects.filter(pk=job.pk).update(result=job.result)

    def conclude(self, job: Job) -> Ending:
        if job.remote_status != WorkflowStatus.COMPLETED:
            return failed("The analysis", job, job.result.get("errors", []), {})
        return Ending(state=JobState.SUCCEEDED)

    def describe(self, job: Job) -> str:
        found = job.result.get("dependencies")
        if found is None:
            return ""
        return (
            f"{_number(found['profile'], 'profile attribute')}, {_number(found['context'], 'context attribute')} and "
            f"{_number(found['segments'], 'segment')} are needed in the target."
        )

    def wanted(self, job: Job) -> str:
        return "a dependency analysis of these sandboxes"

    def ended(self, job: Job, ending: Ending) -> None:
        if ending.state in GOOD_ENDS and job.plan is not None:
            plans.queue_gathering(job.plan, job.requested_by)


@transaction.atomic
def queue_analysis(plan: Plan, requested_by: Any) -> Job:
    """Wait for the slot, then find out what the objects need."""
    promotion = plan.promotion
    return jobs.queue(
        kind=kinds.ANALYSE,
        title=promotion.title,
        organization=promotion.target_organization,
        actor=requested_by,
        sandbox=promotion.target_sandbox,
        promotion=promotion,
        plan=plan,
        slot=kinds.slot_of(promotion.target_organization),
    )


def latest_analysis(plan: Plan) -> Job | None:
    """The last one that ended well, of this plan or an earlier revision of it."""
    found = Job.objects.filter(kind=kinds.ANALYSE, plan__promotion=plan.promotion_id, state__in=GOOD_ENDS)
    return found.order_by("-pk").first()


def _plan_of(job: Job) -> Plan:
    if job.plan is None:
        raise TypeError("an analysis has a plan")
    return job.plan


def _number(found: dict[str, Any], noun: str) -> str:
    return f"{len(found)} {noun}{'' if len(found) == 1 else 's'}"
