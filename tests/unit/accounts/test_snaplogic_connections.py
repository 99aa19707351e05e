"""Signing in at SnapLogic: what is sent, and what a test of a credential makes of the answers."""

import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.utils import timezone
from werkzeug import Response

from accounts import crypto
from accounts.choices import CredentialKind
from accounts.errors import NoCredentialError
from accounts.models import Credential, Organization
from accounts.services import connections, credential_tests, organizations
from clients.snaplogic import SnapLogicClient
from tests.factories import CLIENT_SECRET, CredentialFactory, OrganizationFactory, SnapLogicOrganizationFactory

pytestmark = pytest.mark.django_db

LIST = "/api/1/rest/public/project/list_assets"
NO_RIGHT = "May not have Read permission for org: acme-prod"
BASIC_IS_OFF = "Basic authentication is disabled for this environment"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
P256 = ec.generate_private_key(ec.SECP256R1())
NOTHING_LISTED = {"response_map": {"project_path": "/acme-prod/shared", "assets": {}}, "http_status_code": 200}


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def envelope(status, message):
    body = {"response_map": {"error_list": [{"message": message}]}, "http_status_code": status}
    return Response(json.dumps(body), status=status, content_type="application/json")


@pytest.fixture
def acme(httpserver):
    return SnapLogicOrganizationFactory(remote_id="acme-prod", platform_url=httpserver.url_for("").rstrip("/"))


@pytest.fixture
def basic(acme):
    return CredentialFactory(snaplogic=True, organization=acme)


@pytest.fixture
def bearer(acme):
    return with_key(acme, RSA, is_primary=False)


def with_key(organization, key, **changes):
    return CredentialFactory(
        snaplogic=True,
        organization=organization,
        kind=CredentialKind.SNAPLOGIC_BEARER,
        issuer="acme-idp",
        secrets=crypto.encrypt(json.dumps({"private_key": pem(key)})),
        **changes,
    )


def authorization_of(httpserver):
    scheme, value = httpserver.log[-1][0].headers["Authorization"].split(" ")
    return scheme, value


def test_a_password_is_sent_to_the_control_plane_and_nothing_is_changed_there(httpserver, basic):
    httpserver.expect_request(LIST, method="POST").respond_with_json(NOTHING_LISTED)

    found = credential_tests.run(basic)

    assert (found.ok, found.message) == (True, "Works: signed in, assets can be listed.")
    assert [json.loads(sent.data) for sent, _ in httpserver.log] == [
        {"dest_path": "/acme-prod/shared", "asset_path_list": []}
    ]
    sent = httpserver.log[0][0].authorization
    assert (sent.type, sent.username, sent.password) == ("basic", basic.client_id, CLIENT_SECRET)


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (P256, "ES256")])
@pytest.mark.parametrize(("key_id", "header"), [("", {}), ("2027-01", {"kid": "2027-01"})])
def test_a_jwt_says_who_signs_in_where(httpserver, acme, key, algorithm, key_id, header):
    httpserver.expect_request(LIST, method="POST").respond_with_json(NOTHING_LISTED)

    found = credential_tests.run(with_key(acme, key, key_id=key_id))

    scheme, token = authorization_of(httpserver)
    audience = f"{acme.platform_url}/api/1/rest/public"
    claims = jwt.decode(token, key.public_key(), algorithms=[algorithm], audience=audience)
    assert found.ok
    assert scheme == "Bearer"
    assert (claims["sub"], claims["iss"], claims["org"]) == ("towpath@acme.example", "acme-idp", "acme-prod")
    assert claims["iat"] <= timezone.now().timestamp() < claims["exp"]
    assert {name: value for name, value in jwt.get_unverified_header(token).items() if name == "kid"} == header


def test_a_wrong_password_is_a_refusal_with_the_next_step(httpserver, basic):
    httpserver.expect_request(LIST).respond_with_response(envelope(401, "Invalid username or password"))

    found = credential_tests.run(basic)

    assert (found.ok, found.is_refused, found.is_unanswered) == (False, True, False)
    assert "Invalid username or password" in found.message
    assert "Check user name and password" in found.message
    assert CLIENT_SECRET not in found.message


