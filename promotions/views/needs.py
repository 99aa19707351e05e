"""What waits for a person, most pressing first: what, why, since when, and the one thing to do about it.

Every kind is read in a fixed number of queries and up to a limit; where there is more, the last line leads to the rest.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts import access
from accounts.choices import Role
from accounts.models import Credential, Organization, User
from accounts.models.organizations import EXPIRY_WARNING as CREDENTIAL_WARNING
from promotions import approval_facts
from promotions.access import approvals_for_read
from promotions.choices import (
    OPEN_APPROVALS,
    UNFINISHED,
    ApprovalState,
    Decision,
    JobState,
    PackageStatus,
    PlanState,
)
from promotions.models import Approval, Job, Package, Plan, Promotion
from promotions.models.packages import EXPIRY_WARNING as PACKAGE_WARNING
from promotions.services import consent, groups, subjects
from promotions.services.plans import fact_kinds
from promotions.systems.base import system
from promotions.views import job_pages, sharing_needs
from promotions.views.need import Need, list_url, shown

APPROVALS_SHOWN = 10
JOBS_SHOWN = 20
PLANS_SHOWN = 10
PACKAGES_SHOWN = 5
CREDENTIALS_SHOWN = 10


def needs_of(user: User, jobs: QuerySet[Job]) -> list[Need]:
    """Only what the reader can do something about. `jobs` are those they may see."""
    operated = access.organizations_for_role(user, Role.OPERATOR)
    return [
        *_approvals(user),
        *sharing_needs.partnerships(user),
        *sharing_needs.arrivals(user, operated),
        *sharing_needs.troubles(user),
        *_attention(jobs, operated),
        *_approved(user, operated),
        *_credentials(user, operated),
        *_plans(user, operated),
        *_packages(user, operated),
    ]


# Approvals


def _approvals(user: User) -> list[Need]:
    waiting = (
        approvals_for_read(user).filter(pk__in=consent.waiting_for(user).values("pk")).order_by("expires_at", "pk")
    )
    return shown(
        waiting.order_by("expires_at", "pk")[: APPROVALS_SHOWN + 1],
        APPROVALS_SHOWN,
        _approval,
        "More approvals wait for you",
        reverse("promotions:approval-list"),
    )


def _approval(approval: Approval) -> Need:
    note = f": {approval.note}" if approval.note else ""
    return Need(
        state="awaiting_approval",
        word="Approve",
        text=_wish(approval),
        url=decision_url(approval),
        action="Look and decide",
        is_decision=True,
        about=f"{approval.requested_by} asked{note}",
        at=approval.requested_at,
    )


def _wish(approval: Approval) -> str:
    if approval.plan is not None:
        return f"Import of {_where(approval.plan.promotion)}"
    title = subjects.of(approval.subject).title(approval.subject)
    return f"{title[:1].upper()}{title[1:]}"


def decision_url(approval: Approval) -> str:
    """Where it is decided: on its own page, or on that of what is shared."""
    if approval.sharing is not None:
        return subjects.of(approval.sharing).url(approval.sharing)
    return reverse("promotions:approval-detail", args=[approval.pk])


def _approved(user: User, operated: QuerySet[Organization]) -> list[Need]:
    """Agreed to, and not run yet."""
    concerned = Q(requested_by=user) | Q(plan__promotion__target_organization__in=operated.values("pk"))
    found = (
        approvals_for_read(user)
        .filter(
            concerned,
            state=ApprovalState.APPROVED,
            expires_at__gt=timezone.now(),
            plan__state=PlanState.READY,
            plan__promotion__abandoned_at=None,
        )
        .exclude(Exists(_uses_of(OuterRef("plan"))))
        .order_by("expires_at", "pk")
    )
    return shown(
        found[: APPROVALS_SHOWN + 1],
        APPROVALS_SHOWN,
        _approved_one,
        "More is approved and not run yet",
        list_url("promotions:approval-list", tab="done"),
    )


def _approved_one(approval: Approval) -> Need:
    promotion = approval.frozen_plan.promotion
    return Need(
        state="approved",
        word="Approved",
        text=f"Import of {_where(promotion)}",
        url=reverse("promotions:promotion-detail", args=[promotion.pk]),
        action="Run",
        about=f"{approval.decided_by} approved it. Nobody has run it yet.",
        at=approval.decided_at,
    )


def _uses_of(plan: OuterRef) -> QuerySet[Job]:
    """The runs that make a plan one that is, or was, sent."""
    return Job.objects.filter(Q(state__in=UNFINISHED) | Q(submit_count__gt=0), plan=plan).exclude(kind__in=fact_kinds())


def _where(promotion: Promotion) -> str:
    return f"“{promotion.title}” into {groups.target_words(promotion)}"


# Jobs


def _attention(jobs: QuerySet[Job], operated: QuerySet[Organization]) -> list[Need]:
    waiting = jobs.filter(state=JobState.NEEDS_ATTENTION, organization__in=operated.values("pk"))
    return shown(
        waiting.order_by("-created_at", "-pk")[: JOBS_SHOWN + 1],
        JOBS_SHOWN,
        _unsure_job,
        "More jobs need attention",
        list_url("promotions:job-list", state=JobState.NEEDS_ATTENTION.value),
    )


def _unsure_job(job: Job) -> Need:
    return Need(
        state=JobState.NEEDS_ATTENTION,
        word="Needs attention",
        text=job_pages.title_of(job),
        url=reverse("promotions:job-detail", args=[job.pk]),
        action="Decide",
        about=job.problem,
        at=job.submit_at or job.created_at,
    )


# Credentials


def _credentials(user: User, operated: QuerySet[Organization]) -> list[Need]:
    now = timezone.now()
    wanted = Credential.objects.filter(organization__in=operated.values("pk")).filter(
        ~Q(problem="") | Q(expires_at__lte=now + CREDENTIAL_WARNING)
    )
    found = wanted.select_related("organization").defer("secrets").order_by("expires_at", "pk")
    administered = set(access.organizations_for_role(user, Role.ADMIN).values_list("pk", flat=True))
    return shown(
        found[: CREDENTIALS_SHOWN + 1],
        CREDENTIALS_SHOWN,
        lambda credential: _credential(credential, is_admin=credential.organization_id in administered),
        "More credentials expire or are refused",
        reverse("accounts:organization-list"),
    )


def _credential(credential: Credential, *, is_admin: bool) -> Need:
    """Only admins may open a credential; operators are led to the page that names them."""
    cure = "Make a new secret at the platform and replace it here" if is_admin else "Ask an admin to replace its secret"
    if credential.problem:
        state, word, about = "refused", "Refused", credential.problem
    elif credential.expires_at is None or credential.is_expired:
        state, word, about = "expired", "Expired", f"{cure}."
    else:
        state, word, about = "warning", _within(credential.expires_at), f"{cure} before."
    return Need(
        state=state,
        word=word,
        text=f"Credential “{credential.name}” of {credential.organization}",
        url=reverse("accounts:credential-detail", args=[credential.pk])
        if is_admin
        else reverse("accounts:organization-detail", args=[credential.organization_id]),
        action="Replace the secret" if is_admin else "Show whom to ask",
        about=about,
        at=credential.expires_at if not credential.problem else None,
    )


# Plans


def _plans(user: User, operated: QuerySet[Organization]) -> list[Need]:
    """Plans that the reader made or may decide: open, or frozen and neither sent nor waiting for somebody."""
    mine = Q(promotion__created_by=user) | Q(promotion__target_organization__in=operated.values("pk"))
    visible = access.organizations_for_read(user).values("pk")
    undecided = Count("items", filter=Q(items__must_decide=True, items__decision=Decision.UNDECIDED))
    found = (
        Plan.objects.filter(
            mine,
            state__in=[PlanState.OPEN, PlanState.READY],
            promotion__abandoned_at=None,
            promotion__target_organization__in=visible,
            promotion__source_organization__in=visible,
        )
        .exclude(Q(state=PlanState.READY) & Exists(_uses_of(OuterRef("pk"))))
        .exclude(
            Q(state=PlanState.READY) & Exists(Approval.objects.filter(plan=OuterRef("pk"), state__in=OPEN_APPROVALS))
        )
        .select_related(
            "promotion__target_sandbox__organization",
            "promotion__target_organization",
            "promotion__source_organization",
        )
        .defer("facts", "display")
        .annotate(undecided=undecided)
        .order_by("-pk")
    )
    plans = list(found[: PLANS_SHOWN + 1])
    former = _former_approvals(plans)
    return shown(
        plans,
        PLANS_SHOWN,
        lambda plan: _plan(plan, plan.undecided, former.get((plan.promotion_id, plan.revision - 1))),
        "More plans are open",
        reverse("promotions:promotion-list"),
    )


def _former_approvals(plans: Sequence[Plan]) -> dict[tuple[int, int], Approval]:
    """What was asked for on the revisions before, by promotion and revision; the last one counts."""
    found = Approval.objects.filter(plan__promotion__in=[plan.promotion_id for plan in plans if plan.revision > 1])
    rows = found.select_related("plan", "decided_by").order_by("pk")
    return {(approval.frozen_plan.promotion_id, approval.frozen_plan.revision): approval for approval in rows}


def _plan(plan: Plan, undecided: int, former: Approval | None) -> Need:
    promotion = plan.promotion
    state, word, action, about = _what_to_do(plan, undecided)
    if former is not None and plan.state == PlanState.OPEN:
        state, word = approval_facts.badge_of(former), former.get_state_display()
        about = f"{_why_it_ended(former)} {about}"
    return Need(
        state=state,
        word=word,
        text=f"Plan of {_where(promotion)}",
        url=reverse("promotions:promotion-detail", args=[promotion.pk]),
        action=action,
        about=about,
        at=former.ended_at if former is not None else plan.gathered_at or plan.created_at,
    )


def _what_to_do(plan: Plan, undecided: int) -> tuple[str, str, str, str]:
    """State, word, action, and why."""
    if plan.blockers:
        return "missing", "Blocked", "Look", str(plan.blockers[0])
    if undecided:
        words = system(plan.promotion.system).words
        about = f"{undecided} {f'{words.item} waits' if undecided == 1 else f'{words.items} wait'} for a decision."
        return "undecided", "Undecided", f"Decide {undecided}", about
    if plan.state == PlanState.READY:
        return "ready", "Not sent", "Look", "It is frozen and was not sent."
    if rule := consent.rule_for(plan.promotion):
        return "ready", "Decided", "Ask for approval", f"Everything is decided. {rule} Somebody else has to approve it."
    return "ready", "Ready", "Run", "Everything is decided."


def _why_it_ended(approval: Approval) -> str:
    if approval.state == ApprovalState.REJECTED:
        return f"{approval.decided_by} rejected it: {approval.reason}"
    return " ".join(approval.void_changes)


# Packages


def _packages(user: User, operated: QuerySet[Organization]) -> list[Need]:
    """Of organizations that the reader operates, or in an open plan of theirs."""
    now = timezone.now()
    planned = Promotion.objects.filter(
        created_by=user, abandoned_at=None, plans__state__in=[PlanState.OPEN, PlanState.GATHERING, PlanState.READY]
    )
    found = (
        Package.objects.visible_to(user)
        .filter(
            Q(organization__in=operated.values("pk")) | Q(pk__in=planned.values("package_id")),
            status=PackageStatus.PUBLISHED,
            vanished_at=None,
            expires_at__gt=now,
            expires_at__lte=now + PACKAGE_WARNING,
        )
        .select_related("organization")
        .defer("raw", "search_text")
        .order_by("expires_at", "pk")
    )
    return shown(
        found[: PACKAGES_SHOWN + 1],
        PACKAGES_SHOWN,
        _package,
        "More packages expire",
        list_url("promotions:package-list", expiry=PACKAGE_WARNING.days),
    )


def _package(package: Package) -> Need:
    expires_at: Any = package.expires_at
    return Need(
        state="warning" if expires_at - timezone.now() > timedelta(days=1) else "expired",
        word=_within(expires_at),
        text=f"Package “{package.name}” of {package.organization} expires",
        url=reverse("promotions:package-detail", args=[package.pk]),
        action="Show the package",
        about="It cannot be imported afterwards.",
        at=expires_at,
    )


def _within(moment: datetime) -> str:
    left = moment - timezone.now()
    days = next((days for days in (1, 7) if left <= timedelta(days=days)), 14)
    return "Within a day" if days == 1 else f"Within {days} days"
