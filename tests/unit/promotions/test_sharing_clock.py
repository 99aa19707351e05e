"""Which organizations have their sharing read more often, and which have not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Organization
from promotions.choices import JobState, LegState, SharingKind
from promotions.engine import schedules
from promotions.models import Job
from promotions.services import sharing_clock
from promotions.systems.sharing import kinds
from tests.factories import CredentialFactory, OrganizationFactory, UserFactory
from tests.factories_promotions import JobFactory, PackageFactory
from tests.factories_sharing import PartnershipFactory, SharingRequestFactory, TransferFactory, under_way

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(days=2)


@pytest.fixture
def acme() -> Organization:
    organization: Organization = OrganizationFactory(name="Acme")
    CredentialFactory(organization=organization)
    return organization


def queued(organization: Organization) -> int:
    sharing_clock.queue_awaited()
    return Job.objects.filter(
        organization=organization, kind=kinds.SYNCHRONIZE, state=JobState.QUEUED, is_quiet=True
    ).count()


def last_pass(acme: Organization, *, seconds: float, state: JobState = JobState.SUCCEEDED) -> None:
    JobFactory(
        organization=acme,
        kind=kinds.SYNCHRONIZE,
        state=state,
        marker=None,
        finished_at=timezone.now() - timedelta(seconds=seconds),
    )


def leg(acme: Organization, state: LegState) -> None:
    request = SharingRequestFactory(kind=SharingKind.PARTNERSHIP, package=None, organization=acme)
    under_way(request, approver=UserFactory(), leg_state=state)


def test_who_waits_for_nothing_is_left_to_the_routine(acme: Organization) -> None:
    PartnershipFactory(organization=acme, approved=True)
    PartnershipFactory(organization=acme, outgoing=True)
    TransferFactory(package=PackageFactory(organization=acme), completed=True)
    leg(acme, LegState.DONE)

    assert queued(acme) == 0


@pytest.mark.parametrize("what", ["a partner to decide on", "a transfer", "a partner’s decision", "a request"])
def test_what_somebody_waits_for_is_read_again_soon(acme: Organization, what: str) -> None:
    if what == "a partner to decide on":
        PartnershipFactory(organization=acme)
    elif what == "a transfer":
        TransferFactory(package=PackageFactory(organization=acme))
    else:
        leg(acme, LegState.ASKING if what == "a request" else LegState.WAITING_PARTNER)

    assert queued(acme) == 1


@pytest.mark.parametrize(("ago", "expected"), [(timedelta(minutes=5), 1), (timedelta(hours=2), 0)])
def test_what_a_new_partner_sends_is_looked_out_for(acme: Organization, ago: timedelta, expected: int) -> None:
    PartnershipFactory(organization=acme, approved=True, remote_modified_at=timezone.now() - ago)

    assert queued(acme) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(30, 0), (61, 1)])
def test_a_minute_lies_between_two_readings(acme: Organization, seconds: int, expected: int) -> None:
    PartnershipFactory(organization=acme)
    last_pass(acme, seconds=seconds)

    assert queued(acme) == expected


def test_one_reading_at_a_time_is_enough(acme: Organization) -> None:
    PartnershipFactory(organization=acme)

    assert queued(acme) == 1
    assert queued(acme) == 1


def test_who_was_refused_is_left_to_the_routine_which_asks_more_and_more_rarely(acme: Organization) -> None:
    PartnershipFactory(organization=acme)
    last_pass(acme, seconds=600, state=JobState.CANCELLED)

    assert queued(acme) == 0


def test_what_has_been_waited_for_long_can_wait_for_the_routine(acme: Organization) -> None:
    before = timezone.now() - LONG_AGO
    PartnershipFactory(organization=acme, first_seen_at=before)
    TransferFactory(package=PackageFactory(organization=acme), first_seen_at=before)

    assert queued(acme) == 0


def test_the_routine_reads_sharing_of_every_organization_with_a_credential(acme: Organization) -> None:
    without = OrganizationFactory()

    schedules.queue_due_routines()

    read = Job.objects.filter(kind=kinds.SYNCHRONIZE, is_quiet=True)
    assert [job.organization for job in read] == [acme]
    assert not read.filter(organization=without).exists()
