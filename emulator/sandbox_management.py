"""Sandbox management: the sandboxes of an organization, and their slow creation, reset and deletion."""

import datetime
import re
from functools import partial
from typing import Any

from emulator import query
from emulator.answers import Answer, RefusedError, refused_by_sandboxes
from emulator.calls import Call, route
from emulator.clock import whole_second
from emulator.things import Organization, Sandbox

PREFIX = "/data/foundation/sandbox-management"
PROVISIONING_S = 30.0
_NAME = re.compile(r"[a-z][a-z0-9-]{0,255}\Z")

_FIELDS: query.Fields[Sandbox] = {
    "name": query.Field(lambda sandbox: sandbox.name),
    "title": query.Field(lambda sandbox: sandbox.title),
    "state": query.Field(lambda sandbox: sandbox.state),
    "type": query.Field(lambda sandbox: sandbox.type),
    "region": query.Field(lambda sandbox: sandbox.region),
    "isDefault": query.Field(lambda sandbox: str(sandbox.is_default).lower()),
    "createdDate": query.Field(lambda sandbox: whole_second(sandbox.created_ms), is_time=True),
    "lastModifiedDate": query.Field(
        lambda sandbox: whole_second(sandbox.modified_ms or sandbox.created_ms), is_time=True
    ),
}


