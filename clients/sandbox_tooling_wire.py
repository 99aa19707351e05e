"""From the sandbox tooling API's JSON to `clients.sandbox_tooling_models`, with its contradictions evened out."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from clients.answers import Answer, one_line
from clients.inner_documents import read_inner
from clients.redaction import redact
from clients.sandbox_tooling_models import (
    ArtifactRef,
    RemoteArtifact,
    RemoteConflict,
    RemoteJob,
    RemoteJobRow,
    RemoteMessage,
    RemoteNode,
    RemotePackage,
    RemotePermission,
    RemoteSubmission,
    RemoteTask,
    ResourcePermission,
)
from clients.transport import MalformedError
from clients.wire import (
    ApiModel,
    Id,
    OptionalBool,
    OptionalInt,
    OptionalText,
    Rows,
    Text,
    Time,
    as_list,
    as_text,
    documented,
    json_array,
    parse,
    readable,
)

Redact = Callable[[Any], Any]


def _either(*names: str) -> Any:
    """A field that goes by several names; they are given in lower case."""
    return AliasChoices(*names)


# Documented statuses and types of packages (Adobe, Sandbox tooling API guide, appendix), however they are spelled.
_PACKAGE_WORDS = frozenset({"DRAFT", "PUBLISH_IN_PROGRESS", "PUBLISHED", "PUBLISH_FAILED", "PARTIAL", "FULL"})
PackageWord = Annotated[str, BeforeValidator(lambda value: documented(as_text(value), _PACKAGE_WORDS))]


class _Message(ApiModel):
    status: Text = ""
    attempt: OptionalInt = None
    message: Any = None


class _Artifact(ApiModel):
    id: Text = ""
    type: Text = ""
    title: OptionalText = None
    alt_id: OptionalText = None
    new_id: OptionalText = None
    messages: Rows = []


class _IdentifiedArtifact(_Artifact):
    id: Id


class _Capabilities(ApiModel):
    capabilities: Rows = []


class _Package(ApiModel):
    id: Id
    name: Text = ""
    description: Text = ""
    version: OptionalInt = None
    package_type: PackageWord = Field(default="", validation_alias=_either("packagetype", "type"))
    status: PackageWord = ""
    visibility: Text = Field(default="", validation_alias="packagevisibility")
    source_sandbox: Any = None
    ims_org_id: OptionalText = None
    artifacts: Any = Field(default=None, validation_alias=_either("artifactslist", "artifacts"))
    created_at: Time = Field(default=None, validation_alias=_either("createddate", "created", "createdtimestamp"))
    modified_at: Time = Field(default=None, validation_alias=_either("modifieddate", "updated", "modifiedtimestamp"))
    published_at: Time = Field(default=None, validation_alias="publishdate")
    expires_at: Time = Field(default=None, validation_alias="expiry")
    created_by: Text = ""
    modified_by: Text = ""
    package_capabilities: Any = None
    package_version: OptionalInt = Field(
        default=None, validation_alias=_either("latestpackageversion", "packageversion")
    )
    client_id: Text = ""
    access_type: Text = Field(default="", validation_alias=_either("packageaccesstype", "accesstype"))


class _JobFields(ApiModel):
    id: Id
    name: Text = ""
    description: Text = ""
    status: Text = Field(default="", validation_alias=_either("jobstatus", "status"))
    job_type: Text = ""
    package_type: Text = Field(default="", validation_alias=_either("packagetype", "type"))
    request_type: OptionalText = None
    source_sandbox: Any = None
    target_sandbox: Any = Field(default=None, validation_alias=_either("targetsandbox", "destinationsandbox"))
    created_at: Time = Field(default=None, validation_alias=_either("created", "createdtimestamp", "createddate"))
    updated_at: Time = Field(default=None, validation_alias=_either("updated", "modifiedtimestamp", "modifieddate"))
    created_by: Text = ""


class _Job(_JobFields):
    snapshot_id: OptionalText = None
    completed_tasks: Rows = []
    failed_tasks: Rows = []
    import_replacement_map: Any = None


class _Task(ApiModel):
    task_type: Text = ""
    task_status: Text = Field(default="", validation_alias=_either("taskstatus", "status"))
    artifact: Any = None


class _Conflict(ApiModel):
    artifact: Any
    suggestion_list: Rows = []
    parent_id: OptionalText = None


class _Node(ApiModel):
    id: Id
    type: Text = ""
    title: OptionalText = None
    children: Rows = []


class _Resource(ApiModel):
    palm_resource_type: Text = ""
    resource_permissions: Rows = []


class _Resources(ApiModel):
    resources: Rows = []


class _Permission(ApiModel):
    artifact_id: Id
    artifact_type: Text = ""
    required_permissions: Any = None
    missing_permissions: Any = None
    creation_allowed: OptionalBool = None


class _Submission(ApiModel):
    job_id: OptionalText = None
    correlation_id: OptionalText = None
    name: Any = None
    type: Any = None


def read_message(value: Any) -> RemoteMessage:
    """A message about an object; JSON that lies inside its text is looked into."""
    wire = _Message(message=value)
    if isinstance(value, dict):
        wire = parse(_Message, value, "a message")
        if wire.message is None and not wire.status:
            wire = _Message(message=value)
    inner = read_inner(wire.message)
    # Redacted as JSON where it is JSON, since secrets are known by the names of their fields.
    return RemoteMessage(
        status=wire.status,
        attempt=wire.attempt,
        text=redact(as_text(redact(wire.message) if isinstance(wire.message, dict) else wire.message)),
        inner_status=inner.status,
        inner_title=one_line(redact(inner.title)) if inner.title else None,
        is_error=inner.is_error,
    )


def read_artifact(value: Any) -> RemoteArtifact:
    """An artifact; raises MalformedError without an id."""
    return _artifact(parse(_IdentifiedArtifact, value, "an object"))


def _artifact(wire: _Artifact) -> RemoteArtifact:
    return RemoteArtifact(
        id=wire.id.strip(),
        type=wire.type,
        title=wire.title,
        alt_id=wire.alt_id or None,
        new_id=wire.new_id or None,
        messages=tuple(read_message(message) for message in wire.messages),
    )


def read_loose_artifact(value: Any) -> RemoteArtifact:
    """An artifact, however little is known of it; without an id that is empty."""
    if isinstance(value, dict):
        return _artifact(parse(_Artifact, value, "an object"))
    return _artifact(_Artifact(id=as_text(value)))


def sandbox_name(value: Any) -> str | None:
    """The name of a sandbox that is given as a name or as an object."""
    name = value.get("name") if isinstance(value, dict) else value
    return name if isinstance(name, str) and name else None


def read_package(value: Any, hide: Redact) -> RemotePackage:
    """A package; raises MalformedError without an id."""
    wire = parse(_Package, value, "a package")
    sandbox = wire.source_sandbox
    org_id = sandbox.get("imsOrgId") if isinstance(sandbox, dict) else None
    capabilities = wire.package_capabilities
    if isinstance(capabilities, dict):
        capabilities = parse(_Capabilities, capabilities, "the capabilities").capabilities
    return RemotePackage(
        id=wire.id,
        name=wire.name,
        description=wire.description,
        version=wire.version,
        package_type=wire.package_type,
        status=wire.status,
        visibility=wire.visibility.strip().upper() or "PRIVATE",
        source_sandbox=sandbox_name(sandbox),
        source_org_id=org_id if isinstance(org_id, str) and org_id else wire.ims_org_id,
        artifacts=readable(as_list(wire.artifacts), read_artifact),
        created_at=wire.created_at,
        modified_at=wire.modified_at,
        published_at=wire.published_at,
        expires_at=wire.expires_at,
        created_by=wire.created_by,
        modified_by=wire.modified_by,
        capabilities=None if capabilities is None else tuple(as_text(item) for item in as_list(capabilities)),
        package_version=wire.package_version,
        client_id=wire.client_id,
        access_type=wire.access_type,
        raw=hide(value),
    )


def read_job_row(value: Any, hide: Redact) -> RemoteJobRow:
    """A row of the job list; raises MalformedError without an id."""
    wire = parse(_JobFields, value, "a job")
    return RemoteJobRow(
        id=wire.id,
        name=wire.name,
        description=wire.description,
        status=wire.status,
        job_type=wire.job_type,
        package_type=wire.package_type,
        source_sandbox=sandbox_name(wire.source_sandbox),
        target_sandbox=sandbox_name(wire.target_sandbox),
        created_at=wire.created_at,
        updated_at=wire.updated_at,
        created_by=wire.created_by,
        request_type=wire.request_type or None,
        raw=hide(value),
    )


def read_job(body: dict[str, Any], hide: Redact) -> RemoteJob:
    """A job, bare or in the service's envelope; raises MalformedError without an id."""
    value = body.get("object", body)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    wire = parse(_Job, value, "the job")
    mapped = wire.import_replacement_map if isinstance(wire.import_replacement_map, dict) else {}
    return RemoteJob(
        id=wire.id,
        name=wire.name,
        description=wire.description,
        status=wire.status,
        job_type=wire.job_type,
        request_type=wire.request_type or None,
        snapshot_id=(wire.snapshot_id or "").strip() or None,
        source_sandbox=sandbox_name(wire.source_sandbox),
        target_sandbox=sandbox_name(wire.target_sandbox),
        created_at=wire.created_at,
        modified_at=wire.updated_at,
        tasks=(
            *(_read_task(task, failed_list=False) for task in wire.completed_tasks),
            *(_read_task(task, failed_list=True) for task in wire.failed_tasks),
        ),
        replacements={
            source: as_text(target.get("id") if isinstance(target, dict) else target)
            for source, target in mapped.items()
        },
        raw=hide(value),
    )


