"""Routine reads by the clock: which kinds, how often, and the rows that remember when."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import Organization
from promotions.choices import FINISHED, GOOD_ENDS
from promotions.models import Job, Schedule

QUIET_JOBS_KEPT = timedelta(days=1)


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
    for kind in _routines:
        Schedule.objects.get_or_create(organization=organization, kind=kind)


def queue_due_routines() -> None:
    """Queue what is due; the conditional update lets one of several callers do it."""
    now = timezone.now()
    for organization in Organization.objects.present().filter(schedules=None):
        follow_organization(organization)
    for schedule in Schedule.objects.filter(next_at__lte=now).select_related("organization")[:100]:
        routine = _routines.get(schedule.kind)
        if routine is None or schedule.organization.deleted_at is not None:
            schedule.delete()
            continue
        with transaction.atomic():
            won = Schedule.objects.filter(pk=schedule.pk, next_at=schedule.next_at).update(next_at=now + routine.every)
            if won:
                Job.objects.filter(
                    organization=schedule.organization,
                    kind=schedule.kind,
                    is_quiet=True,
                    state__in=[state for state in FINISHED if state in GOOD_ENDS],
                    finished_at__lt=now - QUIET_JOBS_KEPT,
                ).delete()
                routine.request(schedule.organization)
