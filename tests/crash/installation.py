"""A running demo installation as a program of its own meets it: its processes, its emulator, imports to hit."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from tests.integration.ground.conftest import MARKS

# The write deadline and the settle time of the installation, so that a run takes seconds.
ENVIRONMENT = {"SUBMIT_DEADLINE_S": "2", "SUBMIT_SETTLE_S": "4"}
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
    """Plans, runs and looks at imports of the demo, through the services themselves."""

    def __init__(self, supervisor_pid: int, emulator_url: str) -> None:
        from accounts.models import User

        self.supervisor_pid = supervisor_pid
        self.emulator = httpx.Client(base_url=f"{emulator_url}/__emulator", timeout=20)
        self.operator = User.objects.get(email="oskar@example.com")
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

    def plan(self, package: Any, sandbox: Any) -> Any:
        from promotions.services import plans

        return plans.plan_promotion(package=package, sandbox=sandbox, job_name="", actor=self.operator)

    def queue(self, promotion: Any) -> Any:
        """A decided import, queued but not due yet."""
        from promotions.choices import Decision
        from promotions.models import Job
        from promotions.services import decisions, runs

        plan = promotion.current_plan
        undecided = plan.items.filter(must_decide=True, decision=Decision.UNDECIDED)
        verdicts = [decisions.Verdict(item.pk, Decision.CREATE) for item in undecided]
        decisions.decide(plan=plan, verdicts=verdicts, actor=self.operator)
        with transaction.atomic():  # no worker sees it before it is put off
            job = runs.request_run(plan=plan, actor=self.operator)
            Job.objects.filter(pk=job.pk).update(due_at=timezone.now() + timedelta(hours=1))
        return job

    def start(self, job: Any) -> None:
        from promotions.models import Job

        Job.objects.filter(pk=job.pk, state="queued").update(due_at=timezone.now())

    def lose_answers(self, when: str, *, seconds: float) -> None:
        """Let the next import call hang for a moment and get no answer, before or after it has taken effect."""
        fault = {"method": "POST", "path": "*/packages/import", "fault": "hang", "seconds": seconds, "when": when}
        self.emulator.post("/faults", json={**fault, "count": 1}).raise_for_status()

    def answer(self) -> None:
        self.emulator.delete("/faults").raise_for_status()

    def imports_by_marker(self) -> dict[str, int]:
        """How many jobs of the platform carry each of our markers."""
        counts: dict[str, int] = {}
        for job in self.emulator.get("/state").raise_for_status().json()["jobs"]:
            _, found, marker = (job.get("description") or "").rpartition("[towpath-")
            if found and marker.endswith("]"):
                name = f"towpath-{marker[:-1]}"
                counts[name] = counts.get(name, 0) + 1
        return counts
