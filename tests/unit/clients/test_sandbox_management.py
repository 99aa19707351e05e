import json
from collections.abc import Callable

import pytest
from werkzeug import Response

from clients.errors import ApiAuthError, ApiContractError, AuthProblem
from clients.sandbox_management import SandboxManagementClient
from clients.transport import Connection
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import fixture, fixture_bytes

BASE = "/data/foundation/sandbox-management"


@pytest.fixture
def management(platform: Platform, connect: Callable[..., Connection]) -> SandboxManagementClient:
    return SandboxManagementClient(connect(platform.url))


def test_the_sandboxes_of_the_organization_are_listed(platform: Platform, management: SandboxManagementClient) -> None:
    platform.answer(f"{BASE}/sandboxes", Response(fixture_bytes("sandbox_tooling/sandboxes.list.response")))

    sandboxes = management.list_sandboxes()

    rows = fixture("sandbox_tooling/sandboxes.list.response")["sandboxes"]
    assert [sandbox.name for sandbox in sandboxes] == [row["name"] for row in rows]
    assert (sandboxes[0].title, sandboxes[0].state, sandboxes[0].type) == ("Production", "active", "production")
    assert (sandboxes[0].region, sandboxes[0].is_default) == ("VA7", True)
    assert sandboxes[0].raw == rows[0]


@pytest.mark.parametrize("body", [b"", b'{"title": "Forbidden", "detail": "Administration permission is missing"}'])
def test_without_administration_rights_the_available_sandboxes_are_listed(
    body: bytes, platform: Platform, management: SandboxManagementClient
) -> None:
    platform.answer(f"{BASE}/sandboxes", Response(body, status=403))
    platform.answer(f"{BASE}/", Response(fixture_bytes("sandbox_tooling/sandboxes.available.response")))

    assert [sandbox.name for sandbox in management.list_sandboxes()] == ["prod", "dev", "stage"]


def test_a_wrong_organization_is_not_mistaken_for_missing_rights(
    platform: Platform, management: SandboxManagementClient
) -> None:
    body = fixture_bytes("sandbox_tooling/error.gateway-profile-invalid")
    platform.answer(f"{BASE}/sandboxes", Response(body, status=403))

    with pytest.raises(ApiAuthError) as caught:
        management.list_sandboxes()

    assert caught.value.reason is AuthProblem.ENTITLEMENT
    assert len(platform.seen) == 1


def test_odd_rows_are_read_as_far_as_they_go(platform: Platform, management: SandboxManagementClient) -> None:
    rows = [{"name": "dev", "state": "frozen", "type": None, "isDefault": "true", "new": {}}, {"title": "?"}, None, 3]
    platform.answer(f"{BASE}/sandboxes", Response(json.dumps({"sandboxes": rows})))

    (sandbox,) = management.list_sandboxes()

    assert (sandbox.name, sandbox.title, sandbox.state, sandbox.type) == ("dev", "dev", "frozen", "")
    assert sandbox.is_default


def test_an_answer_without_a_list_breaks_the_contract(platform: Platform, management: SandboxManagementClient) -> None:
    platform.answer(f"{BASE}/sandboxes", Response('{"sandboxes": null}'))

    with pytest.raises(ApiContractError, match="a list was expected"):
        management.list_sandboxes()
