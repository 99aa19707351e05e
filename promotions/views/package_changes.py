"""What can be done to a draft beside adding objects: taking some out, its words, its end; and reading it anew."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest, posted
from promotions import access
from promotions.choices import UNFINISHED
from promotions.forms.package_building import DeletePackageForm, PackageTextForm
from promotions.forms.package_objects import OBJECTS_LIMIT, Offer, dump_offers
from promotions.known_needs import known_needs
from promotions.models import Artifact, Job, Package
from promotions.services import asked_expiries, building, jobs, package_readings, package_refusals
from promotions.services.building import NewArtifact
from promotions.services.errors import ConflictError, RefusedError
from promotions.views.job_pages import title_of


@login_required
@require_POST
def package_remove(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Take the ticked objects out of a draft."""
    package = access.package_for_operation(request.user, pk)
    wanted = [one for one in request.POST.getlist("artifact") if one.isdecimal() and len(one) <= 18]
    chosen = [NewArtifact(one.type, one.remote_id, one.title) for one in package.artifacts.filter(pk__in=wanted)]
    if not chosen:
        messages.error(request, "Tick the objects to take out of the package first.")
        return redirect("promotions:package-detail", pk=pk)
    return _start(
        request, package, lambda: building.remove_artifacts(package=package, artifacts=chosen, actor=request.user)
    )


@login_required
@require_POST
def package_read(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Ask the platform for this one package anew, with what it can do."""
    package = access.package_for_operation(request.user, pk)
    return _start(request, package, lambda: package_readings.read_package(package=package, actor=request.user))


def _start(request: AuthenticatedRequest, package: Package, act: Callable[[], Job]) -> HttpResponse:
    """Lead to the job; a refusal is told on the page of the package."""
    try:
        job = act()
    except RefusedError as refusal:
        messages.error(request, refusal.message)
        return redirect("promotions:package-detail", pk=package.pk)
    return redirect("promotions:job-detail", pk=job.pk)


@login_required
@require_http_methods(["GET", "POST"])
def package_edit(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Name, description and expiry of a draft."""
    package = access.package_for_operation(request.user, pk)
    day = timezone.localtime(package.expires_at).date() if package.expires_at else None
    kept = {"name": package.name, "description": package.description, "expires_at": day}
    form, status = PackageTextForm(posted(request), initial=kept), 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            said = form.cleaned_data
            if "expires_at" not in form.changed_data:  # the day says less than the moment
                said["expires_at"] = package.expires_at
            try:
                job = building.edit_package(package=package, **said, actor=request.user)
            except RefusedError as refusal:
                show_refusal(form, refusal)
                status = 409 if isinstance(refusal, ConflictError) else 422
            else:
                return redirect("promotions:job-detail", pk=job.pk)
    return render(
        request,
        "promotions/packages/edit.html",
        {
            "package": package,
            "organization": package.organization,
            "form": form,
            "why_not": package_refusals.reason_not_to_change(package),
        },
        status=status,
    )


@login_required
@require_http_methods(["GET", "POST"])
def package_delete(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The question before a package is deleted at the platform, with what depends on it."""
    package = access.package_for_operation(request.user, pk)
    form, status = DeletePackageForm(posted(request)), 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                job = building.delete_package(
                    package=package, typed_name=form.cleaned_data["typed_name"], actor=request.user
                )
            except RefusedError as refusal:
                show_refusal(form, refusal)
                status = 409 if isinstance(refusal, ConflictError) else 422
            else:
                return redirect("promotions:job-detail", pk=job.pk)
    return render(
        request,
        "promotions/packages/delete.html",
        {
            "package": package,
            "organization": package.organization,
            "form": form,
            "usages": package_refusals.dependents(package),
            "why_not": package_refusals.reason_not_to_delete(package),
        },
        status=status,
    )


@login_required
@require_GET
def package_under_way(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The write that keeps others from this package; once it is over the page is read anew."""
    package = access.package_for_read(request.user, pk)
    if not request.htmx:
        return redirect("promotions:package-detail", pk=pk)
    job = write_under_way(package)
    if job is None or str(job.pk) != request.GET.get("job"):
        return HttpResponseClientRefresh()
    words = {"package": package, "under_way": job, "under_way_title": title_of(job)}
    return render(request, "promotions/packages/_under_way.html", words)


def context(package: Package, *, may_operate: bool) -> dict[str, Any]:
    """What the page of a package shows of its objects and of changes."""
    artifacts = list(package.artifacts.all())
    under_way = write_under_way(package)
    frozen = package_refusals.reason_not_to_change(package)
    is_changeable = may_operate and not frozen and under_way is None
    return {
        "artifacts": artifacts,
        "under_way": under_way,
        "under_way_title": title_of(under_way) if under_way else "",
        "frozen": frozen,
        "is_changeable": is_changeable,
        "is_draft": package.is_publishable,
        "expiry_difference": asked_expiries.expiry_difference(package),
        **_needs(package, artifacts, is_changeable=is_changeable),
    }


def _needs(package: Package, artifacts: Sequence[Artifact], *, is_changeable: bool) -> dict[str, Any]:
    """What the objects of a draft need, as far as it is known; the platform tells it of published packages only."""
    if not is_changeable:
        return {"needs": None}
    keys = {(one.type, one.remote_id) for one in artifacts}
    needs = known_needs(package.organization, package.source_sandbox, keys)
    offers = [Offer(one.type, one.id, one.title, package.source_sandbox) for one in needs.missing[:OBJECTS_LIMIT]]
    return {"needs": needs, "offers_json": dump_offers(offers), "offer_numbers": range(len(offers))}


def write_under_way(package: Package) -> Job | None:
    """The unfinished job that concerns the package itself, if there is one."""
    return Job.objects.filter(scope=jobs.scope_of(package), state__in=UNFINISHED).first()
