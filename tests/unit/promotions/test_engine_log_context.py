"""The id of a web request follows its job into the worker."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent
from config import logs
from promotions import tasks
from promotions.choices import JobState
from promotions.engine import timeline
from promotions.models import Job
from tests.factories import UserFactory
from tests.unit.promotions.engine_doubles import Post, claim, fresh, letter, post, running_letter

__all__ = ["post"]

REQUEST = "request-of-the-click"


def asked_for(job: Job) -> Job:
    """What a service does in a web request that queues a job."""
    token = logs.request_id.set(REQUEST)
    try:
        timeline.note(job, "Queued.", actor=UserFactory())
    finally:
        logs.request_id.reset(token)
    return job


@pytest.mark.django_db
def test_a_worker_names_the_job_and_the_request_that_asked_for_it(post: Post) -> None:
    seen: list[tuple[str, int | None]] = []
    post.at_submit = lambda job: seen.append((logs.request_id.get(), logs.job_id.get()))
    job = asked_for(letter())

    tasks.submit(job.pk, claim(job))

    assert seen == [(REQUEST, job.pk)]
    assert (logs.request_id.get(), logs.job_id.get()) == (logs.NOTHING, None)
    assert fresh(job).state == JobState.RUNNING


@pytest.mark.django_db
def test_each_job_of_a_look_at_many_is_named_by_itself(post: Post) -> None:
    seen: list[tuple[str, int | None]] = []
    post.at_read = lambda job: seen.append((logs.request_id.get(), logs.job_id.get()))
    asked, routine = asked_for(running_letter("remote-1")), running_letter("remote-2")
    for job in (asked, routine):
        tasks.follow_organization([job.pk], claim(job))

    assert seen == [(REQUEST, asked.pk), (logs.NOTHING, routine.pk)]


@pytest.mark.django_db
def test_what_nobody_asked_for_has_no_request(post: Post) -> None:
    job = letter()
    timeline.note(job, "Queued.")

    assert timeline.asked_by(job.pk) == ""


@pytest.mark.django_db
def test_a_job_queued_in_a_page_leads_from_the_record_to_the_worker(client, organization, teammate) -> None:
    client.force_login(teammate)

    url = reverse("accounts:organization-sync", args=[organization.pk])
    client.post(url, headers={"X-Request-ID": REQUEST})

    job = Job.objects.get()
    assert timeline.asked_by(job.pk) == REQUEST
    assert not AuditEvent.objects.exclude(request_id=REQUEST).exists()
