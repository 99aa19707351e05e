"""`manage.py backup`: one archive of everything but the keys, while everything runs."""

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from operations import backups
from operations.errors import OperationError


def at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no number of at least 1")
    return int(text)


class Command(BaseCommand):
    help = (
        "Back up the database and the uploaded files into one archive; everything may run meanwhile. The keys are "
        "left out, since whoever has both can read the credentials: keep them apart. Prints the archive's path."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", metavar="DIR", help="folder to write to (DATA_DIR/backups)")
        parser.add_argument("--keep", type=at_least_one, metavar="N", help="remove all but the latest N backups there")
        parser.add_argument(
            "--with-keys", action="store_true", help="put the keys in as well; guard such an archive like a password"
        )

    def handle(self, *_args: Any, to: str | None, keep: int | None, with_keys: bool, **_options: Any) -> None:
        folder = Path(to).absolute() if to else backups.default_folder()
        try:
            made = backups.make(folder, keep=keep, with_keys=with_keys)
        except (OperationError, OSError) as exc:
            raise CommandError(f"Nothing was backed up. {exc}") from exc
        self.stdout.write(str(made.path))
        self.stderr.write(
            f"{made.size_bytes / 1e6:.1f} MB, {len(made.manifest.members)} members. The record ends at "
            f"{made.manifest.audit_head}; keep that beside the archive."
        )
        if made.forgotten:
            self.stderr.write(f"Old backups removed: {len(made.forgotten)}.")
        if with_keys:
            self.stderr.write("The archive holds the keys: whoever has it can read every credential.")
