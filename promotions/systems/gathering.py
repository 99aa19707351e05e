"""The activity that gathers the facts of a plan, whatever its system."""

from django.utils import timezone

from promotions.choices import JobState, PlanState
from promotions.engine.registry import Activity, Ending, Report
from promotions.models import Job, Plan
from promotions.services import plans, runs
from promotions.systems.base import system


class Gathering(Activity):
    """Reads what a plan needs; until it has succeeded, the plan stays closed and can be gathered again."""

    kind = plans.PLAN_KIND
    label = "Plan"

    def run(self, job: Job, report: Report) -> Ending:
        if job.plan is None:
            raise TypeError("a job of this kind has a plan")
        if job.plan.state == PlanState.READY:
            return self._compare(job.plan, report)
        gathered = system(job.plan.promotion.system).gather(job.plan.promotion, report)
        plans.store_facts(job.plan, gathered)
        return Ending(state=JobState.SUCCEEDED, result={"objects": len(gathered.items)})

    def _compare(self, plan: Plan, report: Report) -> Ending:
        """Whether a frozen plan still rests on what is so."""
        changed = runs.check(plan, report)
        if changed is not None:
            return Ending(
                state=JobState.SUCCEEDED_WITH_WARNINGS, problem_kind=changed.problem_kind, problem=changed.problem
            )
        Plan.objects.filter(pk=plan.pk).update(gathered_at=timezone.now())
        return Ending(state=JobState.SUCCEEDED, result={"is_unchanged": True})

    def describe(self, job: Job) -> str:
        if job.result.get("is_unchanged"):
            return "Nothing has changed since the plan was made."
        number = job.result.get("objects")
        if number is None or job.promotion is None:
            return ""
        words = system(job.promotion.system).words
        return f"{number} {words.item if number == 1 else words.items} {words.looked_at}."
