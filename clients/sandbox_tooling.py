"""Packages and import jobs of an organization (Adobe, Sandbox tooling API)."""

from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import datetime
from typing import Any

from clients.answers import Answer
from clients.effects import Effect
from clients.errors import ApiError, ApiNotFoundError, ApiRejectedError
from clients.exim import EximClient, escaped, first_route, iso, references
from clients.package_payloads import PackagePayload, parse_payload, read_payload
from clients.refusals import classify
from clients.sandbox_tooling_models import (
    ArtifactRef,
    Page,
    RemoteArtifact,
    RemoteConflict,
    RemoteJob,
    RemoteJobRow,
    RemoteMessage,
    RemoteNode,
    RemotePackage,
    RemotePermission,
    RemoteSubmission,
    RemoteTask,
    ResourcePermission,
)
from clients.sandbox_tooling_wire import (
    read_artifact,
    read_conflict,
    read_job,
    read_job_row,
    read_node,
    read_package,
    read_permission,
    read_permission_rows,
    read_submission,
)
from clients.wire import inner_object, json_array, json_object, readable

__all__ = [
    "ArtifactRef",
    "PackagePayload",
    "Page",
    "RemoteArtifact",
    "RemoteConflict",
    "RemoteJob",
    "RemoteJobRow",
    "RemoteMessage",
    "RemoteNode",
    "RemotePackage",
    "RemotePermission",
    "RemoteSubmission",
    "RemoteTask",
    "ResourcePermission",
    "SandboxToolingClient",
    "parse_payload",
]


