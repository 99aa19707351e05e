"""Processes that count together, die, and leave their counts to those that come after."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from config import metrics
from tests.processes import ROOT

Counter = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.METRICS_DIR = tmp_path / "metrics"
    return tmp_path / "metrics"


@pytest.fixture
def counter(folder: Path) -> Iterator[Counter]:
    """Starts a process of some role that has counted so often, and lives."""
    started: list[subprocess.Popen[str]] = []

    def start(role: str, number: int) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.operations.counter", str(folder), role, str(number)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "counted\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def total() -> float:
    registry = CollectorRegistry()
    metrics.collect_shared(registry)
    labels = {"host_class": "ims", "operation": "ims.token", "effect": "read", "outcome": "ok"}
    return registry.get_sample_value("towpath_remote_calls_total", labels) or 0


def roles() -> list[str]:
    return sorted(process.role for process in metrics.running_processes())


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()


def test_what_several_processes_count_adds_up(counter: Counter) -> None:
    counter("web", 3)
    counter("web", 4)
    counter("worker-tick", 5)

    assert total() == 12
    assert roles() == ["web", "web", "worker-tick"]


def test_a_process_that_was_killed_leaves_its_counts_and_its_place_to_the_next(counter: Counter, folder: Path) -> None:
    kill(counter("web", 3))
    files = sorted(folder.iterdir())
    gone = roles()

    counter("web", 4)

    assert gone == []
    assert roles() == ["web"]
    assert total() == 7
    assert sorted(folder.iterdir()) == files


def test_a_file_that_was_damaged_costs_its_own_counts_and_no_others(counter: Counter, folder: Path) -> None:
    first = counter("web", 3)
    second = counter("beat", 4)
    kill(first)
    kill(second)
    (damaged,) = folder.glob("counter_000.db")
    damaged.write_bytes(b"\x40\x00\x00\x00" + b"\xff" * 60)

    counter("web", 5)

    assert total() == 4 + 5


def test_counts_begin_at_nought_only_when_nobody_counts(counter: Counter) -> None:
    process = counter("web", 3)
    metrics.clear()
    while_counting = total()
    kill(process)

    metrics.clear()

    assert while_counting == 3
    assert total() == 0
