"""The emulator as a process of its own, so that its work does not count as ours, and an organization that uses it."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.processes import ROOT, end, free_port

EXIM = "/data/foundation/exim"


@dataclass(frozen=True)
class Platform:
    """A running emulator, its control and the credentials of its first organization."""

    url: str
    control: httpx.Client
    described: dict[str, Any]
    process: "subprocess.Popen[str]"

    @property
    def credential(self) -> dict[str, Any]:
        found: dict[str, Any] = next(
            entry for entry in self.described["credentials"] if entry["kind"] == "oauth_server_to_server"
        )
        return found

    def plain_client(self) -> httpx.Client:
        """What somebody would write in an afternoon: httpx with a token and the headers."""
        token = httpx.post(
            f"{self.url}/ims/token/v3",
            data={
                "grant_type": "client_credentials",
                "client_id": self.credential["client_id"],
                "client_secret": self.credential["client_secret"],
                "scope": ",".join(self.credential["scopes"]),
            },
        ).raise_for_status()
        headers = {
            "Authorization": f"Bearer {token.json()['access_token']}",
            "x-api-key": self.credential["client_id"],
            "x-gw-ims-org-id": self.described["ims_org_id"],
            "x-sandbox-name": "prod",
        }
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def organization(self, name: str) -> Any:
        """An organization of ours with this credential and the sandboxes that it sees."""
        from accounts.services import connections, sandboxes
        from promotions.systems.packages.connection import platform
        from tests.factories import CredentialFactory, OrganizationFactory

        organization = OrganizationFactory(
            name=name,
            remote_id=self.described["ims_org_id"],
            ims_url=self.url,
            platform_url=self.url,
            service_urls={"journeys": f"{self.url}/authoring"},
        )
        CredentialFactory(
            organization=organization,
            client_id=self.credential["client_id"],
            secret=self.credential["client_secret"],
            scopes=self.credential["scopes"],
        )
        with platform(organization) as connection:
            sandboxes.apply_sandboxes(organization, connections.list_sandboxes(connection))
        return organization


@contextmanager
def emulator(seed: str, *, speed: float = 0) -> Iterator[Platform]:
    """Start it and end it."""
    port = free_port()
    words = ["--seed", seed, "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator", *words, "--speed", f"{speed:g}"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        told = subprocess.run(
            [sys.executable, "-m", "emulator", "--credentials", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        url = f"http://127.0.0.1:{port}"
        control = httpx.Client(base_url=f"{url}/__emulator", timeout=60)
        _wait(control)
        yield Platform(url, control, json.loads(told.stdout)["organizations"][0], process)
    finally:
        end(process)


def _wait(control: httpx.Client) -> None:
    for _ in range(600):
        try:
            control.get("").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("The emulator does not answer.")
