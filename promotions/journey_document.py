"""Finds a journey's steps in a document whose members are not known."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# Beyond these there is no outline. A journey holds some fifty steps, so only a document of another kind comes near.
LIMIT_BYTES = 4 * 1024 * 1024
LIMIT_LEVELS = 200
LIMIT_VALUES = 300_000
LIMIT_STEPS = 2000

IDS = ("uid", "id", "nodeId", "_id")
KINDS = ("nodeType", "type", "stepType")
STARTS = ("initialStep", "startNodeId", "startStep", "startNode", "initialNode")
LISTS = ("steps", "nodes")
# What only a journey or a version of one has; tells a journey without a step from any other empty list.
OF_JOURNEYS = frozenset({"journeyVersion", "authoringFormatVersion", "reentrance", "journey", *STARTS})

Row = Mapping[str, Any]


def loaded(content: bytes | Mapping[str, Any]) -> Mapping[str, Any] | None:
    if isinstance(content, bytes):
        if len(content) > LIMIT_BYTES:
            return None
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            return None
    else:
        document = content
    return document if isinstance(document, Mapping) and _is_within_limits(document) else None


def _is_within_limits(document: Mapping[str, Any]) -> bool:
    level: list[Any] = [document]
    values = 0
    for _ in range(LIMIT_LEVELS):
        values += len(level)
        if values > LIMIT_VALUES:
            return False
        level = [
            child
            for value in level
            if isinstance(value, Mapping | list)
            for child in (value.values() if isinstance(value, Mapping) else value)
        ]
        if not level:
            return True
    return False


def steps_of(document: Mapping[str, Any]) -> tuple[list[Row], list[Row]] | None:
    """The steps, and the mappings around them from the outermost to the journey itself.

    Steps with paths win over those without (the designer's drawing lists them once more), then the outermost, then the
    most.
    """
    best: tuple[list[Row], list[Row]] | None = None
    best_rank = (0, 0)
    level: list[tuple[list[Row], Mapping[str, Any]]] = [([], document)]
    while level and best_rank[0] == 0:
        following = []
        for owners, value in level:
            around = [*owners, value]
            for key, member in value.items():
                rows = _rows(member)
                rank = _rank(key, rows, value)
                if rank is not None and (best is None or rank > best_rank):
                    best, best_rank = (around, rows), rank
                following += [(around, child) for child in _mappings(member)]
        level = following
    return best


def _rows(member: Any) -> list[Row]:
    """The mappings of a list, or of a mapping from ids."""
    if isinstance(member, Mapping):
        inner: list[Row] = [{"id": key, **value} for key, value in member.items() if isinstance(value, Mapping)]
        return inner if len(inner) == len(member) else []
    return [row for row in member if isinstance(row, Mapping)] if isinstance(member, list) else []


def _rank(key: str, rows: Sequence[Mapping[str, Any]], owner: Mapping[str, Any]) -> tuple[int, int] | None:
    identified = [row for row in rows if text_of(row, IDS)]
    with_paths = sum(1 for row in identified if isinstance(row.get("transitions"), list | Mapping))
    if with_paths:
        return (1, with_paths)
    if key not in LISTS:
        return None
    if any(text_of(row, KINDS) for row in identified):
        return (0, len(identified))
    is_empty_journey = not rows and not owner.get(key) and any(member in OF_JOURNEYS for member in owner)
    return (0, 0) if is_empty_journey else None


def _mappings(member: Any) -> Iterator[Mapping[str, Any]]:
    """The mappings in a value, through any lists around them."""
    stack = [member]
    while stack:
        value = stack.pop()
        if isinstance(value, Mapping):
            yield value
        elif isinstance(value, list):
            stack.extend(reversed(value))


def text_of(row: Mapping[str, Any], members: Sequence[str]) -> str:
    """The first of these members that holds a text or a whole number, as text; "" if none does."""
    for member in members:
        value = row.get(member)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""
