"""Reading all packages of an organization from a platform that takes its time to answer.

The emulator, a process of its own, holds the packages and waits before every answer. Ours is the whole job that a
worker does: token, every page, every row written to an empty SQLite database (first pass), or compared with what is
there (second pass). The baseline in the same run is a plain client that asks page after page, 20 rows each, and stores
nothing. The limit is what the connections allow: pages of 100 x latency / 5 connections.

    python -m bench.bench_sync [PACKAGES [LATENCY_MS]]
"""

import statistics
import sys
import time
from typing import Any

from bench import django_alone
from bench.emulated import EXIM, Platform, emulator
from bench.figures import Targets, load
from clients.deadlines import POOL_SIZE
from promotions.engine import inline
from promotions.models import Artifact, Job, Package
from promotions.services import jobs
from promotions.systems.packages import kinds
from promotions.systems.packages.synchronizing import PAGE_SIZE

PACKAGES, LATENCY_MS = 10_000, 100
PLAIN_PAGE = 20
ROUNDS = 3
AT_LEAST_FASTER, AT_MOST_LIMITS = 10, 2


def main(packages: int, latency_ms: int) -> int:
    print(load())
    django_alone.prepare()
    with emulator(f"load:{packages}") as platform:
        organization = platform.organization("Load")
        platform.control.post("/latency", json={"seconds": latency_ms / 1000}).raise_for_status()
        first, second = [], []
        for number in range(ROUNDS):
            Artifact.objects.all().delete()
            Package.objects.all().delete()
            first.append(synchronize(organization, packages, changed=packages))
            second.append(synchronize(organization, packages, changed=0))
            if number == 0:
                plain_s = read_plainly(platform, packages)
    pages = -(-packages // PAGE_SIZE)
    limit_s = pages * latency_ms / 1000 / POOL_SIZE
    print(f"{packages:,} packages at {latency_ms} ms            seconds   plain / ours   ours / limit")
    print(f"plain client, {PLAIN_PAGE} a page           {plain_s:>9.2f}")
    for name, values in (("first pass, all written", first), ("second pass, nothing new", second)):
        middle = statistics.median(values)
        print(f"{name:<32} {middle:>8.2f} {plain_s / middle:>14.1f} {middle / limit_s:>14.2f}")
    print(f"limit: {pages} pages x {latency_ms} ms / {POOL_SIZE} connections = {limit_s:.2f} s; medians of {ROUNDS}")
    targets = Targets()
    for name, values in (("first pass", first), ("second pass", second)):
        middle = statistics.median(values)
        targets.at_least(f"{name}, times faster than the plain client", plain_s / middle, AT_LEAST_FASTER)
        targets.at_most(f"{name}, times the limit", middle / limit_s, AT_MOST_LIMITS)
    return targets.status()


def read_plainly(platform: Platform, packages: int) -> float:
    """Seconds of a client that knows no better than the documentation's default order and page."""
    with platform.plain_client() as client:
        started = time.perf_counter()
        read = 0
        while True:
            query: dict[str, Any] = {"start": read, "limit": PLAIN_PAGE, "orderBy": "-createdDate"}
            page = client.get(f"{EXIM}/packages", params=query).raise_for_status().json()
            if not page["data"]:
                break
            read += len(page["data"])
            if read >= packages:
                break
        assert read == packages, read
        return time.perf_counter() - started


def synchronize(organization: Any, packages: int, *, changed: int) -> float:
    """Seconds from the job's start to its end."""
    job = jobs.queue_once(kind=kinds.SYNCHRONIZE, title="Bench", organization=organization, actor=None)
    started = time.perf_counter()
    while not job.is_finished:
        inline.run_due()
        job.refresh_from_db()
    seconds = time.perf_counter() - started
    assert job.state == "succeeded", job.problem
    assert (job.result["read"], job.result["changed"]) == (packages, changed), job.result
    Job.objects.filter(pk=job.pk).delete()
    return seconds


if __name__ == "__main__":
    sizes = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*sizes, *(PACKAGES, LATENCY_MS)[len(sizes) :]))
