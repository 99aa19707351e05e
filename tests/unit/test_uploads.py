"""Large files on their way in: only from people who have signed in, within limits, and gone with the request."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory

from config.uploads import skipped
from tests.factories import UserFactory

MIB = 1 << 20


@pytest.fixture(autouse=True)
def place(settings: Any, tmp_path: Path) -> Iterator[Path]:
    settings.DATA_DIR = tmp_path
    settings.ARCHIVE_MAX_MB = 3
    settings.READY_FREE_MB = 0
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


def sent(*sizes: int, user: Any = None) -> WSGIRequest:
    files = [SimpleUploadedFile(f"{number}.zip", b"x" * size) for number, size in enumerate(sizes)]
    request = RequestFactory().post("/", {"file": files, "name": "kept"})
    request.user = user or UserFactory.build()
    return request


def test_a_large_file_is_taken_as_it_came() -> None:
    request = sent(3 * MIB)

    file: Any = request.FILES["file"]

    assert b"".join(file.chunks()) == b"x" * 3 * MIB
    assert (file.size, request.POST["name"], skipped(request, "file")) == (3 * MIB, "kept", "")
    request.close()
    assert file.file.closed


def test_one_that_is_too_large_is_thrown_away_and_the_rest_of_the_form_stays() -> None:
    request = sent(3 * MIB + 1)

    assert not request.FILES
    assert request.POST["name"] == "kept"
    assert "larger than 3 MiB" in skipped(request, "file")
    assert skipped(request, "another") == ""


def test_many_files_take_no_more_room_than_one() -> None:
    request = sent(2 * MIB, 2 * MIB, 2 * MIB)

    assert [file.name for file in request.FILES.getlist("file")] == ["0.zip"]
    assert "together larger than 3 MiB" in skipped(request, "file")
    request.close()


def test_a_full_disk_takes_nothing(settings: Any) -> None:
    settings.READY_FREE_MB = 1_000_000_000

    request = sent(3 * MIB)

    assert not request.FILES
    assert "almost full" in skipped(request, "file")


def test_strangers_fill_no_disk() -> None:
    request = sent(3 * MIB, user=AnonymousUser())

    assert not request.FILES
