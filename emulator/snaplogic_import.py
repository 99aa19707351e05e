"""Importing an API version: SnapLogic, public API, "Import an API version"."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from typing import IO, Any

from emulator import snaplogic_zips
from emulator.answers import Answer
from emulator.blobs import Blob, digest_of
from emulator.calls import Call, Directive, route
from emulator.snaplogic import as_planned, asset_types, enter, envelope, refused, username_of
from emulator.snaplogic_accounts import AccountError, edited, is_readable
from emulator.snaplogic_things import RETIRED, WRITE, Plan, SnapAsset, SnapVersion, version_path
from emulator.world import World

SKIP, CREATE_NEW, OVERWRITE = "skip", "create_new", "overwrite"
RULES = {"skip": SKIP, "true": SKIP, "create_new": CREATE_NEW, "false": CREATE_NEW, "overwrite": OVERWRITE}
SAME_NAME = "Asset with the same name already exists"
NOT_LISTED = "Asset with the same name already exists and its type is not in overwrite_types; it was skipped"
NOT_DECRYPTED = "Account value was not decrypted; set it after import"
UNKNOWN_ACCOUNT = "There is no account with this UUID in the zip file; the node was ignored"
SAME_FILE = "Several expression files have this name; the last one was copied"


def new_snode_id(world: World) -> str:
    return f"{world.random.getrandbits(96):024x}"


@dataclass
class Delivery:
    """What is to be put into an API version, and how."""

    assets: Sequence[SnapAsset]
    rule: str = SKIP
    overwrite_types: frozenset[str] = frozenset()
    account_nodes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    expressions: Sequence[tuple[str, Blob]] = ()


@dataclass
class Outcome:
    """What becomes of a delivery, asset by asset."""

    successful: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)

    def succeed(self, asset: SnapAsset) -> None:
        entry = {"snode_id": asset.snode_id, "name": asset.name}
        if entry not in self.successful:
            self.successful.append(entry)

    def fail(self, asset: SnapAsset, reason: str, status: int = 409) -> None:
        self.failed.append({"status_code": status, "reason": reason, "snode_id": asset.snode_id, "name": asset.name})

    def warn(self, message: str, snode_id: str, name: str) -> None:
        self.warnings.append({"message": message, "snode_id": snode_id, "name": name})


# The call


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
    call.world.snaplogic.imports[path, username_of(call)] += 1
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


def answer_of(version: SnapVersion, outcome: Outcome) -> dict[str, Any]:
    """The documented lists, and where everything went: only the emulator says so."""
    lists = {"successful": outcome.successful, "failed": outcome.failed, "warnings": outcome.warnings}
    return envelope(200, **lists, version_path=version.path)


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
        return snaplogic_zips.read(stream)[1], sha256
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


# What it does


def target_of(call: Call, org: str, api: str, name: str, rule: str) -> SnapVersion:
    """The version to write into: the one of this name, or a new one."""
    memory, path = call.world.snaplogic, version_path(org, api, name)
    known = memory.versions.get(path)
    if known and rule == CREATE_NEW:
        number = 1
        while version_path(org, api, f"{name}{number}") in memory.versions:
            number += 1
        name, known = f"{name}{number}", None
    if known and known.state == RETIRED:
        raise refused(409, f"API version is retired and cannot be changed: {path}")
    return known or memory.add(
        SnapVersion(
            org=org,
            path=version_path(org, api, name),
            snode_id=new_snode_id(call.world),
            api=api,
            version=name,
            created_ms=call.world.now_ms(),
        )
    )


def deliver(
    call: Call,
    version: SnapVersion,
    delivery: Delivery,
    documents: Mapping[str, dict[str, Any]],
    outcome: Outcome,
    failing: "Failing",
) -> None:
    """Put assets into a version by the rule of the delivery; policies are overwritten by any rule."""
    for asset in delivery.assets:
        known = version.find(asset.type, asset.name)
        if reason := failing.reason_of(asset):
            outcome.fail(asset, *reason)
        elif asset.name in failing.hidden:
            outcome.succeed(asset)
        elif known and asset.type != "Policy" and delivery.rule != OVERWRITE:
            outcome.fail(known, SAME_NAME)
        elif known and asset.type != "Policy" and asset.type not in delivery.overwrite_types:
            outcome.warn(NOT_LISTED, known.snode_id, known.name)
        else:
            document = documents.get(asset.asset_id, asset.document)
            stored = put(call, version, asset.type, asset.name, content=asset.content, document=document)
            outcome.succeed(stored)
            if stored.document and not is_readable(call.world, version.org, stored):
                outcome.warn(NOT_DECRYPTED, stored.snode_id, stored.name)
    known_uuids = {asset.asset_id for asset in delivery.assets if asset.type == "Account"}
    for uuid, node in delivery.account_nodes.items():
        if uuid not in known_uuids:
            outcome.warn(UNKNOWN_ACCOUNT, uuid, str(node.get("name", "")))
    _add_expressions(call, version, delivery.expressions, outcome)


def put(
    call: Call,
    folder: SnapVersion,
    asset_type: str,
    name: str,
    *,
    content: Blob | None = None,
    document: dict[str, Any] | None = None,
) -> SnapAsset:
    """Add an asset, or overwrite the one of this type and name, which keeps its ids."""
    world, now_ms, user = call.world, call.world.now_ms(), username_of(call)
    asset = folder.find(asset_type, name)
    if asset is None:
        asset = SnapAsset(
            type=asset_type,
            name=name,
            snode_id=new_snode_id(world),
            asset_id=world.uuid(),
            owner=user,
            updated_by=user,
            created_ms=now_ms,
            updated_ms=now_ms,
        )
        folder.assets.append(asset)
    asset.content, asset.document = content, json.loads(json.dumps(document)) if document else None
    asset.updated_by, asset.updated_ms = user, now_ms
    return asset


def _add_expressions(
    call: Call, version: SnapVersion, expressions: Iterable[tuple[str, Blob]], outcome: Outcome
) -> None:
    seen: set[str] = set()
    repeated: list[str] = []
    for name, content in expressions:
        outcome.succeed(put(call, version, "File", name, content=content))
        if name in seen and name not in repeated:
            repeated.append(name)
        seen.add(name)
    for name in repeated:
        stored = version.find("File", name)
        outcome.warn(SAME_FILE, stored.snode_id if stored else "", name)


@dataclass
class Failing:
    """Assets that a test wants to fail, each with a reason and a status, or to be claimed and not made."""

    wanted: list[tuple[str, str, str, int]] = field(default_factory=list)  # type (empty: any), name, reason, status
    hidden: set[str] = field(default_factory=set)

    def reason_of(self, asset: SnapAsset) -> tuple[str, int] | None:
        return next(
            (
                (reason, status)
                for asset_type, name, reason, status in self.wanted
                if name == asset.name and asset_type in ("", asset.type)
            ),
            None,
        )


def _failing(plan: Plan, directives: Iterable[Directive], assets: Sequence[SnapAsset]) -> Failing:
    failing = Failing()
    for wanted in plan.fail:
        reason, status = str(wanted.get("reason", "Internal error")), int(wanted.get("status_code", 500))
        failing.wanted.append((str(wanted.get("type", "")), str(wanted["name"]), reason, status))
    for directive in directives:
        name = str(directive.options.get("artifact") or next(_last_name(assets), ""))
        if directive.name == "partial_failure":
            failing.wanted.append(("", name, "Internal error", 500))
        elif directive.name == "hidden_error":
            failing.hidden.add(name)
    return failing


def _last_name(assets: Sequence[SnapAsset]) -> Iterator[str]:
    return (asset.name for asset in reversed(assets))


ROUTES = (route("POST", "/apim/import_version/{org}/apim/{api}/{version}", _import),)
