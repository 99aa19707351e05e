"""The REST API of accounts."""

import json

import pytest
from django.urls import reverse

from accounts import registries
from accounts.choices import Role
from accounts.errors import Usage
from accounts.models import ApiToken, AuditEvent, Credential, Membership, Organization
from accounts.services import audit, credentials, usage
from accounts.services.audit import SubjectText, Verb
from tests.factories import (
    CLIENT_SECRET,
    ApiTokenFactory,
    CredentialFactory,
    MembershipFactory,
    OrganizationFactory,
    SandboxFactory,
    api_headers,
)

pytestmark = pytest.mark.django_db

NEW_CREDENTIAL = {
    "name": "CI",
    "kind": "oauth_server_to_server",
    "client_id": "0123abcd",
    "client_secret": CLIENT_SECRET,
    "scopes": ["openid"],
}


@pytest.fixture
def call(client):
    """Calls the API in somebody's name."""

    def run(user, method, path, body=None):
        return client.generic(
            method,
            f"/api/v1/{path}",
            "" if body is None else json.dumps(body),
            content_type="application/json",
            **api_headers(user),
        )

    return run


# Who calls


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer wrong", "Bearer a b", "Basic dXNlcjpwYXNz", "Bearer \xff\xfe"]
)
def test_without_a_good_token_nothing_is_answered(client, owner, header):
    response = client.get("/api/v1/organizations/", HTTP_AUTHORIZATION=header)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == 401


def test_a_session_in_the_browser_is_no_way_into_the_api(owner, signed_in):
    assert signed_in(owner).get("/api/v1/organizations/").status_code == 401


def test_a_token_of_somebody_deactivated_is_refused(client, owner):
    headers = api_headers(owner)
    owner.is_active = False
    owner.save()

    assert client.get("/api/v1/organizations/", **headers).status_code == 401


def test_use_of_a_token_is_noted(client, owner):
    ApiTokenFactory(user=owner, text="tow_the-token")

    client.get("/api/v1/organizations/", HTTP_AUTHORIZATION="Bearer tow_the-token")

    assert ApiToken.objects.get().last_used_at is not None


def test_acts_over_the_api_are_recorded_in_the_name_of_the_token_s_owner(owner, organization, call):
    response = call(owner, "PATCH", f"organizations/{organization.pk}/", {"name": "Acme Ltd"})

    event = AuditEvent.objects.get()
    assert response.status_code == 200
    assert (event.verb, event.actor_id) == (Verb.ORGANIZATION_CHANGED, owner.pk)


# Organizations


def test_only_organizations_one_may_know_of_are_listed(owner, organization, stranger, call):
    response = call(owner, "GET", "organizations/")

    assert [found["id"] for found in response.json()["results"]] == [organization.pk]


def test_pages_hang_together_without_gaps(administrator, call, client):
    made = {organization.pk for organization in OrganizationFactory.create_batch(7)}
    response = call(administrator, "GET", "organizations/?limit=3").json()
    seen = [found["id"] for found in response["results"]]

    while response["next"]:
        response = client.get(response["next"], **api_headers(administrator)).json()
        seen += [found["id"] for found in response["results"]]

    assert len(seen) == 7
    assert set(seen) == made


def test_an_administrator_adds_an_organization(administrator, call):
    wish = {"name": "Acme", "remote_id": "0123456789ABCDEF01234567@AdobeOrg"}

    response = call(administrator, "POST", "organizations/", wish)

    assert response.status_code == 201
    assert response.json()["platform_url"] == "https://platform.adobe.io"
    assert Organization.objects.get().name == "Acme"


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"remote_id": "0123456789ABCDEF01234567@techacct.adobe.com"}, 422, "remote_id"),
        ({"platform_url": "https://evil-adobe.io"}, 422, "platform_url"),
        ({"name": ""}, 400, "name"),
        ({"kind": "oracle"}, 400, "kind"),
        ({"platform": "https://platform.adobe.io"}, 400, "platform"),
    ],
)
def test_a_wish_that_cannot_be_met_names_its_field(administrator, call, change, status, field):
    wish = {"name": "Acme", "remote_id": "0123456789ABCDEF01234567@AdobeOrg", **change}

    response = call(administrator, "POST", "organizations/", wish)

    assert response.status_code == status
    assert field in response.json()["errors"]
    assert not Organization.objects.exists()


def test_another_url_needs_a_confirmation_here_too(owner, organization, call):
    credential = CredentialFactory(organization=organization)
    path, wish = f"organizations/{organization.pk}/", {"platform_url": "https://other.adobe.io"}

    refused = call(owner, "PATCH", path, wish)
    credential.refresh_from_db()
    had_secret = credential.has_secret
    done = call(owner, "PATCH", path, {**wish, "is_erasure_confirmed": True})

    credential.refresh_from_db()
    assert (refused.status_code, had_secret) == (422, True)
    assert (done.status_code, credential.has_secret) == (200, False)


def test_an_organization_in_use_is_not_deleted_and_says_by_what(administrator, organization, call, monkeypatch):
    monkeypatch.setattr(usage, "_of_organization", [lambda found: [Usage("Import of Loyalty", "/jobs/7/")]])

    response = call(administrator, "DELETE", f"organizations/{organization.pk}/", {})

    assert response.status_code == 409
    assert response.json()["usages"] == [{"text": "Import of Loyalty", "url": "/jobs/7/"}]


