"""Pages, REST API and command for environments of SnapLogic: they show what these have, and nothing else."""

import io
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.management import CommandError, call_command

from accounts import registries
from accounts.choices import CredentialKind, OrganizationKind, Role
from accounts.models import Credential, Organization, Sandbox
from accounts.services import credentials
from tests.factories import (
    CLIENT_SECRET,
    CredentialFactory,
    MembershipFactory,
    SandboxFactory,
    SnapLogicOrganizationFactory,
    StoredValueFactory,
    api_headers,
)

pytestmark = pytest.mark.django_db

KEY = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
    .strip()
)
NEW = "/settings/organizations/add/?kind=snaplogic"
OF_ADOBE = ("Sign-in service URL", "Journey service URL", "AdobeOrg", "Developer Console", "Scopes", "Metascopes")


def text_of(response):
    return response.content.decode()


@pytest.fixture
def acme(owner):
    found = SnapLogicOrganizationFactory(name="Integrations", remote_id="acme-prod")
    MembershipFactory(user=owner, organization=found, role=Role.ADMIN)
    return found


@pytest.fixture
def call(client):
    def run(user, method, path, body=None):
        return client.generic(
            method,
            f"/api/v1/{path}",
            "" if body is None else json.dumps(body),
            content_type="application/json",
            **api_headers(user),
        )

    return run


def shows_nothing_of_adobe(page):
    return [words for words in OF_ADOBE if words in page]


# Pages of organizations


def test_the_kind_is_chosen_before_the_form_is_filled_in(administrator, signed_in):
    browser = signed_in(administrator)

    adobe, snaplogic = (text_of(browser.get(path)) for path in (NEW.partition("?")[0], NEW))

    assert 'href="?kind=snaplogic"' in adobe
    assert "Sign-in service URL" in adobe
    assert shows_nothing_of_adobe(snaplogic) == []
    for words in (
        "Environment name",
        "Control plane URL",
        "Every promotion into this environment then needs an approval",
    ):
        assert words in snaplogic


def test_a_kind_that_does_not_exist_is_that_of_adobe(administrator, signed_in):
    assert "Sign-in service URL" in text_of(signed_in(administrator).get(NEW.replace("snaplogic", "oracle")))


def test_an_administrator_adds_an_environment(administrator, signed_in):
    wish = {
        "name": "Integrations",
        "remote_id": "acme prod",
        "is_production": "on",
        "platform_url": "https://emea.snaplogic.com",
    }

    response = signed_in(administrator).post(NEW, wish)

    organization = Organization.objects.get()
    assert response["Location"] == f"/settings/organizations/{organization.pk}/credentials/add/"
    assert (organization.kind, organization.remote_id, organization.ims_url) == ("snaplogic", "acme prod", "")
    assert organization.environment.is_production


def test_an_environment_that_is_refused_is_shown_again_with_the_reason(administrator, signed_in):
    wish = {"name": "Integrations", "remote_id": "acme/prod", "platform_url": "https://emea.snaplogic.com"}

    response = signed_in(administrator).post(NEW, wish)

    assert response.status_code == 422
    assert "without a slash" in text_of(response)
    assert not Organization.objects.exists()


def test_the_page_of_an_environment_shows_no_sandboxes_and_no_service_of_adobe(owner, acme, signed_in):
    CredentialFactory(snaplogic=True, organization=acme)

    page = text_of(signed_in(owner).get(f"/settings/organizations/{acme.pk}/"))

    assert shows_nothing_of_adobe(page) == []
    assert "Synchronize" not in page
    assert '<h2 id="sandboxes">' not in page
    assert "promotions into it need no approval" in page
    assert "https://elastic.snaplogic.com" in page


def test_production_is_said_on_the_page_and_in_the_list(owner, acme, signed_in):
    Organization.objects.filter(pk=acme.pk).update(is_production=True)
    browser = signed_in(owner)

    page, rows = (
        text_of(browser.get(f"/settings/organizations/{acme.pk}/")),
        text_of(browser.get("/settings/organizations/")),
    )

    assert "every promotion into it needs an approval" in page
    assert '<span class="chip">production</span>' in page
    assert '<span class="chip">production</span>' in rows


def test_an_environment_is_edited_without_what_it_has_not(owner, acme, signed_in):
    browser = signed_in(owner)
    path = f"/settings/organizations/{acme.pk}/edit/"

    page = text_of(browser.get(path))
    browser.post(path, {"name": "Flows", "is_production": "on", "platform_url": acme.platform_url})

    acme.refresh_from_db()
    assert shows_nothing_of_adobe(page) == []
    assert (acme.name, acme.is_production, acme.ims_url) == ("Flows", True, "")
    assert acme.environment.title == "Flows"


