"""Large files in the storage that web and workers share: encrypted, seekable, whole or refused."""

import hashlib
import io
import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from accounts.crypto import UndecryptableError
from operations import backups
from promotions.services import sealed_files
from promotions.services.sealed_files import CHUNK, TOKEN, DamagedFileError, NoRoomError, TooLargeError

LIMIT = 8 * CHUNK
Seal = Callable[[bytes], str]


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    """The folder of the files of this test."""
    settings.DATA_DIR = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "files"},
        },
    }
    return tmp_path / "files" / "archives"


def content_of(size: int) -> bytes:
    return (hashlib.sha256(b"content").digest() * (size // 32 + 1))[:size]


def seal(content: bytes) -> str:
    return sealed_files.write([content], at_most=LIMIT).name


def path_of(name: str, folder: Path) -> Path:
    return folder.parent / name


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 12_345])
def test_a_file_comes_back_byte_for_byte_and_lies_encrypted(size: int, folder: Path) -> None:
    content = content_of(size)
    pieces = (content[start : start + 70_000] for start in range(0, size, 70_000))

    written = sealed_files.write(pieces, at_most=LIMIT)

    assert (written.size, written.sha256) == (size, hashlib.sha256(content).hexdigest())
    with sealed_files.open_sealed(written.name) as file:
        assert file.read() == content
    assert sealed_files.size(written.name) == size
    assert content[:40] not in path_of(written.name, folder).read_bytes() or not size


def test_only_its_owner_may_read_a_file(folder: Path) -> None:
    name = seal(b"secret")

    assert stat.S_IMODE(path_of(name, folder).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_any_place_of_a_file_can_be_read() -> None:
    content = content_of(3 * CHUNK + 777)
    places = [3 * CHUNK + 700, 0, CHUNK - 5, 2 * CHUNK, CHUNK + 1, len(content) - 1, len(content), len(content) + 9]

    with sealed_files.open_sealed(seal(content)) as file:
        found = [(file.seek(place), file.read(100))[1] for place in places]
        end = file.seek(-10, os.SEEK_END)

    assert found == [content[place : place + 100] for place in places]
    assert end == len(content) - 10


def test_more_than_the_limit_is_refused_by_name_and_leaves_nothing(folder: Path) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(CHUNK)

    with pytest.raises(TooLargeError, match=r"larger than 8 MiB, the limit here \(ARCHIVE_MAX_MB\)"):
        sealed_files.write(endless(), at_most=LIMIT)

    assert list(folder.iterdir()) == []


def test_a_line_that_breaks_off_leaves_nothing(folder: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield bytes(2 * CHUNK)
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        sealed_files.write(broken(), at_most=LIMIT)

    assert list(folder.iterdir()) == []


def test_what_was_not_ended_leaves_nothing(folder: Path) -> None:
    with sealed_files.writing(at_most=LIMIT) as (writer, _):
        writer.write(b"the beginning")

    assert list(folder.iterdir()) == []


def test_the_disk_is_not_filled(settings: Any, folder: Path) -> None:
    settings.READY_FREE_MB = 1_000_000_000

    with pytest.raises(NoRoomError, match=r"almost full: 1000000000 MiB must stay free \(READY_FREE_MB\)"):
        seal(b"a little")

    assert list(folder.iterdir()) == []


def test_a_file_without_its_key_is_not_read(settings: Any) -> None:
    name = seal(b"secret")
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(UndecryptableError):
        sealed_files.open_sealed(name)


def cut_at_a_chunk(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:TOKEN])


def cut_anywhere(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: TOKEN + 500])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def exchange(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[TOKEN : 2 * TOKEN] + content[:TOKEN] + content[2 * TOKEN :])


def mix(path: Path) -> None:
    other = path.parent.parent / seal(content_of(3 * CHUNK))
    path.write_bytes(other.read_bytes()[:TOKEN] + path.read_bytes()[TOKEN:])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[TOKEN + 99] ^= 1
    path.write_bytes(content)


def read_through(name: str) -> None:
    with sealed_files.open_sealed(name) as file:
        while file.read(CHUNK):
            continue


