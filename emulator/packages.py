"""Packages of sandbox tooling: create, change, list, look up, share the payload, delete."""

import re
from typing import Any

from emulator import kinds, query
from emulator.answers import Answer, refused_by_exim
from emulator.calls import Call, route
from emulator.clock import whole_second
from emulator.submission import unnamed_or_unlisted
from emulator.things import DAY_MS, Artifact, Package
from emulator.world import World

DEFAULT_EXPIRY_MS = 90 * DAY_MS
_TYPE = re.compile(r"[A-Z][A-Z0-9_]*\Z")

_FIELDS: query.Fields[Package] = {
    "id": query.Field(lambda package: package.id),
    "name": query.Field(lambda package: package.name),
    "status": query.Field(lambda package: package.shown_status or package.status),
    "packageType": query.Field(lambda package: package.package_type),
    "packageVisibility": query.Field(lambda package: package.visibility),
    "sourceSandbox.name": query.Field(lambda package: package.source_sandbox),
    "createdDate": query.Field(lambda package: whole_second(package.created_ms), is_time=True),
    "modifiedDate": query.Field(lambda package: whole_second(package.modified_ms), is_time=True),
    "publishDate": query.Field(
        lambda package: package.published_ms and whole_second(package.published_ms), is_time=True
    ),
    "expiry": query.Field(lambda package: whole_second(package.expiry_ms), is_time=True),
}
_ALIASES = {
    "sourcesandbox": "sourceSandbox.name",
    "created": "createdDate",
    "modified": "modifiedDate",
    "updated": "modifiedDate",
}


_OPERATIONS = {"ADD": "package.add", "DELETE": "package.remove", "UPDATE": "package.edit"}


# Shapes


