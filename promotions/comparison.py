"""What a comparison of a package with a sandbox found, in words: which field of which object, before and after."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.dateparse import parse_datetime

from promotions.choices import ArtifactType, label
from promotions.models import Package
from promotions.shown_values import Change, as_text

_OPS = {"add": "added", "remove": "removed", "replace": "changed", "move": "moved", "copy": "copied"}
_WORDS = {
    "title": "title",
    "description": "description",
    "type": "type",
    "format": "format",
    "enum": "allowed values",
    "required": "required fields",
    "allOf": "parts",
    "items": "entries",
    "definitions": "definitions",
    "minLength": "shortest length",
    "maxLength": "longest length",
    "minimum": "smallest value",
    "maximum": "largest value",
    "meta:enum": "names of allowed values",
    "meta:extends": "what it extends",
    "meta:intendedToExtend": "classes it is meant for",
    "meta:xdmType": "XDM type",
    "meta:status": "status",
}


@dataclass(frozen=True)
class FieldChange(Change):
    """One field; `path` is its place as the platform says it."""

    path: str


@dataclass(frozen=True)
class ObjectDifference:
    """One object of the package, and how that of the sandbox differs."""

    type: str
    title: str
    remote_id: str
    target_title: str
    target_id: str
    changes: Sequence[FieldChange]

    @property
    def type_label(self) -> str:
        return label(ArtifactType, self.type) if self.type else "Object"

    @property
    def in_words(self) -> str:
        """For example "2 added, 1 changed"."""
        numbers = Counter(change.kind for change in self.changes)
        return ", ".join(f"{number} {kind}" for kind, number in numbers.items())


@dataclass(frozen=True)
class Comparison:
    """As it was kept; `at` is when it was asked for, so nothing in it is newer than that."""

    at: datetime | None
    target: str
    version: str
    job: int | None
    left_out: int
    objects: Sequence[ObjectDifference]
    is_with_source: bool
    """Whether the sandbox is the one that the package comes from: then it is the sandbox that is newer."""
    is_old: bool
    """Whether the package has changed since."""

    @property
    def has_differences(self) -> bool:
        return bool(self.objects)

    @cached_property
    def numbers(self) -> list[tuple[str, int]]:
        """How many fields were added, removed, changed: what is most first."""
        return Counter(change.kind for found in self.objects for change in found.changes).most_common()


def comparison_of(package: Package) -> Comparison | None:
    """What was found when the package was compared last; None if it never was."""
    kept = package.comparison
    if not kept:
        return None
    at = parse_datetime(str(kept.get("at") or ""))
    changed_at = package.remote_modified_at
    version = str(kept.get("version") or "")
    return Comparison(
        at=at,
        target=str(kept.get("target") or ""),
        version=version,
        job=kept.get("job"),
        left_out=int(kept.get("left_out") or 0),
        objects=[found for row in kept.get("objects", []) if (found := _object(row)).changes],
        is_with_source=str(kept.get("target") or "") == package.source_sandbox,
        is_old=bool(at and changed_at and changed_at > at),
    )


def _object(row: Mapping[str, Any]) -> ObjectDifference:
    target = row.get("target") or {}
    return ObjectDifference(
        type=str(row.get("type") or ""),
        title=str(row.get("title") or ""),
        remote_id=str(row.get("id") or ""),
        target_title=str(target.get("title") or ""),
        target_id=str(target.get("id") or ""),
        changes=[_change(change) for change in row.get("changes", [])],
    )


def _change(change: Mapping[str, Any]) -> FieldChange:
    op, path = str(change.get("op") or ""), str(change.get("path") or "")
    return FieldChange(
        kind=_OPS.get(op.lower(), op or "different"),
        path=path,
        where=where_in_words(path),
        old="" if op.lower() == "add" else shown(change.get("old")),
        new="" if op.lower() == "remove" else shown(change.get("new")),
    )


def where_in_words(pointer: str) -> str:
    """A JSON pointer as people say it: "/properties/loyalty/properties/tier/title" is "loyalty.tier: title".

    Steps that only structure a schema are left out; what is not known speaks for itself.
    """
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    fields: list[str] = []
    rest: list[str] = []
    position = 0
    while position < len(steps):
        step = steps[position]
        if step == "properties" and position + 1 < len(steps) and not rest:
            position += 1
            fields.append(steps[position])
        elif step == "items" and fields and not rest:
            fields[-1] += "[]"
        elif step.isdigit():
            rest.append(f"number {int(step) + 1}")
        else:
            rest.append("end of the list" if step == "-" else _WORDS.get(step, step))
        position += 1
    name = ".".join(fields)
    if not name:
        return ", ".join(rest) or "the whole object"
    return f"{name}: {', '.join(rest)}" if rest else name


def shown(value: Any) -> str:
    """A value as text; empty texts and nothing at all are told apart."""
    if value is None:
        return ""
    return as_text(value) or "(empty)"
