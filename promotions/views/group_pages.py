"""What the page of a group shows: a row for each target, a table of what is decided in all of them.

However many targets and objects there are, the number of queries stays the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import Count, F, Max, Min, Q
from django.utils import timezone

from accounts.http import AuthenticatedRequest, natural_number
from promotions import access
from promotions.choices import OPEN_APPROVALS, ApprovalState, Decision, ItemKind, Match, PlanState
from promotions.models import Approval, Job, Plan, PlanItem, PromotionGroup
from promotions.services import consent, groups, runs
from promotions.services.plans import fact_kinds
from promotions.systems.base import Place, Words, system

KEYS_PER_PAGE = 200
TITLES_OFFERED = 3
# More targets than this scroll to the side.
TARGETS_IN_SIGHT = 4
SHOWS = ("undecided", "decide", "all")

_UNDECIDED = Q(must_decide=True, decision=Decision.UNDECIDED)
_NUMBERS = {
    "total": Count("pk"),
    **{str(decision.value): Count("pk", filter=Q(decision=decision)) for decision in Decision},
    "duties": Count("pk", filter=Q(must_decide=True)),
    "open": Count("pk", filter=_UNDECIDED),
    "missing": Count("pk", filter=Q(is_creation_allowed=False) | ~Q(missing_rights=[])),
    "exact": Count("pk", filter=_UNDECIDED & Q(match=Match.EXACT)),
    "remembered": Count("pk", filter=_UNDECIDED & Q(remembered__isnull=False)),
    "values": Count("pk", filter=_UNDECIDED & Q(kind=ItemKind.VALUE, input="text")),
    "creatable": Count("pk", filter=_UNDECIDED & Q(kind=ItemKind.OBJECT)),
    "confirmations": Count("pk", filter=Q(kind=ItemKind.CONFIRMATION)),
}


@dataclass(frozen=True)
class Target:
    """One target of a group as its row shows it."""

    plan: Plan
    numbers: Mapping[str, int]
    gathering: Job | None
    run: Job | None
    approval: Approval | None
    rule: str
    reasons: Sequence[str]

    @property
    def words(self) -> str:
        """The plan in numbers."""
        promotion = self.plan.promotion
        return system(promotion.system).words_of(promotion, self.numbers) if self.numbers["total"] else ""

    @property
    def name(self) -> str:
        """The sandbox, with its organization where that is another than the source's."""
        return groups.target_words(self.plan.promotion)

    @property
    def undecided(self) -> str:
        """How many wait for a decision, where the words above do not tell."""
        found, number = system(self.plan.promotion.system), self.numbers["open"]
        return f"{number} {found.words.undecided}" if number and not found.tells_undecided else ""

    @property
    def will_do(self) -> str:
        promotion = self.plan.promotion
        return system(promotion.system).will_do(promotion, self.numbers)

    @property
    def is_live(self) -> bool:
        """Whether something goes on that the page waits for."""
        return (self.run is not None and self.run.is_live) or self.is_gathering

    @property
    def is_gathering(self) -> bool:
        return self.plan.state == PlanState.GATHERING and self.gathering is not None and self.gathering.is_live

    @property
    def is_open(self) -> bool:
        return self.plan.state == PlanState.OPEN and self.plan.promotion.abandoned_at is None

    @property
    def state(self) -> str:
        """What its badge shows: the run says more than the plan, and the consent more than that it is frozen."""
        if self.plan.promotion.abandoned_at is not None:
            return "cancelled"
        if self.run is not None and (not self.run.is_finished or self.run.submit_count):
            return self.run.state
        if self.approval is not None:
            return self.approval.state
        return self.plan.state

    @property
    def state_label(self) -> str:
        """Words of our own where the state's own say too little here."""
        if self.plan.promotion.abandoned_at is not None:
            return "put away"
        return "waits for approval" if self.state == ApprovalState.PENDING else ""

    @property
    def is_ready(self) -> bool:
        """Whether running it together does something: start it, or ask for an approval."""
        waits = self.approval is not None and self.approval.state == ApprovalState.PENDING
        return not self.reasons and not waits


