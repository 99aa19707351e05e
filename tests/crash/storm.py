"""Writes whose installation is hit at a named step, run as a program of its own on a running installation.

    TOWPATH_MODE=demo DATA_DIR=... python -m tests.crash.storm SUPERVISOR_PID EMULATOR_URL [TARGET:STEP[:KINDS] ...]

KINDS are names with plus signs between them, which are hit together; an import alone by default. Prints one JSON line
a write: how often the platform did what was wanted, how it ended, how long it took.
"""

import json
import os
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import django
from django.utils import timezone

from tests.crash.installation import Target, flush_valkey, signal_group, wait_for
from tests.crash.write import Write
from tests.crash.writes import ImportWrite, Stock

TARGETS = ("worker-interactive", "worker-long", "worker-tick", "beat", "valkey", "web", "flush")
STEPS = ("queued", "sending", "sent", "following", "verifying")


@dataclass(frozen=True)
class Outcome:
    """What became of one write: `effects` counts what the platform did of it."""

    kind: str
    target: str
    step: str
    state: str
    effects: dict[str, int]
    sent: int
    asked: int
    """How often a person looked at the platform, and said what became of it."""
    seconds: float
    problem: str


class Storm:
    """Hits one scenario after the other."""

    def __init__(self, target: Target, kinds: Sequence[str]) -> None:
        from promotions.models import Package

        self.target = target
        importable = Package.objects.filter(organization=target.acme, package_type="PARTIAL", source_sandbox="dev")
        self.packages = deque(importable.importable(timezone.now()).order_by("name"))
        others = sorted(set(kinds) - {ImportWrite.kind})
        self.stock = Stock(target, others, len(others)) if others else None
        # Slow enough to be hit while an import is under way.
        target.tell("clock", speed=4)

    def write(self, kind: str) -> Write:
        if kind != ImportWrite.kind and self.stock is not None:
            return self.stock.write(kind, is_even=True)
        self.packages.rotate(-1)
        return ImportWrite(self.target, self.packages[-1], self.target.acme.sandboxes.get(name="stage"))

    def run(self, target: str, step: str, kinds: Sequence[str]) -> Iterator[Outcome]:
        started = time.monotonic()
        writes = [self.write(kind) for kind in kinds]
        for write in writes:
            wait_for(write.is_ready, f"what comes before {write.kind}")
            if step in ("sending", "sent"):
                self.target.lose_answers(*write.call, "before" if step == "sending" else "after", seconds=1.5)
        for write in writes:
            write.begin()
        for write in writes:
            wait_for(partial(_has_reached, write, step), f"{step} of {write.title}")
        if target == "flush":
            flush_valkey()
        else:
            signal_group(self.target.supervisor_pid, target)
        for write in writes:
            wait_for(partial(_is_over, write), f"the end of {write.title}")
        self.target.answer()
        for write in writes:
            yield Outcome(
                kind=write.kind,
                target=target,
                step=step,
                state=write.state,
                effects=write.effects(),
                sent=write.sent,
                asked=write.asked,
                seconds=round(time.monotonic() - started, 1),
                problem=write.problem,
            )


def _has_reached(write: Write, step: str) -> bool:
    write.refresh()
    if step == "queued" or write.is_over:
        return True
    job = write.jobs[-1] if write.jobs else None
    if job is None:
        return False
    if step in ("sending", "sent"):
        return bool(job.state != "queued")
    if step == "following":
        return bool(job.state == "running" and job.remote_status)
    return job.remote_finished_at is not None


def _is_over(write: Write) -> bool:
    write.refresh()
    write.hurry()
    return write.is_over


def main(arguments: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    supervisor_pid, emulator_url, *wanted = arguments
    named = [text.split(":") for text in wanted] or [[target, step] for step in STEPS for target in TARGETS]
    scenarios = [(target, step, (kinds[0] if kinds else ImportWrite.kind).split("+")) for target, step, *kinds in named]
    storm = Storm(Target(int(supervisor_pid), emulator_url), [kind for scenario in scenarios for kind in scenario[2]])
    for target, step, kinds in scenarios:
        for outcome in storm.run(target, step, kinds):
            sys.stdout.write(json.dumps(asdict(outcome)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
