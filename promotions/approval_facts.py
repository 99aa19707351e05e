"""What somebody has to know to consent to a plan: what changes, what it touches, who decided what and when."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from promotions import keyset
from promotions.choices import FINISHED, ApprovalState, Decision, ItemKind
from promotions.models import Approval, Job, Plan, PlanItem
from promotions.systems.base import system

NAMED_CREATIONS = 20
STORED_VALUE = "stored_value"
_ORDER = {
    Decision.CONFIRM: 0,
    Decision.CREATE: 1,
    Decision.UPDATE: 2,
    Decision.REUSE: 3,
    Decision.FILL: 4,
    Decision.KEEP: 5,
    Decision.LEAVE: 6,
}
_NONE: Mapping[Decision, str] = MappingProxyType({})
_GROUPS = {
    Decision.CONFIRM: "Created new, all of it: cannot be undone",
    Decision.CREATE: "Created new: cannot be undone",
    Decision.UPDATE: "Overwritten in the target: cannot be undone",
    Decision.REUSE: "Used as they are in the target",
    Decision.FILL: "Filled in by a person",
    Decision.KEEP: "Kept as they are in the source",
    Decision.LEAVE: "Left out",
}


def badge_of(approval: Approval) -> str:
    """The look of its state; one whose time has passed shows so before the clock has noted it."""
    if approval.state == ApprovalState.PENDING:
        return "expired" if approval.is_late else "awaiting_approval"
    return approval.state


@dataclass(frozen=True)
class Change:
    """What the plan does about one object."""

    item: PlanItem
    parents: Sequence[str]
    group: str

    @property
    def is_as_before(self) -> bool:
        """Whether the decision is the remembered one."""
        return is_as_before(self.item)


def kind_of(item: PlanItem) -> Decision:
    """What is done about it; a stored value is filled in like one that is typed."""
    is_stored = (item.target or {}).get("type") == STORED_VALUE
    return Decision.FILL if is_stored else Decision(item.decision)


def is_as_before(item: PlanItem) -> bool:
    before = item.remembered
    if not before or item.decision != before["decision"]:
        return False
    return (item.target or {}).get("id") == (before["target"] or {}).get("id")


def changes_of(items: Sequence[PlanItem], words: Mapping[Decision, str] = _NONE) -> list[Change]:
    """What cannot be undone comes first; `words` are those of its system for what is done."""
    groups = {**_GROUPS, **words}
    titles = {item.key: str(item) for item in items}
    ordered = sorted(items, key=lambda item: (_ORDER.get(kind_of(item), len(_ORDER)), item.position))
    return [
        Change(item, [titles.get(key, key) for key in item.needed_by], groups.get(kind_of(item), "Undecided"))
        for item in ordered
    ]


@dataclass(frozen=True)
class Finality:
    """What the run does that nobody can take back, as its system tells it."""

    sentence: str
    things: Sequence[str]
    otherwise: str
    """What there is to say where nothing is final."""

    @property
    def named(self) -> Sequence[str]:
        return self.things[:NAMED_CREATIONS]

    @property
    def unnamed(self) -> int:
        return max(0, len(self.things) - NAMED_CREATIONS)


def finality_of(plan: Plan, items: Sequence[PlanItem]) -> Finality:
    found = system(plan.promotion.system)
    return Finality(*found.what_is_final(plan, items), found.not_final(plan.promotion))


@dataclass(frozen=True)
class Impact:
    """What the run touches."""

    dependencies: int
    """Objects that the package does not name, and that come along because others need them."""
    needed: int
    """Objects that others of the plan need."""
    types: Sequence[tuple[str, int]]
    earlier_number: int
    earlier_is_more: bool
    last: Job | None
    """The run into this target that ended last, whichever package it brought."""


def impact_of(plan: Plan, items: Sequence[PlanItem]) -> Impact:
    promotion = plan.promotion
    runs = Job.objects.filter(
        sandbox=promotion.target_sandbox, kind__in=system(promotion.system).run_kinds, state__in=FINISHED
    )
    earlier, is_more = keyset.capped_count(runs)
    objects = [item for item in items if item.kind != ItemKind.CONFIRMATION]
    return Impact(
        dependencies=sum(item.depth > 0 for item in objects),
        needed=sum(bool(item.needed_by) for item in objects),
        types=Counter(item.type_label for item in objects).most_common(),
        earlier_number=earlier,
        earlier_is_more=is_more,
        last=runs.order_by("-created_at", "-pk").defer("raw", "params").first(),
    )


@dataclass(frozen=True)
class Moment:
    """One entry of the time line of a plan."""

    at: datetime
    state: str
    text: str
    detail: str = ""
    sentences: Sequence[str] = ()


def time_line(plan: Plan, items: Iterable[PlanItem], approvals: Iterable[Approval]) -> list[Moment]:
    """Who did what from the first plan to the end of the approval, oldest first; `approvals` of all revisions."""
    promotion = plan.promotion
    found = [Moment(promotion.created_at, "open", f"{promotion.created_by} planned it")]
    if plan.gathered_at:
        found.append(Moment(plan.gathered_at, "info", f"The facts of revision {plan.revision} were read"))
    found += _acts(items, system(promotion.system).words.items)
    if plan.frozen_at:
        found.append(Moment(plan.frozen_at, "ready", f"{plan.frozen_by} froze revision {plan.revision}"))
    for approval in approvals:
        found += moments_of(approval, f"revision {approval.frozen_plan.revision}")
    return sorted(found, key=lambda moment: moment.at)


def _acts(items: Iterable[PlanItem], noun: str) -> list[Moment]:
    """Decisions taken together stand together."""
    acts: defaultdict[tuple[datetime, str], list[PlanItem]] = defaultdict(list)
    for item in items:
        if item.decided_by and item.decided_at:
            acts[item.decided_at, str(item.decided_by)].append(item)
    return [Moment(at, _look_of(act), _act(who, act, noun)) for (at, who), act in acts.items()]


def _look_of(items: Sequence[PlanItem]) -> str:
    """That of the most final decision among them."""
    decisions = {item.decision for item in items}
    ordered = (Decision.CREATE, Decision.UPDATE, Decision.REUSE, Decision.FILL, Decision.KEEP, Decision.LEAVE)
    return next((str(found.value) for found in ordered if found in decisions), "create")


def _act(who: str, items: Sequence[PlanItem], noun: str) -> str:
    numbers = Counter(Decision(item.decision).label.lower() for item in items)
    what = str(items[0]) if len(items) == 1 else f"{len(items)} {noun}"
    how = ", ".join(f"{number} {words}" if len(items) > 1 else str(words) for words, number in numbers.items())
    before = sum(is_as_before(item) for item in items)
    remembered = f"; {before} as decided before" if before else ""
    return f"{who} decided on {what}: {how}{remembered}"


def moments_of(approval: Approval, what: str) -> list[Moment]:
    """Asked, decided, ended; `what` names its subject in a sentence."""
    found = [
        Moment(
            approval.requested_at,
            "awaiting_approval",
            f"{approval.requested_by} asked for an approval of {what}",
            detail=approval.note,
        )
    ]
    if approval.decided_at:
        is_rejected = approval.state == ApprovalState.REJECTED
        found.append(
            Moment(
                approval.decided_at,
                "rejected" if is_rejected else "approved",
                f"{approval.decided_by} {'rejected' if is_rejected else 'approved'} {what}",
                detail=approval.reason,
            )
        )
    if approval.ended_at and approval.state != ApprovalState.REJECTED:
        found.append(
            Moment(
                approval.ended_at,
                approval.state,
                f"The approval of {what} is {approval.get_state_display().lower()}",
                sentences=approval.void_changes,
            )
        )
    return found
