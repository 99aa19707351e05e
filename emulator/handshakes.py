"""Partnerships between organizations: asked for by one, approved or rejected by the other."""

import json
from typing import Any

from emulator import query
from emulator.answers import Answer, refused_by_exim
from emulator.calls import Call, route
from emulator.clock import whole_second
from emulator.packages import text_of
from emulator.world import World

Record = dict[str, Any]

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


def are_partners(world: World, one: str, other: str) -> bool:
    """An approved partnership counts both ways."""
    return any(
        record["status"] == "APPROVED" and {record["sourceIMSOrgId"], record["targetIMSOrgId"]} == {one, other}
        for record in world.handshakes.values()
    )


def new_record(
    world: World,
    source_id: str,
    source_name: str,
    target_id: str,
    user: str,
    name: str,
    *,
    at_ms: int | None = None,
) -> Record:
    """A request for a partnership, as it is stored."""
    now_ms = world.now_ms() if at_ms is None else at_ms
    source = world.organizations[source_id]
    record: Record = {
        "id": world.hex_id(),
        "version": 0,
        "createdDate": now_ms,
        "modifiedDate": now_ms,
        "createdBy": user,
        "modifiedBy": user,
        "sourceIMSOrgId": source_id,
        "targetIMSOrgId": target_id,
        "sourceRegion": source.region.lower(),
        "targetRegion": None,
        "sourceOrgName": source_name,
        "targetOrgName": None,
        "status": "APPROVAL_PENDING",
        "createdByName": name,
        "modifiedByName": name,
        "modifiedByIMSOrgId": source_id,
        "statusHistory": json.dumps([_act(user, name, source_id, "INITIATED", now_ms)], separators=(",", ":")),
        "linkingId": world.uuid(),
    }
    world.handshakes[record["id"]] = record
    return record


def decide(
    world: World,
    record: Record,
    *,
    approved: bool,
    reason: str,
    target: Record,
    user: str,
    at_ms: int | None = None,
) -> Record:
    """Approve or reject a request in the name of the target organization."""
    now_ms = world.now_ms() if at_ms is None else at_ms
    status = "APPROVED" if approved else "REJECTED"
    history = json.loads(record["statusHistory"])
    for entry in history:
        entry.setdefault("reason", None)
    history.append({**_act(None, None, target["id"], status, now_ms), "reason": reason})
    record.update(
        version=record["version"] + 1,
        modifiedDate=now_ms,
        modifiedBy=user,
        modifiedByName=world.organizations[target["id"]].user_name,
        modifiedByIMSOrgId=target["id"],
        targetRegion=str(target["region"]).lower(),
        targetOrgName=target["name"],
        status=status,
        statusHistory=json.dumps(history, separators=(",", ":")),
    )
    return record


def _act(user: str | None, name: str | None, org_id: str, action: str, at_ms: int) -> Record:
    return {
        "actionTakenBy": user,
        "actionTakenByName": name,
        "actionTakenByImsOrgID": org_id,
        "action": action,
        "actionTimeStamp": at_ms,
    }


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
    successful: dict[str, Record] = {}
    failed: dict[str, Record] = {}
    for target_id in dict.fromkeys(targets):
        if reason := _reason_against(call, target_id):
            failed[target_id] = {"reason": reason}
            continue
        user = call.caller.technical_account_id
        record = new_record(call.world, call.org.id, str(details["name"]), target_id, user, call.org.user_name)
        successful[target_id] = _members(
            record,
            *("id", "version", "createdDate", "modifiedDate", "createdBy", "modifiedBy"),
            *("sourceIMSOrgId", "targetIMSOrgId", "sourceRegion"),
        ) | {
            "sourceIMSOrgName": record["sourceOrgName"],
            **_members(record, "status", "createdByName", "modifiedByName", "modifiedByIMSOrgId"),
            **_members(record, "statusHistory", "linkingId"),
        }
    return Answer({"successfulRequests": successful, "failedRequests": failed}, 201)


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
    records = (record for record in call.world.handshakes.values() if record[mine] == call.org.id)
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
