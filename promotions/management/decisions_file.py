"""Decisions from a file, for plans that nobody sits in front of."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from promotions.choices import MAPPED, Decision
from promotions.models import PlanItem
from promotions.services.decisions import Verdict

_ALLOWED = (Decision.CREATE, *MAPPED, Decision.KEEP, Decision.FILL, Decision.CONFIRM)


class DecisionsFileError(Exception):
    """The file is not what it must be; the text says where."""


@dataclass(frozen=True)
class Wanted:
    """A decision on the object of this name: TYPE:ID, or a title that only one object has."""

    name: str
    decision: Decision
    target_id: str
    value: str = field(default="", repr=False)


def read(text: str) -> list[Wanted]:
    """The decisions in the text of a file. Raises DecisionsFileError."""
    try:
        document = json.loads(text)
    except ValueError as exc:
        raise DecisionsFileError(f"this is no JSON: {exc}") from exc
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, dict):
        raise DecisionsFileError('the file must hold {"items": {...}}.')
    return [_wanted(name, value) for name, value in items.items()]


def _wanted(name: str, value: object) -> Wanted:
    said = value.get("decision") if isinstance(value, dict) else None
    if not isinstance(value, dict) or said not in [allowed.value for allowed in _ALLOWED]:
        raise DecisionsFileError(f"“{name}” needs a decision: create, reuse, update, keep, fill or confirm.")
    target = value.get("target", "")
    if said in MAPPED and not (isinstance(target, str) and target):
        raise DecisionsFileError(
            f"“{name}” is to be {'reused' if said == Decision.REUSE else 'updated'}, but names no target id."
        )
    typed = value.get("value", "")
    if said == Decision.FILL and not (isinstance(typed, str) and typed):
        raise DecisionsFileError(f"“{name}” is to be filled in, but names no value.")
    return Wanted(name, Decision(said), target if isinstance(target, str) else "", typed)


def verdicts(wanted: Sequence[Wanted], items: Sequence[PlanItem]) -> list[Verdict]:
    """The decisions as the plan takes them. Raises LookupError for a name that fits no object, or several."""
    found = []
    for one in wanted:
        fitting = [item for item in items if item.key == one.name] or [item for item in items if item.title == one.name]
        if not fitting:
            raise LookupError(f"The plan has no object “{one.name}”, which the decisions file names.")
        if len(fitting) > 1:
            keys = ", ".join(item.key for item in fitting)
            raise LookupError(f"Several objects are titled “{one.name}”. Name it by type and id: {keys}.")
        found.append(Verdict(fitting[0].pk, one.decision, one.target_id, value=one.value))
    return found
