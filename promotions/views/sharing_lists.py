"""The lists of sharing: requests, partners, transfers; reading them anew from the platform."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.access import organizations_for_read, organizations_for_role
from accounts.choices import OrganizationKind, Role
from accounts.http import AuthenticatedRequest, natural_number
from accounts.models import Organization, User
from promotions import access, keyset
from promotions.choices import ACTIVE, OVER_TRANSFERS, UNFINISHED_LEGS, JobState, LegState, label
from promotions.forms.sharing_filters import PartnershipFilterForm, SharingFilterForm, TransferFilterForm
from promotions.models import Job, SharingLeg, SharingRequest
from promotions.services import sharing
from promotions.services.errors import RefusedError
from promotions.sharing_lists import REMOTE_NEWEST, REQUESTS_NEWEST, partnerships_waiting_for
from promotions.systems.sharing import kinds
from promotions.views.job_pages import among_organizations
from promotions.views.packages import Chip
from promotions.views.sharing_transfers import transfer_rows

ORGANIZATIONS_SHOWN = 30
# How often a list asks for itself while something in it moves.
EVERY_S = 4
TABS = {
    "requests": ("Requests", "promotions:sharing-list"),
    "partners": ("Partners", "promotions:partnership-list"),
    "transfers": ("Transfers", "promotions:transfer-list"),
    "public": ("Public packages", "promotions:pull-create"),
}


def tabs(current: str) -> list[tuple[str, str, bool]]:
    """Words, address and whether it is the page itself."""
    return [(words, reverse(route), name == current) for name, (words, route) in TABS.items()]


@dataclass(frozen=True)
class Synchronization:
    """How an organization's partnerships and transfers stand: when they were read last, and what reads them now."""

    organization: Organization
    may_start: bool
    latest: Job | None

    @property
    def is_live(self) -> bool:
        return self.latest is not None and self.latest.state in ACTIVE


def synchronizations(user: User, only: Organization | None = None) -> list[Synchronization]:
    """The state of each organization, in a fixed number of queries."""
    organizations: QuerySet[Organization] = organizations_for_read(user).filter(kind=OrganizationKind.ADOBE)
    if only is not None:
        organizations = organizations.filter(pk=only.pk)
    jobs = Job.objects.filter(kind=kinds.SYNCHRONIZE, organization=OuterRef("pk")).order_by("-created_at", "-pk")
    others = [state for state in JobState if state != JobState.SUCCEEDED]
    shown = list(
        organizations.annotate(
            latest_pk=Subquery(jobs.values("pk")[:1]),
            good_at=Subquery(jobs.exclude(state__in=others).values("finished_at")[:1]),
        ).order_by("name", "pk")[:ORGANIZATIONS_SHOWN]
    )
    latest = Job.objects.in_bulk([row.latest_pk for row in shown if row.latest_pk])
    operated = set(organizations_for_role(user, Role.OPERATOR).values_list("pk", flat=True))
    return [Synchronization(row, row.pk in operated, latest.get(row.latest_pk)) for row in shown]


@dataclass(frozen=True)
class RequestRow:
    """A sharing request in the list, its legs summed up."""

    request: SharingRequest
    legs: Sequence[SharingLeg]
    is_unsure: bool

    @property
    def sum(self) -> str:
        """How its parts stand, in words; of one only what it waits for."""
        if len(self.legs) == 1:
            [leg] = self.legs
            if self.request.started_at is None or leg.state not in UNFINISHED_LEGS:
                return ""
            return f"waiting for {leg.partner}" if leg.state == LegState.WAITING_PARTNER else _state(leg.state)
        counted: dict[str, int] = {}
        for leg in self.legs:
            counted[leg.state] = counted.get(leg.state, 0) + 1
        return ", ".join(f"{number} {_state(state)}" for state, number in counted.items())


def _state(state: str) -> str:
    return label(LegState, state).lower()


@login_required
@require_GET
@vary_on_headers("HX-Request")
def sharing_list(request: AuthenticatedRequest) -> HttpResponse:
    """What was asked for, newest first."""
    form = SharingFilterForm(request.GET, reader=request.user)
    is_valid = form.is_valid()
    found = access.sharing_requests_for_read(request.user)
    found = form.filters().narrowed(found) if is_valid else found.none()
    page = _page(request, found, access.sharing_requests_for_read(request.user), REQUESTS_NEWEST, form)
    rows = _request_rows(page.rows)
    state = [(row.request.pk, row.request.state, row.sum, row.is_unsure) for row in rows]
    is_moving = any(not row.request.is_over for row in rows)
    return _answer(
        request,
        "promotions/sharing/list.html",
        "promotions/sharing/_list.html",
        form,
        {**_paged(request, form, page), "rows": rows, "tabs": tabs("requests")},
        state=state,
        is_moving=is_moving,
    )


def _request_rows(found: Sequence[SharingRequest]) -> list[RequestRow]:
    unsure = set(
        SharingLeg.objects.filter(request__in=found)
        .filter(asking_job__state=JobState.NEEDS_ATTENTION)
        .values_list("request_id", flat=True)
    ) | set(
        SharingLeg.objects.filter(request__in=found)
        .filter(sending_job__state=JobState.NEEDS_ATTENTION)
        .values_list("request_id", flat=True)
    )
    return [RequestRow(one, list(one.legs.all()), one.pk in unsure) for one in found]


