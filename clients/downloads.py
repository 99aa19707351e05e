"""Answers that are files, handed on while they arrive: a download may be larger than the memory."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import httpx

from clients.multipart import Progress

OPENING_BYTES = 512

Accepts = Callable[[str, bytes], bool]
"""Whether a content type and the first bytes, up to `OPENING_BYTES`, are those of the file that was asked for."""

Sink = Callable[[bytes], object] | BinaryIO


class TooLargeError(Exception):
    """An answer has more bytes than are taken."""

    def __init__(self, at_most: int) -> None:
        super().__init__(f"The answer is larger than {_size(at_most)}.")


@dataclass(frozen=True)
class Downloaded:
    """A file that has arrived whole."""

    size_bytes: int
    headers: Mapping[str, str]


class Download:
    """Takes one answer, once it has been seen to be the file that was asked for."""

    def __init__(self, to: Sink, *, at_most_bytes: int, accepts: Accepts, progress: Progress | None) -> None:
        self._write = to if callable(to) else to.write
        self._at_most = at_most_bytes
        self._accepts = accepts
        self._progress = progress
        self.size = 0
        """Bytes that were handed on, which cannot be taken back."""
        self.done: Downloaded | None = None

    def take(self, response: httpx.Response, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Hand the answer on; what it holds, if it is another thing."""
        opening = b""
        for piece in pieces:
            opening += piece
            if len(opening) >= OPENING_BYTES:
                break
        if not response.is_success or not self._accepts(
            response.headers.get("content-type", ""), opening[:OPENING_BYTES]
        ):
            yield opening
            yield from pieces
            return
        announced = _announced(response)
        if announced is not None and announced > self._at_most:
            raise TooLargeError(self._at_most)
        self._hand_on(opening, announced)
        for piece in pieces:
            self._hand_on(piece, announced)
        if announced is not None and self.size != announced:
            raise httpx.RemoteProtocolError("It ended without sending complete message body.", request=response.request)
        self.done = Downloaded(self.size, response.headers)

    def _hand_on(self, piece: bytes, announced: int | None) -> None:
        if self.size + len(piece) > self._at_most:
            raise TooLargeError(self._at_most)
        # Counted before: a sink that fails may have taken a part of it.
        self.size += len(piece)
        self._write(piece)
        if self._progress is not None:
            self._progress(self.size, announced or 0)


def _announced(response: httpx.Response) -> int | None:
    """The length of the file, where the answer tells; that of a packed answer is another one."""
    length = response.headers.get("content-length", "")
    is_packed = response.headers.get("content-encoding", "identity") != "identity"
    return int(length) if length.isascii() and length.isdigit() and not is_packed else None


def _size(number: int) -> str:
    return f"{number // 2**20} MiB" if number >= 2**20 else f"{number} bytes"
