"""The pages of accounts: what they show, refuse and never show."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import registries
from accounts.choices import Role
from accounts.errors import RefusedError, Usage
from accounts.models import ApiToken, AuditEvent, Credential, Invitation, Membership, Organization, User
from accounts.services import api_tokens, audit, credentials, first_run, people, usage
from accounts.services.audit import SubjectText, Verb
from tests.factories import (
    CLIENT_SECRET,
    PASSWORD,
    CredentialFactory,
    InvitationFactory,
    MembershipFactory,
    OrganizationFactory,
    SandboxFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

NEW_PERSON = {"full_name": "New Person", "password": PASSWORD, "time_zone": "Europe/Berlin"}


def text_of(response):
    return response.content.decode()


# First run


def test_while_nobody_exists_every_page_leads_to_the_set_up(client):
    for path in ("/", "/settings/", "/accounts/login/", "/no/such/page/"):
        response = client.get(path)
        assert (response.status_code, response["Location"]) == (302, "/setup/")


def test_while_nobody_exists_probes_answer_and_the_api_says_why_not(client):
    assert client.get("/healthz").status_code == 200
    response = client.get("/api/v1/organizations/")
    assert response.status_code == 503
    assert response["Content-Type"] == "application/problem+json"


def test_the_first_visitor_with_the_code_is_set_up_and_signed_in(client):
    code = first_run.issue_code()

    response = client.post("/setup/", {**NEW_PERSON, "code": code, "email": "Ada@Example.com"})

    assert response.status_code == 302
    assert client.get("/settings/").status_code == 200
    user = User.objects.get()
    assert (user.email, user.is_superuser, user.time_zone) == ("ada@example.com", True, "Europe/Berlin")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"code": "WRONG"}, "not the code that was printed last"),
        ({"password": "short"}, "too short"),
        ({"password": "ada@example.com"}, "too similar"),
        ({"time_zone": "Mars/Olympus"}, "not one of the available choices"),
        ({"email": "no address"}, "Enter a valid email address"),
    ],
)
def test_a_set_up_with_a_mistake_is_shown_again_with_the_complaint(client, change, complaint):
    code = first_run.issue_code()

    response = client.post("/setup/", {**NEW_PERSON, "code": code, "email": "ada@example.com", **change})

    assert response.status_code == 422
    assert complaint in text_of(response)
    assert PASSWORD not in text_of(response)
    assert not User.objects.exists()


def test_the_set_up_page_is_gone_once_anybody_exists(client):
    UserFactory()

    response = client.get("/setup/")

    assert (response.status_code, response["Location"]) == (302, "/accounts/login/")


# Signing in


def test_a_person_signs_in_with_their_address_in_any_case_and_it_is_recorded(client):
    user = UserFactory(email="ada@example.com")

    response = client.post("/accounts/login/", {"login": "ADA@example.com", "password": PASSWORD})

    assert response.status_code == 302
    event = AuditEvent.objects.get()
    assert (event.verb, event.actor_id, event.address) == (Verb.SIGNED_IN, user.pk, "127.0.0.1")
    assert event.request_id


def test_a_deactivated_person_does_not_get_in(client):
    UserFactory(email="ada@example.com", is_active=False)

    client.post("/accounts/login/", {"login": "ada@example.com", "password": PASSWORD})

    assert client.get("/settings/").status_code == 302
    assert not AuditEvent.objects.exists()


def test_guessing_passwords_is_slowed_down(client):
    UserFactory(email="ada@example.com")
    for _ in range(6):
        client.post("/accounts/login/", {"login": "ada@example.com", "password": "wrong"})

    response = client.post("/accounts/login/", {"login": "ada@example.com", "password": PASSWORD})

    assert "Too many failed login attempts" in text_of(response)
    assert client.get("/settings/").status_code == 302


def test_a_changed_password_is_recorded_and_ends_other_sessions(owner, signed_in):
    here, elsewhere = signed_in(owner), signed_in(owner)

    here.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "another rope of 1828", "password2": "another rope of 1828"},
    )

    assert AuditEvent.objects.filter(verb=Verb.PASSWORD_CHANGED, actor_id=owner.pk).count() == 1
    assert here.get("/settings/").status_code == 200
    assert elsewhere.get("/settings/").status_code == 302


def test_a_forgotten_password_is_reset_by_a_link_in_a_mail(client, mailoutbox, owner):
    client.post("/accounts/password/reset/", {"email": owner.email})
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", mailoutbox[0].body)
    assert link is not None
    page = client.get(link[1], follow=True)

    client.post(page.request["PATH_INFO"], {"password1": "another rope of 1828", "password2": "another rope of 1828"})

    owner.refresh_from_db()
    assert owner.check_password("another rope of 1828")
    assert AuditEvent.objects.get().verb == Verb.PASSWORD_CHANGED


def test_times_are_shown_in_the_reader_s_zone(owner, signed_in):
    User.objects.filter(pk=owner.pk).update(time_zone="Asia/Tokyo")
    organization = Organization.objects.get()
    CredentialFactory(organization=organization, last_test_at=timezone.now(), last_test_latency_ms=1)

    page = text_of(signed_in(owner).get(f"/settings/organizations/{organization.pk}/"))

    assert "JST" in page


def test_a_zone_that_is_no_longer_known_does_not_break_pages(owner, signed_in):
    User.objects.filter(pk=owner.pk).update(time_zone="Mars/Olympus")

    assert signed_in(owner).get("/settings/").status_code == 200


def test_a_post_without_the_csrf_token_is_refused(owner):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)

    response = browser.post("/settings/profile/", {"full_name": "Mallory", "time_zone": "UTC"})

    assert response.status_code == 403
    owner.refresh_from_db()
    assert owner.full_name == "Olive Owner"


# People


def test_an_invitation_link_is_shown_once_and_stored_nowhere(administrator, signed_in):
    browser = signed_in(administrator)

    response = browser.post("/settings/people/invite/", {"email": "new@example.com"})

    link = re.search(r"<code>(http://testserver/invitations/[\w-]+/)</code>", text_of(response))
    assert response.status_code == 201
    assert link is not None
    assert response["Cache-Control"] == "no-store"
    assert link[1] not in text_of(browser.get("/settings/people/"))
    assert Invitation.objects.get().token_hash not in text_of(response)


def test_whoever_follows_the_link_comes_in_with_the_role(client, owner, organization):
    _, token = people.invite(email="new@example.com", organization=organization, role=Role.VIEWER, actor=owner)

    page = client.get(reverse("accounts:invitation-accept", args=[token]))
    client.post(reverse("accounts:invitation-accept", args=[token]), NEW_PERSON)

    assert "viewer of Acme" in text_of(page)
    assert client.get(f"/settings/organizations/{organization.pk}/").status_code == 200


def test_a_weak_password_keeps_the_invitation_open(client, owner):
    InvitationFactory(token="the-link", email="longbeard@example.com")

    response = client.post("/invitations/the-link/", {**NEW_PERSON, "password": "longbeard@example.com"})

    assert response.status_code == 422
    assert people.open_invitation("the-link") is not None


def test_a_closed_invitation_says_what_to_do(client, owner):
    response = client.get("/invitations/no-such-link/")

    assert response.status_code == 404
    assert "Ask whoever sent it for a new one" in text_of(response)


def test_an_admin_of_an_organization_is_not_offered_other_organizations(owner, signed_in):
    other = OrganizationFactory(name="Initech")
    browser = signed_in(owner)

    page = text_of(browser.get("/settings/people/invite/"))
    response = browser.post(
        "/settings/people/invite/", {"email": "new@example.com", "organization": other.pk, "role": "viewer"}
    )

    assert "Initech" not in page
    assert "Administrator of this installation" not in page
    assert response.status_code == 422
    assert not Invitation.objects.exists()


def test_people_of_other_organizations_are_not_listed(owner, teammate, stranger, signed_in):
    page = text_of(signed_in(owner).get("/settings/people/"))

    assert teammate.email in page
    assert stranger.email not in page


def test_the_last_administrator_is_told_why_they_stay(administrator, signed_in):
    browser = signed_in(administrator)

    response = browser.post(f"/settings/people/{administrator.pk}/deactivate/", follow=True)

    assert "is the last administrator of this installation" in text_of(response)


def test_the_list_of_people_asks_no_more_for_more_people(administrator, signed_in, django_assert_max_num_queries):
    browser = signed_in(administrator)
    browser.get("/settings/people/")
    for _ in range(20):
        MembershipFactory()

    with django_assert_max_num_queries(12):
        browser.get("/settings/people/")


def test_a_role_is_changed_on_the_page_of_the_organization(owner, teammate, organization, signed_in):
    membership = teammate.memberships.get()

    signed_in(owner).post(f"/settings/members/{membership.pk}/", {"role": "approver"})

    assert Membership.objects.get(pk=membership.pk).role == Role.APPROVER


def test_a_made_up_role_changes_nothing(owner, teammate, signed_in):
    membership = teammate.memberships.get()

    response = signed_in(owner).post(f"/settings/members/{membership.pk}/", {"role": "emperor"}, follow=True)

    assert "Choose a role from the list" in text_of(response)
    assert Membership.objects.get(pk=membership.pk).role == Role.OPERATOR


# Organizations and credentials

NEW_ORGANIZATION = {
    "name": "Acme",
    "remote_id": "0123456789ABCDEF01234567@AdobeOrg",
    "platform_url": "https://platform.adobe.io",
    "ims_url": "https://ims-na1.adobelogin.com",
}


def edit(organization, **changes):
    fields = ("name", "region", "platform_url", "ims_url")
    return {**{name: getattr(organization, name) for name in fields}, **changes}


def test_a_new_organization_leads_on_to_its_first_credential(administrator, signed_in):
    response = signed_in(administrator).post("/settings/organizations/add/", NEW_ORGANIZATION)

    organization = Organization.objects.get()
    assert response["Location"] == f"/settings/organizations/{organization.pk}/credentials/add/"


def test_a_refused_url_is_complained_of_beside_its_field(administrator, signed_in):
    response = signed_in(administrator).post(
        "/settings/organizations/add/", {**NEW_ORGANIZATION, "platform_url": "https://evil-adobe.io"}
    )

    assert response.status_code == 422
    assert response.context["form"].errors["platform_url"][0].startswith("evil-adobe.io is not among the hosts")


def test_a_change_of_url_asks_first_and_then_erases(owner, organization, signed_in):
    credential = CredentialFactory(organization=organization, name="CI")
    browser, url = signed_in(owner), f"/settings/organizations/{organization.pk}/edit/"
    wish = edit(organization, platform_url="https://other.adobe.io")

    question = browser.post(url, wish)
    credential.refresh_from_db()
    had_secret = credential.has_secret
    answer = browser.post(url, {**wish, "is_erasure_confirmed": "on"})

    credential.refresh_from_db()
    assert question.status_code == 422
    assert "CI" in text_of(question)
    assert "Save and erase secrets" in text_of(question)
    assert (had_secret, answer.status_code, credential.has_secret) == (True, 302, False)


def test_the_box_to_erase_is_not_there_before_it_is_needed(owner, organization, signed_in):
    browser, url = signed_in(owner), f"/settings/organizations/{organization.pk}/edit/"

    shown = text_of(browser.get(url))
    refused = text_of(browser.post(url, edit(organization, platform_url="https://evil.example")))

    assert "is_erasure_confirmed" not in shown + refused


def test_an_organization_in_use_is_not_deleted_and_says_by_what(administrator, organization, signed_in, monkeypatch):
    monkeypatch.setattr(usage, "_of_organization", [lambda found: [Usage("Import of Loyalty", "/jobs/7/")]])

    response = signed_in(administrator).post(f"/settings/organizations/{organization.pk}/delete/")

    assert response.status_code == 422
    assert '<a href="/jobs/7/">Import of Loyalty</a>' in text_of(response)
    organization.refresh_from_db()
    assert organization.deleted_at is None


def test_a_secret_is_shown_by_no_page_and_by_no_error(owner, organization, signed_in):
    browser = signed_in(owner)
    wish = {
        "name": "CI",
        "kind": "jwt",
        "client_id": "0123abcd",
        "client_secret": CLIENT_SECRET,
        "private_key": "-----BEGIN PRIVATE KEY-----\ncanary-key\n",
        "technical_account_id": "x@techacct.adobe.com",
    }

    refused = browser.post(f"/settings/organizations/{organization.pk}/credentials/add/", wish)
    added = browser.post(
        f"/settings/organizations/{organization.pk}/credentials/add/",
        {**wish, "kind": "oauth_server_to_server", "private_key": ""},
    )
    pk = Credential.objects.get().pk
    pages = [
        browser.get(path)
        for path in (
            f"/settings/credentials/{pk}/",
            f"/settings/credentials/{pk}/edit/",
            f"/settings/credentials/{pk}/secret/",
            f"/settings/credentials/{pk}/delete/",
            f"/settings/organizations/{organization.pk}/",
            "/settings/organizations/",
            "/audit/",
        )
    ]

    assert (refused.status_code, added.status_code) == (422, 302)
    assert {page.status_code for page in pages} == {200}
    for page in (refused, *pages):
        assert CLIENT_SECRET not in text_of(page)
        assert "canary-key" not in text_of(page)
        assert Credential.objects.get().secrets not in text_of(page)


def test_a_replaced_secret_is_the_one_that_is_used(owner, organization, signed_in):
    credential = CredentialFactory(organization=organization)

    signed_in(owner).post(f"/settings/credentials/{credential.pk}/secret/", {"client_secret": "p8e-new"})

    credential.refresh_from_db()
    assert credentials.read_secrets(credential) == {"client_secret": "p8e-new"}


def test_the_test_button_leads_to_the_job(owner, organization, signed_in, monkeypatch):
    credential = CredentialFactory(organization=organization)
    started = []

    def start(found, actor):
        started.append((found, actor))
        return "/jobs/7/"

    monkeypatch.setattr(registries, "_credential_test", start)

    response = signed_in(owner).post(f"/settings/credentials/{credential.pk}/test/")

    assert response["Location"] == "/jobs/7/"
    assert started == [(credential, owner)]


def test_a_test_that_cannot_be_started_says_why(owner, organization, signed_in, monkeypatch):
    def refuse(credential, actor):
        raise RefusedError("A test is running already.")

    monkeypatch.setattr(registries, "_credential_test", refuse)
    credential = CredentialFactory(organization=organization)

    response = signed_in(owner).post(f"/settings/credentials/{credential.pk}/test/", follow=True)

    assert "A test is running already." in text_of(response)


def test_a_credential_that_ends_soon_is_warned_of(owner, organization, signed_in):
    credential = CredentialFactory(organization=organization, expires_at=timezone.now() + timedelta(days=6))

    assert "expires soon" in text_of(signed_in(owner).get(f"/settings/credentials/{credential.pk}/"))


def test_the_last_day_of_a_credential_ends_in_the_reader_s_zone(owner, organization, signed_in):
    User.objects.filter(pk=owner.pk).update(time_zone="Asia/Tokyo")
    credential = CredentialFactory(organization=organization)
    browser, url = signed_in(owner), f"/settings/credentials/{credential.pk}/edit/"

    browser.post(url, {"name": "CI", "scopes": "openid", "expires_at": "2031-05-06"})

    credential.refresh_from_db()
    assert credential.expires_at is not None
    assert credential.expires_at.isoformat() == "2031-05-06T14:59:59+00:00"
    assert 'value="2031-05-06"' in text_of(browser.get(url))


def test_a_sandbox_of_an_unknown_type_is_marked_as_production(teammate, organization, signed_in):
    SandboxFactory(organization=organization, type="experimental")

    page = text_of(signed_in(teammate).get(f"/settings/organizations/{organization.pk}/"))

    assert "counts as production" in page


def test_an_organization_page_asks_no_more_for_more_rows(owner, organization, signed_in, django_assert_max_num_queries):
    browser, url = signed_in(owner), f"/settings/organizations/{organization.pk}/"
    browser.get(url)
    SandboxFactory.create_batch(20, organization=organization)
    for _ in range(20):
        MembershipFactory(organization=organization)

    with django_assert_max_num_queries(18):
        browser.get(url)


# API tokens


def test_a_token_is_shown_once_and_works(owner, signed_in):
    browser = signed_in(owner)

    response = browser.post("/settings/api-tokens/add/", {"name": "Export"})

    found = re.search(r"<code>(tow_[\w-]+)</code>", text_of(response))
    assert (response.status_code, response["Cache-Control"]) == (201, "no-store")
    assert found is not None
    usable = api_tokens.find_usable(found[1])
    assert usable is not None
    assert usable.user == owner
    assert found[1] not in text_of(browser.get("/settings/api-tokens/"))


def test_a_revoked_token_disappears_from_the_list(owner, signed_in):
    token, text = api_tokens.create_api_token(user=owner, name="Export", actor=owner)
    browser = signed_in(owner)

    browser.post(f"/settings/api-tokens/{token.pk}/revoke/")

    assert ApiToken.objects.get().revoked_at is not None
    assert api_tokens.find_usable(text) is None
    assert "You have no API token" in text_of(browser.get("/settings/api-tokens/"))


# The record


@pytest.fixture
def write():
    def run(count=1, *, verb=Verb.CREDENTIAL_TESTED, actor=None, organization=None, name="Thing"):
        return [
            audit.record(verb, actor=actor, subject=SubjectText("thing", "1", f"{name} {n}"), organization=organization)
            for n in range(1, count + 1)
        ]

    return run


def shown_lines(response):
    return [line["event"].subject_text for line in response.context["lines"]]


def test_an_admin_reads_the_lines_of_their_organization_and_their_own(owner, organization, stranger, signed_in, write):
    write(organization=organization, name="Ours")
    write(organization=OrganizationFactory(), name="Theirs")
    write(actor=owner, name="Mine")
    write(name="Nobody's")

    assert set(shown_lines(signed_in(owner).get("/audit/"))) == {"Ours 1", "Mine 1"}


def test_an_operator_reads_what_they_did_themselves(teammate, organization, signed_in, write):
    write(organization=organization, name="Ours")
    write(actor=teammate, organization=organization, name="Mine")

    assert shown_lines(signed_in(teammate).get("/audit/")) == ["Mine 1"]


def test_an_administrator_reads_everything(administrator, organization, signed_in, write):
    write(organization=organization, name="Ours")
    write(name="Nobody's")

    assert len(shown_lines(signed_in(administrator).get("/audit/"))) == 2


def test_pages_lead_to_older_lines_and_back_again(administrator, signed_in, write):
    write(120)
    browser = signed_in(administrator)

    first = browser.get("/audit/")
    second = browser.get(first.context["older_url"])
    third = browser.get(second.context["older_url"])
    back = browser.get(third.context["newer_url"])

    assert [len(shown_lines(page)) for page in (first, second, third)] == [50, 50, 20]
    assert shown_lines(back) == shown_lines(second)
    assert (first.context["newer_url"], third.context["older_url"]) == ("", "")
    assert len({*shown_lines(first), *shown_lines(second), *shown_lines(third)}) == 120


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"group": "people"}, {"Invited 1"}),
        ({"group": "credential"}, {"Tested 1", "Old 1"}),
        ({"person": "owner"}, {"Invited 1"}),
        ({"organization": "organization"}, {"Tested 1"}),
        ({"since": "2020-01-01"}, {"Tested 1", "Invited 1", "Old 1"}),
        ({"until": "2020-01-01"}, set()),
        ({"since": "2099-01-01"}, set()),
    ],
)
def test_the_record_is_filtered(administrator, owner, organization, signed_in, write, query, expected):
    write(verb=Verb.CREDENTIAL_TESTED, organization=organization, name="Tested")
    write(verb=Verb.PERSON_INVITED, actor=owner, name="Invited")
    write(verb=Verb.CREDENTIAL_TESTED, name="Old")
    named = {"owner": owner.pk, "organization": organization.pk}

    response = signed_in(administrator).get("/audit/", {key: named.get(value, value) for key, value in query.items()})

    assert set(shown_lines(response)) == expected


@pytest.mark.parametrize(
    ("query", "status"), [({"cursor": "x"}, 400), ({"since": "soon"}, 422), ({"person": "0"}, 422)]
)
def test_a_filter_that_makes_no_sense_is_refused(administrator, signed_in, query, status):
    assert signed_in(administrator).get("/audit/", query).status_code == status


def test_what_people_wrote_is_shown_as_text_and_not_as_markup(administrator, organization, signed_in, write):
    Organization.objects.update(name="<script>alert(1)</script>")
    write(organization=organization, name="<img src=x>")
    browser = signed_in(administrator)

    for path in ("/audit/", "/settings/organizations/", f"/settings/organizations/{organization.pk}/"):
        page = text_of(browser.get(path))
        assert "<script>alert(1)" not in page
        assert "<img src=x>" not in page


def test_every_mutating_page_adds_exactly_one_line(administrator, organization, signed_in):
    browser = signed_in(administrator)
    member = MembershipFactory(organization=organization)
    credential = CredentialFactory(organization=organization)
    acts = [
        ("/settings/profile/", {"full_name": "Ada L.", "time_zone": "UTC"}),
        ("/settings/api-tokens/add/", {"name": "Export"}),
        ("/settings/people/invite/", {"email": "new@example.com"}),
        (f"/settings/organizations/{organization.pk}/edit/", edit(organization, name="Acme Ltd")),
        (f"/settings/members/{member.pk}/", {"role": "admin"}),
        (f"/settings/credentials/{credential.pk}/edit/", {"name": "Renamed", "scopes": "openid"}),
        (f"/settings/credentials/{credential.pk}/secret/", {"client_secret": "p8e-new"}),
        (f"/settings/credentials/{credential.pk}/delete/", {"reason": "done"}),
        (f"/settings/members/{member.pk}/remove/", {}),
        (f"/settings/people/{member.user.pk}/deactivate/", {"reason": "left"}),
        (f"/settings/people/{member.user.pk}/reactivate/", {}),
        (f"/settings/organizations/{organization.pk}/delete/", {"reason": "sold"}),
    ]

    added = {}
    for path, data in acts:
        before = AuditEvent.objects.count()
        response = browser.post(path, data)
        assert response.status_code in (201, 302), path
        added[path] = AuditEvent.objects.count() - before

    assert added == dict.fromkeys(added, 1)
    assert audit.verify().is_intact
