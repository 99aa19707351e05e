"""What of an export becomes an item that a person decides."""

from collections.abc import Iterable, Sequence

from promotions.choices import Decision, ItemInput, ItemKind
from promotions.models import Promotion
from promotions.systems.base import Choice, ItemDraft
from promotions.systems.journeys.payload import Finding, Survey
from promotions.systems.journeys.targets import Schemas, schema_choices
from promotions.systems.journeys.telling import ITEM_TYPES, carried_words
from promotions.systems.journeys.texts import Text, key_of
from promotions.systems.stored import nearest, stored_choices

CONFIRMATION_KEY = "confirmation"
ITEMS_LIMIT = 2000


def items_of(
    promotion: Promotion, surveyed: Survey, schemas: Schemas, texts: Iterable[Text] = ()
) -> Sequence[ItemDraft]:
    """What the export asks for, then the texts that somebody wants to decide; one confirmation if that is nothing."""
    findings = surveyed.findings[:ITEMS_LIMIT]
    stored = stored_choices(promotion)
    items = [_item(finding, stored, schemas) for finding in findings] + [text_item(text) for text in texts]
    return items or [confirmation(promotion, (one.type for one in surveyed.objects if not one.is_system))]


def confirmation(promotion: Promotion, carried: Iterable[str]) -> ItemDraft:
    """What is decided where nothing has to be filled in; `carried` are the types of what comes along."""
    words = carried_words(carried)
    return ItemDraft(
        key=CONFIRMATION_KEY,
        kind=ItemKind.CONFIRMATION,
        title="A new copy is made",
        explanation=f"Nothing has to be filled in. A draft copy of “{promotion.title}” is made in "
        f"{promotion.target_sandbox.name}{f', with {words}' if words else ''}, whatever is there already. "
        "There is no way back.",
        choices=[Choice(Decision.CONFIRM, None, "Understood", "")],
        must_decide=True,
    )


def text_item(text: Text) -> ItemDraft:
    return ItemDraft(
        key=key_of(text.pointer),
        kind=ItemKind.VALUE,
        type=ITEM_TYPES["text"],
        # Earlier decisions are found by what is replaced, as for names.
        remote_id=text.current,
        title=text.current,
        details={"what": "text", "where": text.where, "pointers": list(text.pointers), "current": text.current},
        input=ItemInput.TEXT,
        choices=[Choice(Decision.KEEP, None, "As it is in the source", "")],
        must_decide=True,
    )


def _item(finding: Finding, stored: Sequence[Choice], schemas: Schemas) -> ItemDraft:
    details = {"what": finding.kind, "where": finding.where, "pointers": list(finding.pointers)}
    if finding.kind == "secret":
        return ItemDraft(
            key=finding.key[:600],
            kind=ItemKind.VALUE,
            type=ITEM_TYPES["secret"],
            remote_id=finding.key[:500],
            # A header of the same name may stand in several actions.
            title=f"{finding.title} of {finding.owner.name or finding.owner.type}"[:500],
            details=details,
            input=ItemInput.SECRET,
            choices=nearest(stored, finding.owner.name) if finding.owner.name else stored,
            must_decide=True,
        )
    choices: Sequence[Choice] = [Choice(Decision.KEEP, None, "Only right if the target calls it so too", "")]
    title = finding.current
    if finding.kind == "schema":
        choices = schema_choices(schemas, finding.current)
        title = schemas.titles.get(finding.current) or finding.title
    return ItemDraft(
        key=finding.key[:600],
        kind=ItemKind.VALUE,
        type=ITEM_TYPES[finding.kind],
        # Earlier decisions are found by what is replaced, whichever journey it stood in.
        remote_id=finding.current[:500],
        title=title[:500],
        details={**details, "current": finding.current},
        input=ItemInput.TEXT,
        choices=choices,
        must_decide=True,
    )
