"""Making packages, changing drafts and deleting packages against the emulator, with lost answers and refusals."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Membership, Organization, User
from clients.sandbox_tooling import ArtifactRef
from emulator.server import RunningServer
from promotions.choices import JobState, PackageStatus, ProblemKind
from promotions.models import Job, Package
from promotions.services import asked_expiries, building, jobs, package_readings, packages
from promotions.services.building import NewArtifact
from promotions.services.errors import RefusedError
from promotions.systems.packages import kinds
from promotions.systems.packages.connection import tooling
from tests.integration.promotions.conftest import Platform, known_package, run_due, sandbox_of

pytestmark = pytest.mark.django_db

SETTLE = timedelta(seconds=settings.SUBMIT_SETTLE_S + 1)
NAME = "Autumn campaign schemas"
NEW = (
    NewArtifact("REGISTRY_SCHEMA", "https://ns.adobe.com/acme/schemas/aaaaaaaaaaaaaaaaaaaaaaaa", "Autumn visits"),
    NewArtifact("PROFILE_SEGMENT", "27115daa-c92b-4f17-a077-d65ffeb0c525", "Autumn audience"),
)
LOST = ["reset", "empty", "status", "truncated", "cut_line"]

Drive = Callable[[Job], Job]


def options_of(fault: str) -> dict[str, Any]:
    return {"status": 500} if fault == "status" else {}


@pytest.fixture
def created(acme: Organization, operator: User) -> Callable[..., Job]:
    """Asks for a package of the sandbox dev, with what a test wants differently."""

    def create(**options: Any) -> Job:
        wanted: dict[str, Any] = {
            "name": NAME,
            "description": "For autumn",
            "package_type": "PARTIAL",
            "sandbox": sandbox_of(acme, "dev"),
            "expires_at": None,
            "artifacts": NEW,
            "publishes": False,
        }
        return building.create_package(organization=acme, actor=operator, **{**wanted, **options})

    return create


@pytest.fixture
def draft(created: Callable[..., Job], drive: Drive) -> Package:
    package = drive(created()).package
    assert package is not None
    return package


def held(package: Package) -> set[tuple[str, str]]:
    return set(package.artifacts.values_list("type", "remote_id"))


def keys(artifacts: Sequence[NewArtifact]) -> set[tuple[str, str]]:
    return {artifact.key for artifact in artifacts}


def later(days: int) -> datetime:
    return (timezone.now() + timedelta(days=days)).replace(microsecond=0)


def changed_elsewhere(package: Package, *artifacts: NewArtifact) -> None:
    with tooling(package.organization) as client:
        client.add_artifacts(package.remote_id, [ArtifactRef(artifact.id, artifact.type) for artifact in artifacts])


# Creating


def test_a_package_is_made_with_its_objects(platform: Platform, created: Callable[..., Job], drive: Drive) -> None:
    job = drive(created(expires_at=later(30)))

    assert job.state == JobState.SUCCEEDED, job.problem
    assert job.package is not None
    assert job.remote_id == job.package.remote_id
    assert (job.package.status, job.package.source_sandbox) == (PackageStatus.DRAFT, "dev")
    assert held(job.package) == keys(NEW)
    assert job.package.expires_at == job.package.asked_expires_at
    assert platform.effects("package.create") == 1


def test_titles_that_the_platform_does_not_know_are_kept(draft: Package, drive: Drive, operator: User) -> None:
    drive(package_readings.read_package(package=draft, actor=operator))

    assert set(draft.artifacts.values_list("title", flat=True)) == {"Autumn visits", "Autumn audience"}


def test_an_entire_sandbox_needs_no_objects(created: Callable[..., Job], drive: Drive) -> None:
    job = drive(created(package_type="FULL", artifacts=()))

    assert job.state == JobState.SUCCEEDED, job.problem
    assert job.package is not None
    assert job.package.is_full


def test_a_complete_package_is_published_in_the_name_of_whoever_asked(
    platform: Platform, created: Callable[..., Job], drive: Drive, operator: User
) -> None:
    job = drive(created(publishes=True, expires_at=later(40)))

    publishing = Job.objects.get(kind=kinds.PUBLISH)
    assert job.result["publish_job"] == publishing.pk
    assert publishing.requested_by == operator
    assert drive(publishing).state == JobState.SUCCEEDED
    assert job.package is not None
    job.package.refresh_from_db()
    assert job.package.status == PackageStatus.PUBLISHED
    assert asked_expiries.expiry_difference(job.package) == ""
    assert platform.effects("package.publish") == 1


def test_nothing_is_published_for_somebody_who_lost_the_role_meanwhile(
    created: Callable[..., Job], drive: Drive, operator: User
) -> None:
    job = created(publishes=True)
    run_due()
    Membership.objects.filter(user=operator).update(role=Role.VIEWER)

    drive(job)

    assert not Job.objects.filter(kind=kinds.PUBLISH).exists()
    assert job.events.filter(text__startswith="It was not published:").exists()


@pytest.mark.parametrize("fault", LOST)
def test_a_package_whose_answer_was_lost_is_found_and_not_made_again(
    platform: Platform, created: Callable[..., Job], drive: Drive, fault: str
) -> None:
    job = created()
    platform.arm("POST", "*/exim/packages", fault, when="after", count=1, **options_of(fault))

    run_due()
    job.refresh_from_db()
    assert job.state == JobState.SUBMITTING
    run_due(later=SETTLE)

    assert drive(job).state == JobState.SUCCEEDED, job.problem
    assert platform.effects("package.create") == 1
    assert job.package is not None


def test_a_package_that_the_answer_does_not_name_is_found(
    platform: Platform, created: Callable[..., Job], drive: Drive
) -> None:
    job = created()
    platform.arm("POST", "*/exim/packages", "unnamed_job", count=1)

    run_due()
    run_due(later=SETTLE)

    assert drive(job).state == JobState.SUCCEEDED, job.problem
    assert platform.effects("package.create") == 1


@pytest.mark.parametrize("fault", ["reset", "status"])
def test_a_creation_that_never_arrived_is_sent_again_after_two_looks(
    platform: Platform, created: Callable[..., Job], drive: Drive, fault: str
) -> None:
    job = created()
    platform.arm("POST", "*/exim/packages", fault, when="before", count=1, **options_of(fault))

    for _ in range(3):
        run_due(later=SETTLE)

    assert drive(job).state == JobState.SUCCEEDED, job.problem
    assert platform.effects("package.create") == 1
    assert job.submit_count == 2


def test_a_creation_that_is_turned_away_is_sent_later(
    platform: Platform, created: Callable[..., Job], drive: Drive
) -> None:
    job = created()
    platform.arm("POST", "*/exim/packages", "rate_limit", count=2, retry_after=1)

    assert drive(job).state == JobState.SUCCEEDED, job.problem
    assert platform.effects("package.create") == 1


def test_two_new_packages_that_fit_are_for_a_person_to_tell_apart(
    platform: Platform, emulator_server: RunningServer, created: Callable[..., Job]
) -> None:
    job = created(artifacts=())
    platform.arm("POST", "*/exim/packages", "reset", when="after", count=1)
    run_due()
    world = emulator_server.app.world
    made = next(package for package in world.packages.values() if package.name == NAME)
    twin = world.add_package(replace(made, id=world.hex_id()))

    run_due(later=SETTLE)

    job.refresh_from_db()
    assert job.state == JobState.NEEDS_ATTENTION
    assert "Several packages at the platform fit this one." in job.problem
    assert set(job.result["candidates"]) == {made.id, twin.id}


def test_a_new_package_of_the_name_that_differs_is_not_taken_for_ours(
    acme: Organization, platform: Platform, created: Callable[..., Job]
) -> None:
    job = created()
    platform.arm("POST", "*/exim/packages", "reset", when="before", count=1)
    run_due()
    with tooling(acme) as client:
        client.create_package(name=NAME, description="", package_type="PARTIAL", source_sandbox="stage")

    run_due(later=SETTLE)
    run_due(later=SETTLE)

    job.refresh_from_db()
    assert job.state == JobState.NEEDS_ATTENTION
    assert job.package is None
    assert platform.effects("package.create") == 1


def test_a_list_that_is_cut_short_proves_nothing(platform: Platform, created: Callable[..., Job], drive: Drive) -> None:
    job = created()
    platform.arm("POST", "*/exim/packages", "reset", when="after", count=1)
    run_due()
    platform.arm("GET", "^/data/foundation/exim/packages$", "empty_page", probability=1)

    run_due(later=SETTLE)
    run_due(later=SETTLE)
    job.refresh_from_db()
    assert job.state == JobState.SUBMITTING
    platform.disarm()

    assert drive(job).state == JobState.SUCCEEDED, job.problem
    assert platform.effects("package.create") == 1


def test_a_name_that_only_the_platform_knows_is_refused_in_its_words_with_a_free_one(
    acme: Organization, created: Callable[..., Job], drive: Drive
) -> None:
    job = created(name="Nightly copy v1")
    with tooling(acme) as client:
        client.create_package(name="Nightly copy v1", description="", package_type="PARTIAL", source_sandbox="dev")

    drive(job)

    assert job.state == JobState.FAILED
    assert job.problem_kind == ProblemKind.REJECTED
    assert "Package with name Nightly copy v1 already exists" in job.problem
    assert "“Nightly copy v2”" in job.problem


def test_a_name_known_here_is_refused_before_anything_is_sent(
    platform: Platform, acme: Organization, created: Callable[..., Job]
) -> None:
    known_package(acme, "Loyalty schemas v3")

    with pytest.raises(RefusedError, match="“Loyalty schemas v4”") as refusal:
        created(name="Loyalty schemas v3")

    assert refusal.value.field == "name"
    assert not Job.objects.exists()


def test_objects_that_the_platform_drops_are_named_and_keep_it_from_being_published(
    platform: Platform, created: Callable[..., Job], drive: Drive, acme: Organization
) -> None:
    job = created(publishes=True)
    run_due()
    job.refresh_from_db()
    with tooling(acme) as client:
        client.remove_artifacts(job.remote_id, [ArtifactRef(NEW[0].id, NEW[0].type)])

    drive(job)

    assert job.state == JobState.SUCCEEDED_WITH_WARNINGS
    assert "1 of 2 objects is not in it: Schema “Autumn visits”" in job.problem
    assert "It was not published." in job.problem
    assert not Job.objects.filter(kind=kinds.PUBLISH).exists()


# Objects


def test_objects_are_added_and_those_that_are_there_left_out(
    platform: Platform, draft: Package, drive: Drive, operator: User
) -> None:
    more = NewArtifact("CATALOG_DATASET", "65f0a1b2c3d4e5f6a7b8c9d0", "Visits")

    job = drive(building.add_artifacts(package=draft, artifacts=[*NEW, more], actor=operator))

    assert job.state == JobState.SUCCEEDED, job.problem
    assert held(draft) == keys([*NEW, more])
    assert job.params["artifacts"] == [more.as_json()]
    assert platform.effects("package.add") == 1


def test_objects_are_removed(platform: Platform, draft: Package, drive: Drive, operator: User) -> None:
    job = drive(building.remove_artifacts(package=draft, artifacts=NEW[:1], actor=operator))

    assert job.state == JobState.SUCCEEDED, job.problem
    assert held(draft) == keys(NEW[1:])
    assert platform.effects("package.remove") == 1


def test_the_expiry_that_was_asked_for_goes_with_every_later_change(
    created: Callable[..., Job], drive: Drive, operator: User
) -> None:
    package = drive(created(expires_at=later(30))).package
    assert package is not None
    asked = package.asked_expires_at

    job = drive(building.remove_artifacts(package=package, artifacts=NEW[:1], actor=operator))

    package.refresh_from_db()
    assert job.state == JobState.SUCCEEDED, job.problem
    assert package.expires_at == asked


def test_an_expiry_that_the_platform_does_not_keep_makes_a_warning(
    draft: Package, drive: Drive, operator: User
) -> None:
    job = building.edit_package(
        package=draft, name=draft.name, description="Another", expires_at=later(20), actor=operator
    )
    run_due()
    with tooling(draft.organization) as client:
        client.update_package(draft.remote_id, name=draft.name, source_sandbox="dev", description="Another")

    drive(job)

    draft.refresh_from_db()
    assert job.state == JobState.SUCCEEDED_WITH_WARNINGS
    assert "was asked for as the expiry, but the platform set the expiry to" in job.problem
    assert asked_expiries.expiry_difference(draft) != ""
    assert job.result["is_complete"]


@pytest.mark.parametrize("fault", LOST)
def test_an_addition_whose_answer_was_lost_is_found_in_the_package(
    platform: Platform, draft: Package, drive: Drive, operator: User, fault: str
) -> None:
    more = NewArtifact("CATALOG_DATASET", "65f0a1b2c3d4e5f6a7b8c9d0")
    job = building.add_artifacts(package=draft, artifacts=[more], actor=operator)
    platform.arm("PUT", "*/exim/packages", fault, when="after", count=1, **options_of(fault))

    run_due()
    run_due(later=SETTLE)

    assert drive(job).state == JobState.SUCCEEDED, job.problem
    assert platform.effects("package.add") == 1


@pytest.mark.parametrize("act", ["add", "remove", "edit", "delete"])
def test_a_change_that_never_arrived_is_sent_again(
    platform: Platform, draft: Package, drive: Drive, operator: User, act: str
) -> None:
    job = change(act, draft, operator)
    method = "DELETE" if act == "delete" else "PUT"
    platform.arm(method, "*/exim/packages*", "reset", when="before", count=1)

    for _ in range(3):
        run_due(later=SETTLE)

    assert drive(job).state == JobState.SUCCEEDED, job.problem
    assert job.submit_count == 2
    assert platform.effects(f"package.{act}") == 1


@pytest.mark.parametrize("act", ["remove", "edit", "delete"])
@pytest.mark.parametrize("fault", ["reset", "status"])
def test_a_change_whose_answer_was_lost_is_found(
    platform: Platform, draft: Package, drive: Drive, operator: User, act: str, fault: str
) -> None:
    job = change(act, draft, operator)
    method = "DELETE" if act == "delete" else "PUT"
    platform.arm(method, "*/exim/packages*", fault, when="after", count=1, **options_of(fault))

    run_due()
    run_due(later=SETTLE)

    assert drive(job).state == JobState.SUCCEEDED, job.problem
    assert platform.effects(f"package.{act}") == 1


def change(act: str, package: Package, person: User) -> Job:
    """Any one of the changes."""
    if act == "add":
        more = NewArtifact("CATALOG_DATASET", "65f0a1b2c3d4e5f6a7b8c9d0")
        return building.add_artifacts(package=package, artifacts=[more], actor=person)
    if act == "remove":
        return building.remove_artifacts(package=package, artifacts=NEW[:1], actor=person)
    if act == "edit":
        return building.edit_package(
            package=package, name=f"{NAME} II", description="", expires_at=later(20), actor=person
        )
    return building.delete_package(package=package, typed_name=package.name, actor=person)


@pytest.mark.parametrize("act", ["add", "remove"])
def test_objects_that_changed_meanwhile_keep_the_change_from_being_sent(
    platform: Platform, draft: Package, drive: Drive, operator: User, act: str
) -> None:
    job = change(act, draft, operator)
    changed_elsewhere(draft, NewArtifact("PROFILE_MERGE", "0f3ad0a2-5f1e-4c6f-9b6e-0a4a5e2b7c11"))
    before = platform.effects(f"package.{act}")

    drive(job)

    assert job.state == JobState.CANCELLED
    assert "1 object is in it now: Merge policy “0f3ad0a2-5f1e-4c6f-9b6e-0a4a5e2b7c11”." in job.problem
    assert platform.effects(f"package.{act}") == before
    assert draft.artifacts.count() == 3  # what was read is shown


def test_a_draft_that_was_published_meanwhile_is_not_changed(draft: Package, drive: Drive, operator: User) -> None:
    job = change("add", draft, operator)
    with tooling(draft.organization) as client:
        client.publish_package(draft.remote_id)

    drive(job)

    assert job.state == JobState.CANCELLED
    assert "its content is frozen" in job.problem


@pytest.mark.parametrize("act", ["add", "remove", "edit"])
def test_a_package_that_is_gone_is_not_changed(draft: Package, drive: Drive, operator: User, act: str) -> None:
    job = change(act, draft, operator)
    with tooling(draft.organization) as client:
        client.delete_package(draft.remote_id)

    drive(job)

    draft.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert "is no longer at the platform" in job.problem
    assert draft.vanished_at is not None


def test_a_refused_change_says_so_in_the_platforms_words(
    platform: Platform, draft: Package, drive: Drive, operator: User
) -> None:
    job = change("add", draft, operator)
    platform.arm("PUT", "*/exim/packages", "status", status=400, count=1)

    drive(job)

    assert job.state == JobState.FAILED
    assert job.problem.startswith("The platform refused it, and did nothing:")


def test_a_rename_onto_a_taken_name_is_answered_with_a_free_one(draft: Package, drive: Drive, operator: User) -> None:
    job = building.edit_package(package=draft, name="Taken elsewhere", description="", expires_at=None, actor=operator)
    with tooling(draft.organization) as client:
        client.create_package(name="Taken elsewhere", description="", package_type="PARTIAL", source_sandbox="dev")

    drive(job)

    assert job.state == JobState.FAILED
    assert "“Taken elsewhere (2)”" in job.problem


def test_name_text_and_expiry_are_edited(platform: Platform, draft: Package, drive: Drive, operator: User) -> None:
    expires_at = later(50)

    job = drive(
        building.edit_package(package=draft, name="Winter", description="Cold", expires_at=expires_at, actor=operator)
    )

    draft.refresh_from_db()
    assert job.state == JobState.SUCCEEDED, job.problem
    assert (draft.name, draft.description, draft.expires_at) == ("Winter", "Cold", expires_at)
    assert draft.asked_expires_at == expires_at


# Deleting


def test_a_deleted_package_is_gone_here_and_there(
    platform: Platform, draft: Package, drive: Drive, operator: User
) -> None:
    job = drive(building.delete_package(package=draft, typed_name=draft.name, actor=operator))

    draft.refresh_from_db()
    assert job.state == JobState.SUCCEEDED, job.problem
    assert draft.vanished_at is not None
    assert platform.effects("package.delete") == 1


def test_a_package_that_was_gone_already_needs_no_deleting(
    platform: Platform, draft: Package, drive: Drive, operator: User
) -> None:
    job = building.delete_package(package=draft, typed_name=draft.name, actor=operator)
    with tooling(draft.organization) as client:
        client.delete_package(draft.remote_id)

    drive(job)

    assert job.state == JobState.SUCCEEDED_WITH_WARNINGS
    assert "gone already" in job.problem
    assert platform.effects("package.delete") == 1  # the one by hand


def test_a_package_that_was_published_meanwhile_is_not_deleted(
    platform: Platform, draft: Package, drive: Drive, operator: User
) -> None:
    job = building.delete_package(package=draft, typed_name=draft.name, actor=operator)
    with tooling(draft.organization) as client:
        client.publish_package(draft.remote_id)

    drive(job)

    assert job.state == JobState.CANCELLED
    assert platform.effects("package.delete") == 0


# Reading


def test_what_the_platform_offers_for_a_package_is_read(acme: Organization, operator: User, drive: Drive) -> None:
    package = known_package(acme, "Loyalty schemas v3")

    job = drive(package_readings.read_package(package=package, actor=operator))

    package.refresh_from_db()
    assert job.state == JobState.SUCCEEDED, job.problem
    assert package.capabilities == ["VERSIONABLE"]
    assert package.package_version != ""


def test_reading_a_package_that_is_gone_marks_it_so(draft: Package, operator: User, drive: Drive) -> None:
    with tooling(draft.organization) as client:
        client.delete_package(draft.remote_id)

    job = drive(package_readings.read_package(package=draft, actor=operator))

    draft.refresh_from_db()
    assert job.state == JobState.FAILED
    assert draft.vanished_at is not None


def test_the_objects_of_a_sandbox_are_listed_where_the_platform_does(
    acme: Organization, operator: User, drive: Drive
) -> None:
    dev = sandbox_of(acme, "dev")

    job = drive(package_readings.read_objects(organization=acme, sandbox=dev, type="REGISTRY_SCHEMA", actor=operator))

    assert job.result["is_offered"]
    assert all(found["id"].startswith("https://ns.adobe.com/") for found in job.result["objects"])
    assert job.result["objects"]
    assert package_readings.are_objects_offered(acme)


def test_a_platform_without_object_lists_is_remembered_and_not_asked_again(
    platform: Platform, acme: Organization, operator: User, drive: Drive
) -> None:
    platform.switch(list_artifacts=False)
    dev = sandbox_of(acme, "dev")

    job = drive(package_readings.read_objects(organization=acme, sandbox=dev, type="REGISTRY_SCHEMA", actor=operator))

    assert job.state == JobState.SUCCEEDED
    assert not job.result["is_offered"]
    assert package_readings.are_objects_offered(acme) is False
    with pytest.raises(RefusedError, match="Paste ids"):
        package_readings.read_objects(organization=acme, sandbox=dev, type="JOURNEY", actor=operator)


def test_one_change_of_a_package_at_a_time(draft: Package, operator: User) -> None:
    job = change("add", draft, operator)

    with pytest.raises(RefusedError, match=f"Adding objects to “{NAME}” is under way as job {job.pk}"):
        change("edit", draft, operator)

    jobs.cancel(job=job, actor=operator)
    assert change("edit", draft, operator).pk != job.pk


def test_days_named_at_publishing_are_what_is_asked_for_from_then_on(
    draft: Package, drive: Drive, operator: User
) -> None:
    drive(packages.request_publish(package=draft, expiry_days=10, actor=operator))

    draft.refresh_from_db()
    assert draft.asked_expires_at is not None
    assert abs(draft.asked_expires_at - timezone.now() - timedelta(days=10)) < timedelta(minutes=5)
    assert asked_expiries.expiry_difference(draft) == ""
