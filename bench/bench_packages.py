"""What 10,000 packages cost: the list page against one of 1,000, and a second synchronization against the first.

Runs on a database of its own and against an emulator in this process; prints ratios, medians of several rounds.

    python -m bench.bench_packages
"""

import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

FOLDER = tempfile.TemporaryDirectory(prefix="towpath-bench-")
os.environ.update(
    TOWPATH_MODE="development",
    DATA_DIR=FOLDER.name,
    DJANGO_SETTINGS_MODULE="config.settings",
    LOG_LEVEL="WARNING",
    DATABASE_URL=f"sqlite:///{FOLDER.name}/bench.sqlite3",
)

import django  # noqa: E402  # the environment comes first

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Organization, User  # noqa: E402
from accounts.services import connections, sandboxes  # noqa: E402
from emulator.app import create_app  # noqa: E402
from emulator.credentials import describe  # noqa: E402
from emulator.server import run_in_thread  # noqa: E402
from promotions.engine import inline  # noqa: E402
from promotions.models import Job, Package  # noqa: E402
from promotions.services import jobs  # noqa: E402
from promotions.systems.packages import kinds  # noqa: E402
from promotions.systems.packages.connection import platform  # noqa: E402
from tests.factories import CredentialFactory, OrganizationFactory, UserFactory  # noqa: E402

ROUNDS = 15
SMALL, LARGE = 1_000, 10_000


def main() -> int:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    setup_test_environment()
    call_command("migrate", verbosity=0)
    user = UserFactory(administrator=True)
    small = measure_pages(user, SMALL)
    large = measure_pages(user, LARGE)
    print(f"{'page of 50 packages':<28} {SMALL:>9,} {LARGE:>9,}   ratio")
    for name in small:
        print(f"{name:<28} {small[name]:>6.1f} ms {large[name]:>6.1f} ms {large[name] / small[name]:>7.2f}")
    Package.objects.all().delete()
    measure_synchronization()
    return 0


def measure_pages(user: User, number: int) -> dict[str, float]:
    organization = Organization.objects.first() or OrganizationFactory(name="Acme")
    have = Package.objects.count()
    now = timezone.now()
    Package.objects.bulk_create(
        Package(
            organization=organization,
            remote_id=f"{index:032x}",
            name=f"Package {index}",
            sort_name=f"package {index}",
            status=("PUBLISHED", "DRAFT")[index % 2],
            package_type="PARTIAL",
            visibility="PRIVATE",
            source_sandbox="dev",
            search_text=f"Package {index} loyalty schemas {index % 97}",
            remote_created_at=now - timedelta(minutes=index),
        )
        for index in range(have, number)
    )
    client = Client()
    client.force_login(user)
    older_url = client.get("/packages/").context["older_url"]
    addresses = {
        "first": "/packages/",
        "next": older_url,
        "by status": "/packages/?status=DRAFT",
        "by name": "/packages/?order=name",
        "search": "/packages/?q=schemas+42",
    }
    return {name: median_ms(partial(fetch, client, address)) for name, address in addresses.items()}


def fetch(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)


def median_ms(act: Callable[[], Any]) -> float:
    act()
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        act()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def measure_synchronization() -> None:
    server = run_in_thread(create_app(seed=f"load:{LARGE}", speed=0))
    described = describe(f"load:{LARGE}", server.url)["organizations"][0]
    credential = next(found for found in described["credentials"] if found["kind"] == "oauth_server_to_server")
    organization = OrganizationFactory(
        name="Load", remote_id=described["ims_org_id"], ims_url=server.url, platform_url=server.url
    )
    CredentialFactory(
        organization=organization,
        client_id=credential["client_id"],
        secret=credential["client_secret"],
        scopes=credential["scopes"],
    )
    with platform(organization) as connection:
        sandboxes.apply_sandboxes(organization, connections.list_sandboxes(connection))
    first_s, read, written = synchronize(organization)
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    second_s, _, rewritten = synchronize(organization)
    server.stop()
    print(f"\nfirst synchronization   {read:,} packages read, {written:,} written in {first_s:.1f} s of CPU")
    print(f"second synchronization  {rewritten:,} written in {second_s:.1f} s of CPU: ratio {second_s / first_s:.2f}")
    print(f"peak memory {memory_mb:.0f} MB, emulator with its {LARGE:,} packages included")


def synchronize(organization: Organization) -> tuple[float, int, int]:
    """CPU seconds of this process (the emulator's part included), packages read and written."""
    started = time.process_time()
    job = jobs.queue_once(kind=kinds.SYNCHRONIZE, title="Bench", organization=organization, actor=None)
    while not job.is_finished:
        Job.objects.filter(pk=job.pk).update(due_at=timezone.now())
        inline.run_due()
        job.refresh_from_db()
    assert job.state == "succeeded", job.problem
    return time.process_time() - started, job.result["read"], job.result["changed"]


if __name__ == "__main__":
    sys.exit(main())
