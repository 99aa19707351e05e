"""Promoting a version of a journey, and what people note of the copy."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest
from accounts.models import Sandbox, User
from promotions import access
from promotions.forms.promotions import VersionForm
from promotions.journey_facts import why_no_promotion
from promotions.models import Journey
from promotions.services import journey_plans
from promotions.services.errors import RefusedError
from promotions.views.promotions import targets_context


@login_required
@require_http_methods(["GET", "POST"])
def journey_promote(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Choose the version and where it goes; the plan is gathered on the next page."""
    journey = access.journey_for_promotion(request.user, pk)
    targets = access.journey_targets(request.user, journey)
    form = VersionForm(
        request.POST if request.method == "POST" else None,
        targets=targets,
        versions=_versions(journey),
        initial={"version": request.GET.get("version") or journey.latest_version_uid},
    )
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(_planned(journey, form.cleaned_data["version"], form.cleaned_data["sandbox"], request.user))
        except RefusedError as refusal:
            show_refusal(form, refusal)
    return render(
        request,
        "promotions/journeys/promote.html",
        {
            "journey": journey,
            "why_no_plan": why_no_promotion(journey),
            **targets_context(form, journey.organization, targets),
        },
        status=422 if form.is_bound else 200,
    )


def _versions(journey: Journey) -> list[tuple[str, str]]:
    found = [
        (version.uid, f"{version.version or version.uid}, {version.get_state_display().lower()}")
        for version in journey.versions.defer("raw")
    ]
    latest = journey.latest_version_uid
    if latest and latest not in dict(found):
        found.insert(0, (latest, journey.latest_version or latest))
    return [(uid, f"{words}, latest" if uid == latest else words) for uid, words in found]


def _planned(journey: Journey, version_uid: str, targets: list[Sandbox], actor: User) -> str:
    if len(targets) == 1:
        promotion = journey_plans.plan_promotion(
            journey=journey, version_uid=version_uid, sandbox=targets[0], actor=actor
        )
        return reverse("promotions:promotion-detail", args=[promotion.pk])
    group = journey_plans.promote_to(journey=journey, version_uid=version_uid, sandboxes=targets, actor=actor)
    return reverse("promotions:group-detail", args=[group.pk])


@login_required
@require_POST
def copy_published(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Tick that the copy was published in the target, or take that back."""
    copy = access.journey_copy_for_change(request.user, pk)
    is_published = request.POST.get("published") == "yes"
    try:
        journey_plans.note_published(copy=copy, actor=request.user, is_published=is_published)
    except RefusedError as refusal:
        messages.error(request, refusal.message)
    else:
        done = "is noted as published" if is_published else "is no longer noted as published"
        messages.success(request, f"“{copy.name}” {done} in {copy.target_sandbox.name}.")
    return redirect("promotions:job-detail", pk=copy.job_id)
