"""What people are told of packages that come and go between organizations; the words, and whom."""

from collections.abc import Collection

from django.urls import reverse

from accounts.choices import ROLE_RANK, Role
from accounts.models import Organization, User
from accounts.services import notices
from promotions.models import Job, Package, Transfer

PACKAGE_ARRIVED = "package_arrived"
TRANSFER_SLOW = "transfer_slow"


def package_arrived(transfer: Transfer, package: Package) -> None:
    """Tell those who can bring it into a sandbox."""
    notices.notify(
        kind=PACKAGE_ARRIVED,
        people=operators(transfer.organization),
        text=f"“{package}” from {transfer.partner} has arrived in {transfer.organization}",
        detail="Plan its import to bring its objects into a sandbox.",
        url=reverse("promotions:promotion-create", args=[package.pk]),
        key=f"transfer:{transfer.pk}:arrived",
        organization=transfer.organization,
    )


def transfer_slow(transfer: Transfer, words: str) -> None:
    """Tell whoever asked for it; of one that nobody here asked for, the operators."""
    notices.notify(
        kind=TRANSFER_SLOW,
        people=_requesters(transfer) or operators(transfer.organization),
        text=f"The transfer of {transfer} takes longer than usual",
        detail=f"{words} Nothing needs to be done for it to go on; the platform offers no way to stop or repeat it. If "
        f"it stays so, ask the platform’s support and name transfer {transfer.remote_id}.",
        url=reverse("promotions:transfer-detail", args=[transfer.pk]),
        key=f"transfer:{transfer.pk}:slow",
        organization=transfer.organization,
    )


def operators(organization: Organization) -> Collection[User]:
    """Who may plan imports; where nobody has the role, the administrators of this installation."""
    enough = [role for role in Role if ROLE_RANK[role] >= ROLE_RANK[Role.OPERATOR]]
    held = organization.memberships.filter(role__in=enough)
    able = list(User.objects.filter(pk__in=held.values("user_id"), is_active=True))
    return able or list(User.objects.filter(is_superuser=True, is_active=True))


def _requesters(transfer: Transfer) -> list[User]:
    asked = Job.objects.filter(organization=transfer.organization_id, remote_id=transfer.remote_id)
    return list(User.objects.filter(pk__in=asked.exclude(requested_by=None).values("requested_by_id")))
