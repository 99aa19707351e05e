"""Following many jobs: by list, in detail on a change, and none of them able to hold up the others."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Organization
from clients import errors
from clients.deadlines import remaining
from promotions.choices import JobState, ProblemKind
from promotions.engine import claims, following
from promotions.engine.registry import Submitted
from promotions.models import Job
from tests.unit.promotions.engine_doubles import (
    Post,
    claim,
    fresh,
    letter,
    post,
    running_letter,
    texts,
    work_on,
)

__all__ = ["post"]

pytestmark = pytest.mark.django_db


def known(number: int, organization: Organization) -> list[Job]:
    """Jobs that were looked at before and stand where they stood."""
    return [
        running_letter(f"remote-{n}", organization=organization, remote_status="IN_PROGRESS", interval_s=4)
        for n in range(number)
    ]


def follow_all(jobs: list[Job]) -> int:
    """One round for all of them; returns the number of queries."""
    Job.objects.update(due_at=timezone.now())
    found = claims.claim_due(len(jobs))
    with CaptureQueriesContext(connection) as queries:
        following.follow([one.job_id for one in found], found[0].token)
    return len(queries)


def test_jobs_that_have_not_changed_cost_one_list_and_a_fixed_number_of_queries(
    post: Post, organization: Organization
) -> None:
    few = known(5, organization)
    post.statuses = {f"remote-{n}": "IN_PROGRESS" for n in range(200)}
    queries_for_few = follow_all(few)
    Job.objects.all().delete()

    queries_for_many = follow_all(known(200, organization))

    assert queries_for_many == queries_for_few
    assert post.reads == []


def test_only_what_changed_is_read_in_detail(post: Post, organization: Organization) -> None:
    jobs = known(5, organization)
    post.statuses = {f"remote-{n}": "IN_PROGRESS" for n in range(5)} | {"remote-3": "SUCCESS"}

    follow_all(jobs)

    assert post.reads == ["remote-3"]
    assert fresh(jobs[3]).state == JobState.SUCCEEDED


def test_the_time_between_looks_grows_to_its_limit(post: Post) -> None:
    job = running_letter()
    post.statuses = {"remote-1": "IN_PROGRESS"}
    seen = []

    for _ in range(12):
        work_on(job)
        seen.append(fresh(job).interval_s)

    assert seen[0] == Post.first_interval_s
    assert seen == sorted(seen)
    assert seen[-1] == following.LONGEST_INTERVAL_S


def test_a_watched_job_is_read_closely(post: Post) -> None:
    job = running_letter(
        remote_status="IN_PROGRESS", interval_s=30, watched_until=timezone.now() + timedelta(minutes=1)
    )
    post.statuses = {"remote-1": "IN_PROGRESS"}

    work_on(job)

    assert post.reads == ["remote-1"]
    assert fresh(job).interval_s == Post.first_interval_s


def test_a_job_that_cannot_be_handled_does_not_keep_the_others_waiting(post: Post, organization: Organization) -> None:
    jobs = [running_letter(f"remote-{n}", organization=organization) for n in range(3)]
    post.statuses = {f"remote-{n}": "SUCCESS" for n in range(3)}

    def break_off(job: Job) -> None:
        if job.remote_id == "remote-0":
            raise ZeroDivisionError

    post.at_read = break_off

    follow_all(jobs)

    assert [fresh(job).state for job in jobs] == [JobState.RUNNING, JobState.SUCCEEDED, JobState.SUCCEEDED]
    assert "Towpath itself failed" in texts(jobs[0])


def test_what_does_not_fit_into_one_slice_falls_due_again_at_once(
    post: Post, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "SLICE_S", -1)
    jobs = [running_letter(f"remote-{n}", organization=organization) for n in range(3)]

    follow_all(jobs)

    assert post.reads == []
    assert Job.objects.due(timezone.now()).count() == 3


def test_a_worker_that_lost_its_claim_in_mid_look_neither_writes_nor_ends_the_job(post: Post) -> None:
    job = running_letter()
    post.statuses = {"remote-1": "SUCCESS"}

    def be_overtaken(_: Job) -> None:
        claim(job)

    post.at_read = be_overtaken

    work_on(job)

    assert fresh(job).state == JobState.RUNNING
    assert job.remote_status == ""
    assert post.ends == []


def test_a_message_delivered_twice_ends_the_job_once(post: Post) -> None:
    job = running_letter()
    post.statuses = {"remote-1": "SUCCESS"}
    token = claim(job)

    following.follow([job.pk], token)
    following.follow([job.pk], token)

    assert post.ends == [JobState.SUCCEEDED]


def test_a_late_delivery_after_a_look_reads_nothing(post: Post) -> None:
    job = running_letter()
    post.statuses = {"remote-1": "IN_PROGRESS"}
    token = claim(job)
    following.follow([job.pk], token)

    following.follow([job.pk], token)

    assert post.reads == ["remote-1"]


def test_a_job_that_vanished_is_handed_to_a_person_with_the_next_step(post: Post) -> None:
    job = running_letter()

    def vanish(_: Job) -> None:
        raise errors.ApiNotFoundError("gone", operation="jobs.get", status=404)

    post.at_read = vanish

    for _ in range(following.NOT_FOUND_LIMIT):
        work_on(job)

    assert fresh(job).state == JobState.NEEDS_ATTENTION
    assert job.problem_kind == ProblemKind.OUTCOME_UNKNOWN
    assert "the platform does not know it. Look at it at the platform" in job.problem


def test_a_foreign_job_that_never_ends_asks_nobody(post: Post) -> None:
    job = running_letter(is_foreign=True, marker=None, deadline_at=timezone.now() - timedelta(hours=1))
    post.statuses = {"remote-1": "PENDING"}

    work_on(job)

    assert fresh(job).state == JobState.CANCELLED
    assert job.problem_kind == ProblemKind.CLOSED
    assert "no longer followed here" in job.problem


def test_a_contradicted_claim_is_looked_at_again_before_it_counts(post: Post) -> None:
    job = running_letter()
    post.statuses = {"remote-1": "SUCCESS"}
    post.is_contradicted = True

    work_on(job)
    assert fresh(job).state == JobState.RUNNING
    post.is_contradicted = False
    work_on(job)

    assert fresh(job).state == JobState.SUCCEEDED


def test_a_claim_that_stays_contradicted_is_concluded(post: Post) -> None:
    job = running_letter()
    post.statuses = {"remote-1": "SUCCESS"}
    post.is_contradicted = True

    for _ in range(following.CONTRADICTED_LOOKS):
        work_on(job)

    assert fresh(job).finished_at is not None


def test_a_foreign_job_of_a_deleted_organization_is_closed(post: Post) -> None:
    job = running_letter(is_foreign=True, marker=None)
    Organization.objects.filter(pk=job.organization_id).update(deleted_at=timezone.now())

    def refuse(_: Job) -> None:
        raise errors.ApiUnavailableError("no", operation="jobs.get")

    post.at_read = refuse

    work_on(job)

    assert fresh(job).state == JobState.CANCELLED
    assert "was deleted here" in job.problem


def test_the_document_of_a_large_job_is_kept_only_when_its_state_changes(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "RAW_AT_EVERY_LOOK", 0)
    watched = timezone.now() + timedelta(minutes=1)
    job = running_letter(remote_status="IN_PROGRESS", watched_until=watched, raw={"old": True})
    post.statuses = {"remote-1": "IN_PROGRESS"}
    work_on(job)
    assert fresh(job).raw == {"old": True}

    post.statuses = {"remote-1": "SUCCESS"}
    work_on(job)

    assert fresh(job).raw == {"status": "SUCCESS"}


def test_claims_of_two_workers_never_overlap(post: Post, organization: Organization) -> None:
    known(6, organization)

    first, second = claims.claim_due(4), claims.claim_due(4)

    assert len(first) == 4
    assert len(second) == 2
    assert not {one.job_id for one in first} & {one.job_id for one in second}


def test_a_claim_lasts_until_its_lease_and_then_passes_on(post: Post) -> None:
    job = letter()
    first = claims.claim_due()
    assert claims.claim_due() == []
    Job.objects.filter(pk=job.pk).update(due_at=timezone.now())

    second = claims.claim_due()

    assert claims.begin(job.pk, first[0].token, lease=claims.READ_LEASE) is None
    assert claims.begin(job.pk, second[0].token, lease=claims.READ_LEASE) == job


def test_a_row_without_a_claim_cannot_be_kept(post: Post) -> None:
    job = letter()

    with pytest.raises(claims.LeaseLostError):
        claims.keep(job, progress_text="mine")


def test_a_job_whose_kind_is_no_longer_known_does_not_stop_the_others(post: Post) -> None:
    stray = letter()
    Job.objects.filter(pk=stray.pk).update(kind="gone.kind", due_at=timezone.now() - timedelta(minutes=1))
    job = letter(organization=stray.organization)
    post.answer = Submitted("remote-2", {})

    work_on(job)

    assert fresh(job).state == JobState.RUNNING


def test_a_list_that_takes_too_long_leaves_each_job_to_be_read_by_itself(
    post: Post, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LIST_S", 0)
    post.statuses = {"remote-0": "IN_PROGRESS", "remote-1": "IN_PROGRESS"}

    def outlast(jobs: Sequence[Job]) -> None:
        raise errors.ApiUnavailableError("The total time of the call is over.", operation="jobs.list")

    post.at_list = outlast

    follow_all(known(2, organization))

    assert sorted(post.reads) == ["remote-0", "remote-1"]


def test_a_list_is_given_less_time_than_the_lease_of_its_jobs(post: Post, organization: Organization) -> None:
    left: list[float | None] = []
    post.at_list = lambda _: left.append(remaining())

    follow_all(known(1, organization))

    assert left[0] is not None
    assert left[0] < claims.READ_LEASE.total_seconds() / 2


def test_a_kind_without_a_deadline_keeps_one_for_its_search_and_none_for_what_was_found(post: Post) -> None:
    post.follow_deadline = None
    post.at_submit = lambda job: deadlines.append(fresh(job).deadline_at)
    deadlines: list[datetime | None] = []
    job = letter()

    work_on(job)

    assert deadlines[0] is not None
    assert deadlines[0] > timezone.now()
    assert (fresh(job).state, job.deadline_at) == (JobState.RUNNING, None)


def test_a_job_without_a_deadline_is_followed_for_as_long_as_it_takes(post: Post) -> None:
    post.follow_deadline = None
    a_month_ago = timezone.now() - timedelta(days=30)
    job = running_letter(started_at=a_month_ago, created_at=a_month_ago)
    post.statuses = {"remote-1": "IN_PROGRESS"}

    work_on(job)

    assert (fresh(job).state, job.remote_status) == (JobState.RUNNING, "IN_PROGRESS")
    assert job.due_at > timezone.now()
