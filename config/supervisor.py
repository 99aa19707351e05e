"""Runs a few programs as one: starts them, prefixes their lines, starts again what dies, ends them in order.

Knows nothing of what it runs and no Django. None of the usual process managers restarts with a growing pause, ends
whole process groups, and leaves no orphan when it is killed itself.
"""

import fcntl
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from config import guardian
from config.forks import Fork
from config.guardian import Group

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
HEALTHY_AFTER_S = 30.0  # a child that lived this long starts again with the first pause
TICK_S = 0.2
LONGEST_LINE = 65_536
CLEAN_UP_S = 60.0


class AlreadyRunningError(Exception):
    """Another supervisor holds the data directory."""


class StoppedError(Exception):
    """A signal has asked for the end while something was waited for."""


@contextmanager
def hold(path: Path, *, holder: Mapping[str, object]) -> Iterator[None]:
    """Hold the lock file as long as this process lives, and say in it who we are.

    Raises AlreadyRunningError with the holder's own words. The kernel lets go of the lock however the holder ends,
    so a left-over file never stands in the way.
    """
    with _opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError(os.pread(file, 4096, 0).decode(errors="replace")) from None
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps(holder).encode(), 0)
        yield


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class Program:
    """Something to keep running. Programs of a lower wave are ended before those of a higher one.

    With `module`, a Python module and its arguments, it runs in a fork of this process instead of as `command`.
    """

    name: str
    command: Sequence[str]
    wave: int
    grace_s: float = 10.0
    module: tuple[str, Sequence[str]] | None = None


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | Fork
    started_at: float
    pause_s: float
    restart_at: float | None = None
    unfinished: bytes = b""


def prefixed(name: str, line: str) -> str:
    """How a line of a child is shown to people."""
    return f"{name:<18} | {line}"


