"""Finding what a transfer brought: the platform says completed, and names no package at the target.

The public guide leaves open whether a package keeps its id on the way (Adobe, Sandbox tooling API guide, "Transfer").
So it is looked for by the source's id, then by its name among those that came since the transfer began.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Organization, User
from promotions.choices import ACTIVE, GOOD_ENDS, Direction, TransferStatus
from promotions.engine.registry import Ending
from promotions.models import Job, Package, Transfer
from promotions.services import routines, sharing_audit, sharing_notices
from promotions.services.verbs import Verb
from promotions.systems.packages import kinds

log = logging.getLogger(__name__)

# The clock asks for further readings of the packages while an arrival is this young; then the usual ones do.
SOON = timedelta(minutes=15)
BETWEEN_READINGS = timedelta(minutes=1)
LOOKED_FOR = timedelta(days=30)
# An end that was long past when it was first seen is history, and no news.
NEWS = timedelta(days=1)
# Times that are read again are cut to whole seconds; a package may be listed a little after its transfer ended.
_BEFORE, _AFTER = timedelta(seconds=2), timedelta(minutes=2)


@transaction.atomic
def find_arrivals(organization: Organization) -> list[Transfer]:
    """Name the packages that completed transfers brought; returns the transfers whose package was found now.

    The packages must have been read after the end of the transfer was seen; otherwise that is queued.
    """
    now = timezone.now()
    read_at = _last_reading(organization)
    found: list[Transfer] = []
    unread = []
    for transfer in _awaited(now).filter(organization=organization).select_related("organization"):
        seen_at = transfer.over_seen_at or now
        if read_at is not None and read_at > seen_at:
            package = _package_of(transfer)
            if package is not None:
                # The conditional update lets one of several callers tell of it.
                if Transfer.objects.filter(pk=transfer.pk, package=None).update(package=package):
                    transfer.package = package
                    found.append(transfer)
                continue
            if now - seen_at > SOON or now - read_at < BETWEEN_READINGS:
                continue
            seen_at = max(seen_at, read_at)
        unread.append(seen_at)
    if unread:
        _read_packages(organization, after=max(unread))
    for transfer in found:  # last, for the record
        _tell(transfer)
    return found


def find_all() -> None:
    """What the clock does: arrivals that are young enough to be waited for."""
    waiting = _awaited(timezone.now()).filter(over_seen_at__gte=timezone.now() - SOON - BETWEEN_READINGS)
    for organization in Organization.objects.present().filter(pk__in=waiting.values("organization_id")):
        find_arrivals(organization)


def packages_read(job: Job, ending: Ending, by: User | None) -> None:
    """A reading of packages is over: what it brought may be what was waited for."""
    if job.kind == kinds.SYNCHRONIZE and ending.state in GOOD_ENDS:
        look(job.organization)


def look(organization: Organization) -> None:
    """Find arrivals within a transaction that ends a job, which must end whatever becomes of this."""
    try:
        with transaction.atomic():
            find_arrivals(organization)
    except Exception:
        log.exception("arrivals of %s could not be looked for; the clock tries again", organization.pk)


def words(transfer: Transfer) -> str:
    """What is known of the arrival, in a sentence; empty where it is out of the question, or has been found."""
    if not transfer.is_incoming or not transfer.is_completed or transfer.package_id is not None:
        return ""
    if is_looked_for(transfer):
        return f"The platform says completed; the package is looked for among those of {transfer.organization}."
    return f"The platform says completed; no such package is listed in {transfer.organization}."


def is_looked_for(transfer: Transfer) -> bool:
    """Whether the package of a transfer that came in may still turn up by itself.

    What had ended long before it was first seen here is history: its package would be listed by now.
    """
    if not transfer.is_incoming or not transfer.is_completed or transfer.package_id is not None:
        return False
    now = timezone.now()
    seen_at = transfer.over_seen_at or transfer.seen_at
    return now - seen_at <= SOON and now - (transfer.completed_at or seen_at) <= NEWS


def _awaited(now: datetime) -> QuerySet[Transfer]:
    return Transfer.objects.filter(
        direction=Direction.INCOMING,
        status=TransferStatus.COMPLETED,
        package=None,
        over_seen_at__gte=now - LOOKED_FOR,
    ).order_by("remote_created_at", "pk")


def _last_reading(organization: Organization) -> datetime | None:
    """When the latest complete reading of the packages began."""
    passes = Job.objects.filter(organization=organization, kind=kinds.SYNCHRONIZE, state__in=GOOD_ENDS)
    return passes.exclude(started_at=None).order_by("-started_at").values_list("started_at", flat=True).first()


def _read_packages(organization: Organization, *, after: datetime) -> None:
    under_way = Job.objects.filter(organization=organization, kind=kinds.SYNCHRONIZE, state__in=ACTIVE)
    if not any(job.started_at is None or job.started_at > after for job in under_way):
        routines.queue_anew(kinds.SYNCHRONIZE, organization)


def _package_of(transfer: Transfer) -> Package | None:
    present = Package.objects.filter(organization=transfer.organization_id, vanished_at=None)
    same = present.filter(remote_id=transfer.package_remote_id).first()
    if same is not None:
        return same
    taken = Transfer.objects.filter(organization=transfer.organization_id, direction=Direction.INCOMING)
    new = list(
        present.filter(name=transfer.package_name, remote_created_at__gte=transfer.remote_created_at - _BEFORE).exclude(
            pk__in=taken.exclude(package=None).values("package_id")
        )
    )
    ended_at = transfer.completed_at
    if ended_at is not None and len(new) > 1:
        new = [package for package in new if package.remote_created_at <= ended_at + _AFTER]
    return new[0] if len(new) == 1 else None


def _tell(transfer: Transfer) -> None:
    package = transfer.package
    if package is None or transfer.first_seen_at - (transfer.completed_at or transfer.remote_created_at) > NEWS:
        return
    sharing_notices.package_arrived(transfer, package)
    sharing_audit.record(
        Verb.PACKAGE_ARRIVED,
        actor=None,
        subject=package,
        organization=transfer.organization,
        partner_ids=[transfer.partner_id],
        details={"transfer": transfer.remote_id, "from": transfer.partner},
    )
