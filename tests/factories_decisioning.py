"""Migrations to Decisioning for tests: plans with something to map, and runs with something to undo."""

from typing import Any

import factory

from promotions.choices import Decision, ItemInput, ItemKind, JobState, PlanState, PromotionMode, ResultOutcome
from promotions.models import Plan, PlanItem, Promotion, RunCheck
from promotions.systems.decisioning import kinds
from promotions.systems.decisioning.items import PROFILE
from tests.factories import OrganizationFactory
from tests.factories_promotions import JobFactory, PlanFactory, PlanItemFactory, PromotionFactory, TaskResultFactory


class MigrationFactory(PromotionFactory):
    """The whole of the sandbox dev, into another of the same organization."""

    class Meta:
        model = Promotion

    class Params:
        organization = factory.SubFactory(OrganizationFactory)

    system = kinds.SYSTEM
    package = None
    title = "Decisioning of dev"
    job_name = "Decisioning of dev"
    source_place = "dev"
    source_organization = factory.SelfAttribute("organization")
    target_organization = factory.SelfAttribute("organization")
    target_sandbox = factory.SubFactory(
        "tests.factories.SandboxFactory", organization=factory.SelfAttribute("..organization")
    )
    pick = factory.LazyFunction(lambda: {"source": "dev", "level": "sandbox", "ids": [], "hours": 24})


class MigrationPlanFactory(PlanFactory):
    """Open, without anything to map."""

    class Meta:
        model = Plan

    promotion = factory.SubFactory(MigrationFactory)
    facts = factory.LazyFunction(dict)


class MappingFactory(PlanItemFactory):
    """A profile attribute that nobody has mapped."""

    class Meta:
        model = PlanItem

    class Params:
        name = factory.Sequence(lambda n: f"_dev.attribute{n}")

    plan = factory.SubFactory(MigrationPlanFactory)
    kind = ItemKind.VALUE
    type = PROFILE
    key = factory.LazyAttribute(lambda made: f"{made.type}:{made.name}")
    remote_id = factory.SelfAttribute("name")
    title = factory.SelfAttribute("name")
    input = ItemInput.TEXT
    details = factory.LazyAttribute(lambda made: {"current": made.name})
    must_decide = True
    choices = factory.LazyFunction(
        lambda: [
            {"decision": decision, "target": None, "reason": "", "consequence": "", "rank": 0}
            for decision in (Decision.KEEP, Decision.LEAVE)
        ]
    )


def migrated(organization: Any) -> Any:
    """The job of a migration that ended well, with something made and something to check."""
    plan = MigrationPlanFactory(promotion__organization=organization, state=PlanState.READY)
    job = JobFactory(
        organization=organization,
        kind=kinds.MIGRATE,
        plan=plan,
        promotion=plan.promotion,
        sandbox=plan.promotion.target_sandbox,
        succeeded=True,
        state=JobState.SUCCEEDED,
        remote_status="Completed",
    )
    TaskResultFactory(job=job, outcome=ResultOutcome.CREATED)
    RunCheck.objects.create(job=job, key="objects", position=0, title="Objects look right")
    return job


def rollback_of(job: Any) -> Any:
    """The open plan that takes a migration back."""
    return MigrationPlanFactory(
        promotion__organization=job.organization,
        promotion__target_sandbox=job.sandbox,
        promotion__origin_job=job,
        promotion__mode=PromotionMode.UNDO,
    )
