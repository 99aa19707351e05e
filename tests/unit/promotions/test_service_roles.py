"""Services ask for the role themselves, whichever face calls them."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, User
from promotions.models import Job, Package
from promotions.services import building, jobs, package_readings, packages
from promotions.services.building import NewArtifact
from tests.factories import MembershipFactory, SandboxFactory, UserFactory
from tests.factories_promotions import JobFactory, PackageFactory

pytestmark = pytest.mark.django_db

NEW = NewArtifact("CATALOG_DATASET", "65f0a1b2c3d4e5f6a7b8c9d0")
ON_JOBS: dict[str, Callable[[Job, User], object]] = {
    "cancel": lambda job, person: jobs.cancel(job=job, actor=person),
    "stop following": lambda job, person: jobs.stop_following(job=job, actor=person),
    "resume": lambda job, person: jobs.resume_following(job=job, actor=person),
    "adopt": lambda job, person: jobs.adopt(job=job, remote_id="r-1", actor=person, reason="mine"),
    "retry": lambda job, person: jobs.retry_sending(job=job, actor=person, reason="lost"),
    "close": lambda job, person: jobs.close(job=job, actor=person, reason="enough"),
}
ON_PACKAGES: dict[str, Callable[[Package, User], object]] = {
    "publish": lambda package, person: packages.request_publish(package=package, expiry_days=30, actor=person),
    "read dependencies": lambda package, person: packages.request_dependencies(package=package, actor=person),
    "add objects": lambda package, person: building.add_artifacts(package=package, artifacts=[NEW], actor=person),
    "remove objects": lambda package, person: building.remove_artifacts(package=package, artifacts=[NEW], actor=person),
    "edit": lambda package, person: building.edit_package(
        package=package, name="Other", description="", expires_at=None, actor=person
    ),
    "delete": lambda package, person: building.delete_package(package=package, typed_name=package.name, actor=person),
    "read": lambda package, person: package_readings.read_package(package=package, actor=person),
    "create another": lambda package, person: building.create_package(
        organization=package.organization,
        name="Other",
        description="",
        package_type="PARTIAL",
        sandbox=SandboxFactory(organization=package.organization),
        expires_at=None,
        artifacts=[NEW],
        publishes=False,
        actor=person,
    ),
    "list objects": lambda package, person: package_readings.read_objects(
        organization=package.organization,
        sandbox=SandboxFactory(organization=package.organization),
        type="JOURNEY",
        actor=person,
    ),
    "synchronize": lambda package, person: packages.request_synchronization(
        organization=package.organization, actor=person
    ),
}


@pytest.fixture(params=["viewer", "stranger", "deactivated"])
def nobody(request: pytest.FixtureRequest, organization: Organization) -> User:
    """Somebody who may not operate."""
    person: User = UserFactory()
    if request.param != "stranger":
        role = Role.VIEWER if request.param == "viewer" else Role.ADMIN
        MembershipFactory(user=person, organization=organization, role=role)
    if request.param == "deactivated":
        User.objects.filter(pk=person.pk).update(is_active=False)
        person.refresh_from_db()
    return person


@pytest.mark.parametrize("act", ON_JOBS.values(), ids=ON_JOBS)
def test_only_operators_act_on_a_job(
    organization: Organization, nobody: User, act: Callable[[Job, User], object]
) -> None:
    job = JobFactory(organization=organization, unknown_outcome=True)

    with pytest.raises(PermissionDenied, match="needs the role operator"):
        act(job, nobody)

    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("act", ON_PACKAGES.values(), ids=ON_PACKAGES)
def test_only_operators_have_something_done_with_a_package(
    organization: Organization, nobody: User, act: Callable[[Package, User], object]
) -> None:
    package = PackageFactory(organization=organization, draft=True)

    with pytest.raises(PermissionDenied, match="needs the role operator"):
        act(package, nobody)

    assert not Job.objects.exists()
    assert not AuditEvent.objects.exists()
