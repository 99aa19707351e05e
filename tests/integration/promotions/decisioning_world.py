"""Offers and decisions of the emulator on their way to Decisioning, and back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import Organization, User
from promotions.choices import ACTIVE, Decision, PlanState
from promotions.engine import inline, registry
from promotions.models import Job, Plan, PlanItem, Promotion
from promotions.services import decisioning_plans, decisions, plans, runs, undoing
from promotions.services.decisions import Verdict
from promotions.systems.decisioning.items import DATASET, DATASTREAM, PROFILE, SEGMENT
from promotions.systems.decisioning.picks import Pick
from tests.integration.promotions.conftest import Platform, sandbox_of

ANALYSE, MIGRATE, ROLL_BACK = "decisioning.analyse", "decisioning.migrate", "decisioning.roll_back"
KINDS = (ANALYSE, MIGRATE, ROLL_BACK)
# How the calls that start workflows end, in either dialect.
CALLS = {
    "r4": {
        ANALYSE: "*/workflows/generate-dependencies",
        MIGRATE: "*/workflows/migration",
        ROLL_BACK: "*/workflows/rollback",
    },
    "r1": {
        ANALYSE: "*/migration/service/dependency",
        MIGRATE: "*/migration/service/migrations",
        ROLL_BACK: "*/migration/service/rollbacks/*",
    },
}
EVENTS = "Decisioning events"
SETTLE = timedelta(seconds=settings.SUBMIT_SETTLE_S + 1)


class World:
    """Acme's offers and decisions in dev, and what Towpath does with them."""

    def __init__(self, platform: Platform, acme: Organization, operator: User, drive: Callable[[Job], Job]) -> None:
        self.platform, self.acme, self.operator, self.drive = platform, acme, operator, drive

    def speak(self, dialect: str) -> None:
        """What the organization's admins have chosen."""
        self.acme.service_dialects = {"decisioning": dialect}
        self.acme.save(update_fields=["service_dialects"])

    @property
    def calls(self) -> dict[str, str]:
        return CALLS[self.acme.service_dialect("decisioning")]

    def planned(
        self, source: str = "dev", target: str = "stage", organization: Organization | None = None, **pick: Any
    ) -> Promotion:
        """A promotion whose analysis waits for its turn."""
        return decisioning_plans.plan_migration(
            pick=Pick(source, pick.pop("level", "sandbox"), **pick),
            target=sandbox_of(organization or self.acme, target),
            actor=self.operator,
        )

    def plan(self, source: str = "dev", target: str = "stage", **pick: Any) -> Plan:
        """The dependencies are analysed, and the facts gathered."""
        return self.gathered(self.planned(source, target, **pick))

    def gathered(self, promotion: Promotion) -> Plan:
        for _ in range(3):
            plan = promotion.current_plan
            if plan.state != PlanState.GATHERING:
                return plan
            self.drive(preparing(plan))
        pytest.fail(f"the plan never opened: {texts(preparing(promotion.current_plan))}")

    def map(self, plan: Plan) -> Plan:
        """Map everything that is undecided, as somebody would who knows both sandboxes."""
        undecided = list(plan.items.filter(must_decide=True, decision=Decision.UNDECIDED))
        found = self.shelves(plan.promotion.target_organization)
        source, target = found[plan.promotion.source_place], found[plan.promotion.target_sandbox.name]
        verdicts = [verdict_on(item, source, target) for item in undecided]
        decisions.decide(plan=plan, verdicts=verdicts, actor=self.operator)
        return plan.promotion.current_plan

    def shelves(self, organization: Organization | None = None) -> dict[str, Any]:
        """What the platform has of decisioning in each sandbox."""
        return shelves_of(self.platform, (organization or self.acme).name)

    def requested(self, plan: Plan | None = None) -> Job:
        """A run that waits for a worker."""
        plan = plan or self.map(self.plan())
        return runs.request_run(plan=Plan.objects.get(pk=plan.pk), actor=self.operator)

    def run(self, plan: Plan | None = None) -> Job:
        return self.drive(self.requested(plan))

    def undo(self, migration: Job, reason: str = "Wrong sandbox") -> Promotion:
        """The plan of a rollback, confirmed."""
        promotion = undoing.undo(job=migration, reason=reason, actor=self.operator)
        self.map(self.gathered(promotion))
        return promotion

    def queued(self, kind: str) -> Job:
        """A workflow of this kind, with all that comes before it, which waits for a worker."""
        if kind == ANALYSE:
            return preparing(self.planned().current_plan)
        if kind == MIGRATE:
            return self.requested()
        return self.requested(self.undo(self.run()).current_plan)

    def words(self, job: Job) -> str:
        """What its page says to do next."""
        return registry.describe(job)

    def begun(self, kind: str) -> int:
        """How many workflows of this kind have begun at the platform, whatever was answered."""
        return self.platform.effects(kind)

    def outsider(self, **facts: Any) -> str:
        """A workflow of somebody else holds the organization's place; its id."""
        return str(self.platform.control("workflows", organization="Acme", **{"seconds": 600, **facts})["id"])

    def finish(self, workflow_id: str) -> None:
        self.platform.control(f"workflows/{workflow_id}", status="Completed")

    def workflows(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.platform.state()["workflows"]
        return found


def shelves_of(platform: Platform, organization: str = "Acme") -> dict[str, Any]:
    found = next(one for one in platform.state()["organizations"] if one["name"] == organization)
    return {one["name"]: one["decisioning"] for one in found["sandboxes"]}


def preparing(plan: Plan) -> Job:
    job = plans.gathering_job(plan)
    assert job is not None
    return job


def verdict_on(item: PlanItem, source: dict[str, Any], target: dict[str, Any]) -> Verdict:
    """What the target calls it: by the name of a segment, and by the last part of an attribute's."""
    if Decision.CONFIRM in [choice["decision"] for choice in item.choices]:
        return Verdict(item.pk, Decision.CONFIRM)
    if item.type == DATASET:
        return Verdict(item.pk, Decision.FILL, value=EVENTS)
    if item.type == SEGMENT:
        ids = {name: key for key, name in target["segments"].items()}
        return Verdict(item.pk, Decision.FILL, value=ids[source["segments"][item.title]])
    if item.type == PROFILE:
        last = last_part(item.title)
        found = [one for one in target["profile_attributes"] if last_part(one) == last]
        return Verdict(item.pk, Decision.FILL, value=found[0]) if found else Verdict(item.pk, Decision.LEAVE)
    assert item.type == DATASTREAM or Decision.KEEP in [choice["decision"] for choice in item.choices]
    return Verdict(item.pk, Decision.KEEP)


def last_part(name: str) -> str:
    return name.rpartition(".")[2].casefold()


def fresh(job: Job) -> Job:
    job.refresh_from_db()
    return job


def texts(job: Job) -> str:
    return "\n".join(job.events.values_list("text", flat=True))


def look(*jobs: Job) -> None:
    """Let these fall due, or whatever else is not over, once."""
    due = Job.objects.filter(state__in=ACTIVE)
    (due.filter(pk__in=[job.pk for job in jobs]) if jobs else due).update(due_at=timezone.now())
    inline.run_due()


@pytest.fixture
def world(platform: Platform, acme: Organization, operator: User, drive: Callable[[Job], Job]) -> World:
    return World(platform, acme, operator, drive)
