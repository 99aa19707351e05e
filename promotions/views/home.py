"""The home page: what needs the reader, what runs, what just ended."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts import access
from accounts.choices import Role
from accounts.http import AuthenticatedRequest
from accounts.models import Credential, Organization, User
from accounts.models.organizations import EXPIRY_WARNING as CREDENTIAL_WARNING
from promotions import keyset
from promotions.choices import ACTIVE, FINISHED, Decision, JobState, PackageStatus, PlanState
from promotions.models import Job, Package, Plan
from promotions.models.packages import EXPIRY_WARNING as PACKAGE_WARNING
from promotions.views import job_pages

JOBS_SHOWN = 20
PLANS_SHOWN = 10
PACKAGES_SHOWN = 5
CREDENTIALS_SHOWN = 10
ENDED_SHOWN = 10
# No index orders jobs by their end; those that ended last are among those that began last.
ENDED_LOOKED_AT = 100


@dataclass(frozen=True)
class Need:
    """One thing that waits for the reader."""

    state: str
    word: str
    text: str
    url: str
    about: str
    at: datetime | None = None


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
    visible = Job.objects.visible_to(user).filter(is_quiet=False)
    jobs = visible.select_related("organization", "sandbox__organization", "requested_by").defer("raw", "params")
    newest = jobs.order_by("-created_at", "-pk")
    running = list(newest.filter(state__in=ACTIVE)[:JOBS_SHOWN])
    began_last = keyset.first(
        jobs.filter(state__in=FINISHED),
        job_pages.NEWEST_FIRST,
        ENDED_LOOKED_AT,
        among=job_pages.among_organizations(user),
    )
    ended = sorted(began_last, key=lambda job: job_pages.ended_at(job) or job.created_at, reverse=True)[:ENDED_SHOWN]
    rows = job_pages.rows_of([*running, *ended])
    needs = _needs(user, jobs)
    return {
        "needs": needs,
        "running": rows[: len(running)],
        "ended": rows[len(running) :],
        "first_step": _first_step(user) if not (needs or rows) else None,
        "version": _version(needs, rows),
    }


def _version(needs: Sequence[Need], rows: Sequence[job_pages.Row]) -> str:
    state = [
        [(need.text, need.about) for need in needs],
        [(row.job.pk, row.job.state, row.job.progress_text, row.job.progress_done, row.counts) for row in rows],
        int(timezone.now().timestamp()) // job_pages.STALE_AFTER_S,
    ]
    return hashlib.sha256(repr(state).encode()).hexdigest()[:16]


def _needs(user: User, jobs: Any) -> list[Need]:
    """Most pressing first; only what the reader can do something about."""
    operated = access.organizations_for_role(user, Role.OPERATOR)
    waiting = jobs.filter(state=JobState.NEEDS_ATTENTION, organization__in=operated.values("pk"))
    return [
        *(_attention(job) for job in waiting.order_by("-created_at", "-pk")[:JOBS_SHOWN]),
        *_credentials(user, operated),
        *_plans(user, operated),
        *_packages(user),
    ]


def _attention(job: Job) -> Need:
    return Need(
        state=JobState.NEEDS_ATTENTION,
        word="Decide",
        text=job_pages.title_of(job),
        url=reverse("promotions:job-detail", args=[job.pk]),
        about=job.problem,
        at=job.submit_at or job.created_at,
    )


def _credentials(user: User, operated: Any) -> list[Need]:
    now = timezone.now()
    wanted = Credential.objects.filter(organization__in=operated.values("pk")).filter(
        ~Q(problem="") | Q(expires_at__lte=now + CREDENTIAL_WARNING)
    )
    found = wanted.select_related("organization").defer("secrets").order_by("expires_at", "pk")
    administered = set(access.organizations_for_role(user, Role.ADMIN).values_list("pk", flat=True))
    return [
        _credential(credential, is_admin=credential.organization_id in administered)
        for credential in found[:CREDENTIALS_SHOWN]
    ]


def _credential(credential: Credential, *, is_admin: bool) -> Need:
    """Only admins may open a credential; operators are led to the page that names them."""
    cure = "Make a new secret at the platform and replace it here" if is_admin else "Ask an admin to replace its secret"
    if credential.problem:
        state, word, about = "refused", "Refused", credential.problem
    elif credential.is_expired:
        state, word, about = "expired", "Expired", f"{cure}."
    else:
        state, word, about = "warning", "Expires", f"{cure} before."
    return Need(
        state=state,
        word=word,
        text=f"Credential “{credential.name}” of {credential.organization}",
        url=reverse("accounts:credential-detail", args=[credential.pk])
        if is_admin
        else reverse("accounts:organization-detail", args=[credential.organization_id]),
        about=about,
        at=credential.expires_at if not credential.problem else None,
    )


def _plans(user: User, operated: Any) -> list[Need]:
    """Open plans that the reader made or may decide."""
    mine = Q(promotion__created_by=user) | Q(promotion__target_organization__in=operated.values("pk"))
    visible = access.organizations_for_read(user).values("pk")
    undecided = Count("items", filter=Q(items__must_decide=True, items__decision=Decision.UNDECIDED))
    found = (
        Plan.objects.filter(
            mine,
            state=PlanState.OPEN,
            promotion__abandoned_at=None,
            promotion__target_organization__in=visible,
            promotion__source_organization__in=visible,
        )
        .select_related("promotion__target_sandbox__organization")
        .defer("facts", "display", "changes")
        .annotate(undecided=undecided)
        .order_by("-pk")
    )
    return [_plan(plan, plan.undecided) for plan in found[:PLANS_SHOWN]]


def _plan(plan: Plan, undecided: int) -> Need:
    promotion = plan.promotion
    if plan.blockers:
        state, word, about = "missing", "Blocked", str(plan.blockers[0])
    elif undecided:
        state, word = "undecided", "Decide"
        about = f"{undecided} {'object waits' if undecided == 1 else 'objects wait'} for a decision."
    elif promotion.target_sandbox.is_production:
        state, word, about = "ready", "Decided", "Production needs an approval, which this version cannot record yet."
    else:
        state, word, about = "ready", "Run", "Everything is decided."
    return Need(
        state=state,
        word=word,
        text=f"Plan of “{promotion.title}” into {promotion.target_sandbox.name}",
        url=reverse("promotions:promotion-detail", args=[promotion.pk]),
        about=about,
        at=plan.gathered_at or plan.created_at,
    )


def _packages(user: User) -> list[Need]:
    now = timezone.now()
    found = (
        Package.objects.visible_to(user)
        .filter(
            status=PackageStatus.PUBLISHED,
            vanished_at=None,
            expires_at__gt=now,
            expires_at__lte=now + PACKAGE_WARNING,
        )
        .select_related("organization")
        .defer("raw", "search_text")
        .order_by("expires_at", "pk")
    )
    return [
        Need(
            state="warning" if (package.expires_at or now) - now > timedelta(days=1) else "expired",
            word=_within((package.expires_at or now) - now),
            text=f"Package “{package.name}” of {package.organization} expires",
            url=reverse("promotions:package-detail", args=[package.pk]),
            about="It cannot be imported afterwards.",
            at=package.expires_at,
        )
        for package in found[:PACKAGES_SHOWN]
    ]


def _within(left: timedelta) -> str:
    days = next(days for days in (1, 7, 14) if left <= timedelta(days=days))
    return "Within a day" if days == 1 else f"Within {days} days"


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
    organization = access.organizations_for_read(user).order_by("pk").first()
    if organization is None:
        return _no_organization(user)
    if not organization.credentials.exclude(secrets="").exists():
        return _no_credential(user, organization)
    if not Package.objects.visible_to(user).exists():
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
        text="Pick a published package and plan its import: you see every conflict and every missing right before "
        "anything is written.",
        url=reverse("promotions:package-list"),
        label="Pick a package",
    )


def _no_organization(user: User) -> Step:
    if access.is_administrator(user):
        return Step(
            icon="organization",
            title="Add your first organization",
            text="Towpath reads packages from the organizations that you add, and imports them into their sandboxes.",
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
            text="Towpath signs in to the platform as a technical account: enter its client id and secret.",
            url=reverse("accounts:credential-create", args=[organization.pk]),
            label="Add a credential",
        )
    return Step(
        icon="key",
        title=f"{organization} has no credential yet",
        text="One of its admins has to enter a credential before anything can be read.",
    )
