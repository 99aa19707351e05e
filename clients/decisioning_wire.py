"""From the JSON of a workflow to `clients.decisioning_models`, and from those to requests, in either dialect.

Both spellings are read from either dialect, and only the dialect's own is written.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from clients.answers import Answer
from clients.decisioning_models import Dependencies, Dialect, Scope, Segment, Workflow
from clients.decisioning_results import Hide, read_errors, read_outcome
from clients.folding import first_of, folded, text_of
from clients.transport import MalformedError

# The value of each level has a list of its own; one translation of R4 prints decisionList, its samples do not.
_LISTS = {"offer": "offersList", "decision": "decisionsList"}

_PROFILE = ("profileattributes", "profileattributedependency")
_CONTEXT = ("contextattributes", "contextattributedependency")
_SEGMENTS = ("segments", "segmentsdependency")
_DATASET = ("datasetname",)
_ENVELOPES = ("workflow", "data", "object")


def read_workflow(answer: Answer, hide: Hide) -> Workflow:
    """The workflow; raises MalformedError if the answer does not name its id."""
    body = answer.json()
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    members = folded(body)
    if not _id_of(members) and isinstance(inner := first_of(members, *_ENVELOPES), dict):
        body, members = inner, folded(inner)
    if not isinstance(body, dict):
        raise MalformedError("an object was expected")
    workflow_id = _id_of(members)
    if not workflow_id:
        raise MalformedError("it does not name the workflow")
    result, raw = members.get("result"), hide(body)
    mappings, warnings = read_outcome(body, hide)
    return Workflow(
        id=workflow_id,
        status=text_of(members, "status"),
        etag=text_of(members, "etag"),
        self_link=hide(_self_link(members)),
        result=folded(raw).get("result"),
        dependencies=read_dependencies(result, body),
        mappings=mappings,
        warnings=warnings,
        errors=read_errors(members, result, hide),
        raw=raw,
    )


def _id_of(members: dict[str, Any]) -> str:
    return text_of(members, "id", "workflowid").strip()


def _self_link(members: dict[str, Any]) -> str:
    link = folded(members.get("links")).get("self")
    if isinstance(link, list) and link:
        link = link[0]
    return link if isinstance(link, str) else text_of(folded(link), "href")


def read_dependencies(*places: Any) -> Dependencies | None:
    """The dependencies in the first of these places, or inside their `dependency`; None if none of them is named."""
    holders = []
    for place in places:
        members = folded(place)
        holders += [members, folded(first_of(members, "dependency", "dependencies"))]

    def look_for(names: Sequence[str]) -> Any:
        return next((value for holder in holders if (value := first_of(holder, *names)) is not None), None)

    if not any(name in holder for holder in holders for name in (*_PROFILE, *_CONTEXT, *_SEGMENTS, *_DATASET)):
        return None
    return Dependencies(
        profile_attributes=_by_source(look_for(_PROFILE)),
        context_attributes=_by_source(look_for(_CONTEXT)),
        segments=_segments(look_for(_SEGMENTS)),
        dataset_name=_text(look_for(_DATASET)),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _by_source(value: Any) -> dict[str, str]:
    if isinstance(value, list):
        return {name: "" for name in value if isinstance(name, str)}
    return {name: _text(target) for name, target in value.items()} if isinstance(value, dict) else {}


def _segments(value: Any) -> dict[str, Segment]:
    if isinstance(value, list):
        return {key: Segment("", "") for key in value if isinstance(key, str)}
    return {key: _segment(target) for key, target in value.items()} if isinstance(value, dict) else {}


def _segment(value: Any) -> Segment:
    if isinstance(value, str):
        return Segment("", value)
    members = folded(value)
    return Segment(
        _text(first_of(members, "namespace", "segmentnamespace")), _text(first_of(members, "id", "segmentid"))
    )


def level_params(dialect: Dialect, scope: Scope) -> list[tuple[str, str]]:
    """The level, where the dialect has it in the query."""
    return [("request-level", scope.level)] if dialect is Dialect.R4 else []


def request_body(dialect: Dialect, *, ims_org_id: str, source: str, target: str, scope: Scope) -> dict[str, Any]:
    """What an analysis and a migration both send; raises ValueError for a request that would mean something else."""
    for name, sandbox in (("source", source), ("target", target)):
        if not sandbox.strip():
            raise ValueError(f"The {name} sandbox must be named.")
    body: dict[str, Any] = {
        "imsOrgId": ims_org_id,
        "sourceSandboxDetails": {"sandboxName": source},
        "targetSandboxDetails": {"sandboxName": target},
    }
    if dialect is Dialect.R1:
        body["requestLevel"] = scope.level
    return {**body, **_ids(scope)}


def _ids(scope: Scope) -> dict[str, list[str]]:
    if scope.level == "sandbox":
        # They would be passed over in silence, and everything migrated.
        if scope.ids:
            raise ValueError("A migration of the whole sandbox takes no ids. Choose the offers or decisions instead.")
        return {}
    if scope.level not in _LISTS:
        raise ValueError(f"There is no level {scope.level!r}: choose sandbox, offer or decision.")
    if not scope.ids or not all(one.strip() for one in scope.ids):
        raise ValueError(f"A migration of single {scope.level}s needs at least one id, and none may be empty.")
    return {_LISTS[scope.level]: list(scope.ids)}


def dependency_body(dialect: Dialect, dependencies: Dependencies) -> dict[str, Any]:
    """The dependencies under the names of the dialect."""
    if dialect is Dialect.R1:
        profile, context, segments = "profileAttributeDependency", "contextAttributeDependency", "segmentsDependency"
        namespace, segment_id = "segmentNamespace", "segmentId"
    else:
        profile, context, segments = "profileAttributes", "contextAttributes", "segments"
        namespace, segment_id = "namespace", "id"
    mapped: Mapping[str, Segment] = dependencies.segments
    return {
        profile: dict(dependencies.profile_attributes),
        context: dict(dependencies.context_attributes),
        segments: {key: {namespace: one.namespace, segment_id: one.id} for key, one in mapped.items()},
        "datasetName": dependencies.dataset_name,
    }
