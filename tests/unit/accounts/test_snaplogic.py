"""SnapLogic: an organization that is one environment, its row among the sandboxes, its two kinds of credentials."""

import importlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.apps import apps

from accounts import registries
from accounts.choices import CredentialKind, OrganizationKind, SandboxType
from accounts.errors import ErasureNotConfirmedError, NoCredentialError, RefusedError
from accounts.models import AuditEvent, Credential, Organization, Sandbox
from accounts.services import connections, credentials, organizations, sandboxes
from tests.factories import (
    CLIENT_SECRET,
    CredentialFactory,
    OrganizationFactory,
    SandboxFactory,
    SnapLogicOrganizationFactory,
    StoredValueFactory,
)

pytestmark = pytest.mark.django_db

USER_NAME = "towpath@acme.example"


def pem(key, encryption=None):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()).decode()


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
RSA_KEY = pem(RSA)
SMALL_KEY = pem(rsa.generate_private_key(public_exponent=65537, key_size=1024))  # noqa: S505  refused
P256_KEY = pem(ec.generate_private_key(ec.SECP256R1()))


def create(actor=None, **changes):
    return organizations.create_organization(
        **{
            "name": "Integrations",
            "remote_id": "acme-prod",
            "kind": OrganizationKind.SNAPLOGIC,
            "actor": actor,
            **changes,
        }
    )


def update(organization, **changes):
    return organizations.update_organization(
        **{
            "organization": organization,
            "name": organization.name,
            "is_production": organization.is_production,
            "region": organization.region,
            "platform_url": organization.platform_url,
            "actor": None,
            **changes,
        }
    )


def add(organization, **changes):
    return credentials.add_credential(
        **{
            "organization": organization,
            "name": "Towpath",
            "kind": CredentialKind.SNAPLOGIC_BASIC,
            "client_id": USER_NAME,
            "client_secret": CLIENT_SECRET,
            "actor": None,
            **changes,
        }
    )


def add_bearer(organization, **changes):
    return add(
        organization,
        **{
            "kind": CredentialKind.SNAPLOGIC_BEARER,
            "client_secret": "",
            "issuer": "acme-idp",
            "private_key": RSA_KEY,
            **changes,
        },
    )


# Organizations


def test_an_environment_has_a_control_plane_and_none_of_the_services_of_adobe(administrator):
    organization = create(administrator)

    assert organization.platform_url == "https://elastic.snaplogic.com"
    assert (organization.ims_url, organization.service_urls, organization.service_dialects) == ("", {}, {})
    details = AuditEvent.objects.get().details
    assert details["kind"] == "snaplogic"
    assert not [name for name in details if name.startswith(("journeys", "decisioning"))]


@pytest.mark.parametrize("remote_id", ["acme-prod", "Acme Prod", "ACME_prod.eu", "Größe"])
def test_the_name_of_an_environment_is_kept_letter_for_letter(remote_id):
    assert create(remote_id=f" {remote_id}\n").remote_id == remote_id


@pytest.mark.parametrize(
    ("remote_id", "reason"),
    [
        ("", "Enter the environment name"),
        ("acme/apim", "without a slash"),
        ("..", "without a slash"),
        ("acme\u200bprod", "cannot be seen"),
        ("acme\tprod", "cannot be seen"),
    ],
)
def test_what_cannot_be_the_name_of_an_environment_is_refused(remote_id, reason):
    with pytest.raises(RefusedError, match=reason) as refusal:
        create(remote_id=remote_id)

    assert refusal.value.field == "remote_id"
    assert not Organization.objects.exists()
    assert not Sandbox.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"platform_url": "https://snaplogic.example.com"}, "platform_url", "not among the hosts"),
        ({"platform_url": "elastic"}, "platform_url", "Write it like https://emea.snaplogic.com"),
        ({"platform_url": ""}, "platform_url", "Write it like https://emea.snaplogic.com"),
        ({"platform_url": "https://elastic.snaplogic.com/api"}, "platform_url", "ends with its host"),
        ({"platform_url": "http://127.0.0.1:9400"}, "platform_url", "Only a demo installation"),
        ({"ims_url": "https://ims-na1.adobelogin.com"}, "ims_url", "no sign-in service"),
        ({"service_urls": {"journeys": ""}}, "service_urls.journeys", "have no service journeys"),
        ({"service_dialects": {"decisioning": "r1"}}, "service_dialects.decisioning", "have no service decisioning"),
    ],
)
def test_a_url_that_an_environment_cannot_have_is_refused(settings, changes, field, reason):
    settings.IS_LOOPBACK_REMOTE_ALLOWED = False

    with pytest.raises(RefusedError, match=reason) as refusal:
        create(**changes)

    assert refusal.value.field == field
    assert not Organization.objects.exists()


