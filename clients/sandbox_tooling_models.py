"""What the sandbox tooling API speaks of, as plain frozen values.

Times are aware or None, enumerations are the platform's own words, `raw` is the redacted row as it came.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class ArtifactRef:
    """An object by id and type; an id alone is not unique."""

    id: str
    type: str


@dataclass(frozen=True)
class RemoteMessage:
    """What the platform says about one object.

    `inner_status` and `inner_title` come from a document that some messages carry as JSON inside `text`; `is_error`
    says that it is about an error, also where it names no status.
    """

    status: str
    attempt: int | None
    text: str
    inner_status: int | None
    inner_title: str | None
    is_error: bool = False


@dataclass(frozen=True)
class RemoteArtifact:
    """An object in a package, a suggestion or a task. Only in a task the id may be empty, if the platform gave none."""

    id: str
    type: str
    title: str | None
    alt_id: str | None
    new_id: str | None
    messages: tuple[RemoteMessage, ...]


@dataclass(frozen=True)
class RemotePackage:
    """A package; `version` counts writes, `package_version` counts saved versions.

    `capabilities` is None where they were not asked for.
    """

    id: str
    name: str
    description: str
    version: int | None
    package_type: str
    status: str
    visibility: str
    source_sandbox: str | None
    source_org_id: str | None
    artifacts: tuple[RemoteArtifact, ...]
    created_at: datetime | None
    modified_at: datetime | None
    published_at: datetime | None
    expires_at: datetime | None
    created_by: str
    modified_by: str
    capabilities: tuple[str, ...] | None
    package_version: int | None
    client_id: str
    access_type: str
    raw: dict[str, Any] = field(repr=False)

    @property
    def is_versionable(self) -> bool:
        """Whether the platform says that versions of it can be compared and saved."""
        return any(capability.strip().upper() == "VERSIONABLE" for capability in self.capabilities or ())

    @property
    def latest_package_version(self) -> int | None:
        """`package_version`, as the platform calls it."""
        return self.package_version


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list. Go on by `received`, which also counts the `malformed` rows that are left out of `items`."""

    items: tuple[T, ...]
    received: int
    total: int | None
    has_next: bool
    malformed: int = 0


@dataclass(frozen=True)
class RemoteConflict:
    """An object of the package and what is like it in the target, best first."""

    artifact: RemoteArtifact
    suggestions: tuple[RemoteArtifact, ...]
    parent_id: str | None


@dataclass(frozen=True)
class RemoteNode:
    """An object and what it depends on, one level deep."""

    id: str
    type: str
    title: str | None
    children: tuple[RemoteArtifact, ...]


@dataclass(frozen=True)
class ResourcePermission:
    """Permissions on one kind of resource."""

    resource: str
    permissions: tuple[str, ...]


@dataclass(frozen=True)
class RemotePermission:
    """What creating one object in the target needs, and what of that is missing."""

    artifact: ArtifactRef
    required: tuple[ResourcePermission, ...]
    missing: tuple[ResourcePermission, ...]
    creation_allowed: bool | None


@dataclass(frozen=True)
class RemoteSubmission:
    """The receipt for a submitted job; older answers hold no job id."""

    job_id: str | None
    correlation_id: str | None
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class RemoteJobRow:
    """A job as lists show it: without its package and without errors."""

    id: str
    name: str
    description: str
    status: str
    job_type: str
    package_type: str
    source_sandbox: str | None
    target_sandbox: str | None
    created_at: datetime | None
    updated_at: datetime | None
    created_by: str
    request_type: str | None
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class RemoteTask:
    """One step of a job; `failed_list` says that the platform filed it among the failed ones."""

    task_type: str
    status: str
    artifact: RemoteArtifact
    failed_list: bool


@dataclass(frozen=True)
class RemoteJob:
    """A job with its tasks so far. `replacements` maps source ids to target ids, helper objects included."""

    id: str
    name: str
    description: str
    status: str
    job_type: str
    request_type: str | None
    snapshot_id: str | None
    source_sandbox: str | None
    target_sandbox: str | None
    created_at: datetime | None
    modified_at: datetime | None
    tasks: tuple[RemoteTask, ...]
    replacements: Mapping[str, str]
    raw: dict[str, Any] = field(repr=False)
