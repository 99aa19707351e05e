"""Values that are filled into what is sent: stored ones of the target organization, and what people typed."""

from collections.abc import Sequence
from dataclasses import replace

from accounts.models import StoredValue
from accounts.services.stored_values import read_value
from promotions.choices import Decision, ItemInput
from promotions.models import Plan, PlanItem, Promotion
from promotions.services import sealed_values
from promotions.systems.base import Choice


class NotFilledError(Exception):
    """Something that has to be filled in is missing; the text says what, and the next step."""


def stored_id(stored: StoredValue) -> str:
    """Names a stored value as it is now: once it is replaced, what was decided on it has to be decided anew."""
    return f"stored-{stored.pk}-{stored.digest}"


def stored_choices(promotion: Promotion) -> list[Choice]:
    """The target organization's values, by name."""
    values = StoredValue.objects.present().filter(organization=promotion.target_organization).exclude(sealed="")
    return [
        Choice(
            Decision.REUSE,
            {"id": stored_id(stored), "type": "stored_value", "title": stored.name},
            stored.description or "Stored value",
            "",
            rank,
        )
        for rank, stored in enumerate(values.order_by("name", "pk"), start=1)
    ]


def nearest(stored: Sequence[Choice], owner: str) -> list[Choice]:
    """The same choices, those first that speak of whose secret it is."""
    told = [f"{(choice.target or {}).get('title', '')} {choice.reason}".casefold() for choice in stored]
    ordered = sorted(zip(told, stored, strict=True), key=lambda pair: owner.casefold() not in pair[0])
    return [replace(choice, rank=rank) for rank, (_, choice) in enumerate(ordered, start=1)]


def stored_value(promotion: Promotion, target_id: str) -> StoredValue | None:
    """The value that a decision names, if it is still the very same."""
    _, pk, digest = target_id.split("-", 2)
    values = StoredValue.objects.present().filter(organization=promotion.target_organization)
    return values.filter(pk=int(pk), digest=digest).exclude(sealed="").first()


def decided_value(promotion: Promotion, item: PlanItem) -> str | None:
    """What to write in the places of an item; None where they stay as they are.

    Raises NotFilledError with what is missing, UndecryptableError if a key is gone.
    """
    if item.decision in (Decision.KEEP, Decision.CONFIRM):
        return None
    target = item.target or {}
    if item.decision == Decision.FILL and item.input == ItemInput.SECRET:
        value = sealed_values.value_of(promotion, target["id"])
        if value is None:
            raise NotFilledError(f"What was typed for {item} was erased since. Type it again.")
        return value
    if _is_stored(item):
        stored = stored_value(promotion, target["id"])
        if stored is None:
            raise NotFilledError(f"The stored value “{target['title']}” was replaced or removed since. Choose again.")
        return read_value(stored)
    if item.decision in (Decision.FILL, Decision.REUSE):
        return str(target["id"])
    raise NotFilledError(f"{item} is not decided.")


def lost_values(plan: Plan) -> list[str]:
    """What was filled into a plan and is no longer there to be sent, a sentence each."""
    lost = []
    for item in plan.items.all():
        if not sealed_values.is_standing(plan.promotion, item):
            lost.append(f"What was typed for {item} was erased since. Type it again.")
        elif _is_stored(item) and stored_value(plan.promotion, (item.target or {})["id"]) is None:
            name = (item.target or {})["title"]
            lost.append(f"The stored value “{name}”, chosen for {item}, was replaced or removed since.")
    return lost


def _is_stored(item: PlanItem) -> bool:
    return item.decision == Decision.REUSE and (item.target or {}).get("type") == "stored_value"
