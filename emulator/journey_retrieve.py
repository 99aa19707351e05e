"""The newer API, which reads journeys and nothing else. Its rows are versions, its words are others.

Adobe, Journey Optimizer APIs, "Retrieve journeys".
"""

import math
import re
from typing import Any
from urllib.parse import unquote

from emulator.answers import Answer, RefusedError
from emulator.calls import Call, route
from emulator.journey_things import JourneyShelf, JourneyVersion
from emulator.journeys import is_shown, metadata_of, sandbox_of

MOST_ROWS = 100
_CONDITION = re.compile(r"([\w.]+)\s*(>=|<=|=|>|<)\s*(.*)\Z")
_INCLUDES = frozenset({"campaigns", "surfaces", "rulesets"})
_TYPES = {
    "start": "start",
    "event": "event",
    "condition": "condition",
    "timer": "wait",
    "message": "action",
    "action": "action",
    "end": "end",
}


def _refused(status: int, reason: str, message: str) -> RefusedError:
    return RefusedError(Answer({"reason": reason, "message": message}, status))


def _shelf(call: Call) -> JourneyShelf:
    """Here the header is required, as the reference says of every call."""
    if not call.request.headers.get("x-sandbox-name"):
        raise _refused(400, "BAD_REQUEST", "Missing header x-sandbox-name")
    return sandbox_of(call).shelf


def _row(call: Call, version: JourneyVersion) -> dict[str, Any]:
    row = {
        "id": version.uid,
        "name": version.name,
        "description": version.description,
        "version": version.label,
        "type": str(version.document["journey"].get("type", "unitary")),
        "status": version.retrieve_status,
        "imsOrgId": call.org.id,
        "sandboxName": call.sandbox_name,
        "metadata": metadata_of(call, version, version),
    }
    return {name: value for name, value in row.items() if value is not None}


def _node(step: dict[str, Any], names: dict[str, tuple[str, str]]) -> dict[str, Any]:
    transitions = []
    for one in step.get("transitions") or ():
        target_id, target_name = names.get(str(one.get("targetStep")), (None, None))
        shown = {
            "targetNodeId": target_id,
            "targetName": target_name,
            "name": one.get("name"),
            "expression": one.get("condition"),
        }
        transitions.append({name: value for name, value in shown.items() if value is not None})
    node: dict[str, Any] = {
        "id": step.get("nodeId"),
        "type": _TYPES.get(str(step.get("nodeType")), str(step.get("nodeType"))),
        "name": step.get("nodeName"),
        "transitions": transitions,
    }
    action = step.get("action") or {}
    if channel := (action.get("surface") or {}).get("channel"):
        node["channel"] = {"id": channel, "type": channel}
    for scheduled in step.get("schedulerActions") or ():
        node["delay"] = (scheduled.get("rule") or {}).get("delay")
    return node


def _nodes(version: JourneyVersion) -> dict[str, Any]:
    own = version.document["journey"]
    steps = [step for step in own.get("steps") or () if isinstance(step, dict)]
    names = {str(step.get("uid")): (str(step.get("nodeId")), str(step.get("nodeName"))) for step in steps}
    start = names.get(str(own.get("initialStep")), ("", ""))[0]
    return {"startNodeId": start, "nodes": [_node(step, names) for step in steps]}


def _number(call: Call, name: str, default: int, least: int, most: int) -> int:
    text = call.args.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 9) or not least <= int(text) <= most:
        raise _refused(400, "BAD_REQUEST", f"Invalid value {text} for parameter {name}")
    return int(text)


def _value(row: dict[str, Any], path: str) -> Any:
    value: Any = row
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _filtered(rows: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    for condition in filter(None, text.split("&")):
        found = _CONDITION.match(condition.strip())
        if found is None:
            raise _refused(400, "BAD_REQUEST", f"Invalid filter {condition}")
        path, comparison, wanted = found.groups()
        choices = {one.strip().casefold() for one in wanted.split(",")}
        rows = [row for row in rows if _passes(str(_value(row, path) or ""), comparison, wanted, choices)]
    return rows


def _passes(value: str, comparison: str, wanted: str, choices: set[str]) -> bool:
    """Times are ISO and compare as text. The documented example says draft and live for Draft and Deployed."""
    if comparison == "=":
        shown = value.casefold()
        return shown in choices or ("live" in choices and shown in ("deployed", "redeployed"))
    if comparison in (">", ">="):
        return value > wanted or (comparison == ">=" and value == wanted)
    return value < wanted or (comparison == "<=" and value == wanted)


def _sorted(rows: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    for part in reversed([one for one in text.split(",") if one]):
        path, _, direction = part.partition("=")
        if direction not in ("asc", "desc"):
            raise _refused(400, "BAD_REQUEST", f"Invalid sort {part}")
        rows = sorted(rows, key=lambda row: str(_value(row, path) or ""), reverse=direction == "desc")
    return rows


def _list(call: Call) -> Answer:
    journeys = _shelf(call).journeys.values()
    rows = [_row(call, journey.latest) for journey in journeys if is_shown(call, journey)]
    rows = _sorted(_filtered(rows, unquote(call.args.get("filter", ""))), unquote(call.args.get("sort", "")))
    page = _number(call, "page", 0, 0, 10**8)
    size = _number(call, "pageSize", MOST_ROWS, 1, MOST_ROWS)
    directives = {directive.name for directive in call.directives}
    if "shifted_rows" in directives:
        rows = [*rows[:1], *rows]
    pages = max(1, math.ceil(len(rows) / size))
    rows = rows[page * size : (page + 1) * size]
    if "empty_page" in directives:
        rows, pages = [], max(pages, page + 2)
    if fields := [name for name in call.args.get("fields", "").split(",") if name]:
        rows = [{name: row[name] for name in fields if name in row} for row in rows]
    return Answer({"results": rows, "page": page, "limit": size, "pages": pages})


def _get(call: Call) -> Answer:
    shelf = _shelf(call)
    if unknown := {one for one in call.args.get("include", "").split(",") if one} - _INCLUDES:
        raise _refused(400, "BAD_REQUEST", f"Unknown include {min(unknown)}")
    version = shelf.versions.get(call.params["id"])
    if version is None or version.journey_uid in call.world.unlisted:
        raise _refused(404, "NOT_FOUND", "Journey not found")
    more = {
        "timeouts": {"actionExecution": 30, "entityEnrichment": 30},
        "priority": 0,
        "reentrance": {"policy": "force", "durationInSecs": 300},
        "labels": [],
        "metrics": [],
    }
    return Answer(_row(call, version) | more | _nodes(version))


ROUTES = (
    route("GET", "/journey", _list),
    route("GET", "/journey/{id}", _get),
)
