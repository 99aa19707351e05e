"""What a list page costs in a large installation, against a small one: 1,000,000 jobs, 100,000 packages and 1,000,000
lines of the record, against 1,000 of each, on SQLite and on a private PostgreSQL.

Two processes hold one database each and answer through Django's test client: whole requests, with middleware and
templates. They are asked in turns, page by page, so that a busy moment of the machine hits both. For every page the
script prints both medians and their ratio, the number of queries, and whether the database goes about each query the
same way (EXPLAIN, without the values). Rows are evenly spread, and every filter fills its page in the small one too.

PostgreSQL chooses by size: reading 1,000 rows whole is cheaper than any index, so that its plans differ where nothing
is wrong. There the plans of the large database must not read a growing table whole, unless a limit ends that soon.

    python -m bench.bench_lists [sqlite | postgresql] [JOBS [PACKAGES [LINES [ROUNDS]]]]
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from bench.figures import Targets, load
from tests import postgres
from tests.processes import ROOT, end

SMALL = (1_000, 1_000, 1_000)
LARGE = (1_000_000, 100_000, 1_000_000)
ROUNDS = 30
MOST_RATIO = 1.5
ENGINES = ("sqlite", "postgresql")
GROWING = ("promotions_job", "promotions_package", "accounts_auditevent")
# Nodes of a plan that take in everything below them before they give the first row.
COLLECTING = ("Sort", "Incremental Sort", "Aggregate", "GroupAggregate", "HashAggregate", "Materialize", "Bitmap")


@dataclass
class Pages:
    """A process that holds one database."""

    process: "subprocess.Popen[str]"
    names: list[str]
    filled_s: float

    def ask(self, what: str, name: str) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what} {name}\n")
        self.process.stdin.flush()
        return _answer(self.process)


def main(engines: tuple[str, ...], large: tuple[int, ...], rounds: int) -> int:
    targets = Targets()
    for engine in engines:
        measure(engine, large, rounds, targets)
    return targets.status()


def measure(engine: str, large_sizes: tuple[int, ...], rounds: int, targets: Targets) -> None:
    with ExitStack() as stack:
        small = stack.enter_context(pages(engine, SMALL))
        large = stack.enter_context(pages(engine, large_sizes))
        filled = ", ".join(f"{size:,}" for size in large_sizes)
        print(f"\n{engine}: {filled} jobs, packages and lines, filled in {large.filled_s:.0f} s; {load()}")
        times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in small.names}
        for _ in range(rounds):
            for name in small.names:
                times[name][0].append(small.ask("time", name)["ms"])
                times[name][1].append(large.ask("time", name)["ms"])
        print(f"{f'median of {rounds}':<24} {'small':>9} {'large':>9} {'ratio':>6}  queries  plans")
        for name, (few, many) in times.items():
            ratio = statistics.median(many) / statistics.median(few)
            plans = small.ask("plan", name), large.ask("plan", name)
            other = [pair for pair in zip(*plans, strict=False) if pair[0] != pair[1]]
            words = "same" if not other and len(plans[0]) == len(plans[1]) else f"{len(other)} differ"
            print(
                f"{name:<24} {statistics.median(few):>6.1f} ms {statistics.median(many):>6.1f} ms {ratio:>6.2f}"
                f"  {len(plans[0]):>3} {len(plans[1]):>3}  {words}"
            )
            shown = other if engine == "sqlite" else [(before, after) for before, after in other if reads_whole(after)]
            for before, after in shown:
                print(f"    small: {before.strip()}\n    large: {after.strip()}".replace("\n", "\n           "))
            is_alike = not other if engine == "sqlite" else not any(map(reads_whole, plans[1]))
            is_flat = ratio <= MOST_RATIO and len(plans[0]) == len(plans[1]) and is_alike
            which = "same plans" if engine == "sqlite" else "no growing table read whole"
            targets.holds(f"{engine}, {name}", is_flat, f"ratio at most {MOST_RATIO}, as many queries, {which}")


def reads_whole(plan: str) -> bool:
    """Whether PostgreSQL reads a table that grows from end to end, with no limit that takes rows as they come."""
    above: list[tuple[int, str]] = []
    for line in plan.splitlines():
        node = line.lstrip(" ->")
        depth = len(line) - len(node)
        while above and above[-1][0] >= depth:
            above.pop()
        if any(node.startswith(f"Seq Scan on {table}") for table in GROWING):
            parents = (name for _, name in reversed(above))
            nearest = next((name for name in parents if name == "Hash" or name.startswith(("Limit", *COLLECTING))), "")
            if not nearest.startswith("Limit"):
                return True
        above.append((depth, node))
    return False


@contextmanager
def pages(engine: str, sizes: tuple[int, ...]) -> Iterator[Pages]:
    """Fill a database and wait until its pages can be asked for."""
    with ExitStack() as stack:
        environment = {name: value for name, value in os.environ.items() if name != "BENCH_DATABASE_URL"}
        if engine == "postgresql":
            programs = postgres.find_programs()
            assert programs is not None, "PostgreSQL is not on this machine. Install the postgresql package."
            environment["BENCH_DATABASE_URL"] = stack.enter_context(postgres.private_cluster(programs))
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.pages", *map(str, sizes)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        stack.callback(_finish, process)
        told = _answer(process)
        yield Pages(process, told["pages"], told["filled_s"])


def _finish(process: "subprocess.Popen[str]") -> None:
    """Nothing more is asked: it ends by itself, and takes its database along."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(60)
    finally:
        end(process)


def _answer(process: "subprocess.Popen[str]") -> Any:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "The process that holds the pages has ended; its words are above."
    return json.loads(line)


if __name__ == "__main__":
    words = sys.argv[1:]
    chosen = tuple(word for word in words if word in ENGINES) or ENGINES
    numbers = [int(word) for word in words if word not in ENGINES]
    sizes = (*numbers[:3], *LARGE[len(numbers[:3]) :])
    sys.exit(main(chosen, sizes, numbers[3] if len(numbers) > 3 else ROUNDS))
