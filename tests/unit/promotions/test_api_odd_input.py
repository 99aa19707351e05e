"""Odd input to every operation of the OpenAPI document: an answer or a refusal, never a failure of ours."""

import base64
import json
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from django.test import Client

from accounts import registries
from accounts.choices import Role
from config.throttling import LenientThrottle
from tests.factories import (
    CredentialFactory,
    InvitationFactory,
    MembershipFactory,
    NoticeDeliveryFactory,
    NoticeFactory,
    SandboxFactory,
    UserFactory,
    api_headers,
)
from tests.factories_promotions import (
    ApprovalFactory,
    JobFactory,
    PackageFactory,
    PlanFactory,
    PlanItemFactory,
    PromotionGroupFactory,
    SavedViewFactory,
)
from tests.factories_sharing import PartnershipFactory, SharingRequestFactory, TransferFactory
from tests.unit.promotions.openapi import body_of, operations, read_schema, resolve

pytestmark = pytest.mark.django_db

SCHEMA = read_schema()
OPERATIONS = list(operations(SCHEMA))
NAMES = [f"{method} {path}" for path, method, _ in OPERATIONS]

TEXTS = [
    "",
    " ",
    "\0",
    "a\0b",
    "x" * 100_000,
    "💣" * 500,
    "\ud800",
    "\u202e",
    "a\nb\r\nc: d",
    "' OR 1=1 --",
    "{{ 7*7 }}",
    "%00",
    "*",
    '"',
    "NEAR(",
    "true",
    "-1",
    "0",
    "1e309",
    "NaN",
    "9" * 30,
    "9" * 5000,
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2025-02-30",
    "2025-13-01T25:61:61Z",
]
VALUES: list[Any] = [
    *TEXTS,
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    10**400,
    1.5,
    1e300,
    [],
    [None],
    [[]],
    {},
    {"a": {"b": []}},
    [1, "x", {}],
    ["x"] * 6000,
]


def cursors() -> Iterator[str]:
    """Cursors that look like ours, and some that do not."""
    moment = "2025-01-01T00:00:00+00:00"
    keys: list[Any] = [
        ["<", moment, 1],
        [">", moment, -1],
        [">", "0001-01-01T00:00:00+23:59", 1],
        [">", "9999-12-31T23:59:59-23:59", 1],
        [">", "2025-01-01", 1],
        [">", moment, 2**63],
        [">", moment, 1.5],
        [">", moment, True],
        [">", 5, 5],
        [">", 2**70, 5],
        [">", None, 5],
        [">", "\ud800", 5],
        [">", "\0", 5],
        ["=", moment, 5],
        [">"],
        {},
        None,
    ]
    for key in keys:
        yield base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")
    yield base64.urlsafe_b64encode(b"[" * 3000).decode()
    yield "!"
    yield "é"


def bodies(body: dict[str, Any]) -> Iterator[Any]:
    """Each odd value in each field while the others are right, then unknown fields, then other shapes."""
    good = {name: _good(resolve(SCHEMA, field)) for name, field in body.get("properties", {}).items()}
    for name, field in body.get("properties", {}).items():
        for value in VALUES:
            yield {**good, name: value}
        inner = resolve(SCHEMA, resolve(SCHEMA, field).get("items", {}))
        for part in inner.get("properties", {}):
            for value in VALUES:
                yield {**good, name: [{**_good(inner), part: value}]}
    yield {**good, "unknown": 1, "\0": 1, "\ud800": 1, "": 1, "x" * 10_000: 1}
    yield from VALUES


def _good(node: dict[str, Any]) -> Any:
    if "enum" in node:
        return node["enum"][0]
    if "properties" in node:
        return {name: _good(resolve(SCHEMA, field)) for name, field in node["properties"].items()}
    if node.get("type") == "array":
        return [_good(resolve(SCHEMA, node["items"]))]
    return {"integer": 1, "boolean": True, "number": 1}.get(str(node.get("type")), "text")


