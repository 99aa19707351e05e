"""Reading what a package's objects need, against the emulator."""

from collections.abc import Callable

import pytest

from accounts.models import Organization, User
from clients.effects import Effect, effect_of_request
from promotions.choices import JobState
from promotions.graph import picture_of, tree_of
from promotions.models import Job, Promotion
from promotions.services import packages
from promotions.services.errors import RefusedError
from tests.factories_promotions import PackageFactory
from tests.integration.promotions.conftest import STORY, Platform, known_package

pytestmark = pytest.mark.django_db


def test_reading_dependencies_keeps_the_whole_tree_and_writes_nothing(
    platform: Platform, acme: Organization, operator: User, drive: Callable[[Job], Job]
) -> None:
    package = known_package(acme, STORY)
    platform.forget_requests()

    job = drive(packages.request_dependencies(package=package, actor=operator))

    package.refresh_from_db()
    assert package.dependencies is not None
    effects = {effect_of_request(row["method"], row["path"]) for row in platform.requests()}
    titles = {node["title"] for node in package.dependencies["nodes"]}
    assert job.state == JobState.SUCCEEDED
    assert effects == {Effect.READ}
    assert {"Loyalty activity", "Member tier rules", "Points balance"} <= titles
    assert len(picture_of(package.dependencies).nodes) == len(package.dependencies["nodes"]) == job.result["objects"]
    assert {branch.title for branch in tree_of(package.dependencies)} == {"Loyalty activity", "Loyalty balances"}


def test_planning_keeps_the_tree_it_has_read(planned: Callable[..., Promotion]) -> None:
    package = planned().package

    assert package is not None
    package.refresh_from_db()
    assert package.dependencies is not None
    assert package.dependencies_read_at is not None
    assert len(package.dependencies["nodes"]) == 13


def test_a_platform_that_refuses_leaves_what_was_known(
    platform: Platform, acme: Organization, operator: User, drive: Callable[[Job], Job]
) -> None:
    package = known_package(acme, STORY)
    drive(packages.request_dependencies(package=package, actor=operator))
    package.refresh_from_db()
    known = package.dependencies
    platform.arm("POST", "*/children", "status", status=400, probability=1)

    job = drive(packages.request_dependencies(package=package, actor=operator))

    package.refresh_from_db()
    assert job.state == JobState.FAILED
    assert job.problem
    assert package.dependencies == known


@pytest.mark.parametrize(("trait", "reason"), [("full", "entire sandbox"), ("vanished", "no longer at the platform")])
def test_what_has_no_dependencies_to_read_is_refused(
    organization: Organization, teammate: User, trait: str, reason: str
) -> None:
    package = PackageFactory(organization=organization, **{trait: True})

    with pytest.raises(RefusedError, match=reason):
        packages.request_dependencies(package=package, actor=teammate)

    assert not Job.objects.exists()
