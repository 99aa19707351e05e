"""Takes secrets out of whatever is logged, stored or shown."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

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
    return _text(text, _known(tuple(secrets)))


def without_values(text: str, *, secrets: Iterable[str]) -> str:
    """The text without the given values, and as it came otherwise: names may look like secrets and be none."""
    return _known(tuple(secrets)).hide(text)


def redact(value: Any, *, secrets: Iterable[str] = ()) -> Any:
    """A copy without secrets: by field name in mappings, by form in texts and URLs, and the given values anywhere.

    Mappings, sequences and texts are walked; bytes become text, other values stay as they are.
    """
    return _walk(value, _known(tuple(secrets)))


class _Known(NamedTuple):
    """Values that are secrets, in all their spellings."""

    plain: tuple[str, ...]
    others: re.Pattern[str] | None

    def hide(self, text: str) -> str:
        for secret in self.plain:
            text = text.replace(secret, MARKER)
        return self.others.sub(MARKER, text) if self.others else text


@lru_cache(maxsize=8)
def _known(secrets: tuple[str, ...]) -> _Known:
    found = sorted({secret for secret in secrets if secret.strip()}, key=len, reverse=True)
    plain = [secret for secret in found if len(secret) >= 6 and re.fullmatch(r"[\w.~-]+", secret, re.ASCII)]
    others = [_spellings(secret) for secret in found if secret not in plain]
    return _Known(tuple(plain), re.compile("|".join(others)) if others else None)


def _spellings(secret: str) -> str:
    """A pattern of the value as it stands in texts, in URLs, and in JSON that may itself lie inside JSON.

    Short values are found only as words of their own: they would blot out parts of ordinary words.
    """
    characters = (_character(one) for one in re.sub(r"\\+", r"\\", secret))
    pattern = f"(?:{''.join(characters)}|{re.escape(quote(secret, safe='', errors='replace'))})"
    return pattern if len(secret) >= 6 else rf"(?<!\w){pattern}(?!\w)"


def _character(one: str) -> str:
    if one.isascii() and one.isalnum():
        return one
    if one == "\\":
        return r"\\++"
    units = one.encode("utf-16-be", "surrogatepass").hex()
    escaped = "".join(rf"\\++u(?i:{units[at : at + 4]})" for at in range(0, len(units), 4))
    short = {"\n": r"|\\++n", "\r": r"|\\++r", "\t": r"|\\++t"}.get(one, "")
    return rf"(?:\\*+{re.escape(one)}|{escaped}{short})"


def _text(text: str, known: _Known) -> str:
    text = known.hide(text)
    if not _HINTS.search(text):
        return text
    for pattern, replacement in _TEXT_RULES:
        text = pattern.sub(replacement, text)
    return text


def _walk(value: Any, known: _Known) -> Any:
    """Without recursion: documents may be nested deeper than the stack of Python is."""
    whole: list[Any] = [value]
    left: list[tuple[Any, Any]] = [(whole, 0)]
    while left:
        holder, place = left.pop()
        found = holder[place]
        if isinstance(found, Mapping):
            holder[place] = copy = {}
            for key, inner in found.items():
                shown = _key(key, known)
                copy[shown] = MARKER if _is_secret_member(key, inner) else _leaf(inner, known)
                if isinstance(copy[shown], _CONTAINERS):
                    left.append((copy, shown))
        elif isinstance(found, _CONTAINERS):
            holder[place] = items = [_leaf(item, known) for item in found]
            left.extend((items, at) for at, item in enumerate(items) if isinstance(item, _CONTAINERS))
        else:
            holder[place] = _leaf(found, known)
    return whole[0]


_CONTAINERS = (Mapping, list, tuple, set, frozenset)


def _leaf(value: Any, known: _Known) -> Any:
    if isinstance(value, str):
        return _text(value, known)
    if isinstance(value, bytes | bytearray):
        return _text(bytes(value).decode("utf-8", "replace"), known)
    return value


def _key(key: Any, known: _Known) -> Any:
    if isinstance(key, str) and _is_plain_name(key) and known.hide(key) == key:
        return key
    return _walk(key, known)


def _is_secret_member(key: Any, value: Any) -> bool:
    return isinstance(key, str) and is_secret_name(key) and value not in (None, "")
