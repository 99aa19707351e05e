"""What Prometheus is told, and who may ask."""

import os
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from clients.errors import ApiUnavailableError
from clients.transport import Connection
from config import metrics
from operations import figures
from promotions.choices import JobState
from promotions.engine import inline
from promotions.models import Job
from tests.factories_promotions import JobFactory
from tests.unit.clients.support import FAST, raw_server, reset
from tests.unit.promotions.engine_doubles import KIND, Post, letter, post

__all__ = ["post"]

TOKEN = "token-of-prometheus-0123456789"


@pytest.fixture
def scrape(client: Any, settings: Any) -> Any:
    """Every sample by name and labels, as Prometheus reads them."""
    settings.METRICS_TOKEN = TOKEN

    def get() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200, answer.content
        families = text_string_to_metric_families(answer.content.decode())
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        }

    return get


def sample(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return f"towpath_{name}", tuple(sorted(labels.items()))


@pytest.mark.django_db
def test_without_a_token_there_is_no_such_page(client):
    assert client.get("/metrics").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("header", [None, "Bearer wrong", f"Basic {TOKEN}", "Bearer ", f"Bearer {TOKEN[:-1]}"])
def test_whoever_lacks_the_token_is_refused(client, settings, header):
    settings.METRICS_TOKEN = TOKEN

    answer = client.get("/metrics", headers={"Authorization": header} if header else {})

    assert answer.status_code == 401
    assert b"towpath_" not in answer.content


@pytest.mark.django_db
def test_unfinished_jobs_are_counted_by_state_and_kind_and_finished_ones_are_not(scrape):
    JobFactory(kind=KIND, state=JobState.NEEDS_ATTENTION)
    JobFactory.create_batch(2, kind=KIND, state=JobState.RUNNING)
    JobFactory(kind=KIND, state=JobState.SUCCEEDED)

    found = scrape()

    assert found[sample("jobs", state="needs_attention", kind=KIND)] == 1
    assert found[sample("jobs", state="running", kind=KIND)] == 2
    assert sample("jobs", state="succeeded", kind=KIND) not in found


@pytest.mark.django_db
def test_the_queue_age_is_that_of_the_most_overdue_row(scrape):
    JobFactory(due_at=timezone.now() - timedelta(seconds=90))
    JobFactory(due_at=timezone.now() - timedelta(seconds=5))
    JobFactory(due_at=timezone.now() + timedelta(hours=1))

    found = scrape()

    assert 90 <= found[sample("oldest_due_seconds")] < 150
    assert found[sample("jobs_due")] == 2


@pytest.mark.django_db
def test_every_source_that_answers_is_up_and_a_broken_one_takes_nothing_else_along(scrape, settings):
    well = scrape()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    broken = scrape()

    assert {well[sample("source_up", source=name)] for name in figures.SOURCES} == {1}
    assert broken[sample("source_up", source="broker")] == 0
    assert broken[sample("source_up", source="jobs")] == 1
    assert sample("audit_sequence") in broken


@pytest.mark.django_db(transaction=True)
def test_the_end_of_a_job_and_how_late_it_was_looked_at_are_counted(scrape, post: Post):
    before = scrape()
    job = letter(due_at=timezone.now() - timedelta(seconds=31))
    inline.run_due()
    Job.objects.filter(pk=job.pk).update(due_at=timezone.now())
    post.statuses["remote-1"] = "SUCCESS"
    inline.run_due()

    after = scrape()

    def grown(name: str, **labels: str) -> Any:
        return after.get(sample(name, **labels), 0) - before.get(sample(name, **labels), 0)

    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED
    assert grown("jobs_ended_total", kind=KIND, state="succeeded") == 1
    assert grown("poll_lateness_seconds_count", activity="start") == 1
    assert grown("poll_lateness_seconds_bucket", activity="start", le="30.0") == 0
    assert grown("poll_lateness_seconds_bucket", activity="start", le="60.0") == 1


@pytest.mark.django_db
def test_a_scrape_reads_no_finished_jobs_however_many_there_are(scrape):
    organization = JobFactory().organization
    now = timezone.now()
    Job.objects.bulk_create(
        (
            Job(kind=KIND, title="old", organization=organization, state=JobState.SUCCEEDED, due_at=now)
            for _ in range(5000)
        ),
        batch_size=1000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with CaptureQueriesContext(connection) as captured:
        scrape()

    plans = [explained(query["sql"]) for query in captured if 'FROM "promotions_job"' in query["sql"]]
    assert len(plans) == 3
    for plan in plans:
        assert "job_" in plan, plan
        assert "SCAN promotions_job\n" not in f"{plan}\n", plan
        assert "Seq Scan" not in plan, plan


def explained(sql: str) -> str:
    word = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{word} {sql}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


@pytest.mark.django_db
def test_no_label_holds_an_id_or_an_address(scrape):
    JobFactory(kind=KIND, title="Payroll of 2026", state=JobState.RUNNING, remote_id="5f0e8b6c-remote")
    read_in_vain()

    labels = {name for _, pairs in scrape() for name, _ in pairs}

    assert labels <= {
        *("activity", "database", "effect", "host_class", "kind", "le", "mode", "operation", "outcome", "python"),
        *("queue", "role", "source", "state", "version"),
    }


@pytest.mark.django_db
def test_a_read_that_is_tried_again_shows_in_our_own_figures_alone(scrape):
    labels = {"host_class": "platform", "operation": "packages.list", "effect": "read", "outcome": "broken"}
    before = scrape()

    read_in_vain()

    after = scrape()
    calls = sample("remote_calls_total", **labels)
    assert after[calls] - before.get(calls, 0) == FAST.attempts
    assert [name for name, _ in after if not name.startswith("towpath_")] == []


def test_the_log_of_a_retry_holds_neither_query_nor_secret(caplog):
    read_in_vain(params=[("property", "name==of-a-person")], headers={"x-api-key": "key-of-retry"})

    retries = [record for record in caplog.records if record.name == "stamina"]
    assert len(retries) == FAST.attempts - 1
    for record in retries:
        assert "of-a-person" not in str(vars(record))
        assert "key-of-retry" not in str(vars(record))


def read_in_vain(**more: Any) -> None:
    """Ask a server that cuts every line, as often as a read is tried."""
    with raw_server(reset) as server, Connection(base_url=server.url, policy=FAST) as connection:
        with pytest.raises(ApiUnavailableError):
            connection.call("packages.list", "GET", "/packages", parse=lambda answer: answer.text, **more)
        assert len(server.requests) == FAST.attempts


@pytest.mark.parametrize("role", ["web", "beat"])
def test_what_a_process_says_of_itself_is_read_from_its_place_whenever_it_says_it(role):
    metrics.ticked("beat")

    metrics.start(role)

    assert [process.role for process in metrics.running_processes() if process.pid == os.getpid()] == [role]