def test_a_password_where_passwords_are_off_is_refused_with_the_advice_to_sign(httpserver, basic):
    httpserver.expect_request(LIST).respond_with_response(envelope(403, BASIC_IS_OFF))

    found = credential_tests.run(basic)

    assert (found.ok, found.is_refused) == (False, True)
    assert "JWT credential" in found.message


def test_a_user_who_may_not_list_has_signed_in_all_the_same(httpserver, basic, bearer):
    httpserver.expect_request(LIST).respond_with_response(envelope(403, NO_RIGHT))

    for credential in (basic, bearer):
        found = credential_tests.run(credential)

        assert found.ok
        assert "signed in; listing assets is not allowed" in found.message
        assert NO_RIGHT in found.message


@pytest.mark.parametrize(
    "answer",
    [
        Response("Forbidden", status=403, content_type="text/plain"),
        Response("<html>Blocked by your proxy</html>", status=403, content_type="text/html"),
        Response('{"error": "forbidden"}', status=403, content_type="application/json"),
        envelope(403, "Access denied"),
    ],
)
def test_a_403_that_may_mean_anything_proves_no_password(httpserver, basic, answer):
    httpserver.expect_request(LIST).respond_with_response(answer)

    assert not credential_tests.run(basic).ok


@pytest.mark.parametrize(
    "answer",
    [
        envelope(404, "The asset does not exist: /acme-prod/shared"),
        Response("no such page", status=404),
        Response("no json", status=200),
        Response("{}", status=200, content_type="application/json"),
    ],
)
def test_an_answer_that_proves_nothing_is_none(httpserver, basic, answer):
    httpserver.expect_request(LIST).respond_with_response(answer)

    found = credential_tests.run(basic)

    assert (found.ok, found.is_refused, found.is_unanswered) == (False, False, True)


def test_an_environment_that_is_not_found_may_be_misspelled(httpserver, basic):
    httpserver.expect_request(LIST).respond_with_response(envelope(404, "The asset does not exist: /acme-prod/shared"))

    assert "Check the spelling of the environment name acme-prod" in credential_tests.run(basic).message


def test_a_control_plane_that_does_not_answer_says_nothing_against_the_credential(basic):
    Organization.objects.update(platform_url="http://127.0.0.1:1")

    found = credential_tests.run(Credential.objects.get())

    assert (found.ok, found.is_refused, found.is_unanswered) == (False, False, True)


# Before anything is sent


def refused(organization):
    with pytest.raises(NoCredentialError) as refusal, connections.connect_snaplogic(organization):
        pass
    return str(refusal.value)


def test_only_environments_are_connected_to():
    organization = OrganizationFactory()

    assert "no organization of SnapLogic" in refused(organization)


def test_without_a_credential_or_its_secret_nothing_is_sent(acme):
    without = refused(acme)
    CredentialFactory(snaplogic=True, organization=acme, secrets="")

    assert "has no credential" in without
    assert "has no secret" in refused(acme)


def test_a_deleted_environment_is_not_called(acme, basic):
    organizations.delete_organization(organization=acme, actor=None)
    acme.refresh_from_db()

    assert "was deleted" in refused(acme)


def test_secrets_that_cannot_be_read_are_not_guessed(acme, basic):
    Credential.objects.update(secrets="not a ciphertext")

    assert "CREDENTIAL_KEYS" in refused(acme)


def test_secrets_of_another_form_are_not_sent(acme, basic):
    Credential.objects.update(kind=CredentialKind.SNAPLOGIC_BEARER)

    assert "must replace the secret" in refused(acme)


def test_a_host_that_is_no_longer_admitted_gets_no_password(httpserver, settings, acme, basic):
    settings.IS_LOOPBACK_REMOTE_ALLOWED = False

    assert "cannot be reached" in refused(acme)
    assert not httpserver.log


def test_a_connection_serves_the_client_of_its_environment(httpserver, acme, basic):
    httpserver.expect_request(LIST, method="POST").respond_with_json(NOTHING_LISTED)

    with connections.connect_snaplogic(acme) as connection:
        found = SnapLogicClient(connection, environment=acme.remote_id).list_assets_of("/acme-prod/shared")

    assert found is not None
