"""Decisions from a file or from options, for plans that nobody sits in front of."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from promotions.choices import MAPPED, Decision, ItemInput
from promotions.models import PlanItem
from promotions.services.decisions import Verdict

_ALLOWED = (Decision.CREATE, *MAPPED, Decision.KEEP, Decision.FILL, Decision.LEAVE, Decision.CONFIRM)
# The type that choices of a value kept in the organization have.
STORED_VALUE = "stored_value"
NAMES_SHOWN = 10


class DecisionsFileError(Exception):
    """The file is not what it must be; the text says where."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A decision on what has this name: its key, its place in words, or a title that nothing else has."""

    name: str
    decision: Decision
    target_id: str = ""
    stored: str = ""
    """Name of the stored value to take instead of a target."""
    value: str = field(default="", repr=False)
    source: str = "the decisions file"
    """Who says so, for complaints."""
    is_secret: bool = False
    """The value must not be shown, and so fits nothing that would show it."""


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
        raise DecisionsFileError(f"“{name}” needs a decision: create, reuse, update, keep, fill, leave or confirm.")
    target, stored, typed = (_text(value.get(part, "")) for part in ("target", "stored", "value"))
    if said == Decision.REUSE and bool(target) == bool(stored):
        raise DecisionsFileError(f"“{name}” is to be reused, but names no target id, and no stored value, or both.")
    if said == Decision.UPDATE and not target:
        raise DecisionsFileError(f"“{name}” is to be updated, but names no target id.")
    if said == Decision.FILL and not typed:
        raise DecisionsFileError(f"“{name}” is to be filled in, but names no value.")
    return Wanted(name=name, decision=Decision(said), target_id=target, stored=stored, value=typed)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def verdicts(wanted: Sequence[Wanted], items: Sequence[PlanItem]) -> list[Verdict]:
    """The decisions as the plan takes them.

    Raises LookupError for a name that fits nothing, or several, for one decided twice, and for a stored value that is
    not offered.
    """
    found = [(one, _named(one, items)) for one in wanted]
    numbers = Counter(item.pk for _, item in found)
    for one, item in found:
        if numbers[item.pk] > 1:
            raise LookupError(f"{item} is decided twice, by {one.source} as “{one.name}”. Decide it once.")
    return [_verdict(one, item) for one, item in found]


def _named(one: Wanted, items: Sequence[PlanItem]) -> PlanItem:
    fitting = (
        [item for item in items if item.key == one.name]
        or [item for item in items if place_of(item) == one.name]
        or [item for item in items if item.title == one.name]
    )
    if not fitting:
        known = [place_of(item) or item.key for item in items]
        more = f" and {len(known) - NAMES_SHOWN} more" if len(known) > NAMES_SHOWN else ""
        raise LookupError(
            f"The plan has no object “{one.name}”, which {one.source} names. "
            f"Known: {'; '.join(known[:NAMES_SHOWN]) or 'none'}{more}."
        )
    if len(fitting) > 1:
        keys = ", ".join(item.key for item in fitting)
        raise LookupError(f"Several objects are titled “{one.name}”. Name it by type and id: {keys}.")
    return fitting[0]


def place_of(item: PlanItem) -> str:
    """Where a value stands, in words; empty for anything else."""
    return str(item.details.get("where", ""))


def _verdict(one: Wanted, item: PlanItem) -> Verdict:
    if one.is_secret and item.input != ItemInput.SECRET:
        raise LookupError(f"{item} is no secret, and {one.source} would show it. Use the decisions file.")
    target_id = _stored_id(one, item) if one.stored else one.target_id
    return Verdict(item.pk, one.decision, target_id, value=one.value)


def _stored_id(one: Wanted, item: PlanItem) -> str:
    targets = [choice["target"] for choice in item.choices if choice["target"]]
    offered = {target["title"]: target["id"] for target in targets if target["type"] == STORED_VALUE}
    if one.stored not in offered:
        known = ", ".join(sorted(offered)) or "none"
        raise LookupError(f"No stored value “{one.stored}” is offered for {item}. Offered: {known}.")
    found: str = offered[one.stored]
    return found
