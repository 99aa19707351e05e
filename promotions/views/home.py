"""The home page: what needs the reader, what runs, what just ended."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts import access
from accounts.choices import OrganizationKind, Role
from accounts.http import AuthenticatedRequest
from accounts.models import Organization, User
from promotions import keyset
from promotions.choices import ACTIVE, FINISHED
from promotions.models import Job, Package
from promotions.views import job_pages, needs
from promotions.views.need import Need

JOBS_SHOWN = 20
ENDED_SHOWN = 10
# No index orders jobs by their end; those that ended last are among those that began last.
ENDED_LOOKED_AT = 100
COUNT_LIMIT = 99
# How often the open page asks for what moves, while something runs and while nothing does.
MOVING_EVERY_S, STILL_EVERY_S = 4, 20


@login_required
@require_GET
def home(request: AuthenticatedRequest) -> HttpResponse:
    return render(request, "promotions/home/home.html", _context(request.user))


@login_required
@require_GET
def home_live(request: AuthenticatedRequest) -> HttpResponse:
    """The moving part of the page; nothing (204) if it is as the caller saw it."""
    if not request.htmx:
        return redirect("promotions:home")
    context = _context(request.user)
    if request.GET.get("seen") == context["version"]:
        return HttpResponse(status=204)
    return render(request, "promotions/home/_live.html", context)


def _context(user: User) -> dict[str, Any]:
    shown = Job.objects.select_related("organization", "sandbox__organization", "requested_by").defer("raw", "params")
    jobs = shown.visible_to(user).filter(is_quiet=False)
    active = jobs.filter(state__in=ACTIVE)
    running = list(active.order_by("-created_at", "-pk")[:JOBS_SHOWN])
    began_last = keyset.first(
        jobs.filter(state__in=FINISHED),
        job_pages.NEWEST_FIRST,
        ENDED_LOOKED_AT,
        among=job_pages.among_organizations(user),
        read=shown,
    )
    ended = sorted(began_last, key=lambda job: job_pages.ended_at(job) or job.created_at, reverse=True)[:ENDED_SHOWN]
    rows = job_pages.rows_of([*running, *ended])
    found = needs.needs_of(user, jobs)
    number = active.order_by().values("pk")[: COUNT_LIMIT + 1].count()
    return {
        "needs": found,
        "needs_count": _count(sum(not need.is_rest for need in found), is_more=any(need.is_rest for need in found)),
        "running": rows[: len(running)],
        "running_count": _count(min(number, COUNT_LIMIT), is_more=number > COUNT_LIMIT),
        "running_rest": max(0, min(number, COUNT_LIMIT) - len(running)),
        "ended": rows[len(running) :],
        "first_step": _first_step(user) if not (found or rows) else None,
        "every": MOVING_EVERY_S if running else STILL_EVERY_S,
        "version": _version(found, rows, number),
    }


def _count(number: int, *, is_more: bool) -> str:
    """For a heading; nothing to count is not counted."""
    return f"{number}{'+' if is_more else ''}" if number else ""


def _version(found: Sequence[Need], rows: Sequence[job_pages.Row], number: int) -> str:
    state = [
        [(need.text, need.word, need.about) for need in found],
        [(row.job.pk, row.job.state, row.job.progress_text, row.job.progress_done, row.counts) for row in rows],
        number,
        int(timezone.now().timestamp()) // job_pages.STALE_AFTER_S,
    ]
    return hashlib.sha256(repr(state).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Step:
    """The one next thing to do where there is nothing to show yet."""

    icon: str
    title: str
    text: str
    url: str = ""
    label: str = ""


def _first_step(user: User) -> Step | None:
    """What an empty installation, or a person without a role, needs first."""
    organizations = access.organizations_for_read(user)
    organization = organizations.order_by("pk").first()
    if organization is None:
        return _no_organization(user)
    if not organization.credentials.exclude(secrets="").exists():
        return _no_credential(user, organization)
    has_packages = Package.objects.visible_to(user).exists()
    if not has_packages and organizations.filter(kind=OrganizationKind.ADOBE).exists():
        return Step(
            icon="refresh",
            title="No packages read yet",
            text="Test the credential, then synchronize the packages of the organization. Both only read.",
            url=reverse("promotions:package-list"),
            label="Go to the packages",
        )
    return Step(
        icon="package",
        title="Nothing needs you, and nothing runs",
        text="Pick a published package, or a version of a journey, and plan its import: you see what has to be decided "
        "before anything is written.",
        url=reverse("promotions:package-list"),
        label="Pick a package",
    )


def _no_organization(user: User) -> Step:
    if access.is_administrator(user):
        return Step(
            icon="organization",
            title="Add your first organization",
            text="Towpath reads packages and journeys from the organizations that you add, and imports them into their "
            "sandboxes.",
            url=reverse("accounts:organization-create"),
            label="Add an organization",
        )
    return Step(
        icon="organization",
        title="You belong to no organization yet",
        text="Ask an administrator of this installation for a role in the organizations you work with.",
    )


def _no_credential(user: User, organization: Organization) -> Step:
    if access.has_role(user, organization, Role.ADMIN):
        return Step(
            icon="key",
            title=f"{organization} has no credential yet",
            text=organization.vendor.credential_missing,
            url=reverse("accounts:credential-create", args=[organization.pk]),
            label="Add a credential",
        )
    return Step(
        icon="key",
        title=f"{organization} has no credential yet",
        text="One of its admins has to enter a credential before anything can be read.",
    )
