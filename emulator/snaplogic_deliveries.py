"""What an import or a migration does to an API version, asset by asset."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.blobs import Blob
from emulator.calls import Call
from emulator.snaplogic import envelope, refused, username_of
from emulator.snaplogic_accounts import is_readable
from emulator.snaplogic_things import RETIRED, Plan, SnapAsset, SnapVersion, version_path
from emulator.world import World

SKIP, CREATE_NEW, OVERWRITE = "skip", "create_new", "overwrite"
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


@dataclass
class Failing:
    """Assets that a test wants to fail, each with a reason and a status, or to be claimed and not made."""

    wanted: list[tuple[str, str, str, int]] = field(default_factory=list)  # type (empty: any), name, reason, status
    hidden: set[str] = field(default_factory=set)

    @classmethod
    def planned(cls, plan: Plan) -> "Failing":
        return cls(
            [
                (
                    str(told.get("type", "")),
                    str(told["name"]),
                    str(told.get("reason", "Internal error")),
                    int(told.get("status_code", 500)),
                )
                for told in plan.fail
            ]
        )

    def reason_of(self, asset: SnapAsset) -> tuple[str, int] | None:
        return next(
            (
                (reason, status)
                for asset_type, name, reason, status in self.wanted
                if name == asset.name and asset_type in ("", asset.type)
            ),
            None,
        )


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


def answer_of(version: SnapVersion, outcome: Outcome) -> dict[str, Any]:
    """The documented lists, and where everything went: only the emulator says so."""
    lists = {"successful": outcome.successful, "failed": outcome.failed, "warnings": outcome.warnings}
    return envelope(200, **lists, version_path=version.path)
