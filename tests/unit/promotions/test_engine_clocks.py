"""A clock of this machine that jumps while a write is under way."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from clients import errors
from promotions.choices import JobState
from promotions.models import Job
from tests.unit.promotions.engine_doubles import Post, finders, fresh, letter, post, work_on

__all__ = ["post"]

pytestmark = pytest.mark.django_db


def jump(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    def jumped() -> datetime:
        return real_now() + by

    real_now = timezone.now
    monkeypatch.setattr(timezone, "now", jumped)


def lose_answer(job: Job) -> None:
    raise errors.OutcomeUnknownError("cut", operation="packages.import")


def test_a_jump_ahead_does_not_make_one_empty_look_enough(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    job = letter()
    post.at_submit = lose_answer
    work_on(job)
    jump(monkeypatch, timedelta(minutes=30))

    work_on(job)

    assert post.sent == [job.pk]
    assert fresh(job).state == JobState.SUBMITTING
    assert job.due_at >= timezone.now() + post.settle - timedelta(seconds=5)


def test_a_jump_back_keeps_the_job_and_its_effect_is_found(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    job = letter()
    post.at_submit = lose_answer
    work_on(job)
    jump(monkeypatch, -timedelta(minutes=30))
    post.look_ups = [finders(["remote-1"])]

    work_on(job)

    assert fresh(job).state == JobState.RUNNING
    assert post.sent == [job.pk]
