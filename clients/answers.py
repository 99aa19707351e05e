"""What came back from a call, and the words of the platform in it."""

import email.utils
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any

RETRY_AFTER_CAP_S = 3600.0
_REQUEST_ID_HEADERS = ("x-request-id", "x-adobe-requestid", "x-adobe-request-id", "x-correlation-id")
_WORDS = ("message", "errorMessage", "error_description", "detail", "description", "reason")
_ERROR_NAMES = frozenset({"error", "errors", "error_code", "errorCode", "errorMessage", "message"})
_WORDS_LIMIT = 600
_PROBLEM_LIMIT = 1024 * 1024
"""Bytes; nobody explains a failure at such length, and reading a long document for it would cost much memory."""


@dataclass(frozen=True)
class Problem:
    """What the body of an answer says about a failure; every part may be missing."""

    words: str = ""
    """On one line, in full and not yet redacted."""
    error_code: str | None = None
    request_id: str | None = None
    envelope_status: int | None = None
    """The HTTP status that an envelope of type ERROR names, whatever the status of the answer was."""
    is_envelope_error: bool = False
    is_gateway: bool = False
    is_error_like: bool = False
    """Whether the words stand where errors put theirs, and not in the description of a thing."""
    is_html: bool = False
    is_empty: bool = False
    family: str = ""
    """The group of errors that the journey service names beside the code."""
    retry_after_s: float | None = None


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    sent_at: datetime | None = None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @cached_property
    def text(self) -> str:
        return self.content.decode("utf-8-sig", "replace").replace("\0", "")

    def opening(self, length: int) -> str:
        """The text of about the first `length` bytes."""
        return self.content[:length].decode("utf-8-sig", "replace").replace("\0", "")

    @cached_property
    def problem(self) -> Problem:
        if len(self.content) > _PROBLEM_LIMIT:
            opening = self.opening(4096).strip()
            return _read_page(opening) if opening.startswith("<") else Problem()
        stripped = self.text.strip()
        if not stripped:
            return Problem(is_empty=True)
        if isinstance(self._loaded, Exception):
            return _read_page(stripped)
        return read_problem(self._loaded)

    @cached_property
    def _loaded(self) -> Any:
        """The JSON of the body, or why there is none: read once, since lists are long."""
        try:
            return load_json(self.text)
        except (ValueError, RecursionError) as exc:
            return exc

    @property
    def request_id(self) -> str | None:
        for name in _REQUEST_ID_HEADERS:
            if value := self.headers.get(name):
                return value
        return self.problem.request_id

    @property
    def effective_status(self) -> int:
        """The status, or the one that an error envelope inside a 2xx names."""
        if self.is_success and self.problem.is_envelope_error:
            return self.problem.envelope_status or HTTPStatus.BAD_REQUEST
        return self.status

    @property
    def clock_skew_s(self) -> float | None:
        """How far this machine's clock is ahead of the server's, by the Date header."""
        server = _http_date(self.headers.get("date"))
        return None if server is None else (datetime.now(UTC) - server).total_seconds()

    @property
    def retry_after_s(self) -> float | None:
        """What Retry-After asks for, as seconds or as a date, within an hour; or what the body asks for."""
        value = (self.headers.get("retry-after") or "").strip()
        seconds: float | None = None
        if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
            seconds = float(value)
        elif date := _http_date(value):
            # Against the server's own clock where it is known: ours may be wrong.
            now = _http_date(self.headers.get("date")) or datetime.now(UTC)
            seconds = (date - now).total_seconds()
        if seconds is None:
            seconds = self.problem.retry_after_s
        return None if seconds is None else min(max(seconds, 0.0), RETRY_AFTER_CAP_S)

    def json(self) -> Any:
        """The body as JSON, without what no database takes; raises ValueError."""
        if isinstance(self._loaded, RecursionError):
            raise ValueError("The JSON is nested too deeply.")
        if isinstance(self._loaded, Exception):
            raise self._loaded
        return self._loaded


def load_json(text: str) -> Any:
    """JSON without NaN, NUL characters and halves of characters, which databases refuse; raises ValueError."""
    value = json.loads(text, parse_constant=lambda _: None)
    # Walked only where such an escape is in sight: most answers hold none.
    return _storable(value) if re.search(r"\\u(0000|d[89a-f])", text, re.IGNORECASE) else value


def _storable(value: Any) -> Any:
    """Without recursion: documents may be nested deeper than the stack of Python is."""
    whole = [value]
    left: list[tuple[Any, Any]] = [(whole, 0)]
    while left:
        holder, place = left.pop()
        found = holder[place]
        if isinstance(found, str):
            holder[place] = _storable_text(found)
        elif isinstance(found, dict):
            holder[place] = copy = {_storable_text(key): item for key, item in found.items()}
            left.extend((copy, key) for key in copy)
        elif isinstance(found, list):
            left.extend((found, at) for at in range(len(found)))
    return whole[0]


