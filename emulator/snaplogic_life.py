"""The life of a version: published, taken back, deprecated, retired. Failures in part come within 200."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from emulator.answers import Answer
from emulator.calls import Call, Handler, route
from emulator.snaplogic import as_planned, enter, envelope, json_body, refused, text_in, username_of
from emulator.snaplogic_things import ADMIN, DEPRECATED, PUBLISHED, RETIRED, UNPUBLISHED, Plan, SnapVersion

# Operation -> the state it starts from, and where it leads to.
STEPS = {
    "publish": (UNPUBLISHED, PUBLISHED),
    "unpublish": (PUBLISHED, UNPUBLISHED),
    "deprecate": (PUBLISHED, DEPRECATED),
    "retire": (DEPRECATED, RETIRED),
}
# Two spellings are printed; either is taken for either call.
_INFOS = ("versions_info", "version_infos")


def _handler(operation: str) -> Handler:
    def handle(call: Call) -> Answer:
        body = json_body(call)
        org = enter(call, text_in(body, "org_name"), ADMIN)
        wanted = _infos(body) if operation in ("publish", "deprecate") else _paths(body)
        return as_planned(call, operation, org.name, partial(_change, call, operation, org.name, wanted))

    return handle


def _infos(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    infos = next((body[name] for name in _INFOS if name in body), None)
    if not isinstance(infos, list) or not infos:
        raise refused(400, f"Missing required parameter: {_INFOS[0]}")
    if not all(isinstance(info, dict) and isinstance(info.get("path"), str) for info in infos):
        raise refused(400, "Missing required parameter: path")
    return infos


def _paths(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    paths = body.get("version_paths")
    if not isinstance(paths, list) or not paths or not all(isinstance(path, str) for path in paths):
        raise refused(400, "Missing required parameter: version_paths")
    return [{"path": path} for path in paths]


def _change(call: Call, operation: str, org: str, wanted: Sequence[Mapping[str, Any]], plan: Plan) -> Answer:
    told = {str(one["name"]).lstrip("/"): str(one.get("reason", "Internal error")) for one in plan.fail}
    done: list[str] = []
    not_done: list[dict[str, str]] = []
    for info in wanted:
        path = info["path"].lstrip("/")
        shown = f"/{org}/apim/{info['path']}"  # a slash in front comes back doubled, as documented
        version = call.world.snaplogic.versions.get(f"{org}/apim/{path}")
        if version is None:
            not_done.append({"path": shown, "reason": f"The asset does not exist: {org}/apim/{path}"})
        elif reason := told.get(path) or _reason(version, operation):
            not_done.append({"path": shown, "reason": reason})
        else:
            version.state = STEPS[operation][1]
            if operation == "publish":
                version.publish_info = dict(info)
            version.message = str(info.get("message", "")) if operation == "deprecate" else version.message
            client = username_of(call)
            call.world.note(f"snaplogic.{operation}", org, version.snode_id, path=version.path, client=client)
            done.append(shown)
    return Answer(envelope(200, successful_versions=done, unsuccessful_versions=not_done))


def _reason(version: SnapVersion, operation: str) -> str:
    """Why a version cannot take this step; empty if it can."""
    needed = STEPS[operation][0]
    if version.state == needed:
        return ""
    return f"Version is {version.state}" if operation == "publish" else f"Version is not {needed}"


ROUTES = tuple(route("POST", f"/apim/{operation}_versions", _handler(operation)) for operation in STEPS)