@dataclass
class Supervisor:
    """Keeps programs running until a signal comes. One thread; call `pump` (or `run`) often.

    `children_lock` names a file that stays locked until every child has ended, even when the supervisor was killed:
    the next supervisor waits for it before it touches what the children use.
    """

    children_lock: Path
    write: Callable[[str], None]
    environment: Mapping[str, str]
    line_of: Callable[[str, str], str] = prefixed
    _children: dict[str, _Child] = field(default_factory=dict)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _guardian: subprocess.Popen[bytes] | None = None
    _lock: int = -1
    _signals: int = 0

    def __enter__(self) -> "Supervisor":
        signal.signal(signal.SIGINT, self._note_signal)
        signal.signal(signal.SIGTERM, self._note_signal)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup
            signal.signal(signal.SIGHUP, self._note_signal)
        self._lock = os.open(self.children_lock, os.O_RDWR | os.O_CREAT, 0o600)
        self._wait_for_earlier_children()
        self._tell_guardian()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._guardian is not None and self._guardian.stdin is not None:
            self._guardian.stdin.close()
            self._guardian.wait()
        os.close(self._lock)
        self._selector.close()

    @property
    def is_stopping(self) -> bool:
        """A signal has asked for the end."""
        return self._signals > 0

    def _note_signal(self, _signum: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _wait_for_earlier_children(self) -> None:
        deadline = time.monotonic() + CLEAN_UP_S
        is_told = False
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self.is_stopping:
                    raise StoppedError from None
                if time.monotonic() > deadline:
                    raise AlreadyRunningError("") from None
                if not is_told:
                    self.write("The processes of an earlier start are still ending; waiting for them.")
                is_told = True
                time.sleep(TICK_S)
            else:
                return

    def start(self, program: Program) -> None:
        """Start a program and keep it running from now on."""
        self._spawn(program, pause_s=FIRST_PAUSE_S)

    def _spawn(self, program: Program, *, pause_s: float) -> None:
        process = self._begin(program)
        child = _Child(program, process, started_at=time.monotonic(), pause_s=pause_s)
        self._children[program.name] = child
        self._tell_guardian()
        assert process.stdout is not None  # noqa: S101  (given by stdout=PIPE above)
        os.set_blocking(process.stdout.fileno(), False)
        self._selector.register(process.stdout, selectors.EVENT_READ, child)

    def _begin(self, program: Program) -> subprocess.Popen[bytes] | Fork:
        """In a session of its own: Ctrl-C reaches the supervisor alone, and the group can be ended as one."""
        if program.module is not None:
            return Fork(*program.module, self.environment)
        return subprocess.Popen(  # noqa: S603  (commands are put together by us, never from a request)
            program.command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _groups(self) -> list[Group]:
        return [
            Group(child.program.wave, child.process.pid, child.program.grace_s)
            for child in self._children.values()
            if child.restart_at is None
        ]

    def _tell_guardian(self) -> None:
        line = json.dumps(self._groups()).encode() + b"\n"
        for _ in range(2):  # a guardian that was killed is replaced, and then told
            if self._guardian is None or self._guardian.poll() is not None:
                self._guardian = subprocess.Popen(  # noqa: S603  (our own file, run by our own interpreter)
                    [sys.executable, "-I", "-S", guardian.__file__],
                    stdin=subprocess.PIPE,
                    pass_fds=(self._lock,),
                    start_new_session=True,
                )
            assert self._guardian.stdin is not None  # noqa: S101  (given by stdin=PIPE above)
            try:
                self._guardian.stdin.write(line)
                self._guardian.stdin.flush()
            except BrokenPipeError:
                self._guardian.kill()
                self._guardian.wait()
            else:
                return

    def pump(self, timeout_s: float = TICK_S) -> None:
        """Pass on what the children say, notice who has ended, and start again who is due."""
        for key, _ in self._selector.select(timeout_s):
            self._read(key.data)
        for child in list(self._children.values()):
            if child.restart_at is None and child.process.poll() is not None:
                self._collect(child)
                self._plan_restart(child)
            if child.restart_at is not None and child.restart_at <= time.monotonic() and not self.is_stopping:
                self._spawn(child.program, pause_s=child.pause_s)
        if self._guardian is None or self._guardian.poll() is not None:
            self._tell_guardian()

    def _plan_restart(self, child: _Child) -> None:
        if time.monotonic() - child.started_at >= HEALTHY_AFTER_S:
            child.pause_s = FIRST_PAUSE_S
        child.restart_at = time.monotonic() + child.pause_s
        if not self.is_stopping:
            self.write(
                f"{child.program.name} has ended ({_how(child.process.wait())}); "
                f"it starts again in {child.pause_s:g} s."
            )
        child.pause_s = min(child.pause_s * 2, LONGEST_PAUSE_S)

    def _collect(self, child: _Child) -> None:
        """Clear away what a child has left: its last words, and workers that outlived their leader."""
        guardian.send(signal.SIGKILL, child.process.pid, whole_group=True)
        self._read(child)
        stdout = child.process.stdout
        if stdout is not None and not stdout.closed:
            self._selector.unregister(stdout)
            stdout.close()
        if child.unfinished:
            self._say(child, child.unfinished)
            child.unfinished = b""

    def _read(self, child: _Child) -> None:
        stdout = child.process.stdout
        if stdout is None or stdout.closed:
            return
        try:
            chunk = os.read(stdout.fileno(), LONGEST_LINE)
        except BlockingIOError:
            return
        if not chunk:  # closed by the child itself; it may still run
            self._selector.unregister(stdout)
            stdout.close()
            return
        *lines, child.unfinished = (child.unfinished + chunk).split(b"\n")
        if len(child.unfinished) >= LONGEST_LINE:
            lines.append(child.unfinished)
            child.unfinished = b""
        for line in lines:
            self._say(child, line)

    def _say(self, child: _Child, line: bytes) -> None:
        self.write(self.line_of(child.program.name, line.decode(errors="replace").rstrip()))

    def wait_for(self, is_ready: Callable[[], bool], *, timeout_s: float) -> bool:
        """Keep everything running until `is_ready`; False if the time was over first.

        Raises StoppedError if a signal asks for the end meanwhile.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self.is_stopping:
                raise StoppedError
            if is_ready():
                return True
            self.pump(0.05)
        return False

    def run(self) -> None:
        """Keep everything running until a signal asks for the end."""
        while not self.is_stopping:
            self.pump()

    def stop(self) -> None:
        """End every child, wave by wave. A second signal cuts the waiting short."""
        self._signals = max(self._signals, 1)
        by_pid = {child.process.pid: child for child in self._children.values()}
        guardian.end_in_order(
            self._groups(),
            is_alive=lambda pid: by_pid[pid].process.poll() is None,
            pause=lambda: self.pump(guardian.PAUSE_S),
            is_hurried=lambda: self._signals > 1,
        )
        for child in self._children.values():
            child.process.wait()
            self._collect(child)
        self._children.clear()
        self._tell_guardian()


def _how(returncode: int) -> str:
    if returncode < 0:
        return f"killed by {signal.Signals(-returncode).name}"
    return f"exit status {returncode}"
