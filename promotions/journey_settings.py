"""Settings of a journey's steps and objects as single values, each with its place in words."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from promotions import shown_values
from promotions.journey_outline import in_words

NAMED_BY = ("name", "label", "key", "title")
# Adobe, Journey Optimizer guide, "Manage journeys": a duplicate is called "<name>_copy"; imports count on from there.
_COPY = re.compile(r"(?:_copy[ _]?\d*)+$", re.IGNORECASE)

# What a thing is known by, and nothing that it does.
OWN_ID = frozenset({"uid", "id", "_id", "nodeId", "correlationId", "requestId", "etag"})
_WHEN_AND_WHO = re.compile(
    r"(?:created|modified|lastModified|updated|lastUpdated|deployed|lastDeployed|firstDeployed|published|stopped)"
    r"(?:At|By|ById|Date)?|timestamp"
)
_PLACE = frozenset({"orgId", "imsOrgId", "sandboxName", "sandboxId"})
_RECORD = frozenset({"metadata", "ui", "_links"})

Path = tuple[str, ...]


def without_copy(name: str) -> str:
    """A name without what the platform adds to that of a copy."""
    return _COPY.sub("", name) or name


def leaves(facts: Mapping[str, Any]) -> dict[Path, Any]:
    """Every single value with its path; a list of plain values is one, and things with a name of their own go by it.

    So neither the order of members nor that of named things makes a difference.
    """
    found: dict[Path, Any] = {}
    stack: list[tuple[Path, Any]] = [((), facts)]
    while stack:
        path, value = stack.pop()
        rows = _rows(value)
        if rows:
            stack += [((*path, key), inner) for key, inner in reversed(rows)]
        elif path and value not in (None, "", [], {}):
            found[path] = value
    return found


def _rows(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [(str(key), inner) for key, inner in value.items()]
    if not isinstance(value, list) or not value or not all(isinstance(row, Mapping) for row in value):
        return []
    for member in NAMED_BY:
        names = [row.get(member) for row in value]
        if all(isinstance(name, str) and name for name in names):
            plain = [without_copy(str(name)) for name in names]
            if len(set(plain)) == len(plain):
                return list(zip(plain, value, strict=True))
    return [(str(number), row) for number, row in enumerate(value, 1)]


def where_in_words(path: Sequence[str]) -> str:
    """For example "action, element ref, uid"."""
    return ", ".join(in_words(step) for step in path)


def as_text(value: Any) -> str:
    """A setting for people; a list of words in one line."""
    if isinstance(value, list) and all(isinstance(row, str) for row in value):
        return ", ".join(value)
    return shown_values.as_text(value)


def is_of_the_record(path: Path, value: Any) -> bool:
    """Whether a setting tells who made something when and where, or where it was drawn."""
    last = path[-1]
    if last in _PLACE or _WHEN_AND_WHO.fullmatch(last) or _RECORD.intersection(path):
        return True
    return last in {"x", "y"} and isinstance(value, int | float)