def test_another_control_plane_erases_the_secrets_once_confirmed():
    credential = CredentialFactory(snaplogic=True)
    organization = credential.organization
    stored = StoredValueFactory(organization=organization, name="Orders password")
    wish = {"platform_url": "https://emea.snaplogic.com"}

    with pytest.raises(ErasureNotConfirmedError, match=f"{credential.name}, the value “Orders password”"):
        update(organization, **wish)
    update(organization, **wish, is_erasure_confirmed=True)

    credential.refresh_from_db()
    stored.refresh_from_db()
    assert (credential.has_secret, stored.has_value) == (False, False)


def test_a_change_leaves_an_environment_without_a_sign_in_service():
    organization = create()

    update(organization, region="EMEA")

    organization.refresh_from_db()
    assert (organization.region, organization.ims_url) == ("EMEA", "")


# The row among the sandboxes


def test_an_environment_gets_its_row_with_the_organization_and_keeps_its_name():
    organization = create()

    update(organization, name="Integrations, live")

    row = Sandbox.objects.get()
    assert row == organization.environment
    assert (row.name, row.title, row.type) == ("acme-prod", "Integrations, live", SandboxType.ENVIRONMENT)
    assert row.is_active


def test_an_organization_that_is_refused_leaves_no_row():
    create()

    with pytest.raises(RefusedError, match="there already"):
        create(name="Again")

    assert Sandbox.objects.count() == 1


def test_an_environment_is_production_where_it_is_marked_so():
    row = create().environment

    was = row.is_production
    update(row.organization, is_production=True)

    assert (was, Organization.objects.get().environment.is_production) == (False, True)


def test_a_platform_that_calls_a_sandbox_environment_sends_an_unknown_type():
    assert SandboxFactory(type=SandboxType.ENVIRONMENT).is_production


def test_sandboxes_of_adobe_are_told_from_environments():
    create()
    sandbox = SandboxFactory()

    assert list(Sandbox.objects.present().of_adobe()) == [sandbox]
    assert Sandbox.objects.present().count() == 2
    with pytest.raises(Sandbox.DoesNotExist):
        _ = sandbox.organization.environment


def test_an_environment_is_never_read_from_a_list_of_sandboxes(administrator, monkeypatch):
    monkeypatch.setattr(registries, "_sandbox_sync", lambda organization, actor: "/jobs/1/")
    organization = create()

    with pytest.raises(RefusedError, match="no sandboxes to read"):
        registries.start_sandbox_sync(organization, administrator)
    with pytest.raises(RefusedError, match="no sandboxes to read"):
        sandboxes.apply_sandboxes(organization, [])

    assert list(Sandbox.objects.values_list("name", "vanished_at")) == [("acme-prod", None)]


def test_organizations_that_the_api_took_before_are_given_what_new_ones_get():
    taken = OrganizationFactory(kind=OrganizationKind.SNAPLOGIC, remote_id="acme", service_urls={"journeys": "x"})
    adobe = OrganizationFactory()

    for _ in range(2):
        importlib.import_module("accounts.migrations.0010_snaplogic_environments").give_environments(apps, None)

    taken.refresh_from_db()
    assert (taken.platform_url, taken.ims_url, taken.service_urls) == ("https://elastic.snaplogic.com", "", {})
    assert taken.environment.name == "acme"
    assert not adobe.sandboxes.exists()


# Credentials


def test_a_user_with_a_password_is_kept_letter_for_letter():
    credential = add(create(), client_id=" Svc User ", client_secret=" p:ä ß ")

    assert credential.client_id == "Svc User"
    assert credentials.read_secrets(credential) == {"client_secret": " p:ä ß "}
    assert (credential.is_primary, credential.scopes, credential.issuer) == (True, [], "")


