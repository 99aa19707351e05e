"""What is stored of transfers, and which of them take unusually long."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Notice, Organization, User
from promotions.choices import LegState
from promotions.models import SharingLeg, Transfer
from promotions.services import transfers
from promotions.systems.sharing import kinds
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories_promotions import JobFactory, PackageFactory
from tests.factories_sharing import PARTNER_ID, SharingRequestFactory, TransferFactory, under_way
from tests.unit.promotions.remote_sharing import AT, OWN_ID, remote_transfer

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Organization:
    organization: Organization = OrganizationFactory(name="Acme", remote_id=OWN_ID)
    return organization


@pytest.fixture
def operator(acme: Organization) -> User:
    user: User = UserFactory()
    MembershipFactory(user=user, organization=acme, role=Role.OPERATOR)
    return user


def only() -> Transfer:
    return Transfer.objects.get()


def test_a_package_that_goes_out_is_linked_to_ours(acme: Organization) -> None:
    package = PackageFactory(organization=acme, remote_id="c" * 32)
    PackageFactory(remote_id="c" * 32)

    written = transfers.apply(acme, [remote_transfer()])

    assert written == [only()]
    assert (only().direction, only().package, only().partner) == ("outgoing", package, "Globex")
    assert only().steps == ["Fetched Package", "Fetched Manifest"]
    assert only().over_seen_at is None


def test_a_package_that_comes_in_is_linked_to_nothing_until_it_is_found(acme: Organization) -> None:
    PackageFactory(organization=acme, remote_id="c" * 32)
    remote = remote_transfer(source_id=PARTNER_ID, source_name=PARTNER_ID, target_id=OWN_ID, target_name=OWN_ID)

    transfers.apply(acme, [remote])

    assert (only().direction, only().package, only().partner_name) == ("incoming", None, "")


def test_a_transfer_between_others_is_left_out(acme: Organization) -> None:
    assert transfers.apply(acme, [remote_transfer(source_id="1@AdobeOrg")]) == []


def test_the_same_again_writes_nothing_and_what_an_answer_leaves_out_stays(acme: Organization) -> None:
    transfers.apply(acme, [remote_transfer(status="COMPLETED", completed_at=AT)])

    written = transfers.apply(
        acme,
        [remote_transfer(status="COMPLETED", messages=(), target_name="", package_name="", request_type="")],
    )

    assert written == []
    assert (only().completed_at, only().package_name) == (AT.replace(microsecond=0), "Loyalty")


def test_the_end_is_dated_when_it_is_first_seen(acme: Organization) -> None:
    transfers.apply(acme, [remote_transfer()])
    before = timezone.now()

    transfers.apply(acme, [remote_transfer(status="COMPLETED")])
    seen_at = only().over_seen_at
    transfers.apply(acme, [remote_transfer(status="COMPLETED", completed_at=AT)])

    assert seen_at is not None
    assert seen_at >= before
    assert only().over_seen_at == seen_at


def test_a_page_that_was_read_earlier_takes_no_end_back(acme: Organization) -> None:
    transfers.apply(acme, [remote_transfer(status="FAILED")])

    transfers.apply(acme, [remote_transfer(status="IN_PROGRESS")])

    assert only().is_failed


@pytest.mark.parametrize("status", ["QUARANTINED", ""])
def test_an_unknown_status_is_kept_and_is_no_end(acme: Organization, status: str) -> None:
    transfers.apply(acme, [remote_transfer(status=status)])

    assert (only().status, only().is_over, only().state_slug) == (status, False, "unknown")


def test_the_leg_that_sent_it_names_it_and_a_repeat_names_the_failed_one(acme: Organization, operator: User) -> None:
    package = PackageFactory(organization=acme, remote_id="c" * 32)
    failed = TransferFactory(package=package, failed=True)
    request = SharingRequestFactory(package=package, created_by=operator, again_of=failed)
    under_way(request, approver=UserFactory(), leg_state=LegState.SENDING)
    job = JobFactory(kind=kinds.TRANSFER, organization=acme, package=package, remote_id="b" * 32, running=True)
    SharingLeg.objects.filter(request=request).update(sending_job=job)
    JobFactory(remote_id="b" * 32, running=True)

    transfers.apply(acme, [remote_transfer()])

    sent = Transfer.objects.get(remote_id="b" * 32)
    assert SharingLeg.objects.get(request=request).transfer == sent
    assert sent.again_of == failed


# Slow ones


def past(acme: Organization, *minutes: float, type_: str = "PRIVATE") -> None:
    """Completed transfers that took so long."""
    began = timezone.now() - timedelta(days=3)
    for number in minutes:
        TransferFactory(
            package=PackageFactory(organization=acme),
            completed=True,
            type=type_,
            remote_created_at=began,
            completed_at=began + timedelta(minutes=number),
        )


def running(acme: Organization, **age: float) -> Transfer:
    transfer: Transfer = TransferFactory(
        package=PackageFactory(organization=acme, name="Loyalty"), remote_created_at=timezone.now() - timedelta(**age)
    )
    return transfer


def test_a_transfer_is_slow_at_more_than_twice_what_nearly_all_took(acme: Organization) -> None:
    past(acme, 1, 2, 3, 4, 20)

    assert transfers.slowness(running(acme, minutes=39)) == ""
    assert transfers.slowness(running(acme, minutes=41)) == (
        "It has been under way for 41 minutes. Of the last 5 private transfers of Acme that were completed, 9 in 10 "
        "took at most 20 minutes."
    )


def test_a_single_slow_one_among_many_does_not_move_the_measure(acme: Organization) -> None:
    past(acme, *[8] * 19, 600)

    assert transfers.slowness(running(acme, minutes=17)) != ""


def test_ten_minutes_are_never_slow(acme: Organization) -> None:
    past(acme, *[0.2] * 6)

    assert transfers.slowness(running(acme, minutes=9)) == ""
    assert transfers.slowness(running(acme, minutes=11)) != ""


def test_with_few_to_compare_with_a_day_is_the_measure(acme: Organization) -> None:
    past(acme, 1, 1, 1, 1)
    past(acme, 1, 1, type_="PUBLIC")
    past(OrganizationFactory(), *[1] * 9)

    assert transfers.slowness(running(acme, hours=23)) == ""
    assert transfers.slowness(running(acme, hours=25)) == "It has been under way for 25 hours, longer than a day."


def test_what_is_over_is_not_slow(acme: Organization) -> None:
    transfer = TransferFactory(failed=True, remote_created_at=timezone.now() - timedelta(days=9))

    assert transfers.slowness(transfer) == ""


def test_the_operators_are_told_once_of_a_slow_transfer_that_nobody_here_asked_for(
    acme: Organization, operator: User
) -> None:
    viewer = UserFactory()
    MembershipFactory(user=viewer, organization=acme, role=Role.VIEWER)
    transfer = running(acme, hours=30)
    running(acme, hours=2)

    for _ in range(2):
        transfers.note_slow()

    notice = Notice.objects.get()
    assert (notice.person, notice.kind) == (operator, "transfer_slow")
    assert notice.text == "The transfer of “Loyalty” to Globex takes longer than usual"
    assert f"name transfer {transfer.remote_id}" in notice.detail
    assert notice.url == f"/sharing/transfers/{transfer.pk}/"


def test_whoever_asked_for_a_slow_transfer_is_told_of_it(acme: Organization, operator: User) -> None:
    transfer = running(acme, hours=30)
    asker = UserFactory()
    MembershipFactory(user=asker, organization=acme, role=Role.OPERATOR)
    JobFactory(kind=kinds.TRANSFER, organization=acme, remote_id=transfer.remote_id, requested_by=asker, running=False)

    transfers.note_slow()

    assert Notice.objects.get().person == asker


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (59, "59 seconds"),
        (61, "1 minute"),
        (7_199, "1 hour"),
        (129_600, "36 hours"),
        (259_200, "3 days"),
    ],
)
def test_a_duration_is_told_by_its_largest_unit(seconds: int, words: str) -> None:
    assert transfers.span(timedelta(seconds=seconds)) == words
