"""Transfers: one of them with the platform's steps, its age, and what to do when it arrived or failed."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import organizations_for_role
from accounts.choices import Role
from accounts.http import AuthenticatedRequest
from accounts.models import User
from promotions import access
from promotions.models import Partnership, Transfer
from promotions.services import arrivals, sending_again, transfers

MOVING_EVERY_S, WAITING_EVERY_S = 2, 8


@dataclass(frozen=True)
class Row:
    """A transfer with what the reader may do about it."""

    transfer: Transfer
    may_operate: bool

    @property
    def age(self) -> timedelta:
        """How long it takes, or took."""
        end = self.transfer.completed_at or self.transfer.over_seen_at or timezone.now()
        return max(timedelta(0), end - self.transfer.remote_created_at)

    @property
    def can_plan(self) -> bool:
        package = self.transfer.package
        return self.may_operate and self.transfer.has_arrived and package is not None and package.is_importable

    @property
    def can_send_again(self) -> bool:
        return self.may_operate and not sending_again.reason_not_to_send_again(self.transfer)

    @property
    def arrival(self) -> str:
        """What is known of a package that has not been found yet, in a sentence."""
        return arrivals.words(self.transfer)

    @property
    def is_looked_for(self) -> bool:
        """Whether the package may still turn up by itself."""
        return arrivals.is_looked_for(self.transfer)

    @property
    def is_awaited(self) -> bool:
        """Whether it will look different without the reader."""
        return not self.transfer.is_over or self.is_looked_for


def transfer_rows(found: Iterable[Transfer], reader: User) -> list[Row]:
    """With what the reader may do, in a fixed number of queries; partners are called as partnerships call them."""
    found = list(found)
    operated = set(organizations_for_role(reader, Role.OPERATOR).values_list("pk", flat=True))
    unnamed = [one for one in found if not one.partner_name]
    named = Partnership.objects.filter(
        organization__in={one.organization_id for one in unnamed}, partner_id__in={one.partner_id for one in unnamed}
    ).exclude(partner_name="")
    names = {(one.organization_id, one.partner_id): one.partner_name for one in named} if unnamed else {}
    for one in unnamed:
        one.partner_name = names.get((one.organization_id, one.partner_id), "")
    return [Row(one, one.organization_id in operated) for one in found]


@login_required
@require_GET
def transfer_detail(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    transfer = access.transfer_for_read(request.user, pk)
    return render(request, "promotions/sharing/transfer.html", _context(transfer, request.user))


@login_required
@require_GET
def transfer_live(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """What moves on the page; nothing (204) if it is as the caller saw it."""
    transfer = access.transfer_for_read(request.user, pk)
    if not request.htmx:
        return redirect("promotions:transfer-detail", pk=pk)
    context = _context(transfer, request.user)
    if request.GET.get("seen") == context["version"]:
        return HttpResponse(status=204)
    return render(request, "promotions/sharing/_transfer_live.html", {**context, "is_swap": True})


def _context(transfer: Transfer, reader: User) -> dict[str, Any]:
    [row] = transfer_rows([transfer], reader)
    state = [transfer.status, list(transfer.steps), transfer.package_id, transfer.completed_at]
    requests = access.sharing_requests_for_read(reader).filter(legs__transfer=transfer).order_by("-pk")
    return {
        "transfer": transfer,
        "row": row,
        "organization": transfer.organization,
        "repeats": list(transfer.repeats.order_by("pk")),
        "requests": list(requests[:5]),
        "slowness": "" if transfer.is_over else transfers.slowness(transfer),
        "is_live": row.is_awaited,
        "every": MOVING_EVERY_S if not transfer.is_over else WAITING_EVERY_S,
        "version": hashlib.sha256(repr(state).encode()).hexdigest()[:16],
    }
