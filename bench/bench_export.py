"""What an export of 1,000,000 jobs costs against one of 10,000: rows a second, and memory.

Both run in one process on a database of its own, through the view as a browser would ask; prints ratios.

    python -m bench.bench_export
"""

import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

FOLDER = tempfile.TemporaryDirectory(prefix="towpath-bench-")
os.environ.update(
    TOWPATH_MODE="development",
    DATA_DIR=FOLDER.name,
    DJANGO_SETTINGS_MODULE="config.settings",
    LOG_LEVEL="ERROR",
    DATABASE_URL=f"sqlite:///{FOLDER.name}/bench.sqlite3",
)

import django  # noqa: E402  # the environment comes first

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from accounts.models import Export, User  # noqa: E402
from tests.factories import OrganizationFactory, UserFactory  # noqa: E402

SMALL, LARGE = 10_000, 1_000_000
COLUMNS = """kind, title, state, organization_id, requested_by_id, is_foreign, is_quiet, params, created_at, due_at,
    interval_s, attempts, lease_token, submit_count, empty_look_ups, remote_id, remote_status, progress_done,
    progress_text, problem_kind, problem, problem_detail, result, raw"""
VALUES = """'packages.import', 'Loyalty schemas v' || i, 'succeeded', {organization} + i % 3, {person}, 0, 0, '{{}}',
    datetime('2026-01-01', '-' || i || ' minutes'), datetime('2026-01-01'), 0, 0, '', 1, 0, 'remote-' || i, 'SUCCESS',
    9, '', '', '', '', '{{}}', '{{}}'"""


def main() -> int:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    setup_test_environment()
    # Pages of a mapped file count as memory of whoever reads them, although they can be dropped at any time.
    connection.settings_dict["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL;PRAGMA mmap_size=0;"
    call_command("migrate", verbosity=0)
    person = UserFactory(administrator=True)
    organization, *_ = OrganizationFactory.create_batch(3)
    client = Client()
    client.force_login(person)
    for file_format in ("csv", "json"):
        export(client, file_format)  # what is loaded once is loaded now
    figures: dict[int, dict[str, tuple[float, float]]] = {}
    made = 0
    for number in (SMALL, LARGE):
        fill(person, organization.pk, made, number)
        made = number
        figures[number] = {name: measure(client, name, number) for name in ("csv", "json")}
    print(f"{'export':<8} {SMALL:>11,} rows {LARGE:>13,} rows    ratio")
    for name in ("csv", "json"):
        (small_rate, small_rss), (large_rate, large_rss) = figures[SMALL][name], figures[LARGE][name]
        print(f"{name:<8} {small_rate:>9,.0f} /s    {large_rate:>11,.0f} /s    {large_rate / small_rate:>8.2f}  rate")
        print(f"{'':<8} {small_rss:>9,.1f} MB    {large_rss:>11,.1f} MB    {large_rss / small_rss:>8.2f}  peak memory")
    return 0


def fill(person: User, organization: int, have: int, number: int) -> None:
    values = VALUES.format(organization=organization, person=person.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO promotions_job ({COLUMNS}) "  # noqa: S608  figures of our own
            f"WITH RECURSIVE series(i) AS (SELECT {have + 1} UNION ALL SELECT i + 1 FROM series WHERE i < {number}) "
            f"SELECT {values} FROM series"
        )


def measure(client: Client, file_format: str, number: int) -> tuple[float, float]:
    """Rows a second, and the peak of this process's memory while the file was written."""
    forget_peak()
    started = time.perf_counter()
    rows = export(client, file_format)
    seconds = time.perf_counter() - started
    assert rows == number, (rows, number)
    return number / seconds, peak_mb()


def export(client: Client, file_format: str) -> int:
    answer: Any = client.get(f"/jobs/export/?format={file_format}")
    assert answer.status_code == 200, answer.status_code
    size = sum(len(piece) for piece in answer.streaming_content)  # thrown away, as by a client that keeps up
    assert size > 0
    last = Export.objects.latest("pk")
    assert last.outcome == "complete", last.outcome
    return last.rows


def forget_peak() -> None:
    """Where the kernel keeps a high-water mark, begin it anew."""
    mark = Path("/proc/self/clear_refs")
    if mark.exists():
        mark.write_text("5")


def peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
