"""What a restore believes of an archive: only what a backup wrote, to the last byte."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from operations import archive
from operations.archive import Manifest
from operations.errors import OperationError

KEY = "key-of-the-record-0123456789"
CONTENT = bytes(range(256)) * 4096


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """An archive as a backup writes it."""
    database = tmp_path / "source"
    database.write_bytes(CONTENT)
    target = tmp_path / "archive.tar.gz"
    with archive.writing(target) as writer:
        writer.add("database.sqlite3", database)
        writer.add("files/deep/flow.zip", database)
        writer.finish(manifest(writer.members), key=KEY)
    return target


def manifest(members: dict[str, archive.Member]) -> Manifest:
    return Manifest(
        made_at="2026-01-01T00:00:00+00:00",
        version="0.1.0",
        vendor="sqlite",
        database="database.sqlite3",
        migrations=["accounts.0001_accounts"],
        audit_head="0:",
        has_keys=False,
        members=members,
    )


def unpacked(source: Path, tmp_path: Path) -> tuple[Manifest, str]:
    folder = tmp_path / "unpacked"
    folder.mkdir()
    return archive.unpack(source, folder)


def rewritten(source: Path, change: Callable[[list[tuple[str, bytes]]], list[tuple[str, bytes]]]) -> Path:
    """The archive with other members; its manifest stays as it was, unless the change touches it."""
    with tarfile.open(source) as tar:
        members = [(entry.name, tar.extractfile(entry).read()) for entry in tar]  # type: ignore[union-attr]
    target = source.with_name("rewritten.tar.gz")
    with tarfile.open(target, "w:gz") as tar:
        for name, content in change(members):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return target


def test_a_whole_archive_gives_back_what_went_in_and_is_private(whole: Path, tmp_path: Path) -> None:
    found, signature = unpacked(whole, tmp_path)

    assert (tmp_path / "unpacked/database.sqlite3").read_bytes() == CONTENT
    assert (tmp_path / "unpacked/files/deep/flow.zip").read_bytes() == CONTENT
    assert found.signature(KEY) == signature
    assert whole.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "unpacked/database.sqlite3").stat().st_mode & 0o777 == 0o600


def test_a_backup_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    target = tmp_path / "archive.tar.gz"

    with pytest.raises(FileNotFoundError), archive.writing(target) as writer:
        writer.add("database.sqlite3", tmp_path / "gone")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_an_archive_that_was_cut_off_is_refused(share: float, whole: Path, tmp_path: Path) -> None:
    data = whole.read_bytes()
    whole.write_bytes(data[: int(len(data) * share)])

    with pytest.raises(OperationError, match=r"is damaged: .* Nothing was changed\. Take another backup\."):
        unpacked(whole, tmp_path)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.4, 0.6, 0.8, 0.99])
def test_an_archive_with_one_changed_byte_is_refused(share: float, whole: Path, tmp_path: Path) -> None:
    data = bytearray(whole.read_bytes())
    data[int(len(data) * share)] ^= 0xFF
    whole.write_bytes(data)

    with pytest.raises(OperationError, match="is damaged"):
        unpacked(whole, tmp_path)


def swapped(members: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    return [(name, b"other" if name == "database.sqlite3" else content) for name, content in members]


def with_first(name: str) -> Callable[[list[tuple[str, bytes]]], list[tuple[str, bytes]]]:
    return lambda members: [(name, b"intruder"), *members]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (swapped, "database.sqlite3 is not what its manifest says"),
        (lambda members: members[1:], "database.sqlite3 is not what its manifest says"),
        (lambda members: members[:-1], "it has no manifest"),
        (lambda members: [*members, ("late", b"")], "something follows its manifest"),
        (lambda members: [members[0], *members], "'database.sqlite3', which no backup writes"),
        (with_first("extra"), "extra is not what its manifest says"),
        (with_first("../outside"), "'../outside', which no backup writes"),
        (with_first("files/../../outside"), "which no backup writes"),
        (with_first("/outside"), "'/outside', which no backup writes"),
        (with_first("other/folder"), "'other/folder', which no backup writes"),
        (lambda members: [*members[:-1], ("manifest.json", b"{")], "damaged"),
        (lambda members: [*members[:-1], ("manifest.json", b'{"format": 1}')], "its manifest cannot be understood"),
        (lambda members: [*members[:-1], ("manifest.json", b'{"format": 2}')], "has the format 2"),
    ],
)
def test_an_archive_that_no_backup_wrote_is_refused(
    change: Callable[..., Any], words: str, whole: Path, tmp_path: Path
) -> None:
    source = rewritten(whole, change)

    with pytest.raises(OperationError, match="Nothing was changed") as caught:
        unpacked(source, tmp_path)

    assert words in str(caught.value)
    assert not (tmp_path / "outside").exists()


def test_a_link_in_an_archive_is_refused(whole: Path, tmp_path: Path) -> None:
    target = tmp_path / "linked.tar.gz"
    with tarfile.open(target, "w:gz") as tar:
        entry = tarfile.TarInfo("files/link")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(entry)

    with pytest.raises(OperationError, match="'files/link', which no backup writes"):
        unpacked(target, tmp_path)


@pytest.mark.parametrize("member", ["made_at", "audit_head", "version", "vendor"])
def test_whoever_rewrites_the_manifest_cannot_sign_it(member: str, whole: Path, tmp_path: Path) -> None:
    def forge(members: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
        said = json.loads(members[-1][1])
        return [*members[:-1], ("manifest.json", json.dumps({**said, member: "forged"}).encode())]

    found, signature = unpacked(rewritten(whole, forge), tmp_path)

    assert found.signature(KEY) != signature


@pytest.mark.parametrize(
    "content", [b"", b"no archive", gzip.compress(b"no tar", mtime=0)], ids=["empty", "text", "gzip"]
)
def test_a_file_that_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    source = tmp_path / "odd.tar.gz"
    source.write_bytes(content)

    with pytest.raises(OperationError, match="is damaged"):
        unpacked(source, tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match=r"nowhere\.tar\.gz cannot be read: No such file or directory"):
        unpacked(tmp_path / "nowhere.tar.gz", tmp_path)
