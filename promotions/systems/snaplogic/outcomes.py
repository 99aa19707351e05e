"""What became of each asset, from the lists of the answer; what it does not mention stays unknown."""

from collections.abc import Iterable, Mapping
from typing import Any

from clients.snaplogic import ImportResult
from promotions.api_choices import DuplicateRule
from promotions.choices import Decision, ResultOutcome
from promotions.models import Plan, PlanItem, TaskResult
from promotions.systems.snaplogic.asset_types import is_among, is_policy
from promotions.systems.snaplogic.effects import Effect
from promotions.systems.snaplogic.picks import Pick

UNTYPED = "Asset"
# Of rows, which are told apart by both.
TYPE_LIMIT, NAME_LIMIT = 64, 500
WORDS_LIMIT = 4000
CONFLICT = 409
NAMED = "named"
"""In place of an answer that was lost: where a person says that it went."""
_MADE = {
    Effect.OVERWRITTEN: ResultOutcome.UPDATED,
    Effect.ADDED: ResultOutcome.CREATED,
}


def received(result: ImportResult) -> dict[str, Any]:
    """The answer as the job keeps it: without secrets, in lists that do not change with the client."""
    return {
        "successful": [{"name": one.name, "type": one.type, "snode_id": one.snode_id} for one in result.successful],
        "failed": [
            {
                "name": one.name,
                "type": one.type,
                "snode_id": one.snode_id,
                "status_code": one.status_code,
                "reason": one.reason,
            }
            for one in result.failed
        ],
        "warnings": [
            {"name": one.name, "type": one.type, "snode_id": one.snode_id, "message": one.message}
            for one in result.warnings
        ],
        "version_path": result.version_path,
        "http_status_code": result.http_status_code,
        "is_complete": result.is_complete,
        "status_mismatch": result.status_mismatch,
        "answer": result.raw,
    }


def is_answered(raw: Mapping[str, Any]) -> bool:
    """Whether a job keeps an answer of the platform, and not only what a person said."""
    return "answer" in raw


def to_be_added(plan: Plan) -> set[tuple[str, str]]:
    """Types and names of what the target certainly had not, as its result rows name them."""
    return {(item.type, item.title) for item in plan.items.all() if item.details.get("effect") == Effect.ADDED}


def rows_of(plan: Plan, raw: Mapping[str, Any]) -> list[TaskResult]:
    """One row for each asset that the answer names or the zip holds."""
    pick = Pick.of(plan.promotion)
    found = _Rows(plan.items.all(), pick)
    for one in raw.get("successful", ()):
        found.done(one)
    for one in raw.get("failed", ()):
        found.failed(one)
    for one in raw.get("warnings", ()):
        found.warned(one)
    return found.all(is_answered=is_answered(raw))


class _Rows:
    """Answers name assets, mostly without their types; the zip knows those."""

    def __init__(self, items: Iterable[PlanItem], pick: Pick) -> None:
        self._items = {(item.type, item.title): item for item in items if "effect" in item.details}
        self._pick = pick
        self._rows: dict[tuple[str, str], TaskResult] = {}
        # By name, since an answer may be as long as it likes.
        self._foreseen: dict[str, list[str]] = {}
        self._told: dict[str, str] = {}
        for kind, name in self._items:
            self._foreseen.setdefault(name, []).append(kind)

    def done(self, one: Mapping[str, Any]) -> None:
        kind = self._type(one, is_done=True)
        item = self._items.get((kind, _name(one)))
        effect = Effect(item.details["effect"]) if item is not None else Effect.ADDED_OR_OVERWRITTEN
        row = self._row(kind, one)
        row.new_id = str(one["snode_id"])[:500]
        row.outcome, row.claim = _MADE.get(effect, ResultOutcome.CREATED), "successful"
        if effect in (Effect.ADDED_OR_LEFT, Effect.ADDED_OR_OVERWRITTEN):
            row.explanation = "Added or overwritten: the answer does not tell which."
        elif effect == Effect.LEFT:
            row.outcome = ResultOutcome.UPDATED
            row.explanation = "It was to be left as it is; the platform says that it imported it."

    def failed(self, one: Mapping[str, Any]) -> None:
        row = self._row(self._type(one, is_done=False), one)
        row.outcome, row.claim = ResultOutcome.FAILED, f"failed {one['status_code'] or ''}".strip()
        reason = readable(one["reason"])
        row.explanation = _why(one["status_code"], reason)
        row.messages.append({"status": "ERROR", "attempt": None, "message": reason or "No reason is given."})

    def warned(self, one: Mapping[str, Any]) -> None:
        kind = self._told.get(_name(one)) or self._type(one, is_done=False)
        is_new = (kind, _name(one)) not in self._rows
        row = self._row(kind, one)
        row.messages.append({"status": "WARNING", "attempt": None, "message": readable(one["message"])})
        if not is_new:
            return
        row.claim = "warning"
        is_left = self._pick.rule == DuplicateRule.OVERWRITE and not is_among(kind, self._pick.types)
        if is_left and not is_policy(kind) and kind != UNTYPED:
            row.outcome = ResultOutcome.UNCHANGED
            row.explanation = "Its type is not among those to overwrite; the platform only warns about it."
        else:
            row.explanation = "The platform only warns about it; what became of it is not told."

    def all(self, *, is_answered: bool) -> list[TaskResult]:
        for (kind, name), item in self._items.items():
            if (kind, name) in self._rows:
                continue
            row = self._row(kind, {"name": name, "snode_id": ""})
            if not is_answered:
                row.explanation = "The answer of the platform was lost."
            elif item.decision == Decision.LEAVE:
                row.outcome = ResultOutcome.UNCHANGED
                row.explanation = "It was to be left as it is, and the answer does not mention it."
            else:
                row.explanation = "The answer does not mention it."
        return list(self._rows.values())

    def _row(self, kind: str, one: Mapping[str, Any]) -> TaskResult:
        name = _name(one)
        row = self._rows.get((kind, name))
        if row is None:
            row = TaskResult(type=kind, remote_id=name, title=name, outcome=ResultOutcome.UNKNOWN, messages=[])
            self._rows[kind, name] = row
            self._told.setdefault(name, kind)
        return row

    def _type(self, one: Mapping[str, Any], *, is_done: bool) -> str:
        """The type that the answer tells, or the one that the zip knows of this name; of several, the first one free.

        An asset may be named like one of another type: done ones are taken first for what was to be done.
        """
        name = _name(one)
        kinds = self._foreseen.get(name, [])
        if one["type"]:
            return next((kind for kind in kinds if is_among(kind, [one["type"]])), str(one["type"])[:TYPE_LIMIT])
        free = [kind for kind in kinds if (kind, name) not in self._rows]
        if is_done:
            free.sort(key=lambda kind: self._items[kind, name].decision == Decision.LEAVE)
        else:
            free.sort(key=lambda kind: self._items[kind, name].decision != Decision.LEAVE)
        return free[0] if free else UNTYPED


def readable(words: str) -> str:
    """What the platform says, as far as anybody reads it; the job keeps all of it."""
    return words if len(words) <= WORDS_LIMIT else f"{words[: WORDS_LIMIT - 1]}…"


def _name(one: Mapping[str, Any]) -> str:
    """As its row names it; of what is told by its id alone, that."""
    return str(one["name"] or one["snode_id"])[:NAME_LIMIT]


def _why(status_code: int | None, reason: str) -> str:
    if status_code == CONFLICT:
        return f"One of this name is there already, and stays as it was. {reason}".strip()
    return reason or "The platform gives no reason."
