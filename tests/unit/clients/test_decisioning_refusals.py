"""Failures of the Decisioning Migration Service, whose error bodies nobody has described."""

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug import Request, Response

from clients.decisioning import BusyError, DecisioningClient, EtagMissingError, NotServiceUserError, StaleEtagError
from clients.errors import (
    ApiAuthError,
    ApiBusyError,
    ApiError,
    ApiNotFoundError,
    ApiRejectedError,
    AuthProblem,
    OutcomeUnknownError,
)
from clients.transport import Connection
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import ORG, raw_server, reset
from tests.unit.clients.test_decisioning import (
    ANALYSIS_ID,
    MIGRATION_ID,
    R1,
    R4,
    ROLLBACK_ID,
    SANDBOX,
    as_json,
    example,
    started,
)

Call = Callable[[DecisioningClient], object]
Failure = Callable[[Call, DecisioningClient, Response], ApiError]

ANALYSE: Call = lambda client: client.analyse(source="dev-eu", target="prod", scope=SANDBOX)  # noqa: E731
MIGRATE: Call = started
ROLL_BACK: Call = lambda client: client.roll_back(MIGRATION_ID)  # noqa: E731
READ: Call = lambda client: client.get_migration("w")  # noqa: E731
DELETE: Call = lambda client: client.delete_migration("w", "3a0f-2")  # noqa: E731
CREATIONS = {"analyse": ANALYSE, "migrate": MIGRATE, "roll_back": ROLL_BACK}
STARTED = [ANALYSE, MIGRATE]
BUSY = "A workflow is already in progress"
PAGE = "<html><title>Conflict</title></html>"


@pytest.fixture
def failure(platform: Platform) -> Failure:
    """What a call raises if everything answers so."""
    current: list[Response] = []

    def handle(request: Request) -> Response:
        platform.seen.append(request)
        return current[-1]

    for path in (*R4.values(), *R1.values()):
        for tail in ("", "/w", f"/{MIGRATION_ID}"):
            platform.decide(f"{path}{tail}", handle)
            platform.decide(f"{path}{tail}/", handle)

    def fail(call: Call, client: DecisioningClient, answer: Response) -> ApiError:
        current.append(answer)
        with pytest.raises(ApiError) as caught:
            call(client)
        return caught.value

    return fail


@pytest.mark.parametrize("call", CREATIONS.values(), ids=CREATIONS)
def test_whatever_is_started_while_a_workflow_is_under_way_is_told_which(
    call: Call, failure: Failure, platform: Platform, decisioning: DecisioningClient, older: DecisioningClient
) -> None:
    refusal = example("error-409-concurrent", status=409, headers={"Retry-After": "9", "x-request-id": "r-7"})

    for client in (decisioning, older):
        error = failure(call, client, refusal)

        assert isinstance(error, BusyError)
        assert (error.workflow_id, error.message) == (ANALYSIS_ID, f"Conflict: {BUSY}")
        assert (error.status, error.retry_after_s, error.request_id) == (409, 9, "r-7")
        assert vars(pickle.loads(pickle.dumps(error))) == vars(error)  # noqa: S301 - our own bytes
    assert len(platform.seen) == 2


@pytest.mark.parametrize(
    ("body", "workflow_id"),
    [
        ({"message": BUSY}, ""),
        ({"error_code": "409000", "message": f"{BUSY}.", "requestId": ROLLBACK_ID}, ""),
        ({"detail": f"{BUSY}: {ANALYSIS_ID} (request {ROLLBACK_ID})", "id": MIGRATION_ID}, ANALYSIS_ID),
        ({"detail": f"{BUSY} (request {ROLLBACK_ID}): {ANALYSIS_ID}", "requestId": ROLLBACK_ID}, ANALYSIS_ID),
        ({"error": {"message": f"{BUSY} in this organization", "workflow_id": "w-7"}}, "w-7"),
        ({"errors": [{"detail": BUSY, "running-workflow": {"ID": ANALYSIS_ID}}]}, ANALYSIS_ID),
        ({"title": BUSY, "rollbackWorkflowId": MIGRATION_ID, "WorkflowID": ANALYSIS_ID}, ANALYSIS_ID),
        ({"title": BUSY, "runningWorkflowId": ANALYSIS_ID}, ANALYSIS_ID),
        ({"title": BUSY, "_links": {"self": {"href": f"/workflows/migration/{ANALYSIS_ID}"}}}, ANALYSIS_ID),
        ({"error": BUSY.upper(), "workflow": f"/workflows/migration/{ANALYSIS_ID}"}, ANALYSIS_ID),
        (f"{BUSY}: {ANALYSIS_ID}", ANALYSIS_ID),
    ],
)
def test_the_other_workflow_is_found_wherever_it_is_named(
    body: Any, workflow_id: str, failure: Failure, decisioning: DecisioningClient
) -> None:
    error = failure(ROLL_BACK, decisioning, as_json(body, status=409))

    assert isinstance(error, BusyError)
    assert error.workflow_id == workflow_id


