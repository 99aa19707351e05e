"""Work that only reads: it may begin twice, and ends once, with words a person can act on."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from clients import errors
from promotions.choices import JobState, ProblemKind
from promotions.engine import activities, registry
from promotions.engine.registry import Activity, Ending, Report, Unfinished
from promotions.models import Job
from tests.factories_promotions import JobFactory
from tests.unit.promotions.engine_doubles import claim, fresh, texts, work_on

pytestmark = pytest.mark.django_db

KIND = "test.reading"
DONE = Ending(state=JobState.SUCCEEDED)


class Reading(Activity):
    kind = KIND
    label = "Read"

    def __init__(self) -> None:
        self.work: Callable[[Job, Report], Ending | Unfinished] = lambda job, report: DONE
        self.rounds = 0
        self.given_up_jobs: list[int] = []

    def run(self, job: Job, report: Report) -> Ending | Unfinished:
        self.rounds += 1
        return self.work(job, report)

    def given_up(self, job: Job) -> None:
        self.given_up_jobs.append(job.pk)


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Reading:
    found = Reading()
    monkeypatch.setitem(registry._types, KIND, found)
    return found


@pytest.fixture
def job(reading: Reading) -> Job:
    return JobFactory(kind=KIND, marker=None)


def unavailable(job: Job, report: Report) -> Ending:
    raise errors.ApiUnavailableError("The service is resting.", operation="packages.list", status=503)


def test_it_runs_to_its_end(reading: Reading, job: Job) -> None:
    work_on(job)

    assert fresh(job).state == JobState.SUCCEEDED
    assert job.finished_at is not None


def test_a_message_delivered_after_the_end_does_nothing(reading: Reading, job: Job) -> None:
    token = claim(job)

    activities.run(job.pk, token)
    activities.run(job.pk, token)

    assert reading.rounds == 1


def test_a_slice_hands_on_what_the_next_one_needs(reading: Reading, job: Job) -> None:
    reading.work = lambda job, report: DONE if job.params.get("page") == 2 else Unfinished({"page": 2})

    work_on(job)
    assert fresh(job).state == JobState.RUNNING
    work_on(job)

    assert fresh(job).state == JobState.SUCCEEDED


def test_a_late_delivery_does_not_repeat_a_slice_that_was_handed_on(reading: Reading, job: Job) -> None:
    reading.work = lambda job, report: Unfinished({"page": 2})
    token = claim(job)
    activities.run(job.pk, token)

    activities.run(job.pk, token)

    assert reading.rounds == 1


def test_a_platform_that_stays_away_fails_it_with_one_line_a_fault_and_the_next_step(
    reading: Reading, job: Job
) -> None:
    reading.work = unavailable

    for _ in range(activities.ATTEMPTS_LIMIT):
        work_on(job)

    assert fresh(job).state == JobState.FAILED
    assert job.problem == (
        "Read: The service is resting (HTTP 503). Trying again for a while did not help; try once more when the "
        "platform answers."
    )
    assert "The service is resting. Trying again" in texts(job)
    assert reading.given_up_jobs == [job.pk]


def test_a_fault_of_ours_ends_it_at_once(reading: Reading, job: Job) -> None:
    def break_off(job: Job, report: Report) -> Ending:
        raise ZeroDivisionError

    reading.work = break_off

    work_on(job)

    assert fresh(job).problem_kind == ProblemKind.INTERNAL
    assert "Nothing was written at the platform" in job.problem


def test_a_worker_that_was_replaced_stops_at_its_next_report(reading: Reading, job: Job) -> None:
    reached: list[str] = []

    def be_overtaken(job: Job, report: Report) -> Ending:
        claim(job)
        report("Still here")
        reached.append("after the report")
        return DONE

    reading.work = be_overtaken

    work_on(job)

    assert reached == []
    assert fresh(job).state == JobState.RUNNING


def test_a_worker_that_was_replaced_without_noticing_does_not_end_the_job(reading: Reading, job: Job) -> None:
    def be_overtaken(job: Job, report: Report) -> Ending:
        claim(job)
        return DONE

    reading.work = be_overtaken

    work_on(job)

    assert fresh(job).state == JobState.RUNNING


def test_work_that_kills_its_worker_every_time_is_given_up(reading: Reading, job: Job) -> None:
    started = timezone.now() - activities.PATIENCE - timedelta(minutes=1)
    Job.objects.filter(pk=job.pk).update(
        state=JobState.RUNNING, started_at=started, deadline_at=started + activities.PATIENCE
    )

    work_on(job)

    assert fresh(job).state == JobState.FAILED
    assert "not done within 1 hour." in job.problem
    assert reading.rounds == 0
