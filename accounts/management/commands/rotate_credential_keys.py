"""Encrypt all stored secrets again under the newest key."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.errors import RefusedError
from accounts.services import rotation

STEP = 100


class Command(BaseCommand):
    help = (
        "Encrypt all stored secrets again under the first key of CREDENTIAL_KEYS. Put the new key first and keep the "
        "old ones until this has run; it may be run again at any time."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = rotation.rotate_keys(actor=None, progress=self._show)
        except RefusedError as exc:
            raise CommandError(f"Not everything is encrypted under the newest key yet. {exc.message}") from exc
        self.stdout.write(f"{result.done} values are encrypted under the newest key.")
        if result.undecryptable:
            for name in result.undecryptable:
                self.stderr.write(f"Fits no key of CREDENTIAL_KEYS, left as it is: {name}")
            sys.exit(1)

    def _show(self, done: int, total: int) -> None:
        if done % STEP == 0 or done == total:
            self.stderr.write(f"{done} of {total}")