def _read_task(value: Any, *, failed_list: bool) -> RemoteTask:
    """A task. None is ever dropped, since a dropped one could be the failure: the unreadable keep their text."""
    wire = parse(_Task, value, "a task") if isinstance(value, dict) else _Task()
    told_nothing = wire.artifact is None
    artifact = _artifact(_Artifact(messages=[value])) if told_nothing else read_loose_artifact(wire.artifact)
    return RemoteTask(task_type=wire.task_type, status=wire.task_status, artifact=artifact, failed_list=failed_list)


def read_conflict(value: Any) -> RemoteConflict:
    """A conflict; raises MalformedError if its object cannot be read."""
    wire = parse(_Conflict, value, "a conflict")
    return RemoteConflict(
        artifact=read_artifact(wire.artifact),
        suggestions=readable(wire.suggestion_list, read_artifact),
        parent_id=wire.parent_id,
    )


def read_node(value: Any) -> RemoteNode:
    """An object with its children; raises MalformedError if any of them has no id."""
    wire = parse(_Node, value, "an object")
    return RemoteNode(
        id=wire.id,
        type=wire.type,
        title=wire.title,
        children=tuple(read_artifact(child) for child in wire.children),
    )


def read_permission_rows(answer: Answer) -> list[Any]:
    """The rows of the answer; a null list is an empty one, a missing list is none."""
    body = answer.json()
    inner = body.get("object", body) if isinstance(body, dict) else body
    if isinstance(inner, dict) and "permissionResponse" in inner and inner["permissionResponse"] is None:
        return []
    return json_array(answer, "object", "permissionResponse")


