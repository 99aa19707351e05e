"""Planning, filling in and importing journeys against the emulator."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Organization, User
from promotions.choices import Decision, ItemInput, JobState, PlanState, Verification
from promotions.models import Job, Journey, JourneyCopy, Plan, PlanItem, SealedValue
from promotions.services import decisions, jobs, journey_plans, journey_texts, plans, runs
from promotions.services.decisions import Verdict
from promotions.systems.base import system
from promotions.systems.journeys.connection import journeys as authoring
from promotions.systems.journeys.synchronizing import SynchronizeJourneys
from tests.integration.promotions.conftest import Platform, sandbox_of
from tests.integration.promotions.journeys_world import World, world

__all__ = ["world"]

STORY = "Order confirmation"
TEMPLATE_IN_STAGE = "Order confirmation EN (test)"
NEW_URL = "https://stage.example.test/changed"
SECRET = "s3cret-Value-of-the-Test"

Drive = Callable[[Job], Job]


@pytest.fixture
def journeys_read(acme: Organization, operator: User, drive: Drive) -> Organization:
    drive(jobs.queue_once(kind=SynchronizeJourneys.kind, title="Journeys", organization=acme, actor=operator))
    return acme


@pytest.fixture
def plan_of(journeys_read: Organization, operator: User, drive: Drive) -> Callable[..., Plan]:
    """Plans the latest version of a journey into a sandbox of its organization and gathers the facts."""

    def planned(name: str = STORY, target: str = "stage", **options: Any) -> Plan:
        journey = Journey.objects.get(sandbox__name="dev", organization=journeys_read, name=name)
        promotion = journey_plans.plan_promotion(
            journey=journey,
            version_uid=options.pop("version_uid", journey.latest_version_uid),
            sandbox=sandbox_of(journeys_read, target),
            actor=operator,
        )
        job = plans.gathering_job(promotion.current_plan)
        assert job is not None
        drive(job)
        return promotion.current_plan

    return planned


def fill_all(plan: Plan, actor: User) -> None:
    """Type every secret, take the target's schema, call the template what the target calls it."""
    for item in plan.items.filter(must_decide=True):
        decisions.decide(plan=plan, verdicts=[verdict_on(item)], actor=actor)


def verdict_on(item: PlanItem) -> Verdict:
    if item.input == ItemInput.SECRET:
        return Verdict(item.pk, Decision.FILL, value=f"{SECRET}-{item.position}")
    reused = next((choice for choice in item.choices if choice["decision"] == Decision.REUSE), None)
    if reused is not None:
        return Verdict(item.pk, Decision.REUSE, reused["target"]["id"])
    if item.type == "Template name":
        return Verdict(item.pk, Decision.FILL, value=TEMPLATE_IN_STAGE)
    return Verdict(item.pk, Decision.KEEP)


def test_a_journey_is_planned_filled_in_imported_and_seen_in_the_target(
    platform: Platform, plan_of: Callable[..., Plan], operator: User, drive: Drive
) -> None:
    plan = plan_of()
    assert plan.state == PlanState.OPEN, plan.blockers
    assert [item.type for item in plan.items.all()].count("Secret") == 4
    assert plan.items.count() == 7
    assert platform.effects("journeys.import") == 0
    # The field group of this one holds its data source once more.
    uses = Journey.objects.get(pk=plan.promotion.pick["journey"]).uses or []
    assert sorted(one["type"] for one in uses if one["name"] in ("carrierTracking", "parcelStatus")) == [
        "data source",
        "field group",
    ]
    assert {"custom action", "event"} < {one["type"] for one in uses}

    fill_all(plan, operator)
    job = drive(runs.request_run(plan=Plan.objects.get(pk=plan.pk), actor=operator))

    assert job.state == JobState.SUCCEEDED, job.problem
    assert platform.effects("journeys.import") == 1
    copy = JourneyCopy.objects.get(job=job)
    assert copy.name.startswith(STORY)
    assert {result.verification for result in job.results.exclude(outcome="unchanged")} == {Verification.CONFIRMED}
    assert not SealedValue.objects.exists()


def test_a_text_that_was_chosen_is_changed_in_what_is_sent(world: World) -> None:
    plan = world.plan()
    [hit, *_] = journey_texts.search(plan, "https url").texts
    item = journey_texts.choose(plan=plan, pointer=hit.pointer, actor=world.operator)
    decisions.decide(plan=plan, verdicts=[Verdict(item.pk, Decision.FILL, value=NEW_URL)], actor=world.operator)
    plans.refresh(plan=plan, actor=world.operator)
    plan = world.gathered(plan)
    assert (plan.items.get(key=item.key).target or {})["title"] == NEW_URL

    job = world.run(world.fill(plan))

    assert job.state == JobState.SUCCEEDED, job.problem
    copy = JourneyCopy.objects.get(job=job)
    with authoring(copy.target_organization, sandbox=copy.target_sandbox.name) as client:
        exported = client.export(copy.version_uid).content.decode()
    assert (NEW_URL in exported, hit.current in exported) == (True, False)
    again = system("journeys").again(copy.promotion, actor=world.operator, origin_job=None)
    assert again.pick["texts"] == [hit.pointer]
