"""The one place where a job ends or is handed to a person."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from promotions.choices import FINISHED, GOOD_ENDS, UNFINISHED, JobState, Severity
from promotions.engine import timeline
from promotions.engine.registry import Activity, Ending, Submission, job_type
from promotions.models import Job

_LINES = {
    JobState.SUCCEEDED: "Done.",
    JobState.SUCCEEDED_WITH_WARNINGS: "Done, with warnings.",
    JobState.PARTLY_FAILED: "Over: a part of it failed.",
    JobState.FAILED: "Failed.",
    JobState.CANCELLED: "Cancelled.",
    JobState.NEEDS_ATTENTION: "A person has to decide.",
}
_SEVERITIES = {JobState.SUCCEEDED: Severity.INFO, JobState.SUCCEEDED_WITH_WARNINGS: Severity.WARNING}


def end(job: Job, ending: Ending, *, actor: User | None = None) -> bool:
    """End a job once; True for the caller that did. Whatever hangs on the end is in the same transaction."""
    now = timezone.now()
    with transaction.atomic():
        if not job.advance(
            ending.state,
            only_from=UNFINISHED,
            finished_at=now if ending.state in FINISHED else None,
            problem_kind=ending.problem_kind or "",
            problem=ending.problem,
            problem_detail=ending.detail,
            result={**job.result, **ending.result},
            lease_token="",
        ):
            return False
        timeline.note(
            job,
            ending.problem or _LINES[ending.state],
            severity=_SEVERITIES.get(ending.state, Severity.ERROR),
            actor=actor,
        )
        kind = job_type(job.kind)
        if isinstance(kind, Submission):
            kind.ended(job, ending)
        elif isinstance(kind, Activity) and ending.state not in GOOD_ENDS:
            kind.given_up(job)
    return True
