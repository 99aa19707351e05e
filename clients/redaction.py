"""Takes secrets out of whatever is logged, stored or shown."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

MARKER = "[redacted]"

# Compared without case and punctuation, so that clientSecret, client_secret and Client-Secret are one.
_SECRET_NAMES = frozenset(
    {
        "accesstoken",
        "apikey",
        "apitoken",
        "assertion",
        "authorization",
        "authtoken",
        "bearer",
        "bearertoken",
        "clientassertion",
        "clientsecret",
        "clientsecrets",
        "cookie",
        "credential",
        "idtoken",
        "jwt",
        "jwttoken",
        "passphrase",
        "passwd",
        "password",
        "privatekey",
        "proxyauthorization",
        "pwd",
        "refreshtoken",
        "secret",
        "secretkey",
        "secrets",
        "sessiontoken",
        "setcookie",
        "sharedsecret",
        "signature",
        "token",
        "usertoken",
        "xusertoken",
    }
)
_SECRET_ENDINGS = (
    "accesstoken",
    "refreshtoken",
    "clientsecret",
    "password",
    "passphrase",
    "privatekey",
    "secretkey",
)

_TEXT_NAME = (
    r"(?:access|refresh|id|jwt|auth|session|user|bearer|api)[_-]?token|client[_-]?secrets?|client[_-]?assertion"
    r"|secret[_-]?key|private[_-]?key|shared[_-]?secret|passphrase|password|passwd|pwd|secret|token|api[_-]?key"
    r"|(?:proxy-)?authorization|set-cookie|cookie"
)
_TEXT_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        MARKER,
    ),
    # A signed token stands out by itself: base64 of '{"', then dots.
    (re.compile(r"\beyJ[\w-]{12,}(?:\.[\w-]*)*"), MARKER),
    (re.compile(r"\b((?i:Bearer))(\s+|%20|\+)(?!\[redacted\])[\w.~+/=%-]{8,}"), rf"\1\2{MARKER}"),
    # Not the words "basic authentication".
    (re.compile(r"\b((?i:Basic))(\s+|%20|\+)(?=[a-z+/]*[A-Z0-9=])[\w+/=%-]{8,}"), rf"\1\2{MARKER}"),
    # "name": "value", whose end may be cut off.
    (
        re.compile(
            rf"""(["'](?:x-)?(?:{_TEXT_NAME})["']\s*:\s*)(["'])(?!\[redacted\])(?:\\.|(?!\2).)*(\2|\Z)""",
            re.IGNORECASE | re.DOTALL,
        ),
        rf"\1\2{MARKER}\3",
    ),
    # The same where the JSON lies escaped inside another string.
    (
        re.compile(
            rf"""(\\+["'](?:x-)?(?:{_TEXT_NAME})\\+["']\s*:\s*)(\\+["'])(?!\[redacted\]).*?((?<!\\)\2|\Z)""",
            re.IGNORECASE | re.DOTALL,
        ),
        rf"\1\2{MARKER}\3",
    ),
    # name=value in URLs, forms and log lines.
    (
        re.compile(rf"((?<![\w-])(?:{_TEXT_NAME})=)(?!\[redacted\])[^&\s\"'<>;,]+", re.IGNORECASE),
        rf"\1{MARKER}",
    ),
    # Header lines.
    (
        re.compile(
            r"((?<![\w-])(?:(?:proxy-)?authorization|set-cookie|cookie)\s*:\s*)(?![\"'\\\[\s])[^\r\n]+",
            re.IGNORECASE,
        ),
        rf"\1{MARKER}",
    ),
    (
        re.compile(r"((?<![\w-])(?:client[ _-]?secret|password|passphrase)\s*:\s*)(?![\"'\\\[\s])\S+", re.IGNORECASE),
        rf"\1{MARKER}",
    ),
    # user:password@ in a URL.
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s@\"'<>]+@", re.IGNORECASE), rf"\1{MARKER}@"),
)


# Every rule needs one of these; most texts hold none, and a list of packages is thousands of texts.
_HINTS = re.compile(
    r"eyJ|PRIVATE KEY|(?i:bearer|basic|token|secret|assertion|pass(?:phrase|word|wd)|pwd|private_?-?key|api_?-?key"
    r"|authorization|cookie)|//[^/\s@]+@"
)


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether a field or header of this name holds a secret."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return plain in _SECRET_NAMES or plain.endswith(_SECRET_ENDINGS)


@lru_cache(maxsize=4096)
def _is_plain_name(name: str) -> bool:
    """Whether no rule could find anything in a name; documents repeat the same few a thousand times."""
    return not _HINTS.search(name)


def redact_text(text: str, *, secrets: Iterable[str] = ()) -> str:
    """The text without anything that looks like a secret, and without the given values."""
    return _text(text, _long_enough(secrets))


def redact(value: Any, *, secrets: Iterable[str] = ()) -> Any:
    """A copy without secrets: by field name in mappings, by form in texts and URLs, and the given values anywhere.

    Mappings, sequences and texts are walked; bytes become text, other values stay as they are.
    """
    return _walk(value, _long_enough(secrets))


def _long_enough(secrets: Iterable[str]) -> tuple[str, ...]:
    """Anything shorter would blot out ordinary words."""
    return tuple(secret for secret in secrets if len(secret) >= 6)


def _text(text: str, known: tuple[str, ...]) -> str:
    for secret in known:
        text = text.replace(secret, MARKER)
    if not _HINTS.search(text):
        return text
    for pattern, replacement in _TEXT_RULES:
        text = pattern.sub(replacement, text)
    return text


def _walk(value: Any, known: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        return _text(value, known)
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {_key(key, known): _member(key, inner, known) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_walk(item, known) for item in value]
    if isinstance(value, bytes | bytearray):
        return _text(bytes(value).decode("utf-8", "replace"), known)
    return value


def _key(key: Any, known: tuple[str, ...]) -> Any:
    if isinstance(key, str) and _is_plain_name(key) and not any(secret in key for secret in known):
        return key
    return _walk(key, known)


def _member(key: Any, value: Any, known: tuple[str, ...]) -> Any:
    is_secret = isinstance(key, str) and is_secret_name(key) and value not in (None, "")
    return MARKER if is_secret else _walk(value, known)
