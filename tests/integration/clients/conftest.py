from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from clients.effects import Effect, effect_of_request
from clients.ims import ImsClient, JwtServiceAccount, OAuthServerToServer
from clients.sandbox_tooling import SandboxToolingClient
from clients.tokens import MemoryTokenStore
from clients.transport import CallPolicy, Connection, adobe_connection
from emulator.app import create_app
from emulator.credentials import describe
from emulator.server import run_in_thread

FAST = CallPolicy(attempts=3, attempt_deadline_s=2.0, read_budget_s=6.0, write_deadline_s=2.0, first_pause_s=0.01)


class Emulator:
    """The emulator on a port of its own, driven from outside."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=f"{url}/__emulator")
        self._open: list[Connection | ImsClient] = []
        self.organizations = describe("small", url)["organizations"]

    def close(self) -> None:
        for one in self._open:
            one.close()
        self._http.close()

    def arm(self, **fault: Any) -> None:
        """Let the next matching request fail."""
        answer = self._http.post("/faults", json={"count": 1, **fault})
        assert answer.status_code == 201, answer.text

    def switch(self, **switches: Any) -> None:
        """Take the other choice where the documents leave one open."""
        answer = self._http.post("/switches", json=switches)
        assert answer.status_code == 200, answer.text

    def effects(self, operation: str) -> int:
        """How often this was done, whatever was answered."""
        counts: dict[str, int] = self._http.get("/effects", params={"operation": operation}).json()["counts"]
        return counts.get(operation, 0)

    def requests(self) -> list[dict[str, Any]]:
        """The platform calls so far, without those for tokens."""
        rows: list[dict[str, Any]] = self._http.get("/requests").json()["requests"]
        return [row for row in rows if not row["path"].startswith("/ims/")]

    def token_requests(self) -> int:
        rows = self._http.get("/requests").json()["requests"]
        return sum(row["path"].startswith("/ims/") for row in rows)

    def forget_requests(self) -> None:
        self._http.delete("/requests")

    def writes(self) -> list[dict[str, Any]]:
        return [row for row in self.requests() if effect_of_request(row["method"], row["path"]) is not Effect.READ]

    def credential(self, organization: int, name: str) -> OAuthServerToServer | JwtServiceAccount:
        org = self.organizations[organization]
        row = next(row for row in org["credentials"] if name in row["name"])
        if row["kind"] == "jwt":
            return JwtServiceAccount(
                ims_org_id=org["ims_org_id"],
                client_id=row["client_id"],
                client_secret=row["client_secret"],
                technical_account_id=row["technical_account_id"],
                metascopes=tuple(row["metascopes"]),
                private_key=row["private_key"],
            )
        return OAuthServerToServer(row["client_id"], row["client_secret"], tuple(row["scopes"]))

    def connect(
        self,
        name: str = "release robot",
        *,
        organization: int = 0,
        acting_for: int | None = None,
        path: str = "",
        **changes: Any,
    ) -> Connection:
        credential = self.credential(organization, name)
        if changes:
            credential = credential.__class__(**{**credential.__dict__, **changes})
        ims = ImsClient(base_url=self.url)
        connection = adobe_connection(
            base_url=self.url + path,
            ims_org_id=self.organizations[organization if acting_for is None else acting_for]["ims_org_id"],
            credential=credential,
            token_store=MemoryTokenStore(),
            ims=ims,
            policy=FAST,
        )
        self._open.extend((connection, ims))
        return connection


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    server = run_in_thread(create_app(seed="small", speed=2000))
    control = Emulator(server.url)
    yield control
    control.close()
    server.stop()


@pytest.fixture
def tooling(emulator: Emulator) -> SandboxToolingClient:
    return SandboxToolingClient(emulator.connect(), sandbox="dev")


@pytest.fixture
def published(tooling: SandboxToolingClient) -> Callable[[], str]:
    """The id of a published package with objects."""

    def find() -> str:
        page = tooling.list_packages(filters=["status==PUBLISHED", "packageType==PARTIAL"], limit=50)
        return next(package.id for package in page.items if package.artifacts)

    return find
