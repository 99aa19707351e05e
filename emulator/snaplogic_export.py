"""Reading: the zip of a version, the assets of a project or version, and a list that the platform does not have."""

from functools import partial
from typing import Any
from urllib.parse import quote

from emulator import snaplogic_zips
from emulator.answers import Answer
from emulator.calls import Call, route
from emulator.snaplogic import absent, as_planned, asset_types, enter, envelope, json_body, refused, text_in
from emulator.snaplogic_things import ASSET_TYPES, Plan, version_path

# What every listing shows, empty or not (SnapLogic, public API, "List assets").
_ALWAYS_LISTED = ("Account", "Job", "File", "Pipeline")


def _export(call: Call) -> Answer:
    path = version_path(call.params["org"], call.params["api"], call.params["version"])
    enter(call, call.params["org"])
    return as_planned(call, "export", path, partial(_zip, call, path))


def _zip(call: Call, path: str, plan: Plan) -> Answer:
    org = call.world.snaplogic.orgs[call.params["org"]]
    wanted = asset_types(call.args.getlist("asset_types"), "asset_types") or frozenset(ASSET_TYPES)
    force = call.args.get("force", "false").casefold()
    if force not in ("true", "false"):
        raise refused(400, f"Invalid force: {call.args['force']}")
    version = call.world.snaplogic.versions.get(path)
    if version is None:
        raise absent(path)
    size = sum(asset.content.size for asset in version.chosen(wanted) if asset.content)
    if size > org.export_limit and force == "false":
        raise refused(400, f"The size of the export exceeds the limit of {org.export_limit} bytes: {path}")
    name = quote(f"{version.api}_{version.version}.zip")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Answer(snaplogic_zips.write(org, version, wanted), 200, headers, "application/zip")


def _list_assets(call: Call) -> Answer:
    body = json_body(call)
    path = text_in(body, "dest_path").strip("/")
    only = body.get("asset_path_list", [])
    if not isinstance(only, list) or not all(isinstance(one, str) for one in only):
        raise refused(400, "Invalid asset_path_list")
    org = enter(call, path.partition("/")[0])
    if not org.may_list:
        raise refused(403, f"May not have Read permission for {path}")
    return as_planned(call, "list", path, partial(_assets, call, path, {one.strip("/") for one in only}))


def _assets(call: Call, path: str, only: set[str], plan: Plan) -> Answer:
    memory = call.world.snaplogic
    folder = memory.versions.get(path) or memory.projects.get(path)
    # Every environment has the global shared folder (SnapLogic, public API, "Create an API version from a project").
    if folder is None and path.partition("/")[2] != "shared":
        raise absent(path)
    found: dict[str, list[str]] = {name: [] for name in _ALWAYS_LISTED}
    for asset in folder.assets if folder else ():
        if not only or f"{path}/{asset.name}" in only:
            found.setdefault(asset.type, []).append(asset.name)
    return Answer(envelope(200, project_path=f"/{path}", assets=found))


def _list_versions(call: Call) -> Answer:
    """Only the emulator has this: the platform lists neither APIs nor versions."""
    org = enter(call, call.params["org"])
    if not org.may_list:
        raise refused(403, f"May not have Read permission for {org.name}/apim")
    versions: list[dict[str, Any]] = [
        {"api": one.api, "version": one.version, "path": one.path, "state": one.state}
        for one in call.world.snaplogic.versions_of(org.name)
    ]
    return Answer(envelope(200, emulator_only=True, versions=versions))


ROUTES = (
    route("GET", "/apim/export_version/{org}/apim/{api}/{version}", _export),
    route("GET", "/apim/list/{org}", _list_versions),
    route("POST", "/project/list_assets", _list_assets),
)
