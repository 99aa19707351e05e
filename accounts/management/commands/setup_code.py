"""Print a new one-time code for the set-up of the first administrator."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.services import first_run


class Command(BaseCommand):
    help = "Print a new one-time code for the set-up of the first administrator; the code before is worthless then."

    def handle(self, *args: Any, **options: Any) -> None:
        code = first_run.issue_code()
        if code is None:
            raise CommandError("This installation is set up already. People come in by invitation.")
        self.stdout.write(code)
