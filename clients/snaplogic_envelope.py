"""What every answer of SnapLogic lies in: `response_map`, and a status beside it.

Its pages show answers with and without the braces of that map, so members are found in either place.
"""

from dataclasses import dataclass, field
from typing import Any

from clients.answers import Answer, load_json
from clients.folding import folded
from clients.transport import MalformedError
from clients.wire import as_list, http_status


@dataclass(frozen=True)
class Envelope:
    """The members of an answer, by folded name, and the status inside it."""

    members: dict[str, Any] = field(repr=False)
    code: int | None

    @property
    def names_errors(self) -> bool:
        return any(any(as_list(self.members.get(name))) for name in ("errorlist", "errors", "error"))

    def has(self, *names: str) -> bool:
        return any(self.members.get(name) is not None for name in names)

    def lists_any(self, *names: str) -> bool:
        """Whether one of these lists has an entry."""
        return any(as_list(self.members.get(name)) for name in names)


def envelope_in(answer: Answer) -> Envelope | None:
    """The envelope; None if the answer is not JSON of that kind."""
    try:
        body = answer.json()
    except ValueError:
        return None
    outer = _merged(body)
    if outer is None:
        return None
    inner = outer.pop("responsemap", None)
    if isinstance(inner, str):
        try:
            inner = load_json(inner)
        except (ValueError, RecursionError):
            inner = None
    members = {**outer, **{name: value for name, value in (_merged(inner) or {}).items() if value is not None}}
    return Envelope(members, http_status(members.pop("httpstatuscode", None)))


def _merged(value: Any) -> dict[str, Any] | None:
    """The folded members of an object, or of all the objects in a list."""
    rows = value if isinstance(value, list) else [value]
    objects = [folded(row) for row in rows if isinstance(row, dict)]
    if not objects:
        return None
    return {name: item for members in reversed(objects) for name, item in members.items()}


def read_envelope(answer: Answer) -> Envelope:
    """The envelope; raises MalformedError."""
    envelope = envelope_in(answer)
    if envelope is None:
        raise MalformedError("an object was expected")
    return envelope
