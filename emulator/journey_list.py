"""The list of journeys and their versions, with the headers by which the product's own pages ask for a part of it."""

import base64
import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from emulator.answers import Answer
from emulator.calls import Call, route
from emulator.journey_things import Journey, JourneyVersion
from emulator.journeys import is_shown, metadata_of, shelf_of

_Row = dict[str, Any]


def _version_row(call: Call, version: JourneyVersion) -> _Row:
    row = {
        "uid": version.uid,
        "journey": version.journey_uid,
        "name": version.name,
        "journeyVersion": version.label,
        "state": version.authoring_state,
    }
    if version.state == "in_review":
        row["reviewState"] = "inReview"
    return row | {"metadata": metadata_of(call, version, version)}


def _row(call: Call, journey: Journey) -> _Row:
    row: _Row = {
        "uid": journey.uid,
        "name": journey.latest.name,
        "metadata": metadata_of(call, journey.versions[0], journey.latest),
    }
    if call.world.switches.journey_list_versions:
        row["lastVersion"] = journey.latest.uid
        row["journeyVersions"] = [_version_row(call, version) for version in journey.versions]
    return row


def _list(call: Call) -> Answer:
    """Whatever the body is: the public collection sends none, a neighbouring route an empty object."""
    switches = call.world.switches
    rows = [_row(call, one) for one in shelf_of(call).journeys.values() if is_shown(call, one)]
    rows, size = _asked_for(call, rows) if switches.journey_list_headers else (rows, 0)
    most = switches.journey_page_size
    size = min(size or most, most) if most else size
    directives = {directive.name for directive in call.directives}
    if "shifted_rows" in directives:
        rows = [*rows[:1], *rows]
    total = len(rows)
    if size:
        page = _number(call, "page") if switches.journey_list_headers else 0
        rows = rows[page * size : (page + 1) * size]
    if "empty_page" in directives:
        rows = []
    shown = [_only(row, _fields(call)) for row in rows] if switches.journey_list_headers else rows
    pagination = {"pageSize": size or max(30, total), "totalCount": total}
    return Answer({switches.journey_list_in: shown, "pagination": pagination})


# The headers. Whatever in them cannot be understood is ignored.


def _asked_for(call: Call, rows: list[_Row]) -> tuple[list[_Row], int]:
    filters = _encoded(call, "filters")
    if isinstance(filters, dict):
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError, StopIteration, RecursionError):
            rows = [row for row in rows if _passes(filters, row)]
    for sort in reversed(_encoded(call, "sorts") or []):
        fields = sort.get("fields") if isinstance(sort, dict) else None
        for name in reversed(fields if isinstance(fields, list) else []):
            is_down = sort.get("direction") == "descending"
            rows = sorted(rows, key=lambda row: str(_value(row, str(name)) or ""), reverse=is_down)
    return rows, _number(call, "pagesize")


def _encoded(call: Call, name: str) -> Any:
    text = call.request.headers.get(f"x-vyg-query-{name}")
    if not text:
        return None
    try:
        found = json.loads(base64.b64decode(text, validate=True))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict if name == "filters" else list) else None


def _number(call: Call, name: str) -> int:
    text = call.request.headers.get(f"x-vyg-query-{name}", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _fields(call: Call) -> list[list[str]]:
    fields = _encoded(call, "fields") or []
    return [path for path in fields if isinstance(path, list) and path and all(isinstance(one, str) for one in path)]


def _only(row: _Row, fields: list[list[str]]) -> _Row:
    if not fields:
        return row
    shown: _Row = {}
    for path in fields:
        source, target = row, shown
        for step in path[:-1]:
            inner = source.get(step)
            source = inner if isinstance(inner, dict) else {}
            deeper = target.setdefault(step, {})
            target = deeper if isinstance(deeper, dict) else {}
        if path[-1] in source:
            target[path[-1]] = source[path[-1]]
    return shown


def _value(row: Any, path: str) -> Any:
    for step in path.split("."):
        row = row.get(step) if isinstance(row, dict) else None
    return row


_COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "contain": lambda text, wanted: wanted.casefold() in text.casefold(),
    "equal": lambda text, wanted: text == wanted,
}


def _passes(node: Mapping[str, Any], row: _Row) -> bool:
    """Whether a row passes an expression tree such as or(contain(field name, constant, true), ...)."""
    name, args = node["function"], node["args"]
    if name in ("and", "or"):
        return (all if name == "and" else any)([_passes(one, row) for one in args])
    if name not in _COMPARISONS:
        raise ValueError(name)
    path = next(one["name"] for one in args if isinstance(one, dict) and one.get("type") == "field")
    wanted = next(one["value"] for one in args if isinstance(one, dict) and one.get("type") == "constant")
    return _COMPARISONS[name](str(_value(row, path) or ""), str(wanted))


ROUTES = (route("POST", "/list/journeys", _list),)
