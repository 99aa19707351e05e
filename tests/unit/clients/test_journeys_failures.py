"""Failures of the journey service, which calls bad input a 500 and writes errors in four ways."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from werkzeug import Request, Response

from clients.errors import (
    ApiAuthError,
    ApiBusyError,
    ApiError,
    ApiNotFoundError,
    ApiRejectedError,
    ApiUnavailableError,
    AuthProblem,
    OutcomeUnknownError,
)
from clients.journeys import JourneysClient, RetrieveJourneysClient
from clients.transport import Connection
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import AUTHORING, FAST, fixture, raw_server, reset
from tests.unit.clients.test_journeys import IMPORT, LATEST, LIST, RETRIEVE, as_json, example

EXPORT = f"{AUTHORING}/journeyVersions/v/export"
READS: dict[str, Callable[[JourneysClient], object]] = {
    LIST: lambda journeys: journeys.list_journeys(),
    LATEST: lambda journeys: journeys.latest("j"),
    EXPORT: lambda journeys: journeys.export("v"),
}
INTERNAL = {"code": 4000, "family": "INTERNAL_ERROR", "message": "INTERNAL ERROR"}


def failing(status: int, error: Any, **members: Any) -> Response:
    return as_json({"status": status, "error": error, "requestId": "r-7", **members}, status=status)


def forms(code: int, message: str) -> list[Any]:
    """One error in every way in which the service writes it."""
    error = {"code": code, "family": "INPUT_OUTPUT_ERROR", "message": message}
    return [error, json.dumps(error), f"{code}: {message}", f"{message} (code: {code})", message]


@pytest.mark.parametrize("error", forms(1324, "can't export journey version: v"))
def test_a_version_with_errors_is_not_exported_and_not_asked_for_again(
    error: Any, platform: Platform, journeys: JourneysClient
) -> None:
    platform.answer(EXPORT, failing(500, error))

    with pytest.raises(ApiRejectedError, match="can't export journey version: v") as caught:
        journeys.export("v")

    assert (caught.value.error_code, caught.value.status, caught.value.request_id) == ("1324", 500, "r-7")
    assert len(platform.seen) == 1


@pytest.mark.parametrize("status", [400, 422, 500])
@pytest.mark.parametrize("error", forms(1326, "can't import journey version: secret placeholder found"))
def test_a_refused_import_has_made_nothing(
    error: Any, status: int, platform: Platform, journeys: JourneysClient
) -> None:
    platform.answer(IMPORT, failing(status, error))

    with pytest.raises(ApiRejectedError, match="secret placeholder found") as caught:
        journeys.import_version(b"{}")

    assert (caught.value.error_code, caught.value.status) == ("1326", status)
    assert len(platform.seen) == 1


@pytest.mark.parametrize("name", ["placeholder", "string-envelope"])
def test_the_documented_refusals_are_read(name: str, platform: Platform, journeys: JourneysClient) -> None:
    platform.answer(IMPORT, example(f"error-400-import-1326-{name}", status=400))

    with pytest.raises(ApiRejectedError, match=r"^can't import journey version: ") as caught:
        journeys.import_version(b"{}")

    assert (caught.value.error_code, caught.value.request_id) == ("1326", "pxSRgsBzUKYcMyNlqc0paqIJZfc0qdAw")


@pytest.mark.parametrize(
    "answer",
    [
        failing(500, INTERNAL),
        failing(500, json.dumps(INTERNAL)),
        failing(500, "INTERNAL ERROR"),
        failing(500, {"code": 7, "family": "INPUT_OUTPUT_ERROR", "message": "Odd"}),
        as_json({"status": 500}, status=500),
        as_json(fixture("journeys/error-500-unknown-sandbox-4000")),
        Response(status=500),
        Response("<html><title>Oops</title></html>", status=500),
        Response("Bad gateway", status=502),
        Response(status=503),
        Response(status=504),
        Response(status=408),
        Response(status=302, headers={"Location": "/"}),
    ],
    ids=str,
)
def test_an_import_that_failed_in_the_service_may_have_made_something(
    answer: Response, platform: Platform, journeys: JourneysClient
) -> None:
    platform.answer(IMPORT, answer)

    with pytest.raises(OutcomeUnknownError):
        journeys.import_version(b"{}")

    assert len(platform.seen) == 1


def test_an_import_is_not_sent_twice_after_a_cut_line(bare: Callable[..., Connection]) -> None:
    with raw_server(reset) as server:
        with pytest.raises(OutcomeUnknownError) as caught:
            JourneysClient(bare(server.url + AUTHORING), sandbox="dev").import_version(b"{}")

        assert caught.value.sent
        assert len(server.requests) == 1


def test_an_import_without_a_connection_was_not_sent(bare: Callable[..., Connection]) -> None:
    with raw_server(reset) as server:
        url = server.url

    with pytest.raises(OutcomeUnknownError) as caught:
        JourneysClient(bare(url), sandbox="dev").import_version(b"{}")

    assert not caught.value.sent


def test_an_import_is_not_sent_again_with_a_new_token(platform: Platform, journeys: JourneysClient) -> None:
    platform.answer(IMPORT, as_json({"error_code": "401013", "message": "Oauth token is not valid"}, status=401))

    with pytest.raises(ApiAuthError) as caught:
        journeys.import_version(b"{}")

    assert caught.value.reason is AuthProblem.TOKEN
    assert len(platform.seen) == 1


def test_an_import_that_is_throttled_was_not_done(platform: Platform, journeys: JourneysClient) -> None:
    platform.answer(IMPORT, Response(status=429, headers={"Retry-After": "7"}))

    with pytest.raises(ApiBusyError) as caught:
        journeys.import_version(b"{}")

    assert caught.value.retry_after_s == 7


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize(
    "answer", [failing(500, INTERNAL), failing(500, json.dumps(INTERNAL)), Response(status=500)], ids=str
)
def test_a_read_that_fails_inside_the_service_is_tried_twice_more(
    answer: Response, path: str, platform: Platform, journeys: JourneysClient
) -> None:
    platform.answer(path, answer)

    with pytest.raises(ApiUnavailableError):
        READS[path](journeys)

    assert len(platform.seen) == 3


def test_a_read_is_given_up_after_the_third_try_whatever_the_policy_says(
    platform: Platform, connect: Callable[..., Connection]
) -> None:
    connection = connect(platform.url, path=AUTHORING, policy=replace(FAST, attempts=9))
    platform.answer(EXPORT, failing(500, INTERNAL))

    with pytest.raises(ApiUnavailableError):
        JourneysClient(connection, sandbox="dev").export("v")

    assert len(platform.seen) == 3


def test_a_read_that_succeeds_at_the_second_try_is_a_success(platform: Platform, journeys: JourneysClient) -> None:
    platform.answer(EXPORT, failing(500, INTERNAL), Response('{"a": 1}'))

    assert journeys.export("v").content == b'{"a": 1}'


@pytest.mark.parametrize("path", READS)
def test_bad_input_that_comes_as_a_failure_is_not_repeated(
    path: str, platform: Platform, journeys: JourneysClient
) -> None:
    platform.answer(path, failing(500, {"code": 77, "family": "INPUT_OUTPUT_ERROR", "message": "Not like this"}))

    with pytest.raises(ApiRejectedError, match="Not like this"):
        READS[path](journeys)

    # The list is asked for once more, without a body.
    assert len(platform.seen) == (2 if path == LIST else 1)


def test_a_wrong_sandbox_is_thought_of_where_the_service_only_says_internal_error(
    platform: Platform, journeys: JourneysClient
) -> None:
    platform.answer(LIST, example("error-500-unknown-sandbox-4000", status=500))

    with pytest.raises(ApiUnavailableError, match=r"INTERNAL ERROR .*unknown sandbox") as caught:
        journeys.list_journeys()

    assert caught.value.error_code == "4000"


@pytest.mark.parametrize("path", [LATEST, EXPORT])
@pytest.mark.parametrize("answer", [example("error-404-unknown-uid", status=404), Response(status=404)], ids=str)
def test_an_unknown_uid_is_not_found(answer: Response, path: str, platform: Platform, journeys: JourneysClient) -> None:
    platform.answer(path, answer)

    with pytest.raises(ApiNotFoundError):
        READS[path](journeys)


PAGE = Response("<html><title>404 Not Found</title></html>", status=404, content_type="text/html")
GATEWAY = as_json({"error_code": "404003", "message": "Resource not found"}, status=404)


@pytest.mark.parametrize("answer", [PAGE, GATEWAY], ids=["page", "gateway"])
@pytest.mark.parametrize("path", [*READS, IMPORT])
def test_an_unknown_route_points_to_the_base_path(
    path: str, answer: Response, platform: Platform, journeys: JourneysClient
) -> None:
    platform.answer(path, answer)
    platform.answer(f"{path}/", answer)
    call = READS.get(path, lambda client: client.import_version(b"{}"))

    with pytest.raises(ApiRejectedError, match="Check the base path") as caught:
        call(journeys)

    assert not isinstance(caught.value, ApiNotFoundError)
    assert f"{platform.url}{AUTHORING}" in caught.value.message


@pytest.mark.parametrize("path", [LIST, IMPORT])
def test_a_call_without_a_uid_can_only_miss_its_route(path: str, platform: Platform, journeys: JourneysClient) -> None:
    platform.answer(path, as_json({"message": "No resource here"}, status=404))
    call = READS.get(path, lambda client: client.import_version(b"{}"))

    with pytest.raises(ApiRejectedError, match="Check the base path") as caught:
        call(journeys)

    assert not isinstance(caught.value, ApiNotFoundError)


def test_an_organization_may_lack_the_newer_api(platform: Platform, retrieving: RetrieveJourneysClient) -> None:
    platform.answer(RETRIEVE, PAGE)
    platform.answer(f"{RETRIEVE}/", PAGE)

    with pytest.raises(ApiRejectedError, match="may not have the newer journeys API") as caught:
        retrieving.list_journeys()

    assert caught.value.status == 404


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"error_code": "401013", "message": "Oauth token is not valid"}, ApiAuthError),
        (403, {"error_code": "403003", "message": "Api Key is invalid"}, ApiAuthError),
        (403, {}, ApiAuthError),
        (400, {"error_code": "400003", "message": "Missing header"}, ApiRejectedError),
        (409, {"error": "busy"}, ApiRejectedError),
        (200, {"status": 404, "error": {"code": 1452, "message": "no"}}, ApiNotFoundError),
        (200, {"status": "500", "error": json.dumps(INTERNAL)}, ApiUnavailableError),
    ],
)
def test_an_answer_is_the_error_that_its_body_tells(
    status: int, body: Any, error: type[ApiError], platform: Platform, journeys: JourneysClient
) -> None:
    platform.answer(LATEST, as_json(body, status=status))

    with pytest.raises(error):
        journeys.latest("j")


def test_an_error_repeats_no_secret_that_was_sent(platform: Platform, journeys: JourneysClient) -> None:
    secrets = ['quo"ted', "pin1"]

    def refuse(request: Request) -> Response:
        sent = request.get_data(as_text=True)
        return failing(500, json.dumps({"code": 1326, "message": f"can't import journey version: {sent}"}))

    platform.decide(IMPORT, refuse)

    with pytest.raises(ApiRejectedError) as caught:
        journeys.import_version(json.dumps({"a": secrets}).encode(), secrets=secrets)

    shown = repr((caught.value.message, caught.value.body, str(caught.value)))
    assert "quo" not in shown
    assert "pin1" not in shown
    assert caught.value.message.startswith("can't import journey version: ")
