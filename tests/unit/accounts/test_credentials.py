"""Credentials: kinds, secrets that never leave, which one jobs use, tests and their results."""

import json
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core import serializers
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts import crypto
from accounts.choices import CredentialKind
from accounts.errors import InUseError, NoCredentialError, RefusedError, Usage
from accounts.models import AccessToken, AuditEvent, Credential
from accounts.services import audit, connections, credential_tests, credentials, rotation, stored_values, usage
from accounts.services.credential_tests import Outcome
from tests.factories import CLIENT_SECRET, STORED_VALUE, CredentialFactory, OrganizationFactory, StoredValueFactory
from tests.unit.accounts.races import at_once

pytestmark = pytest.mark.django_db


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


RSA_KEY = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def add(organization, actor=None, **changes):
    return credentials.add_credential(
        **{
            "organization": organization,
            "name": "CI",
            "kind": CredentialKind.OAUTH_SERVER_TO_SERVER,
            "client_id": "0123abcd",
            "client_secret": CLIENT_SECRET,
            "scopes": ["openid"],
            "actor": actor,
            **changes,
        }
    )


def test_the_first_credential_is_the_one_that_jobs_use(owner, organization):
    first, second = add(organization, owner), add(organization, owner, name="Second")

    assert (first.is_primary, second.is_primary) == (True, False)
    assert connections.primary_credential(organization) == first


@pytest.mark.django_db(transaction=True)
def test_two_first_credentials_at_once_make_one_primary():
    organization = OrganizationFactory()

    results = at_once(*(lambda n=n: add(organization, name=f"Credential {n}") for n in range(4)))

    assert [type(result) for result in results] == [Credential] * 4
    assert Credential.objects.filter(is_primary=True).count() == 1


def test_a_secret_is_stored_encrypted_and_appears_in_no_record(owner, organization):
    credential = add(organization, owner)

    dump = serializers.serialize("json", [*Credential.objects.all(), *AuditEvent.objects.all()])
    assert CLIENT_SECRET not in dump
    assert credentials.read_secrets(credential) == {"client_secret": CLIENT_SECRET}


def test_an_operator_adds_nothing(teammate, organization):
    with pytest.raises(PermissionDenied):
        add(organization, teammate)

    assert not Credential.objects.exists()


def test_a_service_account_keeps_its_private_key_encrypted(organization):
    credential = add(
        organization,
        kind=CredentialKind.JWT,
        technical_account_id="ABC@techacct.adobe.com",
        metascopes=["ent_dataservices_sdk"],
        private_key=RSA_KEY,
    )

    assert "PRIVATE KEY" not in credential.secrets
    assert credentials.read_secrets(credential)["private_key"] == RSA_KEY


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"private_key": "no key"}, "private_key"),
        ({"private_key": ""}, "private_key"),
        ({"private_key": pem(ec.generate_private_key(ec.SECP256R1()))}, "private_key"),
        ({"technical_account_id": "0123456789ABCDEF01234567@AdobeOrg"}, "technical_account_id"),
        ({"client_secret": ""}, "client_secret"),
        ({"client_id": "two words"}, "client_id"),
        ({"client_id": "line\nbreak"}, "client_id"),
    ],
)
def test_a_service_account_that_cannot_work_is_refused_before_anything_is_sent(organization, changes, field):
    wish = {
        "kind": CredentialKind.JWT,
        "technical_account_id": "ABC@techacct.adobe.com",
        "private_key": RSA_KEY,
        **changes,
    }

    with pytest.raises(RefusedError) as refusal:
        add(organization, **wish)

    assert refusal.value.field == field
    assert not Credential.objects.exists()


def test_a_kind_of_another_vendor_is_refused(organization):
    with pytest.raises(RefusedError, match="no credentials of this kind"):
        add(organization, kind=CredentialKind.SNAPLOGIC_BASIC)


def test_a_name_that_is_taken_is_refused(organization):
    add(organization)

    with pytest.raises(RefusedError, match="CI already") as refusal:
        add(organization)

    assert refusal.value.field == "name"


