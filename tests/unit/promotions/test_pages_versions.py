"""Pages about the versions of a package, and planning an import as update."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.choices import Decision, ItemKind, JobState, PlanState, PromotionMode
from promotions.models import Job, Package, Promotion
from promotions.services.versions import LACKS
from promotions.systems.packages import kinds
from tests.factories import MembershipFactory, OrganizationFactory, SandboxFactory, UserFactory
from tests.factories_promotions import (
    ApprovalFactory,
    JobFactory,
    PackageFactory,
    PlanFactory,
    PlanItemFactory,
    PromotionGroupFactory,
    offer,
)

pytestmark = pytest.mark.django_db

COMPARISON = {
    "at": "2026-03-01T12:00:00+00:00",
    "target": "stage",
    "version": "1",
    "job": 1,
    "left_out": 0,
    "objects": [
        {
            "type": "REGISTRY_SCHEMA",
            "id": "a",
            "title": "Members",
            "target": {"id": "b", "title": "Members_1738766274074"},
            "changes": [{"op": "replace", "path": "/properties/tier/title", "old": "Tier", "new": "<b>Level</b>"}],
        }
    ],
}


@pytest.fixture
def organization() -> Organization:
    found: Organization = OrganizationFactory(name="Acme")
    SandboxFactory(organization=found, name="stage")
    return found


@pytest.fixture
def package(organization: Organization) -> Package:
    found: Package = PackageFactory(organization=organization, name="Loyalty", capabilities=["VERSIONABLE"])
    return found


@pytest.fixture
def operator(organization: Organization) -> User:
    user: User = UserFactory()
    MembershipFactory(user=user, organization=organization, role=Role.OPERATOR)
    return user


@pytest.fixture
def as_operator(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


@pytest.fixture
def page_of(as_operator: Client) -> Callable[[Package], str]:
    def read(package: Package) -> str:
        return as_operator.get(reverse("promotions:package-detail", args=[package.pk])).content.decode()

    return read


ACTS = ("Check for updates", "Save a new version", "Import as update")


def test_a_versionable_package_offers_what_can_be_done(package: Package, page_of: Callable[[Package], str]) -> None:
    page = page_of(package)

    assert all(act in page for act in ACTS)


@pytest.mark.parametrize("capabilities", [None, [], ["SOMETHING"]])
def test_where_versions_are_not_known_of_nothing_is_offered(
    package: Package, page_of: Callable[[Package], str], capabilities: list[str] | None
) -> None:
    package.capabilities = capabilities
    package.save()

    page = page_of(package)

    assert not any(act in page for act in ACTS)
    assert ("Ask what the platform offers" in page) is (capabilities is None)
    assert ("does not offer versions" in page) is (capabilities is not None)


def test_a_platform_that_did_not_know_the_calls_offers_nothing(
    package: Package, page_of: Callable[[Package], str]
) -> None:
    JobFactory(kind=kinds.READ_HISTORY, organization=package.organization, state=JobState.FAILED, params={LACKS: True})

    page = page_of(package)

    assert not any(act in page for act in ACTS)
    assert "did not know the calls for versions" in page


def test_a_viewer_reads_differences_and_gets_no_buttons(client: Client, package: Package) -> None:
    viewer = UserFactory()
    MembershipFactory(user=viewer, organization=package.organization, role=Role.VIEWER)
    package.comparison = COMPARISON
    package.save()
    client.force_login(viewer)

    page = client.get(reverse("promotions:package-compare", args=[package.pk])).content.decode()
    forged = client.post(reverse("promotions:package-compare", args=[package.pk]))

    assert "tier: title" in page
    assert "Check for updates</button>" not in page
    assert forged.status_code == 403
    assert not Job.objects.exists()


def test_differences_are_read_field_by_field_and_escaped(as_operator: Client, package: Package) -> None:
    package.comparison = COMPARISON
    package.save()

    page = as_operator.get(reverse("promotions:package-compare", args=[package.pk])).content.decode()

    assert "1 changed" in page
    assert "&lt;b&gt;Level&lt;/b&gt;" in page
    assert "Members_1738766274074" in page
    assert "what an import as update would bring there" in page


def test_comparing_leads_back_to_the_differences_and_is_told_live(as_operator: Client, package: Package) -> None:
    url = reverse("promotions:package-compare", args=[package.pk])
    stage = package.organization.sandboxes.get(name="stage")

    answer = as_operator.post(url, {"sandbox": stage.pk})
    part = as_operator.get(url, headers={"HX-Request": "true"}).content.decode()

    job = Job.objects.get(kind=kinds.COMPARE)
    assert answer.status_code == 302
    assert answer["Location"] == url
    assert job.params["target"] == "stage"
    assert 'hx-trigger="every 1s"' in part
    assert "<html" not in part


def test_a_sandbox_of_somebody_else_is_no_choice(as_operator: Client, package: Package) -> None:
    other = SandboxFactory(name="theirs")

    answer = as_operator.post(reverse("promotions:package-compare", args=[package.pk]), {"sandbox": other.pk})

    assert answer.status_code == 422
    assert not Job.objects.exists()


def test_saving_asks_first_and_then_leads_to_its_job(as_operator: Client, package: Package) -> None:
    url = reverse("promotions:package-save-version", args=[package.pk])

    question = as_operator.get(url).content.decode()
    answer = as_operator.post(url)
    again = as_operator.post(url)

    job = Job.objects.get(kind=kinds.SAVE_VERSION)
    assert "cannot be undone" in question
    assert answer["Location"] == reverse("promotions:job-detail", args=[job.pk])
    assert again.status_code == 422
    assert "under way" in again.content.decode()


def test_the_first_question_is_what_the_platform_offers(as_operator: Client, package: Package) -> None:
    package.capabilities = None
    package.save()

    as_operator.post(reverse("promotions:package-versions", args=[package.pk]))

    assert Job.objects.get().kind == kinds.READ_PACKAGE


def test_every_version_is_listed_with_whoever_saved_it(as_operator: Client, package: Package) -> None:
    package.versions = [
        {"id": str(number), "version": str(number), "at": None, "by": "4F1A@acme"} for number in range(5, 0, -1)
    ]
    package.save()

    page = as_operator.get(reverse("promotions:package-versions", args=[package.pk])).content.decode()

    assert all(f"Version {number}" in page for number in range(1, 6))
    assert "4F1A@acme" in page
    assert "not said" in page


@pytest.mark.parametrize(("capabilities", "is_asked"), [(["VERSIONABLE"], True), ([], False), (None, False)])
def test_the_form_asks_what_an_import_does_only_where_it_can_update(
    as_operator: Client, package: Package, capabilities: list[str] | None, is_asked: bool
) -> None:
    package.capabilities = capabilities
    package.save()

    page = as_operator.get(reverse("promotions:promotion-create", args=[package.pk])).content.decode()

    assert ("Update existing objects" in page) is is_asked


def plan_import(client: Client, package: Package, **data: Any) -> Any:
    stage = package.organization.sandboxes.get(name="stage")
    return client.post(
        reverse("promotions:promotion-create", args=[package.pk]),
        {"sandbox": [stage.pk], "job_name": "Loyalty", **data},
    )


def test_an_update_is_planned_as_such(as_operator: Client, package: Package) -> None:
    answer = plan_import(as_operator, package, mode="update")

    assert answer.status_code == 302
    assert Promotion.objects.get().mode == PromotionMode.UPDATE


def test_an_update_that_is_not_offered_is_refused_with_the_reason(as_operator: Client, package: Package) -> None:
    package.capabilities = []
    package.save()

    answer = plan_import(as_operator, package, mode="update")

    assert answer.status_code == 422
    assert "does not offer versions" in answer.content.decode()
    assert not Promotion.objects.exists()


@pytest.fixture
def updating(package: Package) -> Promotion:
    plan = PlanFactory(
        promotion__package=package, promotion__mode=PromotionMode.UPDATE, state=PlanState.OPEN, facts={"mode": "update"}
    )
    target = {"id": "b", "type": "REGISTRY_SCHEMA", "title": "Members there"}
    choice = {"decision": "update", "target": target, "reason": "exact title", "consequence": "", "rank": 1}
    PlanItemFactory(
        plan=plan,
        kind=ItemKind.OBJECT,
        must_decide=True,
        decision=Decision.UNDECIDED,
        choices=[choice, offer(Decision.CREATE)],
    )
    promotion: Promotion = plan.promotion
    return promotion


def test_an_update_is_decided_in_the_table_and_counted(as_operator: Client, updating: Promotion) -> None:
    item = updating.current_plan.items.get()

    answer = as_operator.post(
        reverse("promotions:plan-item-decide", args=[item.pk]), {f"item-{item.pk}-decision": "update:b"}
    )
    page = as_operator.get(reverse("promotions:promotion-detail", args=[updating.pk])).content.decode()

    item.refresh_from_db()
    assert answer.status_code in (200, 302)
    assert item.decision == Decision.UPDATE
    assert item.target is not None
    assert item.target["id"] == "b"
    assert "<b>~ 1</b> update" in page
    assert "Run update: 1 updated, 0 created" in page
    assert "no way back" in page


def test_using_as_it_is_cannot_be_forged_into_an_update(as_operator: Client, updating: Promotion) -> None:
    item = updating.current_plan.items.get()

    answer = as_operator.post(
        reverse("promotions:plan-item-decide", args=[item.pk]),
        {f"item-{item.pk}-decision": "reuse:b"},
        headers={"HX-Request": "true"},
    )

    item.refresh_from_db()
    assert answer.status_code == 422
    assert item.decision == Decision.UNDECIDED


def test_an_approval_names_what_is_overwritten_as_final(client: Client, updating: Promotion) -> None:
    plan = updating.current_plan
    item = plan.items.get()
    item.decision, item.target = Decision.UPDATE, item.choices[0]["target"]
    item.save()
    approval = ApprovalFactory(plan=plan)
    reader = UserFactory()
    MembershipFactory(user=reader, organization=updating.target_organization, role=Role.VIEWER)
    client.force_login(reader)

    page = client.get(reverse("promotions:approval-detail", args=[approval.pk])).content.decode()

    assert "1 object of the target overwritten" in page
    assert "<b>~ 1</b> overwritten" in page
    assert "Overwritten in the target: cannot be undone" in page


def test_targets_of_an_update_are_updated_together(as_operator: Client, updating: Promotion) -> None:
    group = PromotionGroupFactory(package=updating.package)
    Promotion.objects.filter(pk=updating.pk).update(group=group)
    key = updating.current_plan.items.get().key

    shown = as_operator.get(reverse("promotions:group-detail", args=[group.pk])).content.decode()
    as_operator.post(
        reverse("promotions:group-decide", args=[group.pk]), {"act": "use", "key": key, "title": "Members there"}
    )
    page = as_operator.get(reverse("promotions:group-detail", args=[group.pk])).content.decode()

    assert "Update the existing “Members there”" in shown
    assert updating.current_plan.items.get().decision == Decision.UPDATE
    assert "~ 1 update" in page
    assert "Update the existing “Members there” for" in page
