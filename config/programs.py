"""The programs of an installation on one machine: web, workers and beat, and what they share."""

import gc
import importlib
import os
import sys
import warnings
from collections.abc import Sequence

from django.conf import settings

from config.forks import CAN_FORK
from config.supervisor import Program

# Ended in this order: nothing new is started, nobody asks for anything new, work ends, then what the work needs.
BEAT, WEB, WORKERS, EMULATOR, BROKER = range(5)
# Tasks can end at any moment without harm, so a worker at a long call is not waited for any longer than this.
WORKER_GRACE_S = 8.0
# Celery warns of pickled messages; ours are JSON and nothing else is accepted.
ROOT_WARNING = "You're running the worker with superuser"
# An upload may take minutes: what else is long goes on beside it.
QUEUES = (("tick", 2), ("interactive", 2), ("long", 3))

# What every program imports sooner or later; imported once before the forks, it is in memory once.
_SHARED = (
    "config.celery",
    "celery.bin.celery",
    "celery.app.amqp",
    "celery.app.control",
    "celery.app.events",
    "celery.app.log",
    "celery.app.routes",
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.concurrency.thread",
    "celery.events.dispatcher",
    "celery.events.receiver",
    "celery.worker.autoscale",
    "celery.worker.components",
    "celery.worker.consumer",
    "celery.worker.consumer.delayed_delivery",
    "celery.worker.strategy",
    "granian.cli",
    "granian.server",
    "granian.wsgi",
    "kombu.mixins",
    "kombu.transport.redis",
    "prometheus_client.multiprocess",
)


def preload() -> None:
    """Load what the programs share, and keep the garbage collector from writing to that memory."""
    warnings.filterwarnings("ignore", message=ROOT_WARNING)
    for module in _SHARED:
        importlib.import_module(module)
    from django.core.wsgi import get_wsgi_application
    from django.urls import get_resolver

    from config.celery import app

    app.loader.import_default_modules()
    app.finalize()
    get_wsgi_application()  # loads the middleware
    get_resolver().url_patterns  # noqa: B018  (loads the views)
    gc.collect()
    gc.freeze()


def programs(host: str, port: int) -> list[Program]:
    """Web, workers and beat, with the same arguments however they are started."""
    web = [
        *("config.wsgi:application", "--interface", "wsgi", "--http", "1", "--no-ws"),
        *("--host", host, "--port", str(port), "--workers", "2", "--blocking-threads", "2"),
        *("--respawn-failed-workers", "--workers-kill-timeout", "5", "--log-level", "warning"),
    ]
    beat = ["-q", "-A", "config", "beat", "--loglevel", "WARNING", "--pidfile="]
    return [
        _program("web", "granian", web, WEB),
        *(_program(f"worker-{queue}", "celery", _worker(queue, number), WORKERS) for queue, number in QUEUES),
        _program("beat", "celery", beat, BEAT),
    ]


def _worker(queue: str, concurrency: int) -> list[str]:
    return [
        *("-q", "-A", "config", "worker", "--loglevel", settings.LOG_LEVEL),  # it sets the root logger's too
        # Threads share one memory; what must not wait for one another has queues, and so processes, of its own.
        *("--pool", "threads"),
        *("--queues", queue, "--concurrency", str(concurrency), "--hostname", f"{queue}@%h"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]


def _program(name: str, module: str, arguments: Sequence[str], wave: int) -> Program:
    return Program(
        name,
        [sys.executable, "-W", f"ignore:{ROOT_WARNING}", "-m", module, *arguments],
        wave,
        grace_s=WORKER_GRACE_S if wave == WORKERS else 10.0,
        module=(module, arguments) if CAN_FORK else None,
    )


def environment() -> dict[str, str]:
    """What the programs find in their environment beside the settings."""
    return {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "CELERY_SKIP_CHECKS": "true",  # `manage.py up` has made them
    }
