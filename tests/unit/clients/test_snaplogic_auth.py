from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from werkzeug import Request, Response

from clients.errors import ApiAuthError, AuthProblem
from clients.snaplogic import BasicAuth, SignedJwt, SnapLogicClient, VersionPath, public_api_url
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import SNAPLOGIC_PASSWORD, fixture, fixture_bytes

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
AUDIENCE = "https://elastic.snaplogic.com/api/1/rest/public"
LIST = "/api/1/rest/public/project/list_assets"
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
PATH = VersionPath("acme", "orders", "1.2")
At = Callable[..., SnapLogicClient]


def pem(key: PrivateKeyTypes) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def signed(key: PrivateKeyTypes = RSA_KEY, **options: object) -> SignedJwt:
    return SignedJwt("svc-ci@example.test", "issuer-7", pem(key), "acme", AUDIENCE, **options)  # type: ignore[arg-type]


def good() -> Response:
    return Response(fixture_bytes("snaplogic/list-assets.response-200"), content_type="application/json")


def refusal(status: int = 401, name: str = "error-401") -> Response:
    return Response(fixture_bytes(f"snaplogic/{name}"), status=status, content_type="application/json")


def test_basic_sends_user_name_and_password(platform: Platform, snaplogic: SnapLogicClient) -> None:
    platform.answer(LIST, good())

    snaplogic.list_assets(PATH)

    sent = platform.seen[0].authorization
    assert sent is not None
    assert (sent.type, sent.username, sent.password) == ("basic", "svc-ci@example.test", SNAPLOGIC_PASSWORD)


@pytest.mark.parametrize(("key", "algorithm"), [(RSA_KEY, "RS256"), (EC_KEY, "ES256")], ids=["RSA", "P-256"])
def test_a_jwt_makes_the_documented_claims(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, algorithm: str, platform: Platform, snaplogic_at: At
) -> None:
    platform.answer(LIST, good())

    snaplogic_at(platform.url, auth=signed(key, key_id="key-1")).list_assets(PATH)

    scheme, _, token = platform.seen[0].headers["Authorization"].partition(" ")
    claims = jwt.decode(token, key.public_key(), algorithms=[algorithm], audience=AUDIENCE, issuer="issuer-7")
    assert scheme == "Bearer"
    assert set(claims) == {"iat", "exp", "sub", "aud", "iss", "org"} <= set(fixture("snaplogic/jwt-claims"))
    assert (claims["sub"], claims["org"], claims["aud"]) == ("svc-ci@example.test", "acme", AUDIENCE)
    assert claims["exp"] - claims["iat"] == 3600
    assert 0 <= datetime.now(UTC).timestamp() - claims["iat"] < 120
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "typ": "JWT", "kid": "key-1"}


def test_a_jwt_without_a_key_id_names_none() -> None:
    assert "kid" not in jwt.get_unverified_header(signed().current())


def test_a_jwt_is_kept_until_shortly_before_its_end() -> None:
    time = [NOW]
    auth = signed(now=lambda: time[0])

    first = auth.current()
    time[0] += timedelta(minutes=50)
    kept = auth.current()
    time[0] += timedelta(minutes=5)
    renewed = auth.current()

    assert kept == first
    assert renewed != first


def test_a_refused_jwt_is_replaced_by_another(platform: Platform, snaplogic_at: At) -> None:
    time = [NOW]
    platform.answer(LIST, refusal(), good())

    def tick() -> datetime:
        time[0] += timedelta(seconds=1)
        return time[0]

    snaplogic_at(platform.url, auth=signed(now=tick)).list_assets(PATH)

    first, second = (request.headers["Authorization"] for request in platform.seen)
    assert first != second


def test_a_refused_password_is_not_tried_again_since_accounts_get_locked(
    platform: Platform, snaplogic: SnapLogicClient
) -> None:
    platform.answer(LIST, refusal())

    with pytest.raises(ApiAuthError, match=r"Invalid username or password\. Check user name and password") as caught:
        snaplogic.list_assets(PATH)

    assert caught.value.reason is AuthProblem.CREDENTIAL
    assert len(platform.seen) == 1


