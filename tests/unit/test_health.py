"""Probes of whatever runs the processes."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from config import heartbeat
from tests.conftest import lift_audit_protection

EVERYTHING = {"database", "migrations", "broker", "cache", "record", "beat", "disk"}


@pytest.fixture
def ticking() -> None:
    heartbeat.note_tick(heartbeat.BEAT)


def failing(answer: Any) -> dict[str, str]:
    """What an answer says of the checks that failed; the others must be well."""
    body = answer.json()
    assert body["checks"].keys() == EVERYTHING
    failed = {name: check["says"] for name, check in body["checks"].items() if not check["ok"]}
    assert answer.status_code == (503 if failed else 200)
    assert body["status"] == ("not ready" if failed else "ready")
    return failed


def test_a_living_process_says_so_without_asking_database_or_broker(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok")


@pytest.mark.django_db
def test_a_process_with_everything_it_needs_is_ready(client, ticking):
    response = client.get("/readyz")

    assert failing(response) == {}
    assert response.json()["checks"]["beat"]["says"] == "The last tick was 0 seconds ago."


@pytest.mark.django_db
def test_a_process_without_its_broker_is_not_ready_and_names_it_without_its_address(client, settings, ticking):
    settings.REDIS_URL = "redis://:s3cret-of-broker@127.0.0.1:1/0"

    response = client.get("/readyz")

    assert failing(response) == {
        "broker": "The broker does not answer. Is Valkey running, and is REDIS_URL right?",
    }
    assert b"s3cret-of-broker" not in response.content
    assert b"127.0.0.1" not in response.content


@pytest.mark.django_db
def test_a_database_that_is_older_than_the_program_is_not_ready(client, ticking):
    MigrationRecorder(connection).record_unapplied("accounts", "0002_audit_immutability")

    response = client.get("/readyz")

    assert failing(response) == {
        "migrations": "The database is older than this version: migrations that wait: 1, the first is "
        "accounts.0002_audit_immutability. Run manage.py upgrade."
    }


@pytest.mark.django_db
def test_a_record_that_the_database_no_longer_protects_is_not_ready(client, ticking):
    lift_audit_protection()  # the transaction of this test takes it back

    response = client.get("/readyz")

    assert list(failing(response)) == ["record"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arrange", "words"),
    [
        (lambda: None, "No tick was seen yet."),
        (lambda: cache.set(heartbeat.KEY, time.time() - 90), "The last tick was 90 seconds ago."),
        (lambda: heartbeat.note_tick("commit"), "No tick was seen yet."),
    ],
    ids=["never", "long ago", "only what people set off"],
)
def test_an_installation_whose_beat_stands_still_is_not_ready(client, arrange: Callable[[], object], words: str):
    arrange()

    response = client.get("/readyz")

    assert failing(response) == {"beat": f"{words} Do beat and the worker of the queue tick run?"}


@pytest.mark.django_db
def test_a_full_disk_is_not_ready(client, settings, ticking):
    settings.READY_FREE_MB = 1_000_000_000

    response = client.get("/readyz")

    (says,) = failing(response).values()
    assert says.endswith("MiB left, less than READY_FREE_MB (1000000000). Make room.")


@pytest.mark.django_db
def test_probes_are_not_kept_in_caches(client):
    assert "no-store" in client.get("/readyz")["Cache-Control"]
