"""Journeys spoken to over WSGI as a client of the real service would."""

import hashlib
import json
from typing import Any

from tests.integration.emulator.platform import Platform

PLACEHOLDER = "INSERT_SECRET_HERE"


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Journeys:
    """The Journey service of one organization, below one of its prefixes."""

    def __init__(self, platform: Platform, prefix: str = "/authoring") -> None:
        self.platform, self.prefix = platform, prefix

    def call(self, method: str, path: str, *, sandbox: str | None = "dev", **options: Any) -> Any:
        headers = self.platform.headers | {"x-sandbox-name": sandbox} | options.pop("headers", {})
        headers = {name: value for name, value in headers.items() if value is not None}
        return self.platform.http.open(path, method=method, headers=headers, **options)

    def list_all(self, sandbox: str | None = "dev", **options: Any) -> Any:
        return self.call("POST", f"{self.prefix}/list/journeys", sandbox=sandbox, **options)

    def row(self, name: str, sandbox: str = "dev") -> dict[str, Any]:
        rows: list[dict[str, Any]] = self.list_all(sandbox).json["results"]
        return next(row for row in rows if row["name"] == name)

    def latest(self, uid: str, sandbox: str = "dev") -> Any:
        return self.call("GET", f"{self.prefix}/journeys/{uid}/latest", sandbox=sandbox)

    def export(self, version_uid: str, sandbox: str = "dev") -> Any:
        return self.call("GET", f"{self.prefix}/journeyVersions/{version_uid}/export", sandbox=sandbox)

    def document(self, name: str, sandbox: str = "dev") -> dict[str, Any]:
        answer = self.export(self.row(name, sandbox)["lastVersion"], sandbox)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json
        return found

    def bring(self, document: Any, sandbox: str = "stage", **options: Any) -> Any:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        path = f"{self.prefix}/journeyVersions/import"
        return self.call("POST", path, sandbox=sandbox, data=body, content_type="application/json", **options)

    def effects(self) -> list[dict[str, Any]]:
        effects: list[dict[str, Any]] = self.platform.http.get("/__emulator/effects?operation=journeys.import").json[
            "effects"
        ]
        return effects

    def schema(self, title: str, sandbox: str) -> str:
        objects = self.platform.org.sandboxes[sandbox].titled("REGISTRY_SCHEMA", title)
        return objects[0].id


def filled(document: dict[str, Any], value: str = "hush") -> dict[str, Any]:
    """The same export with one secret for every placeholder."""
    found: dict[str, Any] = json.loads(json.dumps(document).replace(PLACEHOLDER, value))
    return found


def ready(journeys: Journeys, name: str, title: str, *, value: str = "hush", sandbox: str = "stage") -> dict[str, Any]:
    """An export with its secrets filled in, and its events pointed at the schema of that title in the target."""
    document = filled(journeys.document(name), value)
    for event in document["events"]:
        event["xdmEntity"]["schemaRef"]["id"] = journeys.schema(title, sandbox)
    return document
