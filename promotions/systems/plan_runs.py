"""What the runs of plans have in common, whatever they bring where."""

from typing import ClassVar

from accounts.services import audit
from promotions.choices import JobState, PlanState, ProblemKind
from promotions.engine.registry import Ending, Report
from promotions.models import Job, Plan
from promotions.services import memory, runs
from promotions.services.verbs import IMPORT_VERBS, RunVerbs
from promotions.systems.submission import TimedSubmission


class PlanRun(TimedSubmission):
    """Sends what a frozen plan says. Before that, the plan's facts and consent are asked for once more."""

    verbs: ClassVar[RunVerbs] = IMPORT_VERBS

    def recheck(self, job: Job, report: Report) -> Ending | None:
        # A change after a lost answer may be the effect of that very run: then the plan stays as it is.
        return runs.recheck(plan_of(job), report, may_reopen=not job.submit_count)

    def submitted(self, job: Job, *, how: str) -> None:
        audit.record(
            self.verbs.accepted,
            actor=job.requested_by,
            subject=job,
            details={"remote_id": job.remote_id, "marker": job.marker, "how": how, "sent": job.submit_count},
        )

    def ended(self, job: Job, ending: Ending) -> None:
        if job.is_foreign:
            return
        if job.plan is not None and job.submit_count == 0 and ending.problem_kind != ProblemKind.PLAN_CHANGED:
            # Nothing was sent: the plan may be run, or changed, again.
            Plan.objects.filter(pk=job.plan.pk, state=PlanState.READY).update(state=PlanState.OPEN)
        if ending.state != JobState.NEEDS_ATTENTION:
            memory.note_made(job)
            self.over(job, ending)
            audit.record(
                self.verbs.ended,
                actor=None,
                subject=job,
                reason=ending.problem,
                details={"state": ending.state, "remote_status": job.remote_status, **ending.result},
            )

    def over(self, job: Job, ending: Ending) -> None:
        """Called in the transaction that ends the run for good, before the record tells of it."""


def place_of(job: Job) -> str:
    """Where a run goes, as sentences name it."""
    return job.sandbox.name if job.sandbox else "the target"


def unsent(job: Job, *, mend: str = "") -> str:
    """What the end of a run means of which nothing was sent; `mend` is what a plan that has changed asks for."""
    if job.problem_kind == ProblemKind.PLAN_CHANGED:
        steps = f", {mend}, and" if mend else ", and"
        return f"Look at what changed on the page of the promotion{steps} run it again."
    return f"Nothing changed in {place_of(job)}. The plan is open again: run it from the page of the promotion."


def plan_of(job: Job) -> Plan:
    if job.plan is None:
        raise TypeError("a run of ours has a plan")
    return job.plan
