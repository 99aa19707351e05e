"""Probes: whether the process lives, and whether it can work.

An answer names what fails in words that help whoever runs the machine, and nothing that helps anybody else: causes with
host names or paths stay in the log.
"""

import logging
import shutil
import time
from collections.abc import Callable
from functools import cache

import redis
from django.conf import settings
from django.core.cache import cache as django_cache
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config import heartbeat

log = logging.getLogger(__name__)

PROBE_TIMEOUT_S = 3
MIB = 2**20
# Both engines name the triggers alike (accounts.migrations.0002).
TRIGGER_PREFIX = "accounts_auditevent_refuse_"


class UnhealthyError(Exception):
    """A check has failed; the text may be shown to anybody."""


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is alive; it asks nothing of others, so that a database outage restarts no web process."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Everything that work needs is there; 503 if anything fails, with a sentence for each check."""
    checks = {name: _result(name, check) for name, check in CHECKS.items()}
    is_ready = all(result["ok"] for result in checks.values())
    return JsonResponse(
        {"status": "ready" if is_ready else "not ready", "checks": checks}, status=200 if is_ready else 503
    )


def _result(name: str, check: Callable[[], str]) -> dict[str, bool | str]:
    try:
        return {"ok": True, "says": check()}
    except UnhealthyError as exc:
        says = str(exc)
    except (DatabaseError, redis.RedisError, OSError) as exc:
        log.warning("readiness: %s: %s", name, exc)
        says = f"The {name} check could not be made; the log of this process says why."
    log.warning("not ready: %s: %s", name, says)
    return {"ok": False, "says": says}


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as exc:
        log.warning("readiness: the database: %s", exc)
        raise UnhealthyError("The database does not answer. Is it running, and is DATABASE_URL right?") from exc
    return "The database answers."


@cache
def _wanted_migrations() -> frozenset[tuple[str, str]]:
    """What this code brings; it does not change while the process lives."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def _migrations() -> str:
    applied = MigrationRecorder(connection).applied_migrations()
    waiting = sorted(_wanted_migrations() - applied.keys())
    if waiting:
        first = ".".join(waiting[0])
        raise UnhealthyError(
            f"The database is older than this version: migrations that wait: {len(waiting)}, the first is {first}. "
            "Run manage.py upgrade."
        )
    return "The database fits this version."


def _broker() -> str:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=PROBE_TIMEOUT_S, socket_connect_timeout=PROBE_TIMEOUT_S
        ) as broker:
            broker.ping()
    except (redis.RedisError, OSError) as exc:
        log.warning("readiness: the broker: %s", exc)
        raise UnhealthyError("The broker does not answer. Is Valkey running, and is REDIS_URL right?") from exc
    return "The broker answers."


def _cache() -> str:
    try:
        django_cache.get("readiness")
    except redis.RedisError as exc:
        log.warning("readiness: the cache: %s", exc)
        raise UnhealthyError("The cache does not answer. It lies in database 1 of REDIS_URL.") from exc
    return "The cache answers."


_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgname LIKE %s AND tgenabled IN ('O', 'A')",
}
_TRIGGERS_NEEDED = 2


def _record() -> str:
    with connection.cursor() as cursor:
        cursor.execute(_TRIGGERS[connection.vendor], [f"{TRIGGER_PREFIX}%"])
        found = len(cursor.fetchall())
    if found < _TRIGGERS_NEEDED:
        raise UnhealthyError(
            "The database no longer protects the record: triggers of accounts_auditevent are gone. "
            "Run manage.py verify_audit, and find out who removed them."
        )
    return "The database protects the record."


def _beat() -> str:
    try:
        last = heartbeat.last_tick()
    except redis.RedisError as exc:
        log.warning("readiness: the last tick: %s", exc)
        raise UnhealthyError("When the last tick was is not known: the cache does not answer.") from exc
    if last is None:
        raise UnhealthyError("No tick was seen yet. Do beat and the worker of the queue tick run?")
    age = max(0.0, time.time() - last)
    if age > heartbeat.LATE_AFTER_S:
        raise UnhealthyError(
            f"The last tick was {round(age)} seconds ago. Do beat and the worker of the queue tick run?"
        )
    return f"The last tick was {round(age)} seconds ago."


def _disk() -> str:
    free = shutil.disk_usage(settings.DATA_DIR).free
    if free < settings.READY_FREE_MB * MIB:
        raise UnhealthyError(
            f"DATA_DIR has {free // MIB} MiB left, less than READY_FREE_MB ({settings.READY_FREE_MB}). Make room."
        )
    return f"DATA_DIR has {free // MIB} MiB left."


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "broker": _broker,
    "cache": _cache,
    "record": _record,
    "beat": _beat,
    "disk": _disk,
}
