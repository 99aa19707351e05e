"""Planning the import of an API version: what the zip holds, what the rule does in the target. Reads only."""

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.crypto import UndecryptableError
from accounts.models import User
from promotions.api_choices import ApiVersionState, DuplicateRule
from promotions.choices import Decision, PlanState
from promotions.engine.registry import Report
from promotions.models import ApiVersion, Archive, Job, Plan, PlanItem, Promotion
from promotions.services import archives
from promotions.services.errors import RefusedError
from promotions.systems.base import Blocker, Document, Gathered
from promotions.systems.snaplogic import kinds
from promotions.systems.snaplogic.asset_types import EXPRESSION
from promotions.systems.snaplogic.connection import snaplogic
from promotions.systems.snaplogic.drafting import (
    VALUE_ITEM,
    account_items,
    asset_items,
    change_items,
    confirmations,
    expression_items,
)
from promotions.systems.snaplogic.effects import WORDS, Effect
from promotions.systems.snaplogic.exporting import queue_export
from promotions.systems.snaplogic.holdings import Holding, holding_of
from promotions.systems.snaplogic.picks import Pick, archive_of, expressions_of, target_path
from promotions.systems.snaplogic.telling import SnapLogicTelling
from promotions.systems.snaplogic.zips import Inventory, inventory
from promotions.systems.stored import lost_values, stored_choices

ASSETS_LIMIT = 2000


