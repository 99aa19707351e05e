"""The last tick of beat, as the cache remembers it: proof that beat, broker and the tick worker go round together."""

import logging
import time

from django.core.cache import cache
from redis.exceptions import RedisError

from config import metrics

log = logging.getLogger(__name__)

BEAT = "beat"
KEY = "last-tick"
# Beat ticks every second; a worker that is busy, or a restart of either, takes some of them.
LATE_AFTER_S = 30.0


def note_tick(source: str) -> None:
    """A round is done. Only beat's own prove that it lives; others come from what people do."""
    metrics.ticked(source if source == BEAT else "commit")
    if source != BEAT:
        return
    try:
        cache.set(KEY, time.time(), timeout=None)
    except RedisError as exc:
        log.warning("the tick could not be noted: %s", exc)


def last_tick() -> float | None:
    """When beat's last round was done, in seconds since 1970; raises RedisError without a cache."""
    found = cache.get(KEY)
    return float(found) if found is not None else None
