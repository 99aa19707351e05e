"""Forms with files: streamed from disk, sent once, and answered early or never."""

import io
import re
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any, BinaryIO, cast

import pytest
from werkzeug import Request, Response

from clients.errors import ApiBusyError, ApiRejectedError, OutcomeUnknownError
from clients.multipart import PIECE_BYTES, Multipart, Part, Upload
from clients.transport import Connection
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import FAST, hang, raw_server, reset

PATH = "/upload"
MEGABYTE = 2**20
Bare = Callable[..., Connection]


class Endless(io.RawIOBase):
    """A file of any size that takes no memory, and remembers how it was read."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.longest = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self.longest = max(self.longest, size if size >= 0 else self.left)
        piece = b"z" * min(size if size >= 0 else self.left, self.left)
        self.left -= len(piece)
        return piece


def upload(data: bytes, *, size: int | None = None, name: str = "a.zip") -> Part:
    whole = len(data) if size is None else size
    return Part.of("file", Upload(name, whole, lambda: io.BytesIO(data)), "application/zip")


def send(connection: Connection, *parts: Part, **options: Any) -> str:
    return connection.call(
        "packages.import", "POST", PATH, parse=lambda answer: answer.text, multipart=parts, **options
    )


def drain(peer: socket.socket, end: bytes = b"--\r\n") -> int:
    """Read a form to its end; the number of bytes."""
    tail, size = b"", 0
    while not tail.endswith(end):
        piece = peer.recv(65536)
        if not piece:
            break
        size += len(piece)
        tail = (tail + piece)[-len(end) :]
    return size


def take(peer: socket.socket, stop: threading.Event) -> None:
    drain(peer)


def test_the_parts_arrive_as_they_are_with_a_length_and_a_boundary_of_each_call(platform: Platform, bare: Bare) -> None:
    arrived: list[tuple[str, str, str, bytes]] = []
    lengths: list[tuple[int | None, int]] = []

    def keep(request: Request) -> Response:
        body = request.get_data(cache=True, parse_form_data=False)
        lengths.append((request.content_length, len(body)))
        platform.seen.append(request)
        for name, file in request.files.items():
            arrived.append((name, file.filename or "", file.content_type or "", file.read()))
        return Response("done")

    platform.decide(PATH, keep)
    data = bytes(range(256)) * 1000
    accounts = Part("file_account", "accounts.json", "application/json", content=b'{"a": "\r\n"}')
    connection = bare(platform.url)

    assert send(connection, upload(data, name='Träger "1".zip'), accounts) == "done"
    send(connection, accounts)

    assert arrived[:2] == [
        ("file", 'Träger "1".zip', "application/zip", data),
        ("file_account", "accounts.json", "application/json", b'{"a": "\r\n"}'),
    ]
    assert all(announced == received for announced, received in lengths)
    assert "Transfer-Encoding" not in platform.seen[0].headers
    boundaries = {re.sub("^.*boundary=", "", request.headers["Content-Type"]) for request in platform.seen}
    assert len(boundaries) == 2
    assert all(len(one) > 32 for one in boundaries)


def test_progress_is_told_up_to_the_announced_length(platform: Platform, bare: Bare) -> None:
    platform.answer(PATH, Response("done"))
    told: list[tuple[int, int]] = []

    send(bare(platform.url), upload(b"z" * 300_000), progress=lambda sent, total: told.append((sent, total)))

    assert told[0][0] == 0
    assert [sent for sent, _ in told] == sorted(sent for sent, _ in told)
    assert {total for _, total in told} == {platform.seen[0].content_length}
    assert told[-1][0] == told[-1][1]
    assert len(told) > 300_000 // PIECE_BYTES


def test_a_large_file_is_read_in_pieces_and_never_held(bare: Bare) -> None:
    size = 96 * MEGABYTE
    file = Endless(size)
    received: list[int] = []

    def script(peer: socket.socket, stop: threading.Event) -> None:
        received.append(drain(peer))
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")

    with raw_server(script) as server:
        connection = bare(server.url, policy=replace(FAST, write_deadline_s=60))
        tracemalloc.start()
        try:
            answer = send(connection, Part("file", "a.zip", "application/zip", open=lambda: _binary(file), size=size))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert answer == "done"
    assert received[0] > size - PIECE_BYTES
    assert file.longest <= PIECE_BYTES
    assert peak < 8 * MEGABYTE


def _binary(file: Endless) -> BinaryIO:
    return cast(BinaryIO, file)


def test_what_progress_raises_ends_the_upload_and_reaches_the_caller(
    bare: Bare, caplog: pytest.LogCaptureFixture
) -> None:
    class CancelledError(Exception):
        pass

    def cancel(sent: int, total: int) -> None:
        if sent > MEGABYTE:
            raise CancelledError("stop")

    received: list[int] = []
    with raw_server(lambda peer, stop: received.append(drain(peer))) as server:
        connection = bare(server.url)
        with caplog.at_level("INFO", logger="clients.transport"), pytest.raises(CancelledError):
            send(connection, upload(b"z" * (8 * MEGABYTE)), progress=cancel)

    assert all(size < 8 * MEGABYTE for size in received)
    assert "was given up" in caplog.text


@pytest.mark.parametrize(("size", "reason"), [(400_000, "ended 100000 bytes early"), (200_000, "longer than")])
def test_a_file_that_is_not_as_long_as_it_was_is_never_sent_whole(size: int, reason: str, bare: Bare) -> None:
    received: list[bytes] = []

    def script(peer: socket.socket, stop: threading.Event) -> None:
        while piece := peer.recv(65536):
            received.append(piece)

    with raw_server(script) as server, pytest.raises(OutcomeUnknownError, match=reason) as caught:
        send(bare(server.url), upload(b"z" * 300_000, size=size))

    assert caught.value.sent
    assert not b"".join(received).endswith(b"--\r\n")


def test_a_file_that_cannot_be_opened_is_known_to_be_unsent(platform: Platform, bare: Bare) -> None:
    def gone() -> BinaryIO:
        raise FileNotFoundError(2, "No such file or directory")

    platform.answer(PATH, Response("done"))

    with pytest.raises(OutcomeUnknownError, match=r"a\.zip cannot be opened: No such file") as caught:
        send(bare(platform.url), Part("file", "a.zip", "application/zip", open=gone, size=3))

    assert not caught.value.sent
    assert platform.seen == []


def test_a_file_that_breaks_while_it_is_read_leaves_the_outcome_unknown(bare: Bare) -> None:
    class Broken(Endless):
        def read(self, size: int = -1) -> bytes:
            if self.left < MEGABYTE:
                raise OSError(5, "Input/output error")
            return super().read(size)

    with (
        raw_server(take) as server,
        pytest.raises(OutcomeUnknownError, match="Input/output error") as caught,
    ):
        send(
            bare(server.url),
            Part("file", "a.zip", "application/zip", open=lambda: _binary(Broken(2 * MEGABYTE)), size=2 * MEGABYTE),
        )

    assert caught.value.sent


def test_a_line_that_breaks_during_the_upload_leaves_the_outcome_unknown(bare: Bare) -> None:
    with raw_server(reset) as server, pytest.raises(OutcomeUnknownError, match="broke") as caught:
        send(bare(server.url), upload(b"z" * (16 * MEGABYTE)))

    assert caught.value.sent
    assert len(server.requests) == 1


def test_an_upload_without_a_connection_is_known_to_be_unsent(bare: Bare) -> None:
    with raw_server(reset) as server:
        url = server.url

    with pytest.raises(OutcomeUnknownError) as caught:
        send(bare(url), upload(b"z"))

    assert not caught.value.sent


REFUSAL = b'HTTP/1.1 413 Content Too Large\r\nContent-Length: 25\r\n\r\n{"message": "Too large."} '.rstrip()


def test_an_answer_before_the_end_is_read_although_nobody_takes_the_rest(bare: Bare) -> None:
    def script(peer: socket.socket, stop: threading.Event) -> None:
        peer.sendall(REFUSAL)
        stop.wait(20)

    file = Endless(64 * MEGABYTE)
    with raw_server(script) as server:
        connection = bare(server.url, policy=replace(FAST, write_deadline_s=15))
        started = time.monotonic()
        with pytest.raises(ApiRejectedError, match="Too large") as caught:
            send(connection, Part("file", "a", "application/zip", open=lambda: _binary(file), size=64 * MEGABYTE))

    assert caught.value.status == 413
    assert time.monotonic() - started < 10
    assert file.left


def test_an_answer_before_the_end_counts_although_the_rest_is_taken(bare: Bare) -> None:
    def script(peer: socket.socket, stop: threading.Event) -> None:
        peer.sendall(REFUSAL)
        drain(peer)

    with raw_server(script) as server, pytest.raises(ApiRejectedError, match="Too large"):
        send(bare(server.url), upload(b"z" * (4 * MEGABYTE)))


def test_an_answer_that_is_lost_with_the_line_leaves_the_outcome_unknown(bare: Bare) -> None:
    """A server that closes while bytes are on their way resets the line, and may take its own answer with it."""
    for _ in range(5):
        with (
            raw_server(lambda peer, stop: peer.sendall(REFUSAL)) as server,
            pytest.raises((ApiRejectedError, OutcomeUnknownError)) as caught,
        ):
            send(bare(server.url), upload(b"z" * (4 * MEGABYTE)))

        assert getattr(caught.value, "sent", True)
        assert len(server.requests) == 1


def test_a_server_that_takes_nothing_ends_at_the_total_deadline(bare: Bare) -> None:
    with raw_server(hang) as server:
        started = time.monotonic()
        with pytest.raises(OutcomeUnknownError, match="did not answer in time") as caught:
            send(bare(server.url, policy=replace(FAST, write_deadline_s=0.5)), upload(b"z" * (16 * MEGABYTE)))

    assert caught.value.sent
    assert time.monotonic() - started < 5


def test_a_server_that_pauses_while_it_takes_the_file_is_waited_for(bare: Bare) -> None:
    def script(peer: socket.socket, stop: threading.Event) -> None:
        stop.wait(1.5)
        drain(peer)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")

    with raw_server(script) as server:
        assert (
            send(bare(server.url, policy=replace(FAST, write_deadline_s=20)), upload(b"z" * (16 * MEGABYTE))) == "done"
        )


@pytest.mark.parametrize(("silence_s", "is_waited_for"), [(0.2, False), (4.0, True)])
def test_silence_is_borne_as_long_as_the_policy_says(
    silence_s: float, is_waited_for: bool, platform: Platform, bare: Bare
) -> None:
    def work(request: Request) -> Response:
        request.get_data()
        time.sleep(0.8)
        return Response("done")

    platform.decide(PATH, work)
    connection = bare(platform.url, policy=replace(FAST, silence_s=silence_s))

    if is_waited_for:
        assert send(connection, upload(b"z")) == "done"
    else:
        with pytest.raises(OutcomeUnknownError, match="did not answer in time"):
            send(connection, upload(b"z"))


def test_an_upload_is_not_sent_again_for_the_sake_of_a_slash(platform: Platform, bare: Bare) -> None:
    platform.answer(PATH, Response("<html><title>Not found</title></html>", status=404))
    platform.answer(f"{PATH}/", Response("done"))

    with pytest.raises(ApiRejectedError):
        send(bare(platform.url), upload(b"z"))

    assert len(platform.seen) == 1


def test_a_throttled_upload_was_turned_away(platform: Platform, bare: Bare) -> None:
    platform.answer(PATH, Response(status=429, headers={"Retry-After": "7"}))

    with pytest.raises(ApiBusyError) as caught:
        send(bare(platform.url), upload(b"z"))

    assert caught.value.retry_after_s == 7


def test_no_content_of_a_part_stands_in_its_description() -> None:
    part = Part("file_account", "accounts.json", "application/json", content=b"plain-password")

    assert "plain-password" not in repr(part)
    assert "plain-password" not in repr(Multipart([part]))
