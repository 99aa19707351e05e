"""The pages of sharing requests: what they tell, who decides there, stopping, the list."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.choices import ApprovalState, JobState, LegState, SharingKind, SharingState
from promotions.models import Package, SharingLeg, SharingRequest
from promotions.services import sharing
from promotions.systems.sharing import kinds
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories_promotions import ArtifactFactory, JobFactory, PackageFactory
from tests.factories_sharing import (
    PARTNER_ID,
    PartnershipFactory,
    SharingRequestFactory,
    TransferFactory,
    under_way,
)

SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


def member(organization: Organization, role: Role, name: str) -> User:
    user: User = UserFactory(full_name=name)
    MembershipFactory(user=user, organization=organization, role=role)
    return user


@pytest.fixture
def approver(organization: Organization) -> User:
    return member(organization, Role.APPROVER, "Ada Approver")


@pytest.fixture
def viewer(organization: Organization) -> User:
    return member(organization, Role.VIEWER, "Vera Viewer")


@pytest.fixture
def package(organization: Organization) -> Package:
    made: Package = PackageFactory(organization=organization, name="Loyalty", artifact_count=1)
    ArtifactFactory(package=made, title="Loyalty member", type="REGISTRY_SCHEMA")
    return made


@pytest.fixture
def wish(package: Package, teammate: User) -> SharingRequest:
    """Sharing of “Loyalty” with Globex, which waits for an approval."""
    return sharing.request_share(package=package, partner_ids=[PARTNER_ID], note="For the spring.", actor=teammate)


def page_of(wish: SharingRequest) -> str:
    return reverse("promotions:sharing-detail", args=[wish.pk])


def decide(client: Client, wish: SharingRequest, verdict: str, reason: str = "They need it."):
    approval = wish.approvals.get()
    sent = {"verdict": verdict, "reason": reason, "seen_hash": approval.content_hash}
    return client.post(reverse("promotions:approval-detail", args=[approval.pk]), sent)


def text_of(client: Client, url: str, **headers: str) -> str:
    return client.get(url, headers=headers or None).content.decode()


# The page


def test_the_page_says_what_is_asked_for_and_what_cannot_be_undone(
    signed_in: SignIn, approver: User, wish: SharingRequest
) -> None:
    text = text_of(signed_in(approver), page_of(wish))

    assert "Loyalty member" in text
    assert "For the spring." in text
    assert "A package that was sent cannot be taken back." in text
    assert PARTNER_ID in text
    assert "Your decision" in text


def test_a_partner_is_named_as_soon_as_its_name_is_known(
    signed_in: SignIn, approver: User, wish: SharingRequest, organization: Organization
) -> None:
    client = signed_in(approver)
    before = client.get(page_of(wish))
    partnership = PartnershipFactory(organization=organization, partner_name="Globex", outgoing=True)
    wish.legs.update(partnership=partnership)
    address = reverse("promotions:sharing-live", args=[wish.pk])

    live = text_of(client, f"{address}?seen={before.context['version']}", **HTMX)

    assert "Name not known" in before.content.decode()
    assert 'id="partners" hx-swap-oob="true"' in live
    assert "Name not known" not in live


def test_the_card_of_a_request_moves_along_unless_somebody_may_type_in_it(
    signed_in: SignIn, teammate: User, approver: User, wish: SharingRequest, organization: Organization
) -> None:
    second = member(organization, Role.APPROVER, "Bo Approver")
    pages = {reader: signed_in(reader).get(page_of(wish)) for reader in (teammate, second)}
    decide(signed_in(approver), wish, "approve")
    address = reverse("promotions:sharing-live", args=[wish.pk])

    onlooker = text_of(signed_in(teammate), f"{address}?seen={pages[teammate].context['version']}", **HTMX)
    decider = text_of(signed_in(second), f"{address}?seen={pages[second].context['version']}&form=1", **HTMX)

    assert "&amp;form=1" in pages[second].content.decode()
    assert 'id="approval-news"' in pages[second].content.decode()
    assert "form=1" not in pages[teammate].content.decode()
    assert "It starts at once when somebody approves." in pages[teammate].content.decode()
    assert '<h2 id="decision-title">Approved</h2>' in onlooker
    assert 'id="finality"' not in onlooker
    assert 'id="decision"' not in decider


def test_nothing_is_said_of_asking_for_a_partnership_that_is_there_already(
    signed_in: SignIn, approver: User, wish: SharingRequest, organization: Organization
) -> None:
    client, words = signed_in(approver), "A request for a partnership cannot be withdrawn"
    before = text_of(client, page_of(wish))
    PartnershipFactory(organization=organization, approved=True)

    after = text_of(client, page_of(wish))

    assert [words in text for text in (before, after)] == [True, False]
    assert "A package that was sent cannot be taken back." in after


def test_whoever_asked_is_told_who_else_decides(
    signed_in: SignIn, teammate: User, approver: User, wish: SharingRequest
) -> None:
    text = text_of(signed_in(teammate), page_of(wish))

    assert "Who can: Ada Approver" in text
    assert 'value="approve"' not in text


def test_a_viewer_reads_and_is_offered_nothing(signed_in: SignIn, viewer: User, wish: SharingRequest) -> None:
    client = signed_in(viewer)

    text = text_of(client, page_of(wish))
    forged = decide(client, wish, "approve")

    assert "Stop…" not in text
    assert 'value="approve"' not in text
    assert forged.status_code == 403
    assert wish.approvals.get().state == ApprovalState.PENDING


def test_people_of_the_partner_do_not_see_the_request(signed_in: SignIn, wish: SharingRequest) -> None:
    theirs = member(OrganizationFactory(remote_id=PARTNER_ID, name="Globex"), Role.APPROVER, "Gus Globex")
    client = signed_in(theirs)

    pages = [client.get(page_of(wish)), decide(client, wish, "approve")]
    listed = text_of(client, reverse("promotions:sharing-list"))
    inbox = text_of(client, reverse("promotions:approval-list"))

    assert [page.status_code for page in pages] == [404, 404]
    assert "Loyalty" not in listed + inbox


def test_a_package_that_changed_since_is_said_to_have_changed(
    signed_in: SignIn, approver: User, wish: SharingRequest, package: Package
) -> None:
    ArtifactFactory(package=package)

    text = text_of(signed_in(approver), page_of(wish))

    assert "holds other objects than when this was asked for" in text


# Deciding


def test_approving_leads_to_the_chain(signed_in: SignIn, approver: User, wish: SharingRequest) -> None:
    client = signed_in(approver)

    answer = decide(client, wish, "approve")

    wish.refresh_from_db()
    assert answer["Location"] == page_of(wish)
    assert wish.state == SharingState.UNDER_WAY
    text = text_of(client, page_of(wish))
    assert "Approved. It has begun" in text
    assert "Partnership asked" in text


def test_approving_without_a_reason_is_refused_at_the_field(
    signed_in: SignIn, approver: User, wish: SharingRequest
) -> None:
    answer = decide(signed_in(approver), wish, "approve", reason=" ")

    assert answer.status_code == 422
    assert "Say why you approve it" in answer.content.decode()
    assert wish.approvals.get().state == ApprovalState.PENDING


def test_rejecting_tells_why(signed_in: SignIn, approver: User, wish: SharingRequest) -> None:
    client = signed_in(approver)

    decide(client, wish, "reject", reason="Not before May.")

    text = text_of(client, page_of(wish))
    assert "Rejected here" in text
    assert "Not before May." in text
    assert "not approved" in text


def test_a_decision_that_came_second_says_so(signed_in: SignIn, approver: User, wish: SharingRequest) -> None:
    client = signed_in(approver)
    decide(client, wish, "approve")

    answer = decide(client, wish, "reject", reason="Too late.")

    assert answer.status_code == 409
    assert "Ada Approver has approved it already" in answer.content.decode()
    assert "Too late." in answer.content.decode()


def test_the_pages_of_its_approval_lead_to_the_request(signed_in: SignIn, teammate: User, wish: SharingRequest) -> None:
    client, approval = signed_in(teammate), wish.approvals.get()

    shown = client.get(reverse("promotions:approval-detail", args=[approval.pk]))
    withdrawn = client.get(reverse("promotions:approval-withdraw", args=[approval.pk]))

    assert shown["Location"] == page_of(wish)
    assert withdrawn["Location"] == reverse("promotions:sharing-stop", args=[wish.pk])


@pytest.mark.parametrize(("asked", "emphasis"), [("approve", "button button-primary"), ("reject", "button-danger")])
def test_a_key_leads_to_the_reason_and_decides_nothing(
    signed_in: SignIn, approver: User, wish: SharingRequest, asked: str, emphasis: str
) -> None:
    text = text_of(signed_in(approver), f"{page_of(wish)}?decide={asked}")

    assert "autofocus" in text
    assert emphasis in text
    assert wish.approvals.get().state == ApprovalState.PENDING


# The chain


def test_a_leg_that_waits_for_the_partner_says_who_decides(
    signed_in: SignIn, teammate: User, approver: User, wish: SharingRequest
) -> None:
    partnership = PartnershipFactory(organization=wish.organization, outgoing=True)
    under_way(wish, approver=approver, leg_state=LegState.WAITING_PARTNER)
    wish.legs.update(partnership=partnership)

    text = text_of(signed_in(teammate), page_of(wish))

    assert "Asked before this request." in text
    assert "Globex decides; the platform sets no time for it." in text


def test_partners_are_not_asked_again(signed_in: SignIn, teammate: User, wish: SharingRequest) -> None:
    PartnershipFactory(organization=wish.organization, approved=True)

    text = text_of(signed_in(teammate), page_of(wish))

    assert "Partners already" in text
    assert "Partnership asked" not in text


def test_a_partner_who_rejected_is_quoted(
    signed_in: SignIn, teammate: User, approver: User, wish: SharingRequest
) -> None:
    history = [{"action": "REJECTED", "at": "2026-05-01T10:00:00+00:00", "by": "Gus", "reason": "Not with you."}]
    partnership = PartnershipFactory(organization=wish.organization, outgoing=True, rejected=True, history=history)
    under_way(wish, approver=approver, leg_state=LegState.REFUSED)
    wish.legs.update(partnership=partnership)

    text = text_of(signed_in(teammate), page_of(wish))

    assert "Rejected by Globex" in text
    assert "Not with you." in text


def test_the_platforms_own_steps_are_shown_while_it_is_on_its_way(
    signed_in: SignIn, teammate: User, approver: User, wish: SharingRequest
) -> None:
    sending(wish, approver)

    text = text_of(signed_in(teammate), page_of(wish))

    assert "Fetched Manifest" in text
    assert "a transfer may take a day" in text


def test_a_job_in_doubt_leads_to_its_decision(
    signed_in: SignIn, teammate: User, approver: User, wish: SharingRequest
) -> None:
    under_way(wish, approver=approver, leg_state=LegState.SENDING)
    job = JobFactory(organization=wish.organization, kind=kinds.TRANSFER, unknown_outcome=True)
    wish.legs.update(sending_job=job)

    text = text_of(signed_in(teammate), page_of(wish))

    assert f'<a href="/jobs/{job.pk}/">Decide about job {job.pk}</a>' in text


def test_a_failed_transfer_can_be_sent_again(
    signed_in: SignIn, teammate: User, viewer: User, approver: User, wish: SharingRequest
) -> None:
    transfer = sending(wish, approver, failed=True)
    SharingRequest.objects.update(state=SharingState.FAILED, ended_at=timezone.now())
    SharingLeg.objects.update(state=LegState.FAILED, problem="The platform gave up.")

    operators, viewers = (text_of(signed_in(one), page_of(wish)) for one in (teammate, viewer))

    again = reverse("promotions:transfer-again", args=[transfer.pk])
    assert again in operators
    assert again not in viewers
    assert "The platform gave up." in operators


def test_what_arrived_can_be_planned_by_operators_of_the_target(
    signed_in: SignIn, teammate: User, approver: User, wish: SharingRequest
) -> None:
    transfer = sending(wish, approver, completed=True)
    globex = OrganizationFactory(remote_id=PARTNER_ID, name="Globex")
    both = member(globex, Role.OPERATOR, "Two Hats")
    MembershipFactory(user=both, organization=wish.organization, role=Role.VIEWER)
    arrived = PackageFactory(organization=globex, name="Loyalty")
    TransferFactory(incoming=True, completed=True, organization=globex, package=arrived, remote_id=transfer.remote_id)
    SharingLeg.objects.update(state=LegState.DONE)

    with_both, with_one = (text_of(signed_in(one), page_of(wish)) for one in (both, teammate))

    plan = reverse("promotions:promotion-create", args=[arrived.pk])
    assert plan in with_both
    assert plan not in with_one
    assert "Only Globex sees the package itself." in with_one


def sending(wish: SharingRequest, approver: User, **traits: bool):
    """On its way by a transfer with these traits."""
    PartnershipFactory(organization=wish.organization, approved=True)
    under_way(wish, approver=approver, leg_state=LegState.SENDING)
    transfer = TransferFactory(package=wish.package, **traits)
    job = JobFactory(
        organization=wish.organization, kind=kinds.TRANSFER, state=JobState.RUNNING, remote_id=transfer.remote_id
    )
    wish.legs.update(sending_job=job, transfer=transfer, partner_name="Globex")
    return transfer


# What moves


def test_the_moving_part_answers_nothing_while_nothing_changed(
    signed_in: SignIn, teammate: User, approver: User, wish: SharingRequest
) -> None:
    client = signed_in(teammate)
    seen = client.get(page_of(wish)).context["version"]
    live = f"{reverse('promotions:sharing-live', args=[wish.pk])}?seen={seen}"

    same = client.get(live, headers=HTMX)
    under_way(wish, approver=approver, leg_state=LegState.ASKING)
    other = client.get(live, headers=HTMX)

    assert same.status_code == 204
    assert other.status_code == 200
    assert 'id="sharing-state" hx-swap-oob="true"' in other.content.decode()


def test_what_is_over_no_longer_asks(signed_in: SignIn, teammate: User, approver: User, wish: SharingRequest) -> None:
    client = signed_in(approver)
    decide(client, wish, "reject", reason="No.")

    text = text_of(signed_in(teammate), page_of(wish))

    assert 'id="sharing-live" hx-get' not in text


# Stopping


def test_stopping_asks_first_and_says_that_nothing_was_sent(
    signed_in: SignIn, teammate: User, wish: SharingRequest
) -> None:
    client, url = signed_in(teammate), reverse("promotions:sharing-stop", args=[wish.pk])

    asked = text_of(client, url)
    client.post(url, {"reason": "Wrong package."})

    wish.refresh_from_db()
    assert "Nothing has been sent." in asked
    assert wish.state == SharingState.STOPPED
    assert "Wrong package." in text_of(client, page_of(wish))


def test_stopping_says_what_stays_at_the_platform(
    signed_in: SignIn, teammate: User, approver: User, wish: SharingRequest
) -> None:
    under_way(wish, approver=approver, leg_state=LegState.WAITING_PARTNER)
    wish.legs.update(partner_name="Globex")

    text = text_of(signed_in(teammate), reverse("promotions:sharing-stop", args=[wish.pk]))

    assert "The request for a partnership stays with Globex" in text


def test_what_is_at_the_platform_is_offered_no_stop(
    signed_in: SignIn, teammate: User, approver: User, wish: SharingRequest
) -> None:
    sending(wish, approver)
    client = signed_in(teammate)

    text = text_of(client, page_of(wish))
    forced = client.post(reverse("promotions:sharing-stop", args=[wish.pk]), {"reason": "Oh no."}, follow=True)

    assert "Stop…" not in text
    assert "no way to take a transfer back" in forced.content.decode()


# The list


def test_the_list_is_newest_first_and_sums_the_parts_up(
    signed_in: SignIn, teammate: User, approver: User, wish: SharingRequest, package: Package
) -> None:
    other = "1A2B3C4D5E6F708192A3B4C5@AdobeOrg"
    several = SharingRequestFactory(
        package=package,
        partners=[PARTNER_ID, other],
        created_by=teammate,
        created_at=timezone.now() + timedelta(minutes=1),
    )
    under_way(several, approver=approver, leg_state=LegState.WAITING_PARTNER)

    response = signed_in(teammate).get(reverse("promotions:sharing-list"))

    assert [row.request for row in response.context["rows"]] == [several, wish]
    assert "2 waiting for the partner" in response.content.decode()


def test_the_list_is_narrowed_and_says_so(signed_in: SignIn, teammate: User, wish: SharingRequest) -> None:
    client, url = signed_in(teammate), reverse("promotions:sharing-list")

    kept = client.get(url, {"state": "waiting", "kind": "share", "organization": str(wish.organization.pk)})
    dropped = client.get(url, {"state": "done"})

    assert [row.request for row in kept.context["rows"]] == [wish]
    assert dropped.context["rows"] == []
    assert "No request fits the filter" in dropped.content.decode()
    assert client.get(url, {"state": "strange"}).status_code == 422


def test_an_empty_list_teaches_operators_to_share(
    signed_in: SignIn, teammate: User, viewer: User, organization: Organization
) -> None:
    operators, viewers = (text_of(signed_in(one), reverse("promotions:sharing-list")) for one in (teammate, viewer))

    assert "Nothing has been shared yet" in operators
    assert reverse("promotions:share-create") in operators
    assert reverse("promotions:share-create") not in viewers


def test_the_number_of_queries_does_not_grow_with_the_list(
    signed_in: SignIn, teammate: User, package: Package, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client, url = signed_in(teammate), reverse("promotions:sharing-list")
    SharingRequestFactory(package=package)
    with django_assert_max_num_queries(40) as few:
        client.get(url)
    SharingRequestFactory.create_batch(5, package=package)

    with django_assert_max_num_queries(40) as many:
        client.get(url)

    assert len(many) == len(few)


@pytest.mark.parametrize("kind", [SharingKind.PARTNERSHIP, SharingKind.PUBLICITY, SharingKind.PULL])
def test_every_kind_of_request_has_its_page(
    signed_in: SignIn, teammate: User, package: Package, kind: SharingKind
) -> None:
    made = SharingRequestFactory(package=package, kind=kind, facts={"package": {"name": "Loyalty"}})

    response = signed_in(teammate).get(page_of(made))

    assert response.status_code == 200
    assert made.title[1:] in response.content.decode()
