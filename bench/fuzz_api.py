"""Calls made up from our own OpenAPI document, sent to a real installation in demo mode: the long run.

    python -m bench.fuzz_api [EXAMPLES] [--cases N] [--processes P] [--seed SEED]

EXAMPLES is how many calls each operation gets at most in one round. With --cases, rounds with new seeds follow until so
many calls were made; they are taken by P processes beside each other, on one installation each. The seeds are printed;
a seed repeats its round.
"""

import argparse
import secrets
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fuzz import Report, answers_table, demo_installation, furnish, fuzz
from tests.processes import end


def rounds(folder: Path, *, examples: int, cases: int, seed: int) -> list[Report]:
    """Rounds on an installation of their own, until there were so many cases; at least one."""
    folder.mkdir()
    installation = demo_installation(folder)
    reports: list[Report] = []
    try:
        world = furnish(installation)
        while not reports or sum(report.cases for report in reports) < cases:
            report = fuzz(installation, world, examples=examples, seed=seed + len(reports))
            reports.append(report)
            print(report.text if not report.is_clean else "", report.summary(), sep="\n", flush=True)
            if not report.cases:
                break
    finally:
        end(installation.process)
    if not all(report.is_clean for report in reports):
        print(installation.output[-20_000:])
    return reports


def main(*, examples: int, cases: int, processes: int, seed: int) -> int:
    began = time.monotonic()
    share = -(-cases // processes)
    with tempfile.TemporaryDirectory(prefix="towpath-fuzz-") as folder, ThreadPoolExecutor(processes) as pool:
        running = [
            pool.submit(rounds, Path(folder, f"{number}"), examples=examples, cases=share, seed=seed + 1000 * number)
            for number in range(processes)
        ]
        reports = [report for one in running for report in one.result()]
    _print(reports, time.monotonic() - began)
    return int(not all(report.is_clean and not report.refused_with_token for report in reports))


def _print(reports: Sequence[Report], seconds: float) -> None:
    together: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for report in reports:
        for name, found in report.answers.items():
            together[name].update(found)
    print(answers_table(together))
    never = sorted(set.intersection(*(set(report.never_good) for report in reports)))
    print(f"Never answered 2xx: {', '.join(never) or 'none'}")
    for report in reports:
        print(report.summary())
    answered, good = sum(report.answered for report in reports), sum(report.good for report in reports)
    clean = sum(report.is_clean for report in reports)
    print(
        f"{sum(report.cases for report in reports)} cases in {seconds:.0f} s with seeds "
        f"{', '.join(str(report.seed) for report in reports)}: {clean} of {len(reports)} rounds without a finding, "
        f"{good / max(answered, 1):.0%} of {answered} answers 2xx"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0], prog="python -m bench.fuzz_api")
    parser.add_argument("examples", type=int, nargs="?", default=20, help="made-up calls for each operation")
    parser.add_argument("--cases", type=int, default=0, help="go on until there were so many")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    given = parser.parse_args()
    sys.exit(main(examples=given.examples, cases=given.cases, processes=given.processes, seed=given.seed))
