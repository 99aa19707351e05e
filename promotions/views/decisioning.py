"""Migrations to Decisioning: the list, and planning one."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest
from promotions import access, keyset
from promotions.forms.decisioning import MigrationForm
from promotions.models import Promotion
from promotions.services import decisioning_plans
from promotions.services.errors import RefusedError
from promotions.standings import states_of
from promotions.systems.decisioning.kinds import SYSTEM
from promotions.systems.decisioning.telling import BECOMES, STAYS_BEHIND
from promotions.views.promotions import NEWEST


@login_required
@require_GET
def decisioning_list(request: AuthenticatedRequest) -> HttpResponse:
    """Migrations and rollbacks, newest first."""
    rows = Promotion.objects.visible_to(request.user).filter(system=SYSTEM)
    rows = rows.select_related("target_sandbox__organization", "created_by", "origin_job")
    page = keyset.page(rows, NEWEST, request.GET.get("cursor", ""))
    states = states_of([row.pk for row in page.rows])
    return render(
        request,
        "promotions/decisioning/list.html",
        {
            "rows": [{"promotion": row, "state": states.get(row.pk, "")} for row in page.rows],
            "may_plan": access.operates_any(request.user),
            "newer_url": f"{request.path}?cursor={page.newer}" if page.newer else "",
            "older_url": f"{request.path}?cursor={page.older}" if page.older else "",
        },
    )


@login_required
@require_http_methods(["GET", "POST"])
def decisioning_create(request: AuthenticatedRequest) -> HttpResponse:
    """Choose sandboxes and scope; the analysis is shown on the next page."""
    if not access.operates_any(request.user):
        raise PermissionDenied("Migrating needs the role operator in an organization of Adobe.")
    sandboxes = access.source_sandboxes(request.user)
    bound = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = MigrationForm(*bound, sandboxes=sandboxes, initial=request.GET.dict())
    if form.is_bound and form.is_valid():
        try:
            promotion = decisioning_plans.plan_migration(pick=form.pick, target=form.target_sandbox, actor=request.user)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            return redirect("promotions:promotion-detail", pk=promotion.pk)
    return render(
        request,
        "promotions/decisioning/create.html",
        {"form": form, "has_sandboxes": bool(sandboxes), "becomes": BECOMES, "stays_behind": STAYS_BEHIND},
        status=422 if form.is_bound else 200,
    )
