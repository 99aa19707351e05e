"""What is stored of partnerships: one organization's side, raw statuses, and nothing but what differs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Organization
from promotions.choices import Direction, LegState, SharingKind, SharingState
from promotions.models import Partnership
from promotions.services import partnerships
from tests.factories import OrganizationFactory, UserFactory
from tests.factories_sharing import PARTNER_ID, PartnershipFactory, SharingRequestFactory, under_way
from tests.unit.promotions.remote_sharing import AT, OWN_ID, decision, remote_partnership

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Organization:
    organization: Organization = OrganizationFactory(name="Acme", remote_id=OWN_ID)
    return organization


def only() -> Partnership:
    return Partnership.objects.get()


def test_a_request_of_ours_is_stored_as_outgoing_with_its_history(acme: Organization) -> None:
    written = partnerships.apply(acme, [remote_partnership()], direction=Direction.OUTGOING)

    assert written == [only()]
    assert (only().direction, only().partner_id, only().linking_id) == ("outgoing", PARTNER_ID, "link-1")
    assert only().remote_created_at == AT.replace(microsecond=0)
    assert only().history == [
        {"action": "INITIATED", "at": AT.isoformat(), "by": "Pat", "organization_id": OWN_ID, "reason": ""}
    ]


def test_the_ids_decide_on_the_direction_whatever_list_a_row_comes_from(acme: Organization) -> None:
    remote = remote_partnership(source_id=PARTNER_ID, source_name="Globex", target_id=OWN_ID)

    partnerships.apply(acme, [remote], direction=Direction.OUTGOING)

    assert (only().direction, only().partner_name, only().partner_region) == ("incoming", "Globex", "va7")


def test_a_row_that_names_our_id_in_another_case_is_placed_by_its_list(acme: Organization) -> None:
    remote = remote_partnership(source_id=OWN_ID.lower())

    partnerships.apply(acme, [remote], direction=Direction.OUTGOING)

    assert (only().direction, only().partner_id) == ("outgoing", PARTNER_ID)


def test_a_row_of_others_without_a_list_is_left_out(acme: Organization) -> None:
    remote = remote_partnership(source_id="1@AdobeOrg", target_id="2@AdobeOrg")

    assert partnerships.apply(acme, [remote]) == []
    assert not Partnership.objects.exists()


@pytest.mark.parametrize("told", ["", PARTNER_ID])
def test_a_partner_without_a_name_is_called_as_it_is_called_here(acme: Organization, told: str) -> None:
    OrganizationFactory(name="Globex", remote_id=PARTNER_ID)

    partnerships.apply(acme, [remote_partnership(target_name=told)])

    assert only().partner_name == "Globex"


def test_a_partner_that_nobody_names_has_no_name(acme: Organization) -> None:
    partnerships.apply(acme, [remote_partnership(target_name=PARTNER_ID)])

    assert (only().partner_name, only().partner) == ("", PARTNER_ID)


def test_the_same_again_writes_nothing(acme: Organization) -> None:
    partnerships.apply(acme, [remote_partnership()])
    seen_at = only().seen_at

    written = partnerships.apply(acme, [remote_partnership(modified_at=AT.replace(microsecond=0))])

    assert (written, only().seen_at) == ([], seen_at)


def test_what_an_answer_leaves_out_stays(acme: Organization) -> None:
    partnerships.apply(acme, [remote_partnership(target_name="Globex", target_region="nld2")])

    partnerships.apply(acme, [remote_partnership(linking_id="", status="", history=(), modified_at=None)])

    row = only()
    assert (row.partner_name, row.partner_region, row.linking_id) == ("Globex", "nld2", "link-1")
    assert (row.is_pending, len(row.history)) == (True, 1)


def test_an_unknown_status_is_kept_as_it_came_and_is_no_success(acme: Organization) -> None:
    partnerships.apply(acme, [remote_partnership(status="Under review")])

    row = only()
    assert (row.status, row.state_slug) == ("Under review", "unknown")
    assert (row.status_label, row.status_text) == ("Under review", "Under review")
    assert not row.is_approved
    assert not row.is_pending


def test_a_history_that_cannot_be_read_is_kept_as_text(acme: Organization) -> None:
    partnerships.apply(acme, [remote_partnership(history=(), history_text="[{broken")])

    assert (only().history, only().history_text) == ([], "[{broken")


def test_a_page_that_was_read_earlier_takes_no_decision_back(acme: Organization) -> None:
    later = AT + timedelta(minutes=1)
    partnerships.apply(acme, [remote_partnership(status="APPROVED", modified_at=later)])

    partnerships.apply(acme, [remote_partnership()])

    assert only().is_approved


def test_a_complete_list_tells_what_has_vanished_of_its_direction_alone(acme: Organization) -> None:
    gone = PartnershipFactory(organization=acme, outgoing=True, first_seen_at=timezone.now() - timedelta(hours=1))
    other = PartnershipFactory(organization=acme, partner_id="1A2B3C4D5E6F708192A3B4C5@AdobeOrg")
    elsewhere = PartnershipFactory(outgoing=True)

    partnerships.apply(
        acme, [remote_partnership()], direction=Direction.OUTGOING, is_complete=True, read_since=timezone.now()
    )

    vanished = set(Partnership.objects.exclude(vanished_at=None))
    assert vanished == {gone}
    assert {other, elsewhere}.isdisjoint(vanished)


def test_what_was_asked_for_while_a_list_was_read_has_not_vanished(acme: Organization) -> None:
    began_at = timezone.now() - timedelta(minutes=1)
    PartnershipFactory(organization=acme, outgoing=True, first_seen_at=timezone.now())

    partnerships.apply(acme, [], direction=Direction.OUTGOING, is_complete=True, read_since=began_at)

    assert only().vanished_at is None


def test_an_incomplete_list_shows_nothing_gone_and_a_row_that_comes_back_is_there(acme: Organization) -> None:
    back = PartnershipFactory(
        organization=acme, outgoing=True, remote_id=remote_partnership().id, vanished_at=timezone.now()
    )
    PartnershipFactory(organization=acme, outgoing=True, first_seen_at=timezone.now() - timedelta(days=1))

    partnerships.apply(acme, [remote_partnership()], direction=Direction.OUTGOING)

    assert set(Partnership.objects.filter(vanished_at=None)) == set(Partnership.objects.all())
    assert back in Partnership.objects.filter(vanished_at=None)


def test_a_partner_that_approves_moves_the_request_that_waits(acme: Organization) -> None:
    request = under_way(
        SharingRequestFactory(kind=SharingKind.PARTNERSHIP, package=None, organization=acme),
        approver=UserFactory(),
        leg_state=LegState.WAITING_PARTNER,
    )
    approved = remote_partnership(
        status="APPROVED", history=(decision("INITIATED", OWN_ID), decision("APPROVED", PARTNER_ID, "Welcome"))
    )

    partnerships.apply(acme, [approved], direction=Direction.OUTGOING)

    request.refresh_from_db()
    assert request.state == SharingState.DONE
    assert only().history[-1]["reason"] == "Welcome"
