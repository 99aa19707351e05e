"""`/metrics`: what all processes have counted, and what the database says at this moment.

Every query here stays cheap however many finished jobs there are: unfinished rows through their indexes, and heads.
"""

import hmac
import logging
import os
import platform
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from accounts.choices import DeliveryState
from accounts.models import NoticeDelivery
from accounts.services import audit
from config import heartbeat, metrics
from config.health import PROBE_TIMEOUT_S
from config.version import VERSION
from promotions.choices import ACTIVE, UNFINISHED
from promotions.models import Job

log = logging.getLogger(__name__)

NAMESPACE = "towpath"


@require_safe
@never_cache
def metrics_page(request: HttpRequest) -> HttpResponse:
    """For Prometheus, with METRICS_TOKEN as bearer token; without that setting there is no such page."""
    if not settings.METRICS_TOKEN:
        raise Http404("There is no such page.")
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), settings.METRICS_TOKEN.encode()):
        refusal = HttpResponse("Send METRICS_TOKEN as bearer token.\n", status=401, content_type="text/plain")
        refusal["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return refusal
    registry = CollectorRegistry()
    metrics.collect_shared(registry)
    registry.register(Now())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class Now(Collector):
    """What holds at this moment. A source that does not answer is left out, and said to be missing."""

    def collect(self) -> Iterator[Metric]:
        up = _gauge("source_up", "Whether the figures of this source could be read.", ["source"])
        for source, read in SOURCES.items():
            try:
                yield from list(read())
            except (DatabaseError, redis.RedisError, OSError) as exc:
                log.warning("figures of %s cannot be read: %s", source, exc)
                up.add_metric([source], 0)
            else:
                up.add_metric([source], 1)
        yield up


def _gauge(name: str, text: str, labels: Iterable[str] = ()) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{NAMESPACE}_{name}", text, labels=list(labels))


def _single(name: str, text: str, value: float) -> GaugeMetricFamily:
    family = _gauge(name, text)
    family.add_metric([], value)
    return family


def _jobs() -> Iterator[Metric]:
    rows = Job.objects.filter(state__in=UNFINISHED).order_by().values_list("state", "kind").annotate(Count("pk"))
    unfinished = _gauge("jobs", "Jobs that are not over.", ["state", "kind"])
    for state, kind, number in rows:
        unfinished.add_metric([state, kind], number)
    yield unfinished
    now = timezone.now()
    oldest = Job.objects.due(now).values_list("due_at", flat=True).first()
    yield _single(
        "oldest_due_seconds",
        "How long the most overdue row has waited; 0 if nothing is due.",
        0 if oldest is None else (now - oldest).total_seconds(),
    )
    yield _single("jobs_due", "Rows that are due now.", Job.objects.filter(state__in=ACTIVE, due_at__lte=now).count())


def _record() -> Iterator[Metric]:
    yield _single("audit_sequence", "Number of the last line of the record.", audit.current_head().sequence)


def _notices() -> Iterator[Metric]:
    unsent = NoticeDelivery.objects.exclude(state=DeliveryState.SENT).order_by()  # in the words of its partial index
    numbers = dict(unsent.values_list("state").annotate(Count("pk")))
    deliveries = _gauge("notice_deliveries", "Mails that wait or were given up.", ["state"])
    for state in (DeliveryState.WAITING, DeliveryState.GIVEN_UP):
        deliveries.add_metric([state.value], numbers.get(state, 0))
    yield deliveries


def _broker() -> Iterator[Metric]:
    queues = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()} | {settings.CELERY_TASK_DEFAULT_QUEUE}
    lengths = _gauge("queue_messages", "Messages that wait in the broker.", ["queue"])
    with redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=PROBE_TIMEOUT_S, socket_connect_timeout=PROBE_TIMEOUT_S
    ) as broker:
        for queue in sorted(queues):
            lengths.add_metric([queue], int(str(broker.llen(queue))))
    yield lengths
    last = heartbeat.last_tick()
    yield _single("last_tick_timestamp_seconds", "When beat's last round was done; 0 if never.", last or 0)


def _processes() -> Iterator[Metric]:
    info = _gauge("info", "What runs here.", ["version", "python", "database", "mode"])
    info.add_metric([VERSION, platform.python_version(), connection.vendor, str(settings.MODE)], 1)
    yield info
    running: Counter[str] = Counter()
    memory: Counter[str] = Counter()
    for process in metrics.running_processes():
        running[process.role] += 1
        if process.host == os.uname().nodename:
            memory[process.role] += _resident_bytes(process.pid)
    alive = _gauge("processes", "Processes that run, by what they do.", ["role"])
    resident = _gauge("process_resident_bytes", "Resident memory of the processes on this machine.", ["role"])
    for role, number in sorted(running.items()):
        alive.add_metric([role], number)
        resident.add_metric([role], memory[role])
    yield alive
    yield resident


def _resident_bytes(pid: int) -> int:
    """Resident memory, shared pages included; 0 where there is no /proc."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


SOURCES: dict[str, Callable[[], Iterator[Metric]]] = {
    "jobs": _jobs,
    "record": _record,
    "notices": _notices,
    "broker": _broker,
    "processes": _processes,
}
