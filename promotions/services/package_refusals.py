"""Why a package cannot be changed or deleted now, and what needs it."""

from collections.abc import Collection, Sequence

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from accounts.errors import Usage
from promotions.choices import (
    OPEN_APPROVALS,
    PUBLISHABLE,
    UNFINISHED,
    UNFINISHED_SHARINGS,
    PackageStatus,
    PlanState,
)
from promotions.models import Approval, Job, Package, Promotion, SharingRequest
from promotions.systems.packages import kinds

_NAMED_AT_MOST = 3


def reason_not_to_change(package: Package) -> str:
    """Why objects, name and expiry of a package cannot be changed now, in a sentence; empty if they can."""
    if package.vanished_at is not None:
        return f"“{package}” is no longer at the platform. Synchronize the packages."
    if package.status == PackageStatus.PUBLISH_IN_PROGRESS:
        return f"“{package}” is being published, and cannot be changed any more. Clone it into a new draft instead."
    if package.status not in PUBLISHABLE:
        return (
            f"“{package}” is {package.status_label.lower()}: its content is frozen. Clone it into a new draft instead."
        )
    if package.is_full:
        return f"“{package}” holds an entire sandbox, and the platform changes no such package. Create a new one."
    if package.is_expired:
        return f"“{package}” has expired. Clone it into a new draft instead."
    return ""


def reason_not_to_delete(package: Package) -> str:
    """Why a package cannot be deleted now, in a sentence; empty if it can."""
    if package.vanished_at is not None:
        return f"“{package}” is no longer at the platform. There is nothing to delete."
    if package.status == PackageStatus.PUBLISH_IN_PROGRESS:
        return f"“{package}” is being published. Wait for the end of that before deleting it."
    needed_by = [usage for usage in dependents(package) if usage.is_blocking]
    if needed_by:
        return (
            f"“{package}” is still needed: {listed([usage.text for usage in needed_by])}. End or abandon "
            f"{'it' if len(needed_by) == 1 else 'these'} first."
        )
    return ""


def dependents(package: Package, *, other_than: Collection[int] = ()) -> list[Usage]:
    """What names the package: what is unfinished keeps it from being deleted, what is over is only told of.

    `other_than` names jobs by id that do not count.
    """
    sent = Job.objects.filter(plan=OuterRef("plan"), submit_count__gt=0)
    consents = Approval.objects.filter(plan__promotion__package=package, state__in=OPEN_APPROVALS)
    waiting = consents.exclude(Exists(sent)).values("plan__promotion")
    promotions = Promotion.objects.filter(package=package, abandoned_at=None)
    open_promotions = promotions.filter(
        Q(plans__state__in=[PlanState.GATHERING, PlanState.OPEN]) | Q(pk__in=waiting)
    ).distinct()
    unfinished = Job.objects.filter(package=package, state__in=UNFINISHED, marker__isnull=False).exclude(
        pk__in=other_than
    )
    sharings = SharingRequest.objects.filter(package=package, state__in=UNFINISHED_SHARINGS)
    found = [
        *(
            Usage(f"unfinished job “{job.title}”", reverse("promotions:job-detail", args=[job.pk]))
            for job in unfinished
        ),
        *(
            Usage(f"open plan “{promotion}”", reverse("promotions:promotion-detail", args=[promotion.pk]))
            for promotion in open_promotions
        ),
        *(
            Usage(f"unfinished {request}", reverse("promotions:sharing-detail", args=[request.pk]))
            for request in sharings
        ),
    ]
    imports = Job.objects.filter(package=package, kind__in=[kinds.IMPORT, kinds.IMPORT_UPDATE], submit_count__gt=0)
    runs = imports.exclude(state__in=UNFINISHED).count()
    if runs:
        number = "1 import" if runs == 1 else f"{runs} imports"
        found.append(Usage(f"{number} of it; what they made in their targets stays", is_blocking=False))
    return found


def listed(words: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(words) - _NAMED_AT_MOST
    return ", ".join(words[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
