"""What the versions of a package speak of, as plain frozen values.

Times are aware or None, statuses and types are the platform's own words, `raw` is redacted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from clients.sandbox_tooling_models import ArtifactRef, RemoteArtifact


@dataclass(frozen=True)
class FieldChange:
    """One difference inside an object, as in a JSON patch: `path` is a JSON pointer, both values are any JSON.

    Values of fields whose names are those of secrets are redacted. A change in a form of its own has no `op` and no
    `path`, and is `new` as a whole.
    """

    op: str
    path: str
    old: Any
    new: Any


@dataclass(frozen=True)
class ObjectDelta:
    """How an object of the package differs from the one in the target; `target` is None where there is none."""

    source: RemoteArtifact
    target: RemoteArtifact | None
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True)
class RemoteDelta:
    """What a comparison found; no `changes` means that nothing differs."""

    package_id: str
    current_version: int | None
    is_validated: bool | None
    roots: tuple[ArtifactRef, ...]
    changes: tuple[ObjectDelta, ...]


@dataclass(frozen=True)
class RemoteVersionJob:
    """A job that compares, saves or updates.

    `delta` is there once a comparison has ended; `replacements` then maps source ids to their counterparts.
    """

    id: str
    status: str
    job_type: str
    request_type: str
    package_version: int | None
    target_sandbox: str | None
    delta: RemoteDelta | None
    replacements: Mapping[str, str]
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class RemoteVersion:
    """A saved version; `package_version` is its number, `version` counts writes to the record."""

    id: str
    version: int | None
    package_version: int | None
    created_at: datetime | None
    created_by: str
    modified_at: datetime | None
