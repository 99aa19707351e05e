"""Credentials and connections against the emulator."""

import io
import json

import httpx
import pytest
from django.core.management import CommandError, call_command

from accounts import crypto
from accounts.choices import CredentialKind, OrganizationKind
from accounts.models import AccessToken, AuditEvent, Credential, Organization, Sandbox
from accounts.services import connections, credential_tests, credentials, organizations, sandboxes, tokens
from clients.errors import ApiAuthError

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_remembered():
    tokens.forget()


@pytest.fixture
def add(document, tmp_path):
    """Runs the command on the document of the emulator."""

    def run(*options, changed=None):
        source = tmp_path / "organizations.json"
        source.write_text(json.dumps(changed or document), encoding="utf-8")
        out = io.StringIO()
        call_command("add_organization", "--from-json", str(source), *options, stdout=out)
        return out.getvalue()

    return run


@pytest.fixture
def acme(add):
    add()
    return Organization.objects.get(name="Acme")


def token_requests(emulator):
    log = httpx.get(f"{emulator.url}/__emulator/requests", timeout=5).json()["requests"]
    return [entry for entry in log if entry["path"].startswith("/ims/token")]


def test_the_command_adds_every_organization_with_its_credentials(add, document):
    add()

    assert set(Organization.objects.values_list("remote_id", flat=True)) == {
        found.get("ims_org_id") or found["remote_id"] for found in document["organizations"]
    }
    expected = sum(len(found["credentials"]) for found in document["organizations"])
    assert Credential.objects.count() == expected
    assert Credential.objects.filter(is_primary=True).count() == len(document["organizations"])


def test_the_command_may_be_repeated(add):
    add()
    before = list(Credential.objects.order_by("pk").values_list("pk", "secrets"))
    lines = AuditEvent.objects.count()

    out = add()

    assert list(Credential.objects.order_by("pk").values_list("pk", "secrets")) == before
    assert AuditEvent.objects.count() == lines
    assert "Acme was there already." in out


def test_a_repeated_command_keeps_what_people_changed(add, acme):
    Organization.objects.filter(pk=acme.pk).update(name="Acme Europe", is_production=True)

    add()

    acme.refresh_from_db()
    assert (acme.name, acme.is_production) == ("Acme Europe", True)


def test_a_repeated_command_replaces_a_secret_that_differs(add, acme, document):
    document["organizations"][0]["credentials"][0]["client_secret"] = "p8e-another"

    out = add()

    assert "Replaced the secret of" in out
    known = acme.credentials.get(client_id=document["organizations"][0]["credentials"][0]["client_id"])
    assert credentials.read_secrets(known)["client_secret"] == "p8e-another"


def test_the_command_erases_secrets_for_another_url_only_when_told_to(add, acme, document):
    moved = {**document, "base_url": "http://127.0.0.1:1"}

    with pytest.raises(CommandError, match="--erase-secrets"):
        add(changed=moved)
    out = add("--erase-secrets", changed=moved)

    assert "Replaced the secret of" in out
    acme.refresh_from_db()
    assert acme.platform_url == "http://127.0.0.1:1"


def test_the_command_sets_further_services_from_the_document_and_keeps_them_without(add, acme, emulator, document):
    own = f"{emulator.url}/authoring"

    add("--erase-secrets", changed={**document, "service_urls": {"journeys": own}})
    add()

    acme.refresh_from_db()
    assert acme.service_url("journeys") == own
    assert all(credential.has_secret for credential in acme.credentials.all())


@pytest.mark.parametrize("odd", ["journeys", ["journeys"], {"journeys": 7}, {"journeys": None}])
def test_a_document_with_odd_service_urls_is_refused_with_a_sentence(add, document, odd):
    with pytest.raises(CommandError, match="service_urls"):
        add(changed={**document, "service_urls": odd})


@pytest.mark.parametrize("content", ["no json", "[]", "{}", '{"organizations": [{"name": "Acme"}]}'])
def test_a_document_that_cannot_be_read_is_refused_with_a_sentence(tmp_path, content):
    source = tmp_path / "odd.json"
    source.write_text(content, encoding="utf-8")

    with pytest.raises(CommandError, match=r"cannot be read|no JSON object|lacks a member"):
        call_command("add_organization", "--from-json", str(source))

    assert not Organization.objects.exists()


def test_a_good_credential_passes_its_test(acme):
    result = credential_tests.run(connections.primary_credential(acme))

    assert result.ok
    assert result.message == "Works: 3 sandboxes seen."
    assert result.latency_ms >= 0


def test_a_test_leaves_the_shared_token_alone(acme):
    credential_tests.run(connections.primary_credential(acme))

    assert not AccessToken.objects.exists()


def test_a_wrong_secret_fails_the_test_with_the_platform_s_words(acme):
    credential = credentials.replace_secret(
        credential=connections.primary_credential(acme), client_secret="p8e-wrong", actor=None
    )

    result = credential_tests.run(credential)

    assert (result.ok, result.is_refused) == (False, True)
    assert "p8e-wrong" not in result.message
    assert result.message


