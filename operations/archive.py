"""The file that a backup is: a compressed tar whose last member, the manifest, vouches for all others.

The manifest is signed with AUDIT_KEY: a restore runs what the archive holds against the database, so an archive that
somebody else put together must not pass. The same key is needed anyway to prove the record that comes with it.
"""

import gzip
import hashlib
import hmac
import io
import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from operations.errors import OperationError

FORMAT = 1
MANIFEST = "manifest.json"
KEYS = "keys.env"
FILES = "files"
CHUNK = 1 << 20
ROOM_LEFT = 64 << 20
COMPRESSION = 6
_PURPOSE = b"towpath-backup:"
_LARGEST_MANIFEST = 64 << 20


@dataclass(frozen=True)
class Member:
    """One file of the archive."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Manifest:
    """What an archive holds, and what it was made from."""

    made_at: str
    version: str
    vendor: str
    database: str
    """Name of the member that holds the database."""
    migrations: list[str]
    audit_head: str
    """SEQUENCE:DIGEST, as verify_audit expects it."""
    has_keys: bool
    members: dict[str, Member] = field(default_factory=dict)
    format: int = FORMAT

    def signature(self, key: str) -> str:
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hmac.new(key.encode(), _PURPOSE + text.encode(), hashlib.sha256).hexdigest()


class ArchiveWriter:
    """Puts an archive together; what was written so far is gone unless `finish` is reached."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.members: dict[str, Member] = {}

    def add(self, name: str, path: Path) -> None:
        """Add a file under this name."""
        size = path.stat().st_size
        with path.open("rb") as source:
            reader = _Hashing(source)
            self._tar.addfile(_entry(name, size), reader)
        self.members[name] = Member(reader.hash.hexdigest(), size)

    def add_text(self, name: str, text: str) -> None:
        data = text.encode()
        self._tar.addfile(_entry(name, len(data)), io.BytesIO(data))
        self.members[name] = Member(hashlib.sha256(data).hexdigest(), len(data))

    def finish(self, manifest: Manifest, *, key: str) -> None:
        """Close the list of members."""
        data = json.dumps({**asdict(manifest), "signature": manifest.signature(key)}, indent=1).encode()
        self._tar.addfile(_entry(MANIFEST, len(data)), io.BytesIO(data))


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self.hash.update(data)
        return data


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


@contextmanager
def writing(target: Path) -> Iterator[ArchiveWriter]:
    """Write an archive that is at `target` whole or not at all, and that nobody else can read."""
    draft = target.with_name(f".{target.name}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with (
            os.fdopen(descriptor, "wb") as raw,
            gzip.GzipFile(fileobj=raw, mode="wb", filename="", compresslevel=COMPRESSION) as packed,
        ):
            with tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar:
                yield ArchiveWriter(tar)
            packed.close()
            raw.flush()
            os.fsync(raw.fileno())
        draft.replace(target)
    except BaseException:  # Ctrl-C too leaves no half archive
        draft.unlink(missing_ok=True)
        raise


def unpack(source: Path, folder: Path) -> tuple[Manifest, str]:
    """Unpack into an empty folder and check every byte; returns the manifest with its signature.

    Raises OperationError for anything that is not exactly what a backup wrote.
    """
    found: dict[str, Member] = {}
    said: Any = None
    try:
        with gzip.open(source) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
            for entry in tar:
                if said is not None:
                    raise _damaged(source, "something follows its manifest")
                content = tar.extractfile(entry) if entry.isreg() else None
                if content is None or not _is_plain(entry.name) or entry.name in found:
                    raise _damaged(source, f"it holds {entry.name!r}, which no backup writes")
                if entry.name == MANIFEST:
                    said = json.loads(content.read(_LARGEST_MANIFEST))
                else:
                    _require_room(source, entry.size, folder)
                    found[entry.name] = _copy_out(content, folder / entry.name)
            while packed.read(CHUNK):  # to its end, whose checksum covers everything
                continue
    except (tarfile.TarError, EOFError, OSError, zlib.error, ValueError) as exc:
        if isinstance(exc, FileNotFoundError | PermissionError):
            raise OperationError(f"{source} cannot be read: {exc.strerror}.") from exc
        raise _damaged(source, str(exc) or type(exc).__name__) from exc
    manifest, signature = _read_manifest(source, said)
    for name in sorted(manifest.members.keys() | found.keys()):
        if manifest.members.get(name) != found.get(name):
            raise _damaged(source, f"{name} is not what its manifest says")
    return manifest, signature


def _is_plain(name: str) -> bool:
    path = PurePosixPath(name)
    is_ours = path.parts[:1] == (FILES,) or len(path.parts) == 1
    return is_ours and not path.is_absolute() and ".." not in path.parts and str(path) == name


def _require_room(source: Path, size: int, folder: Path) -> None:
    """Whose archive it is shows at its end only; until then it must not be able to fill the disk."""
    free = shutil.disk_usage(folder).free
    if size > free - ROOM_LEFT:
        raise OperationError(
            f"{source} holds a file of {size >> 20} MiB, and {folder.parent} has {free >> 20} MiB left. Make room, if "
            "the archive is yours. Nothing was changed."
        )


def _copy_out(content: IO[bytes], target: Path) -> Member:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return Member(digest.hexdigest(), size)


def _read_manifest(source: Path, said: Any) -> tuple[Manifest, str]:
    if said is None:
        raise _damaged(source, "it has no manifest, so it was cut off or is no backup")
    if not isinstance(said, dict):
        raise _damaged(source, "its manifest cannot be understood")
    if said.get("format") != FORMAT:
        raise OperationError(
            f"{source} has the format {said.get('format')!r}; this version of Towpath reads {FORMAT}. "
            "Restore it with the version that made it. Nothing was changed."
        )
    try:
        signature = str(said.pop("signature"))
        members = {str(name): Member(**member) for name, member in said.pop("members").items()}
        manifest = Manifest(**said, members=members)
    except (KeyError, TypeError, AttributeError) as exc:
        raise _damaged(source, "its manifest cannot be understood") from exc
    if manifest.database not in members:
        raise _damaged(source, "it holds no database")
    return manifest, signature


def _damaged(source: Path, why: str) -> OperationError:
    return OperationError(f"{source} is damaged: {why}. Nothing was changed. Take another backup.")
