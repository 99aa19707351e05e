"""Who may call SnapLogic's public API: passwords, tokens, rights."""

import base64

import pytest

from tests.integration.emulator.platform import fixture
from tests.integration.emulator.snaplogic import BASE, SnapLogic, messages

LIST = "/apim/list/acme-dev"
OTHER_KEY = "small/snaplogic/acme-prod"


@pytest.fixture
def dev():
    return SnapLogic()


def by_token(snaplogic, token, path=LIST):
    return snaplogic.call("GET", path, authorization=f"Bearer {token}")


def encoded(text):
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def test_password_opens_the_own_organization(dev):
    assert dev.call("GET", LIST).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic not base64!",
        "Basic /w==",
        encoded("svc-ci@acme-dev.example.test:wrong"),
        encoded("SVC-CI@acme-dev.example.test:wrong"),
        encoded("svc-idp@acme-dev.example.test:"),
        encoded("nobody:"),
        "Digest abc",
    ],
)
def test_wrong_password_is_401_in_the_documented_words(dev, authorization):
    answer = dev.call("GET", LIST, authorization=authorization)

    assert (answer.status_code, answer.json) == (401, fixture("snaplogic/error-401"))


def test_other_organization_stays_closed(dev):
    for org in ("acme-prod", "ACME-DEV", "nowhere"):
        answer = dev.call("GET", f"/apim/list/{org}")

        assert (answer.status_code, messages(answer)) == (403, [f"May not have Read permission for org: {org}"])


def test_basic_can_be_disabled_and_tokens_still_work(dev):
    dev.told("snaplogic/settings", org="acme-dev", disable_basic=True)

    answer = dev.call("GET", LIST)

    assert (answer.status_code, answer.json) == (403, fixture("snaplogic/error-403-basic-disabled"))
    assert dev.call("GET", LIST, authorization=encoded("svc-ci@acme-dev.example.test:wrong")).status_code == 401
    assert by_token(dev, dev.token()).status_code == 200
    assert dev.also().call("GET", "/apim/list/acme-prod").status_code == 200


def test_reader_may_read_and_not_write(dev):
    reader = dev.also("acme-dev", user=1)
    package = reader.exported("acme-dev/apim/orders/1.1")

    answers = [
        reader.bring("acme-dev/apim/orders/1.2", package),
        reader.change("publish", "orders/1.2"),
        reader.change("retire", "orders/1.2"),
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert messages(answers[0]) == ["May not have Write permission for acme-dev/apim/orders"]
    assert dev.effects() == []


def test_right_to_write_can_be_revoked(dev):
    package = dev.exported("acme-dev/apim/orders/1.1")
    dev.told("snaplogic/users", org="acme-dev", username=dev.user.username, rights=["read"])

    assert dev.bring("acme-dev/apim/orders/1.2", package).status_code == 403
    assert dev.export("acme-dev/apim/orders/1.1").status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": f"https://uat.elastic.snaplogic.com{BASE}/"},
        {"aud": ["other", f"http://127.0.0.1:9400{BASE}"]},
        {"aud": "api://entra", "snaplogic_aud": f"https://emea.snaplogic.com{BASE}"},
        {"sub": "0a1b2c", "snaplogic_username": "svc-idp@acme-dev.example.test"},
        {"org": None, "snaplogic_org": "acme-dev"},
        {"sub": "svc-reader@acme-dev.example.test"},
    ],
)
def test_token_with_the_documented_claims_opens(dev, changes):
    assert by_token(dev, dev.token(**changes)).status_code == 200
    assert by_token(dev, f"Token {dev.token(**changes)}").status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": None},
        {"exp": None},
        {"sub": None},
        {"aud": None},
        {"iss": None},
        {"org": None},
        {"iat": 4_000_000_000, "exp": 4_000_003_600},
        {"sub": "nobody@acme-dev.example.test"},
        {"aud": BASE},
        {"aud": "https://elastic.snaplogic.com"},
        {"aud": f"https://elastic.snaplogic.com{BASE}", "snaplogic_aud": "api://entra"},
        {"iss": "acme-prod-idp"},
        {"org": "acme-prod"},
        {"org": "nowhere"},
        {"key_label": OTHER_KEY},
        {"key_id": "unknown"},
    ],
)
def test_token_with_a_wrong_claim_is_401(dev, changes):
    answer = by_token(dev, dev.token(**changes))

    assert (answer.status_code, messages(answer)) == (401, ["Invalid token"])


def test_token_expires(dev):
    token = dev.token()
    assert by_token(dev, token).status_code == 200

    dev.told("clock", advance_s=3601)

    answer = by_token(dev, token)
    assert (answer.status_code, messages(answer)) == (401, ["Token has expired"])


@pytest.mark.parametrize("token", ["", "abc", "a.b.c"])
def test_what_is_no_token_is_401(dev, token):
    assert by_token(dev, token).status_code == 401


def test_rejected_token_stays_invalid(dev):
    token = dev.token()
    dev.told("faults", path=f"{BASE}*", fault="token_rejected")

    statuses = [by_token(dev, token).status_code for _ in range(2)]

    assert statuses == [401, 401]
    assert by_token(dev, dev.token(jti="another")).status_code == 200


def test_administrator_sets_how_people_sign_in(dev):
    body = fixture("snaplogic/jwt-auth-settings.request")
    headers = {"Authorization": dev.basic}

    answer = dev.http.post(f"/api/1/rest/admin/{dev.org.snode_id}/auth", json=body, headers=headers)

    assert answer.status_code == 200
    assert dev.call("GET", LIST).status_code == 403
    assert by_token(dev, dev.token()).status_code == 200
    assert dev.org.issuer_id == body["auth_settings"]["issuer_id"]


def test_settings_need_an_administrator_and_an_organization(dev):
    reader = dev.also("acme-dev", user=1)
    body = fixture("snaplogic/jwt-auth-settings.request")

    def post(snaplogic, org, document):
        path = f"/api/1/rest/admin/{org}/auth"
        return snaplogic.http.post(path, json=document, headers={"Authorization": snaplogic.basic}).status_code

    assert post(reader, "acme-dev", body) == 403
    assert post(dev, "acme-prod", body) == 403
    assert post(dev, "nowhere", body) == 404
    assert post(dev, "acme-dev", {}) == 400
    assert dev.call("GET", LIST).status_code == 200


def test_unknown_routes_and_methods_come_in_the_envelope(dev):
    unknown, wrong_method = dev.call("GET", "/apim/versions"), dev.call("GET", "/apim/publish_versions")

    assert (unknown.status_code, unknown.json["http_status_code"]) == (404, 404)
    assert (wrong_method.status_code, wrong_method.headers["Allow"]) == (405, "POST")
