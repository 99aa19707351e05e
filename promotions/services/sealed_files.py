"""Files too large for a column, in the storage that web and workers share: encrypted, and never changed once written.

A file is a row of Fernet tokens. Each holds a head and at most `CHUNK` bytes, and all but the last are equally long,
which makes a file seekable. The head names file, place and end, so that tokens that were cut off, exchanged or taken
from another file are found out.
"""

import errno
import fcntl
import hashlib
import io
import os
import re
import secrets
import shutil
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from django.conf import settings
from django.core.files.storage import default_storage

from accounts import crypto
from promotions.services.errors import RefusedError

MIB = 1 << 20
CHUNK = MIB
ARCHIVES = "archives"
_head = struct.Struct(">16sQ?")
# What Fernet makes of a full chunk: padded to 16 bytes, with version, time, vector and digest, in base64.
_PADDED = (_head.size + CHUNK) // 16 * 16 + 16
TOKEN = 4 * -(-(1 + 8 + 16 + _PADDED + 32) // 3)
_name = re.compile(r"[a-z]+/[0-9a-f]{32}")
_DRAFT_SUFFIX = ".part"


class TooLargeError(RefusedError):
    """More came than may be kept."""


class NoRoomError(RefusedError):
    """The disk is too full."""


class DamagedFileError(RefusedError):
    """The file is missing, cut off, or not what was written."""


@dataclass(frozen=True)
class Written:
    """`size` in bytes and `sha256` are of the content as it came."""

    name: str
    size: int
    sha256: str


class Writer:
    """Takes content piece by piece; made by `writing`."""

    def __init__(self, file: BinaryIO, folder: Path, at_most: int) -> None:
        self._file = file
        self._folder = folder
        self._at_most = at_most
        self._id = secrets.token_bytes(16)
        self._index = 0
        self._waiting = bytearray()
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Raises TooLargeError and NoRoomError; then nothing stays."""
        self.size += len(piece)
        if self.size > self._at_most:
            raise TooLargeError(
                f"The file is larger than {self._at_most / MIB:,.0f} MiB, the limit here (ARCHIVE_MAX_MB).",
                field="file",
            )
        self._hash.update(piece)
        self._waiting += piece
        # One byte stays behind, so that the last chunk can be told to be the last.
        while len(self._waiting) > CHUNK:
            self._seal(bytes(self._waiting[:CHUNK]), is_last=False)
            del self._waiting[:CHUNK]

    def close(self) -> None:
        self._seal(bytes(self._waiting), is_last=True)
        self._waiting.clear()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def _seal(self, chunk: bytes, *, is_last: bool) -> None:
        token = crypto.encrypt_bytes(_head.pack(self._id, self._index, is_last) + chunk).encode()
        _require_room(self._folder, len(token))
        self._file.write(token)
        self._index += 1


@contextmanager
def writing(*, folder: str = ARCHIVES, at_most: int) -> Iterator[tuple[Writer, Callable[[], Written]]]:
    """A writer, and what ends the file and names it; what was not ended is gone."""
    place = _folder(folder)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = secrets.token_hex(16)
    draft = place / f".{name}{_DRAFT_SUFFIX}"
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            writer = Writer(file, place, at_most)

            def end() -> Written:
                writer.close()
                _sync(file)
                draft.rename(place / name)
                _sync_folder(place)
                return Written(f"{folder}/{name}", writer.size, writer.sha256)

            yield writer, end
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _no_room() from exc
        raise
    finally:
        draft.unlink(missing_ok=True)


def write(chunks: Iterable[bytes], *, folder: str = ARCHIVES, at_most: int) -> Written:
    """Keep what comes; `at_most` in bytes. Raises TooLargeError and NoRoomError, and then nothing stays."""
    with writing(folder=folder, at_most=at_most) as (writer, end):
        for chunk in chunks:
            writer.write(chunk)
        return end()


def open_sealed(name: str) -> BinaryIO:
    """The content, seekable. Also each reading may raise what this does.

    Raises DamagedFileError, and UndecryptableError if no key fits.
    """
    try:
        file = _path(name).open("rb")
    except FileNotFoundError:
        raise DamagedFileError("A kept file is missing from the storage. Restore it from a backup.") from None
    try:
        # BufferedReader reads from whatever is a RawIOBase.
        return io.BufferedReader(_Reader(file), buffer_size=64 * 1024)
    except BaseException:
        file.close()
        raise


def size(name: str) -> int:
    """Of the content, in bytes. Raises what `open_sealed` does."""
    with open_sealed(name) as file:
        return file.seek(0, os.SEEK_END)


def delete(name: str) -> bool:
    """Remove the file; False while a backup is made, which may need it: then the sweep takes it later."""
    with _lock(fcntl.LOCK_EX | fcntl.LOCK_NB) as is_held:
        if is_held:
            _path(name).unlink(missing_ok=True)
        return is_held


@contextmanager
def keeping_all() -> Iterator[None]:
    """No file goes meanwhile: for a backup, whose database and files are of different moments."""
    with _lock(fcntl.LOCK_SH):
        yield


def names(*, folder: str = ARCHIVES) -> list[str]:
    """All finished files."""
    return sorted(f"{folder}/{path.name}" for path in _files(folder) if _name.fullmatch(f"{folder}/{path.name}"))


def sweep(needed: Callable[[list[str]], set[str]], *, before: datetime, folder: str = ARCHIVES) -> int:
    """Remove files last written before a time that nothing needs: what a crash has left behind."""
    old = [path for path in _files(folder) if _written_at(path) < before]
    drafts = [path for path in old if path.suffix == _DRAFT_SUFFIX]
    found = {f"{folder}/{path.name}": path for path in old if _name.fullmatch(f"{folder}/{path.name}")}
    kept = needed(list(found)) if found else set()
    unneeded = [path for name, path in found.items() if name not in kept]
    with _lock(fcntl.LOCK_EX | fcntl.LOCK_NB) as is_held:
        if not is_held:
            return 0
        for path in (*drafts, *unneeded):
            path.unlink(missing_ok=True)
    return len(drafts) + len(unneeded)


class Store:
    """These files among what is encrypted again under new keys (accounts.services.rotation)."""

    def names(self) -> list[str]:
        return names()

    def rotate(self, name: str) -> bool:
        """All or nothing; False if the file has gone meanwhile. Raises UndecryptableError, and leaves it as it is."""
        path = _path(name)
        draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}{_DRAFT_SUFFIX}")
        try:
            with path.open("rb") as source:
                _require_room(path.parent, os.fstat(source.fileno()).st_size)
                with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
                    while token := source.read(TOKEN):
                        target.write(crypto.rotate(token.decode("ascii", "replace")).encode())
                    _sync(target)
            with _lock(fcntl.LOCK_SH):  # a removal between the two would be undone
                if not path.exists():
                    return False
                draft.rename(path)
            _sync_folder(path.parent)
        except FileNotFoundError:
            return False
        finally:
            draft.unlink(missing_ok=True)
        return True

    def check(self, name: str) -> None:
        """Read a whole file. Raises UndecryptableError, also for one that is cut off or damaged."""
        try:
            with open_sealed(name) as file:
                while file.read(CHUNK):
                    continue
        except DamagedFileError as exc:
            raise crypto.UndecryptableError(exc.message) from exc


class _Reader(io.RawIOBase):
    """The content of a sealed file; one chunk is in memory at a time."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._position = 0
        self._index = -1
        self._chunk = b""
        sealed = os.fstat(file.fileno()).st_size
        if not sealed:
            raise _cut_off()
        self._last = (sealed - 1) // TOKEN
        self._id = b""
        self._load(self._last)
        self._size = self._last * CHUNK + len(self._chunk)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("negative seek position")
        self._position = base + offset
        return self._position

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # its stub names a type of its own
        if self._position >= self._size:
            return 0
        index, start = divmod(self._position, CHUNK)
        self._load(index)
        piece = self._chunk[start : start + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def close(self) -> None:
        self._file.close()
        super().close()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _load(self, index: int) -> None:
        if index == self._index:
            return
        self._file.seek(index * TOKEN)
        plain = crypto.decrypt_bytes(self._file.read(TOKEN).decode("ascii", "replace"))
        if len(plain) < _head.size:
            raise _cut_off()
        whose, told, is_last = _head.unpack_from(plain)
        is_full = len(plain) == _head.size + CHUNK
        if told != index or is_last is not (index == self._last) or not (is_full or is_last):
            raise _cut_off()
        if self._id and whose != self._id:
            raise DamagedFileError("A kept file is put together from several. Restore it from a backup.")
        self._id, self._index, self._chunk = whose, index, plain[_head.size :]


def _folder(folder: str) -> Path:
    return Path(default_storage.path(folder))


def _path(name: str) -> Path:
    if not _name.fullmatch(name):
        raise DamagedFileError("A kept file has no name that was given here.")
    return Path(default_storage.path(name))


def _files(folder: str) -> list[Path]:
    with suppress(FileNotFoundError):
        return [path for path in _folder(folder).iterdir() if path.is_file() and not path.is_symlink()]
    return []


def _written_at(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return datetime.max.replace(tzinfo=UTC)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _require_room(folder: Path, more: int) -> None:
    if shutil.disk_usage(folder).free - more < settings.READY_FREE_MB * MIB:
        raise _no_room()


def _no_room() -> NoRoomError:
    return NoRoomError(
        f"The disk of this installation is almost full: {settings.READY_FREE_MB} MiB must stay free (READY_FREE_MB). "
        "Ask whoever runs Towpath to make room, and try again.",
        field="file",
    )


def _cut_off() -> DamagedFileError:
    return DamagedFileError("A kept file is cut off or damaged. Restore it from a backup, or bring it here again.")


@contextmanager
def _lock(how: int) -> Iterator[bool]:
    """Between backups, which share it, and removals; it ends with its holder, however that ends."""
    folder: Path = settings.DATA_DIR
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / "files.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, how)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)
