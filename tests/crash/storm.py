"""Imports whose installation is hit by kill -9 at every step, run as a program of its own on a running installation.

    TOWPATH_MODE=demo DATA_DIR=... python -m tests.crash.storm SUPERVISOR_PID EMULATOR_URL [TARGET:STEP ...]

Prints one JSON line a scenario: how often the platform got the import, how the job ended, how long it took.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import django
import httpx
from django.db import transaction
from django.utils import timezone

from tests.integration.ground.conftest import MARKS

TARGETS = ("worker-interactive", "worker-tick", "beat", "valkey", "web")
STEPS = ("queued", "sending", "sent", "following", "verifying")
# The write deadline and the settle time of the installation, so that a scenario takes seconds.
ENVIRONMENT = {"SUBMIT_DEADLINE_S": "2", "SUBMIT_SETTLE_S": "4"}
PATIENCE_S = 180


@dataclass(frozen=True)
class Outcome:
    """What became of one import: `imports` counts the platform's jobs that carry its marker."""

    target: str
    step: str
    state: str
    imports: int
    sent: int
    seconds: float
    problem: str


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


def kill(supervisor_pid: int, target: str) -> None:
    """kill -9 of the whole process group, as a machine that runs out of memory would, or worse."""
    for name, pid in children_of(supervisor_pid):
        if name == target:
            os.killpg(pid, signal.SIGKILL)


def wait_for(is_true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not within {PATIENCE_S} s: {what}")
        time.sleep(0.02)


class Storm:
    """Plans, runs and hits imports of the demo organization Acme, through the services themselves."""

    def __init__(self, supervisor_pid: int, emulator_url: str) -> None:
        from accounts.models import Organization, User
        from promotions.models import Package

        self.supervisor_pid = supervisor_pid
        self.emulator = httpx.Client(base_url=f"{emulator_url}/__emulator", timeout=20)
        self.acme = Organization.objects.get(name="Acme", deleted_at=None)
        self.operator = User.objects.get(email="oskar@example.com")
        wait_for(lambda: self.acme.sandboxes.filter(name="stage").exists(), "the sandboxes of Acme")
        importable = Package.objects.filter(organization=self.acme, package_type="PARTIAL", source_sandbox="dev")
        wait_for(lambda: importable.importable(timezone.now()).count() >= 5, "the packages of Acme")
        self.packages = list(importable.importable(timezone.now()).order_by("name"))
        # Slow enough to be hit while an import is under way.
        self.emulator.post("/clock", json={"speed": 4}).raise_for_status()

    def run(self, target: str, step: str, number: int) -> Outcome:
        started = time.monotonic()
        job = self.request(self.packages[number % len(self.packages)])
        if step in ("sending", "sent"):
            self.arm("before" if step == "sending" else "after")
        self.start(job)
        wait_for(lambda: self.has_reached(job, step), f"{step} of job {job.pk}")
        kill(self.supervisor_pid, target)
        wait_for(lambda: self.is_over(job), f"the end of job {job.pk}")
        self.emulator.delete("/faults").raise_for_status()
        return Outcome(
            target=target,
            step=step,
            state=job.state,
            imports=self.imports_with(job.marker or ""),
            sent=job.submit_count,
            seconds=round(time.monotonic() - started, 1),
            problem=job.problem,
        )

    def request(self, package: Any) -> Any:
        """A decided import, queued but not due yet."""
        from promotions.choices import Decision, PlanState
        from promotions.models import Job
        from promotions.services import decisions, plans, runs

        stage = self.acme.sandboxes.get(name="stage")
        promotion = plans.plan_promotion(package=package, sandbox=stage, job_name="", actor=self.operator)
        wait_for(lambda: promotion.current_plan.state == PlanState.OPEN, f"the plan of {package}")
        plan = promotion.current_plan
        undecided = plan.items.filter(must_decide=True, decision=Decision.UNDECIDED)
        verdicts = [decisions.Verdict(item.pk, Decision.CREATE) for item in undecided]
        decisions.decide(plan=plan, verdicts=verdicts, actor=self.operator)
        with transaction.atomic():  # no worker sees it before it is put off
            job = runs.request_run(plan=plan, actor=self.operator)
            Job.objects.filter(pk=job.pk).update(due_at=timezone.now() + timedelta(hours=1))
        return job

    def arm(self, when: str) -> None:
        fault = {"method": "POST", "path": "*/packages/import", "fault": "hang", "seconds": 1.5, "when": when}
        self.emulator.post("/faults", json={**fault, "count": 1}).raise_for_status()

    def start(self, job: Any) -> None:
        from promotions.models import Job

        Job.objects.filter(pk=job.pk, state="queued").update(due_at=timezone.now())

    def has_reached(self, job: Any, step: str) -> bool:
        job.refresh_from_db()
        if job.finished_at is not None:
            return True
        if step == "queued":
            return True
        if step in ("sending", "sent"):
            return bool(job.state == "submitting")
        if step == "following":
            return bool(job.state == "running" and job.remote_status)
        return job.remote_finished_at is not None

    def is_over(self, job: Any) -> bool:
        job.refresh_from_db()
        return job.state not in ("queued", "submitting", "running")

    def imports_with(self, marker: str) -> int:
        jobs = self.emulator.get("/state").raise_for_status().json()["jobs"]
        return sum((job.get("description") or "").endswith(f"[{marker}]") for job in jobs)


def main(arguments: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    supervisor_pid, emulator_url, *wanted = arguments
    scenarios = [tuple(text.split(":")) for text in wanted] or [(target, step) for step in STEPS for target in TARGETS]
    storm = Storm(int(supervisor_pid), emulator_url)
    for number, (target, step) in enumerate(scenarios):
        sys.stdout.write(json.dumps(asdict(storm.run(target, step, number))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
