import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from clients.errors import (
    ApiAuthError,
    ApiContractError,
    ApiRejectedError,
    ApiUnavailableError,
    AuthProblem,
)
from clients.ims import IMS_URL, ImsClient, JwtServiceAccount, OAuthServerToServer, check_private_key
from tests.unit.clients.support import CLIENT_SECRET, ORG, fixture, fixture_bytes, raw_server, send

OAUTH = OAuthServerToServer("client-7", CLIENT_SECRET, ("openid", "AdobeID", "read_organizations"))
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: PrivateKeyTypes, passphrase: bytes | None = None, *, traditional: bool = False) -> str:
    protection = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    form = serialization.PrivateFormat.TraditionalOpenSSL if traditional else serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, protection).decode()


SERVICE_ACCOUNT = JwtServiceAccount(
    ims_org_id=ORG,
    client_id="client-7",
    client_secret=CLIENT_SECRET,
    technical_account_id="A1B2@techacct.adobe.com",
    metascopes=("ent_dataservices_sdk", "ent_campaign_sdk"),
    private_key=pem(_KEY),
)


class Endpoint:
    """The token routes of one server, which answer as told."""

    def __init__(self, server: HTTPServer) -> None:
        self._server = server
        self.seen: list[Request] = []

    def answer(self, *answers: Response) -> None:
        left = list(answers)

        def handle(request: Request) -> Response:
            request.form  # noqa: B018 - read while the connection is open
            self.seen.append(request)
            return left.pop(0) if len(left) > 1 else left[0]

        for path in ("/ims/token/v3", "/ims/exchange/jwt"):
            self._server.expect_request(path, method="POST").respond_with_handler(handle)

    def answer_json(self, **body: Any) -> None:
        self.answer(Response(json.dumps(body), content_type="application/json"))


@pytest.fixture
def endpoint(httpserver: HTTPServer) -> Endpoint:
    return Endpoint(httpserver)


@pytest.fixture
def ims(httpserver: HTTPServer) -> Iterator[ImsClient]:
    with ImsClient(base_url=httpserver.url_for("")) as client:
        yield client


def life_of(client: ImsClient, credential: OAuthServerToServer | JwtServiceAccount) -> float:
    """Seconds, rounded to minutes: the test takes some time itself."""
    left = client.fetch_token(credential).expires_at - datetime.now(UTC)
    return round(left.total_seconds() / 60) * 60


def own_token(created: datetime, life: timedelta) -> str:
    claims = {
        "created_at": str(int(created.timestamp() * 1000)),
        "expires_in": str(int(life.total_seconds() * 1000)),
    }
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJSUzI1NiJ9.{payload}.sig"


def test_a_server_to_server_credential_is_sent_as_a_form(ims: ImsClient, endpoint: Endpoint) -> None:
    endpoint.answer(Response(fixture_bytes("ims/token-v3.response-200"), content_type="application/json"))

    token = ims.fetch_token(OAUTH)

    request = endpoint.seen[0]
    assert token.value == fixture("ims/token-v3.response-200")["access_token"]
    assert request.mimetype == "application/x-www-form-urlencoded"
    assert request.query_string == b""
    assert dict(request.form) == {
        "grant_type": "client_credentials",
        "client_id": "client-7",
        "client_secret": CLIENT_SECRET,
        "scope": "openid,AdobeID,read_organizations",
    }


def test_a_service_account_signs_its_claims_for_a_few_minutes(ims: ImsClient, endpoint: Endpoint) -> None:
    endpoint.answer(Response(fixture_bytes("ims/jwt-exchange.response-200"), content_type="application/json"))

    ims.fetch_token(SERVICE_ACCOUNT)

    form = dict(endpoint.seen[0].form)
    proof = form.pop("jwt_token")
    claims = jwt.decode(proof, _KEY.public_key(), algorithms=["RS256"], audience=f"{IMS_URL}/c/client-7")
    assert endpoint.seen[0].path == "/ims/exchange/jwt"
    assert form == {"client_id": "client-7", "client_secret": CLIENT_SECRET}
    assert 200 < claims.pop("exp") - time.time() <= 300
    assert claims == {
        "iss": ORG,
        "sub": "A1B2@techacct.adobe.com",
        "aud": f"{IMS_URL}/c/client-7",
        f"{IMS_URL}/s/ent_dataservices_sdk": True,
        f"{IMS_URL}/s/ent_campaign_sdk": True,
    }


