"""The emulator in process, spoken to over WSGI as a client of the real platform would speak."""

import json
from pathlib import Path
from typing import Any

from werkzeug.test import Client

from emulator.app import Emulator, create_app
from emulator.things import Credential, Package

EXIM = "/data/foundation/exim"
SANDBOXES = "/data/foundation/sandbox-management"
FIXTURES = Path(__file__).parents[2] / "fixtures"


def fixture(name: str) -> Any:
    """An example body by folder and file name, without the ending."""
    return json.loads((FIXTURES / f"{name}.json").read_text())


def shape(value: Any) -> Any:
    """Member names and kinds of values, without the values; of a list, the shape of its first entry."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


class Platform:
    """One organization's robot, signed in."""

    def __init__(self, seed: str = "small", *, robot: int = 0, organization: int = 0, app: Emulator | None = None):
        self.app = app or create_app(seed, speed=0)
        # Any: werkzeug types every JSON body as optional.
        self.http: Any = Client(self.app)
        self.org = list(self.app.world.organizations.values())[organization]
        self.credential: Credential = self.org.credentials[robot]
        self.headers = {
            "x-api-key": self.credential.client_id,
            "x-gw-ims-org-id": self.org.id,
            "x-sandbox-name": "dev",
            "Authorization": f"Bearer {self.token()}",
        }

    def also(self, *, robot: int = 0, organization: int = 0) -> "Platform":
        """Another robot on the same world."""
        return Platform(robot=robot, organization=organization, app=self.app)

    def token_answer(self, **changes: str) -> Any:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.credential.client_id,
            "client_secret": self.credential.client_secret,
            "scope": ",".join(self.credential.scopes),
        }
        return self.http.post("/ims/token/v3", data=form | changes)

    def token(self) -> str:
        return str(self.token_answer().json["access_token"])

    def call(self, method: str, path: str, **options: Any) -> Any:
        headers = self.headers | options.pop("headers", {})
        headers = {name: value for name, value in headers.items() if value is not None}
        return self.http.open(f"{EXIM}{path}", method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> Any:
        return self.call("GET", path, **options)

    def package(self, name: str) -> Package:
        return next(one for one in self.app.world.packages.values() if one.name == name and one.org_id == self.org.id)

    def submit(self, package: str, target: str = "stage", **members: Any) -> Any:
        body = {
            "id": self.package(package).id,
            "destinationSandbox": {"name": target, "imsOrgId": self.org.id},
            **members,
        }
        return self.call("POST", "/packages/import", json=body)

    def job(self, job_id: str) -> dict[str, Any]:
        body: dict[str, Any] = self.get(f"/tools/job/{job_id}").json["object"]
        return body

    def run_import(self, package: str, target: str = "stage", **members: Any) -> dict[str, Any]:
        """Submit an import, let it end, and read its detail."""
        answer = self.submit(package, target, **members)
        assert answer.status_code == 202, answer.text
        self.advance(120)
        return self.job(answer.json["jobId"])

    def conflicts(self, name: str, target: str = "stage") -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.get(f"/packages/{self.package(name).id}/import?targetSandbox={target}").json
        return rows

    def advance(self, seconds: float) -> None:
        self.control("clock", advance_s=seconds)

    def control(self, noun: str, **body: Any) -> Any:
        return self.http.post(f"/__emulator/{noun}", json=body)

    def title(self, sandbox: str, entry: dict[str, Any]) -> str:
        return self.org.sandboxes[sandbox].objects[entry["type"], entry["id"]].title
