"""kill -9 of every process, and Valkey flushed, at random moments of writes, on a real installation and emulator.

The writes are of every kind, as many of each: imports of packages and of journeys, new packages, requests for
partnerships, transfers, pulls of public packages, new versions, analyses with migration and rollback of decisioning
(whose service then turns away every fourth call as busy; a call that met another workflow of ours counts as a
duplicate), imports of API versions and changes of their life. Neither decisioning nor SnapLogic shows what became of a
call whose answer was lost: the storm then looks at the platform and decides, as a person would; those are counted
apart. Baseline in the same run: the effects wanted, one each. The ratio of effects at the platform to effects wanted
must be 1.00: below, one was lost; above, one was done twice. A write that is left to a person is neither lost nor
doubled where the platform has at most one of it; the share of those is printed.

    python -m bench.bench_crash [--runs 200] [--flushes 20] [--seed NUMBER] [--kinds import,create]
    python -m bench.bench_crash --freeze --runs 20    the worker that sends is stopped, and wakes too late
    python -m bench.bench_crash --matrix              every process at every named step of imports, one after the other
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

from bench.figures import percentile
from tests.crash.installation import ENVIRONMENT
from tests.crash.writes import KINDS
from tests.integration.ground.conftest import Installation
from tests.processes import ROOT, end, free_port

MOST_ASKED = 0.02
UNENDED = ("queued", "submitting", "running", "waiting", "asking", "waiting_partner", "sending")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--flushes", type=int, help="in so many of the runs Valkey is flushed, too; a tenth by default")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--kinds", default=",".join(KINDS), help="of these, as many of each; all by default")
    parser.add_argument("--freeze", action="store_true", help="stop the worker that sends in place of killing anything")
    parser.add_argument("--matrix", action="store_true", help="named steps in place of random moments")
    options = parser.parse_args()
    if unknown := set(options.kinds.split(",")) - set(KINDS):
        parser.error(f"There is no kind {min(unknown)}. Known: {', '.join(KINDS)}.")
    flushes = options.runs // 10 if options.flushes is None else options.flushes
    program, arguments = (
        ("tests.crash.storm", [])
        if options.matrix
        else (
            "tests.crash.random_storm",
            [
                *(str(options.seed), str(options.runs), str(flushes), options.kinds),
                *(["freeze"] if options.freeze else []),
            ],
        )
    )
    if not options.matrix:
        print(f"seed {options.seed}, {options.runs} runs of {options.kinds}, Valkey flushed in {flushes}", flush=True)
    began = time.monotonic()
    outcomes: dict[int, dict[str, Any]] = {}
    for outcome in _storm(program, arguments):
        outcome.setdefault("kind", "import")
        outcomes[outcome.get("number", len(outcomes) + 1)] = outcome
        print(_line(len(outcomes), outcome, time.monotonic() - began), flush=True)
    return _conclude(list(outcomes.values()), runs=len(outcomes) if options.matrix else options.runs)


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
    found = ", ".join(f"{operation} {count}" for operation, count in outcome["effects"].items())
    return (
        f"{number:>4}  {after_s:6.0f} s  {outcome['target'] + flushed:<27} in {where:<16} {found:<42}  "
        f"sent {outcome['sent']}  {outcome['state']:<24} {_seconds(outcome):6.1f} s  {outcome['problem'][:100]}"
    )


def _conclude(outcomes: Sequence[dict[str, Any]], *, runs: int) -> int:
    missing = runs - len(outcomes)
    print()
    for title, key in (("kind", "kind"), ("hit", "target"), ("while it was", "hit_in")):
        if any(key in outcome for outcome in outcomes):
            _table(title, key, outcomes)
    for kind in sorted({outcome["kind"] for outcome in outcomes}):
        ends = Counter(outcome["state"] for outcome in outcomes if outcome["kind"] == kind)
        print(f"ends of {kind}: " + ", ".join(f"{state} {number}" for state, number in ends.most_common()))
    print(
        f"write deadline {ENVIRONMENT['SUBMIT_DEADLINE_S']} s, settle time {ENVIRONMENT['SUBMIT_SETTLE_S']} s; "
        f"kill to end: {_spread(outcomes, is_titled=True)}"
    )
    wanted, found = sum(map(_wanted, outcomes)) + missing, sum(map(_found, outcomes))
    doubled, lost = sum(map(_is_doubled, outcomes)), sum(map(_is_lost, outcomes)) + missing
    unended = sum(outcome["state"] in UNENDED for outcome in outcomes)
    asked = sum(map(_is_asked, outcomes))
    print(f"effects wanted {wanted}, at the platform {found}: ratio {found / max(1, wanted):.2f}")
    looked = sum(bool(outcome.get("asked")) for outcome in outcomes)
    print(f"looked up by a person, who then named it or closed it and planned anew: {looked} of {runs}")
    print(
        f"duplicates {doubled}, lost {lost}, not ended {unended}, left to a person {asked} of {runs} "
        f"({asked / max(1, runs):.1%}, at most {MOST_ASKED:.0%})"
    )
    return int(bool(doubled or lost or unended) or asked > MOST_ASKED * runs)


def _table(title: str, key: str, outcomes: Sequence[dict[str, Any]]) -> None:
    print(f"{title:<20} runs  flushed  wanted  found  duplicates  lost  asked   kill to end: p50    p95    max")
    for name in sorted({outcome[key] for outcome in outcomes}):
        rows = [outcome for outcome in outcomes if outcome[key] == name]
        print(
            f"{name:<20} {len(rows):>4}  {sum(bool(row.get('is_flushed')) for row in rows):>7}  "
            f"{sum(map(_wanted, rows)):>6}  {sum(map(_found, rows)):>5}  {sum(map(_is_doubled, rows)):>10}  "
            f"{sum(map(_is_lost, rows)):>4}  {sum(map(_is_asked, rows)):>5}  {_spread(rows)}"
        )


def _wanted(outcome: dict[str, Any]) -> int:
    return len(outcome["effects"])


def _found(outcome: dict[str, Any]) -> int:
    return sum(outcome["effects"].values())


def _is_doubled(outcome: dict[str, Any]) -> bool:
    return any(count > 1 for count in outcome["effects"].values())


def _is_asked(outcome: dict[str, Any]) -> bool:
    return bool(outcome["state"] == "needs_attention")


def _is_lost(outcome: dict[str, Any]) -> bool:
    """Not done, and nobody was told to see to it."""
    return not _is_asked(outcome) and not all(outcome["effects"].values())


def _seconds(outcome: dict[str, Any]) -> float:
    return float(outcome.get("settled_s", outcome.get("seconds", 0.0)))


def _spread(outcomes: Sequence[dict[str, Any]], *, is_titled: bool = False) -> str:
    """Median, 95th percentile and maximum of the time from the kill to the end."""
    seconds = sorted(map(_seconds, outcomes))
    if not seconds:
        return "nothing was measured"
    middle, high, longest = percentile(seconds, 0.5), percentile(seconds, 0.95), seconds[-1]
    if is_titled:
        return f"p50 {middle:.1f} s, p95 {high:.1f} s, max {longest:.1f} s"
    return f"{'':>14}{middle:>6.1f} {high:>6.1f} {longest:>6.1f}"


if __name__ == "__main__":
    sys.exit(main())
