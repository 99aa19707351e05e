"""Forms with files, sent from disk piece by piece: an upload may be larger than the memory."""

import contextlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

PIECE_BYTES = 64 * 1024

Progress = Callable[[int, int], object]
"""Is told the bytes that have gone over the line, and all that will; what it raises ends the call."""


@dataclass(frozen=True)
class Upload:
    """A file to send: its bytes are read when they are due, from the beginning, and there must be `size` of them."""

    filename: str
    size: int
    open: Callable[[], BinaryIO] = field(repr=False)


@dataclass(frozen=True)
class Part:
    """One part of a form: `content`, or a file that `open` opens and that holds `size` bytes."""

    name: str
    filename: str
    content_type: str
    open: Callable[[], BinaryIO] | None = field(default=None, repr=False)
    content: bytes = field(default=b"", repr=False)
    size: int = 0

    @classmethod
    def of(cls, name: str, upload: Upload, content_type: str) -> "Part":
        return cls(name, upload.filename, content_type, open=upload.open, size=upload.size)

    @property
    def length(self) -> int:
        return len(self.content) if self.open is None else self.size


class BodyError(Exception):
    """The file to send cannot be read, or is not as long as it should be; `sent` tells whether sending had begun."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class Multipart:
    """A form as a request body of known length; its boundary cannot be guessed, so no file can hold it."""

    def __init__(self, parts: Sequence[Part], progress: Progress | None = None) -> None:
        self._boundary = f"towpath-{secrets.token_hex(16)}"
        self._parts = [(self._head(part), part) for part in parts]
        self._end = f"--{self._boundary}--\r\n".encode()
        self._progress = progress
        self.length = sum(len(head) + part.length + 2 for head, part in self._parts) + len(self._end)

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self._boundary}"

    @contextlib.contextmanager
    def opened(self) -> Iterator["Body"]:
        """The body, once all files are open: one that is gone is found out before anything is sent."""
        with contextlib.ExitStack() as stack:
            files = []
            for _, part in self._parts:
                try:
                    files.append(stack.enter_context(part.open()) if part.open else None)
                except OSError as exc:
                    raise BodyError(f"{part.filename} cannot be opened: {exc.strerror or exc}", sent=False) from exc
            yield Body(self, files)

    def _head(self, part: Part) -> bytes:
        return (
            f'--{self._boundary}\r\nContent-Disposition: form-data; name="{_quoted(part.name)}";'
            f' filename="{_quoted(part.filename)}"\r\nContent-Type: {part.content_type}\r\n\r\n'
        ).encode()


class Body:
    """The bytes of a form, to be walked once."""

    def __init__(self, form: Multipart, files: Sequence[BinaryIO | None]) -> None:
        self._form = form
        self._files = files
        self._sent = 0
        self._has_begun = False

    def __iter__(self) -> Iterator[bytes]:
        self._tell()
        for piece in self._pieces():
            self._has_begun = True
            yield piece
            # Whoever asks for the next one has written this one.
            self._sent += len(piece)
            self._tell()

    def _tell(self) -> None:
        if self._form._progress is not None:
            self._form._progress(self._sent, self._form.length)

    def _pieces(self) -> Iterator[bytes]:
        for (head, part), file in zip(self._form._parts, self._files, strict=True):
            yield head
            if file is None:
                yield part.content
            else:
                yield from self._read(part, file)
            yield b"\r\n"
        yield self._form._end

    def _read(self, part: Part, file: BinaryIO) -> Iterator[bytes]:
        left = part.size
        while left:
            piece = self._some(part, file, min(PIECE_BYTES, left))
            if not piece:
                raise BodyError(f"{part.filename} ended {left} bytes early.", sent=self._has_begun)
            left -= len(piece)
            # Found out before the last piece goes, so that no server takes the beginning of a file for the whole.
            if not left and self._some(part, file, 1):
                raise BodyError(f"{part.filename} is longer than the {part.size} bytes it had.", sent=self._has_begun)
            yield piece

    def _some(self, part: Part, file: BinaryIO, at_most: int) -> bytes:
        try:
            return file.read(at_most)
        except OSError as exc:
            words = f"{part.filename} cannot be read: {exc.strerror or exc}"
            raise BodyError(words, sent=self._has_begun) from exc


def _quoted(text: str) -> str:
    """As browsers write it (WHATWG, HTML standard, "Multipart form data")."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
