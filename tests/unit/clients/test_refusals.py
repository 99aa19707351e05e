import json

import pytest
from werkzeug import Response

from clients.errors import ApiAuthError, ApiError, ApiNotFoundError, ApiRejectedError, ApiUnavailableError, AuthProblem
from clients.sandbox_tooling import SandboxToolingClient
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import EXIM, fixture_bytes

PACKAGE = f"{EXIM}/packages/abc"


def failure(platform: Platform, tooling: SandboxToolingClient, answer: Response) -> ApiError:
    platform.answer(PACKAGE, answer)
    with pytest.raises(ApiError) as caught:
        tooling.get_package("abc")
    return caught.value


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("sandbox_tooling/error.gateway-token-missing", 403, AuthProblem.TOKEN),
        ("sandbox_tooling/error.gateway-token-invalid", 401, AuthProblem.TOKEN),
        ("sandbox_tooling/error.gateway-api-key-missing", 403, AuthProblem.KEY),
        ("sandbox_tooling/error.gateway-api-key-invalid", 403, AuthProblem.KEY),
        ("sandbox_tooling/error.gateway-profile-invalid", 403, AuthProblem.ENTITLEMENT),
        ("ims/gateway-403-403025-profile-not-valid", 403, AuthProblem.ENTITLEMENT),
    ],
)
def test_a_refusal_of_the_gateway_says_what_is_wrong_with_the_credential(
    name: str, status: int, reason: AuthProblem, platform: Platform, tooling: SandboxToolingClient
) -> None:
    error = failure(platform, tooling, Response(fixture_bytes(name), status=status))

    assert isinstance(error, ApiAuthError)
    assert error.reason is reason
    assert error.message == json.loads(fixture_bytes(name))["message"]
    assert error.error_code == json.loads(fixture_bytes(name))["error_code"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"error_code": 403023, "message": "Profile is not valid"}, AuthProblem.ENTITLEMENT),
        ({"message": "Api Key is invalid"}, AuthProblem.KEY),
        (
            {"type": "ERROR", "status": "FORBIDDEN", "message": "User lacks manage-package permission"},
            AuthProblem.PERMISSION,
        ),
        ({"title": "Forbidden", "status": 403}, AuthProblem.PERMISSION),
        ({"errorMessage": "You are not authorized to do this"}, AuthProblem.PERMISSION),
        (None, AuthProblem.PERMISSION),
    ],
)
def test_a_403_about_rights_or_keys_is_an_authorization_problem(
    body: object, reason: AuthProblem, platform: Platform, tooling: SandboxToolingClient
) -> None:
    content = b"" if body is None else json.dumps(body).encode()

    error = failure(platform, tooling, Response(content, status=403))

    assert isinstance(error, ApiAuthError)
    assert error.reason is reason


@pytest.mark.parametrize(
    "content",
    [
        b'{"type": "ERROR", "status": "FORBIDDEN", "message": "Package with name acme already exists", "object": null}',
        b'{"message": "Package status is DRAFT"}',
        b"<html><head><title>403 Forbidden</title></head></html>",
        b'{"title": "Forbidden", "status": 403, "detail": "The package id is wrong"}',
    ],
)
def test_a_403_about_the_request_is_a_rejection(
    content: bytes, platform: Platform, tooling: SandboxToolingClient
) -> None:
    error = failure(platform, tooling, Response(content, status=403))

    assert type(error) is ApiRejectedError


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("sandbox_tooling/error.platform-content-type", 400, "BadRequestError: A valid content-type must be specified"),
        ("sandbox_tooling/error.exim-envelope-inferred", 400, "Package with name acme already exists"),
        ("sandbox_tooling/error.gateway-org-header-missing", 400, "Missing header"),
        ("ims/gateway-400-content-type", 400, "BadRequestError: A valid content-type must be specified"),
    ],
)
def test_a_rejection_keeps_the_platforms_words(
    name: str, status: int, words: str, platform: Platform, tooling: SandboxToolingClient
) -> None:
    error = failure(
        platform, tooling, Response(fixture_bytes(name), status=status, headers={"x-adobe-requestid": "r-9"})
    )

    assert type(error) is ApiRejectedError
    assert error.message == words
    assert error.request_id == "r-9"
    assert error.operation == "packages.get"


