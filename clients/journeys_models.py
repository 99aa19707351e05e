"""What the journey APIs speak of, as plain frozen values.

Times are aware or None, states are the platform's own words, `raw` is redacted. A text is empty where nothing was said.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class RemoteVersionRow:
    """One version of a journey, as a list of journeys tells of it."""

    uid: str
    version: str
    state: str
    name: str
    created_at: datetime | None
    modified_at: datetime | None
    modified_by: str
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class RemoteJourney:
    """A journey in a list.

    The newer API lists versions: there `uid` is that of a version, and the same as `latest_version_uid`.
    """

    uid: str
    name: str
    state: str
    description: str
    latest_version_uid: str
    latest_version: str
    versions: tuple[RemoteVersionRow, ...]
    created_at: datetime | None
    modified_at: datetime | None
    created_by: str
    modified_by: str
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class JourneyList:
    """The journeys that could be read. `is_complete` is False where there are others, or may be."""

    items: tuple[RemoteJourney, ...]
    is_complete: bool
    total: int | None


@dataclass(frozen=True)
class RemoteJourneyVersion:
    """The newest version of a journey, with what the designer says against it."""

    uid: str
    journey_uid: str
    version: str
    name: str
    description: str
    state: str
    review_state: str
    created_at: datetime | None
    modified_at: datetime | None
    modified_by: str
    deployed_at: datetime | None
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class RemoteJourneyDetail:
    """A version as the newer API describes it; `raw` is its whole document, with nodes and transitions."""

    uid: str
    name: str
    description: str
    version: str
    type: str
    state: str
    created_at: datetime | None
    modified_at: datetime | None
    created_by: str
    modified_by: str
    deployed_at: datetime | None
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class ExportedVersion:
    """A journey version with all that it uses, byte for byte as the service wrote it."""

    content: bytes = field(repr=False)
    request_id: str


@dataclass(frozen=True)
class ImportedVersion:
    """The draft that an import has made. `validation` is "ok", "error", or empty if nothing was said.

    `created` is the new version as the service shows it; it and `raw` hold none of the secrets that were sent.
    """

    version_uid: str
    journey_uid: str
    name: str
    state: str
    uri: str
    validation: str
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    created: dict[str, Any] = field(repr=False)
    raw: dict[str, Any] = field(repr=False)
