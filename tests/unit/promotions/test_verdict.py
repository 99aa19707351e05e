"""How an import really ended: the platform's word against every object's result and the second look."""

from typing import Any

import pytest

from clients.sandbox_tooling import RemoteArtifact, RemoteConflict
from promotions.choices import Decision, JobState, ProblemKind, ResultOutcome, Verification
from promotions.models import Job, TaskResult
from promotions.systems.packages.verdict import add_unmentioned, conclude, in_words
from promotions.systems.packages.verifying import verify
from tests.factories_promotions import JobFactory, PlanItemFactory

pytestmark = pytest.mark.django_db


def result(job: Job, outcome: ResultOutcome, **fields: Any) -> TaskResult:
    number = job.results.count()
    values = {"claim": "SUCCESS", "title": f"Object {number}", "new_id": f"new-{number}", **fields}
    return TaskResult.objects.create(
        job=job, position=number, type="REGISTRY_SCHEMA", remote_id=f"old-{number}", outcome=outcome, **values
    )


@pytest.fixture
def job(db: None) -> Job:
    made: Job = JobFactory(kind="packages.import", state=JobState.RUNNING, remote_status="SUCCESS")
    return made


def test_all_created_is_a_success(job: Job) -> None:
    result(job, ResultOutcome.CREATED, verification=Verification.CONFIRMED)
    result(job, ResultOutcome.REUSED)

    ending = conclude(job)

    assert ending.state == JobState.SUCCEEDED
    assert (ending.result["claimed"], ending.result["verified"]) == (2, 1)


def test_a_claimed_success_without_any_object_is_only_a_warning(job: Job) -> None:
    ending = conclude(job)

    assert ending.state == JobState.SUCCEEDED_WITH_WARNINGS
    assert "names no object" in ending.problem


def test_a_hidden_error_on_an_object_left_as_it_was_is_a_warning(job: Job) -> None:
    result(job, ResultOutcome.CREATED)
    result(
        job,
        ResultOutcome.HIDDEN_ERROR,
        new_id="",
        explanation="The platform reports SUCCESS, yet says: HTTP 400.",
        messages=[{"status": "NO_CHANGE"}],
    )

    ending = conclude(job)

    assert ending.state == JobState.SUCCEEDED_WITH_WARNINGS
    assert "HTTP 400" in ending.problem


def test_a_hidden_error_on_an_object_that_should_exist_now_is_a_partial_failure(job: Job) -> None:
    result(job, ResultOutcome.CREATED)
    result(job, ResultOutcome.HIDDEN_ERROR, new_id="", messages=[{"status": "CREATED"}])

    assert conclude(job).state == JobState.PARTLY_FAILED


def test_one_failure_among_good_results_is_partial_and_says_what_stays(job: Job) -> None:
    result(job, ResultOutcome.CREATED)
    result(job, ResultOutcome.FAILED, explanation="Missing permission.")

    ending = conclude(job)

    assert ending.state == JobState.PARTLY_FAILED
    assert "although the platform reports SUCCESS" in ending.problem
    assert "What was done to 1 object stays in the target" in ending.problem


