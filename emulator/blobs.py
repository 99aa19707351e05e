"""Bytes of any number: small ones are kept in memory, large ones in a file that nobody else knows."""

import hashlib
import io
import os
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

IN_MEMORY = 2**20
CHUNK = 2**18


class Readable(Protocol):
    """What bytes can be read from, so many at a time."""

    def read(self, size: int, /) -> bytes: ...


class Blob:
    """Content that does not change. Its file goes when the blob does."""

    def __init__(self, source: bytes | Readable) -> None:
        stream: Readable = io.BytesIO(source) if isinstance(source, bytes) else source
        digest, size = hashlib.sha256(), 0
        self._data, self._path = b"", ""
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as kept:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                kept.write(chunk)
            kept.seek(0)
            if size <= IN_MEMORY:
                self._data = kept.read()
            else:
                self._path = _own_file(kept)
                weakref.finalize(self, _forget, self._path)
        self.size, self.sha256 = size, digest.hexdigest()

    def open(self) -> IO[bytes]:
        return Path(self._path).open("rb") if self._path else io.BytesIO(self._data)

    def read(self) -> bytes:
        return Path(self._path).read_bytes() if self._path else self._data

    def chunks(self) -> Iterator[bytes]:
        with self.open() as stream:
            while chunk := stream.read(CHUNK):
                yield chunk


def digest_of(stream: IO[bytes]) -> tuple[int, str]:
    """Size and SHA-256 of a stream that can go back, and is at its start again afterwards."""
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    stream.seek(0)
    return size, digest.hexdigest()


def _own_file(stream: IO[bytes]) -> str:
    descriptor, path = tempfile.mkstemp(prefix="emulator-")
    with os.fdopen(descriptor, "wb") as file:
        while chunk := stream.read(CHUNK):
            file.write(chunk)
    return path


def _forget(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108  (pathlib may be gone when the interpreter ends)
