"""`manage.py upgrade`: back up, then migrate, once however many processes start."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.embedded import EmbeddedError
from operations import backups, upgrade


class Command(BaseCommand):
    help = (
        "Bring the database up to date after a backup. Of several at once one does it and the others wait; with "
        "nothing to do it ends at once. `manage.py up` does the same by itself."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            upgrade.migrate(folder=backups.default_folder(), write=self._say)
        except EmbeddedError as exc:
            raise CommandError(str(exc)) from exc
        self._say("The database fits this version.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
