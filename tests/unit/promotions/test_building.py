"""Asking for packages and for changes of drafts: what is queued, and what is refused in which words."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.choices import OrganizationKind
from accounts.errors import InUseError
from accounts.models import AuditEvent, Organization, User
from promotions.choices import ApprovalState, JobState, PackageStatus, PlanState
from promotions.models import Job, Package
from promotions.services import asked_expiries, building, package_names, package_readings, package_refusals, packages
from promotions.services.building import NewArtifact
from promotions.services.errors import ConflictError, RefusedError
from promotions.systems.packages import kinds
from tests.factories import OrganizationFactory, SandboxFactory
from tests.factories_promotions import ApprovalFactory, ArtifactFactory, JobFactory, PackageFactory, PlanFactory
from tests.factories_sharing import SharingRequestFactory

pytestmark = pytest.mark.django_db

SCHEMA = NewArtifact("REGISTRY_SCHEMA", "https://ns.adobe.com/acme/schemas/5a3c1f0e", "Loyalty")
DATASET = NewArtifact("CATALOG_DATASET", "65f0a1b2c3d4e5f6a7b8c9d0")


@pytest.fixture
def create(organization: Organization, teammate: User) -> Callable[..., Job]:
    """Asks for a package, with what a test wants differently."""
    sandbox = SandboxFactory(organization=organization, name="dev")

    def ask(**options: Any) -> Job:
        wanted: dict[str, Any] = {
            "organization": organization,
            "name": "Autumn",
            "description": "",
            "package_type": "PARTIAL",
            "sandbox": sandbox,
            "expires_at": None,
            "artifacts": [SCHEMA],
            "publishes": False,
        }
        return building.create_package(**{**wanted, **options}, actor=teammate)

    return ask


@pytest.fixture
def draft(organization: Organization) -> Package:
    package: Package = PackageFactory(organization=organization, draft=True, name="Draft", artifact_count=1)
    ArtifactFactory(package=package, type=SCHEMA.type, remote_id=SCHEMA.id)
    return package


def edit(package: Package, person: User, **options: Any) -> Job:
    asked: dict[str, Any] = {"name": package.name, "description": package.description, "expires_at": None, **options}
    return building.edit_package(package=package, actor=person, **asked)


def refusal_of(act: Callable[[], object]) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        act()
    assert not Job.objects.filter(kind__in=[kinds.CREATE, kinds.ADD, kinds.REMOVE, kinds.EDIT, kinds.DELETE]).exists()
    assert not AuditEvent.objects.exists()
    return caught.value


def test_a_creation_is_queued_and_recorded(create: Callable[..., Job], teammate: User) -> None:
    job = create(name=" Autumn ", artifacts=[SCHEMA, SCHEMA, DATASET])

    assert (job.kind, job.title, job.package) == (kinds.CREATE, "Autumn", None)
    assert job.params["artifacts"] == [SCHEMA.as_json(), DATASET.as_json()]
    event = AuditEvent.objects.get()
    assert (event.verb, event.actor_id) == ("package.creation_requested", teammate.pk)


@pytest.mark.parametrize(
    ("options", "field", "words"),
    [
        ({"name": "  "}, "name", "Give the package a name"),
        ({"name": "x" * 256}, "name", "at most 255"),
        ({"description": "x" * 4001}, "description", "at most 4000"),
        ({"package_type": "HALF"}, "package_type", "Choose"),
        ({"package_type": "FULL"}, "artifacts", "takes no objects"),
        ({"artifacts": [], "publishes": True}, "publishes", "empty package cannot be published"),
        ({"expires_at": timezone.now() - timedelta(minutes=1)}, "expires_at", "in the future"),
        ({"artifacts": [NewArtifact("", "x")]}, "artifacts", "choose its type"),
        ({"artifacts": [NewArtifact("FLOW", "")]}, "artifacts", "printable"),
        ({"artifacts": [NewArtifact("FLOW", "a\nb")]}, "artifacts", "printable"),
        ({"artifacts": [NewArtifact("FLOW", "x", sandbox="stage")]}, "artifacts", "of the sandbox “stage”"),
    ],
)
def test_a_creation_that_cannot_be_sent_is_refused_with_its_field(
    create: Callable[..., Job], options: dict[str, Any], field: str, words: str
) -> None:
    refusal = refusal_of(lambda: create(**options))

    assert refusal.field == field
    assert words in refusal.message


def test_an_object_of_the_packages_own_sandbox_is_taken_however_it_is_spelled(create: Callable[..., Job]) -> None:
    job = create(artifacts=[NewArtifact("FLOW", "x", sandbox="DEV")])

    assert job.params["artifacts"] == [{"type": "FLOW", "id": "x", "title": ""}]


@pytest.mark.parametrize("options", [{"state": "deleted"}, {"vanished_at": timezone.now()}])
def test_a_sandbox_that_is_not_active_is_refused(
    create: Callable[..., Job], organization: Organization, options: dict[str, Any]
) -> None:
    sandbox = SandboxFactory(organization=organization, name="old", **options)

    assert refusal_of(lambda: create(sandbox=sandbox)).field == "sandbox"


def test_a_sandbox_of_another_organization_is_refused(create: Callable[..., Job]) -> None:
    assert refusal_of(lambda: create(sandbox=SandboxFactory())).field == "sandbox"


def test_an_organization_of_another_kind_has_no_packages(
    create: Callable[..., Job], organization: Organization
) -> None:
    organization.kind = OrganizationKind.SNAPLOGIC

    assert refusal_of(create).field == "organization"


def test_a_taken_name_is_refused_with_a_free_one(create: Callable[..., Job], organization: Organization) -> None:
    PackageFactory(organization=organization, name="Autumn")
    PackageFactory(organization=organization, name="Autumn (2)")

    refusal = refusal_of(create)

    assert refusal.field == "name"
    assert "“Autumn (3)”" in refusal.message


def test_a_name_of_a_vanished_package_or_of_another_organization_is_free(
    create: Callable[..., Job], organization: Organization
) -> None:
    PackageFactory(organization=organization, name="Autumn", vanished=True)
    PackageFactory(name="Autumn")

    assert create().title == "Autumn"


def test_a_name_is_being_made_once_at_a_time(create: Callable[..., Job]) -> None:
    create()

    with pytest.raises(ConflictError, match="Creation of “Autumn” is under way already"):
        create()


@pytest.mark.parametrize(
    ("name", "taken", "free"),
    [
        ("Loyalty v3", [], "Loyalty v4"),
        ("Loyalty v3", ["Loyalty v4", "Loyalty v5"], "Loyalty v6"),
        ("Loyalty_v9", [], "Loyalty_v10"),
        ("Loyalty", [], "Loyalty (2)"),
        ("Loyalty (2)", [], "Loyalty (3)"),
        ("Loyalty", ["Loyalty (2)"], "Loyalty (3)"),
        ("v1", [], "v1 (2)"),
    ],
)
def test_a_free_name_goes_on_counting(organization: Organization, name: str, taken: list[str], free: str) -> None:
    for one in taken:
        PackageFactory(organization=organization, name=one)

    assert package_names.free_name(organization, name) == free


def test_a_free_name_is_never_too_long(organization: Organization) -> None:
    free = package_names.free_name(organization, "x" * 255)

    assert len(free) == 255
    assert free.endswith(" (2)")


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        ({}, "its content is frozen"),
        ({"status": PackageStatus.PUBLISH_IN_PROGRESS}, "is being published"),
        ({"draft": True, "vanished": True}, "no longer at the platform"),
        ({"draft": True, "full": True}, "entire sandbox"),
        ({"draft": True, "expires_at": timezone.now() - timedelta(days=1)}, "has expired"),
        ({"status": "ARCHIVED"}, "its content is frozen"),
    ],
)
def test_what_cannot_be_changed_says_why_and_what_to_do(
    organization: Organization, teammate: User, traits: dict[str, Any], words: str
) -> None:
    package = PackageFactory(organization=organization, **traits)

    for act in (
        lambda: building.add_artifacts(package=package, artifacts=[SCHEMA], actor=teammate),
        lambda: building.remove_artifacts(package=package, artifacts=[SCHEMA], actor=teammate),
        lambda: edit(package, teammate, name="Other"),
    ):
        assert words in refusal_of(act).message


@pytest.mark.parametrize("status", [PackageStatus.DRAFT, PackageStatus.PUBLISH_FAILED])
def test_a_draft_and_one_whose_publishing_failed_can_be_changed(status: str) -> None:
    package = PackageFactory(draft=True, status=status)

    assert package_refusals.reason_not_to_change(package) == ""


def test_only_objects_that_are_not_there_are_added(draft: Package, teammate: User) -> None:
    job = building.add_artifacts(package=draft, artifacts=[SCHEMA, DATASET], actor=teammate)

    assert job.params["artifacts"] == [DATASET.as_json()]
    assert job.params["left_out"] == 1
    assert job.params["seen"] == [[SCHEMA.type, SCHEMA.id]]


def test_adding_what_is_there_already_is_refused(draft: Package, teammate: User) -> None:
    refusal = refusal_of(lambda: building.add_artifacts(package=draft, artifacts=[SCHEMA], actor=teammate))

    assert "holds all of these objects already" in refusal.message


def test_adding_an_object_of_another_sandbox_is_refused(draft: Package, teammate: User) -> None:
    other = NewArtifact("FLOW", "x", sandbox="prod")

    refusal = refusal_of(lambda: building.add_artifacts(package=draft, artifacts=[other], actor=teammate))

    assert refusal.message.startswith("Source dataflow “x”: it is of the sandbox “prod”")


@pytest.mark.parametrize("artifacts", [[], [DATASET]])
def test_removing_nothing_or_what_is_not_there_is_refused(
    draft: Package, teammate: User, artifacts: list[NewArtifact]
) -> None:
    refusal = refusal_of(lambda: building.remove_artifacts(package=draft, artifacts=artifacts, actor=teammate))

    assert refusal.field == "artifacts"


def test_an_edit_that_changes_nothing_is_refused(draft: Package, teammate: User) -> None:
    assert "Nothing of “Draft” would change" in refusal_of(lambda: edit(draft, teammate)).message


def test_a_rename_onto_a_taken_name_is_refused_and_ones_own_is_not_taken(
    draft: Package, teammate: User, organization: Organization
) -> None:
    PackageFactory(organization=organization, name="Taken")

    assert refusal_of(lambda: edit(draft, teammate, name="Taken")).field == "name"
    assert edit(draft, teammate, description="Another").params["name"] == "Draft"


def test_a_change_waits_for_the_end_of_another(draft: Package, teammate: User) -> None:
    first = edit(draft, teammate, name="Other")

    with pytest.raises(ConflictError, match=f"Editing of “Draft” is under way as job {first.pk}"):
        building.add_artifacts(package=draft, artifacts=[DATASET], actor=teammate)


# Deleting


def test_a_wrong_name_deletes_nothing(draft: Package, teammate: User) -> None:
    refusal = refusal_of(lambda: building.delete_package(package=draft, typed_name="draft", actor=teammate))

    assert refusal.field == "typed_name"


def publishing(package: Package) -> None:
    JobFactory(organization=package.organization, package=package, kind=kinds.PUBLISH)


def open_plan(package: Package) -> None:
    PlanFactory(promotion__package=package)


def waiting_consent(package: Package) -> None:
    ApprovalFactory(plan__promotion__package=package, state=ApprovalState.PENDING)


def sharing(package: Package) -> None:
    SharingRequestFactory(organization=package.organization, package=package)


@pytest.mark.parametrize(
    ("need", "words"),
    [
        (publishing, "unfinished job"),
        (open_plan, "open plan"),
        (waiting_consent, "open plan"),
        (sharing, "unfinished sharing of"),
    ],
)
def test_what_still_needs_a_package_keeps_it_from_being_deleted(
    organization: Organization, teammate: User, need: Callable[[Package], None], words: str
) -> None:
    package = PackageFactory(organization=organization)
    need(package)

    with pytest.raises(InUseError, match=words) as refusal:
        building.delete_package(package=package, typed_name=package.name, actor=teammate)

    (usage,) = refusal.value.usages
    assert usage.url


def test_what_is_over_keeps_nobody_from_deleting_and_is_told_of(organization: Organization, teammate: User) -> None:
    package = PackageFactory(organization=organization)
    plan = PlanFactory(promotion__package=package, state=PlanState.READY)
    JobFactory(organization=organization, package=package, plan=plan, promotion=plan.promotion, succeeded=True)
    PlanFactory(promotion__package=package, promotion__abandoned_at=timezone.now())

    job = building.delete_package(package=package, typed_name=package.name, actor=teammate)

    (usage,) = package_refusals.dependents(Package.objects.get(pk=package.pk), other_than=[job.pk])
    assert (usage.text, usage.is_blocking) == ("1 import of it; what they made in their targets stays", False)


@pytest.mark.parametrize("traits", [{"vanished": True}, {"status": PackageStatus.PUBLISH_IN_PROGRESS}])
def test_a_package_that_is_gone_or_being_published_is_not_deleted(
    organization: Organization, teammate: User, traits: dict[str, Any]
) -> None:
    package = PackageFactory(organization=organization, **traits)

    refusal = refusal_of(lambda: building.delete_package(package=package, typed_name=package.name, actor=teammate))

    assert refusal.message == package_refusals.reason_not_to_delete(package)


# Reading


def test_a_reading_that_is_under_way_is_returned(draft: Package, teammate: User) -> None:
    first = package_readings.read_package(package=draft, actor=teammate)

    assert package_readings.read_package(package=draft, actor=teammate) == first


def test_objects_of_each_type_and_sandbox_are_asked_for_apart(organization: Organization, teammate: User) -> None:
    dev, stage = (SandboxFactory(organization=organization, name=name) for name in ("dev", "stage"))

    jobs = {
        package_readings.read_objects(organization=organization, sandbox=sandbox, type=kind, actor=teammate).pk
        for sandbox, kind in [(dev, "FLOW"), (dev, "FLOW"), (dev, "JOURNEY"), (stage, "FLOW")]
    }

    assert len(jobs) == 3


def test_object_lists_that_were_not_offered_are_tried_again_after_a_day(organization: Organization) -> None:
    job = JobFactory(
        organization=organization,
        kind=kinds.READ_OBJECTS,
        state=JobState.SUCCEEDED,
        finished_at=timezone.now(),
        result={"is_offered": False},
        marker=None,
    )

    assert package_readings.are_objects_offered(organization) is False
    Job.objects.filter(pk=job.pk).update(finished_at=timezone.now() - timedelta(hours=25))
    assert package_readings.are_objects_offered(organization) is None
    assert package_readings.are_objects_offered(OrganizationFactory()) is None


# The expiry


@pytest.mark.parametrize(
    ("status", "difference", "is_told"),
    [
        (PackageStatus.DRAFT, timedelta(seconds=1), False),
        (PackageStatus.DRAFT, timedelta(minutes=1), True),
        (PackageStatus.PUBLISHED, timedelta(hours=23), False),
        (PackageStatus.PUBLISHED, timedelta(days=2), True),
    ],
)
def test_another_expiry_than_was_asked_for_is_told(status: str, difference: timedelta, is_told: bool) -> None:
    asked = timezone.now() + timedelta(days=30)
    package = PackageFactory(status=status, asked_expires_at=asked, expires_at=asked + difference)

    assert bool(asked_expiries.expiry_difference(package)) is is_told


def test_an_expiry_that_nobody_asked_for_is_no_difference() -> None:
    assert asked_expiries.expiry_difference(PackageFactory(asked_expires_at=None)) == ""


def test_an_expiry_that_has_passed_is_not_asked_for_again() -> None:
    package = PackageFactory(asked_expires_at=timezone.now() - timedelta(minutes=1))

    assert asked_expiries.asked_expiry(package) is None


def test_publishing_asks_again_for_the_expiry_that_was_asked_for(draft: Package, teammate: User) -> None:
    Package.objects.filter(pk=draft.pk).update(asked_expires_at=timezone.now() + timedelta(days=20, hours=1))

    job = packages.request_publish(package=draft, expiry_days=None, actor=teammate)

    assert job.params["expiry_days"] == 21


def test_publishing_leaves_an_expiry_that_nobody_asked_for_to_the_platform(draft: Package, teammate: User) -> None:
    job = packages.request_publish(package=draft, expiry_days=None, actor=teammate)

    assert job.params["expiry_days"] is None
