"""Probes: whether the process lives, and whether it can work."""

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

PROBE_TIMEOUT_S = 3


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is alive; it asks nothing of others, so that a database outage restarts no web process."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Database and broker answer; 503 names what does not. Causes stay in the log."""
    state = {"database": _has_database(), "broker": _has_broker()}
    return JsonResponse(state, status=200 if all(state.values()) else 503)


def _has_database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _has_broker() -> bool:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=PROBE_TIMEOUT_S, socket_connect_timeout=PROBE_TIMEOUT_S
        ) as broker:
            return bool(broker.ping())
    except (redis.RedisError, OSError):
        return False