@pytest.mark.parametrize("harm", [cut_at_a_chunk, cut_anywhere, empty, exchange, mix, lengthen, flip])
def test_a_file_that_was_changed_is_never_read_to_its_end(harm: Callable[[Path], None], folder: Path) -> None:
    name = seal(content_of(3 * CHUNK))
    harm(path_of(name, folder))

    with pytest.raises((DamagedFileError, UndecryptableError)):
        read_through(name)
    with pytest.raises(UndecryptableError):
        sealed_files.Store().check(name)


def test_a_file_that_is_gone_is_said_to_be(folder: Path) -> None:
    name = seal(b"here today")
    assert sealed_files.delete(name)
    assert sealed_files.delete(name)

    with pytest.raises(DamagedFileError, match="missing from the storage"):
        sealed_files.open_sealed(name)


@pytest.mark.parametrize("name", ["../keys.env", "archives/../../keys.env", "/etc/passwd", "archives/x", ""])
def test_a_name_that_was_not_given_here_leads_nowhere(name: str) -> None:
    with pytest.raises(DamagedFileError):
        sealed_files.open_sealed(name)
    with pytest.raises(DamagedFileError):
        sealed_files.delete(name)


def test_a_file_of_mixed_keys_is_read_and_new_keys_reach_every_chunk(settings: Any, folder: Path) -> None:
    content = content_of(2 * CHUNK + 9)
    name = seal(content)
    before = path_of(name, folder).read_bytes()
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode(), *settings.CREDENTIAL_KEYS]
    store = sealed_files.Store()

    assert store.rotate(name)

    after = path_of(name, folder).read_bytes()
    path_of(name, folder).write_bytes(before[:TOKEN] + after[TOKEN:])
    with sealed_files.open_sealed(name) as file:
        assert file.read() == content
    path_of(name, folder).write_bytes(after)
    settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS[:1]
    store.check(name)
    assert store.names() == [name]
    assert [path.name for path in folder.iterdir()] == [path_of(name, folder).name]


def test_a_rotation_that_fails_leaves_the_file_as_it_was(settings: Any, folder: Path) -> None:
    name = seal(content_of(2 * CHUNK))
    before = path_of(name, folder).read_bytes()
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(UndecryptableError):
        sealed_files.Store().rotate(name)

    assert {path: path.read_bytes() for path in folder.iterdir()} == {path_of(name, folder): before}


def test_the_sweep_takes_old_files_that_nothing_needs(folder: Path) -> None:
    needed, orphan, young = seal(b"needed"), seal(b"orphan"), seal(b"young")
    draft, alien = folder / ".0123.part", folder / "notes.txt"
    for path in (draft, alien):
        path.touch()
    old = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    for path in (path_of(needed, folder), path_of(orphan, folder), draft, alien):
        os.utime(path, (old, old))

    swept = sealed_files.sweep(lambda names: {needed} & set(names), before=datetime.now(UTC) - timedelta(days=1))

    assert swept == 2
    assert sealed_files.names() == sorted([needed, young])
    assert alien.exists()


def test_nothing_goes_while_a_backup_is_made(folder: Path) -> None:
    name = seal(b"needed by a row of the backup")
    with sealed_files.keeping_all():
        is_gone = sealed_files.delete(name)
        swept = sealed_files.sweep(lambda _: set(), before=datetime.now(UTC) + timedelta(days=1))

    assert (is_gone, swept) == (False, 0)
    assert sealed_files.names() == [name]
    assert sealed_files.delete(name)


@pytest.mark.django_db
def test_a_backup_holds_finished_files_only(folder: Path, tmp_path: Path) -> None:
    name = seal(b"finished")
    (folder / ".0123.part").write_bytes(b"half")

    made = backups.make(tmp_path / "kept")

    assert [member for member in made.manifest.members if member.startswith("files/")] == [f"files/{name}"]


def test_reading_a_zip_through_it_needs_one_chunk_at_a_time() -> None:
    name = seal(content_of(4 * CHUNK))

    with sealed_files.open_sealed(name) as file:
        assert isinstance(file, io.BufferedReader)
        assert sum(len(piece) for piece in iter(lambda: file.read(CHUNK // 3), b"")) == 4 * CHUNK
