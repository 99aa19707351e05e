"""Packages: the list, one package, publishing, synchronizing."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import trigger_client_event

from accounts.access import organization_for_role, organizations_for_read, organizations_for_role
from accounts.choices import OrganizationKind, Role
from accounts.http import AuthenticatedRequest
from accounts.models import Organization
from promotions import access
from promotions.choices import ACTIVE, PUBLISHABLE, JobState
from promotions.forms.packages import DEFAULT_ORDER, PackageFilterForm
from promotions.graph import Picture, picture_of, tree_of
from promotions.models import Job, Package
from promotions.queries import PACKAGE_ORDERS, count_packages, package_page
from promotions.services import packages
from promotions.services.errors import RefusedError
from promotions.systems.packages import kinds
from promotions.views import package_changes
from promotions.views.job_pages import title_of
from promotions.views.package_sharing import sharing_context
from promotions.views.package_versions import versions_context

ORGANIZATIONS_SHOWN = 30
HISTORY_SHOWN = 10
NOT_LISTED = ("raw", "search_text", "description", "dependencies")


@dataclass(frozen=True)
class Chip:
    """One part of the filter, and the address of the list without it."""

    words: str
    url: str
    found: str = ""
    """How many packages there would be without it; only told where the filter matches nothing."""


@dataclass(frozen=True)
class Synchronization:
    """How an organization's packages stand: when they were read last, and what reads them now."""

    organization: Organization
    may_start: bool
    latest: Job | None
    has_packages: bool

    @property
    def is_live(self) -> bool:
        return self.latest is not None and self.latest.state in ACTIVE


@login_required
@require_GET
@vary_on_headers("HX-Request")
def package_list(request: AuthenticatedRequest) -> HttpResponse:
    form = PackageFilterForm(request.GET, reader=request.user)
    if not form.is_valid():
        return render(request, "promotions/packages/list.html", _frame(request, form), status=422)
    visible = Package.objects.visible_to(request.user)
    page = package_page(
        request.user,
        visible.defer(*NOT_LISTED).select_related("organization"),
        form.filters(),
        PACKAGE_ORDERS[form.order_name],
        request.GET.get("cursor", ""),
        read=Package.objects.defer(*NOT_LISTED).select_related("organization"),
    )
    count, is_more = count_packages(visible, form.filters()) if page.newer or page.older else (len(page.rows), False)
    chips = _chips(request, form)
    if not page.rows and chips:
        chips = _chips(request, form, visible)
    is_newest_first = form.order_name == DEFAULT_ORDER
    operated = set(organizations_for_role(request.user, Role.OPERATOR).values_list("pk", flat=True))
    context = {
        "packages": page.rows,
        "operated": operated,
        "publishable": {
            row.pk for row in page.rows if row.organization_id in operated and not packages.reason_not_to_publish(row)
        },
        "newer_url": _url(request, cursor=page.newer) if page.newer else "",
        "older_url": _url(request, cursor=page.older) if page.older else "",
        "shown": f"{count:,}{'+' if is_more else ''} package{'' if count == 1 else 's'}",
        "newer_label": "" if is_newest_first else "Previous",
        "older_label": "" if is_newest_first else "Next",
        "chips": chips,
        "rows_url": request.get_full_path(),
    }
    if request.htmx:
        return render(request, "promotions/packages/_rows.html", context)
    return render(request, "promotions/packages/list.html", _frame(request, form) | context)


def _frame(request: AuthenticatedRequest, form: PackageFilterForm) -> dict[str, Any]:
    """What stands around the rows."""
    organizations = organizations_for_read(request.user).filter(kind=OrganizationKind.ADOBE)
    wanted = form.cleaned_data.get("organization")
    shown = organizations.filter(pk=wanted.pk) if wanted else organizations
    return {
        "form": form,
        "synchronizations": synchronizations(request, shown),
        "may_add_organization": request.user.is_superuser,
        "may_create": access.operates_any(request.user),
    }


def synchronizations(request: AuthenticatedRequest, organizations: QuerySet[Organization]) -> list[Synchronization]:
    """The state of each organization, in a fixed number of queries."""
    jobs = Job.objects.filter(kind=kinds.SYNCHRONIZE, organization=OuterRef("pk")).order_by("-created_at", "-pk")
    # As "none of the others", since an index by state would lead past all the other jobs that succeeded.
    others = [state for state in JobState if state != JobState.SUCCEEDED]
    shown = list(
        organizations.annotate(
            latest_pk=Subquery(jobs.values("pk")[:1]),
            good_at=Subquery(jobs.exclude(state__in=others).values("finished_at")[:1]),
            package_pk=Subquery(Package.objects.filter(organization=OuterRef("pk")).values("pk")[:1]),
        ).order_by("name", "pk")[:ORGANIZATIONS_SHOWN]
    )
    latest = Job.objects.in_bulk([row.latest_pk for row in shown if row.latest_pk])
    operated = set(organizations_for_role(request.user, Role.OPERATOR).values_list("pk", flat=True))
    return [
        Synchronization(row, row.pk in operated, latest.get(row.latest_pk), row.package_pk is not None) for row in shown
    ]


