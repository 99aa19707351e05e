"""Calls made up from our own OpenAPI document, sent to a real installation in demo mode: the long run.

    python -m bench.fuzz_api [EXAMPLES] [--seed SEED]

EXAMPLES is how many calls each operation gets at most; the seed is printed and repeats a run.
"""

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from tests.fuzz import demo_installation, fuzz
from tests.processes import end


def main(examples: int, seed: int) -> int:
    with tempfile.TemporaryDirectory(prefix="towpath-fuzz-") as folder:
        installation = demo_installation(Path(folder))
        try:
            report = fuzz(installation, examples=examples, seed=seed, workers=1)
        finally:
            end(installation.process)
        log = installation.output
    print(report.text)
    print(f"seed {seed}: {report.cases} cases, {'nothing found' if report.is_clean else 'see above'}")
    if not report.is_clean:
        print(log[-20_000:])
    return int(not report.is_clean)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0], prog="python -m bench.fuzz_api")
    parser.add_argument("examples", type=int, nargs="?", default=20, help="made-up calls for each operation")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    arguments = parser.parse_args()
    sys.exit(main(arguments.examples, arguments.seed))
