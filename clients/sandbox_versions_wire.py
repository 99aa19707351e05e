"""From the JSON of versions to `clients.sandbox_versions_models`."""

from collections.abc import Callable
from typing import Any

from pydantic import AliasChoices, Field

from clients.redaction import MARKER, is_secret_name, redact
from clients.sandbox_tooling_models import ArtifactRef, RemoteArtifact
from clients.sandbox_tooling_wire import read_loose_artifact, sandbox_name
from clients.sandbox_versions_models import FieldChange, ObjectDelta, RemoteDelta, RemoteVersion, RemoteVersionJob
from clients.wire import ApiModel, Id, OptionalBool, OptionalInt, Rows, Text, Time, as_text, parse

Redact = Callable[[Any], Any]


class _Job(ApiModel):
    id: Id
    status: Text = Field(default="", validation_alias=AliasChoices("jobstatus", "status"))
    job_type: Text = ""
    request_type: Text = ""
    package_version: OptionalInt = None
    target_sandbox: Any = Field(default=None, validation_alias=AliasChoices("destinationsandbox", "targetsandbox"))
    delta_package_version: Any = None
    import_replacement_map: Any = None


class _Graph(ApiModel):
    plugin_deltas: Rows = []


class _Delta(ApiModel):
    package_id: Text = ""
    current_version: OptionalInt = None
    is_validated: OptionalBool = Field(default=None, validation_alias=AliasChoices("validated", "isvalidated"))
    root_artifacts: Rows = []
    exim_graph_delta: Any = None


class _ObjectDelta(ApiModel):
    source_artifact: Any = None
    target_artifact: Any = None
    changes: Rows = []


class _Version(ApiModel):
    id: Text = ""
    version: OptionalInt = None
    package_version: OptionalInt
    created_at: Time = Field(default=None, validation_alias=AliasChoices("createddate", "created"))
    created_by: Text = ""
    modified_at: Time = Field(default=None, validation_alias=AliasChoices("modifieddate", "updated"))


def read_version_job(value: Any, hide: Redact) -> RemoteVersionJob:
    """A job of the version calls; raises MalformedError without an id."""
    wire = parse(_Job, value, "the job")
    mapped = wire.import_replacement_map if isinstance(wire.import_replacement_map, dict) else {}
    delta = wire.delta_package_version
    return RemoteVersionJob(
        id=wire.id,
        status=wire.status,
        job_type=wire.job_type,
        request_type=wire.request_type,
        package_version=wire.package_version,
        target_sandbox=sandbox_name(wire.target_sandbox),
        delta=_read_delta(delta, hide) if isinstance(delta, dict) else None,
        replacements={
            source: as_text(target.get("id") if isinstance(target, dict) else target)
            for source, target in mapped.items()
        },
        raw=hide(_without_secret_changes(value)),
    )


def _read_delta(value: dict[str, Any], hide: Redact) -> RemoteDelta:
    wire = parse(_Delta, value, "the differences")
    graph = wire.exim_graph_delta
    rows = parse(_Graph, graph, "the differences").plugin_deltas if isinstance(graph, dict) else []
    roots = (read_loose_artifact(root) for root in wire.root_artifacts)
    return RemoteDelta(
        package_id=wire.package_id.strip(),
        current_version=wire.current_version,
        is_validated=wire.is_validated,
        roots=tuple(ArtifactRef(root.id, root.type) for root in roots if root.id),
        changes=tuple(_read_object_delta(row, hide) for row in rows),
    )


def _read_object_delta(row: Any, hide: Redact) -> ObjectDelta:
    """The differences of one object. None is ever dropped: people decide by them what to overwrite."""
    wire = parse(_ObjectDelta, row, "a difference") if isinstance(row, dict) else _ObjectDelta(changes=[row])
    return ObjectDelta(
        source=read_loose_artifact(wire.source_artifact),
        target=_target(wire.target_artifact),
        changes=tuple(_read_change(change, hide) for change in wire.changes),
    )


def _target(value: Any) -> RemoteArtifact | None:
    found = read_loose_artifact(value)
    return found if found.id else None


def _read_change(change: Any, hide: Redact) -> FieldChange:
    if not isinstance(change, dict) or not any(name in change for name in ("op", "path")):
        return FieldChange(op="", path="", old=None, new=hide(change))
    shown = _without_secret_values(change)
    return FieldChange(
        op=as_text(shown.get("op")),
        path=redact(as_text(shown.get("path"))),
        old=hide(shown.get("oldValue")),
        # A plain JSON patch has one value.
        new=hide(shown["newValue"] if "newValue" in shown else shown.get("value")),
    )


def _without_secret_changes(value: Any) -> Any:
    """A copy in which no change tells the value of a secret: the name of its field stands in the path beside it."""
    if isinstance(value, list):
        return [_without_secret_changes(item) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("path"), str):
        value = _without_secret_values(value)
    return {key: _without_secret_changes(item) for key, item in value.items()}


def _without_secret_values(change: dict[str, Any]) -> dict[str, Any]:
    parts = as_text(change.get("path")).replace("~1", "/").split("/")
    if not any(is_secret_name(part) for part in parts):
        return change
    names = ("oldValue", "newValue", "value")
    return {key: MARKER if key in names and item not in (None, "") else item for key, item in change.items()}


def read_version(value: Any) -> RemoteVersion:
    """A row of the history; raises MalformedError if it names no version."""
    wire = parse(_Version, value, "a version")
    return RemoteVersion(
        id=wire.id.strip(),
        version=wire.version,
        package_version=wire.package_version,
        created_at=wire.created_at,
        created_by=wire.created_by,
        modified_at=wire.modified_at,
    )
