"""What the duplicate rule does to one asset of the zip.

SnapLogic, public API, "Import an API version": duplicate_check and overwrite_types.
"""

from enum import StrEnum

from promotions.api_choices import DuplicateRule
from promotions.choices import Decision
from promotions.systems.snaplogic.asset_types import is_among, is_policy
from promotions.systems.snaplogic.holdings import Holding
from promotions.systems.snaplogic.picks import Pick


class Effect(StrEnum):
    """Foreseen, from what is known of the target just now."""

    ADDED = "added"
    OVERWRITTEN = "overwritten"
    LEFT = "left"
    ADDED_OR_LEFT = "added_or_left"
    ADDED_OR_OVERWRITTEN = "added_or_overwritten"


# What an effect counts as among the decisions that all plans have.
DECISIONS = {
    Effect.ADDED: Decision.CREATE,
    Effect.ADDED_OR_LEFT: Decision.CREATE,
    Effect.OVERWRITTEN: Decision.UPDATE,
    Effect.ADDED_OR_OVERWRITTEN: Decision.UPDATE,
    Effect.LEFT: Decision.LEAVE,
}
WORDS = {
    Effect.ADDED: "Added",
    Effect.OVERWRITTEN: "Overwritten",
    Effect.LEFT: "Left as it is",
    Effect.ADDED_OR_LEFT: "Added, if it is not there",
    Effect.ADDED_OR_OVERWRITTEN: "Added, or overwritten if it is there",
}


def effect_on(kind: str, name: str, *, pick: Pick, holding: Holding) -> tuple[Effect, str]:
    """What will probably happen to an asset, and why."""
    if holding.presence == "absent":
        return Effect.ADDED, "The target has no such version yet."
    if pick.rule == DuplicateRule.CREATE_NEW and holding.presence == "there":
        return Effect.ADDED, "Goes into another version, which the import makes."
    presence = holding.presence_of(kind, name)
    if presence == "absent":
        return Effect.ADDED, "The version in the target has none of this name."
    since = f" Job {job} brought one there." if (job := holding.job_of(kind, name)) is not None else ""
    if pick.rule == DuplicateRule.CREATE_NEW:
        return Effect.ADDED, "Goes into another version, if the target has this one already."
    is_there = presence == "there"
    if is_policy(kind):
        reason = "Policies are always overwritten, whatever the rule."
        return (Effect.OVERWRITTEN if is_there else Effect.ADDED_OR_OVERWRITTEN), f"{reason}{since}"
    if pick.rule == DuplicateRule.OVERWRITE and is_among(kind, pick.types):
        reason = "Its type is among those to overwrite."
        return (Effect.OVERWRITTEN if is_there else Effect.ADDED_OR_OVERWRITTEN), f"{reason}{since}"
    if pick.rule == DuplicateRule.OVERWRITE:
        reason = "Its type is not among those to overwrite: what is there stays."
    else:
        reason = "What is there stays, and the platform reports a conflict (409)."
    return (Effect.LEFT if is_there else Effect.ADDED_OR_LEFT), f"{reason}{since}"
