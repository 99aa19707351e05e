import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from config import embedded
from tests import prepared
from tests.processes import ROOT, descendants, end, free_port, wait_until

# What tells a child of `manage.py up` by its command line.
MARKS = {
    "valkey": "valkey-server",
    "web": "granian",
    "worker-tick": "--queues tick",
    "worker-interactive": "--queues interactive",
    "worker-long": "--queues long",
    "beat": "config beat",
}


@dataclass
class Installation:
    """`manage.py` on a data folder of its own, as a person runs it."""

    data_dir: Path
    port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict)
    _process: "subprocess.Popen[str] | None" = None

    @property
    def process(self) -> "subprocess.Popen[str]":
        assert self._process is not None, "It was not started."
        return self._process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return (self.data_dir.parent / "output").read_text()

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def up(self, *arguments: str) -> None:
        """Start, and wait until it says that it is ready."""
        with (self.data_dir.parent / "output").open("w") as output:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "up", *arguments],
                cwd=ROOT,
                env=self._environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        wait_until(lambda: "Towpath is ready" in self.output or self.process.poll() is not None, within_s=60, what="up")
        assert self.process.poll() is None, self.output

    def _environment(self) -> dict[str, str]:
        ours = {"DATABASE_URL", "REDIS_URL", "TOWPATH_MODE", *embedded.KEY_NAMES}
        inherited = {name: value for name, value in os.environ.items() if name not in ours}
        return {
            **inherited,
            "TOWPATH_MODE": "embedded",
            "DATA_DIR": str(self.data_dir),
            "PORT": str(self.port),
            "LOG_LEVEL": "INFO",
            **self.environment,
        }

    def children(self) -> dict[str, int]:
        """The direct children by name."""
        listing = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        ).stdout
        rows = [line.split(None, 2) for line in listing.splitlines()]
        return {
            name: int(row[0])
            for row in rows
            for name, mark in MARKS.items()
            if row[1] == str(self.process.pid) and mark in row[2]
        }

    def family(self) -> set[int]:
        return descendants(self.process.pid)

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def workers_ready(self) -> int:
        """How often a worker has said that it waits for work."""
        return len(re.findall(r"(?:tick|interactive|long)@\S+ ready", self.output))


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    found = Installation(tmp_path / "data")
    yield found
    if found._process is not None:
        end(found._process)


@pytest.fixture
def migrated(installation: Installation) -> Installation:
    """One that was set up before: its first start migrates nothing."""
    prepared.copy_to(installation.data_dir, prepared.migrated_folder())
    return installation
