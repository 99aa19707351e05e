"""How often the REST API may be called."""

import pytest
from django.core.cache.backends.redis import RedisCache
from rest_framework.throttling import SimpleRateThrottle

from config.throttling import LenientThrottle
from tests.processes import free_port

pytestmark = pytest.mark.django_db


def test_too_many_calls_are_refused_as_a_problem_that_says_when_to_come_back(operator_api, monkeypatch) -> None:
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", {"user": "2/min"})

    answers = [operator_api.get("packages/") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2]["Content-Type"] == "application/problem+json"
    assert 0 < int(answers[2]["Retry-After"]) <= 60


def test_calls_of_one_person_do_not_count_for_another(operator_api, viewer_api, monkeypatch) -> None:
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", {"user": "1/min"})
    operator_api.get("packages/")

    assert viewer_api.get("packages/").status_code == 200


def test_calls_pass_while_the_cache_is_not_reachable(operator_api, monkeypatch, caplog) -> None:
    monkeypatch.setattr(LenientThrottle, "cache", RedisCache(f"redis://127.0.0.1:{free_port()}/0", {}))

    response = operator_api.get("packages/")

    assert response.status_code == 200
    assert "calls are not counted" in caplog.text
