"""Packages on their way from one organization to another."""

import copy
from functools import partial
from typing import Any

from emulator import query
from emulator.answers import Answer, refused_by_exim
from emulator.calls import Call, Directive, route
from emulator.clock import whole_second
from emulator.handshakes import are_partners, may_share
from emulator.packages import known_package
from emulator.submission import unknown_status
from emulator.world import Organization, Package, World

Record = dict[str, Any]

SHORTEST_S, LONGEST_S = 1.0, 15.0
# Adobe, draft of the transfer page of the Sandbox tooling API guide: the messages in their order.
_STEPS = (
    "Fetched Package",
    "Fetched Manifest",
    "Tenant Identified",
    "Fetched Sandbox Id",
    "Fetched Blob Files",
    "Message Published to Kafka",
    "Completed Transfer",
)

_FIELDS: query.Fields[Record] = {
    "status": query.Field(lambda record: str(record["status"]), orders=False),
    "createdDate": query.Field(lambda record: whole_second(record["createdDate"]), is_time=True),
}


def _start(
    world: World,
    package: Package,
    source: Organization,
    target: Organization,
    *,
    request_type: str,
    user: str,
    directives: tuple[Directive, ...] = (),
) -> Record:
    record = _record(world, package, source, target, request_type, user, world.now_ms())
    names = {directive.name for directive in directives}
    if "unknown_status" in names:
        record["status"] = unknown_status(directives)
        return record
    duration_s = world.random.uniform(SHORTEST_S, LONGEST_S)
    world.after(duration_s / 3, partial(_go_on, record))
    if "stuck_job" not in names:
        sent = copy.copy(package)
        sent.content = world.content_of(package)
        fails = "partial_failure" in names
        world.after(duration_s, partial(_end, world, record, sent, target, fails))
    return record


def add_past(world: World, package: Package, target: Organization, *, created_ms: int, took_ms: int) -> Record:
    """A private transfer that was completed before the start."""
    source = world.organizations[package.org_id]
    record = _record(world, package, source, target, "PRIVATE", source.user_id, created_ms)
    record["status"] = "COMPLETED"
    record["completedTime"] = record["modifiedDate"] = created_ms + took_ms
    record["transferDetails"]["messages"] = [*_STEPS, "Finished with status: COMPLETED"]
    return record


def _record(
    world: World,
    package: Package,
    source: Organization,
    target: Organization,
    request_type: str,
    user: str,
    now_ms: int,
) -> Record:
    record: Record = {
        "id": world.hex_id(),
        "version": 0,
        "createdDate": now_ms,
        "modifiedDate": now_ms,
        "createdBy": user,
        "modifiedBy": user,
        "sourceIMSOrgId": source.id,
        "sourceOrgName": source.name,
        "targetIMSOrgId": target.id,
        "targetOrgName": target.name,
        "packageId": package.id,
        "packageName": package.name,
        "status": "PENDING",
        "initiatedBy": user,
        "completedTime": None,
        "transferDetails": {"messages": list(_STEPS[:2]), "additionalMetadata": None},
        "requestType": request_type,
    }
    world.transfers[record["id"]] = record
    return record


def _go_on(record: Record) -> None:
    record["status"] = "IN_PROGRESS"
    record["transferDetails"]["messages"] = list(_STEPS[:5])


def _end(world: World, record: Record, sent: Package, target: Organization, fails: bool) -> None:
    now_ms = world.current_ms()
    record["completedTime"] = record["modifiedDate"] = now_ms
    record["status"] = status = "FAILED" if fails else "COMPLETED"
    steps = _STEPS[:4] if fails else _STEPS
    record["transferDetails"]["messages"] = [*steps, f"Finished with status: {status}"]
    if fails:
        return
    # The public guide leaves open whether the copy keeps its id; two packages with one id would not be two.
    world.add_package(
        Package(
            id=world.hex_id(),
            org_id=target.id,
            name=sent.name,
            description=sent.description,
            package_type=sent.package_type,
            source_org_id=sent.source_org_id,
            source_sandbox=sent.source_sandbox,
            artifacts=list(sent.artifacts),
            created_ms=now_ms,
            modified_ms=now_ms,
            expiry_ms=sent.expiry_ms,
            created_by=target.user_id,
            modified_by=target.user_id,
            client_id=sent.client_id,
            status="PUBLISHED",
            version=2,
            published_ms=now_ms,
            content=sent.content,
        )
    )