def test_another_control_plane_is_confirmed_on_the_page(owner, acme, signed_in):
    credential = CredentialFactory(snaplogic=True, organization=acme)
    browser, path = signed_in(owner), f"/settings/organizations/{acme.pk}/edit/"
    wish = {"name": acme.name, "platform_url": "https://emea.snaplogic.com"}

    asked = browser.post(path, wish)
    browser.post(path, {**wish, "is_erasure_confirmed": "on"})

    credential.refresh_from_db()
    assert asked.status_code == 422
    assert "erases the stored secrets" in text_of(asked)
    assert not credential.has_secret


def test_an_environment_is_not_synchronized_from_a_page_either(owner, acme, signed_in, monkeypatch):
    monkeypatch.setattr(registries, "_sandbox_sync", lambda organization, actor: "/jobs/1/")

    response = signed_in(owner).post(f"/settings/organizations/{acme.pk}/sandboxes/", follow=True)

    assert "has no sandboxes to read" in text_of(response)


def test_an_environment_has_stored_values(owner, acme, signed_in):
    StoredValueFactory(organization=acme, name="Orders password")

    assert "Orders password" in text_of(signed_in(owner).get(f"/settings/organizations/{acme.pk}/values/"))


# Pages of credentials


def test_each_kind_of_credential_has_its_own_form(owner, acme, signed_in):
    browser, path = signed_in(owner), f"/settings/organizations/{acme.pk}/credentials/add/"

    basic, bearer = text_of(browser.get(path)), text_of(browser.get(f"{path}?kind=snaplogic_bearer"))

    for page in (basic, bearer):
        assert shows_nothing_of_adobe(page) == []
        assert "User name" in page
    assert 'name="client_secret"' in basic
    assert "Password" in basic
    for name in ("issuer", "key_id", "private_key"):
        assert f'name="{name}"' in bearer
        assert f'name="{name}"' not in basic
    assert 'name="client_secret"' not in bearer


def test_a_credential_of_each_kind_is_added(owner, acme, signed_in):
    browser, path = signed_in(owner), f"/settings/organizations/{acme.pk}/credentials/add/"
    user = {"client_id": "towpath@acme.example"}

    browser.post(path, {**user, "name": "Password", "client_secret": " s p "})
    browser.post(
        f"{path}?kind=snaplogic_bearer",
        {**user, "name": "Key", "issuer": "acme-idp", "key_id": "1", "private_key": KEY, "expires_at": "2999-01-31"},
    )

    basic, bearer = Credential.objects.order_by("pk")
    assert (basic.kind, bearer.kind) == (CredentialKind.SNAPLOGIC_BASIC, CredentialKind.SNAPLOGIC_BEARER)
    assert credentials.read_secrets(basic) == {"client_secret": " s p "}
    assert credentials.read_secrets(bearer) == {"private_key": KEY}
    assert bearer.expires_at is not None
    assert (bearer.issuer, bearer.key_id, bearer.expires_at.year) == ("acme-idp", "1", 2999)


def test_a_key_that_cannot_sign_is_refused_beside_its_field_and_not_shown_again(owner, acme, signed_in):
    path = f"/settings/organizations/{acme.pk}/credentials/add/?kind=snaplogic_bearer"
    broken = KEY.replace("-----BEGIN PRIVATE KEY-----", "").strip()

    response = signed_in(owner).post(
        path, {"name": "Key", "client_id": "towpath", "issuer": "acme-idp", "private_key": broken}
    )

    assert response.status_code == 422
    assert "not a private key in PEM form" in text_of(response)
    assert broken[:40] not in text_of(response)


def test_a_credential_shows_what_it_is_made_of_and_never_its_secret(owner, acme, signed_in):
    credential = CredentialFactory(
        snaplogic=True, organization=acme, kind=CredentialKind.SNAPLOGIC_BEARER, issuer="acme-idp", key_id="2027-01"
    )

    page = text_of(signed_in(owner).get(f"/settings/credentials/{credential.pk}/"))

    for words in ("User name", "Issuer id", "acme-idp", "Key id", "2027-01", "Private key", "lists the assets"):
        assert words in page
    assert shows_nothing_of_adobe(page) == []
    assert CLIENT_SECRET not in page


