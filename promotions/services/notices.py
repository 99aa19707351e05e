"""What people are told about approvals; the words, and whom."""

from collections.abc import Collection

from django.urls import reverse

from accounts.models import User
from accounts.services import notices
from promotions.choices import ApprovalState
from promotions.models import Approval
from promotions.services import subjects

APPROVAL_WANTED = "approval_wanted"
APPROVAL_DECIDED = "approval_decided"


def approval_wanted(approval: Approval, people: Collection[User]) -> None:
    notices.notify(
        kind=APPROVAL_WANTED,
        people=people,
        text=f"{approval.requested_by} asks you to approve {_title(approval)}",
        detail=approval.note,
        url=_page(approval),
        key=_wanted(approval),
        organization=approval.organization,
    )


def approval_decided(approval: Approval) -> None:
    """Tell whoever asked; the others need not decide any more."""
    verb = "approved" if approval.state == ApprovalState.APPROVED else "rejected"
    notices.settle(key=_wanted(approval))
    _tell(approval, [approval.requested_by], f"{approval.decided_by} {verb} {_title(approval)}", approval.reason)


def approval_ended(approval: Approval) -> None:
    """It became void, expired, or was withdrawn: nobody need decide, and whoever asked, or agreed, is told why."""
    notices.settle(key=_wanted(approval))
    people = {person.pk: person for person in (approval.requested_by, approval.decided_by) if person is not None}
    words = f"The approval of {_title(approval)} is {approval.get_state_display().lower()}"
    _tell(approval, list(people.values()), words, "\n".join(approval.void_changes))


def run_not_started(approval: Approval, why: str) -> None:
    """It was to run with the consent, and could not."""
    words = f"{_title(approval)} is approved, and did not start by itself"
    _tell(approval, [approval.requested_by], words, why)


def _tell(approval: Approval, people: Collection[User], text: str, detail: str) -> None:
    notices.notify(
        kind=APPROVAL_DECIDED,
        people=people,
        text=text,
        detail=detail,
        url=subjects.of(approval.subject).url(approval.subject),
        organization=approval.organization,
    )


def _title(approval: Approval) -> str:
    return subjects.of(approval.subject).title(approval.subject)


def _page(approval: Approval) -> str:
    return reverse("promotions:approval-detail", args=[approval.pk])


def _wanted(approval: Approval) -> str:
    return f"approval:{approval.pk}"
