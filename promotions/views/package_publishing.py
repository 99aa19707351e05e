"""Publishing: one package, or all that are ticked in the list."""

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest
from promotions import access
from promotions.forms.packages import ChosenPackagesForm, PublishForm
from promotions.models import Package
from promotions.services import packages
from promotions.services.errors import RefusedError
from promotions.systems.packages import kinds


@login_required
@require_http_methods(["GET", "POST"])
def package_publish(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    package = access.package_for_operation(request.user, pk)
    form = PublishForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            job = packages.request_publish(
                package=package, expiry_days=form.cleaned_data["expiry_days"], actor=request.user
            )
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            return redirect("promotions:job-detail", pk=job.pk)
    number = package.artifact_count
    objects = "its sandbox" if package.is_full else f"its {number} object{'' if number == 1 else 's'}"
    return render(
        request,
        "confirm.html",
        {
            "title": f"Publish “{package}”?",
            "text": f"The platform takes a snapshot of {objects}. From then on the package can be imported, and its "
            "content can no longer be changed. This cannot be undone.",
            "url": reverse("promotions:package-publish", args=[pk]),
            "label": "Publish",
            "cancel_url": reverse("promotions:package-detail", args=[pk]),
            "form": form,
            "organization": package.organization,
        },
        status=422 if form.is_bound else 200,
    )


@login_required
@require_http_methods(["GET", "POST"])
def package_publish_chosen(request: AuthenticatedRequest) -> HttpResponse:
    """Ask about the ticked packages, with what will happen to each; then publish those that can be."""
    asked = request.POST if request.method == "POST" else request.GET
    chosen = ChosenPackagesForm(asked, reader=request.user)
    if not chosen.is_valid():
        for error in chosen.errors.get("package", []):
            messages.error(request, str(error))
        return redirect("promotions:package-list")
    form = PublishForm(request.POST if request.method == "POST" else None)
    wanted: list[Package] = chosen.cleaned_data["package"]
    if request.method == "POST" and form.is_valid():
        outcomes = packages.publish_together(
            packages=wanted, expiry_days=form.cleaned_data["expiry_days"], actor=request.user
        )
        _tell(request, outcomes)
        return redirect(f"{reverse('promotions:job-list')}?kind={kinds.PUBLISH}")
    refusals = {package.pk: _refusal(request, package) for package in wanted}
    return render(
        request,
        "promotions/packages/publish_chosen.html",
        {
            "rows": [{"package": package, "refusal": refusals[package.pk]} for package in wanted],
            "number": sum(not refusal for refusal in refusals.values()),
            "form": form,
        },
        status=422 if form.is_bound else 200,
    )


def _refusal(request: AuthenticatedRequest, package: Package) -> str:
    if not access.can_operate(request.user, package.organization):
        return f"This needs the role operator in {package.organization}."
    return packages.reason_not_to_publish(package)


def _tell(request: AuthenticatedRequest, outcomes: Sequence[packages.PublishOutcome]) -> None:
    started = sum(outcome.job is not None for outcome in outcomes)
    if started:
        messages.success(request, f"{started} package{' is' if started == 1 else 's are'} being published.")
    for outcome in outcomes:
        if outcome.refusal:
            messages.error(request, outcome.refusal)
