"""What the API management of SnapLogic speaks of, as plain frozen values.

A text is empty where nothing was said. What is kept of an answer's JSON is redacted, and so are the platform's reasons.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class DuplicateCheck(StrEnum):
    """What an import does where the version exists. The words are sent, never their twins true and false."""

    SKIP = "skip"
    """What is missing is added; assets of the same name stay and are reported as failed with 409."""
    CREATE_NEW = "create_new"
    """Another version is made, under a numbered name that the platform chooses."""
    OVERWRITE = "overwrite"
    """Assets of the same name are overwritten if their type is one of those named."""


OVERWRITE_TYPES = ("Account", "File", "Flows", "Job", "Pipeline", "Policy")
ASSET_TYPES = ("Account", "File", "Job", "Pipeline", "Policy")
"""What an export holds if nothing else is asked for; flows can be overwritten, but not chosen for an export."""


@dataclass(frozen=True)
class AssetDone:
    """An asset that was imported."""

    snode_id: str
    name: str
    type: str


@dataclass(frozen=True)
class AssetFailed:
    """An asset that was not imported; `status_code` is 409 where the target has one of that name."""

    status_code: int | None
    reason: str
    snode_id: str
    name: str
    type: str


@dataclass(frozen=True)
class AssetWarning:
    """Something to know of an asset, imported or not."""

    message: str
    snode_id: str
    name: str
    type: str


@dataclass(frozen=True)
class ImportResult:
    """What became of each asset, as far as the answer tells: part failures come with HTTP 200, too.

    `is_complete` is False if a list is missing, an entry of one cannot be read, or errors are named beside them: then
    nothing may be concluded from what is not listed. `version_path` is `org/apim/api/version` of the version that the
    assets went to, if told. `status_mismatch` is a sentence if the status inside the answer is not that of HTTP.
    """

    successful: tuple[AssetDone, ...]
    failed: tuple[AssetFailed, ...]
    warnings: tuple[AssetWarning, ...]
    version_path: str
    http_status_code: int | None
    is_complete: bool
    status_mismatch: str
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Exported:
    """An archive that was handed on whole; `file_name` is the platform's, without any folder."""

    size: int
    sha256: str
    file_name: str


@dataclass(frozen=True)
class AssetList:
    """The names of assets, by type. If not `is_complete`, there are entries that could not be read."""

    assets: dict[str, tuple[str, ...]]
    is_complete: bool
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class PublishInfo:
    """A version to publish. `spec` is its OpenAPI document: JSON, or a text if it `is_yaml`."""

    api: str
    version: str
    contact_email: str
    allow_subscriptions: bool
    auto_approve: bool
    is_yaml: bool
    spec: Any = field(repr=False)


@dataclass(frozen=True)
class VersionFailed:
    """A version whose state was not changed."""

    path: str
    reason: str


@dataclass(frozen=True)
class LifecycleResult:
    """What became of each version, as `api/version`: part failures come with HTTP 200, too.

    `untold` are those that were asked for and stand in neither list. `unreadable` counts entries that cannot be read.
    `status_mismatch` is a sentence if the status inside the answer is not that of HTTP.
    """

    successful: tuple[str, ...]
    unsuccessful: tuple[VersionFailed, ...]
    untold: tuple[str, ...]
    unreadable: int
    http_status_code: int | None
    status_mismatch: str
    raw: dict[str, Any] = field(repr=False)

    @property
    def is_complete(self) -> bool:
        return not self.untold and not self.unreadable


@dataclass(frozen=True)
class Accepted:
    """The platform did what it was asked for and says no more."""

    http_status_code: int | None
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class MigrationTicket:
    """A migration that goes on after the answer; `status_url` is where the platform says that its state is."""

    status_token: str
    status_url: str
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class MigrationStatus:
    """The state of a migration, in the platform's own word: Started, Completed or Failed."""

    id: str
    status: str
    raw: dict[str, Any] = field(repr=False)
