"""kill -9 of any process at any step of a write: sent once, never lost, and nobody has to be asked."""

import json
import os
import random
import secrets
import subprocess
import sys
from typing import Any

import pytest

from tests import prepared
from tests.crash.installation import ENVIRONMENT
from tests.integration.ground.conftest import Installation, installation
from tests.processes import ROOT, free_port

__all__ = ["installation"]

# Every target and every step once, mostly of an import of a package or of a journey; the answers to other kinds of
# writes are lost together.
# `python -m bench.bench_crash` hits them all at random moments, 200 times.
SCENARIOS = (
    "valkey:queued",
    "worker-interactive:sending",
    "flush:sent:import+api_life",
    "beat:following",
    "worker-tick:sent:journey",
    "web:verifying",
    "worker-long:sent:api_import",
    "worker-interactive:sent:create+handshake+transfer+pull+version",
)
KINDS = ("import", "journey", "create", "handshake", "transfer", "pull", "version", "api_import", "api_life")


@pytest.mark.crash
@pytest.mark.timeout(600)
def test_every_write_survives_the_death_of_any_process(installation: Installation) -> None:
    prepared.copy_to(installation.data_dir, prepared.migrated_folder())
    installation.environment.update(ENVIRONMENT, TOWPATH_MODE="demo", EMULATOR_PORT=str(free_port()))
    installation.up("--demo")
    seed = secrets.randbelow(1_000_000)
    kind = random.Random(seed).choice(KINDS)
    # What was hit at random can be repeated: python -m tests.crash.random_storm ... SEED 1 0 KIND
    sys.stdout.write(f"seed {seed}, kind {kind}\n")

    named = storm(installation, "tests.crash.storm", *SCENARIOS)
    at_random = storm(installation, "tests.crash.random_storm", str(seed), "1", "0", kind)

    assert sorted({outcome["kind"] for outcome in named}) == sorted(KINDS)
    assert [outcome["kind"] for outcome in at_random] == [kind]
    outcomes = [*named, *at_random]
    found = [count for outcome in outcomes for count in outcome["effects"].values()]
    assert set(found) == {1}, (seed, outcomes)
    unanswered = [outcome for outcome in outcomes if outcome["state"] in ("needs_attention", "cancelled", "stopped")]
    assert not unanswered, (seed, unanswered)


def storm(installation: Installation, program: str, *arguments: str) -> list[dict[str, Any]]:
    emulator_url = f"http://127.0.0.1:{(installation.data_dir / 'emulator-port').read_text()}"
    ended = subprocess.run(
        [sys.executable, "-m", program, str(installation.process.pid), emulator_url, *arguments],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT, "TOWPATH_MODE": "demo", "DATA_DIR": str(installation.data_dir)},
        capture_output=True,
        text=True,
        check=False,
        timeout=540,
    )
    assert ended.returncode == 0, ended.stderr + installation.output
    return [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
