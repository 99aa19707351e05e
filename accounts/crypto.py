"""Encryption of secrets at rest."""

import hashlib
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class UndecryptableError(Exception):
    """A stored secret was encrypted with a key that CREDENTIAL_KEYS no longer holds."""


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _current() -> MultiFernet:
    return _fernet(tuple(settings.CREDENTIAL_KEYS))


def encrypt(text: str) -> str:
    """Encrypt under the newest key."""
    return encrypt_bytes(text.encode())


def encrypt_bytes(content: bytes) -> str:
    """The same for anything; the ciphertext is text all the same."""
    return _current().encrypt(content).decode()


def decrypt(ciphertext: str) -> str:
    """Decrypt with whichever key fits; raises UndecryptableError if none does."""
    return decrypt_bytes(ciphertext).decode()


def decrypt_bytes(ciphertext: str) -> bytes:
    """The same for what `encrypt_bytes` made."""
    try:
        return _current().decrypt(ciphertext.encode())
    except InvalidToken as exc:
        raise UndecryptableError(
            "A stored secret cannot be decrypted. Put the key it was written with back into CREDENTIAL_KEYS, "
            "or replace the secret."
        ) from exc


def rotate(ciphertext: str) -> str:
    """Encrypt again under the newest key; raises UndecryptableError if no key fits."""
    try:
        return _current().rotate(ciphertext.encode()).decode()
    except InvalidToken as exc:
        raise UndecryptableError("A stored secret fits no key of CREDENTIAL_KEYS; nothing was changed.") from exc


def token_hash(token: str) -> str:
    """How one-time links and API tokens are stored.

    They are long and random, so a plain digest cannot be guessed.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def keyed_digest(text: str) -> str:
    """A digest that cannot be computed, or guessed at, without the installation's audit key."""
    return hmac.new(settings.AUDIT_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
