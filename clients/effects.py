"""What every call does to the remote system; retries, submit-once and audit follow this table."""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Effect(StrEnum):
    """The effect of a call on the remote system."""

    READ = "read"
    WORKFLOW = "workflow"
    """Starts work that changes nothing lasting."""
    WRITE = "write"


class _Row(NamedTuple):
    operation: str
    effect: Effect
    method: str
    path: str


_IMS = "/ims"
_SANDBOXES = "/data/foundation/sandbox-management"
_EXIM = "/data/foundation/exim"

# `*` stands for one path segment, `**` for any number of them, where a service lies at a path of somebody's choice.
# The first row that fits decides, so fixed words come before `*`.
_ROWS = (
    _Row("ims.token", Effect.READ, "POST", f"{_IMS}/token/v3"),
    _Row("ims.exchange", Effect.READ, "POST", f"{_IMS}/exchange/jwt"),
    _Row("sandboxes.list", Effect.READ, "GET", f"{_SANDBOXES}/sandboxes"),
    _Row("sandboxes.available", Effect.READ, "GET", f"{_SANDBOXES}"),
    _Row("packages.list", Effect.READ, "GET", f"{_EXIM}/packages"),
    _Row("packages.create", Effect.WRITE, "POST", f"{_EXIM}/packages"),
    _Row("packages.update", Effect.WRITE, "PUT", f"{_EXIM}/packages"),
    _Row("packages.make_public", Effect.WRITE, "PUT", f"{_EXIM}/packages/update"),
    _Row("jobs.list", Effect.READ, "GET", f"{_EXIM}/packages/jobs"),
    _Row("packages.import", Effect.WRITE, "POST", f"{_EXIM}/packages/import"),
    _Row("packages.import", Effect.WRITE, "PUT", f"{_EXIM}/packages/import"),
    _Row("packages.preflight", Effect.READ, "GET", f"{_EXIM}/packages/preflight/*"),
    _Row("packages.preflight", Effect.READ, "GET", f"{_EXIM}/packages/preflight/*/export"),
    _Row("packages.payload", Effect.READ, "GET", f"{_EXIM}/packages/payload/*"),
    # A GET that starts the publication of the package.
    _Row("packages.publish", Effect.WRITE, "GET", f"{_EXIM}/packages/*/export"),
    # Named import, but a dry run (Adobe, Sandbox tooling API guide, "Import conflicts").
    _Row("packages.conflicts", Effect.READ, "GET", f"{_EXIM}/packages/*/import"),
    # The same path with any other verb brings objects in (same guide, "Import as update").
    _Row("versions.update", Effect.WRITE, "PATCH", f"{_EXIM}/packages/*/import"),
    _Row("versions.update", Effect.WRITE, "POST", f"{_EXIM}/packages/*/import"),
    # The documents print other verbs in headings, samples and prose; each is what its path says, whatever the verb.
    _Row("versions.compare", Effect.WORKFLOW, "POST", f"{_EXIM}/packages/*/version/compare"),
    _Row("versions.compare", Effect.WORKFLOW, "PATCH", f"{_EXIM}/packages/*/version/compare"),
    _Row("versions.save", Effect.WRITE, "PATCH", f"{_EXIM}/packages/*/version/save"),
    _Row("versions.save", Effect.WRITE, "POST", f"{_EXIM}/packages/*/version/save"),
    _Row("versions.save", Effect.WRITE, "GET", f"{_EXIM}/packages/*/version/save"),
    _Row("versions.list", Effect.READ, "GET", f"{_EXIM}/packages/*/history"),
    _Row("versions.list", Effect.READ, "PATCH", f"{_EXIM}/packages/*/history"),
    _Row("versions.list", Effect.READ, "POST", f"{_EXIM}/packages/*/history"),
    # A POST only because the question is too long for a URL.
    _Row("packages.children", Effect.READ, "POST", f"{_EXIM}/packages/*/children"),
    _Row("packages.get", Effect.READ, "GET", f"{_EXIM}/packages/*"),
    _Row("packages.delete", Effect.WRITE, "DELETE", f"{_EXIM}/packages/*"),
    _Row("artifacts.list", Effect.READ, "GET", f"{_EXIM}/tools/artifacts/*"),
    _Row("handshakes.request", Effect.WRITE, "POST", f"{_EXIM}/handshake/bulkCreate"),
    _Row("handshakes.decide", Effect.WRITE, "POST", f"{_EXIM}/handshake/action"),
    _Row("handshakes.list", Effect.READ, "GET", f"{_EXIM}/handshake/list"),
    _Row("transfers.share", Effect.WRITE, "POST", f"{_EXIM}/transfer"),
    _Row("transfers.pull", Effect.WRITE, "POST", f"{_EXIM}/transfer/pullRequest"),
    _Row("transfers.list", Effect.READ, "GET", f"{_EXIM}/transfer/list"),
    _Row("transfers.get", Effect.READ, "GET", f"{_EXIM}/transfer/*"),
    _Row("jobs.get", Effect.READ, "GET", f"{_EXIM}/tools/job/*"),
    # A POST only because the question may have a body.
    _Row("journeys.list", Effect.READ, "POST", "**/list/journeys"),
    _Row("journeys.latest", Effect.READ, "GET", "**/journeys/*/latest"),
    _Row("journeys.export", Effect.READ, "GET", "**/journeyVersions/*/export"),
    _Row("journeys.import", Effect.WRITE, "POST", "**/journeyVersions/import"),
    _Row("journeys.retrieve_list", Effect.READ, "GET", "/ajo/journey"),
    _Row("journeys.retrieve", Effect.READ, "GET", "/ajo/journey/*"),
    # It changes nothing, but until it is over nobody of the organization can start anything.
    _Row("decisioning.analyse", Effect.WORKFLOW, "POST", "**/workflows/generate-dependencies"),
    _Row("decisioning.analyse", Effect.WORKFLOW, "POST", "**/migration/service/dependency"),
    _Row("decisioning.migrate", Effect.WRITE, "POST", "**/workflows/migration"),
    _Row("decisioning.migrate", Effect.WRITE, "POST", "**/migration/service/migrations"),
    _Row("decisioning.roll_back", Effect.WRITE, "POST", "**/workflows/rollback"),
    _Row("decisioning.roll_back", Effect.WRITE, "POST", "**/migration/service/rollbacks/*"),
    _Row("decisioning.get_analysis", Effect.READ, "GET", "**/workflows/generate-dependencies/*"),
    _Row("decisioning.get_analysis", Effect.READ, "GET", "**/migration/service/dependency/*"),
    _Row("decisioning.get_migration", Effect.READ, "GET", "**/workflows/migration/*"),
    _Row("decisioning.get_migration", Effect.READ, "GET", "**/migration/service/migrations/*"),
    _Row("decisioning.get_rollback", Effect.READ, "GET", "**/workflows/rollback/*"),
    _Row("decisioning.get_rollback", Effect.READ, "GET", "**/migration/service/rollbacks/*"),
    _Row("decisioning.delete", Effect.WRITE, "DELETE", "**/migration/service/dependency/*"),
    _Row("decisioning.delete", Effect.WRITE, "DELETE", "**/migration/service/migrations/*"),
    _Row("decisioning.delete", Effect.WRITE, "DELETE", "**/migration/service/rollbacks/*"),
    _Row("snaplogic.import_version", Effect.WRITE, "POST", "**/apim/import_version/*/apim/*/*"),
    _Row("snaplogic.export_version", Effect.READ, "GET", "**/apim/export_version/*/apim/*/*"),
    _Row("snaplogic.create_from_project", Effect.WRITE, "POST", "**/apim/create_from_project"),
    _Row("snaplogic.publish_versions", Effect.WRITE, "POST", "**/apim/publish_versions"),
    _Row("snaplogic.unpublish_versions", Effect.WRITE, "POST", "**/apim/unpublish_versions"),
    _Row("snaplogic.deprecate_versions", Effect.WRITE, "POST", "**/apim/deprecate_versions"),
    _Row("snaplogic.retire_versions", Effect.WRITE, "POST", "**/apim/retire_versions"),
    _Row("snaplogic.migrate_version", Effect.WRITE, "POST", "**/apim/migrate_version/*/apim/*/*"),
    _Row("snaplogic.migration_status", Effect.READ, "GET", "**/project/migrate/*"),
    # A POST only because the question may name many paths.
    _Row("snaplogic.list_assets", Effect.READ, "POST", "**/project/list_assets"),
)

EFFECTS: Mapping[str, Effect] = MappingProxyType({row.operation: row.effect for row in _ROWS})


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.escape(path).replace(r"\*\*", "(?:/[^/]+)*").replace(r"\*", "[^/]+"))


_PATTERNS = tuple((row.method, _pattern(row.path), row.effect) for row in _ROWS)


def effect_of_request(method: str, path: str) -> Effect:
    """The effect of a request as it is found in a log; what the table does not know counts as a write.

    `path` may carry a query and doubled or trailing slashes.
    """
    bare = re.sub(r"/{2,}", "/", path.partition("?")[0]).rstrip("/")
    for known_method, pattern, effect in _PATTERNS:
        if known_method == method.upper() and pattern.fullmatch(bare):
            return effect
    return Effect.WRITE
