"""Imports whose installation is hit at a named step, run as a program of its own on a running installation.

    TOWPATH_MODE=demo DATA_DIR=... python -m tests.crash.storm SUPERVISOR_PID EMULATOR_URL [TARGET:STEP ...]

Prints one JSON line a scenario: how often the platform got the import, how the job ended, how long it took.
"""

import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

import django
from django.utils import timezone

from tests.crash.installation import Target, flush_valkey, signal_group, wait_for
from tests.crash.writes import ImportWrite

TARGETS = ("worker-interactive", "worker-tick", "beat", "valkey", "web", "flush")
STEPS = ("queued", "sending", "sent", "following", "verifying")


@dataclass(frozen=True)
class Outcome:
    """What became of one import: `effects` counts those at the platform that carry its marker."""

    target: str
    step: str
    state: str
    effects: dict[str, int]
    sent: int
    seconds: float
    problem: str


class Storm:
    """Hits one import after the other."""

    def __init__(self, target: Target) -> None:
        from promotions.models import Package

        self.target = target
        importable = Package.objects.filter(organization=target.acme, package_type="PARTIAL", source_sandbox="dev")
        self.packages = list(importable.importable(timezone.now()).order_by("name"))
        # Slow enough to be hit while an import is under way.
        target.tell("clock", speed=4)

    def run(self, target: str, step: str, number: int) -> Outcome:
        started = time.monotonic()
        package = self.packages[number % len(self.packages)]
        write = ImportWrite(self.target, package, self.target.acme.sandboxes.get(name="stage"))
        wait_for(write.is_ready, f"the plan of {package}")
        job = write.queue()
        if step in ("sending", "sent"):
            self.target.lose_answers(*write.call, "before" if step == "sending" else "after", seconds=1.5)
        write.begin()
        wait_for(lambda: self.has_reached(job, step), f"{step} of job {job.pk}")
        if target == "flush":
            flush_valkey()
        else:
            signal_group(self.target.supervisor_pid, target)
        wait_for(lambda: self.is_over(job), f"the end of job {job.pk}")
        self.target.answer()
        return Outcome(
            target=target,
            step=step,
            state=job.state,
            effects=write.effects(),
            sent=job.submit_count,
            seconds=round(time.monotonic() - started, 1),
            problem=job.problem,
        )

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


def main(arguments: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    supervisor_pid, emulator_url, *wanted = arguments
    scenarios = [tuple(text.split(":")) for text in wanted] or [(target, step) for step in STEPS for target in TARGETS]
    storm = Storm(Target(int(supervisor_pid), emulator_url))
    for number, (target, step) in enumerate(scenarios):
        sys.stdout.write(json.dumps(asdict(storm.run(target, step, number))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
