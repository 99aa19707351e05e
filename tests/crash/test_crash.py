"""kill -9 of any process at any step of an import: sent once, never lost, and nobody has to be asked."""

import json
import os
import subprocess
import sys

import pytest

from tests.crash.storm import ENVIRONMENT
from tests.integration.ground.conftest import Installation, installation
from tests.processes import ROOT, free_port

__all__ = ["installation"]

# Every target and every step once or more; `python -m bench.bench_crash` runs the whole matrix.
SCENARIOS = (
    "worker-interactive:queued",
    "worker-interactive:sending",
    "worker-interactive:sent",
    "valkey:queued",
    "valkey:sent",
    "beat:following",
    "worker-tick:following",
    "worker-tick:verifying",
    "web:sent",
)


@pytest.mark.crash
@pytest.mark.timeout(600)
def test_an_import_survives_the_death_of_any_process(installation: Installation) -> None:
    installation.environment.update(ENVIRONMENT, TOWPATH_MODE="demo", EMULATOR_PORT=str(free_port()))
    installation.up("--demo")
    emulator_url = f"http://127.0.0.1:{(installation.data_dir / 'emulator-port').read_text()}"

    storm = subprocess.run(
        [sys.executable, "-m", "tests.crash.storm", str(installation.process.pid), emulator_url, *SCENARIOS],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT, "TOWPATH_MODE": "demo", "DATA_DIR": str(installation.data_dir)},
        capture_output=True,
        text=True,
        check=False,
        timeout=540,
    )

    assert storm.returncode == 0, storm.stderr + installation.output
    outcomes = [json.loads(line) for line in storm.stdout.splitlines() if line.startswith("{")]
    assert len(outcomes) == len(SCENARIOS)
    assert [outcome["imports"] for outcome in outcomes] == [1] * len(SCENARIOS), outcomes
    unanswered = [outcome for outcome in outcomes if outcome["state"] in ("needs_attention", "cancelled")]
    assert not unanswered, unanswered