@pytest.mark.parametrize(
    ("credential", "expires_in", "seconds"),
    [
        (OAUTH, 86399, 86400),
        (OAUTH, "86399", 86400),
        (OAUTH, 86399992, 86400),
        (OAUTH, 600, 600),
        (SERVICE_ACCOUNT, 86399992, 86400),
        (SERVICE_ACCOUNT, "86399992", 86400),
        (SERVICE_ACCOUNT, 3600000, 3600),
        (SERVICE_ACCOUNT, 86399, 86400),
        (OAUTH, None, 3600),
        (OAUTH, "soon", 3600),
        (OAUTH, -5, 3600),
        (OAUTH, True, 3600),
    ],
)
def test_the_life_of_an_opaque_token_is_read_in_the_unit_of_the_route(
    credential: OAuthServerToServer | JwtServiceAccount,
    expires_in: object,
    seconds: float,
    ims: ImsClient,
    endpoint: Endpoint,
) -> None:
    endpoint.answer_json(access_token="opaque", expires_in=expires_in)

    assert life_of(ims, credential) == seconds


def test_a_token_that_tells_its_own_expiry_is_believed(ims: ImsClient, endpoint: Endpoint) -> None:
    created = datetime.now(UTC) - timedelta(hours=2)
    endpoint.answer_json(access_token=own_token(created, timedelta(hours=24)), expires_in=86399)

    assert life_of(ims, OAUTH) == 22 * 3600


@pytest.mark.parametrize("created_before", [timedelta(days=700), timedelta(days=-3)], ids=["long ago", "to come"])
def test_a_token_from_another_time_is_measured_by_the_answer(
    created_before: timedelta, ims: ImsClient, endpoint: Endpoint
) -> None:
    created = datetime.now(UTC) - created_before
    endpoint.answer_json(access_token=own_token(created, timedelta(hours=24)), expires_in=7200)

    assert life_of(ims, OAUTH) == 7200


@pytest.mark.parametrize("token", ["a.b", "a.eyJ9.c", "a.bnVsbA.c", "a.e30.c", "eyJhIjoxfQ"])
def test_a_token_that_does_not_decode_is_measured_by_the_answer(token: str, ims: ImsClient, endpoint: Endpoint) -> None:
    endpoint.answer_json(access_token=token, expires_in=7200)

    assert life_of(ims, OAUTH) == 7200


@pytest.mark.parametrize(
    ("name", "status", "credential", "cure"),
    [
        ("token-v3.response-400-invalid_client", 400, OAUTH, "Check the client id"),
        ("token-v3.response-401-invalid_client", 401, OAUTH, "Enter the new client secret"),
        ("token-v3.response-400-invalid_scope", 400, OAUTH, "Compare the scopes"),
        ("token-v3.response-400-unsupported_grant_type", 400, OAUTH, "OAuth server-to-server"),
        ("jwt-exchange.response-400-invalid_client", 400, SERVICE_ACCOUNT, "Check the client id"),
        ("jwt-exchange.response-401-invalid_client", 401, SERVICE_ACCOUNT, "Enter the new client secret"),
        ("jwt-exchange.response-400-invalid_token-expired", 400, SERVICE_ACCOUNT, "Check the clock"),
        ("jwt-exchange.response-400-invalid_token-signature", 400, SERVICE_ACCOUNT, "Enter the private key"),
        ("jwt-exchange.response-400-invalid_signature", 400, SERVICE_ACCOUNT, "Enter the private key"),
        ("jwt-exchange.response-400-invalid_scope", 400, SERVICE_ACCOUNT, "Compare the scopes"),
        ("jwt-exchange.response-400-invalid_token-undecodable", 400, SERVICE_ACCOUNT, "Compare the credential"),
        ("jwt-exchange.response-400-bad_request", 400, SERVICE_ACCOUNT, "Compare the credential"),
        ("jwt-exchange.response-200-error-body", 200, SERVICE_ACCOUNT, "Enter the private key"),
    ],
)
def test_a_refusal_keeps_adobes_words_names_the_cure_and_is_not_tried_again(
    name: str,
    status: int,
    credential: OAuthServerToServer | JwtServiceAccount,
    cure: str,
    ims: ImsClient,
    endpoint: Endpoint,
) -> None:
    endpoint.answer(Response(fixture_bytes(f"ims/{name}"), status=status, content_type="application/json"))

    with pytest.raises(ApiAuthError) as caught:
        ims.fetch_token(credential)

    assert caught.value.reason is AuthProblem.CREDENTIAL
    assert caught.value.error_code == fixture(f"ims/{name}")["error"]
    assert fixture(f"ims/{name}")["error_description"].rstrip(".") in caught.value.message
    assert cure in caught.value.message
    assert len(endpoint.seen) == 1


