"""What holds for every page and every call: who may cause a change, what is cached, where redirects lead."""

import base64
from collections.abc import Container, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.choices import JobState
from tests.addresses import addresses
from tests.factories import (
    PASSWORD,
    ApiTokenFactory,
    CredentialFactory,
    InvitationFactory,
    MembershipFactory,
    OrganizationFactory,
    SandboxFactory,
    UserFactory,
    api_headers,
)
from tests.factories_promotions import JobFactory, PackageFactory, PlanFactory, PlanItemFactory

pytestmark = pytest.mark.django_db

# What looking at a page may leave behind: that somebody looked.
TRACES = {
    ("accounts_user", "last_login"),
    ("accounts_apitoken", "last_used_at"),
    ("promotions_job", "watched_until"),
}
# Taking a list away is an act: it is recorded, and takes a place.
EXPORTS = [f"{face}/{what}/export/" for face in ("", "/api/v1") for what in ("jobs", "audit")]
EVIL = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "/\t/evil.example/",
    "https:evil.example",
    "https://testserver@evil.example/",
    "https://testserver.evil.example/",
    "javascript:alert(1)",
    "\x00//evil.example/",
]
ODD = [
    "\x00",
    "a\x00b",
    "9" * 30,
    "-1",
    "x" * 10_000,
    "<script>alert(1)</script>",
    "0001-01-01",
    "9999-12-31",
    "10000-01-01",
    "\u0663",
    "1e9",
    "NaN",
    "[]",
    "%00",
    "WyI8IiwgIng",
]
LISTS = {
    "/packages/": "q status organization sandbox type visibility expiry since until order cursor",
    "/jobs/": "state kind organization sandbox origin person since until routine package promotion cursor",
    "/promotions/": "cursor",
    "/audit/": "group organization person since until before after",
    "/settings/people/": "page",
    "/settings/people/invite/": "organization",
    "/home/live/": "seen",
    "/api/v1/organizations/": "cursor limit",
    "/api/v1/sandboxes/": "cursor limit organization",
    "/api/v1/people/": "cursor limit",
    "/api/v1/audit/": "cursor limit organization person group",
}


@pytest.fixture
def world(organization: Organization) -> Organization:
    """One of everything."""
    SandboxFactory(organization=organization)
    CredentialFactory(organization=organization)
    InvitationFactory(organization=organization, role=Role.VIEWER)
    MembershipFactory(organization=organization)
    ApiTokenFactory()
    PackageFactory(organization=organization)
    PackageFactory(organization=organization, draft=True)
    PlanItemFactory(plan__promotion__package__organization=organization)
    PlanFactory(promotion__package__organization=organization)
    JobFactory(organization=organization, state=JobState.RUNNING, remote_id="r-1")
    JobFactory(organization=organization, unknown_outcome=True)
    return organization


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, but sessions and traces."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table == "django_session":
                continue
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  names from the database
            names = [column[0] for column in cursor.description or ()]
            kept = [number for number, name in enumerate(names) if (table, name) not in TRACES]
            found[table] = sorted(tuple(repr(row[number]) for number in kept) for row in cursor.fetchall())
    return found


def looked_at(client: Client, person: User, *, but: Container[str] = ()) -> Iterator[tuple[str, Any]]:
    """Every address as this person sees it; the API with a token, which leaves its own row behind at once."""
    headers = api_headers(person)
    yield "", None
    for address in addresses():
        if address not in but:
            yield address, client.get(address, **(headers if address.startswith("/api/") else {}))


def test_looking_changes_nothing(world: Organization, administrator: User, signed_in: Any) -> None:
    looking = looked_at(signed_in(administrator), administrator, but=EXPORTS)
    next(looking)
    before = everything()

    seen = {address: answer.status_code for address, answer in looking}

    assert len(seen) > 50
    assert {address for address, status in seen.items() if status >= 500} == {reverse("readyz")}  # no beat ticks here
    assert everything() == before


