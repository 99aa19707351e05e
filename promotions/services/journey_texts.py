"""Further texts of an exported journey that somebody wants to decide, beside what the export asks for."""

from collections.abc import Collection

from django.db import transaction

from accounts.crypto import UndecryptableError
from accounts.models import User
from accounts.services import audit
from promotions.choices import ItemKind
from promotions.models import Plan, PlanItem, Promotion
from promotions.services import documents, plans
from promotions.services.errors import ConflictError, RefusedError
from promotions.services.verbs import Verb
from promotions.systems.journeys import drafting, texts
from promotions.systems.journeys.document import DocumentError
from promotions.systems.journeys.texts import Found


def search(plan: Plan, words: str) -> Found:
    """Texts of the plan's export that can be chosen, by words. Raises RefusedError if it cannot be searched."""
    try:
        return texts.search(_content(plan), words, _decided(plan))
    except DocumentError as unfit:
        raise RefusedError(f"The export cannot be searched: {unfit}") from unfit


@transaction.atomic
def choose(*, plan: Plan, pointer: str, actor: User) -> PlanItem:
    """Have one text of the export decided too, in this plan and whenever its facts are gathered again.

    Raises ConflictError if it is decided already, RefusedError if the export has no such text that can be changed.
    """
    plan = plans.open_for(plan, actor)
    promotion = _locked(plan)
    pointers = promotion.pick.get("texts", [])
    if pointer in pointers or pointer in _decided(plan):
        raise ConflictError("This text is decided in the plan already.", field="pointer")
    if len(pointers) >= texts.CHOSEN_LIMIT:
        raise RefusedError(
            f"No more than {texts.CHOSEN_LIMIT} texts can be chosen. Change the journey itself instead.",
            field="pointer",
        )
    try:
        found = texts.chosen(_content(plan), [pointer])
    except DocumentError as unfit:
        raise RefusedError(f"The export cannot be searched: {unfit}", field="pointer") from unfit
    if not found:
        raise RefusedError("The export has no such text that can be changed. Search again.", field="pointer")
    _store(plan, promotion, [*pointers, pointer], {**plan.facts.get("texts", {}), pointer: found[0].current})
    plan.items.filter(kind=ItemKind.CONFIRMATION).delete()  # that there is nothing to fill in
    [item] = plans.add_items(plan, [drafting.text_item(found[0])])
    audit.record(
        Verb.TEXT_CHOSEN,
        actor=actor,
        subject=promotion,
        organization=promotion.target_organization,
        details={"revision": plan.revision, "item": item.key, "where": found[0].where},
    )
    return item


@transaction.atomic
def leave(*, plan: Plan, pointer: str, actor: User) -> None:
    """Take a chosen text out of the plan: it goes as it is. Raises ConflictError if it is not chosen."""
    plan = plans.open_for(plan, actor)
    promotion = _locked(plan)
    pointers = promotion.pick.get("texts", [])
    if pointer not in pointers:
        raise ConflictError("This text is not chosen any more. Reload the page.", field="pointer")
    facts = {name: text for name, text in plan.facts.get("texts", {}).items() if name != pointer}
    _store(plan, promotion, [one for one in pointers if one != pointer], facts)
    plan.items.filter(key=texts.key_of(pointer)).delete()
    if "content" in plan.facts and not plan.items.exists():
        carried = (one["type"] for one in plan.display.get("objects", ()) if not one["is_system"])
        plans.add_items(plan, [drafting.confirmation(promotion, carried)])
    audit.record(
        Verb.TEXT_LEFT,
        actor=actor,
        subject=promotion,
        organization=promotion.target_organization,
        details={"revision": plan.revision, "item": texts.key_of(pointer)},
    )


def lost(plan: Plan) -> list[str]:
    """Pointers of chosen texts that the plan does not ask for: its export has none there, or asks by itself."""
    there = plan.facts.get("texts", {})
    return [pointer for pointer in plan.promotion.pick.get("texts", []) if pointer not in there]


def _locked(plan: Plan) -> Promotion:
    """The promotion as it is now, whoever waited for whom."""
    plan.promotion = (
        Promotion.objects.select_for_update(of=("self",))
        .select_related("target_organization", "source_organization", "target_sandbox")
        .get(pk=plan.promotion_id)
    )
    return plan.promotion


def _store(plan: Plan, promotion: Promotion, pointers: list[str], facts: dict[str, str]) -> None:
    others = {name: value for name, value in promotion.pick.items() if name != "texts"}
    promotion.pick = {**others, **({"texts": pointers} if pointers else {})}
    promotion.save(update_fields=["pick"])
    others = {name: value for name, value in plan.facts.items() if name != "texts"}
    plan.facts = {**others, **({"texts": facts} if facts else {})}
    plan.save(update_fields=["facts"])


def _decided(plan: Plan) -> Collection[str]:
    """The pointers of everything that is decided in the plan."""
    return {pointer for item in plan.items.all() for pointer in item.details.get("pointers", ())}


def _content(plan: Plan) -> bytes:
    document = plan.document
    if document is None:
        raise RefusedError("The plan has no export to search. Read the facts again.")
    if document.size > texts.SEARCHED_BYTES:
        size, limit = document.size / 1024**2, texts.SEARCHED_BYTES // 1024**2
        raise RefusedError(f"The export has {size:,.1f} MiB; texts can be searched in up to {limit} MiB.")
    try:
        return documents.content_of(document)
    except UndecryptableError as exc:
        raise RefusedError("The kept export cannot be read, since its key is gone. Read the facts again.") from exc
