"""kill -9 of every process, and Valkey flushed, at random moments of imports, on a real installation and emulator.

Baseline in the same run: the imports wanted, one each. The ratio of imports at the platform to imports wanted must be
1.00: below, one was lost; above, one was sent twice.

    python -m bench.bench_crash [--runs 200] [--flushes 20] [--seed NUMBER]
    python -m bench.bench_crash --freeze --runs 20    the worker that sends is stopped, and wakes too late
    python -m bench.bench_crash --matrix              every process at every named step, one after the other
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.crash.installation import ENVIRONMENT
from tests.integration.ground.conftest import Installation
from tests.processes import ROOT, end, free_port

MOST_ASKED = 0.02


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--flushes", type=int, help="in so many of the runs Valkey is flushed, too; a tenth by default")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--freeze", action="store_true", help="stop the worker that sends in place of killing anything")
    parser.add_argument("--matrix", action="store_true", help="named steps in place of random moments")
    options = parser.parse_args()
    flushes = options.runs // 10 if options.flushes is None else options.flushes
    program, arguments = (
        ("tests.crash.storm", [])
        if options.matrix
        else (
            "tests.crash.random_storm",
            [str(options.seed), str(options.runs), str(flushes), *(["freeze"] if options.freeze else [])],
        )
    )
    if not options.matrix:
        print(f"seed {options.seed}, {options.runs} runs, Valkey flushed in {flushes}", flush=True)
    began = time.monotonic()
    outcomes = []
    for outcome in _storm(program, arguments):
        outcomes.append(outcome)
        print(_line(len(outcomes), outcome, time.monotonic() - began), flush=True)
    return _conclude(outcomes, wanted=options.runs if not options.matrix else len(outcomes))


def _storm(program: str, arguments: Sequence[str]) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="towpath-crash-") as folder:
        installation = Installation(Path(folder) / "data")
        installation.environment.update(ENVIRONMENT, TOWPATH_MODE="demo", EMULATOR_PORT=str(free_port()))
        installation.up("--demo")
        emulator_url = f"http://127.0.0.1:{(installation.data_dir / 'emulator-port').read_text()}"
        storm = subprocess.Popen(
            [sys.executable, "-m", program, str(installation.process.pid), emulator_url, *arguments],
            cwd=ROOT,
            env={**os.environ, **ENVIRONMENT, "TOWPATH_MODE": "demo", "DATA_DIR": str(installation.data_dir)},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            for line in storm.stdout or ():
                if line.startswith("{"):
                    yield json.loads(line)
            if storm.wait():
                print(f"The storm ended with {storm.returncode}. The installation's last lines:", file=sys.stderr)
                print("\n".join(installation.output.splitlines()[-40:]), file=sys.stderr)
        finally:
            storm.kill()
            end(installation.process)


def _line(number: int, outcome: dict[str, Any], after_s: float) -> str:
    where = outcome.get("hit_in") or outcome["step"]
    flushed = " + flush" if outcome.get("is_flushed") else ""
    seconds = outcome.get("settled_s", outcome.get("seconds"))
    return (
        f"{number:>4}  {after_s:6.0f} s  {outcome['target'] + flushed:<27} in {where:<16} "
        f"imports {outcome['imports']}  sent {outcome['sent']}  {outcome['state']:<24} {seconds:6.1f} s  "
        f"{outcome['problem'][:100]}"
    )


def _conclude(outcomes: Sequence[dict[str, Any]], *, wanted: int) -> int:
    got = sum(outcome["imports"] for outcome in outcomes)
    doubled = sum(outcome["imports"] > 1 for outcome in outcomes)
    lost = sum(outcome["imports"] == 0 for outcome in outcomes) + wanted - len(outcomes)
    unended = sum(outcome["state"] in ("queued", "submitting", "running") for outcome in outcomes)
    asked = sum(outcome["state"] == "needs_attention" for outcome in outcomes)
    print()
    for title, key in (("hit", "target"), ("while the job was", "hit_in")):
        if not any(key in outcome for outcome in outcomes):
            continue
        print(f"{title:<20} runs  flushed  duplicates  lost  asked   kill to end: p50    p95    max")
        for name in sorted({outcome[key] for outcome in outcomes}):
            rows = [outcome for outcome in outcomes if outcome[key] == name]
            print(
                f"{name:<20} {len(rows):>4}  {sum(bool(row.get('is_flushed')) for row in rows):>7}  "
                f"{sum(row['imports'] > 1 for row in rows):>10}  {sum(row['imports'] == 0 for row in rows):>4}  "
                f"{sum(row['state'] == 'needs_attention' for row in rows):>5}  {_spread(rows)}"
            )
    print("ends: " + ", ".join(f"{state} {number}" for state, number in Counter(_states(outcomes)).most_common()))
    print(
        f"write deadline {ENVIRONMENT['SUBMIT_DEADLINE_S']} s, settle time {ENVIRONMENT['SUBMIT_SETTLE_S']} s; "
        f"kill to end of the job: {_spread(outcomes, is_titled=True)}"
    )
    print(f"imports wanted {wanted}, at the platform {got}: ratio {got / max(1, wanted):.2f}")
    print(f"duplicates {doubled}, lost {lost}, not ended {unended}, handed to a person {asked} of {wanted}")
    return int(bool(doubled or lost or unended) or asked > MOST_ASKED * wanted)


def _states(outcomes: Sequence[dict[str, Any]]) -> list[str]:
    return [outcome["state"] for outcome in outcomes]


def _spread(outcomes: Sequence[dict[str, Any]], *, is_titled: bool = False) -> str:
    """Median, 95th percentile and maximum of the time from the kill to the end."""
    seconds = sorted(outcome.get("settled_s", outcome.get("seconds", 0.0)) for outcome in outcomes)
    if not seconds:
        return "nothing was measured"
    middle, high, longest = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.95) - 1], seconds[-1]
    if is_titled:
        return f"p50 {middle:.1f} s, p95 {high:.1f} s, max {longest:.1f} s"
    return f"{'':>14}{middle:>6.1f} {high:>6.1f} {longest:>6.1f}"


if __name__ == "__main__":
    sys.exit(main())