def read_permission(value: Any) -> RemotePermission:
    """The permissions for one object; raises MalformedError if they cannot be read."""
    wire = parse(_Permission, value, "a permission")
    return RemotePermission(
        artifact=ArtifactRef(wire.artifact_id, wire.artifact_type),
        required=_resources(wire.required_permissions),
        missing=_resources(wire.missing_permissions),
        creation_allowed=wire.creation_allowed,
    )


def _resources(value: Any) -> tuple[ResourcePermission, ...]:
    rows = parse(_Resources, value, "the permissions").resources if isinstance(value, dict) else as_list(value)
    found = []
    for row in rows:
        wire = (
            parse(_Resource, row, "a permission")
            if isinstance(row, dict)
            else _Resource(palm_resource_type=as_text(row))
        )
        names = tuple(as_text(name) for name in wire.resource_permissions)
        found.append(ResourcePermission(resource=wire.palm_resource_type, permissions=names))
    return tuple(found)


def read_submission(body: dict[str, Any], hide: Redact) -> RemoteSubmission:
    """The receipt of a submitted job; raises MalformedError for an object that is none."""
    inner = body["object"] if isinstance(body.get("object"), dict) else body
    wire = parse(_Submission, inner, "the receipt")
    job_id = (wire.job_id or "").strip()
    correlation_id = (wire.correlation_id or "").strip()
    if not (job_id or correlation_id or (wire.name is not None and wire.type is not None)):
        raise MalformedError("it is no receipt of a submitted job")
    return RemoteSubmission(job_id=job_id or None, correlation_id=correlation_id or None, raw=hide(body))