def test_an_expired_jwt_says_how_wrong_the_clock_is() -> None:
    body = fixture_bytes("ims/jwt-exchange.response-400-invalid_token-expired")
    date = (datetime.now(UTC) + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    head = f"HTTP/1.1 400 Bad Request\r\nDate: {date}\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    with (
        raw_server(send(head + body)) as server,
        ImsClient(base_url=server.url) as ims,
        pytest.raises(ApiAuthError, match="60 min behind"),
    ):
        ims.fetch_token(SERVICE_ACCOUNT)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html><title>Proxy</title></html>", b"[]", b"{}", b'{"access_token": ""}', b'{"access_token": "a b"}'],
)
def test_a_200_without_a_token_breaks_the_contract(body: bytes, ims: ImsClient, endpoint: Endpoint) -> None:
    endpoint.answer(Response(body))

    with pytest.raises(ApiContractError):
        ims.fetch_token(OAUTH)


def test_a_200_with_an_error_and_an_empty_token_is_a_refusal(ims: ImsClient, endpoint: Endpoint) -> None:
    endpoint.answer_json(access_token=None, error="access_denied")

    with pytest.raises(ApiAuthError, match="access_denied"):
        ims.fetch_token(OAUTH)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_failure_is_tried_again_within_limits(status: int, ims: ImsClient, endpoint: Endpoint) -> None:
    good = Response('{"access_token": "opaque", "expires_in": 7200}')
    endpoint.answer(Response(status=status, headers={"Retry-After": "0"}), good)

    token = ims.fetch_token(OAUTH)

    assert token.value == "opaque"
    assert len(endpoint.seen) == 2


def test_a_server_that_stays_down_is_given_up(ims: ImsClient, endpoint: Endpoint) -> None:
    endpoint.answer(Response(status=503, headers={"Retry-After": "0"}))

    with pytest.raises(ApiUnavailableError):
        ims.fetch_token(OAUTH)

    assert len(endpoint.seen) == 3


def test_a_page_with_400_is_no_verdict_on_the_credential(ims: ImsClient, endpoint: Endpoint) -> None:
    endpoint.answer(Response("<html><title>Blocked</title></html>", status=403))

    with pytest.raises(ApiRejectedError, match="Blocked"):
        ims.fetch_token(OAUTH)


def test_no_secret_reaches_the_error(ims: ImsClient, endpoint: Endpoint, httpserver: HTTPServer) -> None:
    def echo(request: Request) -> Response:
        return Response(f"{request.form['client_secret']} {request.form['jwt_token']}", status=400)

    httpserver.expect_request("/ims/exchange/jwt").respond_with_handler(echo)

    with pytest.raises(ApiAuthError) as caught:
        ims.fetch_token(SERVICE_ACCOUNT)

    shown = f"{caught.value} {caught.value.body} {SERVICE_ACCOUNT!r} {OAUTH!r}"
    assert CLIENT_SECRET not in shown
    assert "eyJ" not in shown
    assert "PRIVATE KEY" not in shown


def test_an_unusable_key_is_found_before_anything_is_sent(ims: ImsClient, endpoint: Endpoint) -> None:
    endpoint.answer_json(access_token="opaque")
    broken = JwtServiceAccount(ORG, "c", "s", "t", (), private_key="nonsense")

    with pytest.raises(ApiAuthError, match="PEM") as caught:
        ims.fetch_token(broken)

    assert caught.value.reason is AuthProblem.CREDENTIAL
    assert endpoint.seen == []


@pytest.mark.parametrize(
    "text",
    [
        pem(_KEY),
        pem(_KEY, traditional=True),
        pem(_KEY).replace("\n", "\r\n"),
        pem(_KEY).replace("\n", "\\n"),
        "\n  " + pem(_KEY).replace("\n", "\n  "),
    ],
    ids=["PKCS 8", "PKCS 1", "Windows line ends", "escaped line ends", "indented"],
)
def test_a_key_is_accepted_whatever_its_line_ends(text: str) -> None:
    check_private_key(text)


def certificate() -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(_KEY.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.sign(_KEY, SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def public_key() -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return _KEY.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a private key in PEM form"),
        ("ssh-rsa AAAA", "not a private key in PEM form"),
        (certificate(), "a certificate, not the private key"),
        (public_key(), "a public key, not the private key"),
        (pem(_KEY, b"open sesame"), "passphrase"),
        (pem(_KEY, b"open sesame", traditional=True), "passphrase"),
        (pem(_KEY)[:300], "cannot be read"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "not an RSA key"),
        (pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)), "1024 bits"),  # noqa: S505 - refused here
    ],
    ids=["empty", "ssh", "certificate", "public", "passphrase", "old passphrase", "cut", "elliptic", "short"],
)
def test_an_unusable_key_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_private_key(text)
