"""Partnerships: one of them with its time line and its decision, and what has come from the partner since."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_POST

from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest
from accounts.models import User
from promotions import access
from promotions.choices import PENDING_PARTNERSHIPS, PartnershipStatus, label_of_status
from promotions.forms.sharing import PartnershipDecisionForm
from promotions.models import Partnership, SharingLeg, Transfer
from promotions.services import partnership_decisions
from promotions.services.errors import ConflictError, RefusedError
from promotions.sharing_steps import decision_of, why_asked
from promotions.views import approval_pages
from promotions.views.sharing_transfers import Row, transfer_rows

TRANSFERS_SHOWN = 10
MOVING_EVERY_S, WAITING_EVERY_S = 2, 8
# What a new partner sends often follows soon; the page looks out for it this long.
NEW_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Moment:
    """One line of a partnership's history."""

    state: str
    text: str
    raw: str
    at: datetime | None
    by: str
    reason: str


def moments_of(partnership: Partnership) -> list[Moment]:
    """Oldest first, as the platform's own history tells it."""
    return [
        Moment(
            state=_look(str(entry.get("action") or "")),
            text=_words(str(entry.get("action") or "")),
            raw=str(entry.get("action") or ""),
            at=parse_datetime(str(entry.get("at") or "")),
            by=str(entry.get("by") or ""),
            reason=str(entry.get("reason") or ""),
        )
        for entry in partnership.history
    ]


def _look(action: str) -> str:
    known = action.upper()
    return "waiting" if known in PENDING_PARTNERSHIPS else known.lower()


def _words(action: str) -> str:
    return "Asked" if action.upper() in PENDING_PARTNERSHIPS else label_of_status(PartnershipStatus, action)


@login_required
@require_GET
def partnership_detail(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    partnership = access.partnership_for_read(request.user, pk)
    return _page(request, partnership, PartnershipDecisionForm())


@login_required
@require_GET
def partnership_live(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """What moves on the page; nothing (204) if it is as the caller saw it.

    A card in which somebody may be typing stays as it is; should the decision not be theirs any more, a notice says so.
    """
    partnership = access.partnership_for_read(request.user, pk)
    if not request.htmx:
        return redirect("promotions:partnership-detail", pk=pk)
    context = _context(partnership, request.user)
    if request.GET.get("seen") == context["version"]:
        return HttpResponse(status=204)
    is_card_kept = request.GET.get("form") == "1"
    context |= {
        "form": PartnershipDecisionForm(),
        "is_swap": True,
        "is_card_kept": is_card_kept,
        "has_form": is_card_kept or context["can_decide"],
    }
    return render(request, "promotions/sharing/_partnership_live.html", context)


@login_required
@require_POST
def partnership_decide(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Approve or reject it, by one approver with a reason."""
    partnership = access.partnership_for_decision(request.user, pk)
    form = PartnershipDecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, partnership, form, status=422)
    is_approved = form.cleaned_data["verdict"] == "approve"
    try:
        partnership_decisions.decide_partnership(
            partnership=partnership, is_approved=is_approved, reason=form.cleaned_data["reason"], actor=request.user
        )
    except ConflictError as refusal:
        fresh = access.partnership_for_read(request.user, pk)
        return _page(request, fresh, form, conflict=refusal.message, status=409)
    except RefusedError as refusal:
        show_refusal(form, refusal)
        return _page(request, partnership, form, status=422)
    except PermissionDenied:
        return _page(request, partnership, form, status=403)  # the card says why
    verb = "approved" if is_approved else "rejected"
    messages.success(request, f"You {verb} it. The platform is told now.")
    return redirect("promotions:partnership-detail", pk=pk)


def _page(
    request: AuthenticatedRequest,
    partnership: Partnership,
    form: PartnershipDecisionForm,
    *,
    conflict: str = "",
    status: int = 200,
) -> HttpResponse:
    context = _context(partnership, request.user)
    wish = approval_pages.wish_of(request)
    if wish or (form.is_bound and form.has_error("reason")):
        form.fields["reason"].widget.attrs["autofocus"] = True
    return render(
        request,
        "promotions/sharing/partnership.html",
        {
            **context,
            "form": form,
            "has_form": context["can_decide"],
            "wish": wish,
            "conflict": conflict,
            "typed": form.data.get("reason", "") if conflict else "",
        },
        status=status,
    )


def _context(partnership: Partnership, reader: User) -> dict[str, Any]:
    """What is known, who may decide, how the decision fares, and what comes from the partner."""
    job = partnership.decision_job
    transfers = _transfers(partnership, reader)
    rows = transfer_rows(transfers, reader)
    legs = list(partnership.legs.select_related("request").order_by("-request_id")[:TRANSFERS_SHOWN])
    objection = partnership_decisions.reason_not_to_decide_partnership(partnership, reader)
    is_moving = (job is not None and job.is_live) or any(row.is_awaited for row in rows)
    return {
        "partnership": partnership,
        "organization": partnership.organization,
        "job": job,
        "moments": moments_of(partnership),
        "transfers": rows,
        "legs": legs,
        "may_operate": access.can_operate(reader, partnership.organization),
        "objection": objection,
        "can_decide": partnership.is_incoming and partnership.is_pending and not objection,
        "asked_for": why_asked(partnership) if partnership.is_incoming else [],
        "is_live": is_moving or partnership.is_pending or _is_new(partnership, transfers),
        "every": MOVING_EVERY_S if is_moving else WAITING_EVERY_S,
        "version": _version(partnership, rows, legs, objection),
    }


def _is_new(partnership: Partnership, transfers: Sequence[Transfer]) -> bool:
    """Whether the first package from or to a partner who was approved lately may still come."""
    if not partnership.is_approved or transfers:
        return False
    decided_at = decision_of(partnership).at or partnership.remote_modified_at or partnership.seen_at
    return timezone.now() - decided_at <= NEW_FOR


def _transfers(partnership: Partnership, reader: User) -> list[Transfer]:
    """The latest between the two, in both directions."""
    found = access.transfers_for_read(reader).filter(
        organization=partnership.organization_id, partner_id=partnership.partner_id
    )
    return list(found.order_by("-remote_created_at", "-pk")[:TRANSFERS_SHOWN])


def _version(partnership: Partnership, rows: Sequence[Row], legs: Sequence[SharingLeg], objection: str) -> str:
    job = partnership.decision_job
    state = [
        partnership.status,
        partnership.partner_name,
        partnership.vanished_at,
        len(partnership.history),
        objection,
        (job.pk, job.state, job.progress_text) if job is not None else None,
        [(one.transfer.pk, one.transfer.status, one.transfer.package_id, one.is_looked_for) for one in rows],
        [(one.pk, one.state) for one in legs],
    ]
    return hashlib.sha256(repr(state).encode()).hexdigest()[:16]
