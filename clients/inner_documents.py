"""Documents that the platform puts, as JSON, into the text of a message about one object.

A task may claim success while such a document is another service's refusal (Adobe, Sandbox tooling API guide, the
job sample with an HTTP 400 inside a message), in any of the forms that errors have on this platform.
"""

from http import HTTPStatus
from typing import Any, NamedTuple

from clients.answers import load_json
from clients.wire import embedded_json, http_status

_DEPTH = 5
_STATUSES = ("status", "statusCode", "code", "httpStatus")
_GATEWAY_CODES = ("error_code", "errorCode")
_TITLES = ("title", "description", "detail", "message", "errorMessage", "error_description", "error")
_ERRORS = ("error", "errors", "errorMessage", *_GATEWAY_CODES)
# Where one document holds another.
_HOLDERS = ("errors", "error", "message", "errorMessage", "detail", "report", "response", "body", "object")


class Inner(NamedTuple):
    """What a document inside a message says: an HTTP status, words, and whether it is about an error."""

    status: int | None = None
    title: str | None = None
    is_error: bool = False


def read_inner(value: Any, depth: int = _DEPTH) -> Inner:
    """What the document in a message says, however deep it lies; the first that is about an error counts."""
    if depth == 0:
        return Inner()
    if isinstance(value, str):
        return read_inner(_loaded(value), depth - 1)
    if isinstance(value, list):
        inners = [read_inner(item, depth - 1) for item in value if isinstance(item, dict | list)]
        return next((inner for inner in inners if inner.is_error), inners[0] if inners else Inner())
    if not isinstance(value, dict):
        return Inner()
    own = _own(value)
    if own.status is not None and own.status >= 400:
        return own
    held = [value[name] for name in _HOLDERS if value.get(name)]
    for errors in (value.get("errors"), value.get("error")):
        held += errors.values() if isinstance(errors, dict) else []  # a map from status to a list
    inner = next((found for item in held if (found := read_inner(item, depth - 1)).is_error), None)
    return inner if inner is not None and (inner.status or not own.is_error) else own


def _own(document: dict[str, Any]) -> Inner:
    is_envelope_error = str(document.get("type")).upper() == "ERROR"
    status = next((found for name in _STATUSES if (found := http_status(document.get(name)))), None)
    if status is None and is_envelope_error:
        named = HTTPStatus.__members__.get(str(document.get("status")).upper())
        status = int(named) if named is not None else None
    if status is None:  # the first three digits of a gateway code are the status
        codes = (str(document.get(name) or "") for name in _GATEWAY_CODES)
        status = next((http_status(code[:3]) for code in codes if code.isdigit() and len(code) >= 6), None)
    words = (document.get(name) for name in _TITLES)
    title = next((word for word in words if isinstance(word, str) and word.strip()), None)
    is_error = (status or 0) >= 400 or is_envelope_error or any(document.get(name) for name in _ERRORS)
    return Inner(status, title, is_error)


def _loaded(text: str) -> Any:
    """The JSON that a text is, or the object in it; None if there is none."""
    try:
        value = load_json(text)
    except (ValueError, RecursionError):
        return embedded_json(text)
    return value if isinstance(value, dict | list | str) else None
