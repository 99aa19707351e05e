"""The API management of SnapLogic: versions of APIs are imported, exported, listed, and moved along their life cycle.

SnapLogic, public API, "Import an API version", "Export an API version" and the pages beside them, which call it Classic
API management.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from clients.addresses import checked_base_url, tidied
from clients.answers import Answer
from clients.downloads import Sink
from clients.errors import ApiUnavailableError
from clients.multipart import Part, Progress, Upload
from clients.snaplogic_archives import ZIP_STARTS, Archive
from clients.snaplogic_auth import BasicAuth, SignedJwt
from clients.snaplogic_models import (
    ASSET_TYPES,
    OVERWRITE_TYPES,
    Accepted,
    AssetDone,
    AssetFailed,
    AssetList,
    AssetWarning,
    DuplicateCheck,
    Exported,
    ImportResult,
    LifecycleResult,
    MigrationStatus,
    MigrationTicket,
    PublishInfo,
    VersionFailed,
)
from clients.snaplogic_paths import VersionPath, checked_name, checked_place
from clients.snaplogic_refusals import classifier, refuses, takes
from clients.snaplogic_wire import (
    Hiding,
    file_name_in,
    read_accepted,
    read_assets,
    read_import,
    read_lifecycle,
    read_migration,
    read_migration_status,
)
from clients.transport import CallPolicy, Connection

__all__ = [
    "ASSET_TYPES",
    "OVERWRITE_TYPES",
    "PUBLIC_API",
    "Accepted",
    "AssetDone",
    "AssetFailed",
    "AssetList",
    "AssetWarning",
    "BasicAuth",
    "DuplicateCheck",
    "Exported",
    "ImportResult",
    "LifecycleResult",
    "MigrationStatus",
    "MigrationTicket",
    "PublishInfo",
    "SignedJwt",
    "SnapLogicClient",
    "Upload",
    "VersionFailed",
    "VersionPath",
    "public_api_url",
    "snaplogic_connection",
]

T = TypeVar("T")

PUBLIC_API = "/api/1/rest/public"

_ZIP = "application/zip"


def public_api_url(base_url: str) -> str:
    """The public API of a control plane, which is also the audience of its tokens; `base_url` names the host."""
    return f"{tidied(base_url).removesuffix(PUBLIC_API)}{PUBLIC_API}"


def snaplogic_connection(
    *,
    base_url: str,
    auth: BasicAuth | SignedJwt,
    policy: CallPolicy,
    secrets: Sequence[str] = (),
    transport: httpx.BaseTransport | None = None,
) -> Connection:
    """A connection to the control plane whose host `base_url` names, with what `auth` keeps secret never shown.

    SnapLogic gives a call 15 minutes, and says nothing all that time: `policy` must have a write deadline and a silence
    above that (SnapLogic, public API, "Overview").
    """
    if transport is None:
        checked_base_url(base_url, example="https://elastic.snaplogic.com")
    return Connection(
        base_url=public_api_url(base_url),
        auth=auth,
        secrets=(*auth.secrets, *secrets),
        policy=policy,
        transport=transport,
    )


class SnapLogicClient:
    """The API versions of one environment, which other pages call an org.

    Knows HTTP, not our database. Raises ValueError for what cannot be asked for, such as a path in another
    environment, and otherwise the errors of `clients.errors`.
    """

    def __init__(self, connection: Connection, *, environment: str) -> None:
        self._connection = connection
        self._environment = checked_name("The name of the environment", environment)

    def import_version(
        self,
        path: VersionPath,
        archive: Upload,
        *,
        duplicate_check: DuplicateCheck,
        overwrite_types: Sequence[str] = (),
        accounts: bytes | None = None,
        expressions: Upload | None = None,
        secrets: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> ImportResult:
        """Import an exported archive, sent once and as it is; part failures come back in the result, not as an error.

        `accounts` is JSON made from the archive's accounts_template.json, with `secrets` standing in it in clear;
        `expressions` is a zip. `progress` is told the bytes sent and all there are; what it raises ends the upload, and
        whether anything was imported is then not known. Repeating an import is harmless with SKIP only.
        """
        for upload in (archive, expressions):
            if upload is not None and upload.size <= 0:
                raise ValueError(f"{upload.filename} is empty.")
        parts = [Part.of("file", archive, _ZIP)]
        if accounts is not None:
            parts.append(Part("file_account", "accounts.json", "application/json", content=accounts))
        if expressions is not None:
            parts.append(Part.of("file_expr", expressions, _ZIP))
        hide = self._hiding(secrets)
        return self._call(
            "snaplogic.import_version",
            "POST",
            f"/apim/import_version/{self._own(path).escaped}",
            parse=lambda answer: read_import(answer, hide),
            params=_duplicate_params(DuplicateCheck(duplicate_check), overwrite_types),
            multipart=parts,
            progress=progress,
            secrets=secrets,
        )

    def export_version(
        self,
        path: VersionPath,
        *,
        to: Sink,
        at_most_bytes: int,
        asset_types: Sequence[str] = (),
        force: bool = False,
        progress: Progress | None = None,
    ) -> Exported:
        """Hand the zip of a version to `to` while it arrives, every byte as it was sent; all types if none is named.

        Whoever gets an error may have been given the beginning of an archive. `force` ignores the platform's limit of
        size. Raises ApiNotFoundError if there is no such version, ApiRejectedError if it is too large without `force`.
        """
        params = _listed("asset_types", asset_types, ASSET_TYPES)
        if force:
            params.append(("force", "true"))
        archive = Archive(to)
        done = self._connection.download(
            "snaplogic.export_version",
            "GET",
            f"/apim/export_version/{self._own(path).escaped}",
            to=archive,
            at_most_bytes=at_most_bytes,
            accepts=lambda content_type, opening: opening.startswith(ZIP_STARTS),
            kind="a zip archive",
            params=params,
            progress=progress,
            refuses=refuses,
            classify=self._classify(force=force),
        )
        is_measured = "content-length" in done.headers or "transfer-encoding" in done.headers
        if not is_measured and not archive.has_end:
            # Where the line just ends, only the archive itself tells whether all of it came.
            raise ApiUnavailableError(
                "The archive has no end: part of it is missing. Export it again.", operation="snaplogic.export_version"
            )
        return Exported(done.size_bytes, archive.sha256, file_name_in(done.headers))

    def list_assets(self, path: VersionPath) -> AssetList:
        """The assets of a version."""
        return self.list_assets_of(self._own(path).text)

    def list_assets_of(self, dest_path: str, asset_paths: Sequence[str] = ()) -> AssetList:
        """The assets at a path such as /org/space/project, or those of them that are named by their paths."""
        body = {"dest_path": self._own_place(dest_path), "asset_path_list": list(asset_paths)}
        return self._call(
            "snaplogic.list_assets",
            "POST",
            "/project/list_assets",
            parse=lambda answer: read_assets(answer, self._hiding()),
            body=body,
        )

    def publish_versions(self, org: str, versions: Sequence[PublishInfo]) -> LifecycleResult:
        """Publish versions, which need not succeed all; that of each is told."""
        rows = [
            {
                "path": _short(one.api, one.version),
                "publish_info": {"contact_email": one.contact_email},
                "allow_subscriptions": one.allow_subscriptions,
                "auto_approve": one.auto_approve,
                "is_yaml": one.is_yaml,
                "spec": one.spec,
            }
            for one in versions
        ]
        return self._move("publish_versions", org, "versions_info", rows, [row["path"] for row in rows])

    def unpublish_versions(self, org: str, paths: Sequence[str]) -> LifecycleResult:
        """Take versions, as `api/version`, back from publication."""
        names = _shorts(paths)
        return self._move("unpublish_versions", org, "version_paths", names, names)

    def deprecate_versions(self, org: str, versions: Sequence[tuple[str, str, str]]) -> LifecycleResult:
        """Deprecate published versions, each of them an API, a version and a message, which may be empty."""
        rows = [
            {"path": _short(api, version), **({"message": message} if message else {})}
            for api, version, message in versions
        ]
        return self._move("deprecate_versions", org, "version_infos", rows, [row["path"] for row in rows])

    def retire_versions(self, org: str, paths: Sequence[str]) -> LifecycleResult:
        """Retire deprecated versions, as `api/version`, for good: their tasks stop, and nothing follows this state."""
        names = _shorts(paths)
        return self._move("retire_versions", org, "version_paths", names, names)

    def create_from_project(
        self,
        *,
        project_path: str,
        plex_path: str,
        api: str,
        version: str,
        tags: Sequence[str] = (),
        description: str = "",
        asset_types: Sequence[str] = ASSET_TYPES,
    ) -> Accepted:
        """Make a version out of a project; only Snaplexes of the global shared folder can run it."""
        _listed("asset_types", asset_types, ASSET_TYPES)
        body = {
            "project_path": self._own_place(project_path),
            "plex_path": self._own_place(plex_path),
            "api": checked_name("The name of the API", api),
            "version": checked_name("The name of the version", version),
            "tags": list(tags),
            "description": description,
            "asset_types": list(dict.fromkeys(asset_types)),
        }
        return self._call(
            "snaplogic.create_from_project",
            "POST",
            "/apim/create_from_project",
            parse=lambda answer: read_accepted(answer, self._hiding()),
            body=body,
        )

    def migrate_version(
        self,
        source: VersionPath,
        dest: VersionPath,
        *,
        dest_plex_path: str,
        asset_types: Sequence[str] = ASSET_TYPES,
        duplicate_check: bool,
        async_mode: bool = False,
    ) -> ImportResult | MigrationTicket:
        """Copy a version to another place, also of another environment that trusts this one.

        `duplicate_check` True leaves assets of the same name alone. In `async_mode` it goes on after the answer.
        """
        _listed("asset_types", asset_types, ASSET_TYPES)
        body = {
            "dest_version_path": f"/{dest.text}",
            "dest_plex_path": checked_place("the path of the Snaplex", dest_plex_path),
            "asset_types": list(dict.fromkeys(asset_types)),
            "duplicate_check": duplicate_check,
            "async_mode": async_mode,
        }
        return self._call(
            "snaplogic.migrate_version",
            "POST",
            f"/apim/migrate_version/{self._own(source).escaped}",
            parse=lambda answer: read_migration(answer, self._hiding()),
            body=body,
        )

    def migration_status(self, ticket: MigrationTicket) -> MigrationStatus:
        """How far a migration is. Raises ValueError if its state lies on another host, which gets no credential."""
        base = urlsplit(self._connection.base_url)
        url = urlsplit(ticket.status_url)
        is_here = (url.scheme or base.scheme, url.netloc or base.netloc) == (base.scheme, base.netloc)
        if not is_here or not url.path.startswith(f"{base.path}/"):
            raise ValueError(f"The state of this migration lies outside {self._connection.base_url}, and is not read.")
        return self._call(
            "snaplogic.migration_status",
            "GET",
            url.path.removeprefix(base.path) + (f"?{url.query}" if url.query else ""),
            parse=lambda answer: read_migration_status(answer, self._hiding()),
        )

    def _move(self, route: str, org: str, key: str, rows: Sequence[Any], asked: Sequence[str]) -> LifecycleResult:
        if not rows:
            raise ValueError("Name at least one version.")
        body = {"org_name": self._own_org(org), key: list(rows)}
        return self._call(
            f"snaplogic.{route}",
            "POST",
            f"/apim/{route}",
            parse=lambda answer: read_lifecycle(answer, self._hiding(), org=org, asked=asked),
            body=body,
        )

    def _call(self, operation: str, method: str, path: str, *, parse: Callable[[Answer], T], **request: Any) -> T:
        return self._connection.call(
            operation, method, path, parse=parse, takes=takes, refuses=refuses, classify=self._classify(), **request
        )

    def _classify(self, *, force: bool = False) -> Any:
        return classifier(self._connection.base_url, self._connection.auth_scheme, force=force)

    def _hiding(self, secrets: Sequence[str] = ()) -> Hiding:
        return Hiding(
            lambda value: self._connection.redact(value, secrets=secrets),
            lambda name: self._connection.redact_name(name, secrets=secrets),
        )

    def _own(self, path: VersionPath) -> VersionPath:
        self._own_org(path.org)
        return path

    def _own_place(self, path: str) -> str:
        place = checked_place("the path", path)
        self._own_org(place.split("/")[1])
        return place

    def _own_org(self, org: str) -> str:
        if org != self._environment:
            raise ValueError(f"The connection is that of environment {self._environment}, not of {org}.")
        return org


def _duplicate_params(check: DuplicateCheck, overwrite_types: Sequence[str]) -> list[tuple[str, str]]:
    if overwrite_types and check is not DuplicateCheck.OVERWRITE:
        # They would be passed over in silence.
        raise ValueError(f"Types to overwrite go with {DuplicateCheck.OVERWRITE} only, not with {check}.")
    return [("duplicate_check", check.value), *_listed("overwrite_types", overwrite_types, OVERWRITE_TYPES)]


def _listed(name: str, types: Sequence[str], known: Sequence[str]) -> list[tuple[str, str]]:
    """As one parameter with commas and without brackets; other calls of the API write lists in both ways."""
    if unknown := [one for one in types if one not in known]:
        raise ValueError(f"There is no type {unknown[0]!r}: choose from {', '.join(known)}.")
    return [(name, ",".join(dict.fromkeys(types)))] if types else []


def _short(api: str, version: str) -> str:
    return f"{checked_name('The name of the API', api)}/{checked_name('The name of the version', version)}"


def _shorts(paths: Sequence[str]) -> list[str]:
    found = []
    for path in paths:
        names = path.strip().removeprefix("/").split("/")
        if len(names) != 2:
            raise ValueError(f"A version is named as api/version, which {path!r} is not.")
        found.append(_short(*names))
    return found
