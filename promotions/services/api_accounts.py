"""Accounts of an exported version that somebody edits before the import."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import audit
from promotions.choices import Decision
from promotions.models import Plan, PlanItem, Promotion
from promotions.services import api_version_plans, decisions, plans, sealed_values
from promotions.services.decisions import Verdict
from promotions.services.errors import ConflictError, RefusedError
from promotions.systems.snaplogic import drafting
from promotions.systems.snaplogic.picks import Pick
from promotions.systems.snaplogic.verbs import ApiVerb
from promotions.systems.stored import stored_choices


@transaction.atomic
def edit(*, plan: Plan, uuid: str, typed: Mapping[str, str], stored: Mapping[str, str], actor: User) -> list[PlanItem]:
    """Edit an account: `typed` values and ids of `stored` ones, by pointer; what neither names stays as it is decided.

    The account is then sent along, which takes every secret of it in clear: those that are still missing keep the plan
    from running. Raises RefusedError for an account or a value that the export does not have, and what `decide` raises.
    """
    plan = plans.open_for(plan, actor)
    promotion = api_version_plans.locked_promotion(plan)
    account = account_of(plan, uuid)
    if why := reason_not_to_edit(account):
        raise RefusedError(why)
    if uuid not in Pick.of(promotion).accounts:
        _choose(plan, promotion, account, actor)
    items = {item.details["pointer"]: item for item in values_of(plan, uuid)}
    verdicts = []
    for pointer, value in typed.items():
        item = _item_at(items, pointer, account)
        if value == item.details.get("current"):
            verdicts.append(Verdict(item.pk, Decision.KEEP))
        else:
            verdicts.append(Verdict(item.pk, Decision.FILL, value=value))
    for pointer, target_id in stored.items():
        verdicts.append(Verdict(_item_at(items, pointer, account).pk, Decision.REUSE, target_id))
    decisions.decide(plan=plan, verdicts=verdicts, actor=actor)
    return values_of(plan, uuid)


@transaction.atomic
def leave(*, plan: Plan, uuid: str, actor: User) -> None:
    """Let an account go as exported after all; what was typed for it is forgotten. Raises ConflictError if it does."""
    plan = plans.open_for(plan, actor)
    promotion = api_version_plans.locked_promotion(plan)
    pick = Pick.of(promotion)
    account = account_of(plan, uuid)
    if uuid not in pick.accounts:
        raise ConflictError(f"{account.title} goes as exported already. Reload the page.")
    api_version_plans.store(promotion, pick.changed(accounts=tuple(one for one in pick.accounts if one != uuid)))
    values = values_of(plan, uuid)
    plan.items.filter(pk__in=[item.pk for item in values]).delete()
    sealed_values.drop_unused(plan)
    _redraw(account, is_edited=False, person=actor)
    _note_edited(plan, promotion)
    audit.record(
        ApiVerb.ACCOUNT_LEFT,
        actor=actor,
        subject=promotion,
        organization=promotion.target_organization,
        details={"revision": plan.revision, "item": account.key, "name": account.title},
    )


def account_of(plan: Plan, uuid: str) -> PlanItem:
    """The account's item; raises RefusedError if the export has no such account."""
    item = plan.items.filter(key=drafting.account_key(uuid)).first()
    if item is None:
        raise RefusedError("The export holds no such account. Reload the page.")
    return item


def reason_not_to_edit(account: PlanItem) -> str:
    """Why nobody can edit it here, in a sentence; empty if somebody can."""
    number = account.details.get("too_many", 0)
    if not number:
        return ""
    return (
        f"{account.title} has {number:,} values, and at most {drafting.VALUES_LIMIT} can be edited here. Leave it as "
        "exported, and edit it in SnapLogic after the import."
    )


def values_of(plan: Plan, uuid: str) -> list[PlanItem]:
    """The items of an account that is edited, in the order of the export."""
    return [item for item in plan.items.filter(type=drafting.VALUE_ITEM) if item.details["uuid"] == uuid]


def _choose(plan: Plan, promotion: Promotion, account: PlanItem, actor: User) -> None:
    pick = Pick.of(promotion)
    uuid = account.details["uuid"]
    api_version_plans.store(promotion, pick.changed(accounts=(*pick.accounts, uuid)))
    _redraw(account, is_edited=True, person=actor)
    plans.add_items(plan, drafting.value_items(account.details, stored_choices(promotion)), after=account)
    _note_edited(plan, promotion)
    audit.record(
        ApiVerb.ACCOUNT_CHOSEN,
        actor=actor,
        subject=promotion,
        organization=promotion.target_organization,
        details={"revision": plan.revision, "item": account.key, "name": account.title},
    )


def _redraw(account: PlanItem, *, is_edited: bool, person: User) -> None:
    """As a new reading of the facts would draw it."""
    account.must_decide = not is_edited
    account.choices = [] if is_edited else [drafting.AS_EXPORTED.as_json()]
    account.decision = Decision.FILL if is_edited else Decision.KEEP
    account.target, account.previous = None, None
    account.decided_by, account.decided_at = person, timezone.now()
    account.save(update_fields=["must_decide", "choices", "decision", "target", "previous", "decided_by", "decided_at"])


def _note_edited(plan: Plan, promotion: Promotion) -> None:
    plan.facts = {**plan.facts, "edited": sorted(Pick.of(promotion).accounts)}
    plan.save(update_fields=["facts"])


def _item_at(items: Mapping[str, PlanItem], pointer: str, account: PlanItem) -> PlanItem:
    item = items.get(pointer)
    if item is None:
        raise RefusedError(f"{account.title} has no value at {pointer[:200]}. Reload the page.")
    return item