def _chips(request: HttpRequest, form: PackageFilterForm, visible: QuerySet[Package] | None = None) -> list[Chip]:
    return [
        Chip(
            form.words_for(name),
            _url(request, **{name: ""}),
            _found(form, visible, name) if visible is not None else "",
        )
        for name in form.active()
    ]


def _found(form: PackageFilterForm, visible: QuerySet[Package], without: str) -> str:
    count, is_more = count_packages(visible, form.filters(without=without))
    return f"{count:,}+" if is_more else f"{count:,}" if count else ""


def _url(request: HttpRequest, **changed: str) -> str:
    kept = {name: value for name, value in request.GET.items() if value and name != "cursor"}
    query = urlencode({name: value for name, value in {**kept, **changed}.items() if value})
    return f"{request.path}?{query}" if query else request.path


@login_required
@require_POST
def package_synchronize(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Start reading an organization's packages; progress shows where the button was."""
    organization = organization_for_role(request.user, pk, Role.OPERATOR)
    packages.request_synchronization(organization=organization, actor=request.user)
    if not request.htmx:
        return redirect(f"{reverse('promotions:package-list')}?organization={pk}")
    return package_synchronization_fragment(request, organization)


@login_required
@require_GET
def package_synchronization(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    organization = access.organization_for_read(request.user, pk)
    return package_synchronization_fragment(request, organization)


def package_synchronization_fragment(request: AuthenticatedRequest, organization: Organization) -> HttpResponse:
    """The fragment; once nothing runs it also tells the list to read its rows again."""
    [row] = synchronizations(request, Organization.objects.filter(pk=organization.pk))
    response = render(request, "promotions/packages/_synchronization.html", {"row": row})
    return response if row.is_live else trigger_client_event(response, "packages-changed")


@login_required
@require_GET
def package_detail(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    package = access.package_for_read(request.user, pk)
    may_operate = access.can_operate(request.user, package.organization)
    promotions = package.promotions.select_related("target_sandbox__organization", "created_by").order_by("-pk")
    jobs = package.jobs.filter(is_quiet=False).exclude(kind__in=[kinds.READ_DEPENDENCIES]).select_related("sandbox")
    return render(
        request,
        "promotions/packages/detail.html",
        {
            "package": package,
            "organization": package.organization,
            "may_operate": may_operate,
            "why_no_plan": why_no_plan(package),
            "why_no_publish": why_no_publish(package),
            "promotions": promotions[:HISTORY_SHOWN],
            "jobs": [{"job": job, "title": title_of(job)} for job in jobs.order_by("-pk")[:HISTORY_SHOWN]],
            **package_changes.context(package, may_operate=may_operate),
            **dependencies_context(package, may_operate=may_operate),
            **versions_context(package, may_operate=may_operate),
            **sharing_context(package, may_operate=may_operate),
        },
    )


def why_no_plan(package: Package) -> str:
    """In words why this package cannot be imported; empty if it can."""
    if package.is_importable:
        return ""
    if package.vanished_at is not None:
        return "It is no longer at the platform."
    if package.is_expired:
        return "It has expired, and an expired package cannot be imported. Make and publish a new one."
    return f"It is {package.status_label.lower()}; only a published package can be imported."


def why_no_publish(package: Package) -> str:
    """In words why a package that waits for publishing cannot be published; empty if it can or need not."""
    if package.status not in PUBLISHABLE or package.vanished_at is not None:
        return ""
    if not package.is_full and package.artifact_count == 0:
        return "It is empty. Add objects to it before publishing."
    return ""


def dependencies_context(package: Package, *, may_operate: bool) -> dict[str, Any]:
    reading = package.jobs.filter(kind=kinds.READ_DEPENDENCIES).order_by("-pk").first()
    found = package.dependencies
    picture: Picture | None = picture_of(found) if found else None
    read_at, changed_at = package.dependencies_read_at, package.remote_modified_at
    return {
        "package": package,
        "may_operate": may_operate,
        "reading": reading,
        "picture": picture,
        "tree": tree_of(found) if found else [],
        "is_tree_cut": bool(found and found.get("is_cut")),
        "is_tree_old": bool(read_at and changed_at and changed_at > read_at),
    }


@login_required
@require_http_methods(["GET", "POST"])
def package_dependencies(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The dependency section by itself; a POST has the platform asked."""
    if request.method == "GET":
        package = access.package_for_read(request.user, pk)
    else:
        package = access.package_for_operation(request.user, pk)
        try:
            packages.request_dependencies(package=package, actor=request.user)
        except RefusedError as refusal:
            messages.error(request, refusal.message)
            return redirect("promotions:package-detail", pk=pk)
        if not request.htmx:
            return redirect(f"{reverse('promotions:package-detail', args=[pk])}#dependencies")
    may_operate = access.can_operate(request.user, package.organization)
    return render(
        request, "promotions/packages/_dependencies.html", dependencies_context(package, may_operate=may_operate)
    )
