"""What sharing between organizations speaks of, as plain frozen values.

Texts are "" where the platform gave none, times are aware or None, statuses are the platform's own words, `raw` is
the redacted row as it came.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Direction(StrEnum):
    """Which partnerships a list shows, as seen from the organization that asks."""

    INCOMING = "INCOMING"
    OUTGOING = "OUTGOING"


class TransferType(StrEnum):
    """How a package travels: sent to a partner, or pulled in because it is public."""

    PRIVATE = "PRIVATE"
    PUBLIC = "PUBLIC"


@dataclass(frozen=True)
class RemoteDecision:
    """One step in the history of a partnership."""

    action: str
    at: datetime | None
    by_id: str
    by_name: str
    organization_id: str
    reason: str


@dataclass(frozen=True)
class RemotePartnership:
    """A request of the source organization to the target, decided or not.

    `linking_id` is what a decision names. Direction comes from `source_id`: in some histories the wrong organization
    asks. `history_text` holds a history that cannot be read as one, and is "" otherwise.
    """

    id: str
    linking_id: str
    source_id: str
    source_name: str
    source_region: str
    target_id: str
    target_name: str
    target_region: str
    status: str
    history: tuple[RemoteDecision, ...]
    history_text: str
    created_at: datetime | None
    modified_at: datetime | None
    created_by_name: str
    modified_by_name: str
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class PartnershipOutcomes:
    """What became of each organization that was asked, by its id as it was given.

    `failed` holds the platform's words. For those in `missing` it said nothing that can be read: they may have been
    asked or not, and the list of outgoing partnerships tells.
    """

    successful: Mapping[str, RemotePartnership]
    failed: Mapping[str, str]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class RemoteTransfer:
    """A package on its way to one organization; names may be absent, or just repeat the id.

    `messages` are the steps so far, where the platform tells them.
    """

    id: str
    source_id: str
    source_name: str
    target_id: str
    target_name: str
    package_id: str
    package_name: str
    status: str
    request_type: str
    initiated_by: str
    created_at: datetime | None
    completed_at: datetime | None
    messages: tuple[str, ...]
    raw: dict[str, Any] = field(repr=False)