def _storable_text(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _http_date(value: str | None) -> datetime | None:
    try:
        date = email.utils.parsedate_to_datetime(value or "")
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _flat(text: str) -> str:
    return " ".join(text.split())


def one_line(text: str) -> str:
    """The text on one line, cut to a readable length."""
    flat = _flat(text)
    return flat if len(flat) <= _WORDS_LIMIT else flat[: _WORDS_LIMIT - 1] + "…"


def read_problem(body: Any) -> Problem:
    """An error body of any of the forms in use: gateway, problem document, envelope, map of errors."""
    if isinstance(body, list) and body and isinstance(body[0], dict):
        body = body[0]
    if isinstance(body, dict):
        return _read_object(body)
    return Problem(words=_flat(body) if isinstance(body, str) else "")


def _read_page(text: str) -> Problem:
    if not re.match(r"<(!doctype|html|head|body|\?xml)", text, re.IGNORECASE):
        return Problem(words="" if text[0] in "{[" else _flat(text))
    for tag in ("title", "h1"):
        if (found := re.search(rf"<{tag}[^>]*>(.*?)</{tag}>", text, re.IGNORECASE | re.DOTALL)) and (
            words := html.unescape(re.sub(r"<[^>]+>", " ", found[1])).strip()
        ):
            return Problem(words=_flat(words), is_html=True)
    return Problem(is_html=True)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return ""


def _read_object(body: dict[str, Any]) -> Problem:
    report = body["report"] if isinstance(body.get("report"), dict) else {}
    error = body.get("error")
    inner = error if isinstance(error, dict) else _embedded(error)
    first = _first_error(body.get("errors"))
    gateway_code = _text(body.get("error_code"))
    code = (
        gateway_code
        or _text(body.get("errorCode"))
        or _text(body.get("code"))
        or _text(inner.get("code"))
        or _text(first.get("code"))
        or (_text(error) if re.fullmatch(r"[a-z]+(_[a-z]+)+", _text(error)) else "")  # OAuth: invalid_client
    )
    is_envelope_error = _text(body.get("type")).upper() == "ERROR"
    return Problem(
        words=_flat(_listed_words(body) or _words(body, inner, first)),
        error_code=code or None,
        request_id=_text(body.get("requestId"))
        or _text(body.get("request_id"))
        or _text(report.get("requestId"))
        or None,
        envelope_status=_status_by_name(body.get("status")) if is_envelope_error else None,
        is_envelope_error=is_envelope_error,
        is_gateway=bool(gateway_code),
        is_error_like=not _ERROR_NAMES.isdisjoint(body) or bool(_listed_words(body)),
        family=_text(inner.get("family")),
        retry_after_s=_retry_after_ms(body.get("retryAfterMs")),
    )


def _listed_words(body: dict[str, Any]) -> str:
    """All messages of an error list, which may lie in an envelope (SnapLogic, public API, "Export an API version")."""
    envelope = body.get("response_map")
    listed = (envelope if isinstance(envelope, dict) else body).get("error_list")
    rows = listed if isinstance(listed, list) else [listed]
    words = [_words(row, {}, {}) if isinstance(row, dict) else _text(row) for row in rows]
    return "; ".join(dict.fromkeys(text for text in words if text))


def _words(body: dict[str, Any], inner: dict[str, Any], first: dict[str, Any]) -> str:
    title = _text(body.get("title"))
    for name in _WORDS:
        if words := _text(body.get(name)):
            return f"{title}: {words}" if title and title not in words and words not in title else words
    for candidate in (first, inner):
        for name in (*_WORDS, "title"):
            if words := _text(candidate.get(name)):
                return words
    return title or ("" if inner else _text(body.get("error")))


def _embedded(error: Any) -> dict[str, Any]:
    """The object that some services write into a text (Adobe, Journey Optimizer, throttling API, error samples)."""
    if not isinstance(error, str) or not error.lstrip().startswith("{"):
        return {}
    try:
        value = load_json(error)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _first_error(errors: Any) -> dict[str, Any]:
    """The first entry of `errors`, which is a list, or a map from status to a list."""
    while isinstance(errors, dict | list) and errors:
        if isinstance(errors, dict):
            if any(name in errors for name in (*_WORDS, "code")):
                return errors
            errors = next(iter(errors.values()))
        else:
            errors = errors[0]
    return {"message": errors} if isinstance(errors, str) else {}


def _status_by_name(value: Any) -> int | None:
    name = _text(value).upper().replace(" ", "_")
    if name.isdigit():
        return int(name) if 400 <= int(name) < 600 else None
    found = HTTPStatus.__members__.get(name)
    return int(found) if found is not None and found >= 400 else None


def _retry_after_ms(value: Any) -> float | None:
    while isinstance(value, list) and value:
        value = value[0]
    try:
        return float(value) / 1000
    except (TypeError, ValueError):
        return None
