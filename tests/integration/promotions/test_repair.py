"""Retrying what failed, running again, and one package into several targets, against the emulator."""

import re
from collections import Counter
from collections.abc import Callable

import pytest

from accounts.models import AuditEvent, Organization, User
from promotions.choices import Decision, JobState, ResultOutcome, Verification
from promotions.models import Job, PlanItem, Promotion, TaskResult
from promotions.services import jobs, plans, repeats, runs
from promotions.services.errors import RefusedError
from promotions.services.verbs import Verb
from tests.integration.promotions.conftest import STORY, Platform, run_due
from tests.integration.promotions.test_running import IMPORT_PATH, decide_all

pytestmark = pytest.mark.django_db

Drive = Callable[[Job], Job]
# What the platform appends to a title that is taken.
COPY = re.compile(r"_\d{10,}$")
PARTLY, HIDDEN = "Store footfall sources", "CRM identity foundation"


@pytest.fixture
def ran(planned: Callable[..., Promotion], operator: User, drive: Drive) -> Callable[..., Job]:
    """Plans a package, decides everything and runs it to its end."""

    def run(name: str = STORY, sandbox: str = "stage") -> Job:
        promotion = planned(name, sandbox)
        decide_all(promotion, operator)
        return drive(runs.request_run(plan=promotion.current_plan, actor=operator))

    return run


def gathered(promotion: Promotion, drive: Drive) -> Promotion:
    job = plans.gathering_job(promotion.current_plan)
    assert job is not None
    drive(job)
    promotion.refresh_from_db()
    return promotion


def objects_in(platform: Platform, acme: Organization, sandbox: str = "stage") -> Counter[tuple[str, str]]:
    """How many objects of each type and title the target holds; a copy that got its own title counts as a second."""
    state = platform.state()
    organization = next(found for found in state["organizations"] if found["ims_org_id"] == acme.remote_id)
    held = next(found for found in organization["sandboxes"] if found["name"] == sandbox)["objects"]
    return Counter((found["type"], COPY.sub("", found["title"])) for found in held)


def made_by(job: Job) -> dict[str, str]:
    created = job.results.filter(outcome=ResultOutcome.CREATED)
    return {result.remote_id: result.new_id for result in created}


@pytest.mark.parametrize("fault", ["partial_failure", "story"])
def test_a_retry_uses_what_was_created_and_creates_nothing_twice(
    platform: Platform, acme: Organization, operator: User, ran: Callable[..., Job], drive: Drive, fault: str
) -> None:
    if fault == "partial_failure":
        platform.arm("POST", IMPORT_PATH, "partial_failure", artifact="Store visit preferences")
    job = ran(STORY if fault == "partial_failure" else PARTLY)
    made = made_by(job)
    assert job.state == JobState.PARTLY_FAILED, job.problem
    assert made

    held = objects_in(platform, acme)
    missing = {(found.type, found.title) for found in repeats.failed_results(job)}

    promotion = gathered(repeats.retry_failed(job=job, actor=operator), drive)

    plan = promotion.current_plan
    decided = {item.remote_id: item for item in plan.items.all()}
    assert promotion.origin_job == job
    for remote_id, new_id in made.items():
        item = decided[remote_id]
        assert (item.decision, item.target and item.target["id"]) == (Decision.REUSE, new_id), item
        assert item.earlier is not None
        assert item.earlier["text"] == f"Created by job {job.pk}."
        assert item.decided_by == operator
    decide_all(promotion, operator)
    second = drive(runs.request_run(plan=promotion.current_plan, actor=operator))
    if fault == "partial_failure":
        assert second.state == JobState.SUCCEEDED, second.problem
    added = objects_in(platform, acme) - held
    assert set(added.values()) <= {1}
    assert set(added) <= missing
    assert set(added) == missing or fault == "story"


def item_of(promotion: Promotion, result: TaskResult) -> PlanItem:
    return promotion.current_plan.items.get(type=result.type, remote_id=result.remote_id)


def test_a_hidden_error_is_retried_without_making_the_others_anew(
    platform: Platform, acme: Organization, operator: User, ran: Callable[..., Job], drive: Drive
) -> None:
    job = ran(HIDDEN)
    hidden = job.results.get(outcome=ResultOutcome.HIDDEN_ERROR)
    held = objects_in(platform, acme)

    promotion = gathered(repeats.retry_failed(job=job, actor=operator), drive)

    failed = item_of(promotion, hidden)
    assert failed.earlier is not None
    assert failed.earlier["text"] == f"Failed in job {job.pk}."
    decide_all(promotion, operator)
    drive(runs.request_run(plan=promotion.current_plan, actor=operator))
    assert set(objects_in(platform, acme) - held) <= {(hidden.type, hidden.title)}
    assert platform.imports_sent() == 2


