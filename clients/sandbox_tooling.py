"""Packages and import jobs of an organization (Adobe, Sandbox tooling API)."""

import copy
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

from clients import ahead
from clients.addresses import checked_header
from clients.answers import Answer
from clients.errors import ApiRejectedError
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
    read_conflict,
    read_job,
    read_job_row,
    read_node,
    read_package,
    read_page,
    read_permission,
    read_permission_rows,
    read_submission,
)
from clients.transport import Connection
from clients.wire import json_array, json_object

__all__ = [
    "ArtifactRef",
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
]

T = TypeVar("T")

_BASE = "/data/foundation/exim"
_ORDER_WORDS = re.compile(r"order|sort|field", re.IGNORECASE)


class SandboxToolingClient:
    """Packages and import jobs of one organization. Knows HTTP, not our database.

    Every method raises the errors of `clients.errors`. Methods that write are marked in `clients.effects`; they are
    sent once and raise OutcomeUnknownError if their effect is not known.
    """

    def __init__(self, connection: Connection, *, sandbox: str = "prod") -> None:
        self._connection = connection
        # Without this header a call silently goes to the default production sandbox.
        self._headers = {"x-sandbox-name": checked_header("The sandbox name", sandbox)}

    def all_packages(self, *, start: int = 0, limit: int = 50) -> Generator[Page[RemotePackage], None, None]:
        """Page after page from `start` on, as `list_packages` would give them; the next ones are read ahead."""

        def reading(client: SandboxToolingClient) -> Callable[[int], Page[RemotePackage]]:
            return lambda position: client.list_packages(start=position, limit=limit)

        return ahead.pages(reading(self), lambda: reading(self._twin()), start=start)

    def all_jobs(
        self, *, limit: int, filters: Sequence[str], order_by: str, at_most: Callable[[], int]
    ) -> Generator[Page[RemoteJobRow], None, None]:
        """The same for jobs; `at_most` says how many more pages may be wanted by now."""

        def reading(client: SandboxToolingClient) -> Callable[[int], Page[RemoteJobRow]]:
            return lambda start: client.list_jobs(start=start, limit=limit, filters=filters, order_by=order_by)

        return ahead.pages(reading(self), lambda: reading(self._twin()), at_most=at_most)

    def _twin(self) -> "SandboxToolingClient":
        """For another thread; asks once."""
        twin = copy.copy(self)
        twin._connection = self._connection.single_minded()
        return twin

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
        return self._list("packages.list", "/packages", self._package, start, limit, filters, order_by)

    def get_package(self, package_id: str, *, with_capabilities: bool = False) -> RemotePackage:
        """One package; raises ApiNotFoundError if it is gone."""
        params = [("getCapabilities", "true")] if with_capabilities else []
        return self._call(
            "packages.get", "GET", f"/packages/{_escaped(package_id)}", parse=self._read_package, params=params
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
            "artifacts": _references(artifacts),
        }
        if expires_at is not None:
            body["expiry"] = _iso(expires_at)
        return self._call("packages.create", "POST", "/packages", parse=self._read_package, body=body)

    def add_artifacts(
        self, package_id: str, artifacts: Sequence[ArtifactRef], *, expires_at: datetime | None = None
    ) -> RemotePackage:
        """Add objects to a draft. Without `expires_at` the platform moves the expiry to 90 days from now."""
        return self._update(package_id, "ADD", expires_at, artifacts=_references(artifacts))

    def remove_artifacts(
        self, package_id: str, artifacts: Sequence[ArtifactRef], *, expires_at: datetime | None = None
    ) -> RemotePackage:
        """Remove objects from a draft. Without `expires_at` the platform moves the expiry to 90 days from now."""
        return self._update(package_id, "DELETE", expires_at, artifacts=_references(artifacts))

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

        return _first_route(send, "/packages", "/packages/update")

    def delete_package(self, package_id: str) -> None:
        """Delete a package; what was imported from it stays."""
        self._call("packages.delete", "DELETE", f"/packages/{_escaped(package_id)}", parse=lambda answer: None)

    def publish_package(self, package_id: str, *, expiry_days: int | None = None) -> RemoteSubmission:
        """Start the publication of a draft; the package's status tells when it is done."""
        params = [] if expiry_days is None else [("expiryPeriod", str(expiry_days))]
        path = f"/packages/{_escaped(package_id)}/export"
        return self._call("packages.publish", "GET", path, parse=self._read_submission, params=params)

    def find_conflicts(self, package_id: str, *, target_sandbox: str) -> tuple[RemoteConflict, ...]:
        """What in the target is like an object of the package."""
        return self._call(
            "packages.conflicts",
            "GET",
            f"/packages/{_escaped(package_id)}/import",
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
            f"/packages/{_escaped(package_id)}/children",
            parse=lambda answer: tuple(read_node(row) for row in json_array(answer, "object", "data")),
            body=_references(artifacts),
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

        path = f"/packages/preflight/{_escaped(package_id)}"
        return _first_route(send, path, f"{path}/export")

    def list_jobs(
        self,
        *,
        start: int = 0,
        limit: int = 50,
        filters: Sequence[str] = (),
        order_by: str | None = "-created",
    ) -> Page[RemoteJobRow]:
        """A page of the organization's jobs; filters as for packages, such as "requestType==IMPORT"."""
        return self._list("jobs.list", "/packages/jobs", self._job_row, start, limit, filters, order_by)

    def get_job(self, job_id: str) -> RemoteJob:
        """One job with its tasks so far; raises ApiNotFoundError if there is none."""
        return self._call(
            "jobs.get", "GET", f"/tools/job/{_escaped(job_id)}", parse=self._read_job, refuses=_holds_no_job
        )

    def get_payload(self, package_id: str) -> dict[str, Any]:
        """What another organization needs to pull a public package in."""
        return self._call("packages.payload", "GET", f"/packages/payload/{_escaped(package_id)}", parse=json_object)

    def _call(self, operation: str, method: str, path: str, *, parse: Callable[[Answer], T], **request: Any) -> T:
        return self._connection.call(operation, method, f"{_BASE}{path}", parse=parse, headers=self._headers, **request)

    def _list(
        self,
        operation: str,
        path: str,
        read: Callable[[Any], T],
        start: int,
        limit: int,
        filters: Sequence[str],
        order_by: str | None,
    ) -> Page[T]:
        # Each filter is a parameter of its own: joined into one, all but the first would be lost.
        params = [("property", text) for text in filters]
        params += [("start", str(start)), ("limit", str(limit))]

        def send(params: list[tuple[str, str]]) -> Page[T]:
            return self._call(
                operation, "GET", path, parse=lambda answer: read_page(answer.json(), read, start=start), params=params
            )

        if not order_by:
            return send(params)
        try:
            return send([*params, ("orderby", order_by)])
        except ApiRejectedError as error:
            # The documents spell the parameter and its values in several ways; in any order is better than not at all.
            if error.status not in (400, 403, 422) or not _ORDER_WORDS.search(error.message):
                raise
            return send(params)

    def _update(self, package_id: str, action: str, expires_at: datetime | None, **fields: Any) -> RemotePackage:
        body = {"id": package_id, "action": action, **fields}
        if expires_at is not None:
            body["expiry"] = _iso(expires_at)
        return self._call("packages.update", "PUT", "/packages", parse=self._read_package, body=body)

    def _sandbox(self, name: str) -> dict[str, str]:
        return {"name": name, "imsOrgId": self._connection.ims_org_id}

    def _package(self, row: Any) -> RemotePackage:
        return read_package(row, self._connection.redact)

    def _job_row(self, row: Any) -> RemoteJobRow:
        return read_job_row(row, self._connection.redact)

    def _read_package(self, answer: Answer) -> RemotePackage:
        body = json_object(answer)
        return self._package(body["object"] if isinstance(body.get("object"), dict) else body)

    def _read_submission(self, answer: Answer) -> RemoteSubmission:
        return read_submission(json_object(answer), self._connection.redact)

    def _read_job(self, answer: Answer) -> RemoteJob:
        return read_job(json_object(answer), self._connection.redact)


def _holds_no_job(answer: Answer) -> bool:
    """Whether an envelope of type ERROR speaks of the call, and not of the job that it holds."""
    if not answer.problem.is_envelope_error:
        return False
    body = answer.json()
    job = body.get("object") if isinstance(body, dict) else None
    return not (isinstance(job, dict) and job.get("id") and job.get("jobStatus"))


def _first_route(send: Callable[[str], T], path: str, other_path: str) -> T:
    """The answer of the first path, or of the other one if the first is no route: the documents name both."""
    try:
        return send(path)
    except ApiRejectedError as first:
        if first.status not in (404, 405):
            raise
        try:
            return send(other_path)
        except ApiRejectedError as second:
            if second.status in (404, 405):
                raise first from None
            raise


def _references(artifacts: Sequence[ArtifactRef]) -> list[dict[str, str]]:
    return [{"id": artifact.id, "type": artifact.type} for artifact in artifacts]


def _escaped(remote_id: str) -> str:
    """One path segment; a lone or double dot would otherwise climb the path."""
    if not remote_id.strip("."):
        raise ValueError("A remote id must not be empty or consist of dots.")
    return quote(remote_id, safe="")


def _iso(time: datetime) -> str:
    if time.tzinfo is None:
        raise ValueError("A time without a zone cannot be sent: the platform would take it as UTC.")
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
