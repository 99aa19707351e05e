"""Values that commands fill into plans: from the environment, or from what an organization keeps."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from promotions.choices import Decision
from promotions.management.decisions_file import Wanted
from promotions.management.promoting import EXIT_USAGE


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--secret",
        action="append",
        default=[],
        metavar="KEY=VARIABLE",
        help="fill in a secret from a variable of the environment; may be repeated",
    )
    parser.add_argument(
        "--stored",
        action="append",
        default=[],
        metavar="KEY=NAME",
        help="fill in a value that the target organization keeps under a name; may be repeated",
    )


def wanted(options: dict[str, Any]) -> list[Wanted]:
    """What --secret and --stored say. Raises CommandError with the code for wrong usage."""
    return [
        *(_secret(*_parts("--secret", said)) for said in options["secret"]),
        *(_stored(*_parts("--stored", said)) for said in options["stored"]),
    ]


def _parts(option: str, said: str) -> tuple[str, str]:
    """What stands on both sides of the last equals sign."""
    key, _, value = said.rpartition("=")
    if not (key and value):
        form = "KEY=VARIABLE" if option == "--secret" else "KEY=NAME"
        # What was said is not repeated: somebody may have put the secret itself there.
        raise CommandError(f"{option} takes {form}.", returncode=EXIT_USAGE)
    return key, value


def _secret(key: str, variable: str) -> Wanted:
    value = os.environ.get(variable, "")
    if not value:
        raise CommandError(
            f"--secret for “{key.partition('=')[0]}” names a variable that the environment does not hold, or an empty "
            "one. Put the secret into a variable, and its name here.",
            returncode=EXIT_USAGE,
        )
    return Wanted(name=key, decision=Decision.FILL, value=value, source="--secret", is_secret=True)


def _stored(key: str, name: str) -> Wanted:
    return Wanted(name=key, decision=Decision.REUSE, stored=name, source="--stored")
