"""`manage.py restore`: an installation as it was at the time of a backup."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from operations import restoring
from operations.errors import OperationError

WORD = "replace"


class Command(BaseCommand):
    help = (
        "Restore a backup into this installation, which must be stopped and empty. Afterwards the record is verified "
        "and every secret tried; jobs that may have been sent since the backup are handed to a person. Exits with 1 "
        "if anything was found wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="an archive that manage.py backup wrote")
        parser.add_argument(
            "--replace", action="store_true", help="also into one that is not empty; asks to type a word first"
        )

    def handle(self, *_args: Any, file: str, replace: bool, **_options: Any) -> None:
        source = Path(file).absolute()
        try:
            with restoring.stopped_installation():
                if replace and not restoring.is_empty():
                    self._confirm()
                restored = restoring.restore(source, may_replace=replace, say=self._say)
        except (OperationError, OSError) as exc:
            raise CommandError(str(exc)) from exc
        held = restored.held
        self._say(
            f"Held back until somebody decides: {held.jobs} jobs that may have been sent since. Followed on: "
            f"{held.followed} jobs. Consents to be asked for again: {held.approvals}. Sharing that does not go on by "
            f"itself: {held.sharings}."
        )
        for text in restored.findings:
            self.stderr.write(text)
        for text in restored.undecryptable:
            self.stderr.write(f"The keys of this installation do not open the secret of {text}.")
        for text in restored.lost:
            self.stderr.write(f"The backup does not hold the file of {text}.")
        if not restored.is_sound:
            self.stderr.write("The backup is restored, and is not sound: see above.")
            sys.exit(1)
        self._say(
            f"The record is intact ({restored.lines} lines) and every secret can be read. Restored; start Towpath. "
            "What was done after the backup is missing here and may still be so at the platforms: synchronize, and "
            "look before you run anything again."
        )

    def _confirm(self) -> None:
        self.stderr.write(
            f"This installation ({settings.DATA_DIR}) is not empty. What is in it is put aside, and the backup takes "
            f"its place. Type {WORD} to go on:"
        )
        if sys.stdin.readline().strip() != WORD:
            raise CommandError("Nothing was changed.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