def test_a_new_secret_drops_token_problem_and_old_verdict(owner, organization):
    credential = CredentialFactory(organization=organization, problem="refused", is_last_test_ok=False)
    AccessToken.objects.create(credential=credential, ciphertext="x")

    replaced = credentials.replace_secret(credential=credential, client_secret="p8e-new", actor=owner)

    assert credentials.read_secrets(replaced) == {"client_secret": "p8e-new"}
    assert (replaced.problem, replaced.is_last_test_ok) == ("", None)
    assert not AccessToken.objects.exists()
    assert AuditEvent.objects.get().verb == audit.Verb.CREDENTIAL_SECRET_REPLACED


def test_other_scopes_make_a_new_token_necessary(owner, organization):
    credential = CredentialFactory(organization=organization)
    AccessToken.objects.create(credential=credential, ciphertext="x")

    credentials.update_credential(
        credential=credential, name="Renamed", scopes=["openid"], metascopes=[], expires_at=None, actor=owner
    )

    assert not AccessToken.objects.exists()


def test_another_name_keeps_the_token(owner, organization):
    credential = CredentialFactory(organization=organization)
    AccessToken.objects.create(credential=credential, ciphertext="x")

    credentials.update_credential(
        credential=credential,
        name="Renamed",
        scopes=credential.scopes,
        metascopes=[],
        expires_at=None,
        actor=owner,
    )

    assert AccessToken.objects.exists()
    assert AuditEvent.objects.get().details["name"]["to"] == "Renamed"


def test_another_credential_becomes_the_one_that_jobs_use(owner, organization):
    first = CredentialFactory(organization=organization)
    second = CredentialFactory(organization=organization, is_primary=False)

    credentials.make_primary(credential=second, actor=owner)
    credentials.make_primary(credential=second, actor=owner)

    first.refresh_from_db()
    assert connections.primary_credential(organization) == second
    assert not first.is_primary
    assert AuditEvent.objects.get().details == {"before": first.name}


def test_a_credential_in_use_is_not_deleted(owner, organization, monkeypatch):
    monkeypatch.setattr(usage, "_of_organization", [lambda organization: [Usage("Import of Loyalty", "/jobs/1/")]])
    credential = CredentialFactory(organization=organization)

    with pytest.raises(InUseError) as refusal:
        credentials.delete_credential(credential=credential, actor=owner)

    assert refusal.value.usages == [Usage("Import of Loyalty", "/jobs/1/")]
    assert Credential.objects.exists()


def test_a_spare_credential_is_deleted_while_jobs_use_another(owner, organization, monkeypatch):
    monkeypatch.setattr(usage, "_of_organization", [lambda organization: [Usage("Import of Loyalty")]])
    CredentialFactory(organization=organization)
    spare = CredentialFactory(organization=organization, is_primary=False)

    credentials.delete_credential(credential=spare, reason="left over", actor=owner)

    assert Credential.objects.get().is_primary
    event = AuditEvent.objects.get()
    assert (event.verb, event.organization_id, event.reason) == (
        audit.Verb.CREDENTIAL_DELETED,
        organization.pk,
        "left over",
    )


def test_the_primary_credential_is_not_deleted_beside_others(owner, organization):
    primary = CredentialFactory(organization=organization)
    CredentialFactory(organization=organization, is_primary=False)

    with pytest.raises(RefusedError, match="Make another one primary first"):
        credentials.delete_credential(credential=primary, actor=owner)

    assert Credential.objects.count() == 2


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        (Outcome(ok=True, latency_ms=12, message="Works: 3 sandboxes seen."), ""),
        (Outcome(ok=False, latency_ms=12, message="invalid_client", is_refused=True), "invalid_client"),
        (Outcome(ok=False, latency_ms=12, message="no answer"), "refused before"),
    ],
    ids=["works", "refused", "no answer"],
)
def test_the_result_of_a_test_is_kept_and_tells_refusals_from_silence(owner, organization, result, problem):
    credential = CredentialFactory(organization=organization, problem="refused before")

    is_kept = credential_tests.record(credential=credential, result=result, actor=owner)

    credential.refresh_from_db()
    assert is_kept
    assert (credential.is_last_test_ok, credential.last_test_latency_ms) == (result.ok, 12)
    assert credential.last_test_message == result.message
    assert credential.problem == problem
    assert AuditEvent.objects.get().verb == audit.Verb.CREDENTIAL_TESTED


