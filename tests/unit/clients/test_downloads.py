"""Answers that are files: handed on while they arrive, and never taken for whole when they are not."""

import io
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from werkzeug import Response

from clients.downloads import Downloaded
from clients.errors import ApiContractError, ApiNotFoundError, ApiRejectedError, ApiUnavailableError
from clients.transport import Connection
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import FAST, drip, raw_server, send

PATH = "/file"
BEGINNING = b"PK\x03\x04"
DATA = BEGINNING + bytes(range(256)) * 2000
LIMIT = 10 * 2**20
Bare = Callable[..., Connection]


def fetch(connection: Connection, to: Any, **options: Any) -> Downloaded:
    chosen = {"at_most_bytes": LIMIT, "kind": "a zip archive", **options}
    accepts = lambda content_type, opening: opening.startswith(BEGINNING)  # noqa: E731
    return connection.download("packages.payload", "GET", PATH, to=to, accepts=accepts, **chosen)


def test_a_file_is_handed_on_as_it_was_sent(platform: Platform, bare: Bare) -> None:
    platform.answer(PATH, Response(DATA, content_type="application/zip", headers={"X-Of": "file"}))
    to, told = io.BytesIO(), []

    done = fetch(bare(platform.url), to, progress=lambda *figures: told.append(figures))

    assert (to.getvalue(), done.size_bytes, done.headers["x-of"]) == (DATA, len(DATA), "file")
    assert told[-1] == (len(DATA), len(DATA))
    assert platform.seen[0].headers["Accept-Encoding"] == "identity"


def test_a_function_takes_the_pieces_as_well(platform: Platform, bare: Bare) -> None:
    platform.answer(PATH, Response(DATA))
    pieces: list[bytes] = []

    fetch(bare(platform.url), pieces.append)

    assert b"".join(pieces) == DATA


def test_a_large_file_is_never_held(bare: Bare) -> None:
    size = 64 * 2**20

    def script(peer: Any, stop: Any) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + BEGINNING)
        left = size - len(BEGINNING)
        while left:
            left -= peer.send(b"z" * min(left, 65536))

    longest = [0]
    with raw_server(script) as server:
        tracemalloc.start()
        try:
            done = fetch(
                bare(server.url, policy=replace(FAST, write_deadline_s=60)),
                lambda piece: longest.append(max(longest.pop(), len(piece))),
                at_most_bytes=size,
            )
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert done.size_bytes == size
    assert longest[0] <= 2**20
    assert peak < 8 * 2**20


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Response('{"type": "ERROR", "status": "NOT_FOUND", "message": "No file"}'), ApiNotFoundError, "No file"),
        (Response('{"message": "Later"}'), ApiContractError, "Later"),
        (Response('{"a": 1}'), ApiContractError, "a zip archive was expected"),
        (Response("<html><title>Sign in</title></html>"), ApiContractError, "A web page came"),
        (Response(b""), ApiContractError, "without a body"),
        (Response(b"Rar!" + DATA), ApiContractError, "a zip archive was expected"),
        (Response(DATA, status=400), ApiRejectedError, "HTTP 400"),
    ],
    ids=["error envelope", "error words", "other JSON", "page", "empty", "other archive", "refusal"],
)
def test_what_is_another_thing_is_an_error_and_nothing_is_handed_on(
    answer: Response, error: type[Exception], words: str, platform: Platform, bare: Bare
) -> None:
    platform.answer(PATH, answer)
    to = io.BytesIO()

    with pytest.raises(error, match=words):
        fetch(bare(platform.url), to)

    assert to.getvalue() == b""
    assert len(platform.seen) == 1


def test_a_passing_failure_is_tried_again_before_anything_was_handed_on(platform: Platform, bare: Bare) -> None:
    platform.answer(PATH, Response(status=503), Response(status=502), Response(DATA))
    to = io.BytesIO()

    fetch(bare(platform.url), to)

    assert to.getvalue() == DATA
    assert len(platform.seen) == 3


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n",
    ],
    ids=["length", "chunks"],
)
def test_a_file_that_breaks_off_is_unavailable_and_not_begun_again(start: bytes, bare: Bare) -> None:
    to = io.BytesIO()
    with raw_server(send(start + DATA[:1024])) as server, pytest.raises(ApiUnavailableError, match="broke"):
        fetch(bare(server.url), to)

    assert len(server.requests) == 1
    assert DATA.startswith(to.getvalue())
    assert to.getvalue()


def test_a_line_that_breaks_before_the_first_bytes_is_tried_again(bare: Bare) -> None:
    to = io.BytesIO()
    with (
        raw_server(send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\nPK")) as server,
        pytest.raises(ApiUnavailableError),
    ):
        fetch(bare(server.url), to)

    assert len(server.requests) == FAST.attempts
    assert to.getvalue() == b""


def test_a_file_that_never_ends_ends_at_the_total_deadline(bare: Bare) -> None:
    script = drip(b"z", start=b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + DATA[:1024])
    with raw_server(script) as server, pytest.raises(ApiUnavailableError, match="in time"):
        fetch(bare(server.url, policy=replace(FAST, write_deadline_s=0.4)), io.BytesIO())


def test_a_file_announced_larger_than_is_taken_is_refused_before_its_first_byte(platform: Platform, bare: Bare) -> None:
    platform.answer(PATH, Response(DATA))
    to = io.BytesIO()

    with pytest.raises(ApiContractError, match="larger than 1000 bytes"):
        fetch(bare(platform.url), to, at_most_bytes=1000)

    assert to.getvalue() == b""
    assert len(platform.seen) == 1


def test_a_file_of_unknown_length_is_taken_up_to_the_limit(bare: Bare) -> None:
    to = io.BytesIO()
    with (
        raw_server(send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + DATA)) as server,
        pytest.raises(ApiContractError, match="larger than 100000 bytes"),
    ):
        fetch(bare(server.url), to, at_most_bytes=100_000)

    assert len(to.getvalue()) <= 100_000


@pytest.mark.parametrize("culprit", ["to", "progress"])
def test_what_the_taker_raises_reaches_the_caller(culprit: str, platform: Platform, bare: Bare) -> None:
    platform.answer(PATH, Response(DATA))

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        fetch(bare(platform.url), **{"to": io.BytesIO(), culprit: fail})

    assert len(platform.seen) == 1


def test_only_a_read_can_be_a_download(bare: Bare) -> None:
    with pytest.raises(ValueError, match="changes something"):
        bare("http://127.0.0.1:9").download(
            "packages.import", "POST", PATH, to=io.BytesIO(), at_most_bytes=1, accepts=lambda *_: True
        )
