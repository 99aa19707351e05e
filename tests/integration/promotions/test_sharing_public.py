"""Making packages public and pulling those of others, against the emulated platform."""

import pytest

from promotions.choices import JobState, LegState, ProblemKind, SharingState
from promotions.models import Job, SharingRequest, Transfer
from promotions.services import arrivals
from promotions.systems.packages.connection import tooling
from promotions.systems.sharing.publicity import PublicitySubmission
from tests.integration.promotions.conftest import run_due
from tests.integration.promotions.sharing_world import (
    PACKAGE,
    PULL,
    SETTLE,
    World,
    has_arrived,
    id_of,
    leg_of,
    sending_job,
    texts,
    world,
)

__all__ = ["world"]

pytestmark = pytest.mark.django_db

STARTER = "Northwind loyalty starter"


@pytest.fixture
def agreed(world: World) -> SharingRequest:
    """Acme has agreed to make a package public; nothing was sent yet."""
    return world.acme.make_public()


def public_package(world: World, name: str = STARTER) -> tuple[str, str]:
    """The source and the id of a public package of others, as its payload names it."""
    found = next(one for one in world.platform.state()["packages"] if one["name"] == name)
    return id_of(world, "Northwind"), found["id"]


@pytest.fixture
def pulled(world: World) -> SharingRequest:
    """Acme has agreed to pull a public package; nothing was sent yet."""
    return world.acme.pull(*public_package(world))


def fresh(job: Job) -> Job:
    job.refresh_from_db()
    return job


# Public


def test_a_package_is_made_public_once(world: World, agreed: SharingRequest) -> None:
    job = world.finish(sending_job(agreed))

    agreed.refresh_from_db()
    assert (job.state, job.remote_id) == (JobState.SUCCEEDED, ""), job.problem
    assert [one["name"] for one in world.platform.effects_of("package.publicity")] == [PACKAGE]
    assert agreed.package is not None
    assert agreed.package.visibility == "PUBLIC"
    assert agreed.state == SharingState.DONE


@pytest.mark.parametrize(("when", "sent", "looks"), [("after", 1, 1), ("before", 2, 2)])
def test_an_answer_that_was_lost_is_looked_for_in_the_package(
    world: World, agreed: SharingRequest, when: str, sent: int, looks: int
) -> None:
    world.platform.arm("PUT", "*/packages", "reset", when=when, count=1)

    run_due()
    for _ in range(looks):
        run_due(later=SETTLE)
    job = world.finish(sending_job(agreed))

    assert job.state == JobState.SUCCEEDED, texts(job)
    assert (job.submit_count, world.platform.effects("package.publicity")) == (sent, 1)


def test_a_package_that_was_made_public_elsewhere_is_left_alone(world: World, agreed: SharingRequest) -> None:
    assert agreed.package is not None
    with tooling(world.acme.organization) as client:
        client.make_public(agreed.package.remote_id)

    job = world.finish(sending_job(agreed))

    assert (job.state, job.problem_kind, job.submit_count) == (JobState.CANCELLED, ProblemKind.PLAN_CHANGED, 0)
    assert job.problem == f"Nothing was sent. “{PACKAGE}” is public already."


def test_a_package_that_is_public_and_failed_to_publish_at_once_ends_with_a_warning(
    world: World, agreed: SharingRequest
) -> None:
    job = world.finish(sending_job(agreed))
    assert job.package is not None
    job.package.status = "PUBLISH_FAILED"
    job.package.save(update_fields=["status"])

    ending = PublicitySubmission().conclude(job)

    assert ending.state == JobState.SUCCEEDED_WITH_WARNINGS
    assert "is public, and publish failed at the same time" in ending.problem


# Pulling


def test_a_public_package_is_pulled_once_and_found_among_our_own(world: World, pulled: SharingRequest) -> None:
    job = world.finish(sending_job(pulled))
    world.until(lambda: has_arrived(world.acme.organization, STARTER))

    pulled.refresh_from_db()
    transfer = Transfer.objects.get(remote_id=job.remote_id)
    assert job.state == JobState.SUCCEEDED, job.problem
    assert world.platform.effects("transfer.pull") == 1
    assert (transfer.is_incoming, transfer.type, transfer.partner_id) == (True, "PUBLIC", id_of(world, "Northwind"))
    assert transfer.package is not None
    assert transfer.package.organization == world.acme.organization
    assert (leg_of(pulled).transfer, pulled.state) == (transfer, SharingState.DONE)


@pytest.mark.parametrize(("when", "sent", "looks"), [("after", 1, 1), ("before", 2, 2)])
def test_a_pull_whose_answer_was_lost_happens_once(
    world: World, pulled: SharingRequest, when: str, sent: int, looks: int
) -> None:
    world.platform.arm("POST", PULL, "reset", when=when, count=1)

    run_due()
    for _ in range(looks):
        run_due(later=SETTLE)
    job = world.finish(sending_job(pulled))

    assert job.state == JobState.SUCCEEDED, texts(job)
    assert (job.submit_count, world.platform.effects("transfer.pull")) == (sent, 1)


def test_pulling_what_is_not_public_is_refused_in_the_words_of_the_platform(world: World) -> None:
    request = world.acme.pull(*public_package(world, "Northwind supplier items"))

    job = world.finish(sending_job(request))

    assert (job.state, job.problem_kind) == (JobState.FAILED, ProblemKind.REJECTED)
    assert "is not public" in job.problem
    assert leg_of(request).state == LegState.FAILED


def test_a_failed_pull_brings_nothing_and_says_so(world: World, pulled: SharingRequest) -> None:
    world.platform.arm("POST", PULL, "job_failure", count=1)

    job = world.finish(sending_job(pulled))

    transfer = Transfer.objects.get(remote_id=job.remote_id)
    assert (job.state, job.problem_kind) == (JobState.FAILED, ProblemKind.REMOTE_FAILURE)
    assert (transfer.is_failed, arrivals.words(transfer)) == (True, "")
    assert fresh(job).problem.startswith("The platform could not bring it there.")
