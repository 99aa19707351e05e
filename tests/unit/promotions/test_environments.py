"""Environments of SnapLogic are no sandboxes: nothing that Adobe's systems do is offered for them, or done."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.choices import Role
from accounts.models import Organization, Sandbox, User
from promotions import access
from promotions.choices import PackageType
from promotions.models import Promotion
from promotions.services import building, decisioning_plans, journey_plans, package_plans
from promotions.services.errors import RefusedError
from promotions.systems.decisioning.picks import Pick
from tests.factories import MembershipFactory, SandboxFactory, SnapLogicOrganizationFactory
from tests.factories_journeys import JourneyFactory
from tests.factories_promotions import JobFactory, PackageFactory

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
ADOBE_PAGES = ("/packages/", "/packages/new/", "/journeys/", "/decisioning/new/")


@pytest.fixture
def sandbox(organization: Organization) -> Sandbox:
    made: Sandbox = SandboxFactory(organization=organization, name="dev-loyalty")
    return made


@pytest.fixture
def environment(teammate: User) -> Sandbox:
    """One in which the operator of sandboxes is operator, too."""
    organization = SnapLogicOrganizationFactory(name="Flows", remote_id="acme-prod")
    MembershipFactory(user=teammate, organization=organization, role=Role.OPERATOR)
    made: Sandbox = organization.environment
    return made


def test_no_list_of_sandboxes_offers_an_environment(teammate: User, sandbox: Sandbox, environment: Sandbox) -> None:
    package = PackageFactory(organization=environment.organization)
    journey = JourneyFactory(sandbox=SandboxFactory())

    assert access.source_sandboxes(teammate) == [sandbox]
    assert access.target_sandboxes(teammate, package) == []
    assert access.journey_targets(teammate, journey) == [sandbox]


def test_no_page_of_adobe_s_systems_names_an_environment(
    signed_in: SignIn, teammate: User, sandbox: Sandbox, environment: Sandbox
) -> None:
    browser = signed_in(teammate)
    pages = {path: browser.get(path) for path in ADOBE_PAGES}

    assert {path: page.status_code for path, page in pages.items()} == dict.fromkeys(ADOBE_PAGES, 200)
    assert [path for path, page in pages.items() if "acme-prod" in page.content.decode()] == []


def test_jobs_can_be_narrowed_to_an_environment(signed_in: SignIn, teammate: User, environment: Sandbox) -> None:
    JobFactory(organization=environment.organization, sandbox=environment, title="Upload of orders")
    JobFactory(title="Import of Loyalty")

    page = signed_in(teammate).get("/jobs/", {"sandbox": environment.pk}).content.decode()

    assert "Upload of orders" in page
    assert "Import of Loyalty" not in page


def plans_into(environment: Sandbox, actor: User) -> dict[str, Callable[[], Any]]:
    package = PackageFactory(organization=actor.organizations.exclude(pk=environment.organization_id).get())
    journey = JourneyFactory(sandbox__organization=package.organization)
    return {
        "package": lambda: package_plans.plan_promotion(
            package=package, sandbox=environment, job_name="Loyalty", actor=actor
        ),
        "journey": lambda: journey_plans.plan_promotion(
            journey=journey, version_uid="", sandbox=environment, actor=actor
        ),
        "migration": lambda: decisioning_plans.plan_migration(
            pick=Pick(environment.name, "sandbox", (), 24), target=environment, actor=actor
        ),
        "building": lambda: building.create_package(
            organization=environment.organization,
            sandbox=environment,
            name="Autumn",
            description="",
            package_type=PackageType.FULL,
            artifacts=[],
            expires_at=None,
            publishes=False,
            actor=actor,
        ),
    }


@pytest.mark.parametrize("what", ["package", "journey", "migration", "building"])
def test_what_is_adobe_s_is_refused_for_an_environment(teammate: User, environment: Sandbox, what: str) -> None:
    plan = plans_into(environment, teammate)[what]

    with pytest.raises(RefusedError):
        plan()

    assert not Promotion.objects.exists()
