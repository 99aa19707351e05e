import email.utils
import logging
import pickle
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from werkzeug import Response

from clients.addresses import checked_base_url
from clients.errors import (
    ApiAuthError,
    ApiBusyError,
    ApiContractError,
    ApiRejectedError,
    ApiUnavailableError,
    AuthProblem,
    OutcomeUnknownError,
)
from clients.sandbox_tooling import SandboxToolingClient
from clients.transport import Connection
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import CLIENT_SECRET, EXIM, FAST, ORG, Script, fixture_bytes, raw_server, reset, send

PACKAGES = f"{EXIM}/packages"
IMPORT = f"{EXIM}/packages/import"


def good_list() -> Response:
    return Response(fixture_bytes("sandbox_tooling/packages.list.response"), content_type="application/json")


def refusal_of_token() -> Response:
    body = fixture_bytes("ims/gateway-401-401013-token-not-valid")
    return Response(body, status=401, content_type="application/json")


def submit(tooling: SandboxToolingClient) -> object:
    return tooling.import_package("p", target_sandbox="dev", name="n", description="d", alternatives={})


def test_every_call_carries_the_headers_of_the_platform(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(PACKAGES, good_list())

    tooling.list_packages()

    headers = platform.seen[0].headers
    assert headers["Authorization"] == "Bearer platform-token-1"
    assert headers["x-api-key"] == "key-of-test"
    assert headers["x-gw-ims-org-id"] == ORG
    assert headers["x-sandbox-name"] == "dev"
    assert headers["Accept"] == "application/json"
    assert "Content-Type" not in headers


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_read_is_tried_again_after_a_passing_failure(
    status: int, platform: Platform, tooling: SandboxToolingClient
) -> None:
    platform.answer(PACKAGES, Response(status=status), Response(status=status), good_list())

    page = tooling.list_packages()

    assert page.received > 0
    assert len(platform.seen) == 3


@pytest.mark.parametrize("status", [400, 404, 405, 409, 501])
def test_a_read_is_not_tried_again_after_a_lasting_failure(
    status: int, platform: Platform, tooling: SandboxToolingClient
) -> None:
    platform.answer(PACKAGES, Response(status=status), good_list())

    with pytest.raises((ApiRejectedError, ApiUnavailableError)):
        tooling.list_packages()

    assert len(platform.seen) == 1


def test_a_read_gives_up_after_its_tries_with_the_platforms_words(
    platform: Platform, tooling: SandboxToolingClient
) -> None:
    body = '{"title": "Down for now", "detail": "Back at noon", "status": 503}'
    platform.answer(PACKAGES, Response(body, status=503, headers={"x-request-id": "req-1", "Retry-After": "0"}))

    with pytest.raises(ApiUnavailableError, match="Down for now: Back at noon") as caught:
        tooling.list_packages()

    assert len(platform.seen) == FAST.attempts
    assert caught.value.request_id == "req-1"
    assert caught.value.retry_after_s == 0


@pytest.mark.parametrize(
    ("script", "error"),
    [(reset, "broke|No connection"), (send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"), "broke")],
)
def test_a_cut_line_is_tried_again_for_reads_and_unknown_for_writes(
    script: Script, error: str, bare: Callable[..., Connection]
) -> None:
    with raw_server(script) as server:
        connection = bare(server.url)

        with pytest.raises(ApiUnavailableError, match=error):
            connection.call("packages.list", "GET", "/packages", parse=lambda answer: answer.text)
        reads = len(server.requests)
        with pytest.raises(OutcomeUnknownError) as caught:
            connection.call("packages.import", "POST", "/i", parse=lambda answer: answer.text, body={})

        assert reads == FAST.attempts
        assert len(server.requests) == reads + 1
        assert caught.value.sent


def test_a_write_without_a_connection_is_known_to_be_unsent(bare: Callable[..., Connection]) -> None:
    with raw_server(reset) as server:
        url = server.url  # nobody listens there once the server has stopped

    with pytest.raises(OutcomeUnknownError) as caught:
        bare(url).call("packages.import", "POST", "/i", parse=lambda answer: answer.text, body={})

    assert not caught.value.sent


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 302, 303])
def test_a_write_is_sent_once_and_its_outcome_is_unknown(
    status: int, platform: Platform, tooling: SandboxToolingClient
) -> None:
    platform.answer(IMPORT, Response(status=status, headers={"Retry-After": "0"}))

    with pytest.raises(OutcomeUnknownError):
        submit(tooling)

    assert len(platform.seen) == 1


def test_a_throttled_write_was_refused_and_says_when_to_come_back(
    platform: Platform, tooling: SandboxToolingClient
) -> None:
    body = fixture_bytes("sandbox_tooling/error.rate-limit-gateway")
    platform.answer(IMPORT, Response(body, status=429, headers={"Retry-After": "17"}))

    with pytest.raises(ApiBusyError, match="Too many requests") as caught:
        submit(tooling)

    assert caught.value.retry_after_s == 17
    assert len(platform.seen) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"<html><body>Sign in</body></html>", b"[]", b"null", b'{"a": 1}'])
