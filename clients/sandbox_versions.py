"""Versions of published packages: compare, save, look back, and imports that update objects."""

from collections.abc import Mapping
from typing import Any

from clients.answers import Answer
from clients.exim import EximClient, escaped, first_route
from clients.sandbox_tooling_models import ArtifactRef
from clients.sandbox_versions_models import FieldChange, ObjectDelta, RemoteDelta, RemoteVersion, RemoteVersionJob
from clients.sandbox_versions_wire import read_version, read_version_job
from clients.wire import inner_object, json_array, readable

__all__ = [
    "FieldChange",
    "ObjectDelta",
    "RemoteDelta",
    "RemoteVersion",
    "RemoteVersionJob",
    "VersioningClient",
]


class VersioningClient(EximClient):
    """Versions of one organization's packages, for those that are VERSIONABLE. Knows HTTP, not our database.

    Adobe's guide names each call with several verbs: the likeliest goes first, and the next ones only after a 404 or
    405. Anything else is never sent again. Every method raises the errors of `clients.errors`.
    """

    def compare(
        self, package_id: str, *, target_sandbox: str | None = None, trigger_new: bool = False
    ) -> RemoteVersionJob:
        """Start to compare the package with a sandbox, by default its own; or see how far the last comparison is.

        Ask again without `trigger_new` until the job has a `delta` or its status is an end. With `trigger_new` a
        comparison is made anew although one is under way or done.
        """
        body: dict[str, Any] = {"triggerNew": True} if trigger_new else {}
        if target_sandbox is not None:
            body["targetSandbox"] = target_sandbox
        return self._job(
            "versions.compare", ("POST", "PATCH"), f"/packages/{escaped(package_id)}/version/compare", body
        )

    def save_version(self, package_id: str) -> RemoteVersionJob:
        """Start to save the state of the package's objects as its next version."""
        path = f"/packages/{escaped(package_id)}/version/save"
        return self._job("versions.save", ("PATCH", "POST", "GET"), path, None)

    def list_versions(self, package_id: str) -> tuple[RemoteVersion, ...]:
        """The saved versions, newest first."""
        path = f"/packages/{escaped(package_id)}/history"

        def send(method: str) -> tuple[RemoteVersion, ...]:
            return self._call("versions.list", method, path, parse=_read_versions)

        return first_route(send, "GET", "PATCH", "POST")

    def import_update(
        self, package_id: str, *, name: str, target_sandbox: str, overwrite: Mapping[str, ArtifactRef]
    ) -> RemoteVersionJob:
        """Submit an import that updates. `overwrite` maps the id of a source object to the one that it replaces.

        What is not mapped is created new.
        """
        body = {
            "id": package_id,
            "name": name,
            "destinationSandbox": self._sandbox(target_sandbox),
            "overwriteMappings": {source: {"id": to.id, "type": to.type} for source, to in overwrite.items()},
        }
        return self._job("versions.update", ("PATCH", "POST"), f"/packages/{escaped(package_id)}/import", body)

    def _job(self, operation: str, methods: tuple[str, ...], path: str, body: Any) -> RemoteVersionJob:
        def send(method: str) -> RemoteVersionJob:
            return self._call(operation, method, path, parse=self._read_job, body=body)

        return first_route(send, *methods)

    def _read_job(self, answer: Answer) -> RemoteVersionJob:
        return read_version_job(inner_object(answer), self._connection.redact)


def _read_versions(answer: Answer) -> tuple[RemoteVersion, ...]:
    return readable(json_array(answer, "object", "data"), read_version)
