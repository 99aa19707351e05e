"""What is told, and logged, of every exchange with a remote system."""

import logging
from collections.abc import Callable, Iterator

import pytest
from werkzeug import Response

from clients import observing
from clients.effects import Effect
from clients.errors import ApiError, ApiUnavailableError, OutcomeUnknownError
from clients.observing import Exchange, Outcome
from clients.sandbox_versions import VersioningClient
from clients.transport import Connection
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import EXIM, FAST, raw_server, reset


@pytest.fixture
def told() -> Iterator[list[Exchange]]:
    """Every exchange that this test makes."""
    found: list[Exchange] = []
    observing.add_observer(found.append)
    yield found
    observing.remove_observer(found.append)


def read(connection: Connection, path: str = "/packages") -> str:
    return connection.call("packages.list", "GET", path, params=[("q", "private")], parse=lambda answer: answer.text)


def test_an_answer_is_told_with_what_was_asked_and_how_it_went(
    platform: Platform, bare: Callable[..., Connection], told: list[Exchange]
) -> None:
    platform.answer("/packages", Response("{}", headers={"x-request-id": "req-7"}))

    read(bare(platform.url))

    (exchange,) = told
    assert (exchange.operation, exchange.effect, exchange.method) == ("packages.list", Effect.READ, "GET")
    assert (exchange.host, exchange.path) == ("localhost", "/packages")
    assert (exchange.outcome, exchange.status, exchange.request_id) == (Outcome.OK, 200, "req-7")
    assert exchange.size_bytes == 2
    assert 0 < exchange.seconds < 60


@pytest.mark.parametrize(
    ("status", "outcome"), [(302, Outcome.REDIRECTED), (404, Outcome.REFUSED), (501, Outcome.FAILED)]
)
def test_a_refusal_is_told_by_its_class(
    status: int, outcome: Outcome, platform: Platform, bare: Callable[..., Connection], told: list[Exchange]
) -> None:
    platform.answer("/packages", Response(status=status))

    with pytest.raises(ApiError):
        read(bare(platform.url))

    assert [exchange.outcome for exchange in told] == [outcome]


def test_each_try_is_told_by_itself(bare: Callable[..., Connection], told: list[Exchange]) -> None:
    with raw_server(reset) as server, pytest.raises(ApiUnavailableError):
        read(bare(server.url))

    assert [exchange.outcome for exchange in told] == [Outcome.BROKEN] * FAST.attempts


def test_a_request_that_never_left_is_told_as_such(bare: Callable[..., Connection], told: list[Exchange]) -> None:
    with raw_server(reset) as server:
        url = server.url  # nobody listens there once the server has stopped

    with pytest.raises(OutcomeUnknownError):
        bare(url).call("packages.import", "POST", "/i", parse=lambda answer: answer.text, body={})

    assert [(exchange.effect, exchange.outcome) for exchange in told] == [(Effect.WRITE, Outcome.UNREACHABLE)]


def test_an_observer_that_fails_harms_neither_the_call_nor_the_others(
    platform: Platform, bare: Callable[..., Connection], told: list[Exchange], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(exchange: Exchange) -> None:
        raise RuntimeError("no figures today")

    platform.answer("/packages", Response("{}"))
    observing._observers.insert(0, broken)
    try:
        answer = read(bare(platform.url))
    finally:
        observing.remove_observer(broken)

    assert answer == "{}"
    assert len(told) == 1
    assert "no figures today" in caplog.text


def test_the_log_line_names_the_call_without_its_query(
    platform: Platform, bare: Callable[..., Connection], caplog: pytest.LogCaptureFixture
) -> None:
    platform.answer("/packages", Response("{}", headers={"x-request-id": "req-7"}))
    caplog.set_level(logging.INFO, logger="clients.transport")

    read(bare(platform.url))

    (record,) = [record for record in caplog.records if record.name == "clients.transport"]
    assert record.getMessage().startswith("packages.list GET /packages (ok) took ")
    assert "req-7" in record.getMessage()
    assert "private" not in record.getMessage()
    remote = record.__dict__["remote"]
    assert remote["ms"] >= 0
    assert {name: remote[name] for name in ("method", "path", "status", "outcome", "request_id")} == {
        "method": "GET",
        "path": "/packages",
        "status": 200,
        "outcome": "ok",
        "request_id": "req-7",
    }


def test_each_verb_of_a_call_is_told_under_its_one_name(
    platform: Platform, bare: Callable[..., Connection], told: list[Exchange]
) -> None:
    answers = {"PATCH": Response(status=405), "POST": Response('{"id": "j"}')}
    platform.decide(f"{EXIM}/packages/p/version/save", lambda request: answers[request.method])
    platform.answer(f"{EXIM}/packages/p/version/compare", Response('{"id": "j"}'))
    versioning = VersioningClient(bare(platform.url))

    versioning.save_version("p")
    versioning.compare("p")

    assert [(one.operation, one.effect, one.method, one.outcome) for one in told] == [
        ("versions.save", Effect.WRITE, "PATCH", Outcome.REFUSED),
        ("versions.save", Effect.WRITE, "POST", Outcome.OK),
        ("versions.compare", Effect.WORKFLOW, "POST", Outcome.OK),
    ]
