import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.supervisor import AlreadyRunningError, hold
from tests.processes import ROOT, descendants, end, still_running, wait_until

SUPERVISED = "tests.integration.ground.supervised"
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(params=["command", "fork"])
def start(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Start]:
    """Start a supervisor over programs of these names, and wait until each has said hello."""
    started: list[subprocess.Popen[str]] = []

    def run(*names: str) -> "subprocess.Popen[str]":
        for old in tmp_path.glob("*.pid"):
            old.unlink()
        with (tmp_path / "output").open("w") as output:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.integration.ground.supervised",
                    str(tmp_path),
                    json.dumps(names),
                    request.param,
                ],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        started.append(process)
        wait_until(
            lambda: all(f"hello from {name}" in output_of(tmp_path) for name in names), within_s=20, what="start"
        )
        return process

    yield run
    for process in started:
        end(process)


def output_of(folder: Path) -> str:
    return (folder / "output").read_text()


def pid_of(folder: Path, name: str) -> int:
    path = folder / f"{name}.pid"
    return int(path.read_text() or 0) if path.exists() else 0


def test_lines_of_children_carry_their_name(start, tmp_path):
    start("web")

    assert "web                | hello from web\n" in output_of(tmp_path)


def test_a_killed_child_starts_again(start, tmp_path):
    start("web")
    first = pid_of(tmp_path, "web")

    os.kill(first, signal.SIGKILL)

    wait_until(lambda: pid_of(tmp_path, "web") not in (0, first), within_s=10, what="a new child")
    assert "web has ended (killed by SIGKILL); it starts again in 0.5 s." in output_of(tmp_path)


def test_workers_of_a_killed_child_are_ended_before_it_starts_again(start, tmp_path):
    start("parent")
    first, grandchild = pid_of(tmp_path, "parent"), pid_of(tmp_path, "grandchild")

    os.kill(first, signal.SIGKILL)

    wait_until(lambda: pid_of(tmp_path, "parent") not in (0, first), within_s=10, what="a new child")
    assert not still_running({grandchild})


def test_a_child_that_ends_again_and_again_is_started_with_growing_pauses(start, tmp_path):
    start("brief")

    wait_until(lambda: "again in 2 s" in output_of(tmp_path), within_s=15, what="third pause")

    pauses = [line.rpartition("again in ")[2] for line in output_of(tmp_path).splitlines() if "again in" in line]
    assert pauses == ["0.5 s.", "1 s.", "2 s."]


def test_children_are_ended_in_order_and_the_supervisor_exits_cleanly(start, tmp_path):
    process = start("beat", "web", "parent", "valkey")
    family = descendants(process.pid)

    process.send_signal(signal.SIGTERM)

    assert process.wait(20) == 0
    assert (tmp_path / "ended").read_text().split() == ["beat", "web", "parent", "valkey"]
    assert not still_running(family)


def test_a_child_that_does_not_end_is_killed_after_its_grace(start, tmp_path):
    process = start("stubborn")
    stubborn = pid_of(tmp_path, "stubborn")

    process.send_signal(signal.SIGINT)

    assert process.wait(20) == 0
    assert (tmp_path / "ended").read_text() == "stubborn\n"
    assert not still_running({stubborn})


def test_children_end_in_order_when_the_supervisor_is_killed(start, tmp_path):
    process = start("beat", "parent", "stubborn")
    family = descendants(process.pid)

    process.kill()

    wait_until(lambda: not still_running(family), within_s=15, what="children of a killed supervisor to end")
    assert (tmp_path / "ended").read_text().split() == ["beat", "parent", "stubborn"]


def test_children_end_although_the_first_guardian_was_killed(start, tmp_path):
    process = start("web")
    guardians = descendants(process.pid) - {pid_of(tmp_path, "web")}
    for guardian in guardians:
        os.kill(guardian, signal.SIGKILL)
    wait_until(
        lambda: still_running(descendants(process.pid)) - guardians - {pid_of(tmp_path, "web")},
        within_s=10,
        what="a new guardian",
    )
    family = descendants(process.pid)

    process.kill()

    wait_until(lambda: not still_running(family), within_s=15, what="children of a killed supervisor to end")
    assert len(guardians) == 1


def test_the_next_supervisor_waits_for_the_children_of_a_killed_one(start, tmp_path):
    first = start("stubborn")
    stubborn = pid_of(tmp_path, "stubborn")
    first.kill()
    first.wait()

    start("web")

    assert "The processes of an earlier start are still ending" in output_of(tmp_path)
    assert not still_running({stubborn})


def test_a_supervisor_that_still_waits_can_be_stopped(start, tmp_path):
    first = start("stubborn")
    first.send_signal(signal.SIGSTOP)
    command = [sys.executable, "-m", "tests.integration.ground.supervised", str(tmp_path), '["web"]']
    second = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert second.stdout is not None
    assert "The processes of an earlier start are still ending" in second.stdout.readline()

    second.send_signal(signal.SIGTERM)

    output, _ = second.communicate(timeout=20)
    first.send_signal(signal.SIGCONT)
    assert output == "Stopped while waiting.\n"
    assert second.returncode == 0
    assert not (tmp_path / "web.pid").exists()


def test_a_held_lock_is_refused_with_the_words_of_its_holder(tmp_path):
    lock = tmp_path / "lock"

    with (
        hold(lock, holder={"pid": 7}),
        pytest.raises(AlreadyRunningError, match=r'^{"pid": 7}$'),
        hold(lock, holder={"pid": 8}),
    ):
        pass


def test_a_lock_is_free_again_after_its_holder_has_ended(tmp_path):
    lock = tmp_path / "lock"
    with hold(lock, holder={"pid": 7, "url": "a longer text than the next"}):
        pass

    with hold(lock, holder={"pid": 8}):
        text = lock.read_text()

    assert json.loads(text) == {"pid": 8}
