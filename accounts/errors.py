"""Refusals of the services; their text is the sentence shown to the person."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """Something that uses an organization, a credential or a stored value, in words, with the page that shows it."""

    text: str
    url: str = ""
    is_blocking: bool = True


class RefusedError(Exception):
    """A rule says no. `field` names the form field it concerns, if one does."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class BusyError(RefusedError):
    """Not now: somebody's turn has to end first."""


class LastAdministratorError(RefusedError):
    """Nobody could manage the installation afterwards."""


class InUseError(RefusedError):
    """Something unfinished still needs the thing; `usages` lists what."""

    def __init__(self, message: str, usages: Sequence[Usage], *, field: str | None = None) -> None:
        super().__init__(message, field=field)
        self.usages = list(usages)


class ErasureNotConfirmedError(RefusedError):
    """The change erases stored secrets, which somebody must confirm first."""

    def __init__(self, message: str, credentials: Sequence[str]) -> None:
        super().__init__(message, field="is_erasure_confirmed")
        self.credentials = list(credentials)


class FirstRunClosedError(RefusedError):
    """The first administrator exists already."""


class NoCredentialError(RefusedError):
    """An organization has no credential to call its services with."""