def test_a_write_whose_answer_cannot_be_read_has_an_unknown_outcome(
    body: bytes, platform: Platform, tooling: SandboxToolingClient
) -> None:
    platform.answer(IMPORT, Response(body, status=202))

    with pytest.raises(OutcomeUnknownError):
        submit(tooling)

    assert len(platform.seen) == 1


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"<html><title>Sign in</title></html>", b"7", b"null", b'{"errorMessage": "no"}']
)
def test_a_read_whose_answer_cannot_be_read_breaks_the_contract(
    body: bytes, platform: Platform, tooling: SandboxToolingClient
) -> None:
    platform.answer(PACKAGES, Response(body))

    with pytest.raises(ApiContractError) as caught:
        tooling.list_packages()

    assert caught.value.status == 200
    assert len(platform.seen) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_never_followed(status: int, platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(PACKAGES, Response(status=status, headers={"Location": f"{platform.url}/elsewhere"}))
    platform.answer("/elsewhere", good_list())

    with pytest.raises(ApiContractError, match="redirect"):
        tooling.list_packages()

    assert len(platform.seen) == 1


def test_a_pause_asked_for_is_kept(platform: Platform, connect: Callable[..., Connection]) -> None:
    platform.answer(PACKAGES, Response(status=503, headers={"Retry-After": "1"}), good_list())
    patient = replace(FAST, longest_pause_s=2.0)
    started = time.monotonic()

    SandboxToolingClient(connect(platform.url, policy=patient)).list_packages()

    assert time.monotonic() - started >= 1


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [
        (lambda: "120", 120, 120),
        (lambda: email.utils.formatdate(time.time() + 600, usegmt=True), 500, 600),
        (lambda: "999999", 3600, 3600),
    ],
    ids=["seconds", "date", "capped"],
)
def test_a_long_pause_asked_for_ends_the_call_and_is_reported(
    retry_after: Callable[[], str], least: float, most: float, platform: Platform, tooling: SandboxToolingClient
) -> None:
    platform.answer(PACKAGES, Response(status=429, headers={"Retry-After": retry_after()}))

    with pytest.raises(ApiUnavailableError) as caught:
        tooling.list_packages()

    assert len(platform.seen) == 1
    assert caught.value.retry_after_s is not None
    assert least <= caught.value.retry_after_s <= most


