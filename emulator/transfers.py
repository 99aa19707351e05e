"""Sharing packages: privately with partners, publicly with whoever pulls."""

from typing import Any

from emulator import deliveries, query
from emulator.answers import Answer, refused_by_exim
from emulator.calls import Call, route
from emulator.clock import whole_second
from emulator.handshakes import may_share
from emulator.packages import known_package
from emulator.partnerships import are_partners
from emulator.submission import unnamed_or_unlisted
from emulator.things import Package

Record = dict[str, Any]

_FIELDS: query.Fields[Record] = {
    "status": query.Field(lambda record: str(record["status"]), orders=False),
    "createdDate": query.Field(lambda record: whole_second(record["createdDate"]), is_time=True),
}


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
    unique = list(dict.fromkeys(ids))
    return Answer([_start(call, package, org_id, unique[-1]) for org_id in unique], 201)


def _start(call: Call, package: Package, target_id: str, last_id: str) -> Record:
    # A failure in part that names no organization is for the last one.
    directives = [
        directive
        for directive in call.directives
        if directive.name != "partial_failure" or directive.options.get("organization", last_id) == target_id
    ]
    record = deliveries.start(
        call.world,
        package,
        call.world.organizations[target_id],
        request_type="PRIVATE",
        user=call.caller.technical_account_id,
        directives=directives,
        at_ms=call.world.now_ms(),
    )
    call.world.note("transfer.share", call.org.id, record["id"], package_id=package.id, target=target_id)
    return unnamed_or_unlisted(call, _created(call, record))


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
    package = call.world.package_of(str(source_id), str(package_id))
    if package is None:
        raise refused_by_exim(404, f"Package with ID: {package_id} not found in organization {source_id}")
    if package.visibility != "PUBLIC":
        raise refused_by_exim(400, f"Package {package.name} is not public")
    record = deliveries.start(
        call.world,
        _shared(call, package),
        call.org,
        request_type="PUBLIC",
        user=call.caller.technical_account_id,
        directives=call.directives,
        at_ms=call.world.now_ms(),
    )
    call.world.note("transfer.pull", call.org.id, record["id"], package_id=package.id, source=package.org_id)
    shown = unnamed_or_unlisted(call, _created(call, record))
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
    is_hidden = record["id"] in call.world.unlisted
    return not is_hidden and call.org.id in (record["sourceIMSOrgId"], record["targetIMSOrgId"])


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
