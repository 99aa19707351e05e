"""What a person decides on the objects of a plan."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import audit
from promotions.choices import Decision, ItemInput, Match
from promotions.models import Plan, PlanItem
from promotions.services import plans, sealed_values
from promotions.services.errors import ConflictError, RefusedError
from promotions.services.verbs import Verb
from promotions.systems.base import system

MEMORY_IS_OFF = "Earlier decisions are switched off for this promotion. Switch them on to take them."


@dataclass(frozen=True)
class Verdict:
    """A person's decision on one item. `seen_batch` is the item's `batch` as the person saw it, if known.

    `target_id` names one of the offered choices; `value` is what was typed, where that is the decision.

    `is_remembered` says that they took what was decided before; it must then be just that.
    """

    item_id: int
    decision: Decision
    target_id: str = ""
    seen_batch: int | None = None
    is_remembered: bool = False
    value: str = field(default="", repr=False)


def first_proposals(plan: Plan, item_ids: Collection[int]) -> list[Verdict]:
    """Use what the platform proposes first, where it proposes anything."""
    return _first_targets(plan.items.filter(pk__in=item_ids, must_decide=True))


def _first_targets(items: Iterable[PlanItem]) -> list[Verdict]:
    found = []
    for item in items:
        first = next((choice for choice in item.choices if choice["target"]), None)
        if first is not None:
            found.append(Verdict(item.pk, Decision(first["decision"]), first["target"]["id"], item.batch))
    return found


def exact_matches(plan: Plan) -> list[Verdict]:
    """Take the one existing object of the same title and type, where it is proposed first and nothing is decided."""
    undecided = plan.items.filter(match=Match.EXACT, must_decide=True, decision=Decision.UNDECIDED)
    return _first_targets(undecided)


def creations(plan: Plan, item_ids: Collection[int]) -> list[Verdict]:
    """Create new, where there is something to decide."""
    return _created(plan.items.filter(pk__in=item_ids, must_decide=True))


def creations_of_undecided(plan: Plan) -> list[Verdict]:
    """Create new wherever nothing was decided yet."""
    return _created(plan.items.filter(must_decide=True, decision=Decision.UNDECIDED))


def remembered(plan: Plan, item_ids: Collection[int] | None = None) -> list[Verdict]:
    """What was decided before on undecided items, or on the named ones; nothing if the offer is switched off."""
    if not plan.promotion.is_memory_offered:
        return []
    items = plan.items.filter(must_decide=True, decision=Decision.UNDECIDED, remembered__isnull=False)
    if item_ids is not None:
        items = items.filter(pk__in=item_ids)
    found = []
    for item in items:
        before = item.remembered or {}
        decision, chosen = Decision(before["decision"]), (before["target"] or {}).get("id", "")
        value = chosen if decision == Decision.FILL else ""
        found.append(Verdict(item.pk, decision, chosen, item.batch, is_remembered=True, value=value))
    return found


def kept(plan: Plan, item_ids: Collection[int] | None = None) -> list[Verdict]:
    """Keep as it is, wherever nothing is decided yet and that is offered without a warning, or on the named items."""
    items = plan.items.filter(must_decide=True)
    items = items.filter(decision=Decision.UNDECIDED) if item_ids is None else items.filter(pk__in=item_ids)
    return [
        Verdict(item.pk, Decision.KEEP, seen_batch=item.batch)
        for item in items
        if is_keepable(item, may_warn=item_ids is not None)
    ]


def is_keepable(item: PlanItem, *, may_warn: bool = False) -> bool:
    """Whether it can stay as it is; `may_warn` also where the offer says that this will go wrong."""
    return any(
        choice["decision"] == Decision.KEEP and (may_warn or not choice["consequence"]) for choice in item.choices
    )


def _created(items: Collection[PlanItem]) -> list[Verdict]:
    return [
        Verdict(item.pk, Decision.CREATE, seen_batch=item.batch)
        for item in items
        if any(choice["decision"] == Decision.CREATE for choice in item.choices)
    ]


@transaction.atomic
def decide(*, plan: Plan, verdicts: Sequence[Verdict], actor: User) -> list[PlanItem]:
    """Decide items of an open plan, all of them or none; returns those that changed.

    Raises ConflictError if somebody else decided one meanwhile, RefusedError for a choice that is not offered.
    """
    plan = plans.open_for(plan, actor)
    items = {item.pk: item for item in plan.items.filter(pk__in=[verdict.item_id for verdict in verdicts])}
    changed, from_memory = [], []
    for verdict in verdicts:
        item = items.get(verdict.item_id)
        if item is None:
            raise ConflictError("The plan has been gathered anew meanwhile. Reload the page.")
        if verdict.seen_batch is not None and verdict.seen_batch != item.batch:
            who = item.decided_by or "somebody"
            raise ConflictError(f"{item} was decided by {who} meanwhile. Look at the row again before changing it.")
        if verdict.is_remembered:
            _require_remembered(plan, item, verdict)
        target = _typed(plan, item, verdict, actor) if verdict.decision == Decision.FILL else _offered(item, verdict)
        if (item.decision, item.target) != (verdict.decision, target):
            item.previous = _standing(item)
            item.decision, item.target = verdict.decision, target
            changed.append(item)
            if verdict.is_remembered:
                from_memory.append(item.key)
    now = timezone.now()
    for item in changed:
        item.decided_by, item.decided_at = actor, now
    _store_decisions(plan, changed)
    if changed:
        _record_decisions(plan, changed, actor, from_memory=from_memory)
    return changed


@transaction.atomic
def accept_exact(*, plan: Plan, actor: User) -> list[PlanItem]:
    """Use the existing object wherever exactly one has the same title and type and is proposed first."""
    plan = plans.open_for(plan, actor)
    return decide(plan=plan, verdicts=exact_matches(plan), actor=actor)


@transaction.atomic
def take_remembered(*, plan: Plan, actor: User, item_ids: Collection[int] | None = None) -> list[PlanItem]:
    """Decide as before wherever that is offered and nothing is decided yet, or on the named items of those.

    Raises RefusedError if earlier decisions are not offered for this promotion, or none fits.
    """
    plan = plans.open_for(plan, actor)
    if not plan.promotion.is_memory_offered:
        raise RefusedError(MEMORY_IS_OFF)
    verdicts = remembered(plan, item_ids)
    if not verdicts:
        raise RefusedError("Nothing that is undecided has an earlier decision that is still offered.")
    return decide(plan=plan, verdicts=verdicts, actor=actor)


@transaction.atomic
def undo(*, plan: Plan, actor: User) -> list[PlanItem]:
    """Take back the latest act of deciding, whoever did it; returns the items that changed."""
    plan = plans.open_for(plan, actor)
    latest = list(plan.items.filter(batch=plan.decision_batch, previous__isnull=False)) if plan.decision_batch else []
    if not latest:
        raise RefusedError("There is no decision to take back.")
    now = timezone.now()
    deciders = User.objects.in_bulk([(item.previous or {}).get("by") for item in latest])
    for item in latest:
        before = item.previous or {}
        item.decision, item.target = before.get("decision", Decision.UNDECIDED), before.get("target")
        # What stands again is the decision of whoever took it: they must not consent to it as if it were another's.
        item.decided_by, item.decided_at = deciders.get(before.get("by"), actor), now
        item.previous = None
    _store_decisions(plan, latest)
    audit.record(
        Verb.DECISION_UNDONE,
        actor=actor,
        subject=plan.promotion,
        organization=plan.promotion.target_organization,
        details={"revision": plan.revision, "items": [item.key for item in latest]},
    )
    return latest


def _standing(item: PlanItem) -> dict[str, Any]:
    return {"decision": item.decision, "target": item.target, "by": item.decided_by_id}


def _typed(plan: Plan, item: PlanItem, verdict: Verdict, person: User) -> dict[str, str]:
    """What a decision keeps of a typed value: all of it, or the digest of a secret. Raises RefusedError if not fit."""
    if not item.input:
        raise RefusedError(f"Nothing can be typed for {item}. Choose one of what is offered.")
    value = system(plan.promotion.system).checked_value(item, verdict.value)
    if item.input == ItemInput.SECRET:
        return sealed_values.seal(promotion=plan.promotion, value=value, person=person)
    consequence = system(plan.promotion.system).consequence_of(item, value)
    return {"id": value, "type": item.input, "title": value, **({"consequence": consequence} if consequence else {})}


def _offered(item: PlanItem, verdict: Verdict) -> dict[str, str] | None:
    """The target of an offered choice; raises RefusedError for any other."""
    if verdict.decision == Decision.UNDECIDED and (item.must_decide or item.decision == Decision.UNDECIDED):
        return None
    if verdict.decision == Decision.UNDECIDED:
        # What is foreseen is not a person's to hide from whoever is asked to agree.
        raise RefusedError(f"There is nothing to decide on {item}. Reload the page.")
    for choice in item.choices:
        target = choice["target"]
        if choice["decision"] == verdict.decision and (target is None or target["id"] == verdict.target_id):
            found: dict[str, str] | None = target
            return found
    raise RefusedError(f"That choice is not offered for {item}. Reload the page to see what is.")


def _require_remembered(plan: Plan, item: PlanItem, verdict: Verdict) -> None:
    if not plan.promotion.is_memory_offered:
        raise RefusedError(MEMORY_IS_OFF)
    before = item.remembered or {}
    target = before.get("target") or {}
    wanted = verdict.value if verdict.decision == Decision.FILL else verdict.target_id
    if (before.get("decision"), target.get("id", "")) != (verdict.decision, wanted):
        raise ConflictError(f"What was decided before on {item} is something else. Reload the page.")


def _store_decisions(plan: Plan, items: Sequence[PlanItem]) -> None:
    if not items:
        return
    plan.decision_batch += 1
    plan.save(update_fields=["decision_batch"])
    for item in items:
        item.batch = plan.decision_batch
    # An upsert by primary key: with thousands of items several times as fast as bulk_update.
    PlanItem.objects.bulk_create(
        items,
        update_conflicts=True,
        unique_fields=["pk"],
        update_fields=["decision", "target", "previous", "batch", "decided_by", "decided_at"],
    )


def _record_decisions(plan: Plan, items: Sequence[PlanItem], actor: User, *, from_memory: Sequence[str]) -> None:
    audit.record(
        Verb.ITEMS_DECIDED,
        actor=actor,
        subject=plan.promotion,
        organization=plan.promotion.target_organization,
        details={
            "revision": plan.revision,
            "decisions": [_recorded(item) for item in items],
            **({"remembered": list(from_memory)} if from_memory else {}),
        },
    )


def _recorded(item: PlanItem) -> dict[str, str | None]:
    """A decision for the record: the key of a secret stands as a value, since under such a name nothing is shown."""
    target = item.target or {}
    title = {"title": target["title"]} if item.input and target else {}
    return {"item": item.key, "decision": item.decision, "target": target.get("id"), **title}
