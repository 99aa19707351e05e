"""Promotions: the list, planning one, its page, its name, putting it away."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest, natural_number
from accounts.models import Organization, Sandbox, User
from promotions import access, keyset
from promotions.choices import PromotionMode
from promotions.forms.promotions import AbandonForm, JobTextForm, PlanForm
from promotions.models import Package, Plan, Promotion
from promotions.services import package_plans, plans, versions
from promotions.services.errors import ConflictError, RefusedError
from promotions.standings import states_of
from promotions.systems.base import known_systems, system
from promotions.undo_facts import undo_of
from promotions.views import approval_pages
from promotions.views.packages import why_no_plan
from promotions.views.repeats import retry_of
from promotions.views.resolution import plan_context

# More than this many targets get a field to find one.
TARGETS_IN_SIGHT = 8
NEWEST = keyset.Order("created_at", is_descending=True, is_time=True)


@login_required
@require_GET
def promotion_list(request: AuthenticatedRequest) -> HttpResponse:
    rows = Promotion.objects.visible_to(request.user).select_related(
        "target_sandbox__organization", "source_organization", "created_by"
    )
    asked = request.GET.get("system", "")
    shown = asked if asked in known_systems() else ""
    kind = {"system": shown} if shown else {}
    rows = rows.filter(**kind)
    page = keyset.page(rows, NEWEST, request.GET.get("cursor", ""))
    states = states_of([row.pk for row in page.rows])
    return render(
        request,
        "promotions/promotions/list.html",
        {
            "rows": [
                {"promotion": row, "state": states.get(row.pk, ""), "label": system(row.system).label}
                for row in page.rows
            ],
            "shown": shown,
            "kinds": _kinds(),
            "newer_url": f"{request.path}?{urlencode({**kind, 'cursor': page.newer})}" if page.newer else "",
            "older_url": f"{request.path}?{urlencode({**kind, 'cursor': page.older})}" if page.older else "",
        },
    )


def _kinds() -> list[tuple[str, str]]:
    """Each system with the name of its place, or with its own where several systems share a place."""
    places = {name: found.home().title for name, found in known_systems().items()}
    shared = {place for place, number in Counter(places.values()).items() if number > 1}
    return [(name, system(name).label if place in shared else place) for name, place in places.items()]


@login_required
@require_http_methods(["GET", "POST"])
def promotion_create(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Choose where a package goes; the plan is gathered on the next page."""
    package = access.package_for_operation(request.user, pk)
    targets = access.target_sandboxes(request.user, package)
    # A form that asks for an update is bound as such also when that is no longer offered, to be told why.
    is_update_asked = (request.POST if request.method == "POST" else request.GET).get("mode") == PromotionMode.UPDATE
    form = PlanForm(
        request.POST if request.method == "POST" else None,
        targets=targets,
        can_update=is_update_asked or versions.is_offered(package),
        initial={
            "job_name": package.name[: plans.JOB_NAME_LIMIT],
            "mode": PromotionMode.UPDATE if is_update_asked else PromotionMode.CREATE,
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(_planned(package, form.cleaned_data, form.mode_asked(), request.user))
        except RefusedError as refusal:
            show_refusal(form, refusal)
    return render(
        request,
        "promotions/promotions/create.html",
        {
            "package": package,
            "why_no_plan": why_no_plan(package),
            **targets_context(form, package.organization, targets),
        },
        status=422 if form.is_bound else 200,
    )


def targets_context(form: Form, organization: Organization, targets: Sequence[Sandbox]) -> dict[str, Any]:
    """What the fieldset of targets shows; `organization` is that of what is promoted."""
    return {
        "organization": organization,
        "form": form,
        "targets": targets,
        "chosen": form["sandbox"].value() or [],
        "has_many": len(targets) > TARGETS_IN_SIGHT,
    }


def _planned(package: Package, asked: dict[str, Any], mode: PromotionMode, actor: User) -> str:
    """Plan what was asked for, and say where that is shown: one target on its own page, several on one together."""
    targets, text = asked["sandbox"], {name: asked[name] for name in ("job_name", "job_description")}
    if len(targets) == 1:
        promotion = package_plans.plan_promotion(package=package, sandbox=targets[0], **text, actor=actor, mode=mode)
        return reverse("promotions:promotion-detail", args=[promotion.pk])
    group = package_plans.promote_to(package=package, sandboxes=targets, **text, actor=actor, mode=mode)
    return reverse("promotions:group-detail", args=[group.pk])


@login_required
@require_GET
def promotion_detail(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The current plan, or an older revision if the address names one."""
    promotion = access.promotion_for_read(request.user, pk)
    revision = natural_number(request.GET.get("revision", ""), what="revision")
    plan = promotion.current_plan if revision is None else get_object_or_404(promotion.plans, revision=revision)
    return render(request, "promotions/promotions/detail.html", promotion_context(request, promotion, plan))


def promotion_context(request: AuthenticatedRequest, promotion: Promotion, plan: Plan) -> dict[str, Any]:
    plan.promotion = promotion
    run = plans.run_job(plan)
    return {
        "retry": retry_of(run),
        "undo": undo_of(run),
        "was_run": run is not None and bool(run.submit_count) and run.is_finished,
        "targets_together": promotion.group.promotions.count() if promotion.group else 0,
        "promotion": promotion,
        "picked": system(promotion.system).picked(promotion),
        "elsewhere": system(promotion.system).elsewhere(promotion),
        "organization": promotion.target_organization,
        "older": promotion.plans.exclude(pk=plan.pk).only("pk", "revision", "state", "created_at", "promotion"),
        "approvals": approval_pages.history_of(promotion),
        "jobs": promotion.jobs.exclude(kind__in=plans.fact_kinds()).order_by("-pk"),
        **plan_context(request, plan),
    }


@login_required
@require_http_methods(["GET", "POST"])
def promotion_edit(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Change the name and text of the remote job, while the plan is open."""
    promotion = access.promotion_for_change(request.user, pk)
    kept = {"job_name": promotion.job_name, "job_description": promotion.job_description}
    form = JobTextForm(request.POST if request.method == "POST" else None, initial=kept)
    status = 422 if form.is_bound else 200
    if request.method == "POST" and form.is_valid():
        try:
            plans.edit_job(promotion=promotion, **form.cleaned_data, actor=request.user)
        except RefusedError as refusal:
            show_refusal(form, refusal)
            status = 409 if isinstance(refusal, ConflictError) else 422
        else:
            return redirect("promotions:promotion-detail", pk=pk)
    return render(
        request,
        "confirm.html",
        {
            "title": "Name and description of the import job",
            "text": f"The job of this import into {promotion.target_sandbox.name} will carry them at the platform.",
            "url": reverse("promotions:promotion-edit", args=[pk]),
            "label": "Save",
            "cancel_url": reverse("promotions:promotion-detail", args=[pk]),
            "form": form,
            "organization": promotion.target_organization,
        },
        status=status,
    )


@login_required
@require_http_methods(["GET", "POST"])
def promotion_abandon(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    promotion = access.promotion_for_change(request.user, pk)
    form = AbandonForm(request.POST if request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    if request.method == "POST" and form.is_valid():
        try:
            plans.abandon(promotion=promotion, actor=request.user, reason=form.cleaned_data["reason"])
        except RefusedError as refusal:
            show_refusal(form, refusal)
            status = 409 if isinstance(refusal, ConflictError) else 422
        else:
            messages.success(request, "The promotion was put away. Nothing was changed at the platform.")
            return redirect("promotions:promotion-detail", pk=pk)
    return render(
        request,
        "confirm.html",
        {
            "title": "Put this promotion away?",
            "text": "Its plan can then no longer be changed or run. Nothing changes at the platform; the page stays.",
            "url": reverse("promotions:promotion-abandon", args=[pk]),
            "label": "Put away",
            "danger": True,
            "cancel_url": reverse("promotions:promotion-detail", args=[pk]),
            "form": form,
            "organization": promotion.target_organization,
        },
        status=status,
    )
