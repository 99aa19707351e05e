"""Importing an API version: SnapLogic, public API, "Import an API version"."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from io import BytesIO
from typing import IO, Any

from emulator import snaplogic_zips
from emulator.answers import Answer
from emulator.blobs import Blob, digest_of
from emulator.calls import Call, Directive, route
from emulator.snaplogic import as_planned, asset_types, enter, refused, username_of
from emulator.snaplogic_accounts import AccountError, edited
from emulator.snaplogic_deliveries import (
    CREATE_NEW,
    OVERWRITE,
    SKIP,
    Delivery,
    Failing,
    Outcome,
    answer_of,
    deliver,
    new_snode_id,
    target_of,
)
from emulator.snaplogic_things import WRITE, Plan, SnapAsset, version_path
from emulator.world import World

RULES = {"skip": SKIP, "true": SKIP, "create_new": CREATE_NEW, "false": CREATE_NEW, "overwrite": OVERWRITE}


def _import(call: Call) -> Answer:
    org, api, version = (call.params[name] for name in ("org", "api", "version"))
    path = version_path(org, api, version)
    enter(call, org, WRITE, f"{org}/apim/{api}")
    run = partial(_run, call, org, api, version)
    return as_planned(call, "import", path, run, conflict=f"API version already exists: {path}")


def _run(call: Call, org_name: str, api: str, version_name: str, plan: Plan) -> Answer:
    if call.request.mimetype != "multipart/form-data":
        raise refused(400, "The request body must be multipart/form-data")
    rule = RULES.get(call.args.get("duplicate_check", SKIP).casefold())
    if rule is None:
        raise refused(400, f"Invalid duplicate_check: {call.args['duplicate_check']}")
    overwrite_types = asset_types(call.args.getlist("overwrite_types"), "overwrite_types")
    if any(directive.name == "job_failure" for directive in call.directives):
        raise refused(500, "Internal server error")
    uploaded, document = _package(call, org_name)
    delivery = Delivery(uploaded, rule, overwrite_types, _account_nodes(call), _expressions(call))
    documents = _documents(call.world, org_name, delivery)
    outcome = Outcome()
    version = target_of(call, org_name, api, version_name, rule)
    deliver(call, version, delivery, documents, outcome, _failing(plan, call.directives, uploaded))
    for wanted in plan.warn:
        outcome.warn(str(wanted.get("message", "")), new_snode_id(call.world), str(wanted.get("name", "")))
    path = version_path(org_name, api, version_name)
    call.world.snaplogic.imports[path, version.path, username_of(call)] += 1
    call.world.note(
        "snaplogic.import",
        org_name,
        version.snode_id,
        path=path,
        version_path=version.path,
        client=username_of(call),
        rule=rule,
        document=document,
        successful=len(outcome.successful),
        failed=len(outcome.failed),
    )
    return Answer(answer_of(version, outcome))


def _package(call: Call, org_name: str) -> tuple[list[SnapAsset], str]:
    """The assets of the zip, and the SHA-256 of the zip itself."""
    stream = _part(call, "file")
    if stream is None:
        raise refused(400, "Missing required parameter: file")
    size, sha256 = digest_of(stream)
    limit = call.world.snaplogic.orgs[org_name].import_limit
    if limit and size > limit:
        raise refused(413, f"The file is larger than {limit} bytes")
    try:
        return snaplogic_zips.read(stream), sha256
    except snaplogic_zips.ZipError as error:
        raise refused(400, str(error)) from None


def _account_nodes(call: Call) -> dict[str, Mapping[str, Any]]:
    stream = _part(call, "file_account")
    if stream is None:
        return {}
    try:
        nodes = json.loads(stream.read())
    except (ValueError, RecursionError):
        raise refused(400, "file_account is not valid JSON") from None
    if not isinstance(nodes, dict) or not all(isinstance(node, dict) for node in nodes.values()):
        raise refused(400, "file_account must hold one node for each account, by its UUID")
    return nodes


def _expressions(call: Call) -> list[tuple[str, Blob]]:
    stream = _part(call, "file_expr")
    if stream is None:
        return []
    try:
        return snaplogic_zips.read_flat(stream)
    except snaplogic_zips.ZipError as error:
        raise refused(400, str(error)) from None


def _part(call: Call, name: str) -> IO[bytes] | None:
    """A part of the form, sent as a file or as a text."""
    if name in call.request.files:
        return call.request.files[name].stream
    if name in call.request.form:
        return BytesIO(call.request.form[name].encode(errors="surrogatepass"))
    return None


def _documents(world: World, org: str, delivery: Delivery) -> dict[str, dict[str, Any]]:
    """The accounts as they will be stored, by their UUIDs. All are checked before anything is done."""
    accounts = {asset.asset_id: asset for asset in delivery.assets if asset.type == "Account"}
    try:
        return {
            uuid: edited(world, org, accounts[uuid], node)
            for uuid, node in delivery.account_nodes.items()
            if uuid in accounts
        }
    except AccountError as error:
        raise refused(400, str(error)) from None


def _failing(plan: Plan, directives: Iterable[Directive], assets: Sequence[SnapAsset]) -> Failing:
    failing = Failing.planned(plan)
    for directive in directives:
        name = str(directive.options.get("artifact") or (assets[-1].name if assets else ""))
        if directive.name == "partial_failure":
            failing.wanted.append(("", name, "Internal error", 500))
        elif directive.name == "hidden_error":
            failing.hidden.add(name)
    return failing


ROUTES = (route("POST", "/apim/import_version/{org}/apim/{api}/{version}", _import),)
