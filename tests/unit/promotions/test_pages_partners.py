"""Partners and transfers in the browser: lists, time lines, the decision on what a partner asks, what arrived."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.choices import Direction, JobState, LegState, TransferStatus
from promotions.models import Job, Partnership, Transfer
from promotions.services import arrivals
from promotions.systems.sharing import kinds
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories_promotions import PackageFactory, PlanFactory
from tests.factories_sharing import PartnershipFactory, SharingRequestFactory, TransferFactory, under_way

SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def approver(organization: Organization) -> User:
    user: User = UserFactory(full_name="Ada Approver")
    MembershipFactory(user=user, organization=organization, role=Role.APPROVER)
    return user


@pytest.fixture
def partnership(organization: Organization) -> Partnership:
    """Globex asks."""
    made: Partnership = PartnershipFactory(
        organization=organization,
        history=[{"action": "APPROVAL_PENDING", "at": "2026-05-01T10:00:00+00:00", "by": "Gus", "reason": ""}],
    )
    return made


def page_of(partnership: Partnership) -> str:
    return reverse("promotions:partnership-detail", args=[partnership.pk])


def decide(client: Client, partnership: Partnership, verdict: str, reason: str = "We work together."):
    url = reverse("promotions:partnership-decide", args=[partnership.pk])
    return client.post(url, {"verdict": verdict, "reason": reason})


def text_of(client: Client, url: str) -> str:
    return client.get(url).content.decode()


# A partnership


def test_the_time_line_tells_who_asked_and_keeps_the_platforms_word(
    signed_in: SignIn, teammate: User, partnership: Partnership
) -> None:
    text = text_of(signed_in(teammate), page_of(partnership))

    assert '<span class="timeline-title" title="APPROVAL_PENDING">Asked</span>' in text
    assert "by Gus" in text
    assert 'title="APPROVAL_PENDING"' in text


def test_a_history_that_could_not_be_read_is_shown_as_it_came(
    signed_in: SignIn, teammate: User, organization: Organization
) -> None:
    odd = PartnershipFactory(organization=organization, history_text="<odd>")

    text = text_of(signed_in(teammate), page_of(odd))

    assert "could not be read" in text
    assert "&lt;odd&gt;" in text


@pytest.mark.parametrize(("verdict", "words"), [("approve", "You approved it"), ("reject", "You rejected it")])
def test_one_approver_decides_with_a_reason(
    signed_in: SignIn, approver: User, partnership: Partnership, verdict: str, words: str
) -> None:
    client = signed_in(approver)

    answer = decide(client, partnership, verdict)

    job = Job.objects.get(kind=kinds.DECIDE)
    assert answer["Location"] == page_of(partnership)
    assert job.params["is_approved"] == (verdict == "approve")
    assert words in text_of(client, page_of(partnership))


def test_a_decision_without_a_reason_is_refused_at_the_field(
    signed_in: SignIn, approver: User, partnership: Partnership
) -> None:
    answer = decide(signed_in(approver), partnership, "approve", reason=" ")

    assert answer.status_code == 422
    assert "the partner reads it" in answer.content.decode()
    assert not Job.objects.exists()


def test_a_second_decision_is_told_of_the_first(signed_in: SignIn, approver: User, partnership: Partnership) -> None:
    client = signed_in(approver)
    decide(client, partnership, "approve")

    answer = decide(client, partnership, "reject", reason="No.")

    assert answer.status_code == 409
    assert "Ada Approver has approved it already" in answer.content.decode()


def test_operators_see_no_buttons_and_get_403_if_they_forge_the_call(
    signed_in: SignIn, teammate: User, partnership: Partnership
) -> None:
    client = signed_in(teammate)

    text, forged = text_of(client, page_of(partnership)), decide(client, partnership, "approve")

    assert 'value="approve"' not in text
    assert "needs the role approver" in text
    assert forged.status_code == 403
    assert not Job.objects.exists()


def test_approvers_of_the_partner_neither_see_nor_decide(signed_in: SignIn, partnership: Partnership) -> None:
    theirs = UserFactory()
    globex = OrganizationFactory(remote_id=partnership.partner_id)
    MembershipFactory(user=theirs, organization=globex, role=Role.APPROVER)
    client = signed_in(theirs)

    answers = [client.get(page_of(partnership)), decide(client, partnership, "approve")]
    inbox = text_of(client, reverse("promotions:approval-list"))

    assert [answer.status_code for answer in answers] == [404, 404]
    assert page_of(partnership) not in inbox


def test_our_own_request_is_not_ours_to_decide(signed_in: SignIn, approver: User, organization: Organization) -> None:
    outgoing = PartnershipFactory(organization=organization, outgoing=True)

    text = text_of(signed_in(approver), page_of(outgoing))

    assert "Waiting for Globex" in text
    assert 'value="approve"' not in text


def test_the_note_of_a_partner_who_lives_here_is_read_by_those_who_decide(
    signed_in: SignIn, approver: User, partnership: Partnership, organization: Organization
) -> None:
    globex = OrganizationFactory(remote_id=partnership.partner_id, name="Globex")
    wish = SharingRequestFactory(
        package=PackageFactory(organization=globex, name="Trade kit"),
        partners=[organization.remote_id],
        note="For your spring campaign.",
    )
    under_way(wish, approver=UserFactory(), leg_state=LegState.ASKING)

    text = text_of(signed_in(approver), page_of(partnership))

    assert "To share “Trade kit”" in text
    assert "For your spring campaign." in text


def test_what_is_not_agreed_there_is_not_told_here(
    signed_in: SignIn, approver: User, partnership: Partnership, organization: Organization
) -> None:
    globex = OrganizationFactory(remote_id=partnership.partner_id, name="Globex")
    SharingRequestFactory(
        package=PackageFactory(organization=globex), partners=[organization.remote_id], note="Not agreed."
    )

    text = text_of(signed_in(approver), page_of(partnership))

    assert "Not agreed." not in text


def test_what_the_partner_sends_is_planned_on_the_same_page(
    signed_in: SignIn, approver: User, partnership: Partnership, organization: Organization
) -> None:
    arrived = PackageFactory(organization=organization, name="Trade kit")
    TransferFactory(incoming=True, completed=True, organization=organization, package=arrived)

    text = text_of(signed_in(approver), page_of(partnership))

    assert reverse("promotions:promotion-create", args=[arrived.pk]) in text


def test_the_moving_part_of_a_partnership_answers_nothing_while_nothing_changed(
    signed_in: SignIn, approver: User, partnership: Partnership
) -> None:
    client = signed_in(approver)
    seen = client.get(page_of(partnership)).context["version"]
    live = f"{reverse('promotions:partnership-live', args=[partnership.pk])}?seen={seen}"

    same = client.get(live, headers=HTMX)
    Partnership.objects.update(status="APPROVED")
    other = client.get(live, headers=HTMX)

    assert (same.status_code, other.status_code) == (204, 200)
    assert 'id="partnership-state" hx-swap-oob="true"' in other.content.decode()


def test_the_card_and_the_facts_move_along(
    signed_in: SignIn, teammate: User, approver: User, partnership: Partnership
) -> None:
    client = signed_in(approver)
    decide(client, partnership, "approve")
    before = client.get(page_of(partnership))
    Job.objects.update(state=JobState.SUCCEEDED, finished_at=timezone.now())
    Partnership.objects.update(status="APPROVED")

    seen = before.context["version"]
    live = client.get(f"{reverse('promotions:partnership-live', args=[partnership.pk])}?seen={seen}", headers=HTMX)

    assert "Approved here, on its way" in before.content.decode()
    assert "form=1" not in before.content.decode()
    text = live.content.decode()
    assert '<h2 id="decision-title">Approved</h2>' in text
    assert '<dd class="mono">APPROVED</dd>' in text
    for part in ("decision", "partnership-sum", "partnership-actions", "partnership-document"):
        assert f'id="{part}"' in text
    assert text.count('hx-swap-oob="true"') == 5


def test_a_card_in_which_somebody_types_stays_and_a_notice_says_who_was_faster(
    signed_in: SignIn, approver: User, partnership: Partnership
) -> None:
    slow = UserFactory()
    MembershipFactory(user=slow, organization=partnership.organization, role=Role.APPROVER)
    client = signed_in(slow)
    page = client.get(page_of(partnership))
    decide(signed_in(approver), partnership, "approve")

    client.force_login(slow)
    address = reverse("promotions:partnership-live", args=[partnership.pk])
    live = client.get(f"{address}?seen={page.context['version']}&form=1", headers=HTMX).content.decode()

    assert f"{address}?seen={page.context['version']}&amp;form=1" in page.content.decode()
    assert 'id="decision"' not in live
    assert "It is not yours to decide any more" in live
    assert "Ada Approver has approved it already" in live
    assert "&amp;form=1" in live


@pytest.mark.parametrize(
    ("decided", "is_sent", "is_live"),
    [(timedelta(hours=3), False, True), (timedelta(hours=3), True, False), (timedelta(days=2), False, False)],
)
def test_the_page_looks_out_for_the_first_package_of_a_new_partner(
    signed_in: SignIn, approver: User, partnership: Partnership, decided: timedelta, is_sent: bool, is_live: bool
) -> None:
    at = (timezone.now() - decided).isoformat()
    Partnership.objects.update(status="APPROVED", history=[{"action": "APPROVED", "at": at, "by": "", "reason": ""}])
    if is_sent:
        package = PackageFactory(organization=partnership.organization)
        TransferFactory(incoming=True, completed=True, organization=partnership.organization, package=package)

    text = text_of(signed_in(approver), page_of(partnership))

    assert ('id="partnership-live" hx-get=' in text) == is_live


# The list of partners


def test_both_directions_stand_in_one_list(signed_in: SignIn, approver: User, partnership: Partnership) -> None:
    other = PartnershipFactory(organization=partnership.organization, outgoing=True, approved=True, partner_name="")

    response = signed_in(approver).get(reverse("promotions:partnership-list"))

    assert {row["partnership"].pk: row["may_decide"] for row in response.context["rows"]} == {
        partnership.pk: True,
        other.pk: False,
    }


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ({"direction": "incoming"}, True),
        ({"direction": "outgoing"}, False),
        ({"status": "pending"}, True),
        ({"status": "APPROVED"}, False),
    ],
)
def test_partners_are_narrowed(
    signed_in: SignIn, teammate: User, partnership: Partnership, query: dict[str, str], kept: bool
) -> None:
    response = signed_in(teammate).get(reverse("promotions:partnership-list"), query)

    assert bool(response.context["rows"]) == kept


def test_reading_anew_is_the_operators(
    signed_in: SignIn, teammate: User, approver: User, organization: Organization
) -> None:
    url = reverse("promotions:sharing-synchronize")
    viewer = UserFactory()
    MembershipFactory(user=viewer, organization=organization, role=Role.VIEWER)

    refused = signed_in(viewer).post(url, {"organization": organization.pk})
    taken = signed_in(teammate).post(url, {"organization": organization.pk, "back": "partners"})

    assert refused.status_code == 403
    assert taken["Location"] == reverse("promotions:partnership-list")
    assert Job.objects.get().kind == kinds.SYNCHRONIZE


def test_the_list_asks_for_itself_while_it_reads(signed_in: SignIn, teammate: User, organization: Organization) -> None:
    client = signed_in(teammate)
    client.post(reverse("promotions:sharing-synchronize"), {"organization": organization.pk})

    reading = text_of(client, reverse("promotions:transfer-list"))
    Job.objects.update(state=JobState.SUCCEEDED, finished_at=timezone.now())
    still = text_of(client, reverse("promotions:transfer-list"))

    assert 'id="transfer-rows" hx-get' in reading
    assert 'id="transfer-rows" hx-get' not in still
    assert "synchronized <time" in still


# Transfers


def test_private_and_public_transfers_stand_in_one_list(
    signed_in: SignIn, teammate: User, organization: Organization
) -> None:
    sent = TransferFactory(package__organization=organization)
    pulled = TransferFactory(incoming=True, organization=organization, type="PUBLIC")
    TransferFactory()

    response = signed_in(teammate).get(reverse("promotions:transfer-list"))

    assert {row.transfer for row in response.context["rows"]} == {sent, pulled}


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ({"type": "PUBLIC"}, 1),
        ({"direction": "outgoing"}, 2),
        ({"status": "open"}, 2),
        ({"status": "FAILED"}, 1),
    ],
)
def test_transfers_are_narrowed(
    signed_in: SignIn, teammate: User, organization: Organization, query: dict[str, str], number: int
) -> None:
    TransferFactory(package__organization=organization, status="SOMETHING_NEW")
    TransferFactory(package__organization=organization, failed=True)
    TransferFactory(incoming=True, organization=organization, type="PUBLIC")

    response = signed_in(teammate).get(reverse("promotions:transfer-list"), query)

    assert len(response.context["rows"]) == number


def test_a_transfer_shows_its_steps_and_its_age(signed_in: SignIn, teammate: User, organization: Organization) -> None:
    transfer = TransferFactory(
        package__organization=organization, remote_created_at=timezone.now() - timedelta(hours=3, minutes=5)
    )

    text = text_of(signed_in(teammate), reverse("promotions:transfer-detail", args=[transfer.pk]))

    assert "Fetched Package" in text
    assert "3 h 5 min" in text


def test_a_slow_transfer_says_so(signed_in: SignIn, teammate: User, organization: Organization) -> None:
    transfer = TransferFactory(package__organization=organization, remote_created_at=timezone.now() - timedelta(days=3))

    text = text_of(signed_in(teammate), reverse("promotions:transfer-detail", args=[transfer.pk]))

    assert "Slower than usual" in text


def test_an_unknown_status_is_shown_and_no_success(
    signed_in: SignIn, teammate: User, organization: Organization
) -> None:
    transfer = TransferFactory(package__organization=organization, status="Parked by Admin")

    text = text_of(signed_in(teammate), reverse("promotions:transfer-detail", args=[transfer.pk]))

    assert '<span class="badge-word">Parked by Admin</span>' in text
    assert 'data-state="unknown"' in text


@pytest.mark.parametrize(
    ("seen", "ended", "words"),
    [
        (timedelta(0), timedelta(hours=1), "not found yet"),
        (arrivals.SOON + timedelta(minutes=1), timedelta(hours=1), "nothing found"),
        (timedelta(0), timedelta(days=12), "nothing found"),
    ],
)
def test_a_completed_transfer_without_its_package_does_not_count_as_arrived(
    signed_in: SignIn, teammate: User, organization: Organization, seen: timedelta, ended: timedelta, words: str
) -> None:
    now = timezone.now()
    transfer = TransferFactory(
        incoming=True, completed=True, organization=organization, over_seen_at=now - seen, completed_at=now - ended
    )

    text = text_of(signed_in(teammate), reverse("promotions:transfer-detail", args=[transfer.pk]))

    assert f"Completed, and {words}" in text
    assert "Plan import" not in text


def test_a_repeated_transfer_points_at_the_one_that_failed(
    signed_in: SignIn, teammate: User, organization: Organization
) -> None:
    failed = TransferFactory(package__organization=organization, failed=True)
    again = TransferFactory(package=failed.package, again_of=failed)
    client = signed_in(teammate)

    old, new = (text_of(client, reverse("promotions:transfer-detail", args=[one.pk])) for one in (failed, again))

    assert reverse("promotions:transfer-detail", args=[again.pk]) in old
    assert f'It repeats <a href="{reverse("promotions:transfer-detail", args=[failed.pk])}"' in new


def test_sending_again_asks_for_the_same_with_the_same(
    signed_in: SignIn, teammate: User, organization: Organization
) -> None:
    failed = TransferFactory(package__organization=organization, package__name="Loyalty", failed=True)
    PartnershipFactory(organization=organization, approved=True)
    client, url = signed_in(teammate), reverse("promotions:transfer-again", args=[failed.pk])

    form = client.get(url).content.decode()
    client.post(url, {"package": failed.package_id, "known": failed.partner_id, "note": "Once more."})

    assert "Send “Loyalty” again" in form
    assert f'value="{failed.partner_id}"' in form
    assert "checked" in form
    wish = failed.sharing_requests.get()
    assert [leg.partner_id for leg in wish.legs.all()] == [failed.partner_id]


def test_only_a_failed_transfer_is_sent_again(signed_in: SignIn, teammate: User, organization: Organization) -> None:
    transfer = TransferFactory(package__organization=organization)

    answer = signed_in(teammate).get(reverse("promotions:transfer-again", args=[transfer.pk]), follow=True)

    assert "only a transfer that failed can be sent again" in answer.content.decode()


@pytest.mark.parametrize("route", ["partnership-list", "transfer-list"])
def test_the_number_of_queries_does_not_grow_with_these_lists(
    signed_in: SignIn,
    teammate: User,
    organization: Organization,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    route: str,
) -> None:
    client, url = signed_in(teammate), reverse(f"promotions:{route}")
    PartnershipFactory(organization=organization)
    TransferFactory(package__organization=organization, failed=True, partner_name="")
    with django_assert_max_num_queries(40) as few:
        client.get(url)
    PartnershipFactory.create_batch(5, organization=organization)
    TransferFactory.create_batch(5, package__organization=organization, failed=True, partner_name="")

    with django_assert_max_num_queries(40) as many:
        client.get(url)

    assert len(many) == len(few)


# Home and the inbox


def test_home_asks_approvers_to_answer_partners(
    signed_in: SignIn, teammate: User, approver: User, partnership: Partnership
) -> None:
    approvers, operators = (text_of(signed_in(one), "/") for one in (approver, teammate))

    words = f"Globex asks {partnership.organization} for a partnership"
    assert words in approvers
    assert words not in operators


def test_home_shows_what_arrived_until_somebody_plans_it(
    signed_in: SignIn, teammate: User, organization: Organization
) -> None:
    arrived = PackageFactory(organization=organization, name="Trade kit")
    TransferFactory(incoming=True, completed=True, organization=organization, package=arrived, package_name="Trade kit")
    client = signed_in(teammate)

    before = text_of(client, "/")
    PlanFactory(promotion__package=arrived)
    after = text_of(client, "/")

    assert "“Trade kit” from Globex has arrived" in before
    assert "has arrived" not in after


def test_home_shows_a_failed_transfer_to_whoever_asked_for_it(
    signed_in: SignIn, teammate: User, approver: User, organization: Organization
) -> None:
    transfer = TransferFactory(package__organization=organization, package__name="Loyalty", failed=True)
    wish = SharingRequestFactory(package=transfer.package, created_by=teammate)
    wish.legs.update(transfer=transfer)

    askers, others = (text_of(signed_in(one), "/") for one in (teammate, approver))

    assert "Transfer of “Loyalty” to Globex" in askers
    assert "Transfer of “Loyalty” to Globex" not in others


def test_the_inbox_holds_approvals_and_partners_and_the_rail_counts_both(
    signed_in: SignIn, teammate: User, approver: User, partnership: Partnership
) -> None:
    package = PackageFactory(organization=partnership.organization, name="Loyalty")
    SharingRequestFactory(package=package, created_by=teammate)

    text = text_of(signed_in(approver), reverse("promotions:approval-list"))

    assert "Globex asks" in text
    assert "Sharing of “Loyalty”" in text
    assert text.count("2 wait for you") == 2
    assert "data-decide" in text


def test_what_waits_for_others_is_not_offered_to_be_decided(
    signed_in: SignIn, teammate: User, partnership: Partnership
) -> None:
    client, url = signed_in(teammate), reverse("promotions:approval-list")

    mine, others = text_of(client, url), text_of(client, f"{url}?tab=others")

    assert "Globex asks" not in mine
    assert "Globex asks" in others
    assert "data-decide" not in others


def test_answered_partners_stand_under_done(signed_in: SignIn, teammate: User, organization: Organization) -> None:
    PartnershipFactory(organization=organization, approved=True, partner_name="Initech")

    text = text_of(signed_in(teammate), f"{reverse('promotions:approval-list')}?tab=done")

    assert "Initech asks" in text


def test_transfers_of_both_sides_are_each_sides_own(
    signed_in: SignIn, stranger: User, organization: Organization
) -> None:
    TransferFactory(package__organization=organization)
    Transfer.objects.update(direction=Direction.OUTGOING, status=TransferStatus.COMPLETED)

    response = signed_in(stranger).get(reverse("promotions:transfer-list"))

    assert response.context["rows"] == []
