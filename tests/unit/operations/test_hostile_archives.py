"""Archives that somebody else put together: they fill no disk, bring no keys but whole ones, and run nothing."""

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from config.embedded import KEY_NAMES
from operations import archive, restoring
from operations.archive import Manifest, Member
from operations.errors import OperationError

DATABASE = "database.sqlite3"


def member(name: str, data: bytes = b"x", **values: object) -> tuple[tarfile.TarInfo, bytes]:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    for field, value in values.items():
        setattr(entry, field, value)
    return entry, data


def made(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with gzip.open(path, "wb") as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for entry, data in members:
            tar.addfile(entry, io.BytesIO(data))
    return path


def manifest(**values: object) -> Manifest:
    known = {
        "made_at": "2026-01-01T00:00:00+00:00",
        "version": "0",
        "vendor": "sqlite",
        "database": DATABASE,
        "migrations": [],
        "audit_head": "0:",
        "has_keys": False,
        "members": {DATABASE: Member("0" * 64, 1)},
    }
    return Manifest(**{**known, **values})  # type: ignore[arg-type]


def test_a_file_larger_than_the_disk_is_refused_before_its_first_byte(tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    folder.mkdir()
    entry = tarfile.TarInfo("files/huge")
    entry.size = 1 << 60
    source = tmp_path / "hostile.tar.gz"
    source.write_bytes(gzip.compress(entry.tobuf(tarfile.GNU_FORMAT) + b"\0" * 1024))

    with pytest.raises(OperationError, match="MiB left"):
        archive.unpack(source, folder)

    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("said", [b"[]", b"{}", b"null", b'{"format": 1}', b"{", b'{"format": 1, "members": []}'])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, said: bytes) -> None:
    folder = tmp_path / "unpacked"
    folder.mkdir()

    with pytest.raises(OperationError):
        archive.unpack(made(tmp_path / "hostile.tar.gz", member(DATABASE), member(archive.MANIFEST, said)), folder)


def test_what_is_signed_with_another_key_is_refused(tmp_path: Path) -> None:
    forged = manifest()

    with pytest.raises(OperationError, match="another AUDIT_KEY"):
        restoring._check_keys(forged, forged.signature("another key"), tmp_path, has_content=False)


KEYS = {name: f"theirs-{name}" for name in KEY_NAMES}


def keys_file(folder: Path, keys: dict[str, str]) -> None:
    (folder / archive.KEYS).write_text("".join(f"{name}={value}\n" for name, value in keys.items()), encoding="utf-8")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda keys: keys.pop("SECRET_KEY"),
        lambda keys: keys.update(CREDENTIAL_KEYS=""),
        lambda keys: keys.update(DATABASE_URL="postgres://elsewhere/"),
        lambda keys: keys.clear(),
    ],
)
def test_keys_that_are_not_just_ours_are_refused(tmp_path: Path, spoil: Callable[[dict[str, str]], object]) -> None:
    keys = dict(KEYS)
    spoil(keys)
    keys_file(tmp_path, keys)
    forged = manifest(has_keys=True)

    with pytest.raises(OperationError, match="does not hold just SECRET_KEY, AUDIT_KEY, CREDENTIAL_KEYS"):
        restoring._check_keys(forged, forged.signature(keys.get("AUDIT_KEY", "")), tmp_path, has_content=False)


def test_keys_that_are_announced_and_missing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match="does not hold just"):
        restoring._check_keys(manifest(has_keys=True), "", tmp_path, has_content=False)


def test_a_dump_that_vouches_for_itself_is_not_given_to_psql(tmp_path: Path, settings: pytest.FixtureRequest) -> None:
    settings.IS_EMBEDDED = True  # type: ignore[attr-defined]
    keys_file(tmp_path, KEYS)
    forged = manifest(has_keys=True, vendor="postgresql")

    with pytest.raises(OperationError, match="If you trust where it comes from"):
        restoring._check_keys(forged, forged.signature(KEYS["AUDIT_KEY"]), tmp_path, has_content=False)


def test_the_signature_covers_every_word_of_the_manifest() -> None:
    plain = manifest()

    changed = [
        manifest(version="1"),
        manifest(has_keys=True),
        manifest(audit_head="1:0"),
        manifest(members={DATABASE: Member("1" * 64, 1)}),
    ]

    key = settings.AUDIT_KEY
    assert len({found.signature(key) for found in (plain, *changed)}) == 5