def test_the_result_of_a_test_of_the_secret_before_is_dropped(owner, organization):
    credential = CredentialFactory(organization=organization)
    credentials.replace_secret(credential=credential, client_secret="p8e-new", actor=owner)

    is_kept = credential_tests.record(
        credential=credential, result=Outcome(ok=False, latency_ms=1, message="x", is_refused=True), actor=owner
    )

    credential.refresh_from_db()
    assert not is_kept
    assert (credential.last_test_at, credential.problem) == (None, "")


def test_a_flag_about_the_secret_before_is_dropped(organization):
    credential = CredentialFactory(organization=organization)
    credentials.replace_secret(credential=credential, client_secret="p8e-new", actor=None)

    credentials.flag_credential(credential, "refused")

    credential.refresh_from_db()
    assert credential.problem == ""


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda organization: None, "has no credential"),
        (lambda organization: CredentialFactory(organization=organization, secrets=""), "has no secret"),
    ],
    ids=["no credential", "no secret"],
)
def test_without_a_usable_credential_nothing_is_connected(organization, make, sentence):
    make(organization)

    with pytest.raises(NoCredentialError, match=sentence), connections.connect(organization):
        raise AssertionError("must not connect")


def test_a_deleted_organization_is_not_connected(organization):
    CredentialFactory(organization=organization)
    organization.deleted_at = timezone.now()

    with pytest.raises(NoCredentialError, match="was deleted"), connections.connect(organization):
        raise AssertionError("must not connect")


def test_the_end_of_a_credential_is_seen_fourteen_days_before():
    now = timezone.now()
    far, near, over = (
        CredentialFactory(expires_at=now + timedelta(days=days), is_primary=True) for days in (15, 13, -1)
    )

    assert (far.expires_soon, near.expires_soon, over.is_expired) == (False, True, True)


# Rotation of keys


@pytest.fixture
def new_key(settings):
    """Puts a new key before the old one and returns a way to drop the old one."""
    old = list(settings.CREDENTIAL_KEYS)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode(), *old]

    def drop_old():
        settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS[:1]

    return drop_old


def test_after_rotation_the_old_key_is_not_needed(organization, settings, request):
    credential = CredentialFactory(organization=organization)
    AccessToken.objects.create(credential=credential, ciphertext=crypto.encrypt("the token"))
    stored = StoredValueFactory(organization=organization)
    drop_old = request.getfixturevalue("new_key")

    result = rotation.rotate_keys(actor=None)
    drop_old()

    credential.refresh_from_db()
    stored.refresh_from_db()
    assert result == rotation.Rotation(3, ())
    assert credentials.read_secrets(credential) == {"client_secret": CLIENT_SECRET}
    assert crypto.decrypt(AccessToken.objects.get().ciphertext) == "the token"
    assert stored_values.read_value(stored) == STORED_VALUE
    assert AuditEvent.objects.get().details == {"done": 3, "undecryptable": []}


def test_rotation_may_run_twice(organization, new_key):
    credential = CredentialFactory(organization=organization)
    rotation.rotate_keys(actor=None)

    rotation.rotate_keys(actor=None)
    new_key()

    credential.refresh_from_db()
    assert credentials.read_secrets(credential) == {"client_secret": CLIENT_SECRET}


def test_what_fits_no_key_is_named_and_the_rest_goes_on(new_key):
    stranger = Fernet(Fernet.generate_key()).encrypt(json.dumps({"client_secret": "x"}).encode()).decode()
    lost, fine = CredentialFactory(secrets=stranger), CredentialFactory()

    result = rotation.rotate_keys(actor=None)
    new_key()

    lost.refresh_from_db()
    fine.refresh_from_db()
    assert result.undecryptable == (str(lost),)
    assert lost.secrets == stranger
    assert credentials.read_secrets(fine) == {"client_secret": CLIENT_SECRET}


def test_rotation_reports_its_progress_to_the_end(new_key):
    CredentialFactory.create_batch(3)
    seen = []

    rotation.rotate_keys(actor=None, progress=lambda done, total: seen.append((done, total)))

    assert seen == [(1, 3), (2, 3), (3, 3)]