def test_every_answer_is_kept_out_of_caches_frames_and_sniffing(
    world: Organization, administrator: User, signed_in: Any
) -> None:
    looking = looked_at(signed_in(administrator), administrator, but=[reverse("account_logout")])
    next(looking)

    for address, answer in looking:
        assert "no-store" in answer["Cache-Control"], address
        assert "private" in answer["Cache-Control"], address
        assert answer["X-Frame-Options"] == "DENY", address
        assert answer["X-Content-Type-Options"] == "nosniff", address
        assert answer["Referrer-Policy"] == "same-origin", address
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy, address
        assert "script-src 'self';" in f"{policy};", address
        assert "frame-ancestors 'none'" in policy, address
        assert "unsafe" not in policy, address


def test_no_page_takes_a_post_without_the_csrf_token(world: Organization, administrator: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(administrator)
    before = everything()

    answers = {address: client.post(address).status_code for address in addresses()}

    pages = {address: status for address, status in answers.items() if not address.startswith("/api/")}
    assert {address: status for address, status in pages.items() if status not in (403, 405)} == {}
    assert sum(status == 403 for status in pages.values()) > 30
    assert everything() == before


def test_the_api_takes_no_session_for_a_token(world: Organization, administrator: User, signed_in: Any) -> None:
    client = signed_in(administrator)

    answers = {address: client.post(address).status_code for address in addresses() if "/api/v1/" in address}

    documents = (reverse("api-schema"), reverse("api-docs"))
    assert {status for address, status in answers.items() if address not in documents} == {401}


@pytest.mark.parametrize("target", EVIL)
def test_signing_in_or_out_leads_to_no_other_host(target: str) -> None:
    user = UserFactory()
    client = Client()

    locations = [
        client.post("/accounts/login/", {"login": user.email, "password": PASSWORD, "next": target})["Location"],
        client.get("/accounts/login/", {"next": target})["Location"],
        client.post("/accounts/logout/", {"next": target})["Location"],
    ]

    assert locations == ["/", "/", "/accounts/login/"]


def test_signing_in_leads_back_to_where_the_person_was_going_without_new_headers() -> None:
    user = UserFactory()

    answer = Client().post(
        "/accounts/login/", {"login": user.email, "password": PASSWORD, "next": "/jobs/?kind=a\r\nX-Evil: 1"}
    )

    assert answer["Location"].startswith("/jobs/?kind=a")
    assert "X-Evil" not in answer.headers
    assert "\n" not in answer["Location"]


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "testserver:80@evil.example"])
def test_another_host_name_is_refused_and_never_shown_as_ours(client: Client, owner: User, host: str) -> None:
    client.force_login(owner)

    answer = client.get("/", HTTP_HOST=host)

    assert answer.status_code == 400
    assert b"evil.example" not in answer.content


@pytest.mark.parametrize(("path", "names"), LISTS.items())
def test_odd_filters_are_refused_or_understood(world: Organization, administrator: User, path: str, names: str) -> None:
    User.objects.filter(pk=administrator.pk).update(time_zone="Pacific/Kiritimati")
    client = Client(raise_request_exception=False)
    client.force_login(administrator)
    headers = api_headers(administrator) if path.startswith("/api/") else {}

    broken = [
        (name, value[:20])
        for name in names.split()
        for value in ODD
        if client.get(path, {name: value}, **headers).status_code >= 500
    ]

    assert broken == []


@pytest.mark.parametrize("key", ["abc", "", "\x00", "1.5", "NaN", "-1", "9" * 40, "9223372036854775808"])
@pytest.mark.parametrize("path", [path for path in LISTS if path.startswith("/api/")])
def test_a_made_up_cursor_of_the_api_is_refused(world: Organization, administrator: User, path: str, key: str) -> None:
    OrganizationFactory()
    client = Client(raise_request_exception=False)
    cursor = base64.b64encode(f"r=1&p={key}".encode()).decode()

    answer = client.get(path, {"cursor": cursor}, **api_headers(administrator))

    assert answer.status_code == 400
