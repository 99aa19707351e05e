"""Making backups and forgetting old ones."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from config import embedded
from config.version import VERSION
from operations import archive, dumps
from operations.archive import Manifest
from promotions.services import sealed_files

SUFFIX = ".tar.gz"
ROUTINE = "towpath"
BEFORE_UPGRADE = "before-upgrade"
REPLACED = "replaced"


@dataclass(frozen=True)
class Backup:
    """A finished backup."""

    path: Path
    manifest: Manifest
    forgotten: list[Path]

    @property
    def size_bytes(self) -> int:
        return self.path.stat().st_size


def default_folder() -> Path:
    folder: Path = settings.DATA_DIR / "backups"
    return folder


def make(folder: Path, *, keep: int | None = None, with_keys: bool = False, kind: str = ROUTINE) -> Backup:
    """Write one archive into the folder, while everything runs; `keep` forgets all but so many of this kind."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made_at = datetime.now(UTC)
    target = folder / f"{kind}-{made_at:%Y%m%dT%H%M%S.%fZ}{SUFFIX}"
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=".backup-") as scratch,
        # The files are read after the database: what a row of it names was there before, and stays until the end.
        sealed_files.keeping_all(),
    ):
        dump = dumps.make(Path(scratch))
        with archive.writing(target) as writer:
            writer.add(dump.member, dump.path)
            for name, path in _files():
                writer.add(name, path)
            if with_keys:
                writer.add_text(archive.KEYS, keys_text())
            manifest = Manifest(
                made_at=made_at.isoformat(timespec="seconds"),
                version=VERSION,
                vendor=dump.vendor,
                database=dump.member,
                migrations=dump.migrations,
                audit_head=dump.audit_head,
                has_keys=with_keys,
                members=writer.members,
            )
            writer.finish(manifest, key=settings.AUDIT_KEY)
    return Backup(target, manifest, _forget(folder, kind, keep) if keep else [])


def _files() -> Iterator[tuple[str, Path]]:
    folder: Path = settings.DATA_DIR / archive.FILES
    for path in sorted(folder.rglob("*")):
        # One with a dot is being written; no row knows it yet.
        if not path.name.startswith(".") and path.is_file() and not path.is_symlink():
            yield f"{archive.FILES}/{path.relative_to(folder).as_posix()}", path


def keys_text() -> str:
    """The keys in the form of keys.env."""
    values = (settings.SECRET_KEY, settings.AUDIT_KEY, ",".join(settings.CREDENTIAL_KEYS))
    return "".join(f"{name}={value}\n" for name, value in zip(embedded.KEY_NAMES, values, strict=True))


def _forget(folder: Path, kind: str, keep: int) -> list[Path]:
    """The names sort by time."""
    old = sorted(folder.glob(f"{kind}-*{SUFFIX}"))[:-keep]
    for path in old:
        path.unlink()
    return old