@pytest.mark.parametrize("doubt", ["unknown", "contradicted", "without an id"])
def test_what_is_not_known_of_an_object_is_for_a_person_to_decide(
    operator: User, ran: Callable[..., Job], drive: Drive, doubt: str
) -> None:
    job = ran(PARTLY)
    result = job.results.filter(outcome=ResultOutcome.CREATED).exclude(title="").first()
    assert result is not None
    changes: dict[str, dict[str, str]] = {
        "unknown": {"outcome": ResultOutcome.UNKNOWN},
        "contradicted": {"verification": Verification.CONTRADICTED},
        "without an id": {"new_id": ""},
    }
    TaskResult.objects.filter(pk=result.pk).update(**changes[doubt])

    promotion = gathered(repeats.retry_failed(job=job, actor=operator), drive)

    item = item_of(promotion, result)
    assert (item.must_decide, item.decision, item.decided_by) == (True, Decision.UNDECIDED, None)
    assert item.earlier is not None
    assert f"Job {job.pk}" in item.earlier["text"]
    assert item.earlier["text"].endswith("Look whether the target holds it.")
    assert any("undecided" in reason for reason in runs.reasons_not_to_run(promotion.current_plan))


def test_a_job_that_was_closed_unseen_leaves_every_creation_undecided(
    platform: Platform, planned: Callable[..., Promotion], operator: User, drive: Drive
) -> None:
    platform.arm("POST", IMPORT_PATH, "stuck_job")
    promotion = planned(PARTLY)
    decide_all(promotion, operator)
    job = runs.request_run(plan=promotion.current_plan, actor=operator)
    run_due()
    job.refresh_from_db()
    jobs.stop_following(job=job, actor=operator)
    jobs.close(job=job, actor=operator, reason="It hangs.")
    job.refresh_from_db()

    again = gathered(repeats.retry_failed(job=job, actor=operator), drive)

    created = {item.remote_id for item in promotion.current_plan.items.filter(decision=Decision.CREATE)}
    undecided = again.current_plan.items.filter(decision=Decision.UNDECIDED, must_decide=True)
    assert created
    assert {item.remote_id for item in undecided} >= created - set(job.results.values_list("remote_id", flat=True))
    assert all("closed before its end was known" in str(item.earlier) for item in undecided)


def test_reading_the_facts_again_keeps_what_the_retry_knows(
    operator: User, ran: Callable[..., Job], drive: Drive
) -> None:
    job = ran(PARTLY)
    promotion = gathered(repeats.retry_failed(job=job, actor=operator), drive)
    known = {item.key: (item.decision, item.target, item.earlier) for item in promotion.current_plan.items.all()}

    drive(plans.refresh(plan=promotion.current_plan, actor=operator))

    assert {
        item.key: (item.decision, item.target, item.earlier) for item in promotion.current_plan.items.all()
    } == known


def test_a_job_is_retried_by_one_promotion_at_a_time(operator: User, ran: Callable[..., Job]) -> None:
    job = ran(PARTLY)
    first = repeats.retry_failed(job=job, actor=operator)

    with pytest.raises(RefusedError, match=f"Promotion {first.pk} retries it already"):
        repeats.retry_failed(job=job, actor=operator)

    plans.abandon(promotion=first, actor=operator)
    assert repeats.retry_failed(job=job, actor=operator).origin_job == job
    assert AuditEvent.objects.filter(verb=Verb.RUN_REPEATED).count() == 2


def test_what_went_well_is_not_retried(operator: User, ran: Callable[..., Job]) -> None:
    job = ran()

    with pytest.raises(RefusedError, match="Nothing of it failed"):
        repeats.retry_failed(job=job, actor=operator)


def test_running_again_decides_nothing_and_links_to_no_job(
    operator: User, ran: Callable[..., Job], drive: Drive
) -> None:
    job = ran()
    assert job.promotion is not None

    again = gathered(repeats.run_again(promotion=job.promotion, actor=operator), drive)

    items = again.current_plan.items.filter(must_decide=True)
    assert {item.decision for item in items} == {Decision.UNDECIDED}
    assert again.origin_job is None
    assert again.pk != job.promotion.pk
    assert any(item.remembered for item in items)
