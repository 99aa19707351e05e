"""What the runs of plans have in common, whatever they bring where."""

from accounts.services import audit
from promotions.choices import JobState, PlanState, ProblemKind
from promotions.engine.registry import Ending, Report
from promotions.models import Job, Plan
from promotions.services import memory, runs
from promotions.services.verbs import Verb
from promotions.systems.submission import TimedSubmission


class PlanRun(TimedSubmission):
    """Sends what a frozen plan says. Before that, the plan's facts and consent are asked for once more."""

    def recheck(self, job: Job, report: Report) -> Ending | None:
        # A change after a lost answer may be the effect of that very run: then the plan stays as it is.
        return runs.recheck(plan_of(job), report, may_reopen=not job.submit_count)

    def submitted(self, job: Job, *, how: str) -> None:
        audit.record(
            Verb.IMPORT_ACCEPTED,
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
                Verb.IMPORT_ENDED,
                actor=None,
                subject=job,
                reason=ending.problem,
                details={"state": ending.state, "remote_status": job.remote_status, **ending.result},
            )

    def over(self, job: Job, ending: Ending) -> None:
        """Called in the transaction that ends the run for good, before the record tells of it."""


def plan_of(job: Job) -> Plan:
    if job.plan is None:
        raise TypeError("a run of ours has a plan")
    return job.plan
