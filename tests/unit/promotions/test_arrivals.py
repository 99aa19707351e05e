"""Finding what a transfer brought among the packages of its target."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.choices import Role
from accounts.models import AuditEvent, Notice, Organization, User
from promotions.choices import JobState
from promotions.engine.registry import Ending
from promotions.models import Job, Package, Transfer
from promotions.services import arrivals
from promotions.services.verbs import Verb
from promotions.systems.packages import kinds
from tests.factories import CredentialFactory, MembershipFactory, OrganizationFactory, UserFactory
from tests.factories_promotions import JobFactory, PackageFactory
from tests.factories_sharing import TransferFactory

pytestmark = pytest.mark.django_db

SOURCE_PACKAGE = "9" * 32


@pytest.fixture
def globex() -> Organization:
    organization: Organization = OrganizationFactory(name="Globex")
    CredentialFactory(organization=organization)
    return organization


@pytest.fixture
def operator(globex: Organization) -> User:
    user: User = UserFactory()
    MembershipFactory(user=user, organization=globex, role=Role.OPERATOR)
    return user


def now() -> datetime:
    return timezone.now()


def completed(globex: Organization, **fields: Any) -> Transfer:
    """A package that came in, by the platform's word, and was seen to be over five minutes ago."""
    values = {
        "completed": True,
        "organization": globex,
        "partner_name": "Acme",
        "package_name": "Loyalty",
        "package_remote_id": SOURCE_PACKAGE,
        "first_seen_at": now() - timedelta(minutes=7),
        "remote_created_at": now() - timedelta(minutes=7),
        "completed_at": now() - timedelta(minutes=6),
        "over_seen_at": now() - timedelta(minutes=5),
    }
    transfer: Transfer = TransferFactory(incoming=True, **{**values, **fields})
    return transfer


def packages_read(globex: Organization, **age: float) -> Job:
    started_at = now() - timedelta(**(age or {"minutes": 2}))
    job: Job = JobFactory(
        kind=kinds.SYNCHRONIZE,
        organization=globex,
        state=JobState.SUCCEEDED,
        marker=None,
        started_at=started_at,
        finished_at=started_at + timedelta(seconds=1),
    )
    return job


def came(globex: Organization, **fields: Any) -> Package:
    values = {"name": "Loyalty", "remote_created_at": now() - timedelta(minutes=6)}
    package: Package = PackageFactory(organization=globex, **{**values, **fields})
    return package


def queued() -> int:
    return Job.objects.filter(kind=kinds.SYNCHRONIZE, state=JobState.QUEUED, is_quiet=True).count()


def fresh(transfer: Transfer) -> Transfer:
    transfer.refresh_from_db()
    return transfer


def test_a_package_of_the_name_that_came_since_is_the_one(globex: Organization, operator: User) -> None:
    transfer = completed(globex)
    came(globex, remote_created_at=now() - timedelta(days=9))
    package = came(globex)
    packages_read(globex)

    assert arrivals.find_arrivals(globex) == [transfer]

    assert fresh(transfer).package == package
    assert arrivals.words(transfer) == ""
    notice = Notice.objects.get()
    assert (notice.person, notice.kind) == (operator, "package_arrived")
    assert notice.text == "“Loyalty” from Acme has arrived in Globex"
    assert notice.url == f"/packages/{package.pk}/plan/"
    assert AuditEvent.objects.get(verb=Verb.PACKAGE_ARRIVED).organization_id == globex.pk


def test_a_package_with_the_id_of_the_source_is_the_one_whatever_its_age(globex: Organization) -> None:
    transfer = completed(globex)
    came(globex)
    same = came(globex, remote_id=SOURCE_PACKAGE, name="Renamed", remote_created_at=now() - timedelta(days=9))
    packages_read(globex)

    arrivals.find_arrivals(globex)

    assert fresh(transfer).package == same


