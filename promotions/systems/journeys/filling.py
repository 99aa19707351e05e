"""The document that is sent: the export with everything that was decided filled in."""

import json
from dataclasses import dataclass, field

from accounts.services.stored_values import read_value
from promotions.choices import Decision, ItemInput
from promotions.models import Plan, PlanItem, Promotion
from promotions.services import documents, sealed_values
from promotions.systems.journeys.document import replaced
from promotions.systems.journeys.payload import edited, remaining, survey
from promotions.systems.journeys.targets import stored_value
from promotions.systems.markers import marked


class NotFilledError(Exception):
    """Something that has to be filled in is missing; the text says what, and the next step."""


@dataclass(frozen=True)
class Filled:
    """What goes out, and what it must not be seen with."""

    content: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    is_marked: bool
    """Whether the description of the journey carries our mark."""
    name: str
    """What the document calls the journey; a list may call it otherwise."""


def filled(plan: Plan, marker: str) -> Filled:
    """The plan's document as it is to be sent; raises NotFilledError with what is missing.

    Only what was decided is changed, and the description of the journey, if it has one, ends in the mark.
    """
    if plan.document is None:
        raise NotFilledError("The export that the plan rests on is not there. Read the facts again.")
    content = documents.content_of(plan.document)
    surveyed = survey(content)
    if surveyed.digest != plan.facts.get("content"):
        raise NotFilledError("The kept export is not the one that was agreed to. Read the facts again.")
    edits: dict[str, str] = {}
    secrets = []
    for item in plan.items.all():
        value = _value_of(plan.promotion, item)
        if value is None:
            continue
        if item.input == ItemInput.SECRET:
            secrets.append(value)
        edits |= dict.fromkeys(item.details["pointers"], value)
    result = edited(content, edits) if edits else content
    if left := remaining(result):
        more = f" and {len(left) - 3} more" if len(left) > 3 else ""
        raise NotFilledError(f"A secret is not filled in: {'; '.join(left[:3])}{more}. Fill it in, then run again.")
    pointer = surveyed.description_pointer if marker else ""
    if pointer:
        result = replaced(result, [pointer], lambda _, old: json.dumps(marked(json.loads(old), marker)).encode())
    return Filled(result, tuple(secrets), bool(pointer), surveyed.journey_name)


def _value_of(promotion: Promotion, item: PlanItem) -> str | None:
    """What to write in the places of an item; None where they stay as they are."""
    if item.decision in (Decision.KEEP, Decision.CONFIRM):
        return None
    target = item.target or {}
    if item.decision == Decision.FILL and item.input == ItemInput.SECRET:
        value = sealed_values.value_of(promotion, target["id"])
        if value is None:
            raise NotFilledError(f"What was typed for {item} was erased since. Type it again.")
        return value
    if item.decision == Decision.REUSE and target.get("type") == "stored_value":
        stored = stored_value(promotion, target["id"])
        if stored is None:
            raise NotFilledError(f"The stored value “{target['title']}” was replaced or removed since. Choose again.")
        return read_value(stored)
    if item.decision in (Decision.FILL, Decision.REUSE):
        return str(target["id"])
    raise NotFilledError(f"{item} is not decided.")
