"""Imports whose installation is hit by kill -9 at random moments of sending and following, several at a time.

    TOWPATH_MODE=demo DATA_DIR=... python -m tests.crash.random_storm SUPERVISOR EMULATOR_URL SEED RUNS FLUSHES [freeze]

The seed fixes what is hit in which run, in which phase and how long after its start. Prints one JSON line a run. With
`freeze` nothing is killed: the workers that send are stopped, and wake when another one has long taken over.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Any

import django
from django.utils import timezone

from tests.crash.installation import Target, children_of, flush_valkey, signal_group

TARGETS = ("worker-interactive", "worker-tick", "worker-long", "beat", "valkey", "web")
FREEZE = "freeze"
# Longer than the write deadline, the settle time twice, and the lease of whoever checks or looks.
FREEZE_S = 90.0
AT_ONCE = 6
# A job that is hit by the kills of other runs, too, may need several leases.
RUN_PATIENCE_S = 600
# How long after its start a run is hit: sending, with the checks before it, and following take about so long.
SUBMIT_S = 3.0
FOLLOW_S = 4.0
SLOW_ANSWER_S = 1.0
# Objects of one package never resemble those of another line, so that no run changes what another has planned.
LINES = (
    ("Acme", "Loyalty schemas v3", "stage"),
    ("Acme", "Consent audiences autumn", "stage"),
    ("Acme", "CRM identity foundation", "stage"),
    ("Acme", "Order history dataset and policy", "stage"),
    ("Acme", "Web visits journey", "stage"),
    ("Acme", "Customer service sources", "stage"),
    ("Acme", "Newsletter backup 2026", "dev"),
    ("Acme", "Returns audience for production", "dev"),
    ("Globex", "Trade accounts dataset", "stage"),
    ("Globex", "Fleet telemetry schema", "stage"),
    ("Globex", "Support plans audience", "dev"),
)
ACTIVE = ("queued", "submitting", "running")


@dataclass(frozen=True)
class Draw:
    """One run as the seed has drawn it."""

    number: int
    target: str
    phase: str
    after_s: float
    flush_after_s: float | None
    is_answer_lost: bool

    def sooner(self) -> "Draw":
        flush_after_s = None if self.flush_after_s is None else self.flush_after_s * 0.7
        return replace(self, after_s=self.after_s * 0.7, flush_after_s=flush_after_s)


@dataclass(frozen=True)
class Outcome:
    """What became of one run; `hit_in` is the state of the job when the process was killed."""

    number: int
    target: str
    phase: str
    is_flushed: bool
    hit_in: str
    state: str
    imports: int
    sent: int
    settled_s: float
    title: str
    problem: str


def drawn(seed: int, runs: int, flushes: int, all_targets: Sequence[str] = TARGETS) -> list[Draw]:
    source = random.Random(seed)
    targets = [all_targets[number % len(all_targets)] for number in range(runs)]
    source.shuffle(targets)
    flushed = set(source.sample(range(runs), flushes))
    draws = []
    for number, target in enumerate(targets):
        phase = source.choice(("submit", "submit", "follow"))
        span = SUBMIT_S if phase == "submit" else FOLLOW_S
        after_s, flush_after_s, chance = source.uniform(0, span), source.uniform(0, span), source.random()
        draws.append(
            Draw(
                number=number + 1,
                target=target,
                phase=phase,
                after_s=after_s,
                flush_after_s=flush_after_s if number in flushed else None,
                is_answer_lost=chance < 0.2,
            )
        )
    return draws


@dataclass(eq=False)
class Run:
    """One import on its way: planned, queued, started, hit, over."""

    draw: Draw
    line: tuple[Any, Any]
    promotion: Any
    job: Any = None
    queued_at: float = 0.0
    clock_from: float | None = None
    hit_at: float | None = None
    hit_in: str = ""
    is_flush_due: bool = False
    settled_at: float | None = None


class RandomStorm:
    """Keeps several runs going and hits each at its moment."""

    def __init__(self, target: Target) -> None:
        self.target = target
        # Slow enough to be hit on the way, and every call takes some time of its own.
        target.emulator.post("/clock", json={"speed": 1.5}).raise_for_status()
        target.emulator.post("/latency", json={"seconds": 0.02, "at_most": 0.25}).raise_for_status()
        self.lines = deque(self._lines())
        self.active: list[Run] = []
        self.frozen: list[tuple[float, int]] = []

    def _lines(self) -> Iterator[tuple[Any, Any]]:
        from promotions.models import Package

        organizations = {name: self.target.organization(name) for name in ("Acme", "Globex")}
        for organization_name, package_name, sandbox_name in LINES:
            organization = organizations[organization_name]
            packages = Package.objects.filter(organization=organization, name__startswith=package_name)
            package = packages.importable(timezone.now()).order_by("-name").first()
            if package is not None:
                yield package, organization.sandboxes.get(name=sandbox_name)

    def outcomes(self, draws: Sequence[Draw]) -> Iterator[Outcome]:
        waiting = deque(draws)
        while waiting or self.active:
            while waiting and len(self.active) < min(AT_ONCE, len(self.lines) + len(self.active)):
                package, sandbox = self.lines.popleft()
                self.active.append(Run(waiting.popleft(), (package, sandbox), self.target.plan(package, sandbox)))
            for run in list(self.active):
                self._go_on(run)
                if run.settled_at is None:
                    continue
                self.active.remove(run)
                self.lines.append(run.line)
                if run.hit_at is None or run.is_flush_due:  # it was over before its moment: once more, and sooner
                    waiting.append(run.draw.sooner())
                else:
                    yield self._outcome(run)
            self._thaw()
            time.sleep(0.05)
        self.target.answer()
        self._thaw(all_of_them=True)

    def _go_on(self, run: Run) -> None:
        now = time.monotonic()
        if run.job is None:
            self._plan_on(run)
            return
        run.job.refresh_from_db(fields=["state", "problem", "submit_count", "marker"])
        if run.clock_from is None and (run.draw.phase == "submit" or run.job.state == "running"):
            run.clock_from = now
        if run.job.state not in ACTIVE:
            run.settled_at = now
            return
        if run.clock_from is not None:
            self._hit(run, now)
        if now - run.queued_at > RUN_PATIENCE_S:
            run.hit_at, run.hit_in = run.hit_at or now, run.hit_in or run.job.state
            run.is_flush_due = False
            run.settled_at = now

    def _plan_on(self, run: Run) -> None:
        from promotions.choices import PlanState
        from promotions.services import plans

        plan = run.promotion.current_plan
        if plan.state == PlanState.OPEN:
            run.job, run.queued_at = self.target.queue(run.promotion), time.monotonic()
            if run.draw.is_answer_lost:
                self.target.lose_answers("after", seconds=SLOW_ANSWER_S)
            run.is_flush_due = run.draw.flush_after_s is not None
            self.target.start(run.job)
            return
        gathering = plans.gathering_job(plan)
        if gathering is not None and gathering.state not in ACTIVE:
            plans.refresh(plan=plan, actor=self.target.operator)

    def _hit(self, run: Run, now: float) -> None:
        passed = now - (run.clock_from or now)
        if run.is_flush_due and passed >= (run.draw.flush_after_s or 0) and flush_valkey():
            run.is_flush_due = False
        # A target that is only just being started again is hit as soon as it is up.
        is_due = run.hit_at is None and passed >= run.draw.after_s
        if is_due and self._is_struck(run.draw.target, now):
            run.hit_at, run.hit_in = time.monotonic(), run.job.state

    def _is_struck(self, target: str, now: float) -> bool:
        if target != FREEZE:
            return signal_group(self.target.supervisor_pid, target)
        pid = dict(children_of(self.target.supervisor_pid)).get("worker-interactive")
        if pid is None:
            return False
        if not self.frozen:  # a group that is stopped already counts as struck
            os.killpg(pid, signal.SIGSTOP)
            self.frozen.append((now + FREEZE_S, pid))
        return True

    def _thaw(self, *, all_of_them: bool = False) -> None:
        for until, pid in list(self.frozen):
            if all_of_them or time.monotonic() >= until:
                self.frozen.remove((until, pid))
                os.killpg(pid, signal.SIGCONT)

    def _outcome(self, run: Run) -> Outcome:
        assert run.settled_at is not None
        assert run.hit_at is not None
        return Outcome(
            number=run.draw.number,
            target=run.draw.target,
            phase=run.draw.phase,
            is_flushed=run.draw.flush_after_s is not None,
            hit_in=run.hit_in,
            state=run.job.state,
            imports=self.target.imports_by_marker().get(run.job.marker or "", 0),
            sent=run.job.submit_count,
            settled_s=round(run.settled_at - run.hit_at, 1),
            title=f"{run.line[0]} into {run.line[1].name}",
            problem=run.job.problem,
        )


def main(arguments: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    supervisor_pid, emulator_url, seed, runs, flushes, *freeze = arguments
    draws = drawn(int(seed), int(runs), int(flushes), (FREEZE,) if freeze else TARGETS)
    storm = RandomStorm(Target(int(supervisor_pid), emulator_url))
    with another_worker() if freeze else nullcontext():
        for outcome in storm.outcomes(draws):
            sys.stdout.write(json.dumps(asdict(outcome)) + "\n")
            sys.stdout.flush()


@contextmanager
def another_worker() -> Iterator[None]:
    """A second worker for what is sent, which takes over from the one that is stopped."""
    worker = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "-q", "-A", "config", "worker", "--queues", "interactive"),
            "-c",
            "2",
            "-n",
            "other@%h",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
