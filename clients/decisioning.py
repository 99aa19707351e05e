"""Decisioning migration: analyses, migrations and rollbacks, each a workflow that is started and then asked about.

Adobe, Journey Optimizer, "Decisioning Migration API", in two of its revisions.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from clients.addresses import checked_header
from clients.answers import Answer
from clients.decisioning_models import (
    Dependencies,
    Dialect,
    Level,
    ObjectMapping,
    Scope,
    Segment,
    Workflow,
    WorkflowError,
    WorkflowStatus,
    WorkflowWarning,
)
from clients.decisioning_refusals import BusyError, EtagMissingError, NotServiceUserError, StaleEtagError, classifier
from clients.decisioning_wire import dependency_body, level_params, read_workflow, request_body
from clients.exim import escaped
from clients.transport import Connection

__all__ = [
    "BusyError",
    "DecisioningClient",
    "Dependencies",
    "Dialect",
    "EtagMissingError",
    "Level",
    "NotServiceUserError",
    "ObjectMapping",
    "Scope",
    "Segment",
    "StaleEtagError",
    "Workflow",
    "WorkflowError",
    "WorkflowStatus",
    "WorkflowWarning",
]


class _Paths(NamedTuple):
    analysis: str
    migration: str
    rollback: str


_PATHS: Mapping[Dialect, _Paths] = MappingProxyType(
    {
        Dialect.R4: _Paths("/workflows/generate-dependencies", "/workflows/migration", "/workflows/rollback"),
        Dialect.R1: _Paths(
            "/migration/service/dependency", "/migration/service/migrations", "/migration/service/rollbacks"
        ),
    }
)


class DecisioningClient:
    """Migrates the offers and decisions of one organization; the connection's base URL is that of the service.

    Knows HTTP, not our database. An organization has one workflow at a time, of whatever kind: to start another raises
    BusyError, which started nothing. There is no list of workflows, so an id that is lost stays lost. Every method
    raises the errors of `clients.errors`.
    """

    def __init__(self, connection: Connection, *, dialect: Dialect = Dialect.R4, ims_org_id: str) -> None:
        # The service is told twice, in a header and in the body.
        if connection.ims_org_id not in ("", ims_org_id):
            raise ValueError(f"The connection is that of organization {connection.ims_org_id}, not of {ims_org_id}.")
        self._connection = connection
        self._dialect = Dialect(dialect)
        self._ims_org_id = checked_header("The organization id", ims_org_id)
        self._paths = _PATHS[self._dialect]
        self._classify = classifier(connection.base_url, self._dialect.name)

    def analyse(self, *, source: str, target: str, scope: Scope) -> Workflow:
        """Start to find out what the objects need in the target sandbox; changes nothing lasting.

        The platform's advice is to begin with the whole sandbox. Raises ValueError for a scope that names nothing.
        """
        return self._send(
            "decisioning.analyse",
            "POST",
            self._paths.analysis,
            params=level_params(self._dialect, scope),
            body=self._request(source, target, scope),
        )

    def migrate(
        self, *, source: str, target: str, scope: Scope, dependencies: Dependencies, create_data_stream: bool | None
    ) -> Workflow:
        """Start to make the objects in the target sandbox, as drafts; the source may be the target in R4.

        `dependencies` are sent as they are, unmapped ones included. Whether a datastream is made where
        `create_data_stream` is None is up to the service. Raises ValueError for a scope that names nothing.
        """
        body = self._request(source, target, scope)
        if create_data_stream is not None:
            body["createDataStream"] = create_data_stream
        body["dependency"] = dependency_body(self._dialect, dependencies)
        return self._send(
            "decisioning.migrate",
            "POST",
            self._paths.migration,
            params=level_params(self._dialect, scope),
            body=body,
        )

    def roll_back(self, migration_id: str) -> Workflow:
        """Start to undo a completed migration; the rollback is a workflow with an id of its own."""
        path, body = self._paths.rollback, None
        if self._dialect is Dialect.R1:
            path = f"{path}/{escaped(migration_id)}"
        else:
            escaped(migration_id)  # refuses what cannot be an id
            # Whatever its name says, this is the id of the migration.
            body = {"rollbackWorkflowId": migration_id}
        return self._send("decisioning.roll_back", "POST", path, body=body)

    def get_analysis(self, workflow_id: str) -> Workflow:
        """The analysis, with its dependencies once it is completed; raises ApiNotFoundError if there is none."""
        return self._get("decisioning.get_analysis", self._paths.analysis, workflow_id)

    def get_migration(self, workflow_id: str) -> Workflow:
        """The migration, with its mappings once it is completed; raises ApiNotFoundError if there is none."""
        return self._get("decisioning.get_migration", self._paths.migration, workflow_id)

    def get_rollback(self, workflow_id: str) -> Workflow:
        """The rollback, by its own id and not the migration's; raises ApiNotFoundError if there is none."""
        return self._get("decisioning.get_rollback", self._paths.rollback, workflow_id)

    def delete_analysis(self, workflow_id: str, etag: str) -> None:
        """Delete the record of an analysis.

        This and the other deletions are known to R1 only and raise ValueError in R4. They are for service users: raises
        NotServiceUserError for others, and StaleEtagError if the workflow is no longer the one with this etag.
        """
        self._delete(self._paths.analysis, workflow_id, etag)

    def delete_migration(self, workflow_id: str, etag: str) -> None:
        """Delete the record of a migration, as with an analysis; what it made stays."""
        self._delete(self._paths.migration, workflow_id, etag)

    def delete_rollback(self, workflow_id: str, etag: str) -> None:
        """Delete the record of a rollback, as with an analysis."""
        self._delete(self._paths.rollback, workflow_id, etag)

    def _request(self, source: str, target: str, scope: Scope) -> dict[str, Any]:
        return request_body(self._dialect, ims_org_id=self._ims_org_id, source=source, target=target, scope=scope)

    def _get(self, operation: str, path: str, workflow_id: str) -> Workflow:
        # Always by the id: the link that the service gives may lead elsewhere, and the token goes along.
        return self._send(operation, "GET", f"{path}/{escaped(workflow_id)}")

    def _send(self, operation: str, method: str, path: str, **request: Any) -> Workflow:
        def read(answer: Answer) -> Workflow:
            return read_workflow(answer, self._connection.redact)

        return self._connection.call(operation, method, path, parse=read, classify=self._classify, **request)

    def _delete(self, path: str, workflow_id: str, etag: str) -> None:
        if self._dialect is not Dialect.R1:
            raise ValueError("Workflows can be deleted in dialect R1 only. Ask the platform's administrator instead.")
        self._connection.call(
            "decisioning.delete",
            "DELETE",
            f"{path}/{escaped(workflow_id)}",
            parse=lambda answer: None,
            headers={"If-Match": checked_header("The workflow's etag", etag)},
            classify=self._classify,
        )
