"""The OpenAPI document is complete, and its page needs nothing but this host."""

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator

from tests.unit.promotions.openapi import body_of, operations, read_schema
from tests.unit.test_access_table import routes


def test_document_is_valid_and_has_no_warnings(capsys) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")

    assert "Warning" not in capsys.readouterr().err


def test_every_route_of_the_api_is_in_the_document() -> None:
    found = {path for path, _, _ in operations(read_schema())}
    all_routes = routes(get_resolver().url_patterns)
    paths = {path.replace("<int:pk>", "{id}").replace("<str:uuid>", "{uuid}") for _, path in all_routes}
    served = {f"/{path}" for path in paths if path.startswith("api/v1/")} - {"/api/v1/schema/", "/api/v1/docs/"}

    assert found == served


def test_every_operation_has_a_summary_an_answer_and_its_refusals() -> None:
    for path, method, operation in operations(read_schema()):
        assert operation["summary"], (path, method)
        assert operation["tags"], (path, method)
        assert any(status.startswith("2") for status in operation["responses"]), (path, method)
        assert "application/problem+json" in operation["responses"]["401"]["content"]
        if "{id}" in path:
            assert "404" in operation["responses"]


def test_every_post_can_be_repeated_under_a_key() -> None:
    for path, method, operation in operations(read_schema()):
        headers = [found["name"] for found in operation.get("parameters", []) if found["in"] == "header"]
        assert headers == (["Idempotency-Key"] if method == "post" else []), (path, method)


def test_every_body_has_an_example_that_the_document_itself_allows() -> None:
    schema = read_schema()
    for path, method, operation in operations(schema):
        body = body_of(schema, operation)
        if body is None:
            continue
        shown = [one["value"] for one in operation["requestBody"]["content"]["application/json"]["examples"].values()]
        assert shown, (path, method)
        for value in shown:
            assert value.keys() <= body["properties"].keys(), (path, method)
            assert set(body.get("required", [])) <= value.keys(), (path, method)


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for _, _, operation in operations(read_schema())]

    assert sorted(names) == sorted(set(names))


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["", "?version=a%0Ab", "?version=%00", "?lang=xx", "?format=x", "?lang=%00"])
def test_document_is_served_to_anybody_whatever_the_query(administrator, query) -> None:
    response = Client(raise_request_exception=False).get(
        f"/api/v1/schema/{query}", HTTP_ACCEPT="application/vnd.oai.openapi+json"
    )

    served: dict[str, Any] = json.loads(response.content)
    assert response.status_code == 200
    assert served["paths"].keys() == SchemaGenerator().get_schema(request=None, public=True)["paths"].keys()


@pytest.mark.django_db
def test_page_of_the_document_holds_no_inline_script_or_style(administrator) -> None:
    response = Client().get("/api/v1/docs/")
    text = response.content.decode()

    assert response.status_code == 200
    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe-inline" not in response["Content-Security-Policy"]
    assert "<style" not in text
    assert "style=" not in text
    assert "https://" not in text
    assert text.count("<script") == text.count("<script src=")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/nothing/", "/api/v1/packages", "/api/v2/", "/api/", "/api/v1/jobs/x/"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_address_that_leads_nowhere_is_a_problem_too(administrator, path, method) -> None:
    response: Any = Client().generic(method, path)

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
