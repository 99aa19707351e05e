"""Probes of whatever runs the processes."""

import pytest


def test_a_living_process_says_so_without_asking_database_or_broker(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok")


@pytest.mark.django_db
def test_a_process_with_database_and_broker_is_ready(client):
    response = client.get("/readyz")

    assert (response.status_code, response.json()) == (200, {"database": True, "broker": True})


@pytest.mark.django_db
def test_a_process_without_its_broker_is_not_ready_and_names_it(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    response = client.get("/readyz")

    assert (response.status_code, response.json()) == (503, {"database": True, "broker": False})


@pytest.mark.django_db
def test_probes_are_not_kept_in_caches(client):
    assert "no-store" in client.get("/readyz")["Cache-Control"]
