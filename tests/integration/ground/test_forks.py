import os
import signal
import subprocess
import sys

import pytest

from config.forks import call_apart
from tests.processes import ROOT

WATCHED = """
import time
from config.watchdog import watch_tasks
from celery import signals
watch_tasks(limit_s={limit_s})
signals.task_prerun.send(sender=None, task_id="first")
signals.task_prerun.send(sender=None, task_id="second")
signals.task_postrun.send(sender=None, task_id="first")
{then}
print("not ended", flush=True)
"""


def refuse() -> None:
    raise ValueError("no")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def watched(*, limit_s: float, then: str) -> "subprocess.CompletedProcess[str]":
    code = WATCHED.format(limit_s=limit_s, then=then)
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_what_a_fork_finds_out_comes_back_and_its_memory_does_not():
    here: list[int] = []

    def note_and_tell() -> int:
        here.append(1)
        return os.getpid()

    pid = call_apart(note_and_tell)

    assert pid != os.getpid()
    assert here == []


def test_what_a_fork_raises_is_raised_here():
    with pytest.raises(ValueError, match="no"):
        call_apart(refuse)


def test_a_fork_that_is_killed_is_an_error_and_no_answer():
    with pytest.raises(subprocess.CalledProcessError) as caught:
        call_apart(die)

    assert caught.value.returncode == -signal.SIGKILL


def test_a_task_that_takes_too_long_ends_its_process_and_shows_where_it_was():
    done = watched(limit_s=0.2, then="time.sleep(60)")

    assert done.returncode == 1
    assert "Timeout" in done.stderr
    assert "not ended" not in done.stdout


def test_a_process_whose_tasks_are_done_lives_on():
    done = watched(limit_s=0.2, then="signals.task_postrun.send(sender=None, task_id='second'); time.sleep(0.4)")

    assert done.returncode == 0, done.stderr
    assert "not ended" in done.stdout


def test_a_task_may_have_a_limit_of_its_own():
    long = "task=type('Task', (), dict(time_limit=60)))"
    code = WATCHED.replace('task_id="first")', f'task_id="first", {long}', 1).replace(
        'task_id="second")', f'task_id="second", {long}'
    )

    ended = subprocess.run(
        [sys.executable, "-c", code.format(limit_s=0.2, then="time.sleep(1)")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 0
    assert "not ended" in ended.stdout
