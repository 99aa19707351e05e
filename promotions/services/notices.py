"""What people are told about approvals; the words, and whom."""

from collections.abc import Collection

from django.urls import reverse

from accounts.models import User
from accounts.services import notices
from promotions.choices import ApprovalState
from promotions.models import Approval

APPROVAL_WANTED = "approval_wanted"
APPROVAL_DECIDED = "approval_decided"


def approval_wanted(approval: Approval, people: Collection[User]) -> None:
    promotion = approval.plan.promotion
    notices.notify(
        kind=APPROVAL_WANTED,
        people=people,
        text=f"{approval.requested_by} asks you to approve “{promotion.title}” into {promotion.target_sandbox}",
        detail=approval.note,
        url=_page(approval),
        key=_wanted(approval),
        organization=promotion.target_organization,
    )


def approval_decided(approval: Approval) -> None:
    """Tell whoever asked; the others need not decide any more."""
    promotion = approval.plan.promotion
    verb = "approved" if approval.state == ApprovalState.APPROVED else "rejected"
    notices.settle(key=_wanted(approval))
    notices.notify(
        kind=APPROVAL_DECIDED,
        people=[approval.requested_by],
        text=f"{approval.decided_by} {verb} “{promotion.title}” into {promotion.target_sandbox}",
        detail=approval.reason,
        url=reverse("promotions:promotion-detail", args=[promotion.pk]),
        organization=promotion.target_organization,
    )


def approval_ended(approval: Approval) -> None:
    """It became void, expired, or was withdrawn: nobody need decide, and whoever asked, or agreed, is told why."""
    promotion = approval.plan.promotion
    notices.settle(key=_wanted(approval))
    people = {person.pk: person for person in (approval.requested_by, approval.decided_by) if person is not None}
    notices.notify(
        kind=APPROVAL_DECIDED,
        people=list(people.values()),
        text=f"The approval of “{promotion.title}” into {promotion.target_sandbox} is "
        f"{approval.get_state_display().lower()}",
        detail="\n".join(approval.void_changes),
        url=reverse("promotions:promotion-detail", args=[promotion.pk]),
        organization=promotion.target_organization,
    )


def run_not_started(approval: Approval, why: str) -> None:
    """It was to run with the consent, and could not."""
    promotion = approval.plan.promotion
    notices.notify(
        kind=APPROVAL_DECIDED,
        people=[approval.requested_by],
        text=f"“{promotion.title}” into {promotion.target_sandbox} is approved, and did not start by itself",
        detail=why,
        url=reverse("promotions:promotion-detail", args=[promotion.pk]),
        organization=promotion.target_organization,
    )


def _page(approval: Approval) -> str:
    return reverse("promotions:approval-detail", args=[approval.pk])


def _wanted(approval: Approval) -> str:
    return f"approval:{approval.pk}"