def test_an_error_envelope_in_a_200_is_an_error(platform: Platform, tooling: SandboxToolingClient) -> None:
    error = failure(platform, tooling, Response(fixture_bytes("sandbox_tooling/error.exim-envelope-inferred")))

    assert type(error) is ApiRejectedError
    assert error.message == "Package with name acme already exists"
    assert error.status == 200


def test_an_error_envelope_in_a_200_that_speaks_of_the_server_is_tried_again(
    platform: Platform, tooling: SandboxToolingClient
) -> None:
    body = '{"type": "ERROR", "status": "INTERNAL_SERVER_ERROR", "message": "Try again"}'

    error = failure(platform, tooling, Response(body))

    assert isinstance(error, ApiUnavailableError)
    assert len(platform.seen) == 3


def test_the_error_map_of_sibling_services_is_read(platform: Platform, tooling: SandboxToolingClient) -> None:
    body = json.loads(fixture_bytes("sandbox_tooling/error.not-found-sibling-service"))
    del body["title"]

    error = failure(platform, tooling, Response(json.dumps(body), status=404))

    assert isinstance(error, ApiNotFoundError)
    assert error.message == "The audience entity was not found. Use a valid entity and try again."
    assert error.request_id == "YrgXiqvCobA9neOmrzCP7kQLi4yIizoP"
    assert error.error_code == "404"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"errorMessage": "It broke"}', "It broke"),
        ('{"error": "It broke"}', "It broke"),
        ('{"error": {"message": "It broke", "code": 7}}', "It broke"),
        ('{"errors": [{"message": "It broke"}]}', "It broke"),
        ('{"errors": ["It broke"]}', "It broke"),
        ('{"report": {"requestId": "x"}, "detail": "It broke"}', "It broke"),
        ('[{"message": "It broke"}]', "It broke"),
        ('"It broke"', "It broke"),
        ("It\nbroke", "It broke"),
        ("<!DOCTYPE html><html><head><title>It &amp; broke</title></head></html>", "It & broke"),
        ("<html><body>?</body></html>", "A web page with HTTP 400 came instead of an answer of the API."),
        ("", "The server answered with HTTP 400 and gave no reason."),
        ("{", "The server answered with HTTP 400 and gave no reason."),
        ("[" * 100_000, "The server answered with HTTP 400 and gave no reason."),
        ('{"message": null, "errors": {}}', "The server answered with HTTP 400 and gave no reason."),
    ],
)
def test_words_are_found_in_every_kind_of_body(
    body: str, words: str, platform: Platform, tooling: SandboxToolingClient
) -> None:
    error = failure(platform, tooling, Response(body, status=400))

    assert type(error) is ApiRejectedError
    assert error.message == words


@pytest.mark.parametrize("body", ["", '{"type": "ERROR", "status": "NOT_FOUND", "message": "No such package"}'])
def test_a_404_of_the_service_means_that_the_thing_is_gone(
    body: str, platform: Platform, tooling: SandboxToolingClient
) -> None:
    assert isinstance(failure(platform, tooling, Response(body, status=404)), ApiNotFoundError)


@pytest.mark.parametrize(
    "body", ["<html><title>404 Not Found</title></html>", '{"error_code": "404000", "message": "No route"}']
)
def test_a_404_of_a_page_or_the_gateway_does_not(body: str, platform: Platform, tooling: SandboxToolingClient) -> None:
    assert type(failure(platform, tooling, Response(body, status=404))) is ApiRejectedError


def test_a_404_of_a_list_does_not(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages", Response(status=404))

    with pytest.raises(ApiRejectedError) as caught:
        tooling.list_packages()

    assert type(caught.value) is ApiRejectedError
