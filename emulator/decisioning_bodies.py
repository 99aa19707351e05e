"""How both dialects of the migration service write requests and workflows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from emulator.answers import Answer, RefusedError, refused_for_content_type
from emulator.calls import Call
from emulator.decisioning_scope import LEVELS, Given
from emulator.decisioning_things import DecisioningShelf, Needs
from emulator.decisioning_workflows import Workflow


@dataclass(frozen=True, eq=False)
class Dialect:
    """What differs between the first revision of Adobe's page (R1) and the latest one (R4)."""

    name: str
    base: str
    paths: Mapping[str, str]  # kind of workflow -> last part of its path
    profile: str
    context: str
    segments: str
    namespace: str
    segment_id: str
    has_etag: bool


R1 = Dialect(
    name="r1",
    base="/migration/service",
    paths={"dependency": "dependency", "migration": "migrations", "rollback": "rollbacks"},
    profile="profileAttributeDependency",
    context="contextAttributeDependency",
    segments="segmentsDependency",
    namespace="segmentNamespace",
    segment_id="segmentId",
    has_etag=True,
)
R4 = Dialect(
    name="r4",
    base="/workflows",
    paths={"dependency": "generate-dependencies", "migration": "migration", "rollback": "rollback"},
    profile="profileAttributes",
    context="contextAttributes",
    segments="segments",
    namespace="namespace",
    segment_id="id",
    has_etag=False,
)


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> RefusedError:
    """The problem document of the service; no revision documents one, its sibling services write it so."""
    body = {
        "type": f"https://ns.adobe.com/aep/errors/decisioning-migration/{status}",
        "status": status,
        "title": HTTPStatus(status).phrase,
        "detail": detail,
    }
    return RefusedError(Answer(body | more, status, headers or {}))


# Requests


def body_of(call: Call) -> dict[str, Any]:
    """The JSON object of a request."""
    if call.request.mimetype != "application/json":
        raise refused_for_content_type()
    try:
        body = json.loads(call.request.get_data(cache=True))
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise problem(400, "Request body must be a JSON object")
    return body


def level_of(call: Call, body: Mapping[str, Any]) -> str:
    """The level from the query (R3, R4) or the body (R1, R2)."""
    said = [one for one in (call.args.get("request-level"), body.get("requestLevel")) if one is not None]
    if not said:
        raise problem(400, "request-level is required")
    if said[0] != said[-1]:
        raise problem(400, "request-level and requestLevel differ")
    level = said[0]
    if level not in LEVELS:
        raise problem(400, f"request-level must be one of {', '.join(LEVELS)}")
    return str(level)


def ids_of(body: Mapping[str, Any], level: str) -> tuple[str, ...]:
    """The offers or decisions of a request. One translation of Adobe's page writes decisionList."""
    if level == "sandbox":
        return ()
    names = ("offersList",) if level == "offer" else ("decisionsList", "decisionList")
    found = next((body[name] for name in names if body.get(name) is not None), None)
    if not isinstance(found, list) or not found or not all(isinstance(one, str) and one for one in found):
        raise problem(400, f"{names[0]} must be a list of ids for request-level {level}")
    return tuple(dict.fromkeys(found))


def sandbox_of(call: Call, body: Mapping[str, Any], member: str) -> str:
    details = body.get(member)
    name = details.get("sandboxName") if isinstance(details, dict) else None
    if not isinstance(name, str) or not name:
        raise problem(400, f"{member}.sandboxName is required")
    if name not in call.org.sandboxes:
        raise problem(400, f"Sandbox {name} does not exist in organization {call.org.id}")
    return name


