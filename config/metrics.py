"""Counting across processes, through prometheus_client's files that every process of the installation shares.

Nothing is opened before the first count, so that commands which count nothing leave no trace, and a count that cannot
be written is logged once and then left out: measuring never stops the work.
"""

import fcntl
import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Histogram

log = logging.getLogger(__name__)

SLOTS = 500
LATENESS_BUCKETS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300)
CALL_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


@dataclass(frozen=True)
class Meters:
    """Everything that is counted while it happens. Labels come from fixed lists: no ids, names or addresses."""

    poll_lateness: "Histogram"
    task_wait: "Histogram"
    jobs_ended: "Counter"
    remote_calls: "Counter"
    remote_call_seconds: "Histogram"
    ticks: "Counter"


@dataclass(frozen=True)
class RunningProcess:
    """A process that counts, as it described itself."""

    pid: int
    role: str
    host: str


@dataclass
class _Slot:
    """The place of this process among those that count.

    Files are named by places, not by process ids: a place that came free is taken over with its counts, so that
    processes that die and start again, for weeks, do not leave a file each.
    """

    pid: int = 0
    name: str = ""
    path: Path = Path()
    lock: int = -1
    role: str = "command"


_slot = _Slot()
_taking, _making = threading.RLock(), threading.Lock()


def start(role: str) -> None:
    """Say what this process is, and take a place; called by long-lived processes, and again after each fork."""
    if _slot.pid == os.getpid() and _slot.role == role:
        return
    try:
        with _taking:
            _slot.role = role
            if _slot.pid == os.getpid():  # it counted before it said what it is
                _describe(_slot.lock)
            else:
                _identity()
    except OSError as exc:
        log.warning("nothing is counted here: %s cannot be used: %s", settings.METRICS_DIR, exc)


def _identity() -> str:
    with _taking:
        if _slot.pid != os.getpid():
            # The lock stayed with the parent of a fork; its descriptor is left alone: its number may be another's now.
            _slot.path, _slot.lock = _take_slot()
            _slot.name = _slot.path.stem
            _slot.pid = os.getpid()
        return _slot.name


def _take_slot() -> tuple[Path, int]:
    folder: Path = settings.METRICS_DIR
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(SLOTS):
        name = f"{number:03}"
        path = folder / f"{name}.lock"
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # Unlike flock this lock is not inherited by a fork, so a child takes a place of its own.
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        _describe(lock)
        _drop_unreadable(folder, name)
        return path, lock
    raise OSError(f"more than {SLOTS} processes count already")


def _describe(lock: int) -> None:
    me = json.dumps({"pid": os.getpid(), "role": _slot.role, "host": os.uname().nodename})
    os.ftruncate(lock, 0)
    os.pwrite(lock, me.encode(), 0)


def _drop_unreadable(folder: Path, name: str) -> None:
    """Remove files that a full disk or a power cut has damaged: one of them would spoil every answer."""
    from prometheus_client.mmap_dict import MmapedDict

    for path in folder.glob(f"*_{name}.db"):
        try:
            for key, *_ in MmapedDict.read_all_values_from_file(str(path)):  # type: ignore[no-untyped-call]
                json.loads(key)
        except Exception:  # the reader has no error of its own: damage ends it anywhere
            log.warning("%s was damaged; what it counted is lost", path.name, exc_info=True)
            path.unlink(missing_ok=True)


def meters() -> Meters | None:
    """The meters of this process; None where nothing can be counted."""
    with _making:  # of several threads that count for the first time, one makes them: two would share one file
        return _meters_of_process()


@cache
def _meters_of_process() -> Meters | None:
    try:
        _identity()
        return _make_meters()
    except OSError as exc:
        log.warning("nothing is counted here: %s cannot be used: %s", settings.METRICS_DIR, exc)
        return None


def _make_meters() -> Meters:
    from prometheus_client import CollectorRegistry, Counter, Histogram, values

    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(settings.METRICS_DIR)
    values.ValueClass = values.MultiProcessValue(_identity)  # type: ignore[no-untyped-call]
    nowhere = CollectorRegistry()  # what is shown is read from the files of all processes
    return Meters(
        poll_lateness=Histogram(
            "towpath_poll_lateness_seconds",
            "How late a due row was claimed.",
            ["activity"],
            buckets=LATENESS_BUCKETS,
            registry=nowhere,
        ),
        task_wait=Histogram(
            "towpath_task_wait_seconds",
            "How long a message waited in the broker for a worker.",
            ["queue"],
            buckets=LATENESS_BUCKETS,
            registry=nowhere,
        ),
        jobs_ended=Counter(
            "towpath_jobs_ended",
            "Jobs that ended or were handed to a person.",
            ["kind", "state"],
            registry=nowhere,
        ),
        remote_calls=Counter(
            "towpath_remote_calls",
            "Calls to remote systems, each try by itself.",
            ["host_class", "operation", "effect", "outcome"],
            registry=nowhere,
        ),
        remote_call_seconds=Histogram(
            "towpath_remote_call_seconds",
            "Duration of calls to remote systems.",
            ["host_class", "effect"],
            buckets=CALL_BUCKETS,
            registry=nowhere,
        ),
        ticks=Counter("towpath_ticks", "Rounds of the scheduler.", ["source"], registry=nowhere),
    )


def collect_shared(registry: "CollectorRegistry") -> None:
    """Have `registry` show what all processes, living and dead, have counted."""
    from prometheus_client.multiprocess import MultiProcessCollector

    settings.METRICS_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    MultiProcessCollector(registry, path=str(settings.METRICS_DIR))  # type: ignore[no-untyped-call]


def running_processes() -> Iterator[RunningProcess]:
    """The processes that hold a place now."""
    for path in sorted(settings.METRICS_DIR.glob("*.lock")):
        if (path, os.getpid()) == (_slot.path, _slot.pid):
            is_held = True  # opening and closing our own file here would let go of its lock
            text = os.pread(_slot.lock, 4096, 0)
        else:
            is_held, text = _look_at(path)
        if is_held:
            with suppress(ValueError, KeyError, TypeError):
                said = json.loads(text)
                yield RunningProcess(int(said["pid"]), str(said["role"]), str(said["host"]))


def _look_at(path: Path) -> tuple[bool, bytes]:
    try:
        lock = os.open(path, os.O_RDWR)
    except OSError:
        return False, b""
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True, os.pread(lock, 4096, 0)
    else:
        return False, b""
    finally:
        os.close(lock)


def clear() -> None:
    """Begin at nought, unless somebody still counts: a new version may count other things."""
    if any(running_processes()):
        return
    for path in settings.METRICS_DIR.glob("*.db"):
        path.unlink(missing_ok=True)


# What the product says


def polled(activity: str, seconds: float) -> None:
    """A due row was claimed, so late."""
    if found := meters():
        found.poll_lateness.labels(activity).observe(max(0.0, seconds))


def task_started(queue: str, sent_at: float) -> None:
    """A worker has begun on a message sent at that time."""
    if found := meters():
        found.task_wait.labels(queue).observe(max(0.0, time.time() - sent_at))


def job_ended(kind: str, state: str) -> None:
    if found := meters():
        found.jobs_ended.labels(kind, state).inc()


def ticked(source: str) -> None:
    if found := meters():
        found.ticks.labels(source).inc()


def remote_call(*, host_class: str, operation: str, effect: str, outcome: str, seconds: float) -> None:
    if found := meters():
        found.remote_calls.labels(host_class, operation, effect, outcome).inc()
        found.remote_call_seconds.labels(host_class, effect).observe(seconds)
