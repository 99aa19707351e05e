"""What both kinds of rows of sharing need: who the other side is, and what it is called."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from promotions.services.sharing_audit import organizations_here

REGION_LIMIT = 32


def second(moment: datetime | None) -> datetime | None:
    """Times just written carry milliseconds that a later answer no longer has."""
    return moment.replace(microsecond=0) if moment is not None else None


def told_name(name: str, organization_id: str) -> str:
    """A name as the platform tells it; some answers just repeat the id."""
    return "" if name.strip() == organization_id else name.strip()[:300]


def names_here(organization_ids: Iterable[str]) -> Mapping[str, str]:
    """What this installation calls those of them that it looks after, for where the platform gives no name."""
    return {found.remote_id: found.name for found in organizations_here(organization_ids)}
