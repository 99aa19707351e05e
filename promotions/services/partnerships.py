"""What is known of an organization's partnerships."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import Organization
from clients.sandbox_sharing import RemoteDecision, RemotePartnership
from promotions.choices import DECIDED_PARTNERSHIPS, Direction
from promotions.models import Partnership
from promotions.services import chain
from promotions.services.sides import REGION_LIMIT, names_here, second, told_name

_COMPARED = (
    "linking_id",
    "direction",
    "partner_id",
    "partner_name",
    "partner_region",
    "status",
    "history",
    "history_text",
    "remote_modified_at",
)


@transaction.atomic
def apply(
    organization: Organization,
    remotes: Iterable[RemotePartnership],
    *,
    direction: Direction | None = None,
    is_complete: bool = False,
    read_since: datetime | None = None,
) -> list[Partnership]:
    """Make our rows say what these remote partnerships say; returns those that were written.

    `direction` is that of the list they come from. With `is_complete` they are all of it, and a row that was known
    before the reading began, at `read_since`, and is in it no longer has vanished.
    """
    by_id = {remote.id[:64]: remote for remote in remotes}
    sides = {remote_id: direction_of(organization, remote, direction) for remote_id, remote in by_id.items()}
    known = {
        row.remote_id: row
        for row in Partnership.objects.select_for_update()
        .filter(organization=organization, remote_id__in=list(by_id))
        .defer("raw")
    }
    names = names_here(_partner_id(by_id[remote_id], side) for remote_id, side in sides.items() if side is not None)
    written, moved = [], []
    for remote_id, remote in by_id.items():
        side, row = sides[remote_id], known.get(remote_id)
        if side is None or (row is not None and _is_older(remote, row)):
            continue
        values = _values(remote, side, names, row)
        if row is None:
            row = Partnership(organization=organization, remote_id=remote_id)
        elif row.vanished_at is None and all(getattr(row, name) == values[name] for name in _COMPARED):
            continue
        if row.pk is None or row.vanished_at is not None or row.status != values["status"]:
            moved.append(remote_id)
        _fill(row, remote, values)
        written.append(row)
    for row in written:
        if row.pk:
            row.save()
    # Another worker may just have met the same ones.
    Partnership.objects.bulk_create((row for row in written if not row.pk), ignore_conflicts=True)
    stored = {
        row.remote_id: row
        for row in Partnership.objects.filter(
            organization=organization, remote_id__in=[row.remote_id for row in written]
        )
    }
    for remote_id in moved:
        chain.partnership_changed(stored[remote_id])
    if is_complete and direction is not None:
        mark_vanished(organization, direction, by_id, read_since=read_since)
    return [stored[row.remote_id] for row in written]


@transaction.atomic
def mark_vanished(
    organization: Organization, direction: Direction, seen: Collection[str], *, read_since: datetime | None = None
) -> int:
    """What a complete reading of one direction did not meet is no longer at the platform; returns how many rows."""
    rows = Partnership.objects.filter(organization=organization, direction=direction, vanished_at=None)
    if read_since is not None:
        rows = rows.filter(first_seen_at__lt=read_since)  # others may have been asked for while the list was read
    gone = [row for row in rows.select_for_update().defer("raw") if row.remote_id not in seen]
    for row in gone:
        row.vanished_at = timezone.now()
        row.save(update_fields=["vanished_at"])
        chain.partnership_changed(row)
    return len(gone)


def direction_of(
    organization: Organization, remote: RemotePartnership, listed_as: Direction | None = None
) -> Direction | None:
    """Which way it goes for this organization: by its ids, else by the list that holds it; None if it is not ours."""
    own = organization.remote_id.strip()
    if own in (remote.source_id, remote.target_id) and remote.source_id != remote.target_id:
        return Direction.OUTGOING if remote.source_id == own else Direction.INCOMING
    return listed_as


def _partner_id(remote: RemotePartnership, side: Direction) -> str:
    return (remote.target_id if side == Direction.OUTGOING else remote.source_id)[:150]


def _is_older(remote: RemotePartnership, row: Partnership) -> bool:
    """Whether a page that was read a while ago would take back a decision that was seen since."""
    modified_at = second(remote.modified_at)
    is_taken_back = row.status in DECIDED_PARTNERSHIPS and remote.status not in DECIDED_PARTNERSHIPS
    return (
        is_taken_back
        and modified_at is not None
        and row.remote_modified_at is not None
        and modified_at < row.remote_modified_at
    )


def _values(
    remote: RemotePartnership, side: Direction, names: Mapping[str, str], row: Partnership | None
) -> dict[str, Any]:
    """What is to be stored; what this answer leaves out, and another one told, stays."""
    partner_id = _partner_id(remote, side)
    told = (
        (remote.target_name, remote.target_region)
        if side == Direction.OUTGOING
        else (remote.source_name, remote.source_region)
    )
    history, history_text = [_entry(one) for one in remote.history], remote.history_text
    if row is not None and not history and not history_text:
        history, history_text = row.history, row.history_text
    return {
        "linking_id": remote.linking_id[:64] or (row.linking_id if row else ""),
        "direction": side,
        "partner_id": partner_id,
        "partner_name": told_name(told[0], partner_id)
        or (row.partner_name if row else "")
        or names.get(partner_id, "")[:300],
        "partner_region": told[1].strip()[:REGION_LIMIT] or (row.partner_region if row else ""),
        "status": remote.status[:64] or (row.status if row else ""),
        "history": history,
        "history_text": history_text,
        "remote_modified_at": second(remote.modified_at) or (row.remote_modified_at if row else None),
    }


def _entry(decision: RemoteDecision) -> dict[str, str]:
    return {
        "action": decision.action,
        "at": decision.at.isoformat() if decision.at else "",
        "by": decision.by_name or decision.by_id,
        "organization_id": decision.organization_id,
        "reason": decision.reason,
    }


def _fill(row: Partnership, remote: RemotePartnership, values: Mapping[str, Any]) -> None:
    now = timezone.now()
    for name, value in values.items():
        setattr(row, name, value)
    row.remote_created_at = second(remote.created_at) or row.remote_created_at or now
    row.raw = remote.raw
    row.seen_at = now
    row.vanished_at = None
