"""What is told of every exchange with a remote system, to whoever keeps figures. Knows nobody who does."""

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from clients.effects import Effect

logger = logging.getLogger(__name__)


class Outcome(StrEnum):
    """How one exchange went, as seen on the wire."""

    OK = "ok"
    REDIRECTED = "redirected"
    REFUSED = "refused"
    """4xx."""
    FAILED = "failed"
    """5xx."""
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    """The request never left."""
    BROKEN = "broken"
    """The line was cut, or the bytes could not be read."""


@dataclass(frozen=True)
class Exchange:
    """One request and what came back. A call that is tried again is several exchanges."""

    operation: str
    effect: Effect
    method: str
    host: str
    path: str
    """Without the query."""
    outcome: Outcome
    seconds: float
    status: int | None = None
    size_bytes: int = 0
    request_id: str | None = None
    """The remote system's own."""


class Observer(Protocol):
    """Is told of each exchange, in the thread that made it; must be quick."""

    def __call__(self, exchange: Exchange, /) -> None: ...


_observers: list[Observer] = []


def add_observer(observer: Observer) -> None:
    """Have every exchange of this process told to `observer`, once however often it is added."""
    if observer not in _observers:
        _observers.append(observer)


def remove_observer(observer: Observer) -> None:
    _observers.remove(observer)


def tell(exchange: Exchange) -> None:
    """Tell everybody; one that fails is logged and harms neither the call nor the others."""
    for observer in list(_observers):
        try:
            observer(exchange)
        except Exception:  # the call has been made, and its caller must learn how it ended
            logger.exception("an observer of remote calls failed")


def outcome_of(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome.OK
    if status >= 500:
        return Outcome.FAILED
    return Outcome.REDIRECTED if 300 <= status < 400 else Outcome.REFUSED