def test_issuer_and_expiry_are_edited_and_the_secret_replaced(owner, acme, signed_in):
    credential = CredentialFactory(
        snaplogic=True, organization=acme, kind=CredentialKind.SNAPLOGIC_BEARER, issuer="acme-idp"
    )
    browser, path = signed_in(owner), f"/settings/credentials/{credential.pk}"

    form = text_of(browser.get(f"{path}/edit/"))
    browser.post(f"{path}/edit/", {"name": "CI", "issuer": "new-idp", "key_id": "7"})
    secret = text_of(browser.get(f"{path}/secret/"))
    browser.post(f"{path}/secret/", {"private_key": KEY})

    credential.refresh_from_db()
    assert 'value="acme-idp"' in form
    assert shows_nothing_of_adobe(form + secret) == []
    assert 'name="client_secret"' not in secret
    assert (credential.issuer, credential.key_id) == ("new-idp", "7")
    assert credentials.read_secrets(credential) == {"private_key": KEY}


# REST API


def test_the_api_adds_an_environment_and_lists_nothing_of_adobe(administrator, call):
    response = call(
        administrator, "POST", "organizations/", {"name": "Flows", "remote_id": "acme-dev", "kind": "snaplogic"}
    )

    found = response.json()
    assert response.status_code == 201
    assert (found["platform_url"], found["ims_url"]) == ("https://elastic.snaplogic.com", "")
    assert (found["service_urls"], found["service_dialects"]) == ({}, {})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"remote_id": "acme/dev"}, "remote_id"),
        ({"ims_url": "https://ims-na1.adobelogin.com"}, "ims_url"),
        ({"platform_url": "https://snaplogic.example.com"}, "platform_url"),
        ({"service_urls": {"journeys": "https://journey.adobe.io"}}, "service_urls.journeys"),
    ],
)
def test_the_api_refuses_what_an_environment_has_not(administrator, call, change, field):
    wish = {"name": "Flows", "remote_id": "acme-dev", "kind": "snaplogic", **change}

    response = call(administrator, "POST", "organizations/", wish)

    assert response.status_code == 422
    assert field in response.json()["errors"]
    assert not Sandbox.objects.exists()


def test_the_api_changes_an_environment_and_keeps_its_kind(owner, acme, call):
    path = f"organizations/{acme.pk}/"

    changed, refused = call(owner, "PATCH", path, {"name": "Flows"}), call(owner, "PATCH", path, {"kind": "adobe"})

    acme.refresh_from_db()
    assert (changed.status_code, refused.status_code) == (200, 400)
    assert (acme.kind, acme.environment.title) == (OrganizationKind.SNAPLOGIC, "Flows")


def test_secrets_of_users_go_in_and_never_come_out(owner, acme, call):
    path = f"organizations/{acme.pk}/credentials/"
    user = {"client_id": "towpath@acme.example"}
    basic = call(
        owner, "POST", path, {**user, "name": "Password", "kind": "snaplogic_basic", "client_secret": CLIENT_SECRET}
    )
    bearer = call(
        owner,
        "POST",
        path,
        {**user, "name": "Key", "kind": "snaplogic_bearer", "issuer": "acme-idp", "private_key": KEY},
    )
    answers = [
        basic,
        bearer,
        call(owner, "PATCH", f"credentials/{bearer.json()['id']}/", {"key_id": "2"}),
        call(owner, "PUT", f"credentials/{bearer.json()['id']}/secret/", {"private_key": KEY}),
        call(owner, "PUT", f"credentials/{basic.json()['id']}/secret/", {"client_secret": f"{CLIENT_SECRET} "}),
        call(owner, "GET", path),
        call(owner, "GET", "audit/"),
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 200, 200, 200, 200, 200]
    assert (answers[2].json()["issuer"], answers[2].json()["key_id"]) == ("acme-idp", "2")
    for answer in answers:
        assert CLIENT_SECRET not in text_of(answer)
        assert KEY[40:80] not in text_of(answer)
    first = Credential.objects.get(pk=basic.json()["id"])
    assert credentials.read_secrets(first) == {"client_secret": f"{CLIENT_SECRET} "}


