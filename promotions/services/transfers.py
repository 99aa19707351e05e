"""What is known of packages on their way between organizations, and when one takes unusually long."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Organization
from clients.sandbox_sharing import RemoteTransfer
from promotions.choices import OVER_TRANSFERS, Direction, TransferStatus
from promotions.models import Package, Transfer
from promotions.services import chain, sharing_notices
from promotions.services.partner_names import known_names
from promotions.services.sides import second, told_name

# A transfer is slow by comparison with the organization's own past ones of its type; with too few, after a day.
KNOWN_AT_LEAST = 5
KNOWN_AT_MOST = 500
SLOW_AT_LEAST = timedelta(minutes=10)
SLOW_WITHOUT_PAST = timedelta(hours=24)

_COMPARED = (
    "direction",
    "type",
    "partner_id",
    "partner_name",
    "package_remote_id",
    "package_name",
    "package_id",
    "status",
    "steps",
    "initiated_by",
    "completed_at",
)


@transaction.atomic
def apply(organization: Organization, remotes: Iterable[RemoteTransfer]) -> list[Transfer]:
    """Make our rows say what these remote transfers say; returns those that were written.

    Lists never lose a transfer, so none is ever marked as gone.
    """
    by_id = {remote.id[:64]: remote for remote in remotes}
    sides = {remote_id: direction_of(organization, remote) for remote_id, remote in by_id.items()}
    ours = [remote for remote_id, remote in by_id.items() if sides[remote_id] is not None]
    known = {
        row.remote_id: row
        for row in Transfer.objects.select_for_update(of=("self",))
        .filter(organization=organization, remote_id__in=list(by_id))
        .defer("raw")
    }
    names = known_names(organization, {_partner_id(remote, sides[remote.id[:64]]) for remote in ours})
    packages = dict(
        Package.objects.filter(
            organization=organization, remote_id__in={remote.package_id for remote in ours}
        ).values_list("remote_id", "pk")
    )
    written: list[Transfer] = []
    for remote in ours:
        remote_id = remote.id[:64]
        row = known.get(remote_id)
        values = _values(remote, sides[remote_id], names, packages, row)
        if row is None:
            row = Transfer(organization=organization, remote_id=remote_id)
        elif all(getattr(row, name) == values[name] for name in _COMPARED):
            continue
        _fill(row, remote, values)
        written.append(row)
    for row in written:
        if row.pk:
            row.save()
    # Another worker may just have met the same ones.
    Transfer.objects.bulk_create((row for row in written if not row.pk), ignore_conflicts=True)
    ids = [row.remote_id for row in written]
    stored = {row.remote_id: row for row in Transfer.objects.filter(organization=organization, remote_id__in=ids)}
    for remote_id in ids:
        chain.transfer_changed(stored[remote_id])
    return [stored[remote_id] for remote_id in ids]


def direction_of(organization: Organization, remote: RemoteTransfer) -> Direction | None:
    """Which way it goes for this organization; None if it concerns others.

    What an organization sends to itself, which the platform allows, comes in.
    """
    own = organization.remote_id.strip()
    if remote.target_id == own:
        return Direction.INCOMING
    return Direction.OUTGOING if remote.source_id == own else None


def _partner_id(remote: RemoteTransfer, side: Direction | None) -> str:
    return (remote.target_id if side == Direction.OUTGOING else remote.source_id)[:150]


def _values(
    remote: RemoteTransfer,
    side: Direction | None,
    names: Mapping[str, str],
    packages: Mapping[str, int],
    row: Transfer | None,
) -> dict[str, Any]:
    """What is to be stored; what this answer leaves out, and another one told, stays."""
    is_outgoing = side == Direction.OUTGOING
    partner_id = _partner_id(remote, side) or (row.partner_id if row else "")
    name = told_name(remote.target_name if is_outgoing else remote.source_name, partner_id)
    package_id = packages.get(remote.package_id) if is_outgoing else None
    status = remote.status[:64]
    if row is not None and (not status or _is_taken_back(row, status)):
        status = row.status
    return {
        "direction": side,
        "type": remote.request_type[:16] or (row.type if row else ""),
        "partner_id": partner_id,
        "partner_name": name or (row.partner_name if row else "") or names.get(partner_id, "")[:300],
        "package_remote_id": remote.package_id[:64] or (row.package_remote_id if row else ""),
        "package_name": remote.package_name[:500] or (row.package_name if row else ""),
        "package_id": package_id or (row.package_id if row else None),
        "status": status,
        "steps": list(remote.messages) or (row.steps if row else []),
        "initiated_by": remote.initiated_by[:200] or (row.initiated_by if row else ""),
        "completed_at": second(remote.completed_at) or (row.completed_at if row else None),
    }


def _is_taken_back(row: Transfer, status: str) -> bool:
    """Whether a page that was read a while ago would take back an end that was seen since: no transfer runs again."""
    running = (TransferStatus.PENDING, TransferStatus.IN_PROGRESS)
    return row.is_over and status.upper() in running


def _fill(row: Transfer, remote: RemoteTransfer, values: Mapping[str, Any]) -> None:
    now = timezone.now()
    for name, value in values.items():
        setattr(row, name, value)
    row.remote_created_at = second(remote.created_at) or row.remote_created_at or now
    row.raw = remote.raw
    row.seen_at = now
    if row.is_over and row.over_seen_at is None:
        row.over_seen_at = now


# Slow ones


def slowness(transfer: Transfer) -> str:
    """Why a transfer that is under way counts as slow, in a sentence; empty if it does not."""
    if transfer.is_over:
        return ""
    return _slowness(transfer, past_durations(transfer.organization, transfer.type), timezone.now())


def note_slow() -> None:
    """Tell people once of each transfer that takes unusually long. Safe to run at any time."""
    running = Transfer.objects.exclude(status__in=OVER_TRANSFERS).filter(
        over_seen_at=None,
        slow_noted_at=None,
        organization__deleted_at=None,
        remote_created_at__lt=timezone.now() - SLOW_AT_LEAST,
    )
    past: dict[tuple[int, str], Sequence[timedelta]] = {}
    for transfer in running.select_related("organization").order_by("pk"):
        key = (transfer.organization_id, transfer.type)
        if key not in past:
            past[key] = past_durations(transfer.organization, transfer.type)
        words = _slowness(transfer, past[key], timezone.now())
        if words:
            _note_slow(transfer, words)


@transaction.atomic
def _note_slow(transfer: Transfer, words: str) -> None:
    """The conditional update lets one of several callers tell."""
    if Transfer.objects.filter(pk=transfer.pk, slow_noted_at=None).update(slow_noted_at=timezone.now()):
        sharing_notices.transfer_slow(transfer, words)


def past_durations(organization: Organization, type_: str) -> list[timedelta]:
    """How long the organization's latest completed transfers took, by the platform's own times; shortest first.

    Those of one type alone: in public samples private ones take seconds and public ones up to a day and a half.
    """
    completed = Transfer.objects.filter(
        organization=organization,
        type=type_,
        status=TransferStatus.COMPLETED,
        completed_at__gte=F("remote_created_at"),
    )
    times = completed.order_by("-remote_created_at").values_list("remote_created_at", "completed_at")
    return sorted(ended - began for began, ended in times[:KNOWN_AT_MOST] if ended is not None)


def _slowness(transfer: Transfer, past: Sequence[timedelta], now: datetime) -> str:
    age = now - transfer.remote_created_at
    if len(past) < KNOWN_AT_LEAST:
        if age <= SLOW_WITHOUT_PAST:
            return ""
        return f"It has been under way for {span(age)}, longer than a day."
    usual = past[math.ceil(len(past) * 0.9) - 1]
    if age <= max(2 * usual, SLOW_AT_LEAST):
        return ""
    return (
        f"It has been under way for {span(age)}. Of the last {len(past)} {transfer.type_label.lower()} transfers of "
        f"{transfer.organization} that were completed, 9 in 10 took at most {span(usual)}."
    )


def span(duration: timedelta) -> str:
    """A duration in words, by its largest unit: "3 hours"."""
    seconds = max(0, round(duration.total_seconds()))
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= (2 * size if unit == "day" else size):
            number = seconds // size
            return f"{number} {unit if number == 1 else f'{unit}s'}"
    return f"{seconds} {'second' if seconds == 1 else 'seconds'}"