class SandboxToolingClient(EximClient):
    """Packages and import jobs of one organization. Knows HTTP, not our database.

    Every method raises the errors of `clients.errors`. Methods that write are marked in `clients.effects`; they are
    sent once and raise OutcomeUnknownError if their effect is not known.
    """

    def all_packages(self, *, start: int = 0, limit: int = 50) -> Generator[Page[RemotePackage], None, None]:
        """Page after page from `start` on, as `list_packages` would give them; the next ones are read ahead."""
        return self._pages(lambda client, position: client.list_packages(start=position, limit=limit), start=start)

    def all_jobs(
        self, *, limit: int, filters: Sequence[str], order_by: str, at_most: Callable[[], int]
    ) -> Generator[Page[RemoteJobRow], None, None]:
        """The same for jobs; `at_most` says how many more pages may be wanted by now."""
        return self._pages(
            lambda client, start: client.list_jobs(start=start, limit=limit, filters=filters, order_by=order_by),
            at_most=at_most,
        )

    def list_packages(
        self,
        *,
        start: int = 0,
        limit: int = 50,
        filters: Sequence[str] = (),
        order_by: str | None = "-createdDate",
    ) -> Page[RemotePackage]:
        """A page of the organization's packages, from whatever sandbox.

        A filter is a text such as "status==PUBLISHED,DRAFT"; several must all be met.
        """
        order = ("orderby", order_by) if order_by else None
        return self._list(
            "packages.list", "/packages", self._package, start=start, limit=limit, filters=filters, order=order
        )

    def get_package(self, package_id: str, *, with_capabilities: bool = False) -> RemotePackage:
        """One package; raises ApiNotFoundError if it is gone."""
        params = [("getCapabilities", "true")] if with_capabilities else []
        return self._call(
            "packages.get", "GET", f"/packages/{escaped(package_id)}", parse=self._read_package, params=params
        )

    def create_package(
        self,
        *,
        name: str,
        description: str,
        package_type: str,
        source_sandbox: str,
        artifacts: Sequence[ArtifactRef] = (),
        expires_at: datetime | None = None,
    ) -> RemotePackage:
        """Create a draft. Without `expires_at` it expires 90 days from now; the answer says when."""
        body: dict[str, Any] = {
            "name": name,
            "description": description,
            "packageType": package_type,
            "sourceSandbox": self._sandbox(source_sandbox),
            "artifacts": references(artifacts),
        }
        if expires_at is not None:
            body["expiry"] = iso(expires_at)
        return self._call("packages.create", "POST", "/packages", parse=self._read_package, body=body)

    def add_artifacts(
        self, package_id: str, artifacts: Sequence[ArtifactRef], *, expires_at: datetime | None = None
    ) -> RemotePackage:
        """Add objects to a draft. Without `expires_at` the platform moves the expiry to 90 days from now."""
        return self._update(package_id, "ADD", expires_at, artifacts=references(artifacts))

    def remove_artifacts(
        self, package_id: str, artifacts: Sequence[ArtifactRef], *, expires_at: datetime | None = None
    ) -> RemotePackage:
        """Remove objects from a draft. Without `expires_at` the platform moves the expiry to 90 days from now."""
        return self._update(package_id, "DELETE", expires_at, artifacts=references(artifacts))

    def update_package(
        self,
        package_id: str,
        *,
        name: str,
        source_sandbox: str,
        description: str | None = None,
        expires_at: datetime | None = None,
    ) -> RemotePackage:
        """Change the name, text and expiry of a draft; name and sandbox are needed even if they stay the same."""
        fields: dict[str, Any] = {"name": name, "sourceSandbox": self._sandbox(source_sandbox)}
        if description is not None:
            fields["description"] = description
        return self._update(package_id, "UPDATE", expires_at, **fields)

    def make_public(self, package_id: str) -> RemotePackage:
        """Let every organization pull the published package in; there is no way back."""
        body = {"id": package_id, "action": "UPDATE", "packageVisibility": "PUBLIC"}

        def send(path: str) -> RemotePackage:
            return self._call("packages.make_public", "PUT", path, parse=self._read_package, body=body)

        return first_route(send, "/packages", "/packages/update")

    def delete_package(self, package_id: str) -> None:
        """Delete a package; what was imported from it stays."""
        self._call("packages.delete", "DELETE", f"/packages/{escaped(package_id)}", parse=lambda answer: None)

    def publish_package(self, package_id: str, *, expiry_days: int | None = None) -> RemoteSubmission:
        """Start the publication of a draft; the package's status tells when it is done."""
        params = [] if expiry_days is None else [("expiryPeriod", str(expiry_days))]
        path = f"/packages/{escaped(package_id)}/export"
        return self._call("packages.publish", "GET", path, parse=self._read_submission, params=params)

    def find_conflicts(self, package_id: str, *, target_sandbox: str) -> tuple[RemoteConflict, ...]:
        """What in the target is like an object of the package."""
        return self._call(
            "packages.conflicts",
            "GET",
            f"/packages/{escaped(package_id)}/import",
            parse=lambda answer: tuple(read_conflict(row) for row in json_array(answer, "object", "data")),
            params=[("targetSandbox", target_sandbox)],
        )

    def import_package(
        self,
        package_id: str,
        *,
        target_sandbox: str,
        name: str,
        description: str,
        alternatives: Mapping[str, ArtifactRef],
    ) -> RemoteSubmission:
        """Submit an import. `alternatives` maps the id of a source object to the existing one to use instead."""
        body = {
            "id": package_id,
            "name": name,
            "description": description,
            "destinationSandbox": self._sandbox(target_sandbox),
            "alternatives": {source: {"id": to.id, "type": to.type} for source, to in alternatives.items()},
        }

        def send(method: str) -> RemoteSubmission:
            return self._call("packages.import", method, "/packages/import", parse=self._read_submission, body=body)

        try:
            return send("POST")  # as in Adobe's guide and samples; the OpenAPI file says PUT
        except ApiRejectedError as first:
            if first.status != 405:
                raise
            try:
                return send("PUT")
            except ApiRejectedError as second:
                if second.status in (404, 405):
                    raise first from None
                raise

    def list_children(self, package_id: str, artifacts: Sequence[ArtifactRef]) -> tuple[RemoteNode, ...]:
        """What each of these objects depends on, one level deep; not for drafts."""
        return self._call(
            "packages.children",
            "POST",
            f"/packages/{escaped(package_id)}/children",
            parse=lambda answer: tuple(read_node(row) for row in json_array(answer, "object", "data")),
            body=references(artifacts),
        )

    def check_permissions(self, package_id: str, *, target_sandbox: str) -> tuple[RemotePermission, ...]:
        """What the credential may create in the target, object by object."""

        def send(path: str) -> tuple[RemotePermission, ...]:
            return self._call(
                "packages.preflight",
                "GET",
                path,
                parse=lambda answer: tuple(read_permission(row) for row in read_permission_rows(answer)),
                params=[("targetSandbox", target_sandbox)],
            )

        path = f"/packages/preflight/{escaped(package_id)}"
        return first_route(send, path, f"{path}/export")

    def list_jobs(
        self,
        *,
        start: int = 0,
        limit: int = 50,
        filters: Sequence[str] = (),
        order_by: str | None = "-created",
    ) -> Page[RemoteJobRow]:
        """A page of the organization's jobs; filters as for packages, such as "requestType==IMPORT"."""
        order = ("orderby", order_by) if order_by else None
        return self._list(
            "jobs.list", "/packages/jobs", self._job_row, start=start, limit=limit, filters=filters, order=order
        )

    def get_job(self, job_id: str) -> RemoteJob:
        """One job with its tasks so far; raises ApiNotFoundError if there is none."""
        return self._call(
            "jobs.get", "GET", f"/tools/job/{escaped(job_id)}", parse=self._read_job, refuses=_holds_no_job
        )

    def get_payload(self, package_id: str) -> PackagePayload:
        """What another organization needs to pull a public package in."""
        path = f"/packages/payload/{escaped(package_id)}"
        return self._call("packages.payload", "GET", path, parse=lambda answer: read_payload(inner_object(answer)))

    def list_artifacts(self, artifact_type: str) -> tuple[RemoteArtifact, ...]:
        """The objects of this type in the client's sandbox.

        Adobe has withdrawn the call. Raises ApiNotFoundError where it does not exist, so that one call tells.
        """
        return self._call(
            "artifacts.list",
            "GET",
            f"/tools/artifacts/{escaped(artifact_type)}",
            parse=lambda answer: readable(json_array(answer, "object", "data"), read_artifact),
            classify=_classify_withdrawn,
        )

    def _update(self, package_id: str, action: str, expires_at: datetime | None, **fields: Any) -> RemotePackage:
        body = {"id": package_id, "action": action, **fields}
        if expires_at is not None:
            body["expiry"] = iso(expires_at)
        return self._call("packages.update", "PUT", "/packages", parse=self._read_package, body=body)

    def _package(self, row: Any) -> RemotePackage:
        return read_package(row, self._connection.redact)

    def _job_row(self, row: Any) -> RemoteJobRow:
        return read_job_row(row, self._connection.redact)

    def _read_package(self, answer: Answer) -> RemotePackage:
        return self._package(inner_object(answer))

    def _read_submission(self, answer: Answer) -> RemoteSubmission:
        return read_submission(json_object(answer), self._connection.redact)

    def _read_job(self, answer: Answer) -> RemoteJob:
        return read_job(json_object(answer), self._connection.redact)


def _classify_withdrawn(operation: str, effect: Effect, answer: Answer, facts: dict[str, Any]) -> ApiError:
    """Whatever says that there is no such route says that the call is gone."""
    error = classify(operation, effect, answer, facts)
    if isinstance(error, ApiRejectedError) and error.status in (404, 405, 410):
        return ApiNotFoundError(error.message, **facts)
    return error


def _holds_no_job(answer: Answer) -> bool:
    """Whether an envelope of type ERROR speaks of the call, and not of the job that it holds."""
    if not answer.problem.is_envelope_error:
        return False
    body = answer.json()
    job = body.get("object") if isinstance(body, dict) else None
    return not (isinstance(job, dict) and job.get("id") and job.get("jobStatus"))
