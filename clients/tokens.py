"""Access tokens and where they are kept between calls."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

RENEWAL_MARGIN = timedelta(minutes=5)
"""A token is renewed this long before it expires, while the old one still works."""

WAIT_LIMIT_S = 30.0
RETRY_PAUSE = timedelta(seconds=30)


@dataclass(frozen=True)
class Token:
    """An access token; `expires_at` is aware and in UTC."""

    value: str = field(repr=False)
    expires_at: datetime


class TokenStore(Protocol):
    """Keeps the token of one credential for everybody who uses it."""

    def get(self, fetch: Callable[[], Token]) -> Token:
        """A usable token; at most one caller runs `fetch` at a time, the others wait or use the old one."""

    def reject(self, value: str) -> None:
        """Mark that very value stale, so that one renewal follows however many callers saw it refused."""


class MemoryTokenStore:
    """A token store for one process; safe between threads.

    If a renewal fails while the old token is still valid, the old one stays in use.
    """

    def __init__(self, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._changed = threading.Condition()
        self._token: Token | None = None
        self._renew_at: datetime | None = None
        self._is_rejected = False
        self._is_fetching = False
        self._round = 0
        self._failure: BaseException | None = None

    def get(self, fetch: Callable[[], Token]) -> Token:
        """A usable token; raises what `fetch` raised, or TimeoutError after waiting 30 s for another caller."""
        with self._changed:
            valid = self._valid()
            if valid and (self._is_fetching or not self._is_due()):
                return valid
            if self._is_fetching:
                return self._wait_for_other()
            self._is_fetching = True
        try:
            token = fetch()
        except BaseException as exc:  # whatever ended it, those who wait are told
            if (kept := self._conclude(None, exc)) and isinstance(exc, Exception):
                return kept
            raise
        self._conclude(token, None)
        return token

    def reject(self, value: str) -> None:
        """Mark that very value stale; a value that was replaced meanwhile is left alone."""
        with self._changed:
            if self._token is not None and self._token.value == value:
                self._is_rejected = True

    def _valid(self) -> Token | None:
        if self._token is None or self._is_rejected or self._token.expires_at <= self._now():
            return None
        return self._token

    def _is_due(self) -> bool:
        return self._renew_at is None or self._now() >= self._renew_at

    def _wait_for_other(self) -> Token:
        before = self._round
        if not self._changed.wait_for(lambda: self._round != before, timeout=WAIT_LIMIT_S):
            raise TimeoutError("Another caller has been renewing the access token for too long. Try again later.")
        # One failed request answers everybody who waited for it: asking again at once would only add load.
        if self._failure is not None:
            raise self._failure
        if self._token is None:
            raise TimeoutError("The access token vanished while waiting for it. Try again later.")
        return self._token

    def _conclude(self, token: Token | None, failure: BaseException | None) -> Token | None:
        with self._changed:
            self._is_fetching = False
            self._round += 1
            self._failure = failure
            if token is not None:
                self._token, self._is_rejected = token, False
                life = token.expires_at - self._now()
                # A share of the life for short-lived tokens, which would otherwise be renewed with every call.
                self._renew_at = token.expires_at - min(RENEWAL_MARGIN, life / 10)
            elif self._valid():
                self._renew_at = self._now() + RETRY_PAUSE
            self._changed.notify_all()
            return self._valid()
