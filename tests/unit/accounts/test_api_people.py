"""The REST API of people: the caller, members, invitations, tokens, mail."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.choices import DeliveryState, Role
from accounts.models import AuditEvent, IdempotentAnswer, Invitation, Membership, Organization, User
from accounts.services.audit import Verb
from accounts.services.people import open_invitation
from tests.factories import (
    ApiTokenFactory,
    InvitationFactory,
    MembershipFactory,
    NoticeDeliveryFactory,
    NoticeFactory,
    OrganizationFactory,
    UserFactory,
    api_headers,
)

pytestmark = pytest.mark.django_db


def send(user: User, method: str, path: str, body: Any = None, **headers: str) -> Any:
    return Client(raise_request_exception=False).generic(
        method,
        f"/api/v1/{path}",
        "" if body is None else json.dumps(body),
        content_type="application/json",
        **{**api_headers(user), **headers},
    )


def rows(response: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = response.json()["results"]
    return found


# The caller


def test_me_says_who_calls_and_what_waits(teammate, organization) -> None:
    NoticeFactory(person=teammate)

    found = send(teammate, "GET", "me/").json()

    assert (found["id"], found["email"], found["unread_notices"]) == (teammate.pk, teammate.email, 1)
    assert found["memberships"] == [{"organization": organization.pk, "role": "operator"}]


def test_profile_changes_where_it_is_named_and_is_recorded(teammate) -> None:
    changed = send(teammate, "PATCH", "me/", {"time_zone": "Europe/Berlin"})

    assert (changed.json()["time_zone"], changed.json()["full_name"]) == ("Europe/Berlin", "Tim Teammate")
    assert AuditEvent.objects.filter(verb=Verb.PROFILE_CHANGED, actor_id=teammate.pk).exists()


def test_zone_that_does_not_exist_is_refused(teammate) -> None:
    refused = send(teammate, "PATCH", "me/", {"time_zone": "Europe/Atlantis"})

    assert refused.status_code == 400
    assert "Europe/Berlin" in refused.json()["errors"]["time_zone"][0]


def test_own_tokens_are_listed_without_their_text_and_end_when_revoked(teammate, owner) -> None:
    token, _ = ApiTokenFactory(user=teammate, text="tow_nightly"), ApiTokenFactory(user=owner)

    listed = rows(send(teammate, "GET", "api-tokens/"))
    revoked = send(teammate, "DELETE", f"api-tokens/{token.pk}/")
    afterwards = Client().get("/api/v1/me/", HTTP_AUTHORIZATION="Bearer tow_nightly")

    assert [row["is_this"] for row in listed] == [False, True]
    assert "token" not in listed[0]
    assert (revoked.status_code, afterwards.status_code) == (204, 401)


# Members


def test_admin_gives_a_role_changes_it_and_takes_it_back(owner, organization) -> None:
    person = MembershipFactory(user__full_name="Nora New").user  # of another organization: an admin may not know her
    colleague: User = MembershipFactory(organization=organization, role=Role.VIEWER).user

    unknown = send(owner, "POST", f"organizations/{organization.pk}/members/", {"person": person.pk, "role": "viewer"})
    given = send(
        owner, "POST", f"organizations/{organization.pk}/members/", {"person": colleague.pk, "role": "operator"}
    )
    pk = given.json()["id"]
    changed = send(owner, "PATCH", f"members/{pk}/", {"role": "approver"})
    removed = send(owner, "DELETE", f"members/{pk}/")

    assert (unknown.status_code, unknown.json()["errors"].keys()) == (422, {"person"})
    assert (given.status_code, given.json()["role"]) == (201, "operator")
    assert changed.json()["role"] == "approver"
    assert removed.status_code == 204
    assert not Membership.objects.filter(pk=pk).exists()


def test_somebody_deactivated_gets_no_role(administrator, organization) -> None:
    person = UserFactory(is_active=False)

    refused = send(
        administrator, "POST", f"organizations/{organization.pk}/members/", {"person": person.pk, "role": "viewer"}
    )

    assert refused.status_code == 422
    assert not Membership.objects.filter(user=person).exists()


def test_members_are_listed_for_members_only(teammate, stranger, organization) -> None:
    listed = send(teammate, "GET", f"organizations/{organization.pk}/members/")

    assert [row["person"]["email"] for row in rows(listed)] == [teammate.email]
    assert send(stranger, "GET", f"organizations/{organization.pk}/members/").status_code == 404


# Invitations


def test_invitation_shows_its_link_once_and_keeps_it_nowhere(owner, organization) -> None:
    body = {"email": "new@example.com", "organization": organization.pk, "role": "viewer"}

    made = send(owner, "POST", "invitations/", body, HTTP_IDEMPOTENCY_KEY="invite-1")
    again = send(owner, "POST", "invitations/", body, HTTP_IDEMPOTENCY_KEY="invite-1")

    token = made.json()["link"].rstrip("/").rpartition("/")[2]
    assert (made.status_code, again.status_code) == (201, 201)
    assert open_invitation(token) is not None
    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == {**made.json(), "link": None}
    assert token not in json.dumps(list(IdempotentAnswer.objects.values("body")))
    assert "link" not in rows(send(owner, "GET", "invitations/"))[0]
    assert Invitation.objects.count() == 1


def test_admin_of_an_organization_invites_nobody_elsewhere(owner, organization) -> None:
    other = OrganizationFactory()
    bodies = [
        {"email": "a@example.com"},
        {"email": "a@example.com", "organization": organization.pk, "role": "viewer", "is_administrator": True},
        {"email": "a@example.com", "organization": other.pk, "role": "viewer"},
    ]

    answers = [send(owner, "POST", "invitations/", body).status_code for body in bodies]

    assert answers == [403, 403, 422]
    assert not Invitation.objects.exists()


def test_revoked_invitation_lets_nobody_in_and_is_revoked_once(owner, organization) -> None:
    invitation = InvitationFactory(organization=organization, role=Role.VIEWER, token="the-link")

    answers = [send(owner, "DELETE", f"invitations/{invitation.pk}/").status_code for _ in range(2)]

    assert answers == [204, 422]
    assert open_invitation("the-link") is None


# Repeating a call


def test_organization_is_added_once_whatever_the_number_of_calls(administrator) -> None:
    body = {"name": "Acme", "remote_id": "5C1328435BF324E90A49402A@AdobeOrg"}

    answers = [send(administrator, "POST", "organizations/", body, HTTP_IDEMPOTENCY_KEY="acme") for _ in range(2)]
    other = send(administrator, "POST", "organizations/", {**body, "name": "Other"}, HTTP_IDEMPOTENCY_KEY="acme")

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert [answer.get("Idempotency-Replayed") for answer in answers] == [None, "true"]
    assert other.status_code == 422
    assert Organization.objects.count() == 1


# What administrators do


def test_deactivated_person_is_out_until_let_in_again(administrator, teammate) -> None:
    headers = api_headers(teammate)

    out = send(administrator, "POST", f"people/{teammate.pk}/deactivate/", {"reason": "Left us"})
    refused = Client().get("/api/v1/me/", **headers)
    back = send(administrator, "POST", f"people/{teammate.pk}/reactivate/")

    assert (out.json()["is_active"], refused.status_code, back.json()["is_active"]) == (False, 401, True)
    assert AuditEvent.objects.get(verb=Verb.PERSON_DEACTIVATED).reason == "Left us"


def test_last_administrator_stays_one(administrator) -> None:
    demoted = send(administrator, "PUT", f"people/{administrator.pk}/administrator/", {"is_administrator": False})
    deactivated = send(administrator, "POST", f"people/{administrator.pk}/deactivate/", {})

    administrator.refresh_from_db()
    assert (demoted.status_code, deactivated.status_code) == (422, 422)
    assert administrator.is_superuser
    assert administrator.is_active


def test_mail_that_was_given_up_is_found_and_tried_again(administrator, teammate) -> None:
    given_up = NoticeDeliveryFactory(notice__person=teammate, state=DeliveryState.GIVEN_UP, error="Mailbox full")
    NoticeDeliveryFactory(notice__person=teammate, state=DeliveryState.SENT)

    listed = rows(send(administrator, "GET", "mail/?state=given_up"))
    again = send(administrator, "POST", f"mail/{given_up.pk}/send-again/")

    given_up.refresh_from_db()
    assert [(row["id"], row["error"], row["person"]["email"]) for row in listed] == [
        (given_up.pk, "Mailbox full", teammate.email)
    ]
    assert again.json() == {"number": 1}
    assert given_up.state == DeliveryState.WAITING


@pytest.mark.parametrize("path", ["people/", "sandboxes/", "organizations/", "notices/", "mail/", "invitations/"])
def test_filter_that_a_list_does_not_know_is_refused(administrator, path) -> None:
    refused = send(administrator, "GET", f"{path}?naam=x")

    assert refused.status_code == 400
    assert refused.json()["errors"].keys() == {"naam"}
