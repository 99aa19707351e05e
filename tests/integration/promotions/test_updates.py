"""Imports as update against the emulator: what is offered, what is overwritten, and lost answers without a mark."""

from collections.abc import Callable

import pytest
from django.db import transaction

from accounts.models import Organization, User
from clients.sandbox_versions import VersioningClient
from promotions.choices import (
    Decision,
    JobState,
    PlanState,
    ProblemKind,
    PromotionMode,
    ResultOutcome,
    Verification,
)
from promotions.models import Job, Package, Plan, Promotion, RememberedDecision
from promotions.services import decisions, freezing, jobs, package_readings, plans, repeats, runs
from promotions.services.decisions import Verdict
from promotions.services.errors import RefusedError
from promotions.systems.base import system
from promotions.systems.packages import kinds
from promotions.systems.packages.connection import platform as platform_connection
from promotions.systems.packages.connection import tooling
from promotions.systems.packages.matching import UPDATABLE
from tests.integration.promotions.conftest import STORY, Platform, known_package, run_due
from tests.integration.promotions.test_repair import gathered, objects_in
from tests.integration.promotions.test_running import SETTLE, decide_all, fresh, texts
from tests.integration.promotions.test_versions import effects, switch

pytestmark = pytest.mark.django_db

Drive = Callable[[Job], Job]
UPDATE_PATH = "*/packages/*/import"


@pytest.fixture
def updating(acme: Organization, operator: User, drive: Drive, planned: Callable[..., Promotion]) -> Promotion:
    """A gathered plan that updates what is in the target."""
    package = known_package(acme, STORY)
    drive(package_readings.read_package(package=package, actor=operator))
    return planned(mode=PromotionMode.UPDATE)


@pytest.fixture
def requested(updating: Promotion, operator: User) -> Job:
    decide_all(updating, operator)
    return runs.request_run(plan=updating.current_plan, actor=operator)


def sent_updates(platform: Platform) -> list[dict[str, object]]:
    return [row["body"] for row in platform.requests() if row["method"] == "PATCH" and row["path"].endswith("/import")]


def test_a_package_that_was_not_asked_is_not_planned_as_update(
    acme: Organization, planned: Callable[..., Promotion]
) -> None:
    known_package(acme, STORY)

    with pytest.raises(RefusedError, match="not known yet"):
        planned(mode=PromotionMode.UPDATE)

    assert not Promotion.objects.exists()


def test_updatable_objects_are_offered_what_they_can_overwrite_and_all_else_is_created(updating: Promotion) -> None:
    items = list(updating.current_plan.items.all())

    updatable = [item for item in items if item.must_decide]
    others = [item for item in items if not item.must_decide]

    assert updatable
    assert {item.type for item in updatable} <= UPDATABLE
    assert {choice["decision"] for item in updatable for choice in item.choices} == {Decision.UPDATE, Decision.CREATE}
    assert {item.decision for item in others} == {Decision.CREATE}
    assert all(item.choices[0]["target"]["title"] == item.title for item in updatable if item.match == "exact")


def test_an_update_overwrites_what_was_chosen_and_says_so(
    platform: Platform, acme: Organization, requested: Job, drive: Drive
) -> None:
    before = objects_in(platform, acme)
    assert requested.plan is not None
    updated = requested.plan.items.filter(decision=Decision.UPDATE)
    assert updated.exists()

    job = drive(requested)

    [sent] = sent_updates(platform)
    results = job.results.filter(outcome=ResultOutcome.UPDATED)
    assert job.kind == kinds.IMPORT_UPDATE
    assert job.state == JobState.SUCCEEDED, job.problem
    assert sent["overwriteMappings"] == {
        item.remote_id: {"id": item.target["id"], "type": item.target["type"]} for item in updated if item.target
    }
    assert {result.remote_id for result in results} == {item.remote_id for item in updated}
    assert set(results.values_list("verification", flat=True)) == {Verification.CONFIRMED}
    assert all(objects_in(platform, acme)[item.type, item.title] == before[item.type, item.title] for item in updated)


