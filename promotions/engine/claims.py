"""Who works on which row: a claim moves `due_at` ahead and names its holder, and commits before any call goes out."""

import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, transaction
from django.utils import timezone

from config import metrics
from promotions.choices import ACTIVE, JobState
from promotions.models import Job

log = logging.getLogger(__name__)

# Few enough that nobody waits long for the write lock.
CLAIMED_AT_ONCE = 500
# How long a claim lasts while its message waits in the broker; the worker that picks it up takes its own lease.
DISPATCH_LEASE = timedelta(seconds=60)
# Longer than one read with all its tries. A reader extends it as it goes on; one that dies is replaced this soon.
READ_LEASE = timedelta(seconds=75)
_BETWEEN_EXTENSIONS = timedelta(seconds=10)

_LOOKED_AT = (
    "kind",
    "organization_id",
    "state",
    "lease_token",
    "interval_s",
    "remote_id",
    "remote_status",
    "remote_finished_at",
    "watched_until",
    "deadline_at",
    "created_at",
    "started_at",
)


class LeaseLostError(Exception):
    """The row was claimed by somebody else meanwhile; the holder must stop without writing."""


@dataclass(frozen=True)
class Claim:
    """A row this process may work on for now."""

    job_id: int
    kind: str
    state: str
    organization_id: int
    token: str


def new_token() -> str:
    return uuid.uuid4().hex


def claim_due(limit: int = CLAIMED_AT_ONCE, *, token: str = "") -> list[Claim]:
    """Take what is due. Concurrent callers get different rows (skip locked, or SQLite's one writer)."""
    now = timezone.now()
    token = token or new_token()
    with transaction.atomic():
        rows = list(
            Job.objects.select_for_update(skip_locked=True)
            .due(now)
            .values_list("pk", "kind", "state", "organization_id", "due_at")[:limit]
        )
        Job.objects.filter(pk__in=[row[0] for row in rows]).update(due_at=now + DISPATCH_LEASE, lease_token=token)
    for _, _, state, _, due_at in rows:
        metrics.polled("follow" if state == JobState.RUNNING else "start", (now - due_at).total_seconds())
    return [Claim(*row[:-1], token) for row in rows]


def begin(job_id: int, token: str, *, lease: timedelta) -> Job | None:
    """Start on a claimed row; None if the claim has passed to somebody else or the job is over."""
    started = Job.objects.filter(pk=job_id, lease_token=token, state__in=ACTIVE).update(due_at=timezone.now() + lease)
    return Job.objects.select_related("organization").get(pk=job_id) if started else None


def begin_all(job_ids: Iterable[int], token: str) -> Sequence[Job]:
    """The same for many rows at once, of which only what a look at the list needs is loaded."""
    wanted = list(job_ids)
    begun: list[Job] = []
    for position in range(0, len(wanted), CLAIMED_AT_ONCE):
        ids = wanted[position : position + CLAIMED_AT_ONCE]
        rows = Job.objects.filter(pk__in=ids, lease_token=token, state=JobState.RUNNING)
        rows.update(due_at=timezone.now() + READ_LEASE)
        begun += rows.only(*_LOOKED_AT)
    return begun


def in_full(jobs: Sequence[Job]) -> list[Job]:
    """Rows that were begun with `begin_all`, as they are now and in the same order; lost ones are left out.

    Their last documents, which may be large, stay in the database until somebody asks for one.
    """
    found: dict[int, Job] = {}
    for position in range(0, len(jobs), CLAIMED_AT_ONCE):
        tokens = {job.pk: job.lease_token for job in jobs[position : position + CLAIMED_AT_ONCE]}
        rows = Job.objects.select_related("organization", "plan__promotion", "package", "sandbox").defer("raw")
        found |= {row.pk: row for row in rows.filter(pk__in=tokens) if row.lease_token == tokens[row.pk]}
    return [found[job.pk] for job in jobs if job.pk in found]


def keep(job: Job, **changes: Any) -> None:
    """Write to a row this process still holds; raises LeaseLostError if it does not."""
    held = Job.objects.filter(pk=job.pk, lease_token=job.lease_token, state__in=ACTIVE)
    if not job.lease_token or not held.update(**changes):
        raise LeaseLostError(job.pk)
    for name, value in changes.items():
        setattr(job, name, value)


def extend(job: Job) -> None:
    """Claim a row for one more read; raises LeaseLostError if somebody else has it meanwhile."""
    keep(job, due_at=timezone.now() + READ_LEASE)


class Progress:
    """Tells how far a write has come, the same step at most once a second; it never breaks the write off."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._next = timezone.now()
        self._last_text = ""

    def __call__(self, text: str, *, done: int | None = None, total: int | None = None) -> None:
        now = timezone.now()
        # A new step is told at once: nothing more may be said before it is over.
        if text != self._last_text or now >= self._next:
            self._next, self._last_text = now + timedelta(seconds=1), text
            held = Job.objects.filter(pk=self._job.pk, lease_token=self._job.lease_token, state=JobState.SUBMITTING)
            try:
                held.update(progress_text=text[:300], progress_done=done or 0, progress_total=total)
            except DatabaseError:  # busy, or full: what is under way at the platform counts for more
                log.warning("job %s: its progress could not be noted", self._job.pk, exc_info=True)


class Heartbeat:
    """To be called before each read of a work that has many: extends the claim. Raises LeaseLostError if it is lost."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._next = timezone.now()

    def __call__(self, text: str = "", *, done: int | None = None, total: int | None = None) -> None:
        now = timezone.now()
        if now >= self._next:
            self._next = now + _BETWEEN_EXTENSIONS
            extend(self._job)


def hand_back(job: Job, *, after: timedelta, **changes: Any) -> None:
    """Let the row fall due again later. The claim ends here: its message, delivered once more, finds nothing to do."""
    keep(job, due_at=timezone.now() + after, lease_token="", **changes)


def hand_back_all(jobs: Iterable[Job], *, after: timedelta, **changes: Any) -> None:
    """The same for many rows that get the same values, in one query for each claim; lost ones are left alone."""
    by_token: dict[str, list[int]] = {}
    for job in jobs:
        if job.lease_token:
            by_token.setdefault(job.lease_token, []).append(job.pk)
    due_at = timezone.now() + after
    for token, pks in by_token.items():
        for position in range(0, len(pks), CLAIMED_AT_ONCE):
            ids = pks[position : position + CLAIMED_AT_ONCE]
            held = Job.objects.filter(pk__in=ids, lease_token=token, state__in=ACTIVE)
            held.update(due_at=due_at, lease_token="", **changes)


def release_all() -> int:
    """Let everything that was claimed fall due at once; only for when no worker can be alive. Returns how many rows.

    A write under way keeps its settle time: whether it arrived cannot be known before.
    """
    held = Job.objects.filter(state__in=ACTIVE).exclude(lease_token="").exclude(state=JobState.SUBMITTING)
    return held.update(due_at=timezone.now(), lease_token="")


def advance(job: Job, to: JobState, *, only_from: JobState, **changes: Any) -> None:
    """Move a row this process still holds to another state; raises LeaseLostError if it does not hold it."""
    held = Job.objects.filter(pk=job.pk, lease_token=job.lease_token, state=only_from)
    if not job.lease_token or not held.update(state=to, **changes):
        raise LeaseLostError(job.pk)
    job.refresh_from_db()
