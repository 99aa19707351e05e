"""What the Decisioning Migration Service speaks of, as plain frozen values that are the same in both of its dialects.

A text is empty where nothing was said. What is kept of a workflow's JSON is redacted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Level = Literal["sandbox", "offer", "decision"]


class Dialect(StrEnum):
    """A revision of the service's contract (Adobe, Journey Optimizer, "Decisioning Migration API").

    The page was published with two families of paths and names; the one in between differs from R4 only in where the
    level stands.
    """

    R4 = "r4"
    R1 = "r1"

    @property
    def base_url(self) -> str:
        """The production host that the revision names."""
        return _BASE_URLS[self]


_BASE_URLS = {
    Dialect.R4: "https://decisioning-migration.adobe.io",
    Dialect.R1: "https://platform.adobe.io",
}


class WorkflowStatus(StrEnum):
    """The documented states of a workflow; Cancelled is known to R1 only, and no documented call leads to it."""

    NEW = "New"
    RUNNING = "Running"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


_OVER = frozenset({WorkflowStatus.COMPLETED, WorkflowStatus.FAILED, WorkflowStatus.CANCELLED})


@dataclass(frozen=True)
class Scope:
    """What is to be migrated: a whole sandbox, or the offers or decisions with these ids."""

    level: Level
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Segment:
    """A segment of the target; both parts are empty while it is still to be mapped."""

    namespace: str
    id: str


@dataclass(frozen=True)
class Dependencies:
    """What the objects need in the target: each name or key of the source with its counterpart.

    An empty counterpart is still to be mapped. Nothing else is judged: where the service named the source's own name as
    counterpart, that stands here. Keys and values are kept to the byte. A null counts as empty; `Workflow.result` still
    tells it from an empty text, and from a member that was left out.
    """

    profile_attributes: Mapping[str, str] = field(default_factory=dict)
    context_attributes: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[str, Segment] = field(default_factory=dict)
    dataset_name: str = ""


@dataclass(frozen=True)
class WorkflowWarning:
    """Something that a workflow left out or did otherwise, with the source object that it is about, if any."""

    text: str
    object_id: str
    object_name: str
    code: str


@dataclass(frozen=True)
class WorkflowError:
    """One reason why a workflow failed; `details` are JSON of any form, None if there are none."""

    code: str
    message: str
    details: Any


@dataclass(frozen=True)
class ObjectMapping:
    """A source object and one object that it became; an object that became several has as many of these.

    The parts of the target are empty where nothing came of the object. `warnings` are those about the source object.
    """

    type: str
    source_id: str
    source_name: str
    target_id: str
    target_name: str
    target_type: str
    warnings: tuple[WorkflowWarning, ...]


@dataclass(frozen=True)
class Workflow:
    """An analysis, a migration or a rollback.

    `status` is the service's own word. `etag` is needed to delete the workflow and given by R1 only. `self_link` is
    shown, never followed. `dependencies` is None where the answer names none of their members.
    """

    id: str
    status: str
    etag: str
    self_link: str
    result: Any = field(repr=False)
    dependencies: Dependencies | None
    mappings: tuple[ObjectMapping, ...]
    warnings: tuple[WorkflowWarning, ...]
    errors: tuple[WorkflowError, ...]
    raw: dict[str, Any] = field(repr=False)

    @property
    def known_status(self) -> WorkflowStatus | None:
        """The documented state that the status is, in whatever case; None for any other."""
        plain = self.status.strip().lower()
        return next((status for status in WorkflowStatus if status.value.lower() == plain), None)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen; a status that is not documented is taken for work that goes on."""
        return self.known_status in _OVER
