import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from clients.deadlines import deadline, remaining
from clients.errors import ApiUnavailableError, OutcomeUnknownError
from clients.transport import Connection
from tests.unit.clients.support import FAST, Script, drip, hang, raw_server

SHORT = replace(FAST, attempts=1, attempt_deadline_s=0.3, read_budget_s=0.3, write_deadline_s=0.3)
# Far above the deadline of 0.3 s, far below the time-out of one read: only a total deadline ends in between.
LATEST_S = 5.0


def read(connection: Connection) -> str:
    return connection.call("packages.list", "GET", "/packages", parse=lambda answer: answer.text)


def write(connection: Connection) -> str:
    return connection.call("packages.import", "POST", "/packages/import", parse=lambda answer: answer.text, body={})


@pytest.mark.parametrize(
    "script",
    [
        drip(b"x", start=b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"),
        drip(b"1\r\nx\r\n", start=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        drip(b"X-Slow: 1\r\n", start=b"HTTP/1.1 200 OK\r\n"),
        drip(b"HTTP/1.1 100 Continue\r\n\r\n"),
        hang,
    ],
    ids=["body", "chunks", "headers", "interim answers", "silence"],
)
def test_a_server_that_never_finishes_ends_at_the_total_deadline(
    script: Script, bare: Callable[..., Connection]
) -> None:
    with raw_server(script) as server:
        started = time.monotonic()

        with pytest.raises(ApiUnavailableError):
            read(bare(server.url, policy=SHORT))
        with pytest.raises(OutcomeUnknownError) as caught:
            write(bare(server.url, policy=SHORT))

        assert time.monotonic() - started < LATEST_S
        assert caught.value.sent


def test_a_server_that_does_not_read_the_body_ends_at_the_total_deadline(bare: Callable[..., Connection]) -> None:
    with raw_server(hang) as server:
        started = time.monotonic()

        with pytest.raises(OutcomeUnknownError):
            bare(server.url, policy=SHORT).call(
                "packages.import",
                "POST",
                "/packages/import",
                parse=lambda answer: None,
                body="x" * 50_000_000,
            )

        assert time.monotonic() - started < LATEST_S


def test_a_tls_handshake_that_never_ends_ends_at_the_total_deadline(bare: Callable[..., Connection]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        started = time.monotonic()

        with pytest.raises(OutcomeUnknownError) as caught:
            write(bare(f"https://127.0.0.1:{listener.getsockname()[1]}", policy=SHORT))

        assert time.monotonic() - started < LATEST_S
        assert not caught.value.sent


def test_a_resolver_that_never_answers_ends_at_the_total_deadline(
    bare: Callable[..., Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: release.wait(20) and [])
    started = time.monotonic()

    with pytest.raises(ApiUnavailableError, match="Looking up platform took too long"):
        read(bare("https://platform", policy=SHORT))

    release.set()
    assert time.monotonic() - started < LATEST_S


def test_all_tries_of_a_read_share_one_budget(bare: Callable[..., Connection]) -> None:
    policy = replace(FAST, attempts=50, attempt_deadline_s=0.2, read_budget_s=1.5)
    with raw_server(hang) as server:
        started = time.monotonic()

        with pytest.raises(ApiUnavailableError):
            read(bare(server.url, policy=policy))

        assert time.monotonic() - started < LATEST_S
        assert 2 <= len(server.requests) <= 8


def test_a_sixth_call_waits_for_one_of_the_five_connections(bare: Callable[..., Connection]) -> None:
    go_on = threading.Event()

    def script(peer: socket.socket, stop: threading.Event) -> None:
        go_on.wait(20)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    with raw_server(script) as server, ThreadPoolExecutor(8) as pool:
        connection = bare(server.url)
        answers = [pool.submit(read, connection) for _ in range(8)]
        while len(server.requests) < 5:
            time.sleep(0.01)
        time.sleep(0.2)  # time enough for a sixth, if nothing held it

        at_once = len(server.requests)
        go_on.set()

        assert at_once == 5
        assert [answer.result() for answer in answers] == ["ok"] * 8


def test_waiting_for_a_free_connection_ends_at_the_total_deadline(bare: Callable[..., Connection]) -> None:
    with raw_server(hang) as server, ThreadPoolExecutor(8) as pool:
        connection = bare(server.url, policy=SHORT)
        started = time.monotonic()

        calls = [pool.submit(read, connection) for _ in range(8)]
        failures = [call.exception() for call in calls]

        assert time.monotonic() - started < LATEST_S
        assert {type(failure) for failure in failures} == {ApiUnavailableError}


def test_an_inner_deadline_never_outlasts_the_outer_one() -> None:
    with deadline(0.5), deadline(100):
        left = remaining()

    assert left is not None
    assert left <= 0.5
    assert remaining() is None
