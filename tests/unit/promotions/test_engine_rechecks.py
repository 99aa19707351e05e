"""Reading the facts again before sending: it ends in words, however often the worker dies over it."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from clients import errors
from clients.deadlines import remaining
from promotions.choices import JobState, ProblemKind
from promotions.engine import rechecking
from promotions.models import Job
from tests.unit.promotions.engine_doubles import Post, fresh, letter, nothing, post, texts, work_on

__all__ = ["post"]

pytestmark = pytest.mark.django_db


class KilledError(BaseException):
    """What a test raises where a worker is ended without a word."""


def be_killed(job: Job) -> None:
    raise KilledError


def die_over(job: Job, times: int) -> None:
    for _ in range(times):
        with pytest.raises(KilledError):
            work_on(job)


def lose_answer(job: Job) -> None:
    raise errors.OutcomeUnknownError("cut", operation="packages.import")


def test_a_worker_that_dies_over_it_every_time_ends_the_job_unsent(post: Post) -> None:
    job = letter()
    post.at_recheck = be_killed
    die_over(job, rechecking.STARTS_LIMIT)

    work_on(job)

    assert fresh(job).state == JobState.FAILED
    assert job.problem_kind == ProblemKind.UNAVAILABLE
    assert job.problem == (
        "Nothing was sent: reading the facts again was begun 5 times, and each time the worker was ended before it was "
        f"done. Look for job {job.pk} in the log of the worker, then run it again."
    )
    assert post.sent == []


def test_a_worker_that_dies_over_it_a_few_times_sends_in_the_end(post: Post) -> None:
    job = letter()
    post.at_recheck = be_killed
    die_over(job, rechecking.STARTS_LIMIT - 1)
    post.at_recheck = nothing

    work_on(job)

    assert fresh(job).state == JobState.RUNNING
    assert "The worker was ended while it read the facts again." in texts(job)
    assert "rechecks" not in job.params
    assert post.sent == [job.pk]


def test_a_platform_that_cannot_answer_for_a_while_does_not_count_as_dying(post: Post) -> None:
    job = letter()

    def be_unavailable(_: Job) -> None:
        raise errors.ApiUnavailableError("resting", operation="packages.get", status=503)

    post.at_recheck = be_unavailable
    for _ in range(rechecking.STARTS_LIMIT + 1):
        work_on(job)

    assert fresh(job).state == JobState.QUEUED
    assert "resting. Nothing was sent." in texts(job)


def test_dying_over_it_before_a_repeat_asks_a_person(post: Post) -> None:
    job = letter()
    post.at_submit = lose_answer
    work_on(job)
    work_on(job)
    post.at_recheck = be_killed
    die_over(job, rechecking.STARTS_LIMIT)

    work_on(job)

    assert fresh(job).state == JobState.NEEDS_ATTENTION
    assert "It is not sent again. Reading the facts again was begun 5 times" in job.problem
    assert post.sent == [job.pk]


def test_what_is_read_again_leaves_the_write_its_whole_time(post: Post) -> None:
    job = letter()
    left: list[float | None] = []
    post.at_recheck = lambda _: left.append(remaining())

    work_on(job)

    assert left[0] is not None
    assert left[0] + post.deadline.total_seconds() < settings.TASK_TIME_LIMIT_S
    assert post.time_left is not None
    assert post.time_left > post.deadline.total_seconds() - 5


def test_a_worker_that_dies_over_it_is_replaced_long_before_the_task_limit(post: Post) -> None:
    job = letter()
    post.at_recheck = be_killed

    die_over(job, 1)

    assert fresh(job).due_at < timezone.now() + timedelta(seconds=settings.TASK_TIME_LIMIT_S / 2)
