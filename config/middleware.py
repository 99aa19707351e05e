"""Middleware that belongs to no app."""

import logging
import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from redis.exceptions import RedisError

from config import logs, metrics, problems

log = logging.getLogger(__name__)

_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIdMiddleware:
    """Gives each request an id that ends up in logs, audit rows and the answer's X-Request-ID header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        metrics.start("web")  # here, and not when the module is loaded: workers may be forks of what has loaded it
        offered = request.headers.get("X-Request-ID", "")
        current = offered if _ACCEPTABLE.fullmatch(offered) else uuid.uuid4().hex
        request.request_id = current  # type: ignore[attr-defined]
        token = logs.request_id.set(current)
        try:
            response = self.get_response(request)
        finally:
            logs.request_id.reset(token)
        response["X-Request-ID"] = current
        return response


class PrivateAnswersMiddleware:
    """Keeps what was answered to one person out of every cache, unless a view says otherwise.

    Somebody who comes after at the same browser must not find it by going back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Cache-Control", "private, no-store")
        return response


class CacheOutageMiddleware:
    """Says "later" where attempts cannot be counted: letting them pass would open the way to guessing passwords."""

    RETRY_AFTER_S = 30

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, RedisError):
            return None
        log.error("the cache is not reachable, so attempts cannot be counted: %s", exception)
        if request.path.startswith(problems.API):
            response = problems.plain(503, "The cache is not reachable. Try again later.")
        else:
            response = render(request, "503.html", status=503)
        response["Retry-After"] = str(self.RETRY_AFTER_S)
        return response
