"""The Celery application: it carries wake-ups, the database holds the truth."""

import os
import time
from typing import Any

from celery import Celery, signals
from celery.concurrency.thread import TaskPool

from config import logs, watchdog

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("towpath")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

SENT_AT = "towpath_sent_at"
_role = "worker"


@signals.before_task_publish.connect
def _note_when_sent(headers: dict[str, Any], **_: Any) -> None:
    headers[SENT_AT] = time.time()


@signals.worker_init.connect
def _limit_time(sender: Any, **_: Any) -> None:
    """Where tasks run in threads, which nobody can end, the process is ended; other pools have limits of their own."""
    if issubclass(sender.pool_cls, TaskPool):
        watchdog.watch_tasks(app.conf.task_time_limit)


@signals.celeryd_init.connect
def _name_worker(options: dict[str, Any], **_: Any) -> None:
    global _role
    queues = options.get("queues") or ["all"]
    _role = f"worker-{'-'.join(queues if isinstance(queues, list) else str(queues).split(','))}"


@signals.worker_ready.connect
def _worker_counts(**_: Any) -> None:
    from config import metrics

    metrics.start(_role)


@signals.worker_process_init.connect
def _pool_process_counts(**_: Any) -> None:
    from config import metrics

    metrics.start(_role)


@signals.beat_init.connect
def _beat_counts(**_: Any) -> None:
    from config import metrics

    metrics.start("beat")


@signals.task_prerun.connect
def _name_task(task_id: str, task: Any, **_: Any) -> None:
    """Put the task on every log line written in it, and note how long its message has waited."""
    from config import metrics

    logs.task.set((task.name, task_id))
    request = task.request
    sent_at = getattr(request, SENT_AT, None) or (request.headers or {}).get(SENT_AT)
    if sent_at:
        metrics.task_started((request.delivery_info or {}).get("routing_key") or "unknown", float(sent_at))


@signals.task_postrun.connect
def _forget_task(**_: Any) -> None:
    logs.task.set(("", ""))
