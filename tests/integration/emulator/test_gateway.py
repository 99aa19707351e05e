"""The order of the checks before a call reaches a service, and the shape of every refusal."""

import pytest

from tests.integration.emulator.platform import EXIM, SANDBOXES, Platform, fixture

ORDER: list[tuple[dict[str, str | None], int, str]] = [
    ({"Authorization": None}, 403, "gateway-403-403010-token-missing"),
    ({"Authorization": "Bearer forged"}, 401, "gateway-401-401013-token-not-valid"),
    ({"x-api-key": None}, 403, "gateway-403-403000-api-key-required"),
    ({"x-api-key": "another"}, 403, "gateway-403-403003-api-key-invalid"),
    ({"x-gw-ims-org-id": None}, 400, "gateway-400-400003-missing-header"),
    ({"x-gw-ims-org-id": "0A0B0C0D0E0F10110A495F99@AdobeOrg"}, 403, "gateway-403-403025-profile-not-valid"),
]


@pytest.mark.parametrize(("headers", "status", "expected"), ORDER)
def test_each_missing_or_wrong_header_is_refused_as_documented(platform, headers, status, expected):
    answer = platform.get("/packages", headers=headers)

    assert answer.status_code == status
    assert answer.json == fixture(f"ims/{expected}")


@pytest.mark.parametrize("first", range(len(ORDER)))
def test_the_earlier_check_wins_when_several_would_refuse(platform, first):
    broken: dict[str, str | None] = {}
    for headers, _, _ in reversed(ORDER[first:]):
        broken |= headers

    answer = platform.get("/packages", headers=broken)

    assert answer.json == fixture(f"ims/{ORDER[first][2]}")


def test_key_of_another_credential_than_the_token_is_refused(platform):
    other = platform.org.credentials[1].client_id

    answer = platform.get("/packages", headers={"x-api-key": other})

    assert (answer.status_code, answer.json["error_code"]) == (403, "403003")


def test_expired_token_is_refused_until_a_new_one_is_asked_for(platform):
    platform.advance(86_401)

    refused = platform.get("/packages")
    renewed = platform.get("/packages", headers={"Authorization": f"Bearer {platform.token()}"})

    assert refused.json == fixture("ims/gateway-401-401013-token-not-valid")
    assert renewed.status_code == 200


def test_credential_without_product_profile_is_refused(platform):
    platform.credential.has_product_profile = False

    answer = platform.get("/packages")

    assert answer.json == fixture("ims/gateway-403-403025-profile-not-valid")


def test_gateway_is_asked_before_the_content_type_and_that_before_the_service(platform):
    text = {"data": "not json", "content_type": "text/plain"}

    without_token = platform.call("POST", "/packages", headers={"Authorization": None}, **text)
    with_token = platform.call("POST", "/packages", **text)
    nowhere = platform.call("POST", "/packages", headers={"x-sandbox-name": "nowhere"}, **text)
    as_json = platform.call("POST", "/packages", data="not json", content_type="application/json")

    assert without_token.json["error_code"] == "403010"
    assert with_token.json == nowhere.json == fixture("sandbox_tooling/error.platform-content-type")
    assert as_json.json["status"] == "BAD_REQUEST"
    assert set(as_json.json) == set(fixture("sandbox_tooling/error.exim-envelope-inferred"))


def test_unknown_paths_and_methods_are_told_apart(platform):
    nowhere = platform.get("/nowhere")
    wrong_method = platform.call("PATCH", f"/packages/{platform.package('Forms').id}")

    assert (nowhere.status_code, nowhere.json["status"]) == (404, "NOT_FOUND")
    assert wrong_method.status_code == 405
    assert wrong_method.headers["Allow"] == "DELETE, GET"


@pytest.mark.parametrize("path", ["/packages", "/packages/", "//packages", "/packages//"])
def test_trailing_and_doubled_slashes_are_accepted(platform, path):
    answer = platform.get(path)

    assert answer.status_code == 200
    assert answer.json["totalElements"] == 5


def test_missing_sandbox_header_means_the_default_production_sandbox(platform):
    body = {"name": "From nowhere", "packageType": "PARTIAL"}

    answer = platform.call("POST", "/packages", json=body, headers={"x-sandbox-name": None})

    assert answer.json["sourceSandbox"]["name"] == "prod"


def test_unknown_sandbox_header_is_refused(platform):
    answer = platform.get("/packages", headers={"x-sandbox-name": "nowhere"})

    assert answer.status_code == 400
    assert "nowhere" in answer.json["message"]


def test_right_to_manage_packages_is_asked_for_by_tooling_only(platform):
    platform.credential.may_manage_packages = False

    tooling = platform.http.get(f"{EXIM}/packages", headers=platform.headers)
    sandboxes = platform.http.get(f"{SANDBOXES}/", headers=platform.headers)

    assert (tooling.status_code, tooling.json["status"]) == (403, "FORBIDDEN")
    assert sandboxes.status_code == 200


def test_organizations_see_only_their_own_packages():
    acme = Platform("demo")
    globex = acme.also(organization=1)

    foreign = globex.get(f"/packages/{acme.package('Loyalty schemas v3').id}")

    assert foreign.status_code == 404
    assert globex.get("/packages").json["totalElements"] == 17


def test_every_answer_carries_a_request_id(platform):
    platform.control("faults", fault="status", path="/packages/jobs")

    answers = [
        platform.get("/packages"),
        platform.get("/packages", headers={"Authorization": None}),
        platform.get("/packages/jobs"),
    ]

    assert [answer.status_code for answer in answers] == [200, 403, 500]
    assert all(answer.headers["x-request-id"] for answer in answers)
