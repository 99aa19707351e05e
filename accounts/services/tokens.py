"""The access token of a credential, shared by all processes through one database row.

The row is both store and lock: whoever moves `locked_until` ahead renews the token, everybody else uses the old one
while it is good, or waits. No transaction is open while the token is asked for, and a holder that dies only holds the
others up until its lock ends.
"""

import hashlib
import random
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import IntegrityError
from django.utils import timezone

from accounts import crypto
from accounts.errors import NoCredentialError
from accounts.models import AccessToken
from clients.ims import TOKEN_BUDGET_S
from clients.tokens import RENEWAL_MARGIN, WAIT_LIMIT_S, Token

PAUSE_S = 0.05
LOCK_LIFE = timedelta(seconds=TOKEN_BUDGET_S + 2)
JITTER_S = 60.0
RETRY_PAUSE = timedelta(seconds=30)
MEMORY_S = 5.0

_memory: dict[tuple[int, str], tuple[float, Token]] = {}
_memory_lock = threading.Lock()


class DatabaseTokenStore:
    """Keeps the token of one credential. `generation` sets tokens of a replaced secret apart in process memory."""

    def __init__(self, credential_id: int, *, generation: str = "") -> None:
        self._credential_id = credential_id
        self._key = (credential_id, generation)

    def get(self, fetch: Callable[[], Token]) -> Token:
        """A usable token; raises what `fetch` raised, or TimeoutError after waiting 30 s for another caller."""
        remembered = self._recall()
        if remembered is not None:
            return remembered
        wait_until = time.monotonic() + WAIT_LIMIT_S
        while True:
            row = self._row()
            now = timezone.now()
            token = self._usable(row, now)
            if token is not None and row.refresh_at > now:
                self._remember(token)
                return token
            lock = self._lock(row, now)
            if lock is not None:
                return self._renew(fetch, lock, token)
            if token is not None:
                return token
            if time.monotonic() >= wait_until:
                raise TimeoutError("Another process has been renewing the access token for too long. Try again later.")
            time.sleep(PAUSE_S)

    def reject(self, value: str) -> None:
        """Mark that very value stale; a value that was replaced meanwhile is left alone."""
        with _memory_lock:
            known = _memory.get(self._key)
            if known is not None and known[1].value == value:
                del _memory[self._key]
        AccessToken.objects.filter(credential=self._credential_id, value_digest=_digest(value)).update(is_rejected=True)

    def _row(self) -> AccessToken:
        rows = AccessToken.objects.filter(credential=self._credential_id)
        # A replaced secret removes the row, at any moment.
        while (row := rows.first()) is None:
            try:
                AccessToken.objects.bulk_create([AccessToken(credential_id=self._credential_id)], ignore_conflicts=True)
            except IntegrityError as exc:
                raise NoCredentialError("The credential was deleted.") from exc
        return row

    def _usable(self, row: AccessToken, now: datetime) -> Token | None:
        if row.is_rejected or not row.ciphertext or row.expires_at <= now:
            return None
        try:
            return Token(value=crypto.decrypt(row.ciphertext), expires_at=row.expires_at)
        except crypto.UndecryptableError:
            return None  # a token is cheap: a new one is stored under the current key

    def _lock(self, row: AccessToken, now: datetime) -> datetime | None:
        """The end of our lock, which also proves that it is ours; None if somebody else renews, or has renewed.

        The row must still say what we found wanting in it.
        """
        until = now + LOCK_LIFE
        unchanged = AccessToken.objects.filter(
            pk=row.pk, value_digest=row.value_digest, refresh_at=row.refresh_at, locked_until__lt=now
        )
        return until if unchanged.update(locked_until=until) else None

    def _renew(self, fetch: Callable[[], Token], lock: datetime, old: Token | None) -> Token:
        held = AccessToken.objects.filter(credential=self._credential_id, locked_until=lock)
        try:
            token = fetch()
        except BaseException as exc:  # whatever ended it, the lock is given back
            now = timezone.now()
            if old is not None and old.expires_at > now and isinstance(exc, Exception):
                held.update(locked_until=now, refresh_at=now + RETRY_PAUSE)
                return old
            held.update(locked_until=now)
            raise
        now = timezone.now()
        # Tokens that live shorter than the margin would be renewed with every call otherwise.
        margin = min(RENEWAL_MARGIN + timedelta(seconds=random.uniform(0, JITTER_S)), (token.expires_at - now) / 10)  # noqa: S311  not a secret
        held.update(
            ciphertext=crypto.encrypt(token.value),
            value_digest=_digest(token.value),
            expires_at=token.expires_at,
            refresh_at=token.expires_at - margin,
            is_rejected=False,
            locked_until=now,
        )
        self._remember(token)
        return token

    def _recall(self) -> Token | None:
        with _memory_lock:
            known = _memory.get(self._key)
        if known is None or known[0] < time.monotonic() or known[1].expires_at <= timezone.now():
            return None
        return known[1]

    def _remember(self, token: Token) -> None:
        with _memory_lock:
            _memory[self._key] = (time.monotonic() + MEMORY_S, token)


def forget() -> None:
    """Empty this process's memory."""
    with _memory_lock:
        _memory.clear()


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