def targets_of(plans: Sequence[Plan]) -> list[Target]:
    wanted = [plan.pk for plan in plans]
    counted = PlanItem.objects.filter(plan__in=wanted).order_by().values("plan_id").annotate(**_NUMBERS)
    numbers: dict[int, Mapping[str, int]] = {row["plan_id"]: cast("dict[str, int]", row) for row in counted}
    runs_of, gatherings_of = _latest_jobs(wanted)
    open_ones = Approval.objects.filter(
        plan__in=wanted, state__in=OPEN_APPROVALS, expires_at__gt=timezone.now()
    ).select_related("requested_by", "decided_by")
    approvals = {approval.plan_id: approval for approval in open_ones}
    none = dict.fromkeys(_NUMBERS, 0)
    found = []
    for plan in plans:
        number, run = numbers.get(plan.pk, none), runs_of.get(plan.pk)
        reasons = runs.reasons_by_numbers(
            plan,
            run,
            undecided=number["open"],
            missing=number["missing"],
            is_confirmation=bool(number["total"]) and number["confirmations"] == number["total"],
        )
        rule = consent.rule_for(plan.promotion)
        found.append(Target(plan, number, gatherings_of.get(plan.pk), run, approvals.get(plan.pk), rule, reasons))
    return found


def _latest_jobs(plan_pks: Sequence[int]) -> tuple[dict[int, Job], dict[int, Job]]:
    """The latest run of each plan, and the latest gathering of its facts."""
    of_plans = Job.objects.filter(plan__in=plan_pks).order_by()
    newest = of_plans.values("plan_id").annotate(
        run=Max("pk", filter=~Q(kind__in=fact_kinds())), gathering=Max("pk", filter=Q(kind__in=fact_kinds()))
    )
    pairs = list(newest)
    rows = Job.objects.defer("raw", "params").in_bulk(
        [pk for row in pairs for pk in (row["run"], row["gathering"]) if pk is not None]
    )
    return (
        {row["plan_id"]: rows[row["run"]] for row in pairs if row["run"]},
        {row["plan_id"]: rows[row["gathering"]] for row in pairs if row["gathering"]},
    )


@dataclass(frozen=True)
class Cell:
    """One object in one target; without an item that target's plan does not hold it."""

    target: Target
    item: PlanItem | None

    @property
    def words(self) -> str:
        if self.item is None:
            return "not in this plan" if self.target.plan.state != PlanState.GATHERING else "not known yet"
        if self.item.decision == Decision.REUSE and self.item.target:
            return f"= {self.item.target['title'] or self.item.target['id']}"
        if self.item.decision == Decision.UPDATE and self.item.target:
            return f"~ {self.item.target['title'] or self.item.target['id']}"
        if self.item.decision == Decision.CREATE:
            return "+ create new"
        if self.item.decision == Decision.FILL and self.item.target:
            return f"{self.item.target['title']}, filled in"
        if self.item.decision == Decision.KEEP:
            return "kept as it is"
        if self.item.decision == Decision.CONFIRM:
            return "confirmed"
        return system(self.target.plan.promotion.system).words.undecided

    @property
    def hint(self) -> str:
        """The first thing offered where nothing is decided yet."""
        if self.item is None or not self.item.is_undecided:
            return ""
        targets = [choice["target"] for choice in self.item.choices if choice["target"]]
        if len(targets) > 1 and self.item.kind == ItemKind.VALUE:
            return f"{len(targets)} to choose from"  # the first is no better than the others
        return f"offered: {targets[0]['title'] or targets[0]['id']}" if targets else ""


@dataclass(frozen=True)
class KeyRow:
    """One object in all targets."""

    key: str
    item: PlanItem
    cells: Sequence[Cell]
    titles: Sequence[tuple[str, int]] = field(default=())
    """Titles of existing objects that are offered, and in how many targets."""

    @property
    def can_create(self) -> int:
        """In how many open targets a new object can be chosen."""
        return sum(
            any(choice["decision"] == Decision.CREATE for choice in cell.item.choices)
            for cell in self.cells
            if cell.item is not None and cell.item.must_decide and cell.target.is_open
        )

    @property
    def can_keep(self) -> int:
        """In how many open targets it can stay as it is."""
        return sum(
            any(choice["decision"] == Decision.KEEP for choice in cell.item.choices)
            for cell in self.cells
            if cell.item is not None and cell.item.must_decide and cell.target.is_open
        )

    @property
    def can_fill(self) -> str:
        """What may be typed for all targets at once, if anything."""
        return self.item.input if any(cell.target.is_open for cell in self.cells) else ""

    @property
    def is_to_decide(self) -> bool:
        return bool(self.titles or self.can_create or self.can_keep or self.can_fill)


def _titles(cells: Sequence[Cell], own: str) -> list[tuple[str, int]]:
    """The object's own title first, then the most frequent."""
    numbers: dict[str, int] = {}
    for cell in cells:
        if cell.item is None or not cell.item.must_decide or not cell.target.is_open:
            continue
        for title in {choice["target"]["title"] for choice in cell.item.choices if choice["target"]}:
            if title:
                numbers[title] = numbers.get(title, 0) + 1
    ordered = sorted(numbers.items(), key=lambda pair: (pair[0] != own, -pair[1], pair[0]))
    return ordered[:TITLES_OFFERED]


