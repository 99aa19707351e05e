"""How many calls one person may make to the REST API."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import UserRateThrottle

if TYPE_CHECKING:  # the framework's views read this setting while they are being imported
    from rest_framework.views import APIView

log = logging.getLogger(__name__)


class LenientThrottle(UserRateThrottle):
    """Counts in the cache; while that is not reachable, calls pass: the limit must not take the API down with it."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        try:
            return super().allow_request(request, view)
        except RedisError:
            log.warning("the cache is not reachable, so calls are not counted")
            return True
