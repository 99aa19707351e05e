"""What people are told of their jobs, in the transaction in which it becomes true."""

from django.urls import reverse

from accounts.models import User
from accounts.services import notices
from promotions.choices import GOOD_ENDS, JobState
from promotions.engine import registry
from promotions.engine.registry import Ending
from promotions.models import Job
from promotions.services import chain

JOB_ATTENTION = "job_attention"
JOB_ENDED = "job_ended"


def job_ended(job: Job, ending: Ending, by: User | None) -> None:
    """Tell whoever asked for the job, unless it was they who ended it."""
    job_resumed(job)
    person = job.requested_by
    if person is None or person == by or not _is_told(job, ending):
        return
    needs_attention = ending.state == JobState.NEEDS_ATTENTION
    what = "needs your attention" if needs_attention else JobState(ending.state).label.lower()
    notices.notify(
        kind=JOB_ATTENTION if needs_attention else JOB_ENDED,
        people=[person],
        text=f"{_title(job)}: {what}",
        detail=ending.problem or registry.describe(job),
        url=reverse("promotions:job-detail", args=[job.pk]),
        key=_attention(job) if needs_attention else f"job:{job.pk}:ended",
        organization=job.organization,
    )


def job_resumed(job: Job) -> None:
    """It waits for nobody any more."""
    notices.settle(key=_attention(job))


def _is_told(job: Job, ending: Ending) -> bool:
    """Work that only reads is watched by whoever asked for it; of a plan people wait for, they hear if it fails."""
    if job.is_quiet or job.is_foreign:
        return False
    if job.kind in chain.JOB_KINDS and ending.state != JobState.NEEDS_ATTENTION:
        return False  # whoever asked for the sharing is told when all of it is over
    return registry.is_submission(job.kind) or (job.plan_id is not None and ending.state not in GOOD_ENDS)


def _title(job: Job) -> str:
    if not registry.is_submission(job.kind):
        return job.title
    target = f" into {job.sandbox.name}" if job.sandbox else ""
    words = f"{registry.named(job.kind, job.title)}{target}"
    return words[:1].upper() + words[1:]


def _attention(job: Job) -> str:
    return f"job:{job.pk}:attention"
