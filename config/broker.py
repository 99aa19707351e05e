"""Waking workers: the database knows what is due, the broker only says that something is."""

import logging
from functools import partial

from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def wake(task: "Task[[], None]") -> None:
    """Have a worker run this task as soon as the transaction has committed."""
    transaction.on_commit(partial(_send, task), robust=True)


def _send(task: "Task[[], None]") -> None:
    """Without a broker beat does the same, a little later: a note in the log is all that is lost."""
    try:
        task.delay()
    except OperationalError as exc:
        log.warning("the broker could not be told of %s: %s", task.name, exc)
