"""One API version: what is known of it, listing its assets, noting its state, taking it out of the list."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from accounts.http import AuthenticatedRequest
from promotions import access, access_apis, api_facts
from promotions.api_choices import ApiVersionState
from promotions.forms.apis import NotedStateForm
from promotions.models import Promotion
from promotions.services import api_versions
from promotions.services.errors import RefusedError
from promotions.standings import states_of
from promotions.systems.snaplogic.acts import MEANS

NAMES_SHOWN = 200
TYPES_SHOWN = 100


@login_required
@require_GET
def api_version_detail(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    row = access_apis.api_version_for_read(request.user, pk)
    may_operate = access.can_operate(request.user, row.organization)
    histories = [
        ("into", "Imports into it", "None that you may see.", api_facts.imports_into),
        ("from", "Brought elsewhere", "None that you may see.", api_facts.imports_from),
        ("life", "Changes of its life", "None was planned for it alone, or run with others.", api_facts.changes_of),
    ]
    return render(
        request,
        "promotions/apis/detail.html",
        {
            "version": row,
            "organization": row.organization,
            "may_operate": may_operate,
            "may_import": access_apis.api_targets(request.user).exists(),
            "state_form": NotedStateForm(initial={"state": row.state}) if may_operate else None,
            "acts": [(act, MEANS[act]) for act in api_facts.acts_from(row.state)],
            "assets": sorted(row.assets.items())[:TYPES_SHOWN],
            "types_left_out": max(0, len(row.assets) - TYPES_SHOWN),
            "names_shown": NAMES_SHOWN,
            "names_less": -NAMES_SHOWN,
            "listing": api_facts.latest_listing(row),
            "histories": [(slug, title, none, _told(of(row, request.user))) for slug, title, none, of in histories],
        },
    )


def _told(promotions: QuerySet[Promotion]) -> list[dict[str, Any]]:
    """The newest ones, and how each stands."""
    newest = list(
        promotions.select_related("source_organization", "target_organization", "created_by").order_by("-pk")[
            : api_facts.HISTORY_SHOWN
        ]
    )
    states = states_of([one.pk for one in newest])
    return [{"promotion": one, "state": states.get(one.pk, "")} for one in newest]


@login_required
@require_http_methods(["GET", "POST"])
def api_version_listing(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Have its assets listed, or see how that goes; the page is loaded anew at the end."""
    row = access_apis.api_version_for_read(request.user, pk)
    if request.method == "POST":
        try:
            api_versions.request_listing(api_version=row, actor=request.user)
        except RefusedError as refusal:
            messages.error(request, refusal.message)
            return redirect("promotions:api-version-detail", pk=pk)
    if not request.htmx:
        return redirect("promotions:api-version-detail", pk=pk)
    listing = api_facts.latest_listing(row)
    if listing is None or not listing.is_live:
        return HttpResponseClientRefresh()
    return render(request, "promotions/apis/_listing.html", {"version": row, "listing": listing})


@login_required
@require_POST
def api_version_state(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Note what somebody has seen in the API Manager."""
    row = access_apis.api_version_for_change(request.user, pk)
    form = NotedStateForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose the state that you have seen in the API Manager.")
        return redirect("promotions:api-version-detail", pk=pk)
    state = ApiVersionState(form.cleaned_data["state"])
    try:
        api_versions.note_state(api_version=row, state=state, actor=request.user)
    except RefusedError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"{row} is noted as {state.label.lower()}.")
    return redirect("promotions:api-version-detail", pk=pk)


@login_required
@require_http_methods(["GET", "POST"])
def api_version_forget(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The question before a version is taken out of the list."""
    row = access_apis.api_version_for_change(request.user, pk)
    if request.method == "POST":
        api_versions.forget(api_version=row, actor=request.user)
        messages.success(request, f"{row} of {row.organization} is no longer in the list.")
        return redirect("promotions:api-version-list")
    return render(
        request,
        "confirm.html",
        {
            "title": f"Forget {row}?",
            "text": f"Towpath takes {row} of {row.organization} out of its list, with the state and the assets that it "
            "knows. Nothing changes at the platform, and past promotions and jobs stay. It comes back when it is named "
            "again, or imported.",
            "url": reverse("promotions:api-version-forget", args=[pk]),
            "label": "Forget it",
            "danger": True,
            "cancel_url": reverse("promotions:api-version-detail", args=[pk]),
            "organization": row.organization,
        },
    )
