"""How soon a dead follower is replaced, and that a live one is not."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from clients.transport import CallPolicy
from promotions.choices import JobState
from promotions.engine import claims
from promotions.models import Job
from promotions.systems.packages import kinds
from tests.factories_promotions import JobFactory


@pytest.fixture
def followed(db: None) -> Job:
    job = JobFactory(kind=kinds.IMPORT, state=JobState.RUNNING, remote_id="a" * 32)
    Job.objects.filter(pk=job.pk).update(due_at=timezone.now())
    claim = claims.claim_due()[0]
    return claims.begin_all([claim.job_id], claim.token)[0]


def test_the_lease_of_a_reader_outlives_one_read_and_ends_long_before_that_of_a_writer() -> None:
    assert timedelta(seconds=CallPolicy().read_budget_s) < claims.READ_LEASE < claims.WORK_LEASE / 2


def test_the_lease_of_a_writer_outlives_the_longest_task() -> None:
    assert timedelta(seconds=settings.TASK_TIME_LIMIT_S) < claims.WORK_LEASE


def test_a_follower_that_dies_is_replaced_after_its_lease(followed: Job) -> None:
    assert claims.claim_due() == []
    Job.objects.filter(pk=followed.pk).update(due_at=timezone.now())  # its lease has run out

    assert [claim.job_id for claim in claims.claim_due()] == [followed.pk]


def test_a_follower_that_was_replaced_does_not_read_again(followed: Job) -> None:
    Job.objects.filter(pk=followed.pk).update(due_at=timezone.now())
    claims.claim_due()

    with pytest.raises(claims.LeaseLostError):
        claims.extend(followed)
