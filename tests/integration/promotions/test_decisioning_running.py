"""Analysing, mapping, migrating and rolling back against the emulator."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Organization, User
from promotions.choices import Decision, JobState, PlanState, ResultOutcome
from promotions.models import Job, Plan, PlanItem, Promotion, RunCheck
from promotions.services import decisioning_plans, decisions, plans, runs, undoing
from promotions.services.decisions import Verdict
from promotions.systems.decisioning.items import DATASET, PROFILE, SEGMENT
from promotions.systems.decisioning.picks import Pick
from tests.integration.promotions.conftest import Platform, sandbox_of

DATASET_OF_STAGE = "Decisioning events"
Drive = Callable[[Job], Job]


def gathered(promotion: Promotion, drive: Drive) -> Plan:
    """Its plan once the analysis, and the reading after it, are over."""
    for _ in range(3):
        plan = promotion.current_plan
        job = plans.gathering_job(plan)
        assert job is not None
        ended = drive(job)
        assert ended.state in (JobState.SUCCEEDED, JobState.SUCCEEDED_WITH_WARNINGS), ended.problem
        if promotion.current_plan.state != PlanState.GATHERING:
            return promotion.current_plan
    pytest.fail("the plan never opened")


@pytest.fixture
def migration(acme: Organization, operator: User, drive: Drive) -> Callable[..., Plan]:
    def planned(source: str = "dev", target: str = "stage", **options: Any) -> Plan:
        promotion = decisioning_plans.plan_migration(
            pick=Pick(source, options.pop("level", "sandbox"), **options),
            target=sandbox_of(acme, target),
            actor=operator,
        )
        return gathered(promotion, drive)

    return planned


def map_all(plan: Plan, actor: User, platform: Platform) -> None:
    """Map everything to what the target has under the same name, as somebody would who knows both sandboxes."""
    there = {name: world_of(platform, name) for name in ("dev", "stage")}
    for item in plan.items.filter(must_decide=True):
        decisions.decide(plan=plan, verdicts=[verdict_on(item, there)], actor=actor)


def world_of(platform: Platform, sandbox: str) -> dict[str, Any]:
    acme = platform.state()["organizations"][0]
    found: dict[str, Any] = next(one for one in acme["sandboxes"] if one["name"] == sandbox)["decisioning"]
    return found


def verdict_on(item: PlanItem, there: dict[str, dict[str, Any]]) -> Verdict:
    offered = [choice["decision"] for choice in item.choices]
    if Decision.CONFIRM in offered:
        return Verdict(item.pk, Decision.CONFIRM)
    if item.type == DATASET:
        return Verdict(item.pk, Decision.FILL, value=DATASET_OF_STAGE)
    if item.type == SEGMENT:
        title = there["dev"]["segments"][item.title]
        ids = {name: key for key, name in there["stage"]["segments"].items()}
        return Verdict(item.pk, Decision.FILL, value=ids[title])
    if item.type == PROFILE:
        last = item.title.rpartition(".")[2].casefold()
        found = [one for one in there["stage"]["profile_attributes"] if one.rpartition(".")[2].casefold() == last]
        return Verdict(item.pk, Decision.FILL, value=found[0])
    return Verdict(item.pk, Decision.KEEP)


def test_a_sandbox_is_analysed_mapped_migrated_and_rolled_back(
    platform: Platform, migration: Callable[..., Plan], operator: User, drive: Drive
) -> None:
    plan = migration()
    assert plan.state == PlanState.OPEN, plan.blockers
    assert platform.effects("decisioning.analyse") == 1
    assert platform.effects("decisioning.migrate") == 0

    map_all(plan, operator, platform)
    job = drive(runs.request_run(plan=Plan.objects.get(pk=plan.pk), actor=operator))

    assert job.state in (JobState.SUCCEEDED, JobState.SUCCEEDED_WITH_WARNINGS), job.problem
    assert platform.effects("decisioning.migrate") == 1
    assert job.results.filter(outcome=ResultOutcome.CREATED).exists()
    assert RunCheck.objects.filter(job=job).exists()

    undo = undoing.undo(job=job, reason="Wrong sandbox", actor=operator)
    plan = gathered(undo, drive)
    map_all(plan, operator, platform)
    taken_back = drive(runs.request_run(plan=Plan.objects.get(pk=plan.pk), actor=operator))

    assert taken_back.state == JobState.SUCCEEDED, taken_back.problem
    assert platform.effects("decisioning.roll_back") == 1
    assert set(taken_back.results.values_list("outcome", flat=True)) == {ResultOutcome.REMOVED}
    assert undoing.reason_not_to_undo(job).startswith("Promotion")
