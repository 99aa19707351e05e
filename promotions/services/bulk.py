"""Decisions on many items at once, as verdicts for `plans.decide`."""

from collections.abc import Collection

from promotions.choices import Decision
from promotions.models import Plan, PlanItem
from promotions.services.plans import Verdict


def first_proposals(plan: Plan, item_ids: Collection[int]) -> list[Verdict]:
    """Use what the platform proposes first, where it proposes anything."""
    found = []
    for item in plan.items.filter(pk__in=item_ids, must_decide=True):
        target = next((choice["target"] for choice in item.choices if choice["target"]), None)
        if target is not None:
            found.append(Verdict(item.pk, Decision.REUSE, target["id"]))
    return found


def creations(plan: Plan, item_ids: Collection[int]) -> list[Verdict]:
    """Create new, where there is something to decide."""
    return _created(plan.items.filter(pk__in=item_ids, must_decide=True))


def creations_of_undecided(plan: Plan) -> list[Verdict]:
    """Create new wherever nothing was decided yet."""
    return _created(plan.items.filter(must_decide=True, decision=Decision.UNDECIDED))


def _created(items: Collection[PlanItem]) -> list[Verdict]:
    return [
        Verdict(item.pk, Decision.CREATE)
        for item in items
        if any(choice["decision"] == Decision.CREATE for choice in item.choices)
    ]