def given_of(body: Mapping[str, Any]) -> Given:
    """The dependencies of a migration, in the spelling of either dialect."""
    found = body.get("dependency")
    dependency = found if isinstance(found, dict) else {}
    dataset = dependency.get("datasetName")
    if not isinstance(dataset, str) or not dataset.strip():
        raise problem(400, "dependency.datasetName is required")
    segments: dict[str, tuple[str, str]] = {}
    for dialect in (R1, R4):
        for key, value in _map(dependency, dialect.segments).items():
            if value is not None and not isinstance(value, dict):
                raise problem(400, f"dependency.{dialect.segments} must map keys to objects")
            chosen = value or {}
            pair = chosen.get(dialect.namespace), chosen.get(dialect.segment_id)
            if not all(one is None or isinstance(one, str) for one in pair):
                raise problem(400, f"dependency.{dialect.segments} must hold texts")
            segments[key] = (pair[0] or "", pair[1] or "")
    profile, context = (
        {key: _text(value, name) for name in names for key, value in _map(dependency, name).items()}
        for names in ((R1.profile, R4.profile), (R1.context, R4.context))
    )
    return Given(profile, context, segments, dataset)


def _map(dependency: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = dependency.get(name)
    if value is not None and not isinstance(value, dict):
        raise problem(400, f"dependency.{name} must be an object")
    return value or {}


def _text(value: Any, name: str) -> str:
    if value is not None and not isinstance(value, str):
        raise problem(400, f"dependency.{name} must map names to names")
    return value or ""


def flag_of(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise problem(400, f"{name} must be true or false")
    return bool(value)


# Workflows


def written(call: Call, workflow: Workflow, dialect: Dialect) -> dict[str, Any]:
    """A workflow as one dialect shows it."""
    switches = call.world.switches
    body: dict[str, Any] = {"id": workflow.id, "status": workflow.shown_status or workflow.status}
    result = _result(call, workflow, dialect)
    if result is not None and workflow.kind == "dependency" and switches.decisioning_result_at_top:
        body |= result
    elif result is not None:
        body["result"] = result
    if workflow.status == "Failed":
        as_text = switches.decisioning_errors_as_text
        body["errors"] = [one["message"] if as_text else one for one in workflow.errors]
    if dialect.has_etag:
        body["_etag"] = workflow.etag
    base = call.request.path.partition(dialect.base)[0].rstrip("/") + dialect.base
    path = f"{base}/{dialect.paths[workflow.kind]}/{workflow.id}"
    body["_links"] = {"self": {"href": path} if switches.decisioning_self_link_as_object else path}
    return body


def _result(call: Call, workflow: Workflow, dialect: Dialect) -> dict[str, Any] | None:
    if workflow.status == "Failed":
        return {"error": workflow.error} if workflow.error else None
    if workflow.status != "Completed":
        return None
    if workflow.kind == "dependency":
        sandbox = call.world.sandbox(workflow.org_id, workflow.source)
        source = sandbox.decisioning if sandbox else DecisioningShelf()  # somebody may have deleted it since
        own = next((name for name in source.datasets if source.enabled_datastream(name)), "")
        return _dependencies(workflow.needs or Needs(), own, dialect, call.world.switches.decisioning_unmapped)
    return workflow.result


def _dependencies(needs: Needs, own_dataset: str, dialect: Dialect, unmapped: str) -> dict[str, Any]:
    """Everything to be mapped, in one of the forms in which "not mapped yet" may be said."""
    nothing: Any = "" if unmapped == "empty" else None
    segments: dict[str, Any] = {}
    for key in needs.segments:
        namespace, _, ident = key.partition(":")
        pair = (namespace, ident) if unmapped == "same_name" else (nothing, nothing)
        named = {dialect.namespace: pair[0], dialect.segment_id: pair[1]}
        segments[key] = {} if unmapped == "absent" else named
    found: dict[str, Any] = {
        member: {name: name if unmapped == "same_name" else nothing for name in names}
        for member, names in ((dialect.profile, needs.profile), (dialect.context, needs.context))
    }
    found[dialect.segments] = segments
    if unmapped != "absent":
        found["datasetName"] = own_dataset if unmapped == "same_name" else nothing
    return found
