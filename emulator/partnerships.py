"""Partnerships as they are remembered, and partners that act by themselves."""

import json
from functools import partial
from typing import Any

from emulator import deliveries
from emulator.things import Organization
from emulator.world import World

Record = dict[str, Any]

# How an organization that nobody works for deals with partners, and the reason that it gives.
MANNERS = {
    "approves": "Welcome as a partner",
    "rejects": "We do not share packages this quarter",
    "silent": "",
    "shares": "",  # answers nothing, and sends a package to whoever approves its own request
}


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


def react_to_request(world: World, record: Record) -> None:
    """Let the target answer by itself after a while, if that is its manner."""
    target = world.organizations[record["targetIMSOrgId"]]
    if target.manner in ("approves", "rejects"):
        world.after(target.answers_after_s, partial(_answer, world, record, target))


def _answer(world: World, record: Record, target: Organization) -> None:
    if record["status"] != "APPROVAL_PENDING" or record["id"] not in world.handshakes:
        return
    decide(
        world,
        record,
        approved=target.manner == "approves",
        reason=MANNERS[target.manner],
        target={"id": target.id, "name": target.name, "region": target.region},
        user=target.user_id,
        at_ms=world.current_ms(),
    )


def react_to_decision(world: World, record: Record) -> None:
    """Let the source send something to its new partner, if that is its manner."""
    source = world.organizations[record["sourceIMSOrgId"]]
    if record["status"] == "APPROVED" and source.manner == "shares":
        world.after(source.answers_after_s, partial(_share, world, source, record["targetIMSOrgId"]))


def _share(world: World, source: Organization, target_id: str) -> None:
    chosen = [one for one in world.packages.values() if one.org_id == source.id and one.status == "PUBLISHED"]
    private = [one for one in chosen if one.visibility == "PRIVATE"]
    if private and are_partners(world, source.id, target_id):
        target = world.organizations[target_id]
        deliveries.start(world, private[0], target, request_type="PRIVATE", user=source.user_id)
