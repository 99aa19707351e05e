"""Small recurring work on our own rows, with no call to a remote system. What needs it registers here."""

import logging
from collections.abc import Callable

log = logging.getLogger(__name__)

Chore = Callable[[], object]

_chores: dict[str, Chore] = {}


def register(name: str, chore: Chore) -> None:
    """`chore` is called every half minute, perhaps by two workers at once, so it must stand that."""
    _chores[name] = chore


def do_all() -> None:
    """One that breaks keeps no other from being done."""
    for name, chore in _chores.items():
        try:
            chore()
        except Exception:  # whatever it is: the others are no part of it, and this one is called again
            log.exception("the chore %s broke", name)