def test_only_failures_are_a_failure(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(remote_status="FAILED")
    job.refresh_from_db()
    result(job, ResultOutcome.FAILED, explanation="Missing permission.")

    assert conclude(job).state == JobState.FAILED


def test_a_failed_job_that_names_no_failed_object_is_not_a_success(job: Job) -> None:
    job.remote_status = "FAILED"
    result(job, ResultOutcome.CREATED)

    ending = conclude(job)

    assert ending.state == JobState.PARTLY_FAILED
    assert "without saying which object failed" in ending.problem


def test_an_object_whose_fate_is_unknown_is_a_warning(job: Job) -> None:
    result(job, ResultOutcome.CREATED)
    result(job, ResultOutcome.UNKNOWN)

    ending = conclude(job)

    assert ending.state == JobState.SUCCEEDED_WITH_WARNINGS
    assert "is not known" in ending.problem


def test_a_claim_that_the_second_look_contradicts_is_a_warning(job: Job) -> None:
    result(job, ResultOutcome.CREATED)
    result(job, ResultOutcome.CREATED, verification=Verification.CONTRADICTED)

    ending = conclude(job)

    assert ending.state == JobState.SUCCEEDED_WITH_WARNINGS
    assert "a second look at the target shows nothing like" in ending.problem


def test_an_unconfirmed_result_is_not_made_worse_or_better(job: Job) -> None:
    result(job, ResultOutcome.CREATED, verification=Verification.NOT_CONFIRMED)

    ending = conclude(job)

    assert ending.state == JobState.SUCCEEDED
    assert ending.result["verified"] == 0


@pytest.mark.parametrize(("with_results", "expected"), [(False, JobState.CANCELLED), (True, JobState.PARTLY_FAILED)])
def test_a_job_cancelled_at_the_platform_tells_what_stays(job: Job, with_results: bool, expected: JobState) -> None:
    job.remote_status = "CANCELLED"
    if with_results:
        result(job, ResultOutcome.CREATED)

    assert conclude(job).state == expected


def test_an_object_the_job_never_mentions_is_unknown(job: Job) -> None:
    item = PlanItemFactory(decision=Decision.CREATE, type="REGISTRY_SCHEMA", remote_id="never-mentioned")
    job.plan = item.plan
    job.save()

    add_unmentioned(job)

    assert list(job.results.values_list("remote_id", "outcome")) == [("never-mentioned", ResultOutcome.UNKNOWN)]


def conflict(source_id: str, *target_ids: str) -> RemoteConflict:
    def artifact(remote_id: str) -> RemoteArtifact:
        return RemoteArtifact(id=remote_id, type="REGISTRY_SCHEMA", title=None, alt_id=None, new_id=None, messages=())

    return RemoteConflict(artifact(source_id), tuple(artifact(target) for target in target_ids), None)


@pytest.mark.parametrize(
    ("outcome", "new_id", "present", "before", "expected"),
    [
        (ResultOutcome.CREATED, "n", ["n"], [], Verification.CONFIRMED),
        (ResultOutcome.CREATED, "n", ["other"], ["other"], Verification.NOT_CONFIRMED),
        (ResultOutcome.CREATED, "n", [], [], Verification.CONTRADICTED),
        (ResultOutcome.CREATED, "", ["other"], [], Verification.NOT_CONFIRMED),
        (ResultOutcome.REUSED, "n", ["n"], ["n"], Verification.CONFIRMED),
        (ResultOutcome.FAILED, "", [], [], Verification.CONFIRMED),
        (ResultOutcome.FAILED, "", ["old"], ["old"], Verification.CONFIRMED),
        (ResultOutcome.FAILED, "", ["fresh"], [], Verification.CONTRADICTED),
        (ResultOutcome.FAILED, "n", ["n"], [], Verification.CONTRADICTED),
        (ResultOutcome.UNCHANGED, "", [], [], Verification.NOT_CONFIRMED),
    ],
)
def test_the_second_look(
    job: Job, outcome: ResultOutcome, new_id: str, present: list[str], before: list[str], expected: Verification
) -> None:
    found = result(job, outcome, new_id=new_id)
    earlier = {f"REGISTRY_SCHEMA:{found.remote_id}": [["REGISTRY_SCHEMA", remote_id, ""] for remote_id in before]}

    findings = verify([found], [conflict(found.remote_id, *present)], earlier)

    assert findings[found.pk].verification == expected


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"state": JobState.SUCCEEDED, "result": {"claimed": 3, "verified": 3}}, "found all 3 objects there"),
        ({"state": JobState.SUCCEEDED, "result": {"claimed": 1, "verified": 1}}, "found it there"),
        ({"state": JobState.SUCCEEDED, "result": {"claimed": 14, "verified": 12}}, "2 could not be told in this way"),
        ({"state": JobState.SUCCEEDED_WITH_WARNINGS}, "Look at the marked objects"),
        ({"state": JobState.PARTLY_FAILED}, "retry what failed: what was created"),
        ({"state": JobState.FAILED}, "The platform reports nothing created"),
        ({"state": JobState.FAILED, "submit_count": 0}, "The plan is open again"),
        ({"state": JobState.CANCELLED, "submit_count": 0}, "The plan is open again"),
        ({"state": JobState.CANCELLED, "problem_kind": ProblemKind.CLOSED}, "Look into"),
        (
            {"state": JobState.CANCELLED, "submit_count": 0, "problem_kind": ProblemKind.PLAN_CHANGED},
            "Look at what changed",
        ),
    ],
)
def test_every_end_says_in_words_what_comes_next(db: None, fields: dict[str, Any], sentence: str) -> None:
    job = JobFactory(kind="packages.import", **{"submit_count": 1, **fields})

    assert sentence in in_words(job)


@pytest.mark.parametrize(
    "fields",
    [{"state": JobState.RUNNING}, {"state": JobState.NEEDS_ATTENTION}, {"state": JobState.FAILED, "is_foreign": True}],
)
def test_no_advice_is_given_on_a_job_that_goes_on_or_is_not_ours(db: None, fields: dict[str, Any]) -> None:
    assert in_words(JobFactory(kind="packages.import", submit_count=1, **fields)) == ""