@pytest.fixture
def send(organization, monkeypatch):
    """Sends a request as an administrator of the installation, and checks what every answer must keep."""
    monkeypatch.setattr(registries, "_credential_test", lambda credential, actor: "/jobs/1/")
    monkeypatch.setattr(registries, "_sandbox_sync", lambda organization, actor: "/jobs/1/")
    administrator = UserFactory(administrator=True)
    member = MembershipFactory(organization=organization, role=Role.VIEWER)
    plan = PlanFactory(promotion__package=PackageFactory(organization=organization))
    PlanItemFactory(plan=plan)
    pks = {
        "organizations": organization.pk,
        "credentials": CredentialFactory(organization=organization).pk,
        "sandboxes": SandboxFactory(organization=organization).pk,
        "people": administrator.pk,
        "members": member.pk,
        "invitations": InvitationFactory(organization=organization, role=Role.VIEWER).pk,
        "mail": NoticeDeliveryFactory().pk,
        "notices": NoticeFactory(person=administrator).pk,
        "job-views": SavedViewFactory(person=administrator).pk,
        "approvals": ApprovalFactory(plan__promotion__package__organization=organization).pk,
        "promotion-groups": PromotionGroupFactory(package__organization=organization).pk,
        "packages": PackageFactory(organization=organization, draft=True).pk,
        "promotions": plan.promotion_id,
        "plans": plan.pk,
        "jobs": JobFactory(organization=organization, unknown_outcome=True).pk,
        "sharing-requests": SharingRequestFactory(package__organization=organization).pk,
        "partnerships": PartnershipFactory(organization=organization).pk,
        "transfers": TransferFactory(package__organization=organization, failed=True).pk,
    }
    headers = api_headers(administrator)
    client = Client(raise_request_exception=False)

    def sent(path: str, method: str, data: bytes = b"", content_type: str = "application/json", **extra: Any) -> Any:
        full = path.replace("{id}", str(pks.get(path.split("/")[3], 1)))
        with transaction.atomic():
            response: Any = client.generic(
                method.upper(), full, data, content_type=content_type, **{**headers, **extra}
            )
            content = b"".join(response.streaming_content) if response.streaming else response.content
            transaction.set_rollback(True)
        shown = f"{method} {full[:200]} {extra} {data[:200]!r} -> {response.status_code} {content[:500]!r}"
        assert response.status_code < 500, shown
        if response.status_code >= 400:
            assert response["Content-Type"] == "application/problem+json", shown
            problem = json.loads(content)
            assert problem["status"] == response.status_code, shown
            assert problem["detail"], shown
        return response

    return sent


@pytest.fixture(autouse=True)
def _unlimited(monkeypatch):
    """Thousands of calls in a minute are the point here."""
    monkeypatch.setattr(LenientThrottle, "allow_request", lambda *_: True)


WITH_BODY = [(path, method, operation) for path, method, operation in OPERATIONS if body_of(SCHEMA, operation)]
WITHOUT_BODY = [found for found in OPERATIONS if found not in WITH_BODY]


@pytest.mark.only_on("postgresql")  # which takes fewer texts and numbers; the fuzz sends bodies to SQLite
@pytest.mark.parametrize(
    ("path", "method", "operation"), WITH_BODY, ids=[f"{method} {path}" for path, method, _ in WITH_BODY]
)
def test_odd_bodies_are_refused_or_understood(send, path, method, operation) -> None:
    body = body_of(SCHEMA, operation)
    assert body is not None
    statuses = {send(path, method, json.dumps(sent).encode()).status_code for sent in bodies(body)}

    assert statuses <= {int(status) for status in operation["responses"]}


@pytest.mark.only_on("sqlite")  # where the document names no JSON, none gets as far as the database
@pytest.mark.parametrize(
    ("path", "method", "operation"), WITHOUT_BODY, ids=[f"{method} {path}" for path, method, _ in WITHOUT_BODY]
)
def test_odd_bodies_that_nothing_reads_do_no_harm(send, path, method, operation) -> None:
    shapes: list[Any] = [VALUES, {"unknown": 1, "\0": 1, "\ud800": 1, "": 1}, None, True, 10**400, "\ud800", [], "x"]
    statuses = {send(path, method, json.dumps(sent).encode()).status_code for sent in shapes}

    assert statuses <= {int(status) for status in operation["responses"]}


