"""Routine reads by the clock: for every organization, seldom when they fail, and without leaving rows behind."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Organization
from promotions.choices import JobState
from promotions.engine import schedules
from promotions.engine.schedules import Routine
from promotions.models import Job, Schedule
from promotions.systems.packages import kinds
from tests.factories import CredentialFactory, OrganizationFactory
from tests.factories_promotions import JobFactory

pytestmark = pytest.mark.django_db

KIND = kinds.SYNCHRONIZE
EVERY = timedelta(minutes=15)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Organization]:
    """One routine only; the organizations it was asked for."""
    found: list[Organization] = []
    routine = Routine(KIND, EVERY, lambda organization: found.append(organization))
    monkeypatch.setattr(schedules, "_routines", {KIND: routine})
    return found


@pytest.fixture
def schedule(asked: list[Organization], organization: Organization) -> Schedule:
    schedules.follow_organization(organization)
    return Schedule.objects.get(organization=organization)


def rounds(organization: Organization, states: list[JobState], *, days_ago: int = 0) -> None:
    """Quiet jobs that ended so, the latest last."""
    for state in states:
        JobFactory(
            kind=KIND,
            organization=organization,
            state=state,
            is_quiet=True,
            marker=None,
            finished_at=timezone.now() - timedelta(days=days_ago),
        )


def test_a_new_organization_gets_its_first_round_at_once(asked: list[Organization], organization: Organization) -> None:
    schedules.queue_due_routines()

    assert asked == [organization]


def test_a_round_is_not_repeated_before_its_time(asked: list[Organization], schedule: Schedule) -> None:
    schedules.queue_due_routines()
    schedules.queue_due_routines()

    assert len(asked) == 1
    schedule.refresh_from_db()
    assert schedule.next_at > timezone.now() + EVERY - timedelta(minutes=1)


def test_a_routine_that_is_new_reaches_organizations_that_have_others(
    asked: list[Organization], schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = Routine("other", EVERY, lambda organization: asked.append(organization))
    monkeypatch.setitem(schedules._routines, "other", second)

    schedules.queue_due_routines()

    assert len(asked) == 2


def test_a_deleted_organization_loses_its_clock(asked: list[Organization], schedule: Schedule) -> None:
    Organization.objects.filter(pk=schedule.organization_id).update(deleted_at=timezone.now())

    schedules.queue_due_routines()

    assert asked == []
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    ("ends", "times"),
    [
        ([JobState.SUCCEEDED], 1),
        ([JobState.FAILED], 2),
        ([JobState.SUCCEEDED, JobState.FAILED, JobState.FAILED], 4),
        ([JobState.FAILED] * 9, 8),
        ([JobState.FAILED, JobState.SUCCEEDED], 1),
    ],
)
def test_a_failing_routine_comes_round_less_often(schedule: Schedule, ends: list[JobState], times: int) -> None:
    rounds(schedule.organization, ends)

    schedules.queue_due_routines()

    schedule.refresh_from_db()
    assert abs(schedule.next_at - timezone.now() - times * EVERY) < timedelta(seconds=30)


def test_days_of_failures_leave_only_the_latest(schedule: Schedule) -> None:
    rounds(schedule.organization, [JobState.FAILED] * 30)

    schedules.queue_due_routines()

    assert Job.objects.count() == schedules.FAILURES_KEPT


def test_old_good_rounds_are_forgotten_and_jobs_of_people_kept(schedule: Schedule) -> None:
    rounds(schedule.organization, [JobState.SUCCEEDED] * 3, days_ago=2)
    asked_for = JobFactory(
        kind=KIND,
        organization=schedule.organization,
        state=JobState.SUCCEEDED,
        finished_at=timezone.now() - timedelta(days=9),
    )

    schedules.queue_due_routines()

    assert list(Job.objects.all()) == [asked_for]


@pytest.mark.parametrize("number", [1, 50])
def test_an_idle_tick_costs_the_same_however_many_organizations_there_are(
    asked: list[Organization], number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    OrganizationFactory.create_batch(number)
    schedules.queue_due_routines()

    with django_assert_num_queries(2):
        schedules.queue_due_routines()


def test_more_due_rounds_than_a_tick_takes_are_done_in_the_next(
    asked: list[Organization], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedules, "ROUNDS_PER_TICK", 2)
    OrganizationFactory.create_batch(3)

    schedules.queue_due_routines()
    schedules.queue_due_routines()

    assert len(set(asked)) == 3


@pytest.fixture
def tick() -> Callable[[], int]:
    """The real routines; returns how many quiet jobs there are after a tick."""

    def run() -> int:
        schedules.queue_due_routines()
        return Job.objects.filter(is_quiet=True).count()

    return run


def test_an_organization_without_a_usable_credential_is_left_alone(
    organization: Organization, tick: Callable[[], int]
) -> None:
    assert tick() == 0


def test_a_round_that_is_still_under_way_is_not_queued_twice(
    organization: Organization, tick: Callable[[], int]
) -> None:
    CredentialFactory(organization=organization, is_primary=True)
    first = tick()
    Schedule.objects.update(next_at=timezone.now())

    assert first == len(schedules._routines)
    assert tick() == first
