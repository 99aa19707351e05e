"""Partnerships between organizations: asked for by one, approved or rejected by the other."""

from typing import Any

from emulator import query
from emulator.answers import Answer, refused_by_exim
from emulator.calls import Call, route
from emulator.clock import whole_second
from emulator.packages import text_of
from emulator.partnerships import Record, decide, new_record, react_to_decision, react_to_request
from emulator.submission import unknown_status, unnamed_or_unlisted

_FIELDS: query.Fields[Record] = {
    # The record says APPROVAL_PENDING, the documented filter says IN_PROGRESS.
    "status": query.Field(
        lambda record: str(record["status"]), orders=False, meaning={"IN_PROGRESS": "APPROVAL_PENDING"}
    ),
    "createdDate": query.Field(lambda record: whole_second(record["createdDate"]), is_time=True),
}


def may_share(call: Call) -> None:
    if not call.caller.may_share_packages:
        raise refused_by_exim(403, "Missing permission package-share")


def _members(record: Record, *names: str) -> Record:
    return {name: record[name] for name in names}


def _bulk_create(call: Call) -> Answer:
    may_share(call)
    body = call.json_object()
    targets, details = body.get("targetIMSOrgIds"), body.get("sourceIMSDetails")
    if not isinstance(targets, list) or not targets or not all(isinstance(one, str) for one in targets):
        raise refused_by_exim(400, "Attribute targetIMSOrgIds must be a list of organizations")
    if not isinstance(details, dict) or not details.get("id") or not details.get("name"):
        raise refused_by_exim(400, "Attribute sourceIMSDetails needs an id and a name")
    if details["id"] != call.org.id:
        raise refused_by_exim(403, f"The source must be organization {call.org.id}")
    told = _told_to_fail(call, targets)
    successful: dict[str, Record] = {}
    failed: dict[str, Any] = {}
    for target_id in dict.fromkeys(targets):
        if reason := _reason_against(call, target_id) or told.get(target_id):
            failed[target_id] = {"reason": reason} if isinstance(reason, str) else reason
            continue
        user = call.caller.technical_account_id
        record = new_record(call.world, call.org.id, str(details["name"]), target_id, user, call.org.user_name)
        if any(directive.name == "unknown_status" for directive in call.directives):
            record["status"] = unknown_status(call.directives)
        react_to_request(call.world, record)
        call.world.note("handshake.request", call.org.id, record["id"], target=target_id)
        successful[target_id] = _created(call, record)
    return Answer({"successfulRequests": successful, "failedRequests": failed}, 201)


def _told_to_fail(call: Call, targets: list[str]) -> dict[str, Any]:
    """The requests that a fault fails: the one for the organization it names, else the last; and what is said."""
    told: dict[str, Any] = {}
    for directive in call.directives:
        if directive.name == "partial_failure":
            target_id = str(directive.options.get("organization", targets[-1]))
            told[target_id] = directive.options.get("body", "Internal error")
    return told


def _created(call: Call, record: Record) -> Record:
    shown = _members(
        record,
        *("id", "version", "createdDate", "modifiedDate", "createdBy", "modifiedBy"),
        *("sourceIMSOrgId", "targetIMSOrgId", "sourceRegion"),
    ) | {
        "sourceIMSOrgName": record["sourceOrgName"],
        **_members(record, "status", "createdByName", "modifiedByName", "modifiedByIMSOrgId"),
        **_members(record, "statusHistory", "linkingId"),
    }
    return unnamed_or_unlisted(call, shown)


def _reason_against(call: Call, target_id: str) -> str | None:
    if target_id == call.org.id:
        return "An organization cannot be its own partner"
    if target_id not in call.world.organizations:
        return "Organization not found"
    for record in call.world.handshakes.values():
        pair = {record["sourceIMSOrgId"], record["targetIMSOrgId"]}
        if pair == {call.org.id, target_id} and record["status"] != "REJECTED":
            return "Partnership request already exists"
    return None


def _action(call: Call) -> Answer:
    may_share(call)
    body = call.json_object()
    linking_id = body.get("linkingID") or body.get("linkingId")
    status, reason, target = body.get("status"), text_of(body, "reason"), body.get("targetIMSOrgDetails")
    if not linking_id:
        raise refused_by_exim(400, "Missing required attribute linkingID")
    if status not in ("APPROVED", "REJECTED"):
        raise refused_by_exim(400, "Attribute status must be APPROVED or REJECTED")
    if not reason or not reason.strip():
        raise refused_by_exim(400, "Missing required attribute reason")
    if not isinstance(target, dict) or not all(target.get(name) for name in ("id", "name", "region")):
        raise refused_by_exim(400, "Attribute targetIMSOrgDetails needs an id, a name and a region")
    record = next((one for one in call.world.handshakes.values() if one["linkingId"] == linking_id), None)
    if record is None or call.org.id not in (record["sourceIMSOrgId"], record["targetIMSOrgId"]):
        raise refused_by_exim(404, f"Partnership request with linking ID: {linking_id} not found")
    if call.org.id != record["targetIMSOrgId"] or target["id"] != call.org.id:
        raise refused_by_exim(403, "Only the target organization can approve or reject a partnership request")
    if record["status"] != "APPROVAL_PENDING":
        raise refused_by_exim(400, f"Partnership request is already {record['status']}")
    user = call.caller.technical_account_id
    decide(call.world, record, approved=status == "APPROVED", reason=reason, target=target, user=user)
    react_to_decision(call.world, record)
    about = {"status": status, "linking_id": linking_id, "source": record["sourceIMSOrgId"]}
    call.world.note("handshake.decide", call.org.id, record["id"], **about)
    shown = _members(
        record,
        *("id", "version", "createdDate", "modifiedDate", "createdBy", "modifiedBy"),
        *("sourceIMSOrgId", "targetIMSOrgId", "sourceRegion", "targetRegion", "sourceOrgName", "targetOrgName"),
        *("status", "createdByName", "modifiedByIMSOrgId", "statusHistory", "linkingId"),
    )
    return Answer(shown | {"createdDate": whole_second(record["createdDate"])}, 201)


def _list(call: Call) -> Answer:
    direction = (call.arg_any_case("requestType") or "").upper()
    if direction not in ("INCOMING", "OUTGOING"):
        raise refused_by_exim(400, "Parameter requestType must be INCOMING or OUTGOING")
    mine = "targetIMSOrgId" if direction == "INCOMING" else "sourceIMSOrgId"
    hidden = call.world.unlisted
    records = (
        record
        for record in call.world.handshakes.values()
        if record[mine] == call.org.id and record["id"] not in hidden
    )
    chosen = query.select(call, records, _FIELDS, plain=("status",), default_order="-createdDate")
    return Answer(query.page_of(call, chosen, _row, nextPage=None, pageSize=None))


def _row(record: Record) -> Record:
    shown = {key: value for key, value in record.items() if key != "createdBy"}
    for name in ("targetRegion", "targetOrgName"):
        if shown[name] is None:
            del shown[name]
    return shown | {name: whole_second(record[name]) for name in ("createdDate", "modifiedDate")}


ROUTES = (
    route("POST", "/handshake/bulkCreate", _bulk_create),
    route("POST", "/handshake/action", _action),
    route("GET", "/handshake/list", _list),
)
