"""Storing that the platform has what was sent."""

import logging
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from promotions.choices import JobState, Severity
from promotions.engine import hooks, registry, timeline
from promotions.engine.endings import ask_person
from promotions.engine.registry import Submitted, submission
from promotions.models import Job

log = logging.getLogger(__name__)

FIRST_LOOK = timedelta(seconds=2)


def accept(job: Job, submitted: Submitted, *, how: str) -> bool:
    """Store that the platform has it; True if that was news.

    It is a fact, whoever holds the row by now, so no claim is asked for. Without a remote id the job stays
    `submitting`, is looked up, and never sent again.
    """
    for _ in range(2):  # somebody may take the remote job in as a foreign one at this very moment
        try:
            with transaction.atomic():
                return _accept(job, submitted, how=how)
        except IntegrityError:
            log.warning("job %s: remote job %s is another row's", job.pk, submitted.remote_id, exc_info=True)
    job.refresh_from_db()
    noun = registry.noun(job.kind)
    ask_person(
        job,
        f"The platform names its {noun} {submitted.remote_id}, which belongs to another job here already. Compare the "
        f"two at the platform, and say which {noun} is this one.",
    )
    return False


def _accept(job: Job, submitted: Submitted, *, how: str) -> bool:
    kind = submission(job.kind)
    due_at = timezone.now() + FIRST_LOOK
    if submitted.remote_id is None:
        changes = {"params": {**job.params, "accepted": True}, "raw": submitted.raw, "due_at": due_at}
        # Without a claim: whoever took the row over meanwhile must begin anew, knowing this.
        waiting = Job.objects.filter(pk=job.pk, state__in=[JobState.QUEUED, JobState.SUBMITTING])
        if not waiting.update(state=JobState.SUBMITTING, lease_token="", **changes):
            return False
        job.refresh_from_db()
        timeline.note(job, "The platform accepted it without naming its job; looking for that.")
        return True
    foreign = Job.objects.filter(organization=job.organization, remote_id=submitted.remote_id, is_foreign=True)
    foreign.delete()  # seen in the remote list before we knew that it is ours
    if not job.advance(
        JobState.RUNNING,
        only_from=[JobState.QUEUED, JobState.SUBMITTING, JobState.NEEDS_ATTENTION],
        remote_id=submitted.remote_id,
        remote_status="",
        raw=submitted.raw,
        due_at=due_at,
        interval_s=0,
        attempts=0,
        lease_token="",
        problem="",
        problem_kind="",
        problem_detail="",
        # What held for the search does not hold for what was found.
        **({"deadline_at": None} if kind.follow_deadline is None else {}),
    ):
        _answered_too_late(job, submitted.remote_id)
        return False
    timeline.note(
        job,
        f"The platform has it as {registry.noun(job.kind)} {submitted.remote_id} ({how})."
        if submitted.remote_id
        else f"The platform has it ({how}).",
    )
    hooks.resumed(job)
    kind.submitted(job, how=how)
    return True


def _answered_too_late(job: Job, remote_id: str) -> None:
    """Keep the answer to a write on a job that others have moved on or closed."""
    job.refresh_from_db()
    if job.remote_id != remote_id:
        timeline.note(
            job,
            f"The platform answered late: it has it as {registry.noun(job.kind)} {remote_id}.",
            severity=Severity.ERROR,
        )
