"""API versions of the emulator's SnapLogic on their way from development into production."""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.utils import timezone

from accounts.choices import CredentialKind, Role
from accounts.models import Organization, User
from emulator.credentials import describe
from promotions.api_choices import DuplicateRule
from promotions.choices import ACTIVE, Decision, PlanState
from promotions.engine import inline, registry
from promotions.models import ApiVersion, Archive, Job, Plan, Promotion
from promotions.services import api_version_plans, api_versions, archives, decisions, plans, runs
from promotions.services.decisions import Verdict
from tests.factories import CredentialFactory, MembershipFactory, SnapLogicOrganizationFactory, UserFactory
from tests.integration.promotions.conftest import Platform

IMPORT, EXPORT, LIFE = "snaplogic.import", "snaplogic.export", "snaplogic.lifecycle"
DEV, PROD = "acme-dev", "acme-prod"
SETTLE = timedelta(seconds=settings.UPLOAD_SETTLE_S + 1)
IMPORT_CALL = "*/apim/import_version/*"


class World:
    """Two environments, an operator of both, and what Towpath does with them."""

    def __init__(self, platform: Platform, drive: Callable[[Job], Job], operator: User) -> None:
        self.platform, self.drive, self.operator = platform, drive, operator
        self.dev, self.prod = self._environment(DEV), self._environment(PROD)

    def _environment(self, name: str) -> Organization:
        described = self._described(name)
        credential = described["credentials"][0]
        organization = SnapLogicOrganizationFactory(
            name=described["name"], remote_id=name, platform_url=self.platform.url
        )
        CredentialFactory(
            organization=organization,
            kind=CredentialKind.SNAPLOGIC_BASIC,
            client_id=credential["username"],
            secret=credential["password"],
            scopes=[],
            is_primary=True,
        )
        MembershipFactory(user=self.operator, organization=organization, role=Role.OPERATOR)
        return organization

    def _described(self, name: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = describe("demo", self.platform.url)["organizations"]
        return next(one for one in found if one.get("remote_id") == name)

    def version(self, api: str, version: str, organization: Organization | None = None) -> ApiVersion:
        return api_versions.name(organization=organization or self.dev, api=api, version=version, actor=self.operator)

    def exported(self, path: str) -> bytes:
        """A zip as the platform's own console would give it."""
        credential = self._described(path.partition("/")[0])["credentials"][0]
        answer = httpx.get(
            f"{self.platform.url}/api/1/rest/public/apim/export_version/{path}",
            auth=(credential["username"], credential["password"]),
        )
        return answer.raise_for_status().content

    def uploaded(self, path: str = "acme-dev/apim/orders/1.2", organization: Organization | None = None) -> Archive:
        return archives.receive(
            organization=organization or self.dev,
            chunks=[self.exported(path)],
            file_name="orders.zip",
            actor=self.operator,
        )

    def planned(
        self,
        source: Archive | ApiVersion | None = None,
        api: str = "orders",
        version: str = "2.0",
        *,
        rule: DuplicateRule = DuplicateRule.SKIP,
        types: Collection[str] = (),
        target: Organization | None = None,
    ) -> Promotion:
        return api_version_plans.plan_import(
            source=source or self.uploaded(),
            target=target or self.dev,
            api=api,
            version=version,
            rule=rule,
            types=types,
            actor=self.operator,
        )

    def plan(self, *args: Any, **options: Any) -> Plan:
        return self.gathered(self.planned(*args, **options))

    def gathered(self, promotion: Promotion) -> Plan:
        told = ""
        for _ in range(3):
            plan = promotion.current_plan
            if plan.state != PlanState.GATHERING:
                return plan
            job = plans.gathering_job(plan)
            assert job is not None
            told = texts(self.drive(job))
        pytest.fail(f"the plan never opened: {told}")

    def decide(self, plan: Plan, *, typed: str = "typed in clear") -> Plan:
        """Accounts go as exported, what has to be read is confirmed, secrets are typed."""
        verdicts = []
        for item in plan.items.filter(must_decide=True, decision=Decision.UNDECIDED):
            offered = [choice["decision"] for choice in item.choices]
            if Decision.CONFIRM in offered or Decision.KEEP in offered:
                kept = Decision.CONFIRM if Decision.CONFIRM in offered else Decision.KEEP
                verdicts.append(Verdict(item.pk, kept))
            else:
                verdicts.append(Verdict(item.pk, Decision.FILL, value=typed))
        decisions.decide(plan=plan, verdicts=verdicts, actor=self.operator)
        return plan.promotion.current_plan

    def requested(self, plan: Plan) -> Job:
        return runs.request_run(plan=Plan.objects.get(pk=self.decide(plan).pk), actor=self.operator)

    def run(self, plan: Plan) -> Job:
        return self.drive(self.requested(plan))

    def words(self, job: Job) -> str:
        return registry.describe(job)

    # What is really there

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.platform.url}/__emulator/snaplogic").raise_for_status().json()
        return found

    def version_there(self, path: str) -> dict[str, Any] | None:
        return next((one for one in self.state()["versions"] if one["path"].strip("/") == path), None)

    def names_there(self, path: str) -> set[tuple[str, str]]:
        found = self.version_there(path)
        return {(one["type"], one["name"]) for one in found["assets"]} if found else set()

    def imports(self, path: str = "") -> int:
        """How many imports had an effect."""
        return sum(one["count"] for one in self.state()["imports"] if path in ("", one["path"].strip("/")))

    def next(self, **plan: Any) -> None:
        self.platform.control("snaplogic/next", **plan)

    def set(self, org: str, **settings: Any) -> None:
        self.platform.control("snaplogic/settings", org=org, **settings)


def texts(job: Job) -> str:
    return "\n".join(job.events.values_list("text", flat=True))


def look(job: Job) -> Job:
    """Let it fall due once."""
    Job.objects.filter(pk=job.pk, state__in=ACTIVE).update(due_at=timezone.now())
    inline.run_due()
    job.refresh_from_db()
    return job


@pytest.fixture
def world(db: None, platform: Platform, drive: Callable[[Job], Job]) -> World:
    return World(platform, drive, UserFactory(email="operator@example.com", full_name="Oscar Operator"))
