"""Reading what is shared more often than usual while somebody waits for it."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import Organization
from promotions.choices import (
    ACTIVE,
    GOOD_ENDS,
    OVER_TRANSFERS,
    PENDING_PARTNERSHIPS,
    Direction,
    LegState,
    PartnershipStatus,
    SharingState,
)
from promotions.models import Job, Partnership, SharingLeg, Transfer
from promotions.services import routines
from promotions.systems.sharing import kinds

EVERY = timedelta(seconds=60)
# What has been waited for this long can wait for the usual round, every few minutes.
IMPATIENCE = timedelta(days=1)
# What a new partner sends often follows this soon.
NEW_PARTNER = timedelta(hours=1)


def queue_awaited() -> None:
    """Queue a quiet read for each organization that waits for something. Safe to run at any time."""
    now = timezone.now()
    for organization in Organization.objects.present().filter(_waits(now)).order_by("pk"):
        if _is_due(organization, now):
            routines.queue(kinds.SYNCHRONIZE, organization)


def _waits(now: datetime) -> Q:
    since = now - IMPATIENCE
    legs = SharingLeg.objects.filter(
        request__state=SharingState.UNDER_WAY,
        state__in=(LegState.ASKING, LegState.WAITING_PARTNER),
        changed_at__gte=since,
    )
    asked = Partnership.objects.filter(
        direction=Direction.INCOMING, status__in=PENDING_PARTNERSHIPS, vanished_at=None, first_seen_at__gte=since
    )
    agreed = Partnership.objects.filter(
        status__iexact=PartnershipStatus.APPROVED, vanished_at=None, remote_modified_at__gte=now - NEW_PARTNER
    )
    running = Transfer.objects.exclude(status__in=OVER_TRANSFERS).filter(first_seen_at__gte=since)
    return (
        Q(pk__in=legs.values("request__organization_id"))
        | Q(pk__in=asked.values("organization_id"))
        | Q(pk__in=agreed.values("organization_id"))
        | Q(pk__in=running.values("organization_id"))
    )


def _is_due(organization: Organization, now: datetime) -> bool:
    """Not while one is under way or has just been, and not where the last one was refused."""
    last = Job.objects.filter(organization=organization, kind=kinds.SYNCHRONIZE).order_by("-pk").first()
    if last is None:
        return True
    return (
        last.state not in ACTIVE
        and last.state in GOOD_ENDS
        and (last.finished_at is None or last.finished_at <= now - EVERY)
    )
