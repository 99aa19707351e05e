"""Frozen plans as something that somebody may be asked to consent to."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts.access import has_role
from accounts.choices import Role
from accounts.models import Organization
from promotions.choices import UNFINISHED, PlanState
from promotions.models import Approval, Plan
from promotions.services import freezing, notices, plans, runs, subjects
from promotions.services.errors import RefusedError


class PlanConsent(subjects.Subject[Plan]):
    """One frozen revision: who planned it or decided in it may not agree to it, and it reopens when nobody agrees."""

    model = Plan

    def locked(self, thing: Plan) -> Plan:
        return plans.locked(thing)

    def organization(self, thing: Plan) -> Organization:
        return thing.promotion.target_organization

    def content_hash(self, thing: Plan) -> str:
        return freezing.content_hash(thing)

    def title(self, thing: Plan) -> str:
        return f"“{thing.promotion.title}” into {thing.promotion.target_sandbox}"

    def url(self, thing: Plan) -> str:
        return reverse("promotions:promotion-detail", args=[thing.promotion_id])

    def parties(self, thing: Plan) -> dict[int, str]:
        deciders = thing.items.exclude(decided_by=None).order_by().values_list("decided_by", flat=True).distinct()
        return {
            **dict.fromkeys(deciders, "You made decisions in this plan. Somebody else has to agree to them."),
            thing.promotion.created_by_id: "You planned this promotion. Somebody else has to decide.",
        }

    def other_readers(self, thing: Plan) -> Organization | None:
        promotion = thing.promotion
        if promotion.source_organization_id == promotion.target_organization_id:
            return None
        return promotion.source_organization

    def use(self, thing: Plan) -> str:
        run = plans.run_job(thing)
        return f"Job {run.pk}" if run is not None and (run.state in UNFINISHED or run.submit_count) else ""

    def agreed(self, approval: Approval, thing: Plan) -> None:
        """Start what was asked to start with the consent; where it cannot, the consent stands and somebody runs it."""
        if not approval.runs_at_once or not has_role(approval.requested_by, approval.organization, Role.OPERATOR):
            return
        try:
            runs.request_run(plan=thing, actor=approval.requested_by)
        except (RefusedError, PermissionDenied) as refusal:
            notices.run_not_started(approval, str(refusal))

    def turned_down(self, thing: Plan, changes: list[str]) -> None:
        if thing.state == PlanState.READY and thing.promotion.abandoned_at is None:
            plans.reopen(thing, changes=changes)

    def details(self, thing: Plan) -> dict[str, Any]:
        return {"revision": thing.revision}
