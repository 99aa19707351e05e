"""The activity that gathers the facts of a plan, whatever its system."""

from promotions.choices import JobState
from promotions.engine.registry import Activity, Ending, Report
from promotions.models import Job
from promotions.services import plans
from promotions.systems.base import system


class Gathering(Activity):
    """Reads what a plan needs; until it has succeeded, the plan stays closed and can be gathered again."""

    kind = plans.PLAN_KIND
    label = "Plan"

    def run(self, job: Job, report: Report) -> Ending:
        if job.plan is None:
            raise TypeError("a job of this kind has a plan")
        gathered = system(job.plan.promotion.system).gather(job.plan.promotion, report)
        plans.store_facts(job.plan, gathered)
        return Ending(state=JobState.SUCCEEDED, result={"objects": len(gathered.items)})

    def describe(self, job: Job) -> str:
        number = job.result.get("objects")
        return "" if number is None else f"{number} {'object' if number == 1 else 'objects'} looked at in the target."
