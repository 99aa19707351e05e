"""One table of URL, role and method covers every route; a route without a row fails."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts import registries
from accounts.choices import Role
from accounts.models import Organization, User
from accounts.services import audit
from tests.factories import (
    ApiTokenFactory,
    CredentialFactory,
    InvitationFactory,
    MembershipFactory,
    NoticeDeliveryFactory,
    NoticeFactory,
    OrganizationFactory,
    SandboxFactory,
    StoredValueFactory,
    UserFactory,
    api_headers,
)
from tests.factories_apis import environment_beside
from tests.unit import access_rows, access_rows_promotions
from tests.unit.access_rows import PEOPLE, Row

ROWS = [*access_rows.ROWS, *access_rows_promotions.ROWS]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROLES = {
    "viewer": Role.VIEWER,
    "operator": Role.OPERATOR,
    "approver": Role.APPROVER,
    "admin": Role.ADMIN,
}
# Tested below: what is closed to everybody, and the links that only a mail holds.
UNTABLED = {"closed", "api-no-such-resource", "account_confirm_email", "account_reset_password_from_key"}


@dataclass
class World:
    """An organization with one person in each role, and one of each thing that belongs to it."""

    organization: Organization
    people: dict[str, User]
    things: dict[str, Any]

    def pk_of(self, name: str) -> Any:
        """Things of promotions are made when a row names them: unfinished ones would keep others from being deleted."""
        if name not in self.things:
            self.things[name] = access_rows_promotions.THINGS[name](self.organization).pk
        return self.things[name]


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(registries, "_credential_test", lambda credential, actor: "/jobs/1/")
    monkeypatch.setattr(registries, "_sandbox_sync", lambda organization, actor: "/jobs/1/")
    organization = OrganizationFactory()
    people: dict[str, User] = {"administrator": UserFactory(administrator=True)}
    for name, role in ROLES.items():
        people[name] = UserFactory()
        MembershipFactory(user=people[name], organization=organization, role=role)
    people["stranger"] = MembershipFactory(role=Role.ADMIN).user
    membership = MembershipFactory(organization=organization)
    InvitationFactory(token="the-link")
    things: dict[str, Any] = {
        "organization": organization.pk,
        "membership": membership.pk,
        "member": membership.user.pk,
        "credential": CredentialFactory(organization=organization).pk,
        "value": StoredValueFactory(organization=organization).pk,
        "sandbox": SandboxFactory(organization=organization).pk,
        "invitation": InvitationFactory(organization=organization, role=Role.VIEWER).pk,
        "invitation_link": "the-link",
        "token_of_admin": ApiTokenFactory(user=people["admin"]).pk,
        "audit_line": audit.record(audit.Verb.ORGANIZATION_CHANGED, actor=None, subject=organization).sequence,
        "notice_of_admin": NoticeFactory(person=people["admin"]).pk,
        "delivery": NoticeDeliveryFactory(notice__person=people["admin"]).pk,
    }
    environment_beside(organization)
    return World(organization, people, things)


def ask(world: World, row: Row, method: str, person: str) -> HttpResponse:
    url = reverse(row.route, args=[world.pk_of(name) for name in row.things])
    user = world.people.get(person)
    client = Client(raise_request_exception=False)
    extra: dict[str, Any] = {}
    if url.startswith("/api/"):
        extra = {"content_type": "application/json", **(api_headers(user) if user else {})}
    elif user:
        client.force_login(user)
    body = "{}" if url.startswith("/api/") and method not in ("GET", "HEAD") else ""
    return cast(HttpResponse, client.generic(method, url, body, **extra))


def shown(response: HttpResponse) -> str:
    is_sign_in = response.status_code == 302 and response["Location"].startswith("/accounts/login/")
    return "in" if is_sign_in else str(response.status_code)


CASES = [(row, method) for row in ROWS for method in row.methods]


@pytest.mark.parametrize(("row", "method"), CASES, ids=[f"{method} {row.route}" for row, method in CASES])
def test_everybody_gets_the_answer_of_the_table(world: World, row: Row, method: str) -> None:
    expected = dict(zip(PEOPLE, row.methods[method], strict=True))
    if connection.vendor != "sqlite":
        # The roles are the same on every database, only queries differ: of the members with the same answer one asks.
        asking = {(answer, person == "administrator"): person for person, answer in expected.items()}
        expected = {person: expected[person] for person in asking.values()}
    answers = {}
    for name in row.things:
        world.pk_of(name)
    for person in expected:
        with transaction.atomic():  # what one person changes is undone before the next one asks
            answers[person] = shown(ask(world, row, method, person))
            transaction.set_rollback(True)

    assert answers == expected


OURS = [row for row in ROWS if not row.route.startswith("account_")]


@pytest.mark.parametrize("row", OURS, ids=[row.route for row in OURS])
def test_a_method_that_no_row_names_is_refused(world: World, row: Row) -> None:
    unnamed = [method for method in METHODS if method not in row.methods]

    answers = {method: ask(world, row, method, "administrator").status_code for method in unnamed}

    assert answers == dict.fromkeys(unnamed, 405)


def routes(patterns: list[Any], namespace: str = "", prefix: str = "") -> Iterator[tuple[str, str]]:
    """Name and path of every route of the URLconf."""
    for pattern in patterns:
        path = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from routes(pattern.url_patterns, inner, path)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}", path


def test_every_route_has_a_row() -> None:
    closed = (
        "accounts/signup",
        "accounts/email",
        "accounts/confirm-email",
        "accounts/password/set",
        "accounts/login/code",
    )
    found = {name for name, path in routes(get_resolver().url_patterns) if not path.startswith(closed)}

    missing = found - {row.route for row in ROWS} - UNTABLED

    assert missing == set(), f"Routes without a row in the access table: {sorted(missing)}"


def test_every_row_has_a_route_and_none_is_double() -> None:
    names = [row.route for row in ROWS]
    found = {name for name, _ in routes(get_resolver().url_patterns)}

    assert set(names) - found == set()
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/signup/",
        "/accounts/email/",
        "/accounts/confirm-email/",
        "/accounts/confirm-email/a-key/",
        "/accounts/password/set/",
        "/accounts/login/code/confirm/",
        "/accounts/password/reset/key/x-y/",
        "/accounts/2fa/",
        "/accounts/2fa/totp/activate/",
        "/accounts/2fa/totp/deactivate/",
        "/accounts/2fa/recovery-codes/",
        "/accounts/2fa/recovery-codes/download/",
        "/accounts/2fa/webauthn/",
        "/accounts/3rdparty/",
        "/accounts/3rdparty/signup/",
        "/accounts/oidc/https:%2F%2Fidp.example.com/login/",
    ],
)
@pytest.mark.parametrize("person", PEOPLE)
def test_nobody_signs_up_or_changes_an_address(world: World, path: str, person: str) -> None:
    client = Client()
    if person in world.people:
        client.force_login(world.people[person])

    answers = {client.get(path).status_code, client.post(path).status_code}

    # The page for a wrong reset key says so instead of letting anybody in.
    assert answers <= ({200, 302} if "reset/key" in path else {404})
