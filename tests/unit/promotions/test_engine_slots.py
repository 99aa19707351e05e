"""One at a time, where a platform does one thing at a time."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.choices import Role
from accounts.models import User
from clients import errors
from promotions.choices import JobState
from promotions.engine import slots
from promotions.engine.registry import LookUp
from promotions.models import Job
from promotions.services import jobs
from tests.factories import MembershipFactory, UserFactory
from tests.unit.promotions.engine_doubles import Post, fresh, letter, post, texts, work_on

__all__ = ["post"]

pytestmark = pytest.mark.django_db
SLOT = "presses:1"


def over(post: Post, job: Job) -> None:
    post.statuses[job.remote_id] = "SUCCESS"
    work_on(job)


def test_the_second_waits_until_the_first_is_over_and_then_goes_at_once(post: Post) -> None:
    first, second = letter(slot=SLOT), letter(slot=SLOT)
    work_on(first, second)
    assert post.sent == [first.pk]
    assert fresh(second).state == JobState.QUEUED
    assert f"Waiting for job {first.pk}" in fresh(second).progress_text
    post.answer = type(post.answer)("remote-2", {})

    over(post, fresh(first))

    work_on()
    assert post.sent == [first.pk, second.pk]


def test_whoever_came_first_is_sent_first_whichever_falls_due(post: Post) -> None:
    first, second = letter(slot=SLOT, due_at=timezone.now() + timedelta(hours=1)), letter(slot=SLOT)

    work_on(second)

    assert post.sent == []
    assert slots.position(fresh(second)) == 1
    assert slots.position(fresh(first)) == 0


def test_other_slots_and_jobs_without_one_are_not_held_up(post: Post) -> None:
    letter(slot=SLOT, state=JobState.RUNNING, holds_slot=True, remote_id="busy")
    other, free = letter(slot="presses:2"), letter()
    post.at_submit = lambda job: setattr(post, "answer", type(post.answer)(f"remote-{job.pk}", {}))

    work_on(other, free)

    assert sorted(post.sent) == [other.pk, free.pk]


def test_one_that_needs_a_person_keeps_its_place_and_frees_it_when_it_is_closed(post: Post) -> None:
    first, second = letter(slot=SLOT), letter(slot=SLOT)
    person: User = UserFactory()
    MembershipFactory(user=person, organization=first.organization, role=Role.OPERATOR)

    def lose(job: Job) -> None:
        raise errors.OutcomeUnknownError("cut", operation="packages.import")

    post.at_submit = lose
    post.look_ups = [LookUp([], is_complete=False, blind="The platform lists no workflows.")]
    work_on(first)
    work_on(first)
    assert fresh(first).state == JobState.NEEDS_ATTENTION
    assert "The platform lists no workflows." in fresh(first).problem
    work_on(second)
    assert post.sent == [first.pk]

    jobs.close(job=fresh(first), actor=person, reason="It never arrived")

    post.at_submit = lambda job: None
    work_on(second)
    assert post.sent == [first.pk, second.pk]


def test_a_cancelled_one_leaves_the_line(post: Post) -> None:
    first, second = letter(slot=SLOT), letter(slot=SLOT)
    person: User = UserFactory()
    MembershipFactory(user=person, organization=first.organization, role=Role.OPERATOR)

    jobs.cancel(job=first, actor=person)

    work_on(second)
    assert post.sent == [second.pk]


def test_one_that_is_turned_away_keeps_its_turn(post: Post) -> None:
    first, second = letter(slot=SLOT), letter(slot=SLOT)

    def busy(job: Job) -> None:
        raise errors.ApiBusyError("A workflow is already in progress", operation="packages.import")

    post.at_submit = busy
    work_on(first)

    work_on(second)

    assert post.sent == [first.pk]
    assert fresh(first).holds_slot
    assert "in progress" in texts(first)


def test_the_database_lets_one_job_hold_a_slot(post: Post) -> None:
    letter(slot=SLOT, holds_slot=True)

    with pytest.raises(IntegrityError), transaction.atomic():
        letter(slot=SLOT, holds_slot=True)
