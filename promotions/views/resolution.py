"""The resolution table as the page shows it: rows, counts, the permission table, and why the plan cannot run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator

from accounts.http import AuthenticatedRequest, natural_number
from promotions import access
from promotions.choices import MAPPED, ArtifactType, Decision, ItemKind, JobState, Match, PlanState, label
from promotions.engine import registry
from promotions.forms.plans import prefix_of, value_of
from promotions.models import Job, Plan, PlanItem
from promotions.services import decisions, plans, runs
from promotions.systems.base import System, system
from promotions.turns import turn_of
from promotions.views import approval_pages

ROWS_PER_PAGE = 200
INLINE_LIMIT = 4
SHOWS = ("all", "undecided", "rights")
_SIGNS = {Decision.REUSE: "=", Decision.UPDATE: "~", Decision.KEEP: "="}
_BEFORE = {Decision.REUSE: "use existing", Decision.UPDATE: "update existing", Decision.FILL: "filled in"}
_BARE = {Decision.CREATE: "create new", Decision.KEEP: "kept as it is"}
USUAL_PERMISSIONS = ("read", "write", "delete")


@dataclass(frozen=True)
class Option:
    """One way to decide a row."""

    value: str
    label: str
    type_label: str
    reason: str
    consequence: str
    remote_id: str
    is_chosen: bool
    sign: str
    """"=" uses the object, "~" writes to it, "+" creates another."""


@dataclass(frozen=True)
class Remembered:
    """What was decided on an object when it was last run into this target."""

    value: str
    words: str
    by: str
    at: datetime
    times: int
    is_standing: bool
    """Whether the same is decided now."""


def remembered_of(item: PlanItem) -> Remembered | None:
    before = item.remembered
    if not before:
        return None
    value = value_of(before["decision"], before["target"])
    target = before["target"] or {}
    name = f"“{target.get('title') or target.get('id')}”"
    how = _BEFORE.get(before["decision"], "use existing")
    words = f"{how} {name}" if target else _BARE.get(before["decision"], "decided")
    is_standing = value == value_of(item.decision, item.target)
    return Remembered(value, words, before["by"], datetime.fromisoformat(before["at"]), before["times"], is_standing)


@dataclass
class Row:
    """One plan item with everything its line shows."""

    item: PlanItem
    parents: Sequence[str]
    problem: str = ""
    typed: str = ""
    """What a person typed that was refused, to be mended; never a secret."""

    @property
    def prefix(self) -> str:
        return prefix_of(self.item)

    @cached_property
    def options(self) -> list[Option]:
        chosen = value_of(self.item.decision, self.item.target)
        return [_option(choice, chosen, self.item.type) for choice in self.item.choices]

    @cached_property
    def candidates(self) -> list[Option]:
        return [option for option in self.options if option.remote_id]

    @cached_property
    def others(self) -> list[Option]:
        """What is no candidate: creating, confirming."""
        return [option for option in self.options if not option.remote_id]

    @property
    def is_select(self) -> bool:
        return len(self.candidates) > INLINE_LIMIT

    @property
    def is_candidate_chosen(self) -> bool:
        return self.item.decision in MAPPED

    @cached_property
    def chosen(self) -> Option | None:
        return next((option for option in self.options if option.is_chosen), None)

    @cached_property
    def remembered(self) -> Remembered | None:
        return remembered_of(self.item)

    @property
    def is_confirmation(self) -> bool:
        return self.item.kind == ItemKind.CONFIRMATION

    @property
    def is_typed(self) -> bool:
        """Whether what stands was typed, and not chosen."""
        return self.item.decision == Decision.FILL

    @property
    def is_final(self) -> bool:
        """Whether the standing decision leaves no way back."""
        return self.item.decision in (Decision.CREATE, Decision.UPDATE, Decision.CONFIRM)

    @cached_property
    def missing(self) -> list[str]:
        return [_missing_right(right) for right in self.item.missing_rights]

    @property
    def css(self) -> str:
        if self.item.is_right_missing:
            return "is-blocked"
        return "is-undecided" if self.item.is_undecided else ""


def _option(choice: Mapping[str, Any], chosen: str, artifact_type: str) -> Option:
    target = choice["target"]
    value = value_of(choice["decision"], target)
    sign = _SIGNS.get(choice["decision"], "+")
    if target is None:
        words, remote_id, type_label = str(Decision(choice["decision"]).label), "", ""
        if choice["decision"] == Decision.CONFIRM:
            words = "I have read this and want all of it created"
    else:
        words, remote_id = target["title"] or target["id"], target["id"]
        type_label = label(ArtifactType, target["type"]) if target["type"] != artifact_type else ""
    return Option(value, words, type_label, choice["reason"], choice["consequence"], remote_id, value == chosen, sign)


def _missing_right(right: Mapping[str, Any]) -> str:
    return f"{right['resource']}: {', '.join(right['permissions'])}"


@dataclass(frozen=True)
class Counts:
    """The plan in numbers."""

    total: int
    undecided: int
    missing: int
    acceptable: int
    """Undecided rows with an exact match."""
    creatable: int
    """Undecided rows for which a new object can be created."""
    keepable: int
    """Undecided rows that can stay as they are."""
    is_confirmation: bool
    """Whether all there is to decide is one confirmation."""


def count(items: Iterable[PlanItem]) -> Counts:
    found = list(items)
    return Counts(
        total=len(found),
        undecided=sum(item.is_undecided for item in found),
        missing=sum(item.is_right_missing for item in found),
        acceptable=sum(item.is_undecided and item.match == Match.EXACT for item in found),
        creatable=sum(item.is_undecided and item.kind == ItemKind.OBJECT for item in found),
        keepable=sum(item.is_undecided and decisions.is_keepable(item) for item in found),
        is_confirmation=_is_one_confirmation(found),
    )


def _is_one_confirmation(items: Sequence[PlanItem]) -> bool:
    duties = [item for item in items if item.must_decide]
    return bool(duties) and all(item.kind == ItemKind.CONFIRMATION for item in duties)


@dataclass(frozen=True)
class Cell:
    """One permission on one resource type."""

    permission: str
    needed: int
    missing: int


@dataclass(frozen=True)
class Matrix:
    """What the platform says of the rights this import needs."""

    permissions: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]

    @property
    def is_any_missing(self) -> bool:
        return any(cell.missing for _, cells in self.rows for cell in cells)


def matrix_of(plan: Plan) -> Matrix:
    found = plan.display.get("matrix", [])
    names = {name for row in found for name in row["permissions"]}
    usual = [name for name in USUAL_PERMISSIONS if name in names]
    permissions = [*usual, *sorted(names - set(usual))]
    none = {"needed": 0, "missing": 0}
    return Matrix(
        permissions,
        [
            (row["resource"], [Cell(name, **row["permissions"].get(name, none)) for name in permissions])
            for row in found
        ],
    )


def request_text(plan: Plan, items: Iterable[PlanItem]) -> str:
    """What to send to the administrator of the target, naming every missing right and the objects it is for."""
    wanted: dict[str, list[str]] = {}
    unexplained = []
    for item in items:
        for right in item.missing_rights:
            wanted.setdefault(_missing_right(right), []).append(str(item))
        if item.is_right_missing and not item.missing_rights:
            unexplained.append(str(item))
    if not wanted and not unexplained:
        return ""
    promotion = plan.promotion
    sandbox = promotion.target_sandbox
    lines = [
        f"To import the package “{promotion.title}” into the sandbox {sandbox.name} of {promotion.target_organization} "
        f"({promotion.target_organization.remote_id}), the technical account of Towpath lacks:",
        *(f"- {right} (for {_some(names)})" for right, names in sorted(wanted.items())),
        *([f"- the right to create {_some(unexplained)}"] if unexplained else []),
        f"Please add these permissions for the sandbox {sandbox.name} to its role.",
    ]
    return "\n".join(lines)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def plan_context(request: AuthenticatedRequest, plan: Plan) -> dict[str, Any]:
    """Everything the plan part of the page shows, in a number of queries that does not grow with the rows."""
    gathering = plans.gathering_job(plan) if plan.state == PlanState.GATHERING else None
    if gathering is not None and gathering.is_finished:
        plan.refresh_from_db()  # the plan opens before its job ends, so it may have opened since it was read
    items = list(plan.items.select_related("decided_by"))
    promotion = plan.promotion
    may_change = access.can_operate(request.user, promotion.target_organization)
    is_open = plan.state == PlanState.OPEN and promotion.abandoned_at is None
    run = plans.run_job(plan)
    show = wanted_show(request)
    pager = Paginator(_shown(items, show), ROWS_PER_PAGE)
    page = pager.get_page(natural_number(request.GET.get("page", ""), what="page") or 1)
    titles = {item.key: str(item) for item in items}
    return {
        "plan": plan,
        "promotion": promotion,
        "may_change": may_change,
        "is_open": is_open,
        "gathering": gathering,
        "gathering_words": _gathering_words(gathering),
        "turn": turn_of(gathering) if gathering is not None else None,
        "run": run,
        "rows": [row_of(item, titles) for item in page.object_list],
        "page": page,
        "query": _query(show, page.number),
        "newer_url": f"?{_query(show, page.previous_page_number())}" if page.has_previous() else "",
        "older_url": f"?{_query(show, page.next_page_number())}" if page.has_next() else "",
        "shown": f"{page.start_index()} to {page.end_index()} of {pager.count}" if pager.num_pages > 1 else "",
        "changes": changes_of(plan, items),
        "matrix": matrix_of(plan),
        "request_text": request_text(plan, items),
        **standing_context(request, plan, items, may_change=may_change),
    }


def _gathering_words(job: Job | None) -> str:
    """How far finding out the facts is."""
    if job is None:
        return ""
    if job.state == JobState.RUNNING and job.remote_status:
        return f"{registry.label(job.kind)} at the platform: {job.remote_status}"
    return job.progress_text or "Waiting for a worker"


def changes_of(plan: Plan, items: Sequence[PlanItem]) -> list[str]:
    """What changed since the former facts, with objects called by their titles where they are known."""
    changes = list(plan.changes)
    for item in items if changes else ():
        if item.title:
            plain, named = f"{item.type} {item.remote_id}", f"{item.type_label} “{item.title}”"
            changes = [change.replace(plain, named) for change in changes]
    return changes


def wanted_show(request: AuthenticatedRequest) -> str:
    """Which rows the address asks for."""
    asked = request.GET.get("show", "all")
    return asked if asked in SHOWS else "all"


def standing_context(
    request: AuthenticatedRequest, plan: Plan, items: Sequence[PlanItem], *, may_change: bool
) -> dict[str, Any]:
    """What changes with every decision: the numbers, and the bar that runs the plan."""
    found, promotion = system(plan.promotion.system), plan.promotion
    reasons = runs.reasons_not_to_run(plan)
    return {
        "system": found,
        "figures": found.figures(promotion, items),
        "ready_words": found.ready_words(promotion, items),
        "standing": approval_pages.standing_of(plan, request.user, may_change=may_change, reasons=reasons),
        "plan": plan,
        "promotion": promotion,
        "counts": count(items),
        "offers_memory": plan.promotion.is_memory_offered,
        "remembered_count": sum(bool(item.remembered) for item in items),
        "takeable": sum(item.is_undecided and bool(item.remembered) for item in items),
        "show": wanted_show(request),
        "shows": [(name, words, len(_shown(items, name))) for name, words in _shows_of(found).items()],
        "reasons": reasons,
        # The page tells blockers at its top, in full; the bar has little room.
        "short_reasons": [reason for reason in reasons if reason not in plan.blockers],
        "run_title": found.run_title(promotion, items),
        "can_decide": may_change and plan.state == PlanState.OPEN and plan.promotion.abandoned_at is None,
        "may_change": may_change,
        "can_undo": bool(plan.decision_batch)
        and any(item.batch == plan.decision_batch and item.previous is not None for item in items),
    }


def _shows_of(found: System) -> dict[str, str]:
    shows = {"all": "All", "undecided": found.words.undecided.capitalize()}
    return shows | {"rights": "Missing rights"} if "rights" in found.columns else shows


def row_of(item: PlanItem, titles: Mapping[str, str], *, problem: str = "", typed: str = "") -> Row:
    return Row(item, [titles.get(key, key) for key in item.needed_by], problem, typed)


def _shown(items: Sequence[PlanItem], show: str) -> list[PlanItem]:
    if show == "undecided":
        return [item for item in items if item.is_undecided]
    if show == "rights":
        return [item for item in items if item.is_right_missing]
    return list(items)


def _query(show: str, number: int) -> str:
    return urlencode({"show": show, "page": number})
