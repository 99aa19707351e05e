"""Ends the children of a supervisor that can no longer do it, also after kill -9.

Run as a script by the supervisor, with a pipe as its standard input. Each line names the groups that run now; when
the pipe closes, whatever the cause, the groups of the last line are ended. PR_SET_PDEATHSIG would do this on Linux
only and for the direct children only; the pipe does it everywhere and for whole groups.

Standard library only and no import of the package: it has to be small and must not fail.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

PAUSE_S = 0.05


class Group(NamedTuple):
    """A process group; groups of a lower wave are ended before those of a higher one."""

    wave: int
    pid: int
    grace_s: float


def is_running(pid: int) -> bool:
    """Whether the process works; one that has ended and was not yet collected by its parent does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    return not stat.rpartition(")")[2].strip().startswith("Z")


def send(signum: int, pid: int, *, whole_group: bool) -> None:
    """Signal a process or its group; nothing happens if it is gone."""
    # macOS answers "not permitted" for a group of processes that have all ended.
    with suppress(ProcessLookupError, PermissionError):
        (os.killpg if whole_group else os.kill)(pid, signum)


def end_in_order(
    groups: Iterable[Group],
    *,
    is_alive: Callable[[int], bool] = is_running,
    pause: Callable[[], None] = lambda: time.sleep(PAUSE_S),
    is_hurried: Callable[[], bool] = lambda: False,
) -> None:
    """Ask each wave to end, wait within its grace, then kill what is left of its groups.

    Only the leader is asked: Celery and granian end their own workers, and a worker that is asked directly drops the
    task it is at.
    """
    for _, members in groupby(sorted(groups), key=lambda group: group.wave):
        wave = list(members)
        for group in wave:
            send(signal.SIGTERM, group.pid, whole_group=False)
        started = time.monotonic()
        while (
            any(is_alive(group.pid) and time.monotonic() - started < group.grace_s for group in wave)
            and not is_hurried()
        ):
            pause()
        for group in wave:
            send(signal.SIGKILL, group.pid, whole_group=True)


def main() -> None:
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)  # the pipe alone decides
    groups: list[Group] = []
    for line in sys.stdin:
        if line.endswith("\n"):
            groups = [Group(*row) for row in json.loads(line)]
    end_in_order(groups)


if __name__ == "__main__":
    main()
