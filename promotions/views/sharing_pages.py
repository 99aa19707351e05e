"""What the page of a sharing request shows: what was asked, the card that decides, how far each partner's part is."""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import User
from promotions import access, approval_facts, sharing_facts
from promotions.choices import (
    UNFINISHED_LEGS,
    ApprovalState,
    ArtifactType,
    JobState,
    LegState,
    SharingState,
    label,
)
from promotions.forms.approvals import DecisionForm
from promotions.models import Approval, SharingRequest
from promotions.services import consent, sharing_consent
from promotions.sharing_steps import Leg, legs_of
from promotions.views import approval_pages

# How often the open page asks for what moves: while a job of it does something, and while it waits for people.
MOVING_EVERY_S, WAITING_EVERY_S = 2, 5
ARTIFACTS_SHOWN = 200


def page(
    request: HttpRequest,
    sharing: SharingRequest,
    reader: User,
    form: DecisionForm,
    *,
    conflict: str = "",
    status: int = 200,
) -> HttpResponse:
    """The whole page, with what is wrong with a decision if something is."""
    wish = approval_pages.wish_of(request)
    context = card_context(sharing, reader, form, conflict=conflict) | live_context(sharing, reader) | {"wish": wish}
    context["has_form"] = context["can_decide"]
    if wish or (form.is_bound and form.has_error("reason")):
        form.fields["reason"].widget.attrs["autofocus"] = True
    return render(request, "promotions/sharing/detail.html", context, status=status)


def card_context(sharing: SharingRequest, reader: User, form: DecisionForm, *, conflict: str = "") -> dict[str, Any]:
    """What was asked, and what decides on it."""
    approval = consent.latest(sharing)
    objection = ""
    if approval is not None and approval.is_pending:
        approval.sharing = sharing
        objection = consent.reason_not_to_decide(approval, reader)
    return {
        "approval": approval,
        "form": form,
        "conflict": conflict,
        "typed": form.data.get("reason", "") if conflict else "",
        "objection": objection,
        "can_decide": approval is not None and approval.is_pending and not objection,
        "deciders": approval_pages.people_of(
            consent.deciders(sharing, requested_by=sharing.created_by) if objection else []
        ),
        "finality": sharing_facts.finality_of(sharing),
        "contents": contents_of(sharing),
        "difference": difference_of(sharing, approval),
    }


def live_context(sharing: SharingRequest, reader: User) -> dict[str, Any]:
    """What moves."""
    approval = consent.latest(sharing)
    legs = legs_of(sharing, approval, reader)
    may_operate = access.can_operate(reader, sharing.organization)
    return {
        "sharing": sharing,
        "organization": sharing.organization,
        "badge": badge_of(sharing, approval),
        "legs": legs,
        "numbers": numbers_of(legs),
        "may_operate": may_operate,
        "can_stop": may_operate and not sharing.is_over and can_stop(legs),
        "is_live": is_live(sharing, legs),
        "every": MOVING_EVERY_S if _is_moving(legs) else WAITING_EVERY_S,
        "version": version_of(sharing, approval, legs),
    }


def badge_of(sharing: SharingRequest, approval: Approval | None) -> str:
    """The look of its state; one whose time for approval has passed shows so before the clock has noted it."""
    if sharing.state == SharingState.WAITING and approval is not None:
        return approval_facts.badge_of(approval)
    return sharing.state


def is_live(sharing: SharingRequest, legs: Sequence[Leg]) -> bool:
    """Whether the page will look different without the reader: until everything is over, and what came was found."""
    return not sharing.is_over or any(leg.current is not None for leg in legs)


def _is_moving(legs: Sequence[Leg]) -> bool:
    jobs = [job for shown in legs for job in (shown.leg.asking_job, shown.leg.sending_job) if job is not None]
    return any(job.is_live for job in jobs)


def can_stop(legs: Sequence[Leg]) -> bool:
    """Whether something of it still waits here; the service has the last word."""
    for shown in legs:
        leg = shown.leg
        if leg.state not in UNFINISHED_LEGS:
            continue
        job = leg.sending_job
        if leg.state != LegState.SENDING or (job is not None and job.state == JobState.QUEUED and not job.submit_count):
            return True
    return False


def numbers_of(legs: Sequence[Leg]) -> list[tuple[str, str, int]]:
    """Look, word and number of the legs' states, where there are several legs."""
    counted: dict[str, int] = {}
    for shown in legs:
        counted[shown.leg.state] = counted.get(shown.leg.state, 0) + 1
    return [(state, label(LegState, state).lower(), number) for state, number in counted.items()]


def version_of(sharing: SharingRequest, approval: Approval | None, legs: Sequence[Leg]) -> str:
    """Changes whenever the moving part of the page would."""
    state = [
        sharing.state,
        approval.state if approval is not None else "",
        [
            (
                shown.leg.state,
                shown.leg.partner_name,
                shown.arrived is not None,
                [(one.name, one.state, one.text, one.messages) for one in shown.steps],
            )
            for shown in legs
        ],
    ]
    return hashlib.sha256(repr(state).encode()).hexdigest()[:16]


def contents_of(sharing: SharingRequest) -> dict[str, Any] | None:
    """The package's objects by type, for those who decide."""
    package = sharing.package
    if package is None:
        return None
    artifacts = list(package.artifacts.order_by("type", "title", "pk")[: ARTIFACTS_SHOWN + 1])
    groups: dict[str, list[str]] = {}
    for artifact in artifacts[:ARTIFACTS_SHOWN]:
        groups.setdefault(label(ArtifactType, artifact.type), []).append(artifact.title or artifact.remote_id)
    return {
        "package": package,
        "frozen": sharing.facts.get("package", {}),
        "groups": sorted(groups.items()),
        "is_cut": len(artifacts) > ARTIFACTS_SHOWN,
    }


def difference_of(sharing: SharingRequest, approval: Approval | None) -> str:
    """In words, that the package is not what was asked for any more; only told while somebody may still agree."""
    package, agreed = sharing.package, sharing.facts.get("package")
    if package is None or not agreed or approval is None or approval.state != ApprovalState.PENDING:
        return ""
    now = sharing_consent.facts_of(package)
    if now == agreed:
        return ""
    if now["artifacts"] != agreed.get("artifacts"):
        return f"“{package}” holds other objects than when this was asked for. Nothing is sent unless it is as it was."
    return f"“{package}” was changed at the platform since this was asked for. Nothing is sent unless it is as it was."