def _artifact(artifact: Artifact, *, is_new_shape: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": artifact.id}
    if is_new_shape:
        shown["altId"] = None
    shown |= {"type": artifact.type, "found": False, "count": 0}
    if artifact.title is not None:
        shown["title"] = artifact.title
    return shown


def _head(package: Package) -> dict[str, Any]:
    return {
        "id": package.id,
        "version": package.version,
        "createdDate": whole_second(package.created_ms),
        "modifiedDate": whole_second(package.modified_ms),
        "createdBy": package.created_by,
        "modifiedBy": package.modified_by,
    }


def written_body(call: Call, package: Package) -> dict[str, Any]:
    """A package in the answer to the call that has just written it."""
    body = _head(package) | {
        "modifiedDate": package.modified_ms,
        "tenantId": call.org.tenant_id,
        "name": package.name,
        "description": package.description,
        "imsOrgId": package.org_id,
        "sourceSandbox": {"name": package.source_sandbox, "imsOrgId": package.source_org_id},
        "packageType": package.package_type,
        "expiry": package.expiry_ms,
        "status": package.shown_status or package.status,
        "artifactsList": [_artifact(artifact, is_new_shape=False) for artifact in package.artifacts],
    }
    if package.version == 0:
        body["createdDate"] = package.created_ms
    return body


def read_body(call: Call, package: Package) -> dict[str, Any]:
    """A package looked up or listed, with the fields of the newest samples."""
    organization = call.world.organizations.get(package.org_id)
    body = _head(package) | {
        "tenantId": organization.tenant_id if organization else "",
        "name": package.name,
        "description": package.description,
        "imsOrgId": package.org_id,
        "clientId": package.client_id,
        "packageType": package.package_type,
        "expiry": whole_second(package.expiry_ms),
    }
    if package.published_ms is not None:
        body["publishDate"] = whole_second(package.published_ms)
    return body | {
        "status": package.shown_status or package.status,
        "packageVisibility": package.visibility,
        "latestPackageVersion": package.package_version,
        "packageAccessType": "TENANT",
        "artifactsList": [_artifact(artifact, is_new_shape=True) for artifact in package.artifacts],
        "schemaMapping": {},
        "sourceSandbox": {
            "name": package.source_sandbox,
            "imsOrgId": package.source_org_id,
            "empty": False,
        },
    }


# What a body may say


def text_of(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise refused_by_exim(400, f"Invalid value for attribute {name}")
    return value


def _name_of(body: dict[str, Any]) -> str:
    name = text_of(body, "name")
    if name is None or not name.strip():
        raise refused_by_exim(400, "Missing required attribute name")
    return name


def _unused(call: Call, name: str) -> str:
    if call.world.package_names[call.org.id, name] > 0:
        status = call.world.switches.duplicate_name_status
        raise refused_by_exim(status, f"Package with name {name} already exists")
    return name


def _expiry_of(call: Call, body: dict[str, Any]) -> int:
    value = body.get("expiry")
    if value is None:
        return call.world.now_ms() + DEFAULT_EXPIRY_MS
    try:
        if not isinstance(value, str) or value.isdigit():
            raise ValueError(value)
        expiry_ms = query.parse_time(value)
    except ValueError:
        raise refused_by_exim(400, f"Invalid expiry date {value}. Use an ISO 8601 date in UTC") from None
    if expiry_ms <= call.world.now_ms():
        raise refused_by_exim(400, f"Expiry date {value} is in the past")
    return expiry_ms


def artifacts_of(body: dict[str, Any]) -> list[Artifact]:
    value = body.get("artifacts")
    if value is None:
        return []
    if not isinstance(value, list):
        raise refused_by_exim(400, "Invalid value for attribute artifacts")
    found: dict[tuple[str, str], Artifact] = {}
    for entry in value:
        ident, kind = (entry.get("id"), entry.get("type")) if isinstance(entry, dict) else (None, None)
        if not isinstance(ident, str) or not ident or not isinstance(kind, str) or not _TYPE.match(kind):
            raise refused_by_exim(400, "Every artifact needs an id and a type")
        title = text_of(entry, "title")
        found.setdefault((kind, ident), Artifact(ident, kind, title))
    return list(found.values())


def _source_of(call: Call, body: dict[str, Any]) -> str | None:
    value = body.get("sourceSandbox")
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise refused_by_exim(400, "Invalid value for attribute sourceSandbox")
    if value.get("imsOrgId", call.org.id) != call.org.id:
        raise refused_by_exim(403, f"Source sandbox does not belong to organization {call.org.id}")
    name: str = value["name"]
    if name not in call.org.sandboxes:
        raise refused_by_exim(400, f"Source sandbox {name} does not exist")
    return name


def known_package(call: Call, package_id: object) -> Package:
    """A package of the caller's organization."""
    package = call.world.package_of(call.org.id, package_id) if isinstance(package_id, str) else None
    if package is None or package.id in call.world.unlisted:
        raise refused_by_exim(404, f"Package with ID: {package_id} not found")
    return package


def touch(call: Call, package: Package) -> None:
    """Note who wrote a package, and when."""
    package.version += 1
    package.modified_ms = call.world.now_ms()
    package.modified_by = call.caller.technical_account_id


# Calls


def _create(call: Call) -> Answer:
    body = call.json_object()
    name = _unused(call, _name_of(body))
    package_type = body.get("packageType")
    if package_type not in ("PARTIAL", "FULL"):
        raise refused_by_exim(400, "Attribute packageType must be PARTIAL or FULL")
    artifacts = artifacts_of(body)
    if package_type == "FULL" and artifacts:
        raise refused_by_exim(400, "A FULL package takes no artifacts")
    source = _source_of(call, body) or call.sandbox_name
    expiry_ms = _expiry_of(call, body)
    now_ms, user = call.world.now_ms(), call.caller.technical_account_id
    package = call.world.add_package(
        Package(
            id=call.world.hex_id(),
            org_id=call.org.id,
            name=name,
            description=text_of(body, "description"),
            package_type=package_type,
            source_org_id=call.org.id,
            source_sandbox=source,
            artifacts=artifacts,
            created_ms=now_ms,
            modified_ms=now_ms,
            expiry_ms=expiry_ms,
            created_by=user,
            modified_by=user,
            client_id=call.caller.client_id,
        )
    )
    call.world.note("package.create", call.org.id, package.id, name=package.name, description=package.description)
    request_id = f"emu{call.world.hex_id()}"
    body = written_body(call, package) | {"requestId": request_id, "userId": "platform_exim"}
    return Answer(unnamed_or_unlisted(call, body), 201)


def _update(call: Call) -> Answer:
    body = call.json_object()
    if not body.get("id"):
        raise refused_by_exim(400, "Missing required attribute id")
    package = known_package(call, body["id"])
    action = body.get("action")
    if action not in ("ADD", "DELETE", "UPDATE"):
        raise refused_by_exim(400, "Attribute action must be ADD, DELETE or UPDATE")
    status = 202 if call.path.endswith("/update") else 201
    if action == "UPDATE" and "packageVisibility" in body:
        return Answer(_change_visibility(call, package, body), status)
    if package.package_type != "PARTIAL":
        raise refused_by_exim(400, "Only packages of type PARTIAL can be updated")
    if package.status not in ("DRAFT", "PUBLISH_FAILED"):
        raise refused_by_exim(400, f"Package {package.name} is {package.status} and cannot be updated")
    expiry_ms = _expiry_of(call, body)
    if action == "UPDATE":
        _change_metadata(call, package, body)
    else:
        _change_artifacts(package, artifacts_of(body), is_addition=action == "ADD")
    package.expiry_ms = expiry_ms
    touch(call, package)
    call.world.note(_OPERATIONS[action], call.org.id, package.id, name=package.name)
    return Answer(written_body(call, package), status)


def _change_metadata(call: Call, package: Package, body: dict[str, Any]) -> None:
    name = _name_of(body) if body.get("name") is not None else package.name
    description = text_of(body, "description")
    source = _source_of(call, body)
    if name != package.name:
        call.world.rename_package(package, _unused(call, name))
    if description is not None:
        package.description = description
    if source is not None:
        package.source_sandbox = source


def _change_artifacts(package: Package, artifacts: list[Artifact], *, is_addition: bool) -> None:
    kept = {(artifact.type, artifact.id): artifact for artifact in package.artifacts}
    for artifact in artifacts:
        if is_addition:
            kept.setdefault((artifact.type, artifact.id), artifact)
        else:
            kept.pop((artifact.type, artifact.id), None)
    package.artifacts = list(kept.values())


def _change_visibility(call: Call, package: Package, body: dict[str, Any]) -> dict[str, Any]:
    wanted = str(body["packageVisibility"]).upper()
    if wanted != "PUBLIC":
        raise refused_by_exim(400, "Attribute packageVisibility can only be changed to PUBLIC")
    if package.status != "PUBLISHED" and not call.world.switches.visibility_in_any_status:
        raise refused_by_exim(400, f"Package {package.name} is {package.status}. It must be PUBLISHED")
    package.visibility = "PUBLIC"
    package.expiry_ms = _expiry_of(call, body)
    touch(call, package)
    call.world.note("package.publicity", call.org.id, package.id, name=package.name)
    shown = read_body(call, package) | {
        "modifiedDate": package.modified_ms,
        "expiry": package.expiry_ms,
        "artifactsList": [_artifact(artifact, is_new_shape=False) for artifact in package.artifacts],
    }
    left_out = ("tenantId", "description", "clientId", "publishDate", "latestPackageVersion", "packageAccessType")
    return {key: value for key, value in shown.items() if key not in left_out}


def _delete(call: Call) -> Answer:
    package = known_package(call, call.params["package_id"])
    call.world.remove_package(package)
    call.world.note("package.delete", call.org.id, package.id, name=package.name)
    return Answer({"reason": f"Package {package.id} deleted"})


def _get(call: Call) -> Answer:
    package = known_package(call, call.params["package_id"])
    body = read_body(call, package)
    is_asked = (call.args.get("getCapabilities") or "").casefold() == "true"
    if is_asked and call.world.switches.versioning:
        capabilities = ["VERSIONABLE"] if is_versionable(call.world, package) else []
        body["packageCapabilities"] = {"capabilities": capabilities}
    return Answer(body)


def is_versionable(world: World, package: Package) -> bool:
    """Whether a package has versions. The guide names the capability and not what gives it.

    Here: a published package of objects, made in this organization, that holds something an update can change and
    nothing that every import copies anew.
    """
    if package.package_type != "PARTIAL" or package.status != "PUBLISHED" or package.is_from_elsewhere:
        return False
    types = {thing.type for thing in world.content_of(package)}
    return bool(types & kinds.UPDATABLE) and not types & kinds.ALWAYS_COPIED


def _list(call: Call) -> Answer:
    hidden = call.world.unlisted
    packages = (
        package
        for package in call.world.packages.values()
        if package.org_id == call.org.id and package.id not in hidden
    )
    chosen = query.select(
        call,
        packages,
        _FIELDS,
        plain=("status", "packageType"),
        default_order="-createdDate",
        aliases=_ALIASES,
    )
    return Answer(query.page_of(call, chosen, lambda package: read_body(call, package)))


def _payload(call: Call) -> Answer:
    package = known_package(call, call.params["package_id"])
    if package.visibility != "PUBLIC":
        raise refused_by_exim(400, f"Package {package.name} is PRIVATE. Only a PUBLIC package has a payload")
    return Answer({"imsOrgId": package.org_id, "packageId": package.id})


ROUTES = (
    route("POST", "/packages", _create),
    route("PUT", "/packages", _update),
    route("GET", "/packages", _list),
    route("PUT", "/packages/update", _update),
    route("GET", "/packages/payload/{package_id}", _payload),
)
# After all other routes of sandbox tooling, whose second word may look like an id.
LAST_ROUTES = (
    route("GET", "/packages/{package_id}", _get),
    route("DELETE", "/packages/{package_id}", _delete),
)
