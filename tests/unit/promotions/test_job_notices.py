"""Whoever asked for a job is told when it ends or needs them, in the same transaction."""

import pytest

from accounts.choices import Role
from accounts.models import Notice
from accounts.services import notices
from promotions.choices import JobState, ProblemKind
from promotions.engine import accepting, endings
from promotions.engine.registry import Ending, Submitted
from promotions.models import Job
from promotions.services import jobs
from promotions.services.plans import PLAN_KIND
from promotions.systems.packages import kinds
from tests.factories import MembershipFactory
from tests.factories_promotions import JobFactory, PlanFactory

SUCCEEDED = Ending(state=JobState.SUCCEEDED)
FAILED = Ending(state=JobState.FAILED, problem_kind=ProblemKind.REMOTE_FAILURE, problem="The platform refused it.")
UNKNOWN = Ending(
    state=JobState.NEEDS_ATTENTION, problem_kind=ProblemKind.OUTCOME_UNKNOWN, problem="No trace of it was found."
)


@pytest.fixture
def asker(organization):
    return MembershipFactory(organization=organization, role=Role.OPERATOR, user__email="asker@example.com").user


@pytest.fixture
def job(organization, asker):
    return JobFactory(
        running=True, organization=organization, requested_by=asker, title="Loyalty schemas", lease_token="mine"
    )


def told(person):
    return list(Notice.objects.listed_for(person).unread().values_list("kind", "text", "detail", "url"))


def test_the_end_of_a_job_is_told_with_the_way_to_it(job, asker):
    endings.end(job, FAILED)

    text = "Import of “Loyalty schemas”: failed"
    assert told(asker) == [("job_ended", text, "The platform refused it.", f"/jobs/{job.pk}/")]


def test_a_job_that_ended_already_is_told_once(job, asker):
    endings.end(job, FAILED)

    endings.end(job, FAILED)

    assert len(told(asker)) == 1


def test_a_worker_that_lost_the_job_tells_nobody(job, asker):
    Job.objects.filter(pk=job.pk).update(lease_token="of another")

    ended = endings.end(job, FAILED)

    assert not ended
    assert told(asker) == []


def test_a_job_that_needs_its_asker_says_so_until_it_goes_on(job, asker):
    endings.end(job, UNKNOWN)
    before = told(asker)

    accepting.accept(job, Submitted("remote-77", {}), how="found at the platform")

    assert [row[:3] for row in before] == [
        ("job_attention", "Import of “Loyalty schemas”: needs your attention", "No trace of it was found.")
    ]
    assert told(asker) == []


def test_every_way_out_of_attention_settles_the_notice(job, asker, teammate):
    endings.end(job, UNKNOWN)
    Job.objects.filter(pk=job.pk).update(problem_kind=ProblemKind.STOPPED_FOLLOWING)
    job.refresh_from_db()
    counts = [notices.unread_count(asker)]

    jobs.resume_following(job=job, actor=teammate)
    counts.append(notices.unread_count(asker))
    jobs.stop_following(job=job, actor=teammate)
    counts.append(notices.unread_count(asker))
    Job.objects.filter(pk=job.pk).update(remote_id="", problem_kind=ProblemKind.OUTCOME_UNKNOWN)
    jobs.retry_sending(job=job, actor=teammate, reason="It is not there.")
    counts.append(notices.unread_count(asker))

    assert counts == [1, 0, 1, 0]


def test_closing_settles_the_attention_and_tells_the_end(job, asker, teammate):
    endings.end(job, UNKNOWN)

    jobs.close(job=job, actor=teammate, reason="It ran yesterday")

    assert [row[0] for row in told(asker)] == ["job_ended"]
    assert "Closed by Tim Teammate: It ran yesterday." in told(asker)[0][2]


def test_who_ends_their_own_job_is_not_told_what_they_know(organization, asker):
    queued = JobFactory(organization=organization, requested_by=asker)

    jobs.cancel(job=queued, actor=asker)

    assert told(asker) == []


def test_who_ends_somebody_elses_job_lets_them_know(organization, asker, teammate):
    queued = JobFactory(organization=organization, requested_by=asker)

    jobs.cancel(job=queued, actor=teammate)

    assert [row[0] for row in told(asker)] == ["job_ended"]


@pytest.mark.parametrize("fields", [{"is_quiet": True}, {"is_foreign": True}, {"requested_by": None}])
def test_routine_and_foreign_jobs_are_told_to_nobody(job, fields):
    Job.objects.filter(pk=job.pk).update(**fields)

    endings.end(job, FAILED)

    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("has_plan", "ending", "expected"), [(True, FAILED, 1), (True, SUCCEEDED, 0), (False, FAILED, 0)]
)
def test_of_work_that_only_reads_only_a_plan_that_failed_is_told(organization, asker, has_plan, ending, expected):
    plan = PlanFactory(promotion__package__organization=organization) if has_plan else None
    kind = PLAN_KIND if has_plan else kinds.SYNCHRONIZE
    reading = JobFactory(
        kind=kind, running=True, organization=organization, requested_by=asker, plan=plan, marker=None, lease_token="x"
    )

    endings.end(reading, ending)

    assert len(told(asker)) == expected


def test_nobody_is_told_of_an_end_that_is_rolled_back(job, asker, monkeypatch):
    def broken(*args: object) -> None:
        raise RuntimeError("the record cannot be written")

    monkeypatch.setattr("promotions.systems.packages.importing.ImportSubmission.ended", broken)

    with pytest.raises(RuntimeError):
        endings.end(job, FAILED)

    assert told(asker) == []
