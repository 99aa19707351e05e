"""Decisioning spoken to over WSGI as a client of the real service would."""

from typing import Any

from tests.integration.emulator.platform import Platform

R4 = {"dependency": "/workflows/generate-dependencies", "migration": "/workflows/migration"}
R4["rollback"] = "/workflows/rollback"
R1 = {"dependency": "/migration/service/dependency", "migration": "/migration/service/migrations"}
R1["rollback"] = "/migration/service/rollbacks"


class Decisioning:
    """The migration service of one organization, in one dialect."""

    def __init__(self, platform: Platform, paths: dict[str, str] | None = None, *, prefix: str = "") -> None:
        self.platform = platform
        self.paths = {kind: prefix + path for kind, path in (paths or R4).items()}
        self.is_r1 = paths is R1

    def call(self, method: str, path: str, **options: Any) -> Any:
        headers = self.platform.headers | {"x-sandbox-name": None} | options.pop("headers", {})
        headers = {name: value for name, value in headers.items() if value is not None}
        return self.platform.http.open(path, method=method, headers=headers, **options)

    def body(self, source: str = "dev", target: str = "stage", **members: Any) -> dict[str, Any]:
        return {
            "imsOrgId": self.platform.org.id,
            "sourceSandboxDetails": {"sandboxName": source},
            "targetSandboxDetails": {"sandboxName": target},
            **members,
        }

    def create(self, kind: str, level: str | None = "sandbox", *, query: str | None = None, **members: Any) -> Any:
        """Start an analysis or a migration; the level goes where the dialect has it."""
        if self.is_r1 and level:
            members["requestLevel"] = level
        elif level:
            query = f"request-level={level}"
        return self.call("POST", self.paths[kind], query_string=query, json=self.body(**members))

    def analyse(self, level: str = "sandbox", **members: Any) -> Any:
        return self.create("dependency", level, **members)

    def migrate(self, level: str = "sandbox", **members: Any) -> Any:
        """Everything is mapped to what the target has, unless `dependency` says otherwise."""
        route = {name: members.get(name, default) for name, default in (("source", "dev"), ("target", "stage"))}
        return self.create("migration", level, **{"dependency": self.mapped(**route), **members})

    def roll_back(self, migration_id: str) -> Any:
        if self.is_r1:
            return self.call("POST", f"{self.paths['rollback']}/{migration_id}")
        return self.call("POST", self.paths["rollback"], json={"rollbackWorkflowId": migration_id})

    def read(self, kind: str, workflow_id: str) -> Any:
        return self.call("GET", f"{self.paths[kind]}/{workflow_id}")

    def done(self, kind: str, answer: Any) -> dict[str, Any]:
        """Let a workflow end and read it."""
        assert answer.status_code == 201, answer.text
        self.platform.advance(120)
        found: dict[str, Any] = self.read(kind, answer.json["id"]).json
        return found

    def mapped(self, source: str = "dev", target: str = "stage", dataset: str = "Decisioning events") -> dict[str, Any]:
        """What a person would fill in: profile attributes by their last word, segments by their names."""
        before, after = self.shown(source), self.shown(target)
        names = {name.rpartition(".")[2].lower(): name for name in after["profile_attributes"]}
        segments = {name: key.partition(":") for key, name in after["segments"].items()}
        return {
            "datasetName": dataset,
            "profileAttributes": {
                name: names[last]
                for name in before["needs"]["profile"]
                if (last := name.rpartition(".")[2].lower()) in names
            },
            "contextAttributes": {name: f"_mapped.{name}" for name in before["needs"]["context"]},
            "segments": {
                key: {"namespace": segments[name][0], "id": segments[name][2]}
                for key, name in before["segments"].items()
                if name in segments
            },
        }

    def shown(self, sandbox: str = "dev") -> dict[str, Any]:
        query = {"organization": self.platform.org.name, "sandbox": sandbox}
        found: dict[str, Any] = self.platform.http.get("/__emulator/decisioning", query_string=query).json
        return found

    def id_of(self, name: str, sandbox: str = "dev") -> str:
        things = self.shown(sandbox)["decision_management"]
        return next(str(one["id"]) for one in things if one["name"] == name)

    def made(self, sandbox: str = "stage") -> dict[str, str]:
        """Names of the new objects in a sandbox, and their types."""
        return {one["name"]: one["type"] for one in self.shown(sandbox)["decisioning"]}

    def effects(self, operation: str) -> list[dict[str, Any]]:
        query = {"operation": f"decisioning.{operation}"}
        found: list[dict[str, Any]] = self.platform.http.get("/__emulator/effects", query_string=query).json["effects"]
        return found
