"""One database filled to a size, whose pages are asked for line by line on standard input; used by bench_lists.

    python -m bench.pages JOBS PACKAGES AUDIT_LINES    (BENCH_DATABASE_URL names the database)

A line `time NAME` answers {"ms"}, `plan NAME` a list of query plans without their numbers.
"""

import json
import re
import sys
import time
from typing import Any

from bench import django_alone, filling
from bench.filling import hexadecimal, moment, one_of

django_alone.prepare()

from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from accounts.choices import Role  # noqa: E402
from accounts.models import AuditEvent, Organization  # noqa: E402
from accounts.services import audit  # noqa: E402
from promotions.choices import JobState  # noqa: E402
from promotions.models import Job, Package  # noqa: E402
from promotions.services.verbs import Verb  # noqa: E402
from promotions.systems.packages import kinds  # noqa: E402
from tests.factories import MembershipFactory, OrganizationFactory, SandboxFactory, UserFactory  # noqa: E402
from tests.factories_promotions import JobFactory, PackageFactory  # noqa: E402

ORGANIZATIONS = 3
# A fifth of the jobs is in each state, so that each filter fills a page of 50 also where there are 1,000 jobs.
STATES = [
    JobState.SUCCEEDED,
    JobState.FAILED,
    JobState.SUCCEEDED,
    JobState.PARTLY_FAILED,
    JobState.CANCELLED,
]
STATUSES = ["PUBLISHED", "DRAFT"]
AGE_S = 30
RARE, COMMON = "needle", "loyalty"
NEEDLES = 60


def fill(jobs: int, packages: int, lines: int) -> Any:
    """Returns the reader, a member of every organization."""
    reader = UserFactory()
    organizations = [OrganizationFactory(name=f"Organization {number}") for number in range(ORGANIZATIONS)]
    sandboxes = [SandboxFactory(organization=organization) for organization in organizations]
    for organization in organizations:
        MembershipFactory(user=reader, organization=organization, role=Role.OPERATOR)
    filling.speed_up()
    ids = [organization.pk for organization in organizations]
    job = JobFactory(
        kind=kinds.IMPORT, organization=organizations[0], sandbox=sandboxes[0], requested_by=reader, state=STATES[0]
    )
    filling.copy(
        job,
        jobs,
        id=f"{job.pk} + n",
        title="'Import ' || n",
        organization=one_of(ids),
        sandbox=one_of([sandbox.pk for sandbox in sandboxes]),
        state=one_of([str(state) for state in STATES], by=f"n / {ORGANIZATIONS}"),
        created_at=moment(f"n * {AGE_S}"),
        started_at=moment(f"n * {AGE_S}"),
        finished_at=moment(f"n * {AGE_S} - 20"),
        due_at=moment(f"n * {AGE_S}"),
        remote_id=hexadecimal("n"),
        marker="NULL",
    )
    package = PackageFactory(organization=organizations[0], expires_at=None)
    filling.copy(
        package,
        packages,
        id=f"{package.pk} + n",
        organization=one_of(ids),
        remote_id=hexadecimal("n"),
        name="'Package ' || n",
        sort_name="'package ' || n",
        status=one_of(STATUSES, by=f"n / {ORGANIZATIONS}"),
        search_text=f"'Package ' || n || ' {COMMON} ' || CASE WHEN n % {max(1, packages // NEEDLES)} = 0 "
        f"THEN '{RARE}' ELSE 'hay' END",
        remote_created_at=moment(f"n * {AGE_S}"),
    )
    with transaction.atomic():
        audit.record(Verb.SYNCHRONIZATION_REQUESTED, actor=reader, subject=organizations[0])
    line = AuditEvent.objects.latest("sequence")
    filling.copy(
        line,
        lines,
        sequence=f"{line.pk} + n",
        at=moment(f"{lines * AGE_S} - n * {AGE_S}"),
        organization_id=one_of(ids),
        digest="'0'",
    )
    filling.settle()
    return reader


def addresses(client: Client) -> dict[str, str]:
    """Every page, by name; what lies deep is reached by a cursor as the page itself would give it."""
    from accounts.keyset import Order, _encode
    from promotions.queries import NEWEST_FIRST, PACKAGE_ORDERS

    here = Organization.objects.order_by("pk").first()
    assert here is not None
    deep_job = Job.objects.order_by("-created_at")[Job.objects.count() * 9 // 10]
    deep_package = Package.objects.order_by("-remote_created_at")[Package.objects.count() * 9 // 10]
    deep_line = AuditEvent.objects.order_by("-sequence")[AuditEvent.objects.count() * 9 // 10]
    found = {
        "home": "/",
        "jobs, first": "/jobs/",
        "jobs, deep": f"/jobs/?cursor={_encode('>', deep_job, NEWEST_FIRST)}",
        "jobs by state": "/jobs/?state=failed",
        "jobs by organization": f"/jobs/?organization={here.pk}",
        "jobs by both": f"/jobs/?organization={here.pk}&state=failed",
        "packages, first": "/packages/",
        "packages, deep": f"/packages/?cursor={_encode('>', deep_package, PACKAGE_ORDERS['-created'])}",
        "packages by status": "/packages/?status=DRAFT",
        "packages by name": "/packages/?order=name",
        "packages, rare word": f"/packages/?q={RARE}",
        "packages, common word": f"/packages/?q={COMMON}",
        "audit, first": "/audit/",
        "audit, deep": f"/audit/?cursor={_encode('>', deep_line, Order('sequence', True, is_number=True))}",
    }
    for name in ("jobs", "packages"):
        found[f"{name}, next"] = client.get(found[f"{name}, first"]).context["older_url"]
    return found


def main(jobs: int, packages: int, lines: int) -> None:
    started = time.monotonic()
    reader = fill(jobs, packages, lines)
    client = Client()
    client.force_login(reader)
    pages = addresses(client)
    for address in pages.values():
        fetch(client, address)
    say({"pages": list(pages), "filled_s": time.monotonic() - started})
    for request in sys.stdin:
        what, name = request.strip().split(" ", 1)
        say(plans(client, pages[name]) if what == "plan" else timed(client, pages[name]))


def fetch(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)


def timed(client: Client, address: str) -> dict[str, float]:
    started = time.perf_counter()
    fetch(client, address)
    return {"ms": (time.perf_counter() - started) * 1000}


def plans(client: Client, address: str) -> list[str]:
    """How the database goes about each query of the page, in order."""
    with CaptureQueriesContext(connection) as captured:
        fetch(client, address)
    found = []
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            if not query["sql"].startswith(("SELECT", "WITH")):
                continue
            explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN (COSTS OFF)"
            cursor.execute(f"{explain} {query['sql']}")
            found.append("\n".join(plain(str(row[-1])) for row in cursor.fetchall()))
    return found


def plain(line: str) -> str:
    """A line of a plan without the values it was made for."""
    line = re.sub(r"'[^']*'", "'…'", line)
    return re.sub(r"\b\d+\b", "0", line)


def say(answer: Any) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:4]))
