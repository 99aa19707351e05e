"""When a job begins that waits for its turn at the platform."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.utils import timezone

from promotions.choices import GOOD_ENDS, JobState
from promotions.engine import slots, submissions
from promotions.models import Job

FORMER_LOOKED_AT = 15
_ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth")


@dataclass(frozen=True)
class Outside:
    """Somebody outside who has the one place at the platform."""

    since: datetime
    """When we were turned away first: it may have begun earlier."""
    last: datetime
    held_by: str
    """What is in the way, where the platform tells."""


@dataclass(frozen=True)
class Turn:
    """Where a job stands in line."""

    place: str
    """"Second", "12th"."""
    behind: Job | None
    """The one that has its turn, or comes next before this one."""
    is_behind_stuck: bool
    """Whether one before it waits for a person."""
    expected_at: datetime | None
    doubt: str
    """Why it cannot be told when it begins; empty if it can."""
    outside: Outside | None


def turn_of(job: Job) -> Turn | None:
    """None unless the job waits for a slot, or holds it and is kept from beginning by somebody outside."""
    if not job.slot or job.state != JobState.QUEUED:
        return None
    outside = _outside(job)
    ahead = [] if job.holds_slot else list(slots.ahead_of(job))
    if not ahead and outside is None:
        return None
    is_stuck = any(found.state == JobState.NEEDS_ATTENTION for found in ahead)
    expected_at = None if outside is not None or is_stuck else _expected(ahead)
    return Turn(
        place=_ordinal(len(ahead) + 1),
        behind=ahead[0] if ahead else None,
        is_behind_stuck=is_stuck,
        expected_at=expected_at,
        doubt="" if expected_at is not None else _doubt(ahead),
        outside=outside,
    )


def _doubt(ahead: Iterable[Job]) -> str:
    if any(found.state == JobState.NEEDS_ATTENTION for found in ahead):
        return "One before it waits for a person, and keeps its turn until somebody decides."
    if any(_outside(found) is not None and found.state == JobState.QUEUED for found in ahead):
        return "One before it waits for somebody outside, and when that ends cannot be told."
    return "When it begins cannot be told: too little has run here before."


def _outside(job: Job) -> Outside | None:
    noted: dict[str, Any] | None = job.params.get(submissions.HELD_UP)
    if not noted:
        return None
    return Outside(datetime.fromisoformat(noted["since"]), datetime.fromisoformat(noted["last"]), noted["by"])


def _expected(ahead: Iterable[Job]) -> datetime | None:
    """From how long former ones of the organization took; None where that is not known, or a person is waited for."""
    now = timezone.now()
    wait = timedelta()
    usual: dict[str, timedelta | None] = {}
    for job in ahead:
        if job.kind not in usual:
            usual[job.kind] = usual_duration(job.organization_id, job.kind)
        whole = usual[job.kind]
        if whole is None or (job.state == JobState.QUEUED and _outside(job) is not None):
            return None
        gone = now - job.started_at if job.started_at is not None else timedelta()
        wait += max(whole - gone, timedelta())
    return now + wait


def usual_duration(organization_id: int, kind: str) -> timedelta | None:
    """The median of the latest that ended well; None if there is none."""
    former = Job.objects.filter(
        organization_id=organization_id,
        kind=kind,
        state__in=GOOD_ENDS,
        started_at__isnull=False,
        finished_at__isnull=False,
    )
    pairs = former.order_by("-created_at", "-pk").values_list("started_at", "finished_at")[:FORMER_LOOKED_AT]
    lengths = [(end - start).total_seconds() for start, end in pairs if start is not None and end is not None]
    return timedelta(seconds=median(lengths)) if lengths else None


def _ordinal(number: int) -> str:
    if number <= len(_ORDINALS):
        return _ORDINALS[number - 1]
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"
