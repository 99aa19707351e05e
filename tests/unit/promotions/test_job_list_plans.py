"""How the databases read the job list: by an index, whatever it is narrowed by."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Sandbox, User
from promotions.choices import JobState
from promotions.job_lists import JobList
from promotions.models import Job
from promotions.queries import JobFilters
from tests.factories import MembershipFactory, SandboxFactory, UserFactory

ROWS = 20_000
NOW = timezone.now()


@pytest.fixture(scope="module")
def reader(django_db_setup: None, django_db_blocker: Any) -> Iterator[User]:
    """Somebody who sees two organizations of three, full of jobs; made once, since only reading follows."""
    with django_db_blocker.unblock():
        person = UserFactory()
        sandboxes: list[Sandbox] = [SandboxFactory() for _ in range(3)]
        for sandbox in sandboxes[:2]:
            MembershipFactory(user=person, organization=sandbox.organization, role=Role.VIEWER)
        Job.objects.bulk_create((_job(number, person, sandboxes) for number in range(ROWS)), batch_size=2000)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE promotions_job")
        yield person
        Job.objects.all().delete()
        for sandbox in sandboxes:
            sandbox.organization.memberships.all().delete()
            sandbox.delete()
            sandbox.organization.delete()
        person.delete()


def _job(number: int, person: User, sandboxes: list[Sandbox]) -> Job:
    sandbox = sandboxes[number % 3]
    states = [JobState.SUCCEEDED] * 96 + [JobState.FAILED] * 3 + [JobState.NEEDS_ATTENTION]
    return Job(
        kind=("packages.import", "packages.publish", "packages.synchronize")[number // 3 % 3],
        title=f"Job {number}",
        state=states[number // 7 % 100],
        organization=sandbox.organization,
        sandbox=sandbox,
        requested_by=person if number % 50 == 1 else None,
        is_foreign=number % 40 == 3,
        is_quiet=number // 3 % 3 == 2,
        created_at=NOW - timedelta(minutes=number),
    )


@pytest.fixture
def wanted(reader: User, db: None) -> dict[str, Any]:
    """Values that the filters below name."""
    sandbox = Sandbox.objects.filter(organization__memberships__user=reader).earliest("pk")
    return {"sandbox": sandbox.pk, "organization": sandbox.organization_id, "person": reader.pk}


CASES: dict[str, Callable[[dict[str, Any]], JobFilters]] = {
    "nothing": lambda wanted: JobFilters(),
    "one organization": lambda wanted: JobFilters(organization_id=wanted["organization"]),
    "a state": lambda wanted: JobFilters(states=("failed",)),
    "a rare state": lambda wanted: JobFilters(states=("needs_attention",)),
    "a state there is none of": lambda wanted: JobFilters(states=("queued",)),
    "several states": lambda wanted: JobFilters(states=("failed", "needs_attention", "running")),
    "a kind": lambda wanted: JobFilters(kind="packages.publish", with_routine=True),
    "a sandbox": lambda wanted: JobFilters(sandbox_id=wanted["sandbox"]),
    "a person": lambda wanted: JobFilters(requested_by_id=wanted["person"]),
    "elsewhere": lambda wanted: JobFilters(is_foreign=True),
    "here": lambda wanted: JobFilters(is_foreign=False),
    "a time": lambda wanted: JobFilters(created_from=NOW - timedelta(days=3), created_to=NOW - timedelta(days=2)),
    "routine too": lambda wanted: JobFilters(with_routine=True),
    "state and organization": lambda wanted: JobFilters(states=("failed",), organization_id=wanted["organization"]),
    "states and sandbox": lambda wanted: JobFilters(states=("failed", "running"), sandbox_id=wanted["sandbox"]),
    "state and person": lambda wanted: JobFilters(states=("failed",), requested_by_id=wanted["person"]),
    "state and time": lambda wanted: JobFilters(states=("failed",), created_from=NOW - timedelta(days=7)),
    "state and elsewhere": lambda wanted: JobFilters(states=("succeeded",), is_foreign=True),
    "person and organization": lambda wanted: JobFilters(
        requested_by_id=wanted["person"], organization_id=wanted["organization"]
    ),
    "kind and organization": lambda wanted: JobFilters(
        kind="packages.import", with_routine=True, organization_id=wanted["organization"]
    ),
}


def plans(sql: str) -> list[str]:
    """The steps that the database would take, one text each."""
    with connection.cursor() as cursor:
        cursor.execute(f"{'EXPLAIN QUERY PLAN' if connection.vendor == 'sqlite' else 'EXPLAIN'} {sql}")
        return [str(row[-1]) for row in cursor.fetchall()]


def queries(act: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"] for query in captured if "promotions_job" in query["sql"]]


def is_walk(step: str) -> bool:
    """Whether a step reads the whole table, or sorts what it read."""
    if connection.vendor == "sqlite":
        is_scan = step.startswith("SCAN promotions_job") and "USING" not in step
        return is_scan or step == "USE TEMP B-TREE FOR ORDER BY"
    return "Seq Scan on promotions_job" in step


@pytest.mark.parametrize("name", CASES)
def test_a_page_is_read_by_an_index_without_sorting(reader: User, wanted: dict[str, Any], name: str) -> None:
    found = JobList(reader, CASES[name](wanted))
    first = found.page(Job.objects.all())

    asked = queries(lambda: found.page(Job.objects.all(), first.older))

    assert asked
    for sql in asked:
        steps = plans(sql)
        by_key = '"promotions_job"."id" IN' in sql  # the rows of one page, read by their keys, may be sorted
        assert not [step for step in steps if is_walk(step) and not (by_key and "B-TREE" in step)], (sql, steps)
        assert any("job_" in step or "promotions_job_pkey" in step or "PRIMARY KEY" in step for step in steps), steps


@pytest.mark.parametrize("name", ["nothing", "one organization", "a sandbox", "a person", "a time"])
def test_states_are_counted_from_an_index_alone_in_one_query(reader: User, wanted: dict[str, Any], name: str) -> None:
    found = JobList(reader, CASES[name](wanted))
    found.page(Job.objects.only("pk"), size=1)  # knows the organizations from here on

    asked = queries(found.count_states)

    assert len(asked) == 1
    if connection.vendor == "postgresql":  # so few rows, and so many of them wanted, it would rather read at once
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan TO off; SET LOCAL enable_bitmapscan TO off")
    steps = [step for step in plans(asked[0]) if ("promotions_job" in step or "job_" in step) and "Cond" not in step]
    assert len(steps) >= len(JobState)
    if connection.vendor == "sqlite":
        assert all("COVERING INDEX" in step for step in steps), steps
    else:  # of states that hardly a job is in, PostgreSQL reads the few rows
        assert not any("Seq Scan" in step for step in steps), steps
        assert any("Index Only Scan" in step for step in steps), steps


def test_no_filter_costs_more_queries_than_its_parts(reader: User, wanted: dict[str, Any]) -> None:
    numbers = {name: len(queries(JobList(reader, make(wanted)).count_states)) for name, make in CASES.items()}
    pages = {
        name: len(queries(partial(JobList(reader, make(wanted)).page, Job.objects.all())))
        for name, make in CASES.items()
    }

    assert set(numbers.values()) == {1}
    assert max(pages.values()) <= 2 * 3 + 1  # organizations times states, and the rows themselves


def test_the_counts_are_those_of_the_list(reader: User, wanted: dict[str, Any]) -> None:
    counted = {count.state: (count.number, count.is_more) for count in JobList(reader, JobFilters()).count_states()}

    for state in (JobState.FAILED, JobState.NEEDS_ATTENTION, JobState.QUEUED):
        assert counted[state] == JobList(reader, JobFilters(states=(state.value,))).count()
    assert counted[JobState.SUCCEEDED] == (1000, True)
