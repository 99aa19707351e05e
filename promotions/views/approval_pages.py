"""What pages about plans show of approvals: who may ask, what waits, what was decided, what became void."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest

from accounts.models import User
from promotions import access, approval_facts
from promotions.choices import OPEN_APPROVALS, UNFINISHED, ApprovalState, PlanState
from promotions.models import Approval, Plan, Promotion
from promotions.services import consent, plans, runs

NAMED_DECIDERS = 5
HISTORY_SHOWN = 50


def can_withdraw(approval: Approval, user: User) -> bool:
    """Whether pages should offer it; the service has the last word."""
    if approval.state not in OPEN_APPROVALS or not access.can_operate(
        user, approval.frozen_plan.promotion.target_organization
    ):
        return False
    run = plans.run_job(approval.frozen_plan)
    return run is None or not (run.state in UNFINISHED or run.submit_count)


def can_run(approval: Approval, user: User) -> bool:
    """Whether the consent stands, is unused, and this person may use it."""
    if approval.state != ApprovalState.APPROVED or approval.is_late:
        return False
    plan = approval.frozen_plan
    return access.can_operate(user, plan.promotion.target_organization) and not runs.reasons_not_to_run(plan)


def wish_of(request: HttpRequest) -> str:
    """What the reader came to do, if the address says so: the reason then has the focus. It decides nothing."""
    wish = request.GET.get("decide", "")
    return wish if wish in ("approve", "reject") else ""


@dataclass(frozen=True)
class People:
    """Those who can decide: some by name, the others by number."""

    named: Sequence[User]
    number: int

    @property
    def unnamed(self) -> int:
        return self.number - len(self.named)


def people_of(found: Sequence[User]) -> People:
    return People(found[:NAMED_DECIDERS], len(found))


@dataclass(frozen=True)
class Standing:
    """How a plan stands as to consent. `rule` is empty where none is needed."""

    plan: Plan
    user: User
    rule: str
    approval: Approval | None
    """The last request for this revision."""
    former: Approval | None
    """The last request for the revision before."""
    is_used: bool
    """Whether a run has used it, or is using it."""
    is_only_reopened: bool
    """Whether this revision began on the facts of the one before, and nobody has read them again since."""
    can_operate: bool
    can_ask: bool

    @property
    def version(self) -> str:
        """Changes with what the page says of the approval: a poll that names it can be answered with nothing."""
        badge = approval_facts.badge_of(self.approval) if self.approval else ""
        return f"{badge}{'-used' if self.is_used else ''}"

    @property
    def is_moving(self) -> bool:
        """Whether others may change it while the page is open."""
        is_open = self.approval is not None and self.approval.state in OPEN_APPROVALS
        return is_open and not self.is_used and self.plan.state == PlanState.READY

    @property
    def is_pending(self) -> bool:
        return self.approval is not None and self.approval.is_pending

    @property
    def can_take_back(self) -> bool:
        """Whether the frozen plan can be opened again, which ends the approval."""
        return self.can_operate and self.plan.state == PlanState.READY and not self.is_used

    @property
    def explains(self) -> bool:
        """Whether what became of the former approval says all that the plan's own changes say."""
        former, changes = self.former, self.plan.changes
        if former is None:
            return False
        repeats_reason = bool(former.reason) and all(former.reason in change for change in changes)
        return self.is_only_reopened or changes == former.void_changes or repeats_reason

    @cached_property
    def deciders(self) -> People:
        if self.approval is None:
            return people_of([])
        return people_of(consent.deciders(self.plan, requested_by=self.approval.requested_by))

    @cached_property
    def may_decide(self) -> bool:
        return (
            self.approval is not None and self.is_pending and not consent.reason_not_to_decide(self.approval, self.user)
        )


def standing_of(plan: Plan, user: User, *, may_change: bool, reasons: Sequence[str]) -> Standing:
    """For the plan page, in a fixed number of queries. `reasons` are those not to run the plan."""
    promotion = plan.promotion
    rule = consent.binding_rule(promotion)
    approval = consent.latest(plan) if plan.state in (PlanState.READY, PlanState.SUPERSEDED) else None
    before = _before(plan) if plan.revision > 1 else None
    former = consent.latest(before) if before is not None else None
    if approval is not None:
        approval.plan = plan
    run = plans.run_job(plan) if plan.state == PlanState.READY else None
    is_standing = approval is not None and approval.state in OPEN_APPROVALS and not approval.is_late
    return Standing(
        plan=plan,
        user=user,
        rule=rule,
        approval=approval,
        former=former,
        is_used=run is not None and bool(run.state in UNFINISHED or run.submit_count),
        is_only_reopened=before is not None and before.gathered_at == plan.gathered_at,
        can_operate=may_change,
        # Nothing but the consent is missing.
        can_ask=may_change and bool(rule) and not is_standing and reasons == consent.reasons_without_consent(plan),
    )


def _before(plan: Plan) -> Plan | None:
    former = Plan.objects.filter(promotion=plan.promotion_id, revision=plan.revision - 1)
    return former.only("pk", "revision", "gathered_at").first()


def history_of(promotion: Promotion) -> list[Approval]:
    """Every approval that was asked for, of any revision, newest first."""
    found = Approval.objects.filter(plan__promotion=promotion)
    return list(found.select_related("plan", "requested_by", "decided_by").order_by("-pk")[:HISTORY_SHOWN])