def test_the_decision_to_update_is_remembered_and_offered_again(
    requested: Job, drive: Drive, planned: Callable[..., Promotion], operator: User
) -> None:
    drive(requested)
    remembered = RememberedDecision.objects.filter(decision=Decision.UPDATE)
    assert remembered.exists()
    again = planned(mode=PromotionMode.UPDATE).current_plan

    changed = decisions.take_remembered(plan=again, actor=operator)

    updated = [item for item in changed if item.decision == Decision.UPDATE]
    assert len(updated) == remembered.count()
    assert all(item.target for item in updated)


def test_what_an_earlier_run_made_is_offered_for_update(
    planned: Callable[..., Promotion], operator: User, drive: Drive
) -> None:
    first = planned()
    plan = first.current_plan
    creations = [Verdict(item.pk, Decision.CREATE) for item in plan.items.filter(must_decide=True)]
    decisions.decide(plan=plan, verdicts=creations, actor=operator)
    run = drive(runs.request_run(plan=plan, actor=operator))
    made = {
        result.remote_id: result.new_id
        for result in run.results.filter(outcome=ResultOutcome.CREATED, type__in=UPDATABLE)
    }
    assert made
    drive(package_readings.read_package(package=Package.objects.get(name=STORY), actor=operator))

    items = planned(sandbox=first.target_sandbox.name, mode=PromotionMode.UPDATE).current_plan.items

    for remote_id, new_id in made.items():
        offered = [choice for choice in items.get(remote_id=remote_id).choices if choice["target"]]
        [ours] = [choice for choice in offered if choice["target"]["id"] == new_id]
        assert f"created by job {run.pk}" in ours["reason"]


def test_the_mode_and_the_decision_are_what_is_agreed_to(updating: Promotion, operator: User) -> None:
    decide_all(updating, operator)
    plan = updating.current_plan
    agreed = freezing.content_hash(plan)

    item = plan.items.filter(decision=Decision.UPDATE)[0]
    decisions.decide(plan=plan, verdicts=[Verdict(item.pk, Decision.CREATE)], actor=operator)

    assert plan.facts["mode"] == PromotionMode.UPDATE
    assert freezing.content_hash(Plan.objects.get(pk=plan.pk)) != agreed


def test_the_run_says_how_many_are_overwritten(updating: Promotion, operator: User) -> None:
    decide_all(updating, operator)
    items = list(updating.current_plan.items.all())
    number = sum(item.decision == Decision.UPDATE for item in items)

    title = system("packages").run_title(updating, items)

    assert title == f"Run update: {number} updated, {len(items) - number} created in stage"


def test_fresh_facts_keep_a_decision_to_update(updating: Promotion, operator: User, drive: Drive) -> None:
    decide_all(updating, operator)
    before = dict(updating.current_plan.items.values_list("key", "decision"))

    drive(plans.refresh(plan=updating.current_plan, actor=operator))

    assert dict(updating.current_plan.items.values_list("key", "decision")) == before


def test_a_package_that_may_no_longer_update_stops_before_sending(
    platform: Platform, requested: Job, drive: Drive
) -> None:
    switch(platform, versioning=False)

    job = drive(requested)

    assert job.state == JobState.CANCELLED
    assert job.problem_kind == ProblemKind.PLAN_CHANGED
    assert "does not let this package update objects" in job.problem
    assert not sent_updates(platform)


@pytest.mark.parametrize("fault", ["reset", "truncated", "empty"])
def test_a_lost_answer_is_adopted_as_the_one_new_job_of_the_name(
    platform: Platform, requested: Job, drive: Drive, fault: str
) -> None:
    platform.arm("PATCH", UPDATE_PATH, fault, when="after", count=1)
    run_due()
    assert fresh(requested).state == JobState.SUBMITTING

    run_due(later=SETTLE)

    assert fresh(requested).state == JobState.RUNNING, texts(requested)
    assert drive(requested).state == JobState.SUCCEEDED, requested.problem
    assert effects(platform, "import.update") == 1