@pytest.mark.parametrize(
    ("wish", "status", "field"),
    [
        ({"kind": "snaplogic_basic"}, 400, "client_secret"),
        ({"kind": "snaplogic_basic", "client_secret": "x", "private_key": KEY}, 422, "private_key"),
        ({"kind": "snaplogic_bearer", "private_key": KEY}, 422, "issuer"),
        ({"kind": "snaplogic_bearer", "issuer": "x"}, 422, "private_key"),
        ({"kind": "snaplogic_bearer", "issuer": "x", "private_key": KEY, "client_secret": "x"}, 422, "client_secret"),
        ({"kind": "oauth_server_to_server", "client_secret": "x"}, 422, "kind"),
    ],
)
def test_the_api_names_the_part_that_is_wrong(owner, acme, call, wish, status, field):
    response = call(
        owner, "POST", f"organizations/{acme.pk}/credentials/", {"name": "CI", "client_id": "towpath", **wish}
    )

    assert response.status_code == status
    assert field in response.json()["errors"]
    assert not Credential.objects.exists()


def test_an_environment_is_listed_with_its_type_and_not_synchronized(owner, acme, call, monkeypatch):
    monkeypatch.setattr(registries, "_sandbox_sync", lambda organization, actor: "/jobs/1/")

    rows = call(owner, "GET", f"sandboxes/?organization={acme.pk}").json()["results"]
    refused = [
        call(owner, "POST", f"organizations/{acme.pk}/{what}/")
        for what in ("synchronize-sandboxes", "synchronize", "synchronize-journeys", "synchronize-sharing")
    ]

    assert [(row["name"], row["type"], row["is_production"]) for row in rows] == [("acme-prod", "environment", False)]
    assert [answer.status_code for answer in refused] == [422] * 4
    assert "no sandboxes to read" in refused[0].json()["detail"]


def test_a_sandbox_of_adobe_is_shown_as_before(owner, organization, signed_in):
    SandboxFactory(organization=organization, name="dev-loyalty")

    page = text_of(signed_in(owner).get(f"/settings/organizations/{organization.pk}/"))

    assert "dev-loyalty" in page
    assert "Sign-in service URL" in page


# The command


def add(monkeypatch, *arguments, secret=None):
    monkeypatch.delenv("TOWPATH_CLIENT_SECRET", raising=False)
    if secret:
        monkeypatch.setenv("TOWPATH_CLIENT_SECRET", secret)
    out = io.StringIO()
    call_command("add_organization", "--kind", "snaplogic", "--name", "Flows", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_adds_an_environment_with_a_user(monkeypatch):
    for _ in range(2):
        out = add(monkeypatch, "--remote-id", "acme-dev", "--client-id", "towpath", secret=CLIENT_SECRET)

    credential = Credential.objects.get()
    assert "was there already" in out
    assert CLIENT_SECRET not in out
    assert (credential.kind, credential.organization.ims_url) == (CredentialKind.SNAPLOGIC_BASIC, "")
    assert credentials.read_secrets(credential) == {"client_secret": CLIENT_SECRET}


def test_the_command_reads_a_key_from_a_file(monkeypatch, tmp_path):
    file = tmp_path / "key.pem"
    file.write_text(KEY, encoding="utf-8")

    add(
        monkeypatch,
        *("--remote-id", "acme-dev", "--client-id", "towpath", "--issuer", "acme-idp", "--key-id", "1"),
        *("--private-key-file", str(file)),
    )

    credential = Credential.objects.get()
    assert (credential.kind, credential.issuer, credential.key_id) == ("snaplogic_bearer", "acme-idp", "1")
    assert credentials.read_secrets(credential) == {"private_key": KEY}


def test_the_command_refuses_a_key_that_is_not_there(monkeypatch, tmp_path):
    with pytest.raises(CommandError, match="cannot be read as a private key"):
        add(
            monkeypatch,
            *("--remote-id", "acme-dev", "--client-id", "towpath", "--private-key-file", str(tmp_path / "none.pem")),
        )

    assert not Organization.objects.exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "oracle"}, "no kind of organizations"),
        ({"credentials": [{"kind": "oracle", "username": "a", "password": "b"}]}, "no kind of credentials"),
        ({"credentials": [{"kind": "snaplogic_basic", "username": "a"}]}, "lacks a member: 'client_secret'"),
        ({"remote_id": "acme/dev"}, "without a slash"),
    ],
)
def test_the_command_refuses_an_odd_document_before_it_adds_anything(tmp_path, change, reason):
    found = {"kind": "snaplogic", "remote_id": "acme-dev", "name": "Flows", "credentials": [], **change}
    file = tmp_path / "organizations.json"
    file.write_text(json.dumps({"base_url": "https://emea.snaplogic.com", "organizations": [found]}), encoding="utf-8")

    with pytest.raises(CommandError, match=reason):
        call_command("add_organization", "--from-json", str(file))

    assert not Organization.objects.exists()