def test_a_service_that_cannot_be_reached_fails_the_test_without_blaming_the_credential(acme):
    Organization.objects.update(ims_url="http://127.0.0.1:1")

    result = credential_tests.run(
        Credential.objects.select_related("organization").get(organization=acme, is_primary=True)
    )

    assert (result.ok, result.is_refused) == (False, False)


def test_a_secret_that_cannot_be_decrypted_fails_the_test_with_the_next_step(acme):
    Credential.objects.update(secrets="not a ciphertext")

    result = credential_tests.run(connections.primary_credential(acme))

    assert not result.ok
    assert "CREDENTIAL_KEYS" in result.message


def test_a_service_account_connects_too(acme):
    credential = acme.credentials.get(kind=CredentialKind.JWT)

    assert credential_tests.run(credential).ok


def test_every_credential_of_an_environment_passes_its_test(add):
    add()
    environments = Organization.objects.filter(kind=OrganizationKind.SNAPLOGIC)

    results = [credential_tests.run(one) for found in environments for one in found.credentials.all()]

    assert {result.message for result in results} == {"Works: signed in, assets can be listed."}
    kinds = Credential.objects.filter(organization__in=environments).values_list("kind", flat=True)
    assert set(kinds) == {CredentialKind.SNAPLOGIC_BASIC, CredentialKind.SNAPLOGIC_BEARER}


def test_an_environment_of_the_document_leaves_the_services_of_adobe_out(add, document):
    add(changed={**document, "service_urls": {"journeys": f"{document['base_url']}/authoring"}})

    found = Organization.objects.filter(kind=OrganizationKind.SNAPLOGIC).values_list("ims_url", "service_urls")
    assert set(map(str, found)) == {"('', {})"}


def test_connections_share_one_token(acme, emulator):
    for _ in range(3):
        tokens.forget()
        with connections.connect(acme) as connection:
            connections.list_sandboxes(connection)

    assert len(token_requests(emulator)) == 1
    assert crypto.decrypt(AccessToken.objects.get().ciphertext)


def test_a_token_refused_in_mid_flight_is_renewed_once(acme, emulator):
    with connections.connect(acme) as connection:
        connections.list_sandboxes(connection)
    AccessToken.objects.update(ciphertext=crypto.encrypt("revoked"), value_digest=tokens._digest("revoked"))
    tokens.forget()

    with connections.connect(acme) as connection:
        found = connections.list_sandboxes(connection)

    assert len(found) == 3
    assert len(token_requests(emulator)) == 2


def test_a_replaced_secret_asks_for_a_new_token(acme, emulator, document):
    with connections.connect(acme) as connection:
        connections.list_sandboxes(connection)
    credential = connections.primary_credential(acme)

    credentials.replace_secret(credential=credential, client_secret="p8e-wrong", actor=None)
    with pytest.raises(ApiAuthError), connections.connect(acme) as connection:
        connections.list_sandboxes(connection)

    assert len(token_requests(emulator)) == 2


def test_sandboxes_of_the_platform_are_kept(acme):
    with connections.connect(acme) as connection:
        found = connections.list_sandboxes(connection)

    changes = sandboxes.apply_sandboxes(acme, found)

    assert set(changes.created) == {"prod", "stage", "dev"}
    assert {sandbox.name for sandbox in Sandbox.objects.all() if sandbox.is_production} >= {"prod"}


def test_after_deletion_nothing_of_the_secrets_is_left(acme):
    with connections.connect(acme) as connection:
        connections.list_sandboxes(connection)

    organizations.delete_organization(organization=acme, actor=None)

    assert not acme.credentials.exclude(secrets="").exists()
    assert not AccessToken.objects.exists()


def test_one_organization_is_added_with_a_secret_from_the_environment(monkeypatch, capsys):
    monkeypatch.setenv("TOWPATH_CLIENT_SECRET", "p8e-from-the-environment")

    call_command("add_organization", name="Solo", remote_id="0123456789ABCDEF01234567@AdobeOrg", client_id="0123abcd")

    credential = Credential.objects.get()
    assert credentials.read_secrets(credential) == {"client_secret": "p8e-from-the-environment"}
    assert "p8e-from-the-environment" not in capsys.readouterr().out


def test_one_organization_is_added_with_a_secret_from_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("p8e-from-stdin\n"))

    call_command("add_organization", name="Solo", remote_id="0123456789ABCDEF01234567@AdobeOrg", client_id="0123abcd")

    assert credentials.read_secrets(Credential.objects.get()) == {"client_secret": "p8e-from-stdin"}


def test_without_a_secret_nothing_is_added(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    with pytest.raises(CommandError, match="No client secret came in"):
        call_command("add_organization", name="Solo", remote_id="0123456789ABCDEF01234567@AdobeOrg", client_id="x")

    assert not Organization.objects.exists()


def test_a_technical_account_id_is_refused_with_a_sentence():
    with pytest.raises(CommandError, match="technical account id"):
        call_command("add_organization", name="Solo", remote_id="0123456789ABCDEF01234567@techacct.adobe.com")
