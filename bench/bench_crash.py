"""kill -9 of every process at every step of an import, on a real installation with the emulator.

Baseline in the same run: the imports wanted, one each. The ratio of imports at the platform to imports wanted must be
1.00: below, one was lost; above, one was sent twice.

    python -m bench.bench_crash [ROUNDS]
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.crash.storm import ENVIRONMENT, STEPS, TARGETS
from tests.integration.ground.conftest import Installation
from tests.processes import ROOT, end, free_port


def main(rounds: int) -> int:
    with tempfile.TemporaryDirectory(prefix="towpath-crash-") as folder:
        installation = Installation(Path(folder) / "data")
        installation.environment.update(ENVIRONMENT, TOWPATH_MODE="demo", EMULATOR_PORT=str(free_port()))
        installation.up("--demo")
        try:
            outcomes = _storm(installation, rounds)
        finally:
            end(installation.process)
    wanted = len(STEPS) * len(TARGETS) * rounds
    got = sum(outcome["imports"] for outcome in outcomes)
    doubled = sum(outcome["imports"] > 1 for outcome in outcomes)
    lost = sum(outcome["imports"] == 0 for outcome in outcomes) + wanted - len(outcomes)
    asked = sum(outcome["state"] == "needs_attention" for outcome in outcomes)
    print(f"imports wanted {wanted}, at the platform {got}: ratio {got / wanted:.2f}")
    print(f"duplicates {doubled}, lost {lost}, handed to a person {asked}")
    return int(bool(doubled or lost or asked))


def _storm(installation: Installation, rounds: int) -> list[dict[str, Any]]:
    emulator_url = f"http://127.0.0.1:{(installation.data_dir / 'emulator-port').read_text()}"
    scenarios = [f"{target}:{step}" for step in STEPS for target in TARGETS] * rounds
    storm = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.storm", str(installation.process.pid), emulator_url, *scenarios],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT, "TOWPATH_MODE": "demo", "DATA_DIR": str(installation.data_dir)},
        stdout=subprocess.PIPE,
        text=True,
    )
    outcomes = []
    for line in storm.stdout or ():
        outcome = json.loads(line)
        outcomes.append(outcome)
        print(
            f"{outcome['target']:<20} {outcome['step']:<10} imports {outcome['imports']}  sent {outcome['sent']}  "
            f"{outcome['state']:<24} {outcome['seconds']:5.1f} s"
        )
    storm.wait()
    return outcomes


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
