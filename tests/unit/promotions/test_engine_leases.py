"""How soon a dead follower is replaced, and that a live one is not."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from clients.transport import CallPolicy
from promotions.choices import JobState
from promotions.engine import claims, submissions
from promotions.models import Job
from promotions.systems.packages import kinds
from promotions.systems.packages.importing import ImportSubmission
from tests.factories_promotions import JobFactory


@pytest.fixture
def followed(db: None) -> Job:
    job = JobFactory(kind=kinds.IMPORT, state=JobState.RUNNING, remote_id="a" * 32)
    Job.objects.filter(pk=job.pk).update(due_at=timezone.now())
    claim = claims.claim_due()[0]
    return claims.begin_all([claim.job_id], claim.token)[0]


def test_the_lease_of_a_reader_outlives_one_read() -> None:
    assert timedelta(seconds=CallPolicy().read_budget_s) < claims.READ_LEASE


def test_preparing_and_sending_end_before_the_task_is_killed() -> None:
    kind = ImportSubmission()

    longest_s = submissions.preparation_s(kind) + kind.deadline.total_seconds()

    assert longest_s < settings.TASK_TIME_LIMIT_S


def test_the_claim_of_a_writer_outlives_its_deadline() -> None:
    kind = ImportSubmission()

    assert kind.deadline < kind.settle


def test_a_heartbeat_extends_the_claim_and_not_at_every_beat(followed: Job) -> None:
    Job.objects.filter(pk=followed.pk).update(due_at=timezone.now())
    beat = claims.Heartbeat(followed)

    beat()
    extended = Job.objects.get(pk=followed.pk).due_at
    beat()

    assert extended > timezone.now() + claims.READ_LEASE / 2
    assert Job.objects.get(pk=followed.pk).due_at == extended


def test_a_heartbeat_of_a_worker_that_was_replaced_stops_it(followed: Job) -> None:
    Job.objects.filter(pk=followed.pk).update(due_at=timezone.now())
    claims.claim_due()

    with pytest.raises(claims.LeaseLostError):
        claims.Heartbeat(followed)()


def test_a_follower_that_dies_is_replaced_after_its_lease(followed: Job) -> None:
    assert claims.claim_due() == []
    Job.objects.filter(pk=followed.pk).update(due_at=timezone.now())  # its lease has run out

    assert [claim.job_id for claim in claims.claim_due()] == [followed.pk]


def test_a_follower_that_was_replaced_does_not_read_again(followed: Job) -> None:
    Job.objects.filter(pk=followed.pk).update(due_at=timezone.now())
    claims.claim_due()

    with pytest.raises(claims.LeaseLostError):
        claims.extend(followed)


def test_what_may_take_long_has_time_to_prepare_and_to_be_sent() -> None:
    class Upload(ImportSubmission):
        queue = "long"
        deadline = timedelta(seconds=settings.UPLOAD_DEADLINE_S)

    longest_s = submissions.preparation_s(Upload()) + Upload.deadline.total_seconds()

    assert longest_s > settings.TASK_TIME_LIMIT_S
    assert longest_s < settings.LONG_TASK_TIME_LIMIT_S < settings.VISIBILITY_TIMEOUT_S
    assert settings.UPLOAD_DEADLINE_S > 15 * 60
    assert settings.UPLOAD_SETTLE_S >= settings.UPLOAD_DEADLINE_S + 15 * 60


@pytest.mark.django_db
def test_a_write_tells_how_far_it_has_come_and_keeps_its_claim() -> None:
    job = JobFactory(kind=kinds.IMPORT, state=JobState.SUBMITTING, lease_token="mine")
    due_at = job.due_at

    claims.Progress(job)("Uploading", done=3, total=9)

    job.refresh_from_db()
    assert (job.progress_text, job.progress_done, job.progress_total) == ("Uploading", 3, 9)
    assert job.due_at == due_at


@pytest.mark.django_db
def test_the_last_step_of_a_write_is_told_however_soon_it_follows() -> None:
    job = JobFactory(kind=kinds.IMPORT, state=JobState.SUBMITTING, lease_token="mine")
    tell = claims.Progress(job)

    for done in (7, 8):
        tell("Uploading", done=done, total=9)
    tell("Waiting for the platform")

    job.refresh_from_db()
    assert (job.progress_text, job.progress_done, job.progress_total) == ("Waiting for the platform", 0, None)


@pytest.mark.django_db
def test_a_write_whose_claim_is_lost_goes_on_and_tells_nothing() -> None:
    job = JobFactory(kind=kinds.IMPORT, state=JobState.SUBMITTING, lease_token="mine")
    Job.objects.filter(pk=job.pk).update(lease_token="another's")

    claims.Progress(job)("Uploading", done=3, total=9)

    job.refresh_from_db()
    assert job.progress_text == ""