def test_nothing_is_guessed_where_two_packages_may_be_it(globex: Organization) -> None:
    transfer = completed(globex)
    came(globex)
    came(globex)
    packages_read(globex)

    assert arrivals.find_arrivals(globex) == []
    assert fresh(transfer).package is None


def test_of_two_transfers_of_one_name_each_gets_the_package_of_its_time(globex: Organization) -> None:
    hour = timedelta(hours=1)
    first = completed(globex, remote_created_at=now() - 5 * hour, completed_at=now() - 4 * hour)
    second = completed(globex)
    early, late = came(globex, remote_created_at=now() - 4 * hour), came(globex)
    packages_read(globex)

    arrivals.find_arrivals(globex)

    assert (fresh(first).package, fresh(second).package) == (early, late)


@pytest.mark.parametrize("state", ["other organization", "vanished", "older"])
def test_packages_that_cannot_be_it_are_left_alone(globex: Organization, state: str) -> None:
    transfer = completed(globex)
    came(
        OrganizationFactory() if state == "other organization" else globex,
        vanished_at=now() if state == "vanished" else None,
        remote_created_at=now() - (timedelta(days=1) if state == "older" else timedelta(minutes=6)),
    )
    packages_read(globex)

    arrivals.find_arrivals(globex)

    assert fresh(transfer).package is None


def test_packages_that_were_read_before_the_end_was_seen_do_not_count_and_are_read_anew(globex: Organization) -> None:
    transfer = completed(globex)
    came(globex)
    packages_read(globex, minutes=6)

    for _ in range(2):
        arrivals.find_arrivals(globex)

    assert fresh(transfer).package is None
    assert queued() == 1


def test_a_reading_that_began_too_early_is_followed_by_another(globex: Organization) -> None:
    completed(globex)
    JobFactory(
        kind=kinds.SYNCHRONIZE,
        organization=globex,
        state=JobState.RUNNING,
        marker=None,
        started_at=now() - timedelta(minutes=6),
    )

    for _ in range(2):
        arrivals.find_arrivals(globex)

    assert queued() == 1


def test_what_is_not_there_yet_is_looked_for_again_and_not_for_ever(globex: Organization) -> None:
    transfer = completed(globex)
    packages_read(globex)
    arrivals.find_all()
    assert queued() == 1
    Job.objects.all().delete()

    packages_read(globex)
    Transfer.objects.update(over_seen_at=now() - timedelta(hours=2))
    arrivals.find_all()

    assert queued() == 0
    assert arrivals.words(fresh(transfer)) == "The platform says completed; no such package is listed in Globex."


def test_the_end_of_a_reading_finds_what_was_waited_for_however_late(globex: Organization, operator: User) -> None:
    transfer = completed(globex, over_seen_at=now() - timedelta(hours=2))
    package = came(globex)
    job = packages_read(globex)

    arrivals.packages_read(job, Ending(state=JobState.SUCCEEDED), None)

    assert fresh(transfer).package == package


def test_what_arrived_long_before_it_was_first_seen_is_no_news(globex: Organization, operator: User) -> None:
    long_ago = now() - timedelta(days=12)
    transfer = completed(globex, remote_created_at=long_ago, completed_at=long_ago + timedelta(minutes=1))
    package = came(globex, remote_created_at=long_ago + timedelta(minutes=1))
    packages_read(globex)

    assert arrivals.find_arrivals(globex) == [transfer]

    assert fresh(transfer).package == package
    assert not Notice.objects.exists()


@pytest.mark.parametrize("status", ["FAILED", "IN_PROGRESS", "QUARANTINED"])
def test_only_a_completed_transfer_is_said_to_have_arrived(globex: Organization, status: str) -> None:
    transfer = completed(globex, status=status)
    came(globex)
    packages_read(globex)

    assert arrivals.find_arrivals(globex) == []
    assert arrivals.words(fresh(transfer)) == ""


def test_where_no_credential_works_nothing_is_queued(globex: Organization) -> None:
    globex.credentials.update(problem="It was refused.")
    completed(globex)

    arrivals.find_arrivals(globex)

    assert queued() == 0