class SnapLogicSystem(SnapLogicTelling):
    """Import of exported API versions."""

    name = kinds.SYSTEM
    run_kinds = (kinds.IMPORT,)
    preparations = (kinds.EXPORT,)

    def run_kind(self, promotion: Promotion) -> str:
        return kinds.IMPORT

    def queue_preparation(self, plan: Plan, actor: User | None) -> Job | None:
        """A version that somebody picked is exported once; plans go on resting on that zip."""
        pick = Pick.of(plan.promotion)
        if plan.state == PlanState.READY or pick.source is None or pick.archive is not None:
            return None
        return queue_export(plan, actor)

    def gather(self, promotion: Promotion, report: Report) -> Gathered:
        promotion.refresh_from_db()  # the export may have come since
        pick = Pick.of(promotion)
        archive, extras = archive_of(promotion), expressions_of(promotion)
        facts = _facts(promotion, pick, archive, extras)
        if blockers := _blockers(pick, archive, extras):
            return Gathered(facts=facts, blockers=blockers)
        if archive is None:
            raise TypeError("a plan without its zip was refused above")
        report("Reading the zip", done=0, total=2)
        try:
            found = _read(archive)
        except (RefusedError, UndecryptableError) as unfit:
            return Gathered(facts=facts, blockers=[Blocker(f"The zip cannot be imported: {unfit}")])
        report("Asking the target what it holds", done=1, total=2)
        with snaplogic(promotion.target_organization) as client:
            holding = holding_of(client, promotion.target_organization, target_path(promotion))
        nodes = found.accounts.nodes if found.accounts else ()
        expressions = tuple(extras.inventory["files"]) if extras else ()
        assets = asset_items(found.assets[:ASSETS_LIMIT], pick, holding)
        added = expression_items(expressions, pick, holding)
        return Gathered(
            facts={
                **facts,
                "effects": {item.key: item.details["effect"] for item in (*assets, *added)},
                "accounts": sorted(node.uuid for node in nodes),
                "target": {**facts["target"], "presence": holding.presence},
            },
            display=_display(found, holding, archive),
            blockers=_state_blockers(promotion, pick, holding),
            document=_template(archive, found),
            items=[
                *change_items(pick, expressions),
                *confirmations(found.assets, pick, holding),
                *account_items(nodes, pick, stored_choices(promotion), holding),
                *assets,
                *added,
            ],
        )

    def describe_changes(self, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
        changes = []
        if before.get("archive") != after.get("archive"):
            changes.append("The zip is another one than before.")
        if (before.get("rule"), before.get("types")) != (after.get("rule"), after.get("types")):
            changes.append(f"The duplicate rule is now “{DuplicateRule(after['rule']).label}”{_types_of(after)}.")
        if before.get("expressions") != after.get("expressions"):
            changes.append("The added expression files are other ones than before.")
        was, now = before.get("target", {}), after.get("target", {})
        if was.get("presence") and now.get("presence") and was["presence"] != now["presence"]:
            changes.append(f"The version in the target is now {_PRESENCE[now['presence']]}.")
        elif was.get("control_plane") != now.get("control_plane"):
            changes.append(f"The control plane of the target is now {now['control_plane']}.")
        elif was != now:
            changes.append("What is known of the target has changed.")
        if "effects" in before and "effects" in after:
            changes += _changed_effects(before["effects"], after["effects"])
        if not changes and before != after:
            changes.append("What the plan rests on has changed.")
        return changes

    def lost_values(self, plan: Plan) -> list[str]:
        lost = lost_values(plan)
        if (archive := archive_of(plan.promotion)) is None:
            return [*lost, "The zip was erased since. Upload or export it again, and plan anew."]
        for one in (archive, expressions_of(plan.promotion)):
            try:
                if one is not None:
                    archives.require_intact(one)
            except archives.DamagedError as damage:
                lost.append(str(damage))
        return lost

    def reasons_not_ready(self, plan: Plan, items: Sequence[PlanItem]) -> list[str]:
        pick = Pick.of(plan.promotion)
        reasons = []
        if pick.rule == DuplicateRule.OVERWRITE and not pick.types:
            reasons.append("Choose at least one type to overwrite, or another rule.")
        edited = {item.details["uuid"] for item in items if item.type == VALUE_ITEM}
        for item in items:
            if (
                item.key.startswith("account:")
                and item.decision == Decision.FILL
                and item.details["uuid"] not in edited
            ):
                reasons.append(f"The account {item.title} has no value to edit. Leave it as exported.")
        return reasons


_PRESENCE = {"there": "there", "absent": "not there", "unknown": "not known to be there"}


def _facts(promotion: Promotion, pick: Pick, archive: Archive | None, extras: Archive | None) -> dict[str, Any]:
    path = target_path(promotion)
    return {
        "archive": {"sha256": archive.sha256, "size": archive.size} if archive else None,
        "rule": pick.rule.value,
        "types": sorted(pick.types),
        "expressions": {"sha256": extras.sha256, "files": extras.inventory["files"]} if extras else None,
        "edited": sorted(pick.accounts),
        "target": {
            "organization": promotion.target_organization.remote_id,
            "control_plane": promotion.target_organization.platform_url,
            "path": path.text,
        },
    }


def _blockers(pick: Pick, archive: Archive | None, extras: Archive | None) -> list[Blocker]:
    blockers = []
    if archive is None:
        is_lost = pick.archive is not None
        words = "The zip was erased since" if is_lost else "The version is not exported yet"
        blockers.append(Blocker(f"{words}. Put this promotion away and plan a new one."))
    if pick.expressions is not None and extras is None:
        blockers.append(Blocker("The added expression files were erased since. Take them out, or add them again."))
    return blockers


def _state_blockers(promotion: Promotion, pick: Pick, holding: Holding) -> list[Blocker]:
    known = ApiVersion.objects.filter(
        organization=promotion.target_organization, api=pick.api, version=pick.version
    ).first()
    if known is None or known.state != ApiVersionState.RETIRED or pick.rule == DuplicateRule.CREATE_NEW:
        return []
    return [
        Blocker(
            f"{known} is retired, as far as Towpath knows: nothing can be changed in it any more. Import another "
            "version, or choose the rule that makes one."
        )
    ]


def _read(archive: Archive) -> Inventory:
    with archives.open_archive(archive) as file:
        return inventory(file)


def _template(archive: Archive, found: Inventory) -> Document | None:
    """What file_account is made of. It holds encrypted secrets, so it lies encrypted once more."""
    return Document(kinds.TEMPLATE, archive.sha256, found.accounts.content) if found.accounts else None


def _display(found: Inventory, holding: Holding, archive: Archive) -> dict[str, Any]:
    numbers: dict[str, int] = {}
    for asset in found.assets:
        numbers[asset.type] = numbers.get(asset.type, 0) + 1
    return {
        "archive": {"pk": archive.pk, "name": archive.name, "size": archive.size},
        "numbers": numbers,
        "source": found.source,
        "has_metadata": found.has_metadata,
        "has_template": found.accounts is not None,
        "accounts_problem": found.accounts_problem,
        "has_accounts": any(kind == "Account" for kind in numbers),
        "own_expressions": list(found.expressions[:200]),
        "left_out": max(0, len(found.assets) - ASSETS_LIMIT),
        "holding": {
            "presence": holding.presence,
            "is_listed": holding.is_listed,
            "why": holding.why,
            "number": holding.number,
            "ours": len(holding.ours),
        },
    }


def _types_of(facts: Mapping[str, Any]) -> str:
    return f" ({', '.join(facts['types'])})" if facts["types"] else ""


def _changed_effects(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    changes = []
    for key in sorted(set(before) & set(after)):
        if before[key] != after[key]:
            _, kind, name = key.split(":", 2) if key.startswith("asset:") else ("", EXPRESSION, key.partition(":")[2])
            was, now = WORDS[Effect(before[key])].lower(), WORDS[Effect(after[key])].lower()
            changes.append(f"{kind} {name}: was to be {was}, and is now {now}.")
    more = len(changes) - 5
    return [*changes[:5], *([f"And {more} more assets."] if more > 0 else [])]