@pytest.mark.parametrize("key", [RSA_KEY, P256_KEY, RSA_KEY.replace("\n", "\r\n"), RSA_KEY.replace("\n", "\\n")])
def test_a_user_with_a_key_needs_no_password(key):
    credential = add_bearer(create(), private_key=key, key_id=" 2027-01 ")

    assert credentials.read_secrets(credential) == {"private_key": key}
    assert (credential.issuer, credential.key_id) == ("acme-idp", "2027-01")
    assert "PRIVATE KEY" not in credential.secrets


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"client_id": ""}, "client_id", "Enter the user name"),
        ({"client_id": "towpath:secret"}, "client_id", "no colon"),
        ({"client_id": "tow\npath"}, "client_id", "line break"),
        ({"client_id": "a" * 201}, "client_id", "too long"),
        ({"client_secret": ""}, "client_secret", "Enter the password"),
        ({"client_secret": "p\nq"}, "client_secret", "line break"),
        ({"private_key": RSA_KEY}, "private_key", "has no private key"),
        ({"issuer": "acme-idp"}, "issuer", "has no issuer id"),
        ({"key_id": "1"}, "key_id", "has no key id"),
        ({"scopes": ["openid"]}, "scopes", "has no scopes"),
        ({"kind": CredentialKind.OAUTH_SERVER_TO_SERVER}, "kind", "no credentials of this kind"),
    ],
)
def test_a_user_with_a_password_that_cannot_work_is_refused(changes, field, reason):
    organization = create()

    with pytest.raises(RefusedError, match=reason) as refusal:
        add(organization, **changes)

    assert refusal.value.field == field
    assert not Credential.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"issuer": " "}, "issuer", "Enter the issuer id"),
        ({"issuer": "acme\nidp"}, "issuer", "line break"),
        ({"key_id": "1\x00"}, "key_id", "cannot be seen"),
        ({"client_secret": CLIENT_SECRET}, "client_secret", "has no client secret"),
        ({"technical_account_id": "x@techacct.adobe.com"}, "technical_account_id", "has no technical account id"),
        ({"private_key": ""}, "private_key", "not a private key in PEM form"),
        (
            {"private_key": RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()},
            "private_key",
            "a public key",
        ),
        ({"private_key": pem(RSA, BestAvailableEncryption(b"x"))}, "private_key", "passphrase"),
        ({"private_key": RSA_KEY[:300] + "\n-----END PRIVATE KEY-----"}, "private_key", "cannot be read"),
        ({"private_key": SMALL_KEY}, "private_key", "1024 bits"),
        ({"private_key": pem(ec.generate_private_key(ec.SECP384R1()))}, "private_key", "P-256"),
        ({"private_key": pem(ed25519.Ed25519PrivateKey.generate())}, "private_key", "RSA"),
    ],
)
def test_a_user_with_a_key_that_cannot_work_is_refused(changes, field, reason):
    organization = create()

    with pytest.raises(RefusedError, match=reason) as refusal:
        add_bearer(organization, **changes)

    assert refusal.value.field == field
    assert not Credential.objects.exists()


@pytest.mark.parametrize("field", ["issuer", "key_id"])
def test_adobe_knows_neither_issuer_nor_key_id(organization, field):
    with pytest.raises(RefusedError, match="Leave it out") as refusal:
        add(organization, kind=CredentialKind.OAUTH_SERVER_TO_SERVER, client_id="0123abcd", **{field: "x"})

    assert refusal.value.field == field


def test_issuer_and_key_id_can_change_and_the_key_stays():
    credential = add_bearer(create())

    credentials.update_credential(
        credential=credential, name="CI", issuer="new-idp", key_id="2", expires_at=None, actor=None
    )

    credential.refresh_from_db()
    assert (credential.name, credential.issuer, credential.key_id) == ("CI", "new-idp", "2")
    assert credentials.read_secrets(credential) == {"private_key": RSA_KEY}


def test_an_issuer_cannot_be_taken_away():
    credential = add_bearer(create())

    with pytest.raises(RefusedError, match="Enter the issuer id"):
        credentials.update_credential(credential=credential, name="CI", issuer="", expires_at=None, actor=None)

    credential.refresh_from_db()
    assert credential.issuer == "acme-idp"


def test_a_key_is_replaced_by_a_key_and_a_password_by_a_password():
    organization = create()
    basic, bearer = add(organization), add_bearer(organization, name="Bearer")

    credentials.replace_secret(credential=basic, client_secret="p8e-new", actor=None)
    credentials.replace_secret(credential=bearer, private_key=P256_KEY, actor=None)
    with pytest.raises(RefusedError, match="has no client secret"):
        credentials.replace_secret(credential=bearer, client_secret="p8e-new", actor=None)

    basic.refresh_from_db()
    bearer.refresh_from_db()
    assert credentials.read_secrets(basic) == {"client_secret": "p8e-new"}
    assert credentials.read_secrets(bearer) == {"private_key": P256_KEY}


def test_the_connection_of_adobe_leads_to_no_environment():
    credential = CredentialFactory(snaplogic=True)

    with (
        pytest.raises(NoCredentialError, match="no organization of Adobe"),
        connections.connect(credential.organization),
    ):
        pass


def test_an_environment_of_the_factory_is_complete():
    assert SnapLogicOrganizationFactory().environment.is_active
