"""Making versions without an upload: from a project, or from a version of this or a trusted organization."""

from collections.abc import Callable
from functools import partial
from typing import Any

from emulator.answers import Answer, RefusedError
from emulator.calls import Call, route
from emulator.snaplogic import (
    PREFIX,
    absent,
    as_planned,
    asset_types,
    enter,
    envelope,
    json_body,
    refused,
    text_in,
    username_of,
)
from emulator.snaplogic_deliveries import (
    CREATE_NEW,
    SKIP,
    Delivery,
    Failing,
    Outcome,
    answer_of,
    deliver,
    put,
    target_of,
)
from emulator.snaplogic_things import ADMIN, ASSET_TYPES, WRITE, Plan, SnapOrg, SnapVersion, version_path

MIGRATION_S = 20.0


def _types(body: dict[str, Any]) -> frozenset[str]:
    given = body.get("asset_types")
    if given is None:
        return frozenset(ASSET_TYPES)
    return asset_types(given if isinstance(given, list) else [given], "asset_types")


def _check_plex(org: SnapOrg, path: str) -> None:
    """Only Snaplexes of the global shared folder."""
    if path.strip("/") not in org.plexes:
        raise absent(path)


# From a project


def _create(call: Call) -> Answer:
    body = json_body(call)
    project, plex, api, version = (text_in(body, name) for name in ("project_path", "plex_path", "api", "version"))
    project = project.strip("/")
    org = enter(call, project.partition("/")[0], WRITE)
    path, types = version_path(org.name, api, version), _types(body)

    def act(plan: Plan) -> Answer:
        memory = call.world.snaplogic
        source = memory.projects.get(project)
        if source is None:
            raise absent(project)
        _check_plex(org, plex)
        if path in memory.versions:
            raise refused(409, f"API version already exists: {path}")
        made = target_of(call, org.name, api, version, SKIP)
        made.tags = [str(tag) for tag in body.get("tags") or []]
        made.description = str(body.get("description") or "")
        for asset in source.chosen(types):
            put(call, made, asset.type, asset.name, content=asset.content, document=asset.document)
        call.world.note("snaplogic.create", org.name, made.snode_id, path=path, client=username_of(call))
        return Answer(envelope(200))

    return as_planned(call, "create", path, act, conflict=f"API version already exists: {path}")


# From another version


def _migrate(call: Call) -> Answer:
    params = call.params
    source_path = version_path(params["org"], params["api"], params["version"])
    source_org = enter(call, params["org"])
    body = json_body(call)
    parts = text_in(body, "dest_version_path").strip("/").split("/")
    if len(parts) != 4 or parts[1] != "apim":
        raise refused(400, "Invalid dest_version_path")
    target = _trusting(call, source_org, parts[0])
    for name in ("duplicate_check", "async_mode"):
        if not isinstance(body.get(name, False), bool):
            raise refused(400, f"Invalid {name}")
    _check_plex(target, text_in(body, "dest_plex_path"))
    source = call.world.snaplogic.versions.get(source_path)
    if source is None:
        raise absent(source_path)
    rule = SKIP if body.get("duplicate_check", True) else CREATE_NEW
    run = partial(_carry, call, source, (parts[0], parts[2], parts[3]), rule, _types(body))
    dest_path = version_path(parts[0], parts[2], parts[3])
    if body.get("async_mode", False):
        return as_planned(call, "migrate", dest_path, partial(_start, call, source_path, run))
    return as_planned(call, "migrate", dest_path, run)


def _trusting(call: Call, source: SnapOrg, name: str) -> SnapOrg:
    """The organization to move into: one's own with the right to write, another one if it trusts this one."""
    if name == source.name:
        return enter(call, name, WRITE)
    target = call.world.snaplogic.orgs.get(name)
    if target is None or source.name not in target.trusted_orgs:
        raise refused(403, f"Org {source.name} is not trusted by org: {name}")
    enter(call, source.name, WRITE)
    return target


def _carry(
    call: Call, source: SnapVersion, dest: tuple[str, str, str], rule: str, types: frozenset[str], plan: Plan
) -> Answer:
    outcome = Outcome()
    delivery = Delivery(source.chosen(types), rule)
    version = target_of(call, *dest, rule)
    deliver(call, version, delivery, {}, outcome, Failing.planned(plan))
    call.world.note(
        "snaplogic.migrate",
        version.org,
        version.snode_id,
        path=version_path(*dest),
        version_path=version.path,
        source=source.path,
        client=username_of(call),
    )
    return Answer(answer_of(version, outcome))


def _start(call: Call, source_path: str, run: Callable[[Plan], Answer], plan: Plan) -> Answer:
    """Begin a migration that goes on by itself; its document tells how it went."""
    world = call.world
    token = f"{world.random.getrandbits(48):012x}"
    document = {
        "_id": token,
        "status": "Started",
        "user_id": username_of(call),
        "src_path": f"/{source_path}",
    }
    world.snaplogic.migrations[token] = document
    names = {directive.name for directive in call.directives}

    def end() -> None:
        if "job_failure" in names:
            document["status"] = "Failed"
            return
        try:
            document.update(import_result=run(plan).body["response_map"], status="Completed")
        except RefusedError:
            document["status"] = "Failed"

    if "stuck_job" not in names:
        world.after(MIGRATION_S, end)
    url = f"{call.request.host_url.rstrip('/')}{PREFIX}/project/migrate/{token}"
    return Answer(envelope(200, status_token=token, status_url=url))


def _migration(call: Call) -> Answer:
    document = call.world.snaplogic.migrations.get(call.params["token"])
    if document is None:
        raise absent(f"project/migrate/{call.params['token']}")
    enter(call, document["src_path"].split("/")[1])
    return Answer(envelope(200, **document))


# Settings


def set_auth(call: Call) -> Answer:
    """SnapLogic, public API, "JWT authentication": the settings of an organization, by its snode id or its name."""
    given = call.params["org"]
    known = call.world.snaplogic.orgs.values()
    org = next((one for one in known if given in (one.snode_id, one.name)), None)
    if org is None:
        raise absent(given)
    enter(call, org.name, ADMIN)
    settings = json_body(call).get("auth_settings")
    if not isinstance(settings, dict) or not isinstance(settings.get("disable_basic", False), bool):
        raise refused(400, "Missing required parameter: auth_settings")
    org.is_basic_disabled = settings.get("disable_basic", org.is_basic_disabled)
    org.jwks_url = str(settings.get("jwks_url", org.jwks_url))
    org.issuer_id = str(settings.get("issuer_id", org.issuer_id))
    return Answer(envelope(200))


ROUTES = (
    route("POST", "/apim/create_from_project", _create),
    route("POST", "/apim/migrate_version/{org}/apim/{api}/{version}", _migrate),
    route("GET", "/project/migrate/{token}", _migration),
)
ADMIN_ROUTES = (route("POST", "/{org}/auth", set_auth),)