def test_a_refused_jwt_says_that_another_is_signed(platform: Platform, snaplogic_at: At) -> None:
    platform.answer(LIST, refusal())

    with pytest.raises(ApiAuthError, match="Another token is signed at the next call") as caught:
        snaplogic_at(platform.url, auth=signed(EC_KEY)).list_assets(PATH)

    assert caught.value.reason is AuthProblem.TOKEN


def test_basic_that_is_switched_off_leads_to_a_jwt(platform: Platform, snaplogic: SnapLogicClient) -> None:
    platform.answer(LIST, refusal(403, "error-403-basic-disabled"))

    with pytest.raises(ApiAuthError, match="Use a JWT credential") as caught:
        snaplogic.list_assets(PATH)

    assert (caught.value.reason, caught.value.status) == (AuthProblem.CREDENTIAL, 403)


@pytest.mark.parametrize("body", ['{"response_map": {"error_list": [{"message": "No Write permission"}]}}', ""])
def test_a_missing_right_is_told_as_such(
    body: str, platform: Platform, snaplogic: SnapLogicClient, snaplogic_at: At
) -> None:
    platform.answer(LIST, Response(body, status=403))

    for client in (snaplogic, snaplogic_at(platform.url, auth=signed())):
        with pytest.raises(ApiAuthError) as caught:
            client.list_assets(PATH)
        assert caught.value.reason is AuthProblem.PERMISSION


def test_what_a_server_echoes_of_a_credential_is_not_shown(platform: Platform, snaplogic_at: At) -> None:
    def echo(request: Request) -> Response:
        secret = request.headers["Authorization"].partition(" ")[2]
        words = f"What is {secret}, {SNAPLOGIC_PASSWORD} and {pem(RSA_KEY).splitlines()[3]}?"
        return Response(f'{{"response_map": {{"error_list": [{{"message": "{words}"}}]}}}}', status=400)

    platform.decide(LIST, echo)
    basic = BasicAuth("svc-ci@example.test", SNAPLOGIC_PASSWORD)

    with pytest.raises(Exception, match="What is") as caught:
        snaplogic_at(platform.url, auth=basic).list_assets(PATH)
    shown = f"{caught.value}{vars(caught.value)}"
    assert basic.current() not in shown
    assert SNAPLOGIC_PASSWORD not in shown

    token = signed()
    with pytest.raises(Exception, match="What is") as caught:
        snaplogic_at(platform.url, auth=token).list_assets(PATH)
    assert token.current() not in f"{caught.value}{vars(caught.value)}"


@pytest.mark.parametrize(("username", "password"), [("", "p"), ("u", ""), ("a:b", "p")])
def test_a_basic_credential_that_cannot_be_sent_is_refused(username: str, password: str) -> None:
    with pytest.raises(ValueError, match="user name"):
        BasicAuth(username, password)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("nonsense", "PEM form"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "P-256"),
        (pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)), "1024 bits"),  # noqa: S505 - refused here
    ],
    ids=["no key", "other curve", "short"],
)
def test_a_key_that_cannot_sign_is_refused_with_the_reason(key: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        SignedJwt("u", "i", key, "acme", AUDIENCE)


@pytest.mark.parametrize(
    "url",
    [
        "https://elastic.snaplogic.com",
        "https://elastic.snaplogic.com/",
        "https://elastic.snaplogic.com/api/1/rest/public",
        "https://elastic.snaplogic.com//api/1/rest/public/",
    ],
)
def test_the_public_api_lies_at_its_path_of_the_control_plane(url: str) -> None:
    assert public_api_url(url) == AUDIENCE


def test_a_control_plane_without_https_is_refused(snaplogic_at: At) -> None:
    with pytest.raises(ValueError, match="https"):
        snaplogic_at("http://elastic.snaplogic.com")
    with pytest.raises(ValueError, match=r"such as https://elastic\.snaplogic\.com"):
        snaplogic_at("elastic.snaplogic.com")