def test_an_earlier_job_of_the_name_is_not_taken_for_ours(
    platform: Platform, acme: Organization, updating: Promotion, operator: User, drive: Drive
) -> None:
    update_elsewhere(acme, updating)
    platform.advance(100)
    decide_all(updating, operator)
    drive(plans.refresh(plan=updating.current_plan, actor=operator))
    decide_all(updating, operator)
    job = runs.request_run(plan=updating.current_plan, actor=operator)
    platform.arm("PATCH", UPDATE_PATH, "reset", when="before", count=1)
    run_due()

    run_due(later=SETTLE)
    run_due(later=SETTLE)

    assert drive(job).state == JobState.SUCCEEDED, texts(job)
    assert job.submit_count == 2
    assert effects(platform, "import.update") == 2


def test_two_new_jobs_of_the_name_are_for_a_person(
    platform: Platform, acme: Organization, requested: Job, updating: Promotion, operator: User, drive: Drive
) -> None:
    platform.arm("PATCH", UPDATE_PATH, "reset", when="after", count=1)
    run_due()
    update_elsewhere(acme, updating)

    run_due(later=SETTLE)

    assert fresh(requested).state == JobState.NEEDS_ATTENTION, texts(requested)
    assert len(requested.result["candidates"]) == 2
    jobs.adopt(job=requested, remote_id=requested.result["candidates"][-1], actor=operator, reason="Compared")
    assert drive(requested).state == JobState.SUCCEEDED, requested.problem
    assert effects(platform, "import.update") == 2


def update_elsewhere(acme: Organization, promotion: Promotion) -> None:
    """Somebody has the same package update the same sandbox, under the same name, past this installation."""
    assert promotion.package is not None
    with platform_connection(acme) as connection:
        VersioningClient(connection, sandbox="stage").import_update(
            promotion.package.remote_id, name=promotion.job_name, target_sandbox="stage", overwrite={}
        )


def test_a_plain_import_of_the_name_is_not_taken_for_an_update(
    platform: Platform, acme: Organization, requested: Job, updating: Promotion, drive: Drive
) -> None:
    platform.arm("PATCH", UPDATE_PATH, "reset", when="after", count=1)
    run_due()
    assert updating.package is not None
    with tooling(acme, sandbox="stage") as client:
        client.import_package(
            updating.package.remote_id,
            target_sandbox="stage",
            name=updating.job_name,
            description="",
            alternatives={},
        )

    run_due(later=SETTLE)

    assert fresh(requested).state == JobState.RUNNING, texts(requested)


def test_what_failed_of_an_update_is_retried_as_an_update(
    platform: Platform, requested: Job, operator: User, drive: Drive
) -> None:
    platform.arm("PATCH", UPDATE_PATH, "partial_failure", count=1)
    job = drive(requested)
    assert job.state == JobState.PARTLY_FAILED, job.problem

    newer = gathered(repeats.retry_failed(job=job, actor=operator), drive)

    plan = newer.current_plan
    assert newer.mode == PromotionMode.UPDATE
    assert plan.state == PlanState.OPEN
    assert not plan.items.filter(decision=Decision.REUSE).exists()
    made = job.results.filter(outcome=ResultOutcome.CREATED, type__in=UPDATABLE).values_list("remote_id", "new_id")
    for remote_id, new_id in made:
        item = plan.items.get(remote_id=remote_id)
        assert (item.decision, item.target["id"] if item.target else None) == (Decision.UPDATE, new_id)


def test_a_lost_update_is_not_taken_in_as_started_elsewhere(
    platform: Platform, requested: Job, acme: Organization, drive: Drive
) -> None:
    platform.arm("PATCH", UPDATE_PATH, "reset", when="after", count=1)
    run_due()

    with transaction.atomic():
        looking = jobs.queue(kind=kinds.DISCOVER_JOBS, title="Look", organization=acme, actor=None)
    run_due()

    looking.refresh_from_db()
    assert looking.state == JobState.SUCCEEDED
    assert not Job.objects.filter(is_foreign=True, title=requested.title, sandbox=requested.sandbox).exists()
