"""What of a zip becomes an item of the plan: accounts and their values to decide, assets and files to see."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from promotions.api_choices import DuplicateRule
from promotions.choices import Decision, ItemInput, ItemKind
from promotions.systems.base import Choice, ItemDraft
from promotions.systems.snaplogic.account_names import slug_of
from promotions.systems.snaplogic.accounts_template import AccountNode
from promotions.systems.snaplogic.asset_types import ACCOUNT, EXPRESSION, is_policy
from promotions.systems.snaplogic.effects import DECISIONS, WORDS, Effect, effect_on
from promotions.systems.snaplogic.holdings import Holding
from promotions.systems.snaplogic.json_reading import unstorable
from promotions.systems.snaplogic.picks import Pick
from promotions.systems.snaplogic.zips import Asset
from promotions.systems.stored import nearest

ACCOUNT_ITEM = "Account in the zip"
VALUE_ITEM = "Account value"
CONFIRMATION = "Confirmation"
CHANGE_ITEM = "Change of what is sent"
CHANGE_KEY = "change"
VALUES_LIMIT = 400
"""An account with more values is none that people would edit one by one."""
_KEY_LIMIT = 600
# What the rule does to an account that is there, whatever is given for it.
_STANDING = {
    Effect.LEFT: "The target has this account, and the rule leaves it as it is: what is given here does not arrive. "
    "Overwrite accounts to change it there.",
    Effect.ADDED_OR_LEFT: "If the target has this account already, the rule leaves it as it is: what is given here "
    "does not arrive then.",
}
AS_EXPORTED = Choice(Decision.KEEP, None, "As exported", "")


def account_key(uuid: str) -> str:
    return f"account:{uuid}"


def value_key(uuid: str, pointer: str) -> str:
    key = f"value:{slug_of(uuid)}:{pointer}"
    return key if len(key) <= _KEY_LIMIT else f"value:{slug_of(uuid)}:{hashlib.sha256(pointer.encode()).hexdigest()}"


def account_items(
    nodes: Iterable[AccountNode], pick: Pick, stored: Sequence[Choice], holding: Holding
) -> list[ItemDraft]:
    """Each account of the template; one that somebody edits brings its values."""
    items = []
    for node in nodes:
        effect, _ = effect_on(ACCOUNT, node.name, pick=pick, holding=holding)
        items.append(_account(node, is_edited=node.uuid in pick.accounts, explanation=_STANDING.get(effect, "")))
        if node.uuid in pick.accounts:
            items += value_items(items[-1].details, stored)
    return items


def _account(node: AccountNode, *, is_edited: bool, explanation: str) -> ItemDraft:
    # What no database stores can neither be shown nor typed: it goes as exported.
    editable = [leaf for leaf in node.leaves if leaf.is_secret or not unstorable.search(leaf.text)]
    is_too_large = len(editable) > VALUES_LIMIT
    leaves = [
        {
            "pointer": leaf.pointer,
            "label": leaf.label,
            "kind": leaf.kind,
            "is_secret": leaf.is_secret,
            "must_be_typed": leaf.must_be_typed,
            "current": "" if leaf.is_secret else leaf.text,
        }
        for leaf in ([] if is_too_large else editable)
    ]
    details: dict[str, Any] = {"uuid": node.uuid, "name": node.name, "class_id": node.class_id, "leaves": leaves}
    if is_too_large:
        details["too_many"] = len(editable)
    return ItemDraft(
        key=account_key(node.uuid),
        kind=ItemKind.VALUE,
        type=ACCOUNT_ITEM,
        remote_id=node.uuid,
        title=node.name or node.uuid,
        explanation=explanation,
        # One that is edited goes as exported only once its values are taken out of the plan.
        choices=[] if is_edited else [AS_EXPORTED],
        must_decide=not is_edited,
        default=Decision.FILL if is_edited else Decision.UNDECIDED,
        details={**details, "memory": f"account:{node.name}"},
    )


def value_items(account: Mapping[str, Any], stored: Sequence[Choice]) -> list[ItemDraft]:
    """The values of an account that somebody edits: secrets have to be given in clear, all others may stay.

    SnapLogic, public API, "Import an API version", file_account: every encrypted value of an account that is sent must
    be replaced by plain text, even when it does not change.
    """
    name = str(account["name"] or account["uuid"])
    return [_value(account, name, leaf, stored) for leaf in account["leaves"]]


def _value(account: Mapping[str, Any], name: str, leaf: Mapping[str, Any], stored: Sequence[Choice]) -> ItemDraft:
    pointer = leaf["pointer"]
    details = {
        "uuid": account["uuid"],
        "pointer": pointer,
        "what": leaf["kind"],
        "where": leaf["label"],
        "memory": f"{name}:{pointer}"[:500],
    }
    title = f"{str(leaf['label']).rpartition('›')[2].strip()} of {name}"[:500]
    keep = [] if leaf["must_be_typed"] else [AS_EXPORTED]
    return ItemDraft(
        key=value_key(account["uuid"], pointer),
        kind=ItemKind.VALUE,
        type=VALUE_ITEM,
        remote_id=pointer[:500],
        title=title,
        depth=1,
        needed_by=[account_key(account["uuid"])],
        input=ItemInput.SECRET if leaf["is_secret"] else ItemInput.TEXT,
        choices=[*keep, *(nearest(stored, name) if leaf["is_secret"] else ())],
        must_decide=True,
        default=Decision.UNDECIDED if leaf["must_be_typed"] else Decision.KEEP,
        details=details if leaf["is_secret"] else {**details, "current": leaf["current"]},
    )


def asset_items(assets: Iterable[Asset], pick: Pick, holding: Holding) -> list[ItemDraft]:
    """What is foreseen for each asset; nobody decides it one by one, the rule does."""
    items: dict[str, ItemDraft] = {}
    for asset in assets:
        effect, reason = effect_on(asset.type, asset.name, pick=pick, holding=holding)
        key = f"asset:{asset.type}:{asset.name}"[:600]
        items[key] = _foreseen(key, asset.type, asset.name, effect, reason)
    return list(items.values())


def expression_items(names: Iterable[str], pick: Pick, holding: Holding) -> list[ItemDraft]:
    """Added files; one of the same name at the target is overwritten, whatever the rule."""
    items = []
    for name in names:
        effect, reason = Effect.ADDED, "Goes to the root of the version."
        presence = holding.presence_of(EXPRESSION, name)
        goes_elsewhere = pick.rule == DuplicateRule.CREATE_NEW and holding.presence == "there"
        if presence != "absent" and not goes_elsewhere:
            effect = Effect.OVERWRITTEN if presence == "there" else Effect.ADDED_OR_OVERWRITTEN
            reason = "Goes to the root of the version, over one of the same name."
        items.append(_foreseen(f"expression:{name}"[:600], EXPRESSION, name, effect, reason))
    return items


def _foreseen(key: str, kind: str, name: str, effect: Effect, reason: str) -> ItemDraft:
    return ItemDraft(
        key=key,
        type=kind[:64],
        remote_id=name[:500],
        title=name[:500],
        choices=[Choice(DECISIONS[effect], None, WORDS[effect], reason)],
        must_decide=False,
        default=DECISIONS[effect],
        details={"effect": effect.value, "foreseen": WORDS[effect], "reason": reason},
    )


def change_items(pick: Pick, files: Sequence[str]) -> list[ItemDraft]:
    """What somebody has changed since it was planned. The row names who: they take part, and cannot consent."""
    if not pick.is_changed:
        return []
    types = f" ({', '.join(pick.types)})" if pick.types else ""
    number = len(files)
    carried = f"{number} expression file{'' if number == 1 else 's'}" if number else "no expression files"
    return [
        ItemDraft(
            key=CHANGE_KEY,
            kind=ItemKind.VALUE,
            type=CHANGE_ITEM,
            remote_id=CHANGE_KEY,
            title="Duplicate rule and expression files",
            choices=[],
            must_decide=False,
            default=Decision.CONFIRM,
            details={"foreseen": f"{pick.rule.label}{types}", "reason": f"Goes along: {carried}."},
        )
    ]


def confirmations(assets: Sequence[Asset], pick: Pick, holding: Holding) -> list[ItemDraft]:
    """What has to be read and agreed to: what is overwritten whatever the rule, and what makes more each time."""
    found = []
    policies = [
        asset.name
        for asset in assets
        if is_policy(asset.type) and holding.presence_of(asset.type, asset.name) != "absent"
    ]
    if policies and pick.rule != DuplicateRule.CREATE_NEW:
        some = ", ".join(policies[:5]) + (f" and {len(policies) - 5} more" if len(policies) > 5 else "")
        found.append(
            _confirmation(
                "policies",
                "Policies are overwritten",
                f"Whatever the rule, the platform overwrites policies of the same name in the target: {some}. What "
                "they were there is not kept anywhere.",
            )
        )
    if pick.rule == DuplicateRule.CREATE_NEW and holding.presence != "absent":
        is_there = "is there already" if holding.presence == "there" else "may be there already"
        found.append(
            _confirmation(
                "another-version",
                "Another version is made",
                f"The version {pick.title} {is_there}. The import then makes another one, unpublished, under a "
                "numbered name that is decided by the platform: its texts show both “name1” and “name 1”. Running it "
                "once more makes yet another one.",
            )
        )
    return found


def _confirmation(key: str, title: str, explanation: str) -> ItemDraft:
    return ItemDraft(
        key=key,
        kind=ItemKind.CONFIRMATION,
        type=CONFIRMATION,
        remote_id=key,
        title=title,
        explanation=explanation,
        choices=[Choice(Decision.CONFIRM, None, "Understood", "")],
        must_decide=True,
    )