@pytest.mark.parametrize("body", ["", "409 Conflict", PAGE, '{"title": "Conflict", "status": 409}', "{}"])
def test_a_conflict_without_a_reason_means_busy_unless_a_rollback_may_have_been_done(
    body: str, failure: Failure, decisioning: DecisioningClient
) -> None:
    answer = Response(body, status=409)

    for call in STARTED:
        error = failure(call, decisioning, answer)
        assert isinstance(error, BusyError)
        assert error.workflow_id == ""
        assert error.message.startswith("Another workflow seems to be in progress")
    refused = failure(ROLL_BACK, decisioning, answer)
    assert type(refused) is ApiRejectedError


@pytest.mark.parametrize("words", ["The migration was already rolled back", "The migration is not Completed"])
def test_a_rollback_that_is_not_possible_is_not_taken_for_busy(
    words: str, failure: Failure, decisioning: DecisioningClient, older: DecisioningClient
) -> None:
    for client in (decisioning, older):
        error = failure(ROLL_BACK, client, as_json({"detail": words, "workflowId": MIGRATION_ID}, status=409))

        assert (type(error), error.status, error.message) == (ApiRejectedError, 409, words)


def test_a_conflict_of_another_kind_is_a_refusal_unless_it_names_a_workflow(
    failure: Failure, decisioning: DecisioningClient
) -> None:
    other = failure(MIGRATE, decisioning, as_json({"message": "ExD_Gold card exists"}, status=409))
    named = {"message": "One at a time, please", "workflowId": ANALYSIS_ID}
    worded = failure(MIGRATE, decisioning, as_json(named, status=409))

    assert (type(other), other.message) == (ApiRejectedError, "ExD_Gold card exists")
    assert isinstance(worded, BusyError)
    read = failure(READ, decisioning, as_json({"message": BUSY}, status=409))
    assert type(read) is ApiRejectedError


@pytest.mark.parametrize("call", CREATIONS.values(), ids=CREATIONS)
@pytest.mark.parametrize(
    "answer",
    [
        Response(status=500),
        Response("<html><title>Oops</title></html>", status=502),
        as_json({"message": BUSY}, status=503),
        Response(status=504),
        Response(status=408),
        Response(status=302, headers={"Location": "/"}),
    ],
    ids=str,
)
def test_a_start_that_failed_in_the_service_may_have_started_something(
    answer: Response, call: Call, failure: Failure, platform: Platform, decisioning: DecisioningClient
) -> None:
    error = failure(call, decisioning, answer)

    assert isinstance(error, OutcomeUnknownError)
    assert len(platform.seen) == 1


@pytest.mark.parametrize("call", CREATIONS.values(), ids=CREATIONS)
def test_a_start_is_sent_once_whatever_breaks(call: Call, bare: Callable[..., Connection]) -> None:
    with raw_server(reset) as server:
        with pytest.raises(OutcomeUnknownError) as caught:
            call(DecisioningClient(bare(server.url), ims_org_id=ORG))
        assert (caught.value.sent, len(server.requests)) == (True, 1)

    with pytest.raises(OutcomeUnknownError) as caught:
        call(DecisioningClient(bare(server.url), ims_org_id=ORG))
    assert not caught.value.sent


def test_a_start_that_is_throttled_was_not_done_and_names_no_other_workflow(
    failure: Failure, platform: Platform, decisioning: DecisioningClient
) -> None:
    error = failure(MIGRATE, decisioning, Response(status=429, headers={"Retry-After": "7"}))

    assert (type(error), len(platform.seen)) == (ApiBusyError, 1)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_poll_is_tried_again(status: int, platform: Platform, decisioning: DecisioningClient) -> None:
    platform.answer(f"{R4['migration']}/w", Response(status=status), as_json({"id": "w", "status": "Running"}))

    assert decisioning.get_migration("w").status == "Running"


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (example("error-400-missing-dataset", status=400), ApiRejectedError, "dependency.datasetName is required"),
        (
            as_json({"error_code": "400003", "message": "Missing header"}, status=400),
            ApiRejectedError,
            "Missing header",
        ),
        (Response("Not like this", status=422), ApiRejectedError, "Not like this"),
        (Response(status=400), ApiRejectedError, "HTTP 400"),
        (Response("<html><h1>Blocked</h1></html>", status=403), ApiRejectedError, "Blocked"),
        (as_json({"error_code": "403003", "message": "Api Key is invalid"}, status=403), ApiAuthError, "Api Key"),
        (example("error-403-delete-not-service-user", status=403), ApiAuthError, "Profile is not valid"),
        (as_json({"error_code": "401013", "message": "Oauth token is not valid"}, status=401), ApiAuthError, "Oauth"),
    ],
)
@pytest.mark.parametrize("call", [MIGRATE, READ], ids=["migrate", "read"])
def test_a_refusal_is_read_in_any_form(
    call: Call, answer: Response, error: type[ApiError], words: str, failure: Failure, decisioning: DecisioningClient
) -> None:
    refusal = failure(call, decisioning, answer)

    assert type(refusal) is error
    assert words in refusal.message