@pytest.mark.parametrize("retry_after", ["soon", "", "-5", "Wed, 99 Foo 2026"])
def test_an_unreadable_pause_is_ignored(retry_after: str, platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(PACKAGES, Response(status=429, headers={"Retry-After": retry_after}), good_list())

    assert tooling.list_packages().received > 0


def test_a_pause_in_the_body_is_honoured(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(PACKAGES, Response('{"title": "Slow down", "retryAfterMs": ["90000"]}', status=429))

    with pytest.raises(ApiUnavailableError) as caught:
        tooling.list_packages()

    assert caught.value.retry_after_s == 90


def test_a_write_whose_token_is_refused_is_not_repeated_and_the_next_one_has_a_new_token(
    platform: Platform, tooling: SandboxToolingClient
) -> None:
    receipt = fixture_bytes("sandbox_tooling/packages.import-submit.response")
    platform.answer(IMPORT, refusal_of_token(), Response(receipt, status=202))

    with pytest.raises(ApiAuthError, match="Oauth token is not valid"):
        submit(tooling)
    assert len(platform.seen) == 1
    submit(tooling)

    assert [request.headers["Authorization"] for request in platform.seen] == [
        "Bearer platform-token-1",
        "Bearer platform-token-2",
    ]


def test_a_token_refused_twice_ends_the_call(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(PACKAGES, refusal_of_token())

    with pytest.raises(ApiAuthError, match="Oauth token is not valid") as caught:
        tooling.list_packages()

    assert caught.value.reason is AuthProblem.TOKEN
    assert caught.value.error_code == "401013"
    assert len(platform.seen) == 2
    assert platform.tokens == 2


def test_a_write_is_not_repeated_after_a_401_that_may_come_from_the_service(
    platform: Platform, tooling: SandboxToolingClient
) -> None:
    platform.answer(IMPORT, Response("<html><title>401</title></html>", status=401))

    with pytest.raises(ApiAuthError):
        submit(tooling)

    assert len(platform.seen) == 1


def test_what_the_server_echoes_of_our_secrets_is_redacted(
    platform: Platform, tooling: SandboxToolingClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = f"no: platform-token-1 and {CLIENT_SECRET} " + "x" * 5000
    platform.answer(PACKAGES, Response(body, status=400, content_type="text/plain"))

    with pytest.raises(ApiRejectedError) as caught:
        tooling.list_packages()

    seen = f"{caught.value!r} {caught.value} {caught.value.body} {caught.value.message} {caplog.text}"
    assert "platform-token-1" not in seen
    assert CLIENT_SECRET not in seen
    assert caught.value.body.startswith("no: [redacted] and [redacted]")
    assert len(caught.value.body) == 4096
    assert "\n" not in caught.value.message


def test_a_log_line_names_the_operation_and_the_request(
    platform: Platform, tooling: SandboxToolingClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="clients.transport")
    answer = good_list()
    answer.headers["x-request-id"] = "req-42"
    platform.answer(PACKAGES, answer)

    tooling.list_packages()

    assert any("packages.list" in line and "req-42" in line for line in caplog.messages)


def test_a_session_cookie_of_the_server_is_not_sent_back(platform: Platform, tooling: SandboxToolingClient) -> None:
    answer = good_list()
    answer.set_cookie("session", "of-another")
    platform.answer(PACKAGES, answer)

    tooling.list_packages()
    tooling.list_packages()

    assert "Cookie" not in platform.seen[1].headers


def test_errors_survive_pickling() -> None:
    error = ApiUnavailableError("Down.", operation="packages.list", status=503, request_id="r", retry_after_s=4.0)

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert type(copy) is ApiUnavailableError
    assert (str(copy), copy.retry_after_s, copy.status) == (str(error), 4.0, 503)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9400", "http://localhost:9400/", "http://[::1]:9400", "https://a.test"]
)
def test_https_and_plain_http_to_this_machine_are_accepted(url: str) -> None:
    assert checked_base_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://platform.adobe.io",
        "http://127.0.0.1.evil.test",
        "http://localhost.evil.test",
        "http://10.0.0.1",
        "https://user:secret@platform.adobe.io",
        "ftp://platform.adobe.io",
        "platform.adobe.io",
        "https://",
        "https://[",
        "https://a b",
        "https://platform.adobe.io?x=1",
    ],
)
def test_a_url_that_would_send_secrets_in_the_open_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ .*\.$"):
        checked_base_url(url)


def test_an_organization_id_that_cannot_be_a_header_is_refused(connect: Callable[..., Connection]) -> None:
    connection = connect("http://127.0.0.1:9")

    with pytest.raises(ValueError, match="sandbox name"):
        SandboxToolingClient(connection, sandbox="dev\r\nx-evil: 1")
