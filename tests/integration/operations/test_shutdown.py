"""SIGTERM in the middle of an import: work in hand is finished, the rest goes on at the next start, nothing twice."""

import json
import signal
import subprocess
import sys
import time

import pytest
from cryptography.fernet import Fernet

from tests.processes import ROOT, end, free_port

# Of the supervisor's waves only that of the workers waits for work, and no longer than its grace.
BOUND_S = 30


@pytest.fixture
def emulator():
    """An emulator of its own, which remembers what Towpath has sent while Towpath is stopped."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator", "--host", "127.0.0.1", "--port", str(port), "--seed", "demo"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    yield f"http://127.0.0.1:{port}"
    end(process)


@pytest.fixture
def installation(make_installation, emulator):
    found = make_installation()
    strong = "k3Jx9-vQzL0rT8yWbN4mHsE7uAfC2dGpXo6iRwVtYqB1nMjKlZ5hDgSeUaFcPO"
    found.environment.update(
        TOWPATH_MODE="development",  # the emulator is on loopback, and not ours to start
        SECRET_KEY=strong,
        AUDIT_KEY=strong[::-1],
        CREDENTIAL_KEYS=Fernet.generate_key().decode(),
        SUBMIT_DEADLINE_S="10",
        SUBMIT_SETTLE_S="12",
        LOG_FORMAT="json",
    )
    found.succeed("upgrade")
    found.environment["TOWPATH_MODE"] = "demo"
    found.succeed("load_demo", "--emulator-url", emulator)
    found.environment["TOWPATH_MODE"] = "development"
    found.up()
    return found


def mid_job(installation, emulator, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.operations.mid_job", emulator, *map(str, arguments)],
        cwd=ROOT,
        env=installation._environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr + installation.output
    return json.loads(done.stdout)


def jobs(installation):
    return installation.world("show")["jobs"].values()


@pytest.mark.crash
@pytest.mark.timeout(600)
def test_an_import_stopped_in_the_middle_goes_on_at_the_next_start_and_is_sent_once(installation, emulator):
    for step in ("sent", "following"):
        begun = mid_job(installation, emulator, "begin", step)
        asked_at = time.monotonic()

        installation.process.send_signal(signal.SIGTERM)
        assert installation.process.wait(BOUND_S) == 0

        took = time.monotonic() - asked_at
        assert took < BOUND_S
        assert begun["state"] == ("submitting" if step == "sent" else "running")
        # The call that was under way was finished, and its answer kept.
        assert "submitting" not in {job["state"] for job in jobs(installation)}
        lines = [json.loads(line) for line in installation.output.splitlines()]
        assert (lines[-1]["process"], lines[-1]["message"]) == ("up", "Stopped.")
        (sent,) = [line for line in lines if line.get("remote", {}).get("operation") == "packages.import"]
        assert (sent["job_id"], sent["task"]) == (begun["job"], "promotions.tasks.submit")
        assert (sent["process"], sent["remote"]["outcome"]) == ("worker-interactive", "ok")
        installation.up()
        ended = mid_job(installation, emulator, "end", begun["job"])
        assert (ended["imports"], ended["sent"]) == (1, 1), ended
        assert ended["state"] in ("succeeded", "succeeded_with_warnings", "partly_failed"), ended