@pytest.mark.parametrize("call", [READ, ROLL_BACK, DELETE], ids=["read", "roll_back", "delete"])
@pytest.mark.parametrize(
    "body",
    [{"title": "Not Found", "status": 404}, {"error_code": "404000", "message": "Workflow w not found"}],
    ids=["problem", "gateway"],
)
def test_a_workflow_that_is_gone_is_not_found(
    body: Any, call: Call, failure: Failure, decisioning: DecisioningClient, older: DecisioningClient
) -> None:
    client = older if call is DELETE else decisioning

    assert isinstance(failure(call, client, as_json(body, status=404)), ApiNotFoundError)


def test_a_poll_that_is_refused_without_a_word_found_no_workflow(
    failure: Failure, decisioning: DecisioningClient
) -> None:
    assert isinstance(failure(READ, decisioning, Response(status=404)), ApiNotFoundError)


@pytest.mark.parametrize("call", [*CREATIONS.values(), READ], ids=[*CREATIONS, "read"])
@pytest.mark.parametrize(
    "answer",
    [
        Response("<html><title>404 Not Found</title></html>", status=404),
        as_json({"error_code": "404003", "message": "No route /workflows/migration"}, status=404),
        Response(status=405),
    ],
    ids=["page", "gateway", "method"],
)
def test_an_unknown_route_points_to_service_url_and_dialect(
    answer: Response,
    call: Call,
    failure: Failure,
    platform: Platform,
    decisioning: DecisioningClient,
    older: DecisioningClient,
) -> None:
    error = failure(call, decisioning, answer)

    assert type(error) is ApiRejectedError
    assert error.message.startswith(f"{platform.url} does not know this call")
    assert error.message.endswith("Check the organization's service URL and dialect, which is R4 now.")
    assert "R1 now" in failure(MIGRATE, older, answer).message


@pytest.mark.parametrize("call", STARTED, ids=["analyse", "migrate"])
def test_a_start_cannot_miss_a_workflow(call: Call, failure: Failure, decisioning: DecisioningClient) -> None:
    error = failure(call, decisioning, as_json({"detail": "Sandbox prod is unknown"}, status=404))
    silent = failure(call, decisioning, Response(status=404))

    assert (type(error), error.message) == (ApiRejectedError, "Sandbox prod is unknown")
    assert "dialect" in silent.message


@pytest.mark.parametrize(
    ("answer", "error", "explanation", "said"),
    [
        (example("error-412-if-match", status=412), StaleEtagError, "Read it again", "If-Match does not equal"),
        (example("error-428-if-match-missing", status=428), EtagMissingError, "proxy", "If-Match header is required"),
        (example("error-403-delete-not-service-user", status=403), NotServiceUserError, "service user", "not valid"),
        (as_json({"title": "Forbidden"}, status=403), NotServiceUserError, "service user", "Forbidden"),
        (Response(status=412), StaleEtagError, "Read it again", ""),
    ],
)
def test_a_deletion_that_is_refused_is_explained(
    answer: Response,
    error: type[ApiError],
    explanation: str,
    said: str,
    failure: Failure,
    platform: Platform,
    older: DecisioningClient,
) -> None:
    refusal = failure(DELETE, older, answer)

    assert type(refusal) is error
    assert explanation in refusal.message
    assert refusal.message.partition(" The service said: ")[2].rstrip(".").find(said) >= 0
    assert (refusal.status, len(platform.seen)) == (answer.status_code, 1)


def test_a_deletion_with_a_wrong_key_speaks_of_the_key(failure: Failure, older: DecisioningClient) -> None:
    gateway = as_json({"error_code": "403003", "message": "Api Key is invalid"}, status=403)

    error = failure(DELETE, older, gateway)

    assert isinstance(error, ApiAuthError)
    assert error.reason is AuthProblem.KEY
    page = failure(DELETE, older, Response("<html><title>Blocked</title></html>", status=403))
    assert type(page) is ApiRejectedError


def test_an_error_repeats_no_secret(failure: Failure, decisioning: DecisioningClient) -> None:
    body = {"detail": f"{BUSY}, asked for with p8e-known-client-secret", "token": "p8e-known-client-secret"}

    error = failure(MIGRATE, decisioning, as_json(body, status=409))

    assert isinstance(error, BusyError)
    assert "p8e" not in json.dumps([error.message, error.body, error.workflow_id, str(error)])
