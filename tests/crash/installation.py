"""A running demo installation as a program of its own meets it: its processes, its people, its emulator."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
from django.conf import settings
from django.utils import timezone

from tests.integration.ground.conftest import MARKS

# Write deadlines and settle times of the installation, so that a run takes seconds.
ENVIRONMENT = {
    "SUBMIT_DEADLINE_S": "2",
    "SUBMIT_SETTLE_S": "4",
    "UPLOAD_DEADLINE_S": "2",
    "UPLOAD_SETTLE_S": "4",
}
PATIENCE_S = 180


def children_of(pid: int) -> Iterator[tuple[str, int]]:
    """Name and pid of the supervisor's direct children."""
    listing = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    for line in listing.splitlines():
        child, parent, command = line.split(None, 2)
        for name, mark in MARKS.items():
            if parent == str(pid) and mark in command:
                yield name, int(child)


def signal_group(supervisor_pid: int, target: str, number: signal.Signals = signal.SIGKILL) -> bool:
    """Send a signal to the whole process group of a child, as a machine out of memory would; False if it is not up."""
    for name, pid in children_of(supervisor_pid):
        if name == target:
            try:
                os.killpg(pid, number)
            except ProcessLookupError:
                return False
            return True
    return False


def flush_valkey() -> bool:
    """Have the installation's Valkey forget everything: messages, cache, rate limits; False if it is not up."""
    from config import embedded

    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        try:
            client.connect(str(embedded.valkey_socket(settings.DATA_DIR)))
            client.sendall(b"FLUSHALL\r\n")
            return client.recv(16).startswith(b"+OK")
        except OSError:
            return False


def wait_for(is_true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not within {PATIENCE_S} s: {what}")
        time.sleep(0.02)


class Target:
    """The installation from inside, its people, and the control of its emulator."""

    def __init__(self, supervisor_pid: int, emulator_url: str) -> None:
        from accounts.models import User

        self.supervisor_pid = supervisor_pid
        self.emulator_url = emulator_url
        self.emulator = httpx.Client(base_url=f"{emulator_url}/__emulator", timeout=20)
        self.operator = User.objects.get(email="oskar@example.com")
        self.approver = User.objects.get(email="priya@example.com")
        self.acme = self.organization("Acme")

    def organization(self, name: str) -> Any:
        """An organization of the demo whose sandboxes and packages have been read."""
        from accounts.models import Organization
        from promotions.models import Package

        found = Organization.objects.get(name=name, deleted_at=None)
        wait_for(lambda: found.sandboxes.filter(name="stage").exists(), f"the sandboxes of {name}")
        importable = Package.objects.filter(organization=found).importable(timezone.now())
        wait_for(lambda: importable.count() >= 5, f"the packages of {name}")
        return found

    def tell(self, noun: str, **body: Any) -> Any:
        """One control call, and what it answers."""
        return self.emulator.post(f"/{noun}", json=body).raise_for_status().json()

    def lose_answers(self, method: str, path: str, when: str, *, seconds: float) -> None:
        """Let the next such call hang for a moment and get no answer, before or after it has taken effect."""
        self.tell("faults", method=method, path=path, fault="hang", seconds=seconds, when=when, count=1)

    def answer(self) -> None:
        self.emulator.delete("/faults").raise_for_status()

    def effects(self, operation: str, **about: str) -> list[dict[str, Any]]:
        """What calls of this kind have done at the platform, whatever became of their answers."""
        asked = self.emulator.get("/effects", params={"operation": operation, **about})
        found: list[dict[str, Any]] = asked.raise_for_status().json()["effects"]
        return found
