"""Writes whose installation is hit by kill -9 at random moments of sending and following, several at a time.

    TOWPATH_MODE=demo DATA_DIR=... python -m tests.crash.random_storm SUPERVISOR EMULATOR_URL SEED RUNS FLUSHES KINDS
        [freeze]

The seed fixes which kind is hit, by what, in which phase and how long after its start. KINDS are names with commas
between them. Prints one JSON line a run; a line that comes again replaces the first one. With `freeze` nothing is
killed: the workers that send are stopped, and wake when another one has long taken over.
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

import django

from tests.crash.installation import Target, children_of, flush_valkey, signal_group
from tests.crash.write import Write
from tests.crash.writes import KINDS, Stock

TARGETS = ("worker-interactive", "worker-tick", "worker-long", "beat", "valkey", "web")
FREEZE = "freeze"
# Longer than the write deadline, the settle time twice, and the lease of whoever checks or looks.
FREEZE_S = 90.0
AT_ONCE = 12
# A job that is hit by the kills of other runs, too, may need several leases.
RUN_PATIENCE_S = 600
# How long after a write has begun to be sent, or to be followed, it is hit.
SEND_S = 1.5
FOLLOW_S = 4.0
SLOW_ANSWER_S = 1.0
GOOD_ENDS = ("succeeded", "succeeded_with_warnings", "done")
# What the objects of a package bring with them, whatever is hit.
IMPORT_ENDS = ("partly_failed", "failed")


@dataclass(frozen=True)
class Draw:
    """One run as the seed has drawn it."""

    number: int
    kind: str
    target: str
    phase: str
    after_s: float
    flush_after_s: float | None
    lost_answer: str
    """Whether the answer to its call is lost: before or after it took effect, or not."""

    def sooner(self) -> "Draw":
        flush_after_s = None if self.flush_after_s is None else self.flush_after_s * 0.7
        return replace(self, after_s=self.after_s * 0.7, flush_after_s=flush_after_s)


@dataclass(frozen=True)
class Outcome:
    """What became of one run; `hit_in` is the state of the write when the process was killed."""

    number: int
    kind: str
    target: str
    phase: str
    is_flushed: bool
    hit_in: str
    state: str
    effects: dict[str, int]
    sent: int
    asked: int
    """How often a person looked at the platform, and said what became of it."""
    settled_s: float
    title: str
    problem: str


def drawn(seed: int, runs: int, flushes: int, kinds: Sequence[str], all_targets: Sequence[str] = TARGETS) -> list[Draw]:
    source = random.Random(seed)
    targets = [all_targets[number % len(all_targets)] for number in range(runs)]
    source.shuffle(targets)
    flushed = set(source.sample(range(runs), flushes))
    kind_of = [kinds[number % len(kinds)] for number in range(runs)]
    random.Random(f"kinds {seed}").shuffle(kind_of)
    draws = []
    for number, target in enumerate(targets):
        phase = source.choice(("submit", "send", "follow"))
        span = {"submit": KINDS[kind_of[number]].submit_s, "send": SEND_S, "follow": FOLLOW_S}[phase]
        after_s, flush_after_s, chance = source.uniform(0, span), source.uniform(0, span), source.random()
        draws.append(
            Draw(
                number=number + 1,
                kind=kind_of[number],
                target=target,
                phase=phase,
                after_s=after_s,
                flush_after_s=flush_after_s if number in flushed else None,
                lost_answer=_lost_answer(chance, always=phase == "send"),
            )
        )
    return draws


def _lost_answer(chance: float, *, always: bool) -> str:
    """When sending itself is hit, its answer is always late; of the others every third one gets none."""
    share = chance if always else chance / 0.3
    return "after" if share < 0.7 else "before" if share < 1 else ""


def _is_in(phase: str, write: Write) -> bool:
    """Whether the clock of a hit starts."""
    if phase == "send":
        return write.is_to_be_sent and write.stage == "submitting"
    return write.is_to_be_sent if phase == "submit" else write.is_running


@dataclass(eq=False)
class Run:
    """One write on its way: prepared, begun, hit, over."""

    draw: Draw
    write: Write
    begun_at: float | None = None
    clock_from: float | None = None
    hit_at: float | None = None
    hit_in: str = ""
    is_flush_due: bool = False
    settled_at: float | None = None


class RandomStorm:
    """Keeps several runs going and hits each at its moment."""

    def __init__(self, target: Target, draws: Sequence[Draw]) -> None:
        self.target = target
        self.waiting = deque(draws)
        self.stock = Stock(target, sorted({draw.kind for draw in draws}), len(draws))
        # Slow enough to be hit on the way, and every call takes some time of its own.
        target.tell("clock", speed=1.5)
        target.tell("latency", seconds=0.02, at_most=0.25)
        self.active: list[Run] = []
        self.frozen: list[tuple[float, int]] = []

    def outcomes(self) -> Iterator[Outcome]:
        over: list[tuple[Run, Outcome]] = []
        while self.waiting or self.active:
            while self.waiting and len(self.active) < AT_ONCE and self.stock.has(self.waiting[0].kind):
                draw = self.waiting.popleft()
                is_even = draw.number % 2 == 0
                self.active.append(Run(draw, self.stock.write(draw.kind, is_even=is_even)))
            for run in list(self.active):
                self._go_on(run)
                if run.settled_at is None:
                    continue
                self.active.remove(run)
                self.stock.take_back(run.write)
                outcome = self._outcome(run)
                was_too_soon = run.hit_at is None or run.is_flush_due
                if was_too_soon and all(number == 1 for number in outcome.effects.values()):
                    self.waiting.append(run.draw.sooner())  # over before its moment: once more, and sooner
                else:
                    yield outcome
                    over.append((run, outcome))
                    _explain(run, outcome)
            self._thaw()
            time.sleep(0.05)
        self.target.answer()
        self._thaw(all_of_them=True)
        # What a process that woke late has sent after the end of its job is counted, too.
        for run, outcome in over:
            if (effects := run.write.effects()) != outcome.effects:
                yield replace(outcome, effects=effects)
                _explain(run, replace(outcome, effects=effects))

    def _go_on(self, run: Run) -> None:
        now = time.monotonic()
        if run.begun_at is None:
            if run.write.is_ready():
                self._begin(run)
            return
        run.write.refresh()
        if run.clock_from is None and _is_in(run.draw.phase, run.write):
            run.clock_from = now
        if run.write.is_over:
            run.settled_at = now
            return
        if run.clock_from is not None:
            self._hit(run, now)
        if run.hit_at is not None:
            run.write.hurry()
        if now - run.begun_at > RUN_PATIENCE_S:
            run.hit_at, run.hit_in = run.hit_at or now, run.hit_in or run.write.stage
            run.is_flush_due = False
            run.settled_at = now

    def _begin(self, run: Run) -> None:
        if run.draw.lost_answer:
            self.target.lose_answers(*run.write.call, run.draw.lost_answer, seconds=SLOW_ANSWER_S)
        run.is_flush_due = run.draw.flush_after_s is not None
        run.write.begin()
        run.begun_at = time.monotonic()

    def _hit(self, run: Run, now: float) -> None:
        passed = now - (run.clock_from or now)
        if run.is_flush_due and passed >= (run.draw.flush_after_s or 0) and flush_valkey():
            run.is_flush_due = False
        # A target that is only just being started again is hit as soon as it is up.
        is_due = run.hit_at is None and passed >= run.draw.after_s
        if is_due and self._is_struck(run.draw.target, now):
            run.hit_at, run.hit_in = time.monotonic(), run.write.stage

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
        return Outcome(
            number=run.draw.number,
            kind=run.draw.kind,
            target=run.draw.target,
            phase=run.draw.phase,
            is_flushed=run.draw.flush_after_s is not None,
            hit_in=run.hit_in or "none",
            state=run.write.state,
            effects=run.write.effects(),
            sent=run.write.sent,
            asked=run.write.asked,
            settled_s=round(run.settled_at - (run.hit_at or run.settled_at), 1),
            title=run.write.title,
            problem=run.write.problem,
        )


def _explain(run: Run, outcome: Outcome) -> None:
    """Tell how it came to what should not be."""
    good = (*GOOD_ENDS, *IMPORT_ENDS) if outcome.kind == "import" else GOOD_ENDS
    if set(outcome.effects.values()) == {1} and outcome.state in good:
        return
    lines = [f"run {outcome.number}: {outcome.kind} “{outcome.title}”, {outcome.effects}, {outcome.state}"]
    sys.stderr.write("\n    ".join([*lines, *run.write.time_line()]) + "\n")
    sys.stderr.flush()


def main(arguments: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    supervisor_pid, emulator_url, seed, runs, flushes, kinds, *freeze = arguments
    draws = drawn(int(seed), int(runs), int(flushes), kinds.split(","), (FREEZE,) if freeze else TARGETS)
    storm = RandomStorm(Target(int(supervisor_pid), emulator_url), draws)
    with another_worker() if freeze else nullcontext():
        for outcome in storm.outcomes():
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