def test_an_organization_is_deleted_with_a_reason(administrator, organization, call):
    response = call(administrator, "DELETE", f"organizations/{organization.pk}/", {"reason": "sold"})

    assert response.status_code == 204
    assert AuditEvent.objects.get().reason == "sold"
    assert call(administrator, "GET", f"organizations/{organization.pk}/").status_code == 404


# Credentials


def test_a_secret_goes_in_and_never_comes_out(owner, organization, call):
    added = call(owner, "POST", f"organizations/{organization.pk}/credentials/", NEW_CREDENTIAL)
    pk = added.json()["id"]
    answers = [
        added,
        call(owner, "GET", f"credentials/{pk}/"),
        call(owner, "GET", f"organizations/{organization.pk}/credentials/"),
        call(owner, "PATCH", f"credentials/{pk}/", {"name": "Renamed"}),
        call(owner, "PUT", f"credentials/{pk}/secret/", {"client_secret": "p8e-second-canary"}),
        call(owner, "PUT", f"credentials/{pk}/secret/", {"client_secret": ""}),
        call(owner, "GET", "audit/"),
    ]

    stored = Credential.objects.get()
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 200, 400, 200]
    for answer in answers:
        text = answer.content.decode()
        assert CLIENT_SECRET not in text
        assert "p8e-second-canary" not in text
        assert stored.secrets not in text
    assert credentials.read_secrets(stored) == {"client_secret": "p8e-second-canary"}


def test_what_a_change_does_not_name_stays(owner, organization, call):
    credential = CredentialFactory(organization=organization, scopes=["openid", "AdobeID"])

    call(owner, "PATCH", f"credentials/{credential.pk}/", {"name": "Renamed"})

    credential.refresh_from_db()
    assert (credential.name, credential.scopes) == ("Renamed", ["openid", "AdobeID"])


def test_a_test_is_started_as_a_job(owner, organization, call, monkeypatch):
    monkeypatch.setattr(registries, "_credential_test", lambda credential, actor: "/jobs/7/")
    credential = CredentialFactory(organization=organization)

    response = call(owner, "POST", f"credentials/{credential.pk}/test/")

    assert (response.status_code, response.json()) == (202, {"url": "/jobs/7/"})


# Sandboxes, people, the record


def test_sandboxes_of_one_organization_are_listed(owner, organization, call):
    SandboxFactory(organization=organization, name="dev")
    SandboxFactory(organization=organization, name="odd", type="experimental")
    other = MembershipFactory(user=owner).organization
    SandboxFactory(organization=other, name="elsewhere")
    SandboxFactory(name="unknown to us")

    everywhere = call(owner, "GET", "sandboxes/").json()["results"]
    here = call(owner, "GET", f"sandboxes/?organization={organization.pk}").json()["results"]

    assert {found["name"] for found in everywhere} == {"dev", "odd", "elsewhere"}
    assert {found["name"]: found["is_production"] for found in here} == {"dev": False, "odd": True}


@pytest.mark.parametrize("path", ["sandboxes/?organization=x", "sandboxes/?organization=-1"])
def test_a_filter_that_is_no_number_is_a_bad_request(owner, call, path):
    response = call(owner, "GET", path)

    assert response.status_code == 400
    assert "must be a number" in response.json()["detail"]


def test_roles_elsewhere_stay_unknown(owner, teammate, organization, call):
    MembershipFactory(user=teammate, role=Role.ADMIN)

    response = call(owner, "GET", f"people/{teammate.pk}/")

    assert response.json()["memberships"] == [{"organization": organization.pk, "role": "operator"}]


def test_lists_ask_no_more_for_more_rows(administrator, call, django_assert_max_num_queries):
    MembershipFactory.create_batch(15)

    with django_assert_max_num_queries(8):
        response = call(administrator, "GET", "people/")

    assert len(response.json()["results"]) == Membership.objects.count() + 1


def test_the_record_is_read_newest_first_with_the_same_limits_as_the_page(owner, organization, call):
    for name, where in (("Ours", organization), ("Theirs", OrganizationFactory()), ("Ours too", organization)):
        audit.record(Verb.CREDENTIAL_TESTED, actor=None, subject=SubjectText("thing", "1", name), organization=where)

    response = call(owner, "GET", "audit/?group=credential")

    assert [line["subject_text"] for line in response.json()["results"]] == ["Ours too", "Ours"]


def test_a_problem_carries_the_request_id(owner, call):
    response = call(owner, "GET", "organizations/999999/")

    assert response.status_code == 404
    assert response.json()["request_id"] == response["X-Request-ID"]


def test_every_route_of_accounts_is_in_the_openapi_document(client, owner):
    document = client.get(reverse("api-schema"), HTTP_ACCEPT="application/json").json()

    assert {"/api/v1/organizations/", "/api/v1/credentials/{id}/secret/", "/api/v1/audit/"} <= set(document["paths"])
    answered = json.dumps(document["components"]["schemas"]["Credential"])
    assert "secret" not in answered.replace("secret_set_at", "").replace("has_secret", "")


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_credential_does_not_end_where_some_zones_have_no_time(owner, organization, call, moment):
    credential = CredentialFactory(organization=organization)

    added = call(
        owner, "POST", f"organizations/{organization.pk}/credentials/", NEW_CREDENTIAL | {"expires_at": moment}
    )
    changed = call(owner, "PATCH", f"credentials/{credential.pk}/", {"expires_at": moment})

    assert [answer.status_code for answer in (added, changed)] == [400, 400]
    assert "expires_at" in changed.json()["errors"]
    credential.refresh_from_db()
    assert credential.expires_at is None
