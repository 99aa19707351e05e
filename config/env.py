"""Checked, typed readers of the environment: a missing or odd value stops the start with a sentence."""

import base64
import os
import re
import secrets
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

MIN_SECRET_LENGTH = 50
MIN_TOKEN_LENGTH = 24
MIN_DISTINCT_CHARACTERS = 10
TRUE_WORDS = ("true", "yes", "on", "1")
FALSE_WORDS = ("false", "no", "off", "0")


class Mode(StrEnum):
    """What this installation is for; it decides how strict the other values are read.

    `PRODUCTION` refuses every missing or weak value and serves over HTTPS only. `EMBEDDED` is one machine behind
    `manage.py up`, which makes and keeps the keys. `DEMO` is embedded, and may talk to an emulator on loopback.
    `DEVELOPMENT` (tests, type checks) makes keys that end with the process.
    """

    PRODUCTION = "production"
    EMBEDDED = "embedded"
    DEMO = "demo"
    DEVELOPMENT = "development"


def mode() -> Mode:
    """The mode named by TOWPATH_MODE; production if it is not set."""
    name = os.environ.get("TOWPATH_MODE") or Mode.PRODUCTION
    try:
        return Mode(name)
    except ValueError:
        names = ", ".join(Mode)
        raise ImproperlyConfigured(f"TOWPATH_MODE is {name!r}. Set it to one of: {names}.") from None


def text(name: str, default: str | None = None) -> str:
    """The value of `name`, or the content of the file that `name`_FILE points to (for mounted secrets)."""
    file_name = os.environ.get(f"{name}_FILE")
    if file_name:
        try:
            return Path(file_name).read_text(encoding="utf-8").strip()
        except OSError as exc:
            raise ImproperlyConfigured(f"{name}_FILE points to {file_name}, which cannot be read: {exc}.") from exc
    value = os.environ.get(name) or default
    if value is None:
        raise ImproperlyConfigured(
            f"{name} is not set. See docs/configuration.md for what it holds and how to make it."
        )
    return value


def words(name: str, default: Sequence[str] | None = None) -> list[str]:
    """A comma-separated list; blanks around and empty members are dropped. Without a default it needs a member."""
    raw = text(name, None if default is None else ",".join(default))
    found = [word.strip() for word in raw.split(",") if word.strip()]
    if default is None and not found:
        raise ImproperlyConfigured(f"{name} is {raw!r}, which names nothing. Set it to a comma-separated list.")
    return found


def choice(name: str, default: str, among: Sequence[str]) -> str:
    """One of the given words, in any case."""
    value = text(name, default).upper()
    if value not in among:
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to one of: {', '.join(among)}.")
    return value


def url(name: str, default: str | None, schemes: Sequence[str]) -> str:
    """A URL of a known scheme; the value is not repeated in the refusal, since it may hold a password."""
    value = text(name, default)
    if value.partition("://")[0] not in schemes:
        raise ImproperlyConfigured(f"{name} must start with one of: {', '.join(f'{s}://' for s in schemes)}.")
    return value


def integer(name: str, default: int, *, least: int, most: int) -> int:
    """A whole number within bounds."""
    raw = text(name, str(default))
    try:
        value = int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {raw!r}.") from None
    if not least <= value <= most:
        raise ImproperlyConfigured(f"{name} is {value}; it must lie between {least} and {most}.")
    return value


def flag(name: str, default: bool) -> bool:
    """A yes or no in the usual spellings."""
    raw = text(name, str(default)).lower()
    if raw in TRUE_WORDS:
        return True
    if raw in FALSE_WORDS:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {raw!r}.")


def secret(name: str, current: Mode) -> str:
    """A long random text. Development makes one for this process; every other mode needs a strong one."""
    if current is Mode.DEVELOPMENT and not (os.environ.get(name) or os.environ.get(f"{name}_FILE")):
        return secrets.token_urlsafe(MIN_SECRET_LENGTH)
    value = text(name)
    if (
        len(value) < MIN_SECRET_LENGTH
        or len(set(value)) < MIN_DISTINCT_CHARACTERS
        or re.search(r"insecure|change.?me", value, re.I)
    ):
        raise ImproperlyConfigured(
            f"{name} is too weak: it needs at least {MIN_SECRET_LENGTH} random characters. "
            f'Make one with: python -c "import secrets; print(secrets.token_urlsafe(64))"'
        )
    return value


def token(name: str) -> str:
    """A secret that callers present, or nothing; one that could be guessed is refused."""
    value = text(name, "")
    if value and (len(value) < MIN_TOKEN_LENGTH or len(set(value)) < MIN_DISTINCT_CHARACTERS):
        raise ImproperlyConfigured(
            f"{name} is too weak: it needs at least {MIN_TOKEN_LENGTH} random characters. "
            f'Make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    return value


def fernet_keys(name: str, current: Mode) -> list[str]:
    """Keys for encryption at rest, newest first; the first one encrypts, all of them decrypt."""
    if current is Mode.DEVELOPMENT and not (os.environ.get(name) or os.environ.get(f"{name}_FILE")):
        return [Fernet.generate_key().decode()]
    keys = [key.strip() for key in text(name).split(",") if key.strip()]
    for position, key in enumerate(keys, start=1):
        try:
            Fernet(key)
            is_random = len(set(base64.urlsafe_b64decode(key))) >= MIN_DISTINCT_CHARACTERS
        except ValueError:
            is_random = False
        if not is_random:
            raise ImproperlyConfigured(
                f"Key {position} in {name} is not a Fernet key (32 random bytes in URL-safe base64). Make one with: "
                f'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
            )
    if not keys:
        raise ImproperlyConfigured(f"{name} holds no key.")
    return keys