@dataclass(frozen=True)
class LastAct:
    """What somebody did to all targets at last, and what came of it in each."""

    words: str
    by: str
    at: datetime
    outcomes: Sequence[Mapping[str, Any]]


def last_act_of(group: PromotionGroup, visible: set[int]) -> LastAct | None:
    kept = group.last_act
    if not kept:
        return None
    outcomes = [outcome for outcome in kept["outcomes"] if outcome["promotion"] in visible]
    return LastAct(kept["words"], kept["by"], datetime.fromisoformat(kept["at"]), outcomes)


def targets_context(request: AuthenticatedRequest, group: PromotionGroup) -> dict[str, Any]:
    """The rows of the targets, which are renewed by themselves while something goes on."""
    targets = targets_of(groups.current_plans(group, request.user))
    return {
        "group": group,
        "targets": targets,
        "system": system(targets[0].plan.promotion.system) if targets else None,
        "words": _words_of(targets),
        "is_live": any(target.is_live for target in targets),
        "gathering_count": sum(target.is_gathering for target in targets),
        "ready_count": sum(target.is_ready for target in targets),
        "may_operate": access.can_change_group(request.user, group),
        "last_act": last_act_of(group, {target.plan.promotion_id for target in targets}),
    }


def group_context(request: AuthenticatedRequest, group: PromotionGroup) -> dict[str, Any]:
    context = targets_context(request, group)
    targets: list[Target] = context["targets"]
    open_ones = [target for target in targets if target.is_open]
    remembered = [target for target in open_ones if target.plan.promotion.is_memory_offered]
    return {
        **context,
        "organization": group.organization,
        "picked": _picked(targets),
        "can_decide": bool(open_ones) and context["may_operate"],
        "exact": sum(target.numbers["exact"] for target in open_ones),
        "remembered": sum(target.numbers["remembered"] for target in remembered),
        "creatable": sum(target.numbers["creatable"] for target in open_ones),
        "keepable": any(target.numbers["values"] for target in open_ones),
        **_rows(request, targets),
    }


def _words_of(targets: Sequence[Target]) -> Words:
    """All targets of a group are of one system."""
    return system(targets[0].plan.promotion.system).words if targets else Words(gathers="", again="")


def _picked(targets: Sequence[Target]) -> Place | None:
    """The page of what all of them promote."""
    promotion = targets[0].plan.promotion if targets else None
    return system(promotion.system).picked(promotion) if promotion is not None else None


def _rows(request: AuthenticatedRequest, targets: Sequence[Target]) -> dict[str, Any]:
    words = _words_of(targets)
    asked = request.GET.get("show", "")
    show = asked if asked in SHOWS else "decide"
    keys = (
        PlanItem.objects.filter(plan__in=[target.plan.pk for target in targets])
        .order_by()
        .values("key")
        .annotate(
            first=Min("position"), open=Count("pk", filter=_UNDECIDED), duties=Count("pk", filter=Q(must_decide=True))
        )
    )
    if show == "undecided":
        keys = keys.filter(open__gt=0)
    elif show == "decide":
        keys = keys.filter(duties__gt=0)
    pager = Paginator(keys.order_by(F("first"), "key").values_list("key", flat=True), KEYS_PER_PAGE)
    page = pager.get_page(natural_number(request.GET.get("page", ""), what="page") or 1)
    shown = list(page.object_list)
    items = PlanItem.objects.filter(plan__in=[target.plan.pk for target in targets], key__in=shown)
    by_key: dict[str, dict[int, PlanItem]] = {}
    for item in items.select_related("decided_by").order_by():
        by_key.setdefault(item.key, {})[item.plan_id] = item
    rows = []
    for key in shown:
        of_key = by_key.get(key, {})
        cells = [Cell(target, of_key.get(target.plan.pk)) for target in targets]
        known = next((cell.item for cell in cells if cell.item is not None), None)
        if known is not None:
            rows.append(KeyRow(key, known, cells, _titles(cells, known.title)))
    query = f"show={show}&page={page.number}"
    return {
        "rows": rows,
        "is_wide": len(targets) > TARGETS_IN_SIGHT,
        "show": show,
        "shows": [("undecided", f"{words.undecided.capitalize()} somewhere"), ("decide", "To decide"), ("all", "All")],
        "query": query,
        "newer_url": f"?show={show}&page={page.previous_page_number()}" if page.has_previous() else "",
        "older_url": f"?show={show}&page={page.next_page_number()}" if page.has_next() else "",
        "shown": f"{page.start_index()} to {page.end_index()} of {pager.count}" if pager.num_pages > 1 else "",
    }
