"""Running a Python module as a program in a fork of this process.

A fork shares the memory of everything that is loaded already; a dozen processes of one application then need little
more than one. Only a process without threads may be forked safely, and on macOS not even that.
"""

import os
import pickle
import runpy
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar, cast

from setproctitle import setproctitle

T = TypeVar("T")

CAN_FORK = sys.platform == "linux"
FIRST_FREE_DESCRIPTOR = 3


class Fork:
    """A module that runs in a fork, with the members of `subprocess.Popen` that a supervisor uses."""

    def __init__(self, module: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self.returncode: int | None = None
        output, writer = os.pipe()
        ready, is_ready = os.pipe()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                _become(module, arguments, environment, writer)
            finally:
                os._exit(1)  # a second supervisor would be worse than anything
        os.close(writer)
        os.close(is_ready)
        os.read(ready, 1)  # ends when the child has a session of its own and let go of what is ours
        os.close(ready)
        self.stdout = os.fdopen(output, "rb", buffering=0)

    def poll(self) -> int | None:
        """The exit status, negative for a signal as with Popen; None while it runs."""
        return self._collect(os.WNOHANG)

    def wait(self) -> int:
        """The exit status, as soon as there is one."""
        return cast(int, self._collect(0))

    def _collect(self, options: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def _become(module: str, arguments: Sequence[str], environment: Mapping[str, str], output: int) -> NoReturn:
    """Turn this fork into a program of its own: session, standard streams, signals, arguments."""
    status = 1
    try:
        os.setsid()
        setproctitle(" ".join([module, *arguments]))
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(signum) != signal.SIG_IGN:
                signal.signal(signum, signal.default_int_handler if signum == signal.SIGINT else signal.SIG_DFL)
        # The locks and pipes of the parent must end with the parent.
        os.closerange(FIRST_FREE_DESCRIPTOR, os.sysconf("SC_OPEN_MAX"))
        os.environ.update(environment)
        for stream in (sys.stdout, sys.stderr):
            cast(Any, stream).reconfigure(line_buffering=True)
        sys.argv = [module, *arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as exc:
        status = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    except BaseException:  # nothing above us in this process prints it
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(status)  # nothing that the parent has registered for its own end


def call_apart(function: Callable[[], T]) -> T:
    """What a function returns or raises when a fork calls it: its memory and its connections do not stay here."""
    if not CAN_FORK:
        return function()
    reader, writer = os.pipe()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            outcome: tuple[bool, Any] = (True, function())
        except BaseException as exc:  # raised again in the parent
            outcome = (False, exc)
        try:
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump(outcome, pipe)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(pid, 0)
    if not data:
        raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), str(function))
    is_good, value = pickle.loads(data)  # noqa: S301  (from our own fork)
    if not is_good:
        raise value
    return cast(T, value)
