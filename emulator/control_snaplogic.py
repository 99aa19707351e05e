"""Controls for SnapLogic: what is there, settings of an organization, and what the next calls shall do."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from emulator.answers import Answer
from emulator.blobs import Blob
from emulator.control_bodies import ControlError, body_of, choice_of, flag_of, number_of
from emulator.seeds.snaplogic_maker import SnapMaker
from emulator.snaplogic_accounts import digest, values_of
from emulator.snaplogic_things import (
    ADMIN,
    ASSET_TYPES,
    READ,
    STATES,
    WRITE,
    Plan,
    SnapAsset,
    SnapOrg,
    SnapVersion,
    version_path,
)
from emulator.world import World

if TYPE_CHECKING:
    from emulator.app import Emulator

OPERATIONS = ("import", "export", "list", "create", "migrate", "publish", "unpublish", "deprecate", "retire", "*")
MOST_BYTES = 2**30
_RIGHTS = {"read": READ, "write": WRITE, "admin": ADMIN}
_FLAGS = {
    "disable_basic": "is_basic_disabled",
    "may_list": "may_list",
    "account_encryption": "has_account_encryption",
}
_LIMITS = {"export_limit_bytes": "export_limit", "import_limit_bytes": "import_limit"}
_PLAN = {
    "operation",
    "path",
    "count",
    "status",
    "inner_status",
    "message",
    "takes_effect",
    "fail",
    "warn",
    "delay_s",
}


def show(app: "Emulator", request: Request, rest: str) -> Answer:
    """All that is known; of accounts each value, of secrets their digests."""
    return Answer(snaplogic_of(app.world))


def change(app: "Emulator", request: Request, rest: str) -> Answer:
    handlers = {
        "settings": _settings,
        "users": _user,
        "next": _plan,
        "versions": _add_or_change_version,
        "assets": _add_or_change_asset,
    }
    handler = handlers.get(rest)
    if handler is None:
        raise ControlError(f"There is no control snaplogic/{rest}. Known: {', '.join(handlers)}.")
    return handler(app.world, body_of(request))


def forget(app: "Emulator", request: Request, rest: str) -> Answer:
    """Drop what the next calls should have done, or a version, as somebody in the designer would."""
    memory = app.world.snaplogic
    if rest == "next":
        dropped = len(memory.plans)
        memory.plans.clear()
        return Answer({"dropped": dropped})
    if rest == "versions":
        version = _known_version(app.world, request.args.get("path", ""))
        del memory.versions[version.path]
        return Answer({"dropped": 1})
    raise ControlError("What can be dropped is snaplogic/next and snaplogic/versions?path=.")


def snaplogic_of(world: World) -> dict[str, Any]:
    memory = world.snaplogic
    return {
        "organizations": [_org(org) for org in memory.orgs.values()],
        "versions": [_version(world, version) for version in memory.versions.values()],
        "imports": [
            {"path": path, "version_path": went_to, "client": client, "count": count}
            for (path, went_to, client), count in memory.imports.items()
        ],
        "migrations": list(memory.migrations.values()),
        "next": [_plan_shown(plan) for plan in memory.plans],
    }


def _org(org: SnapOrg) -> dict[str, Any]:
    return {
        "org": org.name,
        "name": org.title,
        "snode_id": org.snode_id,
        **{name: getattr(org, member) for name, member in (_FLAGS | _LIMITS).items()},
        "trusted_orgs": sorted(org.trusted_orgs),
        "issuer": org.issuer_id,
        "users": [{"username": user.username, "rights": sorted(user.rights)} for user in org.users.values()],
    }


def _version(world: World, version: SnapVersion) -> dict[str, Any]:
    imports = world.snaplogic.imports
    return {
        "org": version.org,
        "api": version.api,
        "version": version.version,
        "path": version.path,
        "state": version.state,
        "snode_id": version.snode_id,
        "imports": sum(count for (_, went_to, _), count in imports.items() if went_to == version.path),
        "assets": [_asset(world, version, asset) for asset in version.assets],
    }


def _asset(world: World, version: SnapVersion, asset: SnapAsset) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "type": asset.type,
        "name": asset.name,
        "snode_id": asset.snode_id,
        "asset_id": asset.asset_id,
        "updated_by": asset.updated_by,
        "sha256": asset.content.sha256 if asset.content else digest(asset.document),
        "bytes": asset.content.size if asset.content else None,
    }
    return shown | ({"values": values_of(world, version.org, asset)} if asset.document else {})


def _settings(world: World, body: Mapping[str, Any]) -> Answer:
    org = _known_org(world, body)
    known = {"org", "trusted_orgs", *_FLAGS, *_LIMITS}
    if unknown := set(body) - known:
        raise ControlError(f"Unknown members: {', '.join(sorted(unknown))}. Known: {', '.join(sorted(known))}.")
    for name, member in _FLAGS.items():
        setattr(org, member, flag_of(body, name, getattr(org, member)))
    for name, member in _LIMITS.items():
        setattr(org, member, int(number_of(body, name, getattr(org, member))))
    if "trusted_orgs" in body:
        trusted = body["trusted_orgs"]
        if not isinstance(trusted, list) or not set(map(str, trusted)) <= set(world.snaplogic.orgs):
            raise ControlError("The member trusted_orgs must be a list of organizations.")
        org.trusted_orgs = frozenset(trusted)
    return Answer(_org(org))


def _user(world: World, body: Mapping[str, Any]) -> Answer:
    """What a user may do from now on."""
    user = _known_org(world, body).users.get(str(body.get("username")))
    rights = body.get("rights")
    if user is None:
        raise ControlError(f"There is no user {body.get('username')}.")
    if not isinstance(rights, list) or not all(isinstance(one, str) and one.lower() in _RIGHTS for one in rights):
        raise ControlError(f"The member rights must be a list of {', '.join(_RIGHTS)}.")
    user.rights = frozenset(_RIGHTS[one.lower()] for one in rights)
    return Answer({"username": user.username, "rights": sorted(user.rights)})


def _plan(world: World, body: Mapping[str, Any]) -> Answer:
    if unknown := set(body) - _PLAN:
        raise ControlError(f"Unknown members: {', '.join(sorted(unknown))}. Known: {', '.join(sorted(_PLAN))}.")
    plan = Plan(
        operation=choice_of(body, "operation", OPERATIONS, "import"),
        path=str(body.get("path", "")).strip("/"),
        count=int(number_of(body, "count", 1)),
        status=int(number_of(body, "status", 0)),
        inner_status=int(number_of(body, "inner_status", 0)),
        message=str(body.get("message", "")),
        takes_effect=flag_of(body, "takes_effect", False),
        fail=_entries(body, "fail", "name"),
        warn=_entries(body, "warn", "message"),
        delay_s=number_of(body, "delay_s", 0),
    )
    if not all(status == 0 or 400 <= status <= 599 for status in (plan.status, plan.inner_status)):
        raise ControlError("The members status and inner_status must be from 400 to 599.")
    if plan.count < 1:
        raise ControlError("The member count must be 1 or more.")
    world.snaplogic.plans.append(plan)
    return Answer(_plan_shown(plan), 201)


def _entries(body: Mapping[str, Any], name: str, needed: str) -> list[dict[str, Any]]:
    entries = body.get(name, [])
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get(needed), str) for entry in entries
    ):
        raise ControlError(f"The member {name} must be a list of objects with {needed}.")
    if not all(type(entry.get("status_code", 500)) is int for entry in entries):
        raise ControlError("The member status_code must be a whole number.")
    return entries


def _plan_shown(plan: Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in sorted(_PLAN)}


def _add_or_change_version(world: World, body: Mapping[str, Any]) -> Answer:
    """A version of any size, or another state of one that is there."""
    org = _known_org(world, body)
    api, name = (str(body.get(member) or "") for member in ("api", "version"))
    if not api or not name or "/" in api + name:
        raise ControlError("The members api and version must be names without a slash.")
    state = choice_of(body, "state", STATES, "unpublished")
    memory, path = world.snaplogic, version_path(org.name, api, name)
    version = memory.versions.get(path)
    if version is None:
        version = SnapMaker(world, org.name).version(api, name, state, _assets(SnapMaker(world, org.name), body), age=0)
        return Answer(_version(world, version), 201)
    version.state = choice_of(body, "state", STATES, version.state)
    return Answer(_version(world, version))


def _assets(maker: SnapMaker, body: Mapping[str, Any]) -> list[SnapAsset]:
    """So many pipelines and accounts, and a file that brings them to so many bytes."""
    pipelines, accounts = (int(number_of(body, member, 1)) for member in ("pipelines", "accounts"))
    size = int(number_of(body, "bytes", 0))
    if pipelines > 10_000 or accounts > 1000 or size > MOST_BYTES:
        raise ControlError(f"At most 10,000 pipelines, 1,000 accounts and {MOST_BYTES} bytes.")
    assets = [maker.pipeline(f"pipeline_{number}", "HTTP Request") for number in range(1, pipelines + 1)]
    assets += [maker.basic(f"account_{number}", f"user-{number}") for number in range(1, accounts + 1)]
    return assets + ([maker.large_file("large.bin", size)] if size else [])


def _add_or_change_asset(world: World, body: Mapping[str, Any]) -> Answer:
    """What somebody does in the designer: a new asset with this text, or another text."""
    version = _known_version(world, str(body.get("path", "")))
    asset_type = choice_of(body, "type", [one for one in ASSET_TYPES if one != "Account"], "Pipeline")
    name, text = body.get("name"), body.get("text", "")
    if not isinstance(name, str) or not name or "/" in name or not isinstance(text, str):
        raise ControlError("The member name must be a name without a slash, the member text a text.")
    asset = version.find(asset_type, name)
    if asset is None:
        asset = SnapMaker(world, version.org).added(version, asset_type, name)
    asset.content, asset.updated_ms = Blob(text.encode()), world.now_ms()
    return Answer(_asset(world, version, asset))


def _known_version(world: World, path: str) -> SnapVersion:
    version = world.snaplogic.versions.get(path.strip("/"))
    if version is None:
        raise ControlError(f"There is no API version {path}.")
    return version


def _known_org(world: World, body: Mapping[str, Any]) -> SnapOrg:
    org = world.snaplogic.orgs.get(str(body.get("org")))
    if org is None:
        raise ControlError(f"There is no organization {body.get('org')}. Known: {', '.join(world.snaplogic.orgs)}.")
    return org