@pytest.mark.only_on("sqlite")  # they get no further than the parser
@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=NAMES)
def test_bodies_that_are_no_json_are_refused(send, path, method, operation) -> None:
    broken = [b"{", b"nul", b"\xff\xfe", b"\0", b'{"a": NaN}', b"{'a': 1}", b"[" * 100_000, b'{"a":' * 5000]
    types = [
        "application/json; charset=zlib",
        "application/json; charset=nonsense",
        "application/json; charset=utf-16",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "text/plain",
        "application/octet-stream",
        "/",
        "",
    ]

    statuses = {send(path, method, body).status_code for body in broken}
    statuses |= {send(path, method, b'{"a": 1}', content_type=given).status_code for given in types}

    if "requestBody" in operation:
        assert statuses <= {400, 403, 404, 415}  # of files, nothing is read that the caller may not send


def test_body_beyond_the_limit_is_refused_as_too_large(send) -> None:
    response = send("/api/v1/promotions/", "POST", b'{"job_name": "' + b"x" * 3_000_000 + b'"}')

    assert response.status_code == 413


def parameters_of(operation: dict[str, Any]) -> list[str]:
    return [found["name"] for found in operation.get("parameters", []) if found["in"] == "query"]


ASKING = [(path, method, operation) for path, method, operation in OPERATIONS if parameters_of(operation)]
NOT_ASKING = [(path, method) for path, method, operation in OPERATIONS if not parameters_of(operation)]
ODD_QUERIES = ["&".join(f"a{number}=1" for number in range(2000)), "%&=&&;%ff=%ff"]


@pytest.mark.parametrize(
    ("path", "method", "operation"), ASKING, ids=[f"{method} {path}" for path, method, _ in ASKING]
)
def test_odd_queries_are_refused_or_understood(send, path, method, operation) -> None:
    client_query = [(name, text) for name in [*parameters_of(operation), "unknown", "format"] for text in TEXTS]
    client_query += [("cursor", text) for text in cursors()]

    for name, text in client_query:
        send(path, method, QUERY_STRING=_query(name, text))
    for query in ODD_QUERIES:
        send(path, method, QUERY_STRING=query)


@pytest.mark.only_on("sqlite")  # where the document names no parameter, none gets as far as the database
@pytest.mark.parametrize(("path", "method"), NOT_ASKING, ids=[f"{method} {path}" for path, method in NOT_ASKING])
def test_odd_queries_that_nothing_reads_do_no_harm(send, path, method) -> None:
    unread = ["&".join(_query(name, text) for name in ("unknown", "cursor", "limit", "search")) for text in TEXTS]

    for query in [*unread, _query("format", "x"), *ODD_QUERIES]:
        send(path, method, QUERY_STRING=query)


def _query(name: str, text: str) -> str:
    return f"{quote(name)}={quote(text.encode('utf-8', 'surrogatepass'))}"


OF_ONE_THING = [(path, method) for path, method, _ in OPERATIONS if "{id}" in path]


@pytest.mark.parametrize(("path", "method"), OF_ONE_THING, ids=[f"{method} {path}" for path, method in OF_ONE_THING])
def test_odd_ids_are_not_there(send, path, method) -> None:
    for pk in ("0", "-1", str(2**63 - 1), str(2**63), "9" * 40, "9" * 5000, "x", "%00", "1.0", "１", " 1"):
        response = send(path.replace("{id}", pk), method, b"{}")
        assert response.status_code == 404


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer \xff", "Basic x", "", "bearer " + "x" * 9000])
def test_odd_tokens_are_refused(send, header) -> None:
    assert send("/api/v1/packages/", "GET", HTTP_AUTHORIZATION=header).status_code == 401


def test_odd_accept_headers_are_answered(send) -> None:
    for accept in ("text/html", "*/*", "", "x", "application/json; indent=x", "application/json;indent=99999999999"):
        assert send("/api/v1/packages/", "GET", HTTP_ACCEPT=accept).status_code in (200, 406)


def test_random_noise_on_every_operation(send) -> None:
    noise = random.Random(20250301)
    for path, method, _ in OPERATIONS:
        for _ in range(5):
            send(path, method, bytes(noise.randrange(256) for _ in range(noise.randrange(1, 200))))
