"""One at a time, where a platform does one thing at a time."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.choices import Role
from accounts.models import User
from clients import errors
from promotions.choices import JobState
from promotions.engine import endings, rechecking, slots, timeline
from promotions.engine.registry import Ending, LookUp
from promotions.models import Job
from promotions.services import jobs
from tests.factories import MembershipFactory, UserFactory
from tests.unit.promotions.engine_doubles import Post, claim, fresh, letter, post, texts, work_on

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


def test_one_that_a_person_has_sent_again_is_sent_though_nothing_can_be_looked_for(post: Post) -> None:
    first = letter(slot=SLOT)
    person: User = UserFactory()
    MembershipFactory(user=person, organization=first.organization, role=Role.OPERATOR)
    blind = LookUp([], is_complete=False, blind="The platform lists no workflows.")

    def lose(job: Job) -> None:
        raise errors.OutcomeUnknownError("cut", operation="packages.import")

    def busy(job: Job) -> None:
        raise errors.ApiBusyError("A workflow is already in progress", operation="packages.import")

    post.at_submit, post.look_ups = lose, [blind] * 9
    work_on(first)
    work_on(first)
    jobs.retry_sending(job=fresh(first), actor=person, reason="It never arrived")
    post.at_submit = busy
    work_on(first)
    assert fresh(first).state == JobState.QUEUED, texts(first)
    post.at_submit = lose
    work_on(first)
    assert fresh(first).state == JobState.SUBMITTING, texts(first)
    work_on(first)

    # Its answer was lost once more: that is a new question.
    assert fresh(first).state == JobState.NEEDS_ATTENTION
    assert post.sent == [first.pk] * 3
    jobs.retry_sending(job=fresh(first), actor=person, reason="Nor did that one")
    post.at_submit = lambda job: None
    work_on(first)
    assert fresh(first).state == JobState.RUNNING, texts(first)
    assert fresh(first).holds_slot


def test_the_time_spent_in_line_does_not_count_against_facts_that_cannot_be_read_for_now(post: Post) -> None:
    long_ago = timezone.now() - rechecking.PATIENCE - timedelta(minutes=1)
    job = letter(slot=SLOT, created_at=long_ago)

    def unavailable(job: Job) -> None:
        raise errors.ApiUnavailableError("503", operation="packages.get")

    post.at_recheck = unavailable
    work_on(job)

    assert fresh(job).state == JobState.QUEUED, texts(job)
    Job.objects.filter(pk=job.pk).update(params={**fresh(job).params, "unreadable_since": long_ago.isoformat()})
    work_on(job)
    assert fresh(job).state == JobState.FAILED
    assert not fresh(job).holds_slot
    assert post.sent == []


@pytest.mark.only_on("postgresql")
@pytest.mark.django_db(transaction=True)
def test_whoever_ends_does_not_wait_for_the_next_one_that_somebody_else_is_changing(post: Post) -> None:
    """Both could wait for the record, or for each other, and the database would end one of them."""
    first, second = letter(slot=SLOT, holds_slot=True), letter(slot=SLOT)
    is_locked, may_go = threading.Event(), threading.Event()

    def change() -> None:
        with transaction.atomic():
            Job.objects.select_for_update().get(pk=second.pk)
            is_locked.set()
            may_go.wait(timeout=30)
        connection.close()

    somebody = threading.Thread(target=change)
    somebody.start()
    is_locked.wait(timeout=30)
    first.lease_token = claim(first)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '2s'")

    try:
        has_ended = endings.end(first, Ending(state=JobState.FAILED))
    finally:
        may_go.set()
        somebody.join()
        connection.close()  # with its time limit

    assert has_ended
    work_on(second)
    assert post.sent == [second.pk]


def test_waiting_for_somebody_outside_is_told_once_however_often_it_is_tried(post: Post) -> None:
    job = letter(slot=SLOT)

    def busy(job: Job) -> None:
        raise errors.ApiBusyError("A workflow is already in progress", operation="packages.import")

    post.at_submit = busy
    for _ in range(5):
        work_on(job)
    assert len(post.sent) == 5
    assert texts(job).count("A workflow is already in progress") == 1
    assert texts(job).count(timeline.SENDING) == 1

    post.at_submit = lambda job: None
    work_on(job)

    last = list(job.events.order_by("pk").values_list("text", flat=True))[-2:]
    assert last == [timeline.SENDING, "The platform has it as job remote-1 (answered)."]
