"""Asking in the browser: to share, for partnerships, to make public, to pull; what is shown before anything is sent."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.choices import SharingKind, Visibility
from promotions.models import Package, SharingRequest
from promotions.pasted_sources import Source, read_sources
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories_promotions import PackageFactory
from tests.factories_sharing import PARTNER_ID, PartnershipFactory, SharingRequestFactory

SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
OTHER_ID = "1A2B3C4D5E6F708192A3B4C5@AdobeOrg"
SHARE, ASK, PULL = "/sharing/new/", "/sharing/partners/new/", "/sharing/pull/"


@pytest.fixture
def viewer(organization: Organization) -> User:
    user: User = UserFactory(full_name="Vera Viewer")
    MembershipFactory(user=user, organization=organization, role=Role.VIEWER)
    return user


@pytest.fixture
def package(organization: Organization) -> Package:
    made: Package = PackageFactory(organization=organization, name="Loyalty", artifact_count=2)
    return made


def share(client: Client, chosen: Package, /, headers: Any = None, **sent: Any):
    return client.post(SHARE, {"package": chosen.pk, "note": "For them.", **sent}, headers=headers)


# Sharing


def test_a_package_is_shared_with_several_at_once(signed_in: SignIn, teammate: User, package: Package) -> None:
    answer = share(signed_in(teammate), package, partner_ids=f"{PARTNER_ID}, {OTHER_ID}\n{PARTNER_ID}")

    wish = SharingRequest.objects.get()
    assert answer["Location"] == reverse("promotions:sharing-detail", args=[wish.pk])
    assert [leg.partner_id for leg in wish.legs.all()] == [PARTNER_ID, OTHER_ID]
    assert (wish.kind, wish.note) == (SharingKind.SHARE, "For them.")


def test_known_partners_are_ticked(signed_in: SignIn, teammate: User, package: Package) -> None:
    PartnershipFactory(organization=package.organization, approved=True)
    client = signed_in(teammate)

    form = client.get(f"{SHARE}?package={package.pk}").content.decode()
    share(client, package, known=PARTNER_ID)

    assert "Globex · partner" in form
    assert SharingRequest.objects.get().legs.get().partner_id == PARTNER_ID


def test_organizations_of_this_installation_are_offered_by_name(
    signed_in: SignIn, teammate: User, package: Package
) -> None:
    OrganizationFactory(name="Globex", remote_id=PARTNER_ID)

    form = signed_in(teammate).get(f"{SHARE}?package={package.pk}").content.decode()

    assert "Globex · lives here" in form


def test_what_will_happen_is_told_for_each_before_anything_is_sent(
    signed_in: SignIn, teammate: User, package: Package
) -> None:
    PartnershipFactory(organization=package.organization, approved=True)

    answer = share(signed_in(teammate), package, partner_ids=f"{PARTNER_ID} {OTHER_ID} nonsense", headers=HTMX)

    text = answer.content.decode()
    assert "Partner already: it is sent as soon as somebody here approves." in text
    assert "Asks for a partnership first; they decide, by their own tools, then it is sent." in text
    assert "“nonsense” is no organization id" in text
    assert not SharingRequest.objects.exists()


def test_without_script_the_same_is_told_by_a_button(
    signed_in: SignIn, teammate: User, organization: Organization, package: Package
) -> None:
    approver = UserFactory(full_name="Ada Approver")
    MembershipFactory(user=approver, organization=organization, role=Role.APPROVER)

    answer = share(signed_in(teammate), package, partner_ids=PARTNER_ID, check="1")

    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Asks for a partnership first" in text
    assert "Ada Approver" in text
    assert not SharingRequest.objects.exists()


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"partner_ids": ""}, "Name at least one organization"),
        ({"partner_ids": "globex"}, "is no organization id"),
        ({"partner_ids": PARTNER_ID, "note": "n" * 2001}, "at most 2000 characters"),
        ({"partner_ids": PARTNER_ID, "package": ""}, "Choose the package to share."),
    ],
)
def test_what_cannot_be_asked_is_said_at_its_field(
    signed_in: SignIn, teammate: User, package: Package, sent: dict[str, str], words: str
) -> None:
    answer = share(signed_in(teammate), package, **sent)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not SharingRequest.objects.exists()


def test_only_packages_that_can_be_shared_are_offered(
    signed_in: SignIn, teammate: User, organization: Organization, package: Package
) -> None:
    PackageFactory(organization=organization, name="Draft one", draft=True)
    PackageFactory(organization=organization, name="Old one", expired=True)
    PackageFactory(name="Of others")

    form = signed_in(teammate).get(SHARE).content.decode()

    assert f"Loyalty · {organization} · 2 objects" in form
    assert "Draft one" not in form
    assert "Old one" not in form
    assert "Of others" not in form


def test_a_package_of_others_cannot_be_named(signed_in: SignIn, teammate: User, package: Package) -> None:
    client, other = signed_in(teammate), PackageFactory()

    named = client.get(f"{SHARE}?package={other.pk}")
    sent = share(client, other, partner_ids=PARTNER_ID)

    assert named.status_code == 404
    assert sent.status_code == 422


def test_a_partner_page_leads_to_the_form_with_the_partner_ticked(
    signed_in: SignIn, teammate: User, package: Package
) -> None:
    PartnershipFactory(organization=package.organization, approved=True)

    url = f"{SHARE}?organization={package.organization_id}&partner={PARTNER_ID}"
    form = signed_in(teammate).get(url).content.decode()

    assert f'value="{PARTNER_ID}"' in form
    assert "checked" in form


def test_suggestions_follow_the_organization_of_the_chosen_package(
    signed_in: SignIn, teammate: User, package: Package
) -> None:
    second = OrganizationFactory(name="Second")
    MembershipFactory(user=teammate, organization=second, role=Role.OPERATOR)
    PartnershipFactory(organization=package.organization, approved=True)
    client = signed_in(teammate)

    chosen = share(client, package, headers=HTMX).content.decode()
    same = share(client, package, known_of=package.organization_id, headers=HTMX).content.decode()

    assert 'id="known-organizations" hx-swap-oob="true"' in chosen
    assert "Globex · partner" in chosen
    assert "known-organizations" not in same


def test_a_viewer_is_offered_no_sharing_and_gets_403_for_forging_it(
    signed_in: SignIn, viewer: User, package: Package
) -> None:
    client = signed_in(viewer)

    page = client.get(reverse("promotions:package-detail", args=[package.pk])).content.decode()
    forged = share(client, package, partner_ids=PARTNER_ID)

    assert SHARE not in page
    assert forged.status_code == 403
    assert not SharingRequest.objects.exists()


# Partnerships


def test_several_organizations_are_asked_at_once(signed_in: SignIn, teammate: User, organization: Organization) -> None:
    sent = {"organization": organization.pk, "partner_ids": f"{PARTNER_ID};{OTHER_ID}", "note": "Hello."}

    signed_in(teammate).post(ASK, sent)

    wish = SharingRequest.objects.get()
    assert wish.kind == SharingKind.PARTNERSHIP
    assert [leg.partner_id for leg in wish.legs.all()] == [PARTNER_ID, OTHER_ID]


def test_the_form_shows_what_the_partner_will_see(
    signed_in: SignIn, teammate: User, organization: Organization
) -> None:
    Organization.objects.filter(pk=organization.pk).update(region="VA7")

    form = signed_in(teammate).get(ASK).content.decode()

    assert "The partner will see" in form
    assert "va7" in form


def test_a_partner_is_not_asked_twice(signed_in: SignIn, teammate: User, organization: Organization) -> None:
    PartnershipFactory(organization=organization, outgoing=True)

    answer = signed_in(teammate).post(ASK, {"organization": organization.pk, "partner_ids": PARTNER_ID})

    assert answer.status_code == 422
    assert "has been asked already" in answer.content.decode()


# Making public


def test_making_public_takes_the_typed_name(signed_in: SignIn, teammate: User, package: Package) -> None:
    client, url = signed_in(teammate), reverse("promotions:package-publicity", args=[package.pk])

    asked = client.get(url).content.decode()
    wrong = client.post(url, {"typed_name": "loyalty"})
    right = client.post(url, {"typed_name": "Loyalty", "note": "For all partners."})

    assert "Public is final" in asked
    assert wrong.status_code == 422
    assert "Type the package’s name" in wrong.content.decode()
    assert right.status_code == 302
    assert SharingRequest.objects.get().kind == SharingKind.PUBLICITY


def test_what_is_asked_for_is_not_asked_again(signed_in: SignIn, teammate: User, package: Package) -> None:
    client, url = signed_in(teammate), reverse("promotions:package-publicity", args=[package.pk])
    SharingRequestFactory(package=package, kind=SharingKind.PUBLICITY)

    second = client.post(url, {"typed_name": "Loyalty"})
    page = client.get(reverse("promotions:package-detail", args=[package.pk])).content.decode()

    assert second.status_code == 409
    assert "Making it public is asked for" in page
    assert "Make public…" not in page


def test_a_public_package_hands_out_its_payload(signed_in: SignIn, viewer: User, organization: Organization) -> None:
    package = PackageFactory(organization=organization, visibility=Visibility.PUBLIC)

    page = signed_in(viewer).get(reverse("promotions:package-detail", args=[package.pk])).content.decode()

    assert "Copy payload" in page
    assert f"&quot;packageId&quot;: &quot;{package.remote_id}&quot;" in page
    assert organization.remote_id in page


def test_what_is_public_is_not_made_public_again(signed_in: SignIn, teammate: User, organization: Organization) -> None:
    package = PackageFactory(organization=organization, visibility=Visibility.PUBLIC)

    page = signed_in(teammate).get(reverse("promotions:package-publicity", args=[package.pk])).content.decode()

    assert "is public already" in page
    assert "typed_name" not in page


# Pulling


def payload(package_id: str = "a" * 32, organization_id: str = PARTNER_ID) -> str:
    return json.dumps({"imsOrgId": organization_id, "packageId": package_id})


def test_pasted_payloads_are_pulled(signed_in: SignIn, teammate: User, organization: Organization) -> None:
    text = f"{payload()}\n{payload('b' * 32)}"

    answer = signed_in(teammate).post(PULL, {"organization": organization.pk, "sources": text})

    wish = SharingRequest.objects.get()
    assert answer["Location"] == reverse("promotions:sharing-detail", args=[wish.pk])
    assert [leg.package_remote_id for leg in wish.legs.all()] == ["a" * 32, "b" * 32]


def test_what_was_understood_is_shown_before_it_is_asked_for(
    signed_in: SignIn, teammate: User, organization: Organization
) -> None:
    sent = {"organization": organization.pk, "sources": f"{payload()}\nnonsense", "check": "1"}

    answer = signed_in(teammate).post(PULL, sent)

    text = answer.content.decode()
    assert "Understood as 2 packages" in text
    assert "This takes two ids" in text
    assert not SharingRequest.objects.exists()


def test_what_was_not_understood_is_refused_at_the_field(
    signed_in: SignIn, teammate: User, organization: Organization
) -> None:
    answer = signed_in(teammate).post(PULL, {"organization": organization.pk, "sources": '{"imsOrgId": 5}'})

    assert answer.status_code == 422
    assert not SharingRequest.objects.exists()


def test_viewers_see_public_packages_and_no_form(signed_in: SignIn, viewer: User, organization: Organization) -> None:
    PackageFactory(organization=organization, name="Starter kit", visibility=Visibility.PUBLIC)
    client = signed_in(viewer)

    page = client.get(PULL).content.decode()
    forged = client.post(PULL, {"organization": organization.pk, "sources": payload()})

    assert "Starter kit" in page
    assert "Ask for approval" not in page
    assert forged.status_code == 403


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (payload(), [(PARTNER_ID, "a" * 32)]),
        (f"[{payload()}, {payload('b' * 32)}]", [(PARTNER_ID, "a" * 32), (PARTNER_ID, "b" * 32)]),
        (f"{payload()},\n{payload('b' * 32)}", [(PARTNER_ID, "a" * 32), (PARTNER_ID, "b" * 32)]),
        (f"{PARTNER_ID} {'a' * 32}", [(PARTNER_ID, "a" * 32)]),
        (f"{'a' * 32};{PARTNER_ID}\n\n{OTHER_ID}, {'b' * 32}", [(PARTNER_ID, "a" * 32), (OTHER_ID, "b" * 32)]),
        (f"\ufeff{payload()}\r\n{OTHER_ID}\t{'b' * 32}", [(PARTNER_ID, "a" * 32), (OTHER_ID, "b" * 32)]),
    ],
)
def test_payloads_and_ids_are_understood(text: str, found: list[tuple[str, str]]) -> None:
    assert [(one.organization_id, one.package_id, one.problem) for one in read_sources(text)] == [
        (*one, "") for one in found
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no complete JSON"),
        ("[" * 20_000, "no complete JSON"),
        ('{"packageId": "a"}', "has no imsOrgId"),
        ('{"imsOrgId": "globex", "packageId": "a"}', "ends in @AdobeOrg"),
        ("[1]", "must be one JSON object"),
        ("a b c", "two ids"),
        (f"{PARTNER_ID}", "two ids"),
        (f"{PARTNER_ID} {OTHER_ID}", "two ids"),
    ],
)
def test_what_names_no_package_says_why(text: str, words: str) -> None:
    [source] = read_sources(text)

    assert words in source.problem


def test_what_is_named_twice_is_said_to_be() -> None:
    assert read_sources(f"{payload()}\n{PARTNER_ID} {'a' * 32}")[1] == Source(
        f"{PARTNER_ID} {'a' * 32}", PARTNER_ID, "a" * 32, "It is named above already."
    )


def test_nothing_pasted_names_nothing() -> None:
    assert read_sources(" \n\t") == []