def _shared(call: Call, package: Package) -> Package:
    if package.status != "PUBLISHED":
        raise refused_by_exim(400, f"Package {package.name} is {package.status}. It must be PUBLISHED to be shared")
    if package.expiry_ms <= call.world.now_ms():
        raise refused_by_exim(400, f"Package {package.name} has expired and cannot be shared")
    return package


def _create(call: Call) -> Answer:
    may_share(call)
    body = call.json_object()
    if not body.get("packageId"):
        raise refused_by_exim(400, "Missing required attribute packageId")
    targets = body.get("targets")
    if not isinstance(targets, list) or not targets:
        raise refused_by_exim(400, "Attribute targets must be a list of organizations")
    package = _shared(call, known_package(call, body["packageId"]))
    ids = [str(target.get("imsOrgId")) if isinstance(target, dict) else "" for target in targets]
    for org_id in ids:
        if org_id not in call.world.organizations:
            raise refused_by_exim(400, f"Organization {org_id} is not known")
        if not are_partners(call.world, call.org.id, org_id):
            raise refused_by_exim(400, f"There is no approved partnership with organization {org_id}")
    records = [
        _start(
            call.world,
            package,
            call.org,
            call.world.organizations[org_id],
            request_type="PRIVATE",
            user=call.caller.technical_account_id,
            directives=tuple(call.directives),
        )
        for org_id in dict.fromkeys(ids)
    ]
    return Answer([_created(call, record) for record in records], 201)


def _created(call: Call, record: Record) -> Record:
    left_out = {"sourceOrgName", "targetOrgName", "packageName", "completedTime"}
    if not call.world.switches.transfer_details or record["requestType"] == "PUBLIC":
        left_out.add("transferDetails")
    return {key: value for key, value in record.items() if key not in left_out}


def _pull(call: Call) -> Answer:
    body = call.json_object()
    source_id, package_id = body.get("imsOrgId"), body.get("packageId")
    if not source_id or not package_id:
        raise refused_by_exim(400, "Attributes imsOrgId and packageId are required")
    package = call.world.packages.get(str(package_id))
    if package is None or package.org_id != source_id:
        raise refused_by_exim(404, f"Package with ID: {package_id} not found in organization {source_id}")
    if package.visibility != "PUBLIC":
        raise refused_by_exim(400, f"Package {package.name} is not public")
    record = _start(
        call.world,
        _shared(call, package),
        call.world.organizations[str(source_id)],
        call.org,
        request_type="PUBLIC",
        user=call.caller.technical_account_id,
        directives=tuple(call.directives),
    )
    shown = _created(call, record)
    kind = shown.pop("requestType")
    return Answer(shown | {"pipelineMessageId": call.world.uuid(), "requestType": kind}, 201)


def _row(call: Call, record: Record, *, in_list: bool) -> Record:
    left_out = {"version", "modifiedDate", "createdBy", "modifiedBy"}
    if not in_list or record["completedTime"] is None:
        left_out.add("completedTime")
    if not call.world.switches.transfer_details or record["requestType"] == "PUBLIC":
        left_out.add("transferDetails")
    shown = {key: value for key, value in record.items() if key not in left_out}
    for name in ("createdDate", "completedTime"):
        if name in shown:
            shown[name] = whole_second(shown[name])
    return shown


def _mine(call: Call, record: Record) -> bool:
    return call.org.id in (record["sourceIMSOrgId"], record["targetIMSOrgId"])


def _get(call: Call) -> Answer:
    record = call.world.transfers.get(call.params["transfer_id"])
    if record is None or not _mine(call, record):
        raise refused_by_exim(404, f"Transfer with ID: {call.params['transfer_id']} not found")
    return Answer(_row(call, record, in_list=False))


def _list(call: Call) -> Answer:
    kind = (call.arg_any_case("requestType") or "").upper()
    if kind not in ("", "PUBLIC", "PRIVATE"):
        raise refused_by_exim(400, "Parameter requestType must be PUBLIC or PRIVATE")
    records = (
        record
        for record in call.world.transfers.values()
        if _mine(call, record) and kind in ("", record["requestType"])
    )
    chosen = query.select(call, records, _FIELDS, plain=("status",), default_order="-createdDate")
    page = query.page_of(call, chosen, lambda record: _row(call, record, in_list=True), nextPage=None, pageSize=None)
    return Answer(page)


ROUTES = (
    route("POST", "/transfer", _create),
    route("POST", "/transfer/pullRequest", _pull),
    route("GET", "/transfer/list", _list),
    route("GET", "/transfer/{transfer_id}", _get),
)
