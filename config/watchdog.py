"""A hard time limit for workers whose pool has none: threads cannot be ended, so the process is.

The supervisor starts it again, and what it held falls due by its lease. faulthandler keeps the time outside Python, so
that even a thread that never lets go of the interpreter is ended; it writes where every thread was.
"""

import faulthandler
import sys
import threading
import time
from typing import Any

from celery import signals

_ends_at: dict[str, float] = {}
_lock = threading.Lock()


def watch_tasks(limit_s: float) -> None:
    """From now on, end this process when one of its tasks takes longer; a task may have a limit of its own."""

    def began(task_id: str, task: Any = None, **_: Any) -> None:
        with _lock:
            _ends_at[task_id] = time.monotonic() + (getattr(task, "time_limit", None) or limit_s)
            _set_alarm()

    def ended(task_id: str, **_: Any) -> None:
        with _lock:
            _ends_at.pop(task_id, None)
            _set_alarm()

    signals.task_prerun.connect(began, weak=False, dispatch_uid="watchdog")
    signals.task_postrun.connect(ended, weak=False, dispatch_uid="watchdog")


def _set_alarm() -> None:
    if _ends_at:
        left = max(0.001, min(_ends_at.values()) - time.monotonic())
        faulthandler.dump_traceback_later(left, exit=True, file=sys.__stderr__ or sys.stderr)
    else:
        faulthandler.cancel_dump_traceback_later()
