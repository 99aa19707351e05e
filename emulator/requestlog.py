"""What was asked of the emulator, with secrets struck out."""

import hashlib
import json
import re
from collections import deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

REDACTED = "[redacted]"
MOST_ENTRIES = 20_000
MOST_BODY_CHARACTERS = 100_000
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-user-token"})
_SECRET_NAMES = frozenset(
    {"client_secret", "jwt_token", "access_token", "token", "private_key", "password", "code", "secret"}
)
_MULTIPART_SECRET = re.compile(rf'(name="(?:{"|".join(sorted(_SECRET_NAMES))})"(?:\r?\n[^\r\n]+)*\r?\n\r?\n)[^\r\n]*')


class RequestLog:
    """The latest calls, oldest first, numbered from 1."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=MOST_ENTRIES)
        self.last = 0

    def add(
        self,
        *,
        at_ms: int,
        method: str,
        path: str,
        query: list[tuple[str, str]],
        headers: Mapping[str, str],
        body: bytes,
        mimetype: str,
        size_and_digest: tuple[int, str] | None = None,
    ) -> dict[str, Any]:
        """A new entry; its status is filled in when the answer is known. Of an upload there are size and SHA-256."""
        self.last += 1
        entry: dict[str, Any] = {
            "n": self.last,
            "at": at_ms,
            "method": method,
            "path": path,
            "query": [[name, _value(name, value)] for name, value in query],
            "headers": {
                name.lower(): REDACTED if name.lower() in _SECRET_HEADERS else value for name, value in headers.items()
            },
            "body": _logged(path, body, mimetype, size_and_digest),
            "status": None,
            "fault": None,
        }
        self._entries.append(entry)
        return entry

    def since(self, number: int) -> list[dict[str, Any]]:
        if number <= 0:
            return list(self._entries)
        return [entry for entry in self._entries if entry["n"] > number]

    def clear(self) -> None:
        self._entries.clear()


def _value(name: str, value: Any) -> Any:
    return REDACTED if name.lower() in _SECRET_NAMES and isinstance(value, str) else _clean(value)


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _value(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    return value


def _logged(path: str, body: bytes, mimetype: str, size_and_digest: tuple[int, str] | None) -> Any:
    if size_and_digest:
        return {"bytes": size_and_digest[0], "sha256": size_and_digest[1]}
    return _digest(body) if path.endswith("/journeyVersions/import") else _body(body, mimetype)


def _digest(body: bytes) -> dict[str, Any]:
    """Of a journey with its secrets filled in, at places that only its author knows."""
    return {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def _body(body: bytes, mimetype: str) -> Any:
    if not body:
        return None
    text = body[:MOST_BODY_CHARACTERS].decode("utf-8", "replace")
    if mimetype == "application/x-www-form-urlencoded":
        return {name: _value(name, value) for name, value in parse_qsl(text, keep_blank_values=True)}
    if mimetype == "multipart/form-data":
        return _MULTIPART_SECRET.sub(rf"\g<1>{REDACTED}", text)
    try:
        return _clean(json.loads(text))
    except (ValueError, RecursionError):
        return text
