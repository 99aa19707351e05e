"""Whatever goes wrong, the answer of the REST API is a problem document."""

from typing import Any

import pytest
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError

from promotions.job_lists import JobList
from tests.factories import api_headers
from tests.unit.promotions.openapi import operations, read_schema

pytestmark = pytest.mark.django_db

CASES: dict[int, tuple[str, str, dict[str, Any]]] = {
    400: ("GET", "packages/", {"QUERY_STRING": "limit=0"}),
    401: ("GET", "packages/", {"HTTP_AUTHORIZATION": "Bearer wrong"}),
    403: ("GET", "mail/", {}),
    404: ("GET", "packages/4711/", {}),
    405: ("PUT", "packages/", {}),
    406: ("GET", "packages/", {"HTTP_ACCEPT": "text/html"}),
    413: ("POST", "promotions/", {"data": b'{"job_name": "' + b"x" * 3_000_000 + b'"}'}),
    415: ("POST", "promotions/", {"data": b"a=b", "content_type": "application/x-www-form-urlencoded"}),
}


def ask(user: Any, method: str, path: str, extra: dict[str, Any]) -> Any:
    given = {"content_type": "application/json", **api_headers(user), **extra}
    return Client(raise_request_exception=False).generic(method, f"/api/v1/{path}", **given)


def require_problem(response: Any, status: int) -> None:
    problem = response.json()
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["detail"]
    assert problem["request_id"] == response["X-Request-ID"]


@pytest.mark.parametrize("status", CASES)
def test_refusal_is_a_problem(teammate, status) -> None:
    response = ask(teammate, *CASES[status])

    require_problem(response, status)


@pytest.mark.parametrize(
    ("bug", "status"), [(ZeroDivisionError("ours"), 500), (RedisConnectionError("gone"), 503)], ids=["bug", "cache"]
)
def test_failure_of_ours_is_a_problem_that_tells_nothing(teammate, monkeypatch, bug, status) -> None:
    def fail(*_: object, **__: object) -> None:
        raise bug

    monkeypatch.setattr(JobList, "page", fail)

    response = ask(teammate, "GET", "jobs/", {})

    require_problem(response, status)
    assert str(bug) not in response.content.decode()


def test_wrong_host_is_a_problem_too(teammate) -> None:
    response = ask(teammate, "GET", "jobs/", {"HTTP_HOST": "elsewhere.example.com"})

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def test_page_keeps_its_own_error_page(teammate, signed_in, monkeypatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    browser = signed_in(teammate)
    browser.raise_request_exception = False
    monkeypatch.setattr(JobList, "page", fail)

    response = browser.get("/jobs/")

    assert response.status_code == 500
    assert response["Content-Type"].startswith("text/html")


def test_every_refusal_in_the_document_is_a_problem() -> None:
    for path, method, operation in operations(read_schema()):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert set(response["content"]) == {"application/problem+json"}, (path, method, status)
        assert {"401", "403", "406", "429", "500", "503"} <= operation["responses"].keys(), (path, method)
