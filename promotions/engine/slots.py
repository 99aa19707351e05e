"""Where a platform does one piece of work at a time: jobs wait in line for the slot, oldest first.

A job holds its slot from before it is sent until it is over. One that needs a person keeps it: what became of its write
is not known, so nothing else may be started.
"""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from promotions.choices import UNFINISHED, JobState
from promotions.engine import claims, timeline
from promotions.models import Job

# Whoever ends wakes the next one; this is for a process that died in between.
LOOKS_AGAIN = timedelta(seconds=15)


def take(job: Job) -> bool:
    """Whether it is this job's turn; if not, the row is handed back until then. For the holder of the claim only."""
    if not job.slot or job.holds_slot:
        return True
    if job.state == JobState.QUEUED and not _ahead(job).exists() and _taken(job):
        return True
    before = _ahead(job).order_by("-holds_slot", "pk").first()
    words = f"Waiting for job {before.pk}: one at a time." if before is not None else "Waiting for its turn."
    if job.progress_text != words:
        timeline.note(job, words)
    claims.hand_back(job, after=LOOKS_AGAIN, progress_text=words)
    return False


def _taken(job: Job) -> bool:
    try:
        with transaction.atomic():
            claims.keep(job, holds_slot=True, progress_text="")
    except IntegrityError:
        return False
    return True


def _ahead(job: Job) -> "QuerySet[Job]":
    """Whoever holds the slot, and those that wait for it longer."""
    unfinished = Job.objects.filter(slot=job.slot, state__in=UNFINISHED).exclude(pk=job.pk)
    return unfinished.filter(holds_slot=True) | unfinished.filter(pk__lt=job.pk)


def ahead_of(job: Job) -> "QuerySet[Job]":
    """Whoever comes before a job that waits: the one that has its turn, then the others, the latest first."""
    return _ahead(job).order_by("-holds_slot", "-pk")


def position(job: Job) -> int:
    """How many come before it; 0 for the one whose turn it is."""
    return 0 if not job.slot or job.holds_slot else _ahead(job).count()


def wake_next(slot: str) -> None:
    """Let the first in line look at once. To be called in the transaction that frees the slot."""
    line = Job.objects.filter(slot=slot, state=JobState.QUEUED, holds_slot=False).order_by("pk")
    # Never waits for a row: whoever has it locked may wait for what this transaction has locked. It looks again anyway.
    waiting = line.select_for_update(skip_locked=True, of=("self",)).first()
    if waiting is not None:
        Job.objects.filter(pk=waiting.pk, state=JobState.QUEUED, lease_token="").update(due_at=timezone.now())
