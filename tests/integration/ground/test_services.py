import psycopg
import pytest
import redis
from django.conf import settings
from django.core.cache import cache

from tests import services


def test_the_cache_of_the_settings_is_a_real_server():
    cache.set("lock", "taken")

    assert cache.get("lock") == "taken"
    assert "redis" in settings.CACHES["default"]["BACKEND"]


def test_valkey_remembers_across_a_kill(valkey_server):
    client = redis.Redis.from_url(valkey_server.url)
    client.set("message", "queued")
    client.waitaof(1, 0, 2000)

    valkey_server.kill()
    valkey_server.start()

    assert client.get("message") == b"queued"
    client.close()


@pytest.mark.postgres
def test_the_private_cluster_is_a_real_postgresql(postgres):
    with psycopg.connect(postgres) as connection:
        version = connection.execute("show server_version_num").fetchone()

    assert version is not None
    assert int(version[0]) >= 140000


def test_a_missing_program_skips_with_the_reason_and_fails_in_ci(monkeypatch):
    monkeypatch.setenv("TOWPATH_CI", "0")
    with pytest.raises(pytest.skip.Exception, match=r"PostgreSQL is not on this machine\. Install it\."):
        services.miss("PostgreSQL", "Install it.")

    monkeypatch.setenv("TOWPATH_CI", "1")
    with pytest.raises(pytest.fail.Exception, match=r"PostgreSQL is not on this machine\. Install it\."):
        services.miss("PostgreSQL", "Install it.")
