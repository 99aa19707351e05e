"""Versions of a package: the section of its page, the list of versions, comparisons, saving a version."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest, natural_number
from promotions import access
from promotions.comparison import Comparison, comparison_of
from promotions.forms.versions import CompareForm
from promotions.models import Job, Package
from promotions.services import package_readings, versions
from promotions.services.errors import RefusedError
from promotions.systems.packages import kinds

VERSIONS_IN_SIGHT = 3
OBJECTS_PER_PAGE = 50


@dataclass(frozen=True)
class SavedVersion:
    """One row of the list; `by` may be an id that means nothing to people."""

    version: str
    at: datetime | None
    by: str


@dataclass(frozen=True)
class Versioning:
    """What a page says of the versions of a package."""

    is_offered: bool
    is_unknown: bool
    reason: str
    comparing: Job | None
    comparison: Comparison | None
    saving: Job | None
    reading: Job | None
    asking: Job | None
    saved: list[SavedVersion] | None

    @property
    def is_live(self) -> bool:
        """Whether the page waits for a job."""
        return any(job is not None and job.is_live for job in (self.comparing, self.saving, self.reading, self.asking))


def versioning_of(package: Package) -> Versioning:
    reason = versions.reason_not_offered(package)
    latest = versions.latest_jobs(package)
    return Versioning(
        is_offered=not reason,
        is_unknown=package.is_importable and not package.is_full and package.capabilities is None,
        reason=reason,
        comparing=latest.get(kinds.COMPARE),
        comparison=comparison_of(package),
        saving=latest.get(kinds.SAVE_VERSION),
        reading=latest.get(kinds.READ_HISTORY),
        asking=latest.get(kinds.READ_PACKAGE),
        saved=saved_of(package),
    )


def saved_of(package: Package) -> list[SavedVersion] | None:
    """The versions as last read, newest first; None if they never were."""
    if package.versions is None:
        return None
    return [
        SavedVersion(str(row.get("version") or ""), parse_datetime(str(row.get("at") or "")), str(row.get("by") or ""))
        for row in package.versions
    ]


def versions_context(package: Package, *, may_operate: bool) -> dict[str, Any]:
    """What the section on the package's page needs."""
    return {"package": package, "may_operate": may_operate, "versioning": versioning_of(package)}


@login_required
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def package_versions(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The list of versions, or for htmx the section of the package's page.

    A POST has the platform asked: for the list, or first whether it keeps versions of this package at all.
    """
    if request.method == "GET":
        package = access.package_for_read(request.user, pk)
    else:
        package = access.package_for_operation(request.user, pk)
        try:
            if package.capabilities is None:
                package_readings.read_package(package=package, actor=request.user)
            else:
                versions.request_history(package=package, actor=request.user)
        except RefusedError as refusal:
            messages.error(request, refusal.message)
            return redirect("promotions:package-detail", pk=pk)
        if not request.htmx:
            return redirect("promotions:package-versions", pk=pk)
        package.refresh_from_db()
    context = versions_context(package, may_operate=access.can_operate(request.user, package.organization))
    if request.htmx:
        return render(request, "promotions/packages/_versions.html", context)
    return render(
        request, "promotions/packages/versions.html", {"organization": package.organization, "is_page": True, **context}
    )


@login_required
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def package_compare(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """What a comparison found, field by field; a POST has the platform compare anew."""
    package = access.package_for_read(request.user, pk)
    may_operate = access.can_operate(request.user, package.organization)
    if request.method == "POST":
        package = access.package_for_operation(request.user, pk)
    form = CompareForm(
        request.POST if request.method == "POST" else None,
        sandboxes=access.target_sandboxes(request.user, package),
        source=package.source_sandbox,
        initial={"sandbox": _sandbox_compared(request, package)},
    )
    if request.method == "POST" and form.is_valid():
        try:
            versions.request_comparison(package=package, sandbox=form.cleaned_data["sandbox"], actor=request.user)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            return redirect("promotions:package-compare", pk=pk)
    context = {**versions_context(package, may_operate=may_operate), **_differences(request, package), "form": form}
    if request.htmx and request.method == "GET":
        return render(request, "promotions/packages/_comparison.html", context)
    return render(
        request,
        "promotions/packages/compare.html",
        {"organization": package.organization, **context},
        status=422 if form.is_bound else 200,
    )


def _sandbox_compared(request: AuthenticatedRequest, package: Package) -> int | None:
    """The sandbox of the last comparison, so that the same can be asked again."""
    name = (package.comparison or {}).get("target")
    found = (sandbox.pk for sandbox in access.target_sandboxes(request.user, package) if sandbox.name == name)
    return next(found, None)


def _differences(request: AuthenticatedRequest, package: Package) -> dict[str, Any]:
    """A page of the objects that differ."""
    found = comparison_of(package)
    pager = Paginator(found.objects if found else [], OBJECTS_PER_PAGE)
    page = pager.get_page(natural_number(request.GET.get("page", ""), what="page") or 1)
    return {
        "page": page,
        "newer_url": f"?page={page.previous_page_number()}" if page.has_previous() else "",
        "older_url": f"?page={page.next_page_number()}" if page.has_next() else "",
        "shown": f"{page.start_index()} to {page.end_index()} of {pager.count}" if pager.num_pages > 1 else "",
    }


@login_required
@require_http_methods(["GET", "POST"])
def package_save_version(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    package = access.package_for_operation(request.user, pk)
    refusal_words = ""
    if request.method == "POST":
        try:
            job = versions.request_version(package=package, actor=request.user)
        except RefusedError as refusal:
            refusal_words = refusal.message
        else:
            return redirect("promotions:job-detail", pk=job.pk)
    is_first = package.package_version in ("", "0")
    number = "" if is_first else f"The latest is version {package.package_version}. "
    text = (
        f"The platform reads the objects of “{package}” in {package.source_sandbox or 'their sandbox'} as they are now "
        f"and keeps them as a new version. {number}Imports bring the new one from then on; this cannot be undone."
    )
    return render(
        request,
        "confirm.html",
        {
            "title": f"Save a new version of “{package}”?",
            "text": f"{refusal_words} {text}".strip(),
            "url": reverse("promotions:package-save-version", args=[pk]),
            "label": "Save a new version",
            "cancel_url": reverse("promotions:package-detail", args=[pk]),
            "organization": package.organization,
        },
        status=422 if refusal_words else 200,
    )
