"""Helpers for tests that start real programs."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from config.guardian import is_running

ROOT = Path(__file__).resolve().parent.parent


def wait_until(is_true: Callable[[], object], *, within_s: float, what: str) -> None:
    """Return as soon as it is true; fail with `what` if that takes too long."""
    deadline = time.monotonic() + within_s
    while not is_true():
        assert time.monotonic() < deadline, f"Not within {within_s:g} s: {what}"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def descendants(pid: int) -> set[int]:
    """Every process below `pid`, at whatever depth."""
    listing = subprocess.run(["ps", "-A", "-ww", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [line.split() for line in listing.splitlines()]
    parents = {int(child): int(parent) for child, parent in pairs}
    found: set[int] = set()
    layer = {pid}
    while layer:
        layer = {child for child, parent in parents.items() if parent in layer} - found
        found |= layer
    return found


def still_running(pids: set[int]) -> set[int]:
    return {pid for pid in pids if is_running(pid)}


def end(process: "subprocess.Popen[str]") -> None:
    """Make sure that nothing a test has started outlives it."""
    leftovers = descendants(process.pid)
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pid in still_running(leftovers):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
