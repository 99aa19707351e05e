"""What of sharing waits for a person: partners to answer, packages that came, transfers that went wrong."""

from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organization, User
from promotions.access import transfers_for_read
from promotions.choices import OVER_TRANSFERS, Direction, PackageStatus, TransferStatus
from promotions.models import Partnership, Promotion, SharingRequest, Transfer
from promotions.sharing_lists import partnerships_waiting_for
from promotions.views.need import Need, list_url, shown

PARTNERSHIPS_SHOWN = 10
TRANSFERS_SHOWN = 10
# What came, or failed, longer ago than this is no news.
NEWS = timedelta(days=14)


def partnerships(user: User) -> list[Need]:
    """What others ask of the reader's organizations."""
    found = partnerships_waiting_for(user).order_by("remote_created_at", "pk")
    return shown(
        found[: PARTNERSHIPS_SHOWN + 1],
        PARTNERSHIPS_SHOWN,
        _partnership,
        "More partnerships wait for you",
        list_url("promotions:partnership-list", direction=Direction.INCOMING.value, status="pending"),
    )


def _partnership(partnership: Partnership) -> Need:
    return Need(
        state="waiting",
        word="Partnership",
        text=f"{partnership.partner} asks {partnership.organization} for a partnership",
        url=reverse("promotions:partnership-detail", args=[partnership.pk]),
        action="Look and decide",
        about="Partners can send each other packages.",
        at=partnership.remote_created_at,
        is_decision=True,
    )


def arrivals(user: User, operated: QuerySet[Organization]) -> list[Need]:
    """What has arrived lately and nobody has planned to import."""
    found = (
        transfers_for_read(user)
        .filter(
            direction=Direction.INCOMING,
            status__iexact=TransferStatus.COMPLETED,
            organization__in=operated.values("pk"),
            package__organization=F("organization"),
            package__status=PackageStatus.PUBLISHED,
            package__vanished_at=None,
            package__expires_at__gt=timezone.now(),
        )
        .alias(ended_at=Coalesce("completed_at", "over_seen_at"))
        .filter(ended_at__gte=timezone.now() - NEWS)
        .exclude(Exists(Promotion.objects.filter(package=OuterRef("package"))))
        .order_by("-over_seen_at", "-pk")
    )
    return shown(
        found[: TRANSFERS_SHOWN + 1],
        TRANSFERS_SHOWN,
        _arrival,
        "More packages have arrived",
        list_url("promotions:transfer-list", direction=Direction.INCOMING.value, status=TransferStatus.COMPLETED.value),
    )


def _arrival(transfer: Transfer) -> Need:
    return Need(
        state="completed",
        word="Arrived",
        text=f"“{transfer.package_title}” from {transfer.partner} has arrived in {transfer.organization}",
        url=reverse("promotions:promotion-create", args=[transfer.package_id]),
        action="Plan import",
        about="It can be imported into any sandbox of the organization.",
        at=transfer.completed_at or transfer.over_seen_at,
    )


def troubles(user: User) -> list[Need]:
    """Transfers that the reader asked for: failed ones that nobody sent again, and slow ones."""
    again = Exists(SharingRequest.objects.filter(again_of=OuterRef("pk")))
    mine = transfers_for_read(user).filter(legs__request__created_by=user, direction=Direction.OUTGOING)
    failed = Q(status__iexact=TransferStatus.FAILED, over_seen_at__gte=timezone.now() - NEWS)
    slow = Q(slow_noted_at__isnull=False) & ~Q(status__in=OVER_TRANSFERS)
    found = mine.filter(failed | slow).exclude(again).order_by("-remote_created_at", "-pk").distinct()
    return shown(
        found[: TRANSFERS_SHOWN + 1],
        TRANSFERS_SHOWN,
        _trouble,
        "More transfers failed or are slow",
        list_url("promotions:transfer-list", direction=Direction.OUTGOING.value),
    )


def _trouble(transfer: Transfer) -> Need:
    last = str(transfer.steps[-1]) if transfer.steps else ""
    if transfer.is_failed:
        state, word, action = "failed", "Failed", "Look"
        about = f"The platform says: {last}" if last else "The platform gives no reason."
    else:
        state, word, action = "warning", "Slow", "Look"
        about = "It takes longer than transfers of this organization usually do."
    return Need(
        state=state,
        word=word,
        text=f"Transfer of “{transfer.package_title}” to {transfer.partner}",
        url=reverse("promotions:transfer-detail", args=[transfer.pk]),
        action=action,
        about=about,
        at=transfer.completed_at or transfer.remote_created_at,
    )