@login_required
@require_GET
@vary_on_headers("HX-Request")
def partnership_list(request: AuthenticatedRequest) -> HttpResponse:
    """Incoming and outgoing in one, newest first."""
    form = PartnershipFilterForm(request.GET, reader=request.user)
    is_valid = form.is_valid()
    found = access.partnerships_for_read(request.user)
    found = form.filters().narrowed(found) if is_valid else found.none()
    page = _page(request, found, access.partnerships_for_read(request.user), REMOTE_NEWEST, form)
    waiting = partnerships_waiting_for(request.user).filter(pk__in=[one.pk for one in page.rows])
    mine = set(waiting.values_list("pk", flat=True))
    rows = [{"partnership": one, "may_decide": one.pk in mine} for one in page.rows]
    state = [(one.pk, one.status, one.vanished_at) for one in page.rows]
    return _answer(
        request,
        "promotions/sharing/partnerships.html",
        "promotions/sharing/_partnerships.html",
        form,
        {**_paged(request, form, page), "rows": rows, "tabs": tabs("partners")},
        state=state,
        is_moving=any(one.is_pending for one in page.rows),
    )


@login_required
@require_GET
@vary_on_headers("HX-Request")
def transfer_list(request: AuthenticatedRequest) -> HttpResponse:
    """Private and public, incoming and outgoing in one, newest first."""
    form = TransferFilterForm(request.GET, reader=request.user)
    is_valid = form.is_valid()
    found = access.transfers_for_read(request.user)
    found = form.filters().narrowed(found) if is_valid else found.none()
    if is_valid and form.is_open_only:
        found = found.exclude(status__in=OVER_TRANSFERS)
    page = _page(request, found, access.transfers_for_read(request.user), REMOTE_NEWEST, form)
    rows = transfer_rows(page.rows, request.user)
    state = [(one.pk, one.status, len(one.steps), one.package_id) for one in page.rows]
    return _answer(
        request,
        "promotions/sharing/transfers.html",
        "promotions/sharing/_transfers.html",
        form,
        {**_paged(request, form, page), "rows": rows, "tabs": tabs("transfers")},
        state=state,
        is_moving=any(row.is_awaited for row in rows),
    )


def _page(
    request: AuthenticatedRequest, found: QuerySet[Any], read: QuerySet[Any], order: keyset.Order, form: forms.Form
) -> keyset.KeysetPage[Any]:
    """One walk for each organization of the reader: an index by organization serves it."""
    is_one = form.is_valid() and form.cleaned_data["organization"] is not None
    walks = [] if is_one or not form.is_valid() else among_organizations(request.user).walks
    return keyset.page(found, order, request.GET.get("cursor", ""), walks=walks, read=read)


def _paged(
    request: AuthenticatedRequest, form: SharingFilterForm | PartnershipFilterForm | TransferFilterForm, page: Any
) -> dict[str, Any]:
    kept = form.kept() if form.is_valid() else {}
    return {
        "newer_url": _url(request.path, kept, cursor=page.newer) if page.newer else "",
        "older_url": _url(request.path, kept, cursor=page.older) if page.older else "",
        "chips": [Chip(form.words_for(name), _url(request.path, kept, **{name: ""})) for name in form.active()]
        if form.is_valid()
        else [],
        "all_url": request.path,
        "list_url": _url(request.path, kept, cursor=request.GET.get("cursor", "")),
    }


def _url(path: str, kept: Mapping[str, str], **changed: str) -> str:
    query = urlencode({name: value for name, value in {**kept, **changed}.items() if value})
    return f"{path}?{query}" if query else path


def _answer(
    request: AuthenticatedRequest,
    template: str,
    fragment: str,
    form: forms.Form,
    context: dict[str, Any],
    *,
    state: Sequence[object],
    is_moving: bool,
) -> HttpResponse:
    """The page, or its moving part, or nothing (204) if that is as the caller saw it."""
    only = form.cleaned_data.get("organization") if form.is_valid() else None
    synchronized = synchronizations(request.user, only)
    is_moving = is_moving or any(row.is_live for row in synchronized)
    seen = [state, [(row.organization.pk, row.latest and row.latest.pk, row.is_live) for row in synchronized]]
    version = hashlib.sha256(repr(seen).encode()).hexdigest()[:16]
    if request.htmx and request.GET.get("seen") == version:
        return HttpResponse(status=204)
    context = {
        **context,
        "form": form,
        "synchronizations": synchronized,
        "may_add_organization": request.user.is_superuser,
        "may_ask": access.operates_any(request.user),
        "is_live": is_moving,
        "every": EVERY_S,
        "version": version,
        "seen_joint": "&" if "?" in context["list_url"] else "?",
    }
    if request.htmx:
        return render(request, fragment, context)
    return render(request, template, context, status=200 if form.is_valid() else 422)


@login_required
@require_POST
def sharing_synchronize(request: AuthenticatedRequest) -> HttpResponse:
    """Read the partnerships and transfers of one organization anew."""
    pk = natural_number(request.POST.get("organization", ""), what="organization")
    back = request.POST.get("back", "")
    routes = {name: route for name, (_, route) in TABS.items()}
    if pk is None:
        messages.error(request, "Name the organization whose sharing is to be read.")
        return redirect("promotions:sharing-list")
    organization = access.organization_for_operation(request.user, pk)
    try:
        sharing.request_synchronization(organization=organization, actor=request.user)
    except RefusedError as refusal:
        messages.error(request, refusal.message)
    return redirect(routes.get(back, "promotions:sharing-list"))
