"""Routine reads by the clock: which kinds, how often, and the rows that remember when."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from accounts.models import Organization
from promotions.choices import FINISHED, GOOD_ENDS
from promotions.models import Job, Schedule

QUIET_JOBS_KEPT = timedelta(days=1)
# A routine that keeps failing comes round less often, and only its latest failures are kept.
FAILURES_KEPT = 10
LONGEST_STRETCH = 8
ROUNDS_PER_TICK = 100

RoutineRequest = Callable[[Organization], Job | None]


@dataclass(frozen=True)
class Routine:
    """A read that every organization gets by the clock. `request` queues it and may decline, if one is under way."""

    kind: str
    every: timedelta
    request: RoutineRequest


_routines: dict[str, Routine] = {}


def register(routine: Routine) -> None:
    _routines[routine.kind] = routine


def follow_organization(organization: Organization) -> None:
    """Start the clock of an organization; the first round of each routine is due at once."""
    Schedule.objects.bulk_create(
        (Schedule(organization=organization, kind=kind) for kind in _routines), ignore_conflicts=True
    )


def queue_due_routines() -> None:
    """Queue what is due; the conditional update lets one of several callers do it."""
    known = Count("schedules", filter=Q(schedules__kind__in=list(_routines)))
    for organization in Organization.objects.present().annotate(known=known).filter(known__lt=len(_routines)):
        follow_organization(organization)
    now = timezone.now()
    due = Schedule.objects.filter(next_at__lte=now).select_related("organization").order_by("next_at")
    for schedule in due[:ROUNDS_PER_TICK]:
        routine = _routines.get(schedule.kind)
        if routine is None or schedule.organization.deleted_at is not None:
            schedule.delete()
            continue
        with transaction.atomic():
            quiet = Job.objects.filter(
                organization=schedule.organization, kind=schedule.kind, is_quiet=True, state__in=FINISHED
            )
            failures = _failures_in_a_row(quiet)
            next_at = now + routine.every * min(LONGEST_STRETCH, 2**failures)
            won = Schedule.objects.filter(pk=schedule.pk, next_at=schedule.next_at).update(next_at=next_at)
            if won:
                _forget_old(quiet, now)
                routine.request(schedule.organization)


def _failures_in_a_row(quiet: QuerySet[Job]) -> int:
    """How many of the latest rounds failed, up to the number that matters."""
    latest = quiet.order_by("-pk").values_list("state", flat=True)[: LONGEST_STRETCH.bit_length()]
    return sum(1 for _ in takewhile(lambda state: state not in GOOD_ENDS, latest))


def _forget_old(quiet: QuerySet[Job], now: datetime) -> None:
    """Rounds that ended well go after a day, the others when enough later ones are there."""
    quiet.filter(state__in=GOOD_ENDS, finished_at__lt=now - QUIET_JOBS_KEPT).delete()
    failed = quiet.exclude(state__in=GOOD_ENDS).order_by("-pk").values_list("pk", flat=True)
    quiet.filter(pk__in=list(failed[FAILURES_KEPT : FAILURES_KEPT + 500])).delete()
