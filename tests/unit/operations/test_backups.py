"""Which backups are kept."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from operations import backups

pytestmark = pytest.mark.django_db


def test_only_the_latest_backups_are_kept_and_no_other_file_is_touched(tmp_path: Path) -> None:
    others = [tmp_path / "towpath.tar.gz", tmp_path / "notes.txt", tmp_path / "before-upgrade-1.tar.gz"]
    for path in others:
        path.touch()
    made = [backups.make(tmp_path).path for _ in range(3)]

    last = backups.make(tmp_path, keep=2)

    assert last.forgotten == made[:2]
    assert sorted(tmp_path.iterdir()) == sorted([*others, made[2], last.path])


@pytest.mark.parametrize("keep", ["0", "-1", "many"])
def test_keeping_none_is_refused(keep: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is no number of at least 1"):
        call_command("backup", "--to", str(tmp_path), f"--keep={keep}")

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()

    with pytest.raises(CommandError, match=r"Nothing was backed up.*taken"):
        call_command("backup", "--to", str(tmp_path / "taken"))
