"""The document that is sent: the export with everything that was decided filled in."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from accounts.crypto import UndecryptableError
from promotions.choices import ItemInput
from promotions.models import Plan
from promotions.services import documents
from promotions.systems.journeys.document import replaced
from promotions.systems.journeys.payload import edited, remaining
from promotions.systems.markers import marked
from promotions.systems.stored import NotFilledError, decided_value


@dataclass(frozen=True)
class Filled:
    """What goes out, and what it must not be seen with."""

    content: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


def filled(plan: Plan, marker: str) -> Filled:
    """The plan's document as it is to be sent; raises NotFilledError with what is missing.

    Only what was decided is changed, and the description of the journey, if it has one, ends in the mark. This counts
    towards the time that the write has: whatever takes longer is for `check`, which comes before.
    """
    if plan.document is None:
        raise NotFilledError("The export that the plan rests on is not there. Read the facts again.")
    content = documents.content_of(plan.document)
    if hashlib.sha256(content).hexdigest() != plan.document.sha256:
        raise NotFilledError("The kept export is not the one that was agreed to. Read the facts again.")
    edits: dict[str, str] = {}
    secrets = []
    for item in plan.items.all():
        value = decided_value(plan.promotion, item)
        if value is None:
            continue
        if item.input == ItemInput.SECRET:
            secrets.append(value)
        edits |= dict.fromkeys(item.details["pointers"], value)
    if edits:
        content = edited(content, edits)
    if is_marked(plan, marker):
        pointer = plan.display["mark_at"]
        content = replaced(content, [pointer], lambda _, old: json.dumps(marked(json.loads(old), marker)).encode())
    return Filled(content, tuple(secrets))


def check(plan: Plan, marker: str) -> None:
    """Fill everything in, and look through the result for secrets that are left; raises NotFilledError as above."""
    if left := remaining(filled(plan, marker).content):
        more = f" and {len(left) - 3} more" if len(left) > 3 else ""
        raise NotFilledError(f"A secret is not filled in: {'; '.join(left[:3])}{more}. Fill it in, then run again.")


def is_marked(plan: Plan, marker: str) -> bool:
    """Whether what is sent carries our mark: a journey without a description has no place for it."""
    return bool(marker and plan.display.get("mark_at"))


def secrets_of(plan: Plan) -> tuple[str, ...]:
    """The secrets that were filled in, as far as they can still be read: nothing that comes back may show them."""
    return tuple(_secrets(plan))


def _secrets(plan: Plan) -> Iterator[str]:
    for item in plan.items.filter(input=ItemInput.SECRET):
        with suppress(NotFilledError, UndecryptableError):
            value = decided_value(plan.promotion, item)
            if value is not None:
                yield value
