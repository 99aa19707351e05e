"""Tokens: OAuth server-to-server and JWT service accounts."""

import base64
import time

import jwt
import pytest

from emulator import keys
from tests.integration.emulator.platform import Platform, fixture, shape

METASCOPE = "https://ims-na1.adobelogin.com/s/ent_dataservices_sdk"


@pytest.fixture
def service_account() -> Platform:
    platform = Platform()
    platform.credential = platform.org.credentials[2]
    return platform


def claims_of(platform: Platform, **changes):
    credential = platform.credential
    return {
        "exp": int(time.time()) + 300,
        "iss": credential.org_id,
        "sub": credential.technical_account_id,
        "aud": f"https://ims-na1.adobelogin.com/c/{credential.client_id}",
        METASCOPE: True,
    } | changes


def exchange(platform: Platform, claims=None, *, key_label=None, path="/ims/exchange/jwt", **changes):
    credential = platform.credential
    text = jwt.encode(
        claims or claims_of(platform), keys.private_key(key_label or credential.key_label), algorithm="RS256"
    )
    form = {"client_id": credential.client_id, "client_secret": credential.client_secret, "jwt_token": text}
    return platform.http.post(path, data=form | changes)


def test_oauth_token_has_the_documented_shape_and_lives_for_seconds(platform):
    answer = platform.token_answer()

    assert answer.status_code == 200
    assert shape(answer.json) == shape(fixture("ims/token-v3.response-200"))
    assert answer.json["expires_in"] == 86399
    payload = jwt.decode(answer.json["access_token"], options={"verify_signature": False})
    assert shape(payload) == shape(fixture("ims/access-token-decoded"))


def test_parameters_may_come_in_the_query_with_scopes_parted_by_spaces(platform):
    credential = platform.credential

    answer = platform.http.post(
        "/ims/token/v3",
        query_string={
            "grant_type": "client_credentials",
            "client_id": credential.client_id,
            "client_secret": credential.client_secret,
            "scope": "openid AdobeID",
        },
    )

    assert answer.status_code == 200


def test_version_two_of_the_route_takes_a_multipart_form_and_an_organization(platform):
    credential = platform.credential

    answer = platform.http.post(
        "/ims/token/v2/",
        data={
            "grant_type": "client_credentials",
            "client_id": credential.client_id,
            "client_secret": credential.client_secret,
            "org_id": credential.org_id,
            "scope": "openid",
        },
        content_type="multipart/form-data",
    )

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "expected"),
    [
        ({"client_id": "0" * 32}, 400, "token-v3.response-400-invalid_client"),
        ({"client_secret": "wrong"}, 401, "token-v3.response-401-invalid_client"),
        ({"scope": "openid,unknown_scope"}, 400, "token-v3.response-400-invalid_scope"),
        ({"grant_type": "password"}, 400, "token-v3.response-400-unsupported_grant_type"),
    ],
)
def test_oauth_refusals_are_worded_as_documented(platform, changes, status, expected):
    answer = platform.token_answer(**changes)

    assert answer.status_code == status
    assert answer.json == fixture(f"ims/{expected}")


def test_two_tokens_of_one_credential_are_valid_side_by_side(platform):
    first = platform.headers["Authorization"]
    second = f"Bearer {platform.token()}"

    answers = [platform.get("/packages", headers={"Authorization": token}) for token in (first, second)]

    assert first != second
    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize("path", ["/ims/exchange/jwt", "/ims/exchange/jwt/"])
def test_jwt_is_exchanged_for_a_token_that_lives_for_milliseconds(service_account, path):
    answer = exchange(service_account, path=path)

    assert answer.status_code == 200
    assert shape(answer.json) == shape(fixture("ims/jwt-exchange.response-200"))
    assert answer.json["expires_in"] == 86399992


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"exp": int(time.time()) - 120}, "invalid_token-expired"),
        ({"exp": str(int(time.time()) + 300)}, "invalid_token-undecodable"),
        ({"jti": "not a number"}, "invalid_token-undecodable"),
        ({"aud": "https://ims-na1.adobelogin.com/c/another"}, "invalid_client"),
        ({"iss": "0A0B0C0D0E0F10110A495F99@AdobeOrg"}, "invalid_token-signature"),
        ({"https://ims-na1.adobelogin.com/s/ent_campaign_sdk": True}, "invalid_scope"),
    ],
)
def test_wrong_claims_are_refused_as_documented(service_account, changes, expected):
    claims = claims_of(service_account)

    # PyJWT itself refuses to sign some of these, so they are signed as plain content.
    answer = exchange_raw(service_account, claims | changes)

    assert answer.status_code == 400
    assert answer.json == fixture(f"ims/jwt-exchange.response-400-{expected}")


def exchange_raw(platform: Platform, claims):
    import json

    credential = platform.credential
    text = jwt.api_jws.encode(json.dumps(claims).encode(), keys.private_key(credential.key_label), algorithm="RS256")
    form = {"client_id": credential.client_id, "client_secret": credential.client_secret, "jwt_token": text}
    return platform.http.post("/ims/exchange/jwt", data=form)


def test_jwt_may_be_a_minute_late_but_not_live_longer_than_a_day(service_account):
    late = exchange_raw(service_account, claims_of(service_account, exp=int(time.time()) - 30))
    long = exchange_raw(service_account, claims_of(service_account, exp=int(time.time()) + 90_000))

    assert late.status_code == 200
    assert long.status_code == 400
    assert long.json["error"] == "invalid_token"


def test_wrong_key_is_refused_as_seen_and_by_switch_as_documented(service_account):
    seen = exchange(service_account, key_label="another key")
    service_account.control("switches", documented_invalid_signature=True)
    documented = exchange(service_account, key_label="another key")

    assert seen.json == fixture("ims/jwt-exchange.response-400-invalid_token-signature")
    assert documented.json == fixture("ims/jwt-exchange.response-400-invalid_signature")


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def test_missing_and_garbled_jwts_are_refused(service_account):
    missing = exchange(service_account, jwt_token="")
    garbled = exchange(service_account, jwt_token="not.a.jwt")
    nested = exchange(service_account, jwt_token=f"{encoded(b'{}')}.{encoded(b'[' * 200_000)}.{encoded(b'')}")
    secretless = exchange(service_account, client_secret="wrong")

    assert missing.json == fixture("ims/jwt-exchange.response-400-bad_request")
    assert garbled.json == nested.json == fixture("ims/jwt-exchange.response-400-invalid_token-undecodable")
    assert (secretless.status_code, secretless.json) == (401, fixture("ims/jwt-exchange.response-401-invalid_client"))


def test_validation_tells_a_good_token_from_a_bad_one(platform):
    good = platform.token()

    answers = [
        platform.http.post("/ims/validate_token/v1", data={"type": "access_token", "token": token}).json
        for token in (good, "forged")
    ]

    assert answers == [fixture("ims/validate-token.response-200"), fixture("ims/validate-token.response-200-invalid")]


def test_armed_fault_gives_an_error_body_with_status_200(platform):
    platform.control("faults", path="/ims/token/v3", fault="error_in_200")

    faulty, next_one = platform.token_answer(), platform.token_answer()

    assert faulty.status_code == 200
    assert faulty.json == fixture("ims/jwt-exchange.response-200-error-body")
    assert "access_token" in next_one.json
