"""What pages say of taking a run back: whether it can be, and how far it is."""

from dataclasses import dataclass

from promotions.choices import JobState, ProblemKind
from promotions.models import Job, Promotion
from promotions.services import plans, undoing

_ENDS = {
    JobState.SUCCEEDED: "undone",
    JobState.SUCCEEDED_WITH_WARNINGS: "partly undone",
    JobState.PARTLY_FAILED: "partly undone",
    JobState.NEEDS_ATTENTION: "not known, and waits for a person",
}


@dataclass(frozen=True)
class Undo:
    """How taking a run back stands."""

    job: Job
    reason: str
    """Why it cannot be taken back now; empty if it can."""
    promotion: Promotion | None
    """The latest that takes it back, or tried to, and was not put away."""
    run: Job | None
    words: str
    """How far that one is."""

    @property
    def state(self) -> str:
        return str(self.run.state) if self.run is not None else "open"


def undo_of(job: Job | None) -> Undo | None:
    """None where undoing is no question: its system cannot, it is not over, or nothing of it was sent."""
    if job is None or not job.is_finished or not job.submit_count or not undoing.can_be_undone(job):
        return None
    latest = undoing.latest_undo(job)
    run = plans.run_job(latest.current_plan) if latest is not None else None
    return Undo(job, undoing.reason_not_to_undo(job), latest, run, _words(run))


def _words(run: Job | None) -> str:
    if run is None:
        return "planned, not run yet"
    if not run.is_finished and run.state != JobState.NEEDS_ATTENTION:
        return "under way"
    if not run.submit_count:
        return "not run"
    if run.state == JobState.FAILED and run.problem_kind == ProblemKind.REJECTED:
        return "refused by the platform"
    return _ENDS.get(JobState(run.state), str(run.get_state_display()).lower())