def _stamp(epoch_ms: int) -> str:
    """Adobe, Sandboxes API guide: a blank between date and time, and no zone."""
    return datetime.datetime.fromtimestamp(epoch_ms // 1000, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")


def _row(sandbox: Sandbox) -> dict[str, Any]:
    return {
        "name": sandbox.name,
        "title": sandbox.title,
        "state": sandbox.state,
        "type": sandbox.type,
        "region": sandbox.region,
        "isDefault": sandbox.is_default,
        "eTag": sandbox.etag,
        "createdDate": _stamp(sandbox.created_ms),
        "lastModifiedDate": _stamp(sandbox.modified_ms or sandbox.created_ms),
        "createdBy": sandbox.created_by,
        "modifiedBy": sandbox.modified_by or sandbox.created_by,
    }


def _administrator(call: Call) -> None:
    if not call.caller.is_sandbox_admin:
        raise refused_by_sandboxes(403, "Missing permission: Sandbox Administration")


def _number(text: str) -> int:
    if not text.isdigit():
        raise refused_by_sandboxes(400, "The parameters limit and offset must be whole numbers, 0 or more.")
    return int(text)


def _list(call: Call, href: str) -> Answer:
    limit_text, offset_text = call.args.get("limit"), call.args.get("offset")
    if (limit_text is None) != (offset_text is None):
        raise refused_by_sandboxes(400, "The parameters limit and offset must be used together.")
    limit, offset = _number(limit_text or "50"), _number(offset_text or "0")
    if limit == 0:
        raise refused_by_sandboxes(400, "The parameter limit must be 1 or more.")
    try:
        rows = query.select(call, call.org.sandboxes.values(), _FIELDS, default_order="createdDate")
    except RefusedError as refusal:
        raise refused_by_sandboxes(400, refusal.answer.body["message"]) from None
    shown = rows[offset : offset + limit]
    base = f"{call.request.host_url.rstrip('/')}{PREFIX}{href}"
    links: dict[str, Any] = {}
    if offset + limit < len(rows):
        links["next"] = {"href": f"{base}?offset={offset + limit}&limit={limit}", "templated": None}
    if offset > 0:
        links["prev"] = {"href": f"{base}?offset={max(0, offset - limit)}&limit={limit}", "templated": None}
    links["page"] = {"href": f"{base}?limit={{limit}}&offset={{offset}}", "templated": True}
    return Answer(
        {
            "sandboxes": [_row(sandbox) for sandbox in shown],
            "_page": {"limit": limit, "count": len(shown)},
            "_links": links,
        }
    )


def _list_all(call: Call) -> Answer:
    _administrator(call)
    return _list(call, "/sandboxes")


def _list_available(call: Call) -> Answer:
    return _list(call, "/")


def _types(call: Call) -> Answer:
    return Answer({"sandboxTypes": ["production", "development"]})


def _known(call: Call) -> Sandbox:
    sandbox = call.org.sandboxes.get(call.params["name"])
    if sandbox is None:
        raise refused_by_sandboxes(404, f"Sandbox `{call.params['name']}` was not found.")
    return sandbox


def _get(call: Call) -> Answer:
    return Answer(_row(_known(call)))


def _body(call: Call) -> dict[str, Any]:
    body = call.json()
    if not isinstance(body, dict):
        raise refused_by_sandboxes(400, "The body must be a JSON object.")
    return body


def _change(call: Call, sandbox: Sandbox, state: str) -> None:
    sandbox.state = state
    sandbox.modified_ms = call.world.now_ms()
    sandbox.modified_by = call.caller.technical_account_id
    sandbox.etag += 1


def _create(call: Call) -> Answer:
    _administrator(call)
    body = _body(call)
    name, title, kind = body.get("name"), body.get("title"), body.get("type")
    if not isinstance(name, str) or not _NAME.match(name):
        raise refused_by_sandboxes(
            400, "The name must start with a lower-case letter and hold only lower-case letters, digits, hyphens."
        )
    if not isinstance(title, str) or not title or kind not in ("production", "development"):
        raise refused_by_sandboxes(400, "A title and a type, production or development, are required.")
    if name in call.org.sandboxes:
        raise refused_by_sandboxes(409, f"Sandbox `{name}` already exists.")
    now_ms = call.world.now_ms()
    region = call.org.region.upper()
    sandbox = Sandbox(name, title, kind, region, now_ms, call.caller.technical_account_id, state="creating")
    call.org.sandboxes[name] = sandbox
    call.world.after(PROVISIONING_S, partial(_finish, sandbox, "active"))
    return Answer(_row(sandbox), 202)


def _finish(sandbox: Sandbox, state: str) -> None:
    sandbox.state = state
    sandbox.etag += 1


def _remove(organization: Organization, sandbox: Sandbox) -> None:
    organization.sandboxes.pop(sandbox.name, None)


def _rename(call: Call) -> Answer:
    _administrator(call)
    sandbox = _known(call)
    title = _body(call).get("title")
    if not isinstance(title, str) or not title:
        raise refused_by_sandboxes(400, "A title is required; nothing else of a sandbox can be changed.")
    sandbox.title = title
    _change(call, sandbox, sandbox.state)
    return Answer(_row(sandbox))


def _idle(call: Call) -> Sandbox:
    sandbox = _known(call)
    if sandbox.state not in ("active", "failed"):
        raise refused_by_sandboxes(400, f"Sandbox `{sandbox.name}` is {sandbox.state}. Try again when it is active.")
    return sandbox


def _reset(call: Call) -> Answer:
    _administrator(call)
    sandbox = _idle(call)
    if _body(call).get("action") != "reset":
        raise refused_by_sandboxes(400, "The action must be reset.")
    standard = [thing for thing in sandbox.objects.values() if thing.is_standard or thing.is_default]
    sandbox.clear()
    for thing in standard:
        sandbox.add(thing)
    _change(call, sandbox, "resetting")
    call.world.after(PROVISIONING_S, partial(_finish, sandbox, "active"))
    return Answer(_row(sandbox), 202)


def _delete(call: Call) -> Answer:
    _administrator(call)
    sandbox = _idle(call)
    if sandbox.is_default:
        raise refused_by_sandboxes(400, f"Sandbox `{sandbox.name}` is the default production sandbox: it stays.")
    _change(call, sandbox, "deleting")
    call.world.after(PROVISIONING_S, partial(_remove, call.org, sandbox))
    return Answer(_row(sandbox), 202)


ROUTES = (
    route("GET", "", _list_available),
    route("GET", "/sandboxes", _list_all),
    route("POST", "/sandboxes", _create),
    route("GET", "/sandboxTypes", _types),
    route("GET", "/sandboxes/{name}", _get),
    route("PATCH", "/sandboxes/{name}", _rename),
    route("PUT", "/sandboxes/{name}", _reset),
    route("DELETE", "/sandboxes/{name}", _delete),
)
