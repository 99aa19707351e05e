"""Every call of the Decisioning Migration Service in both dialects: what is sent, and what is not."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug import Request, Response

from clients.decisioning import (
    DecisioningClient,
    Dependencies,
    Dialect,
    Scope,
    Segment,
    Workflow,
)
from clients.transport import Connection
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import ORG, fixture, fixture_bytes

R4 = {
    "analysis": "/workflows/generate-dependencies",
    "migration": "/workflows/migration",
    "rollback": "/workflows/rollback",
}
R1 = {
    "analysis": "/some/where/migration/service/dependency",
    "migration": "/some/where/migration/service/migrations",
    "rollback": "/some/where/migration/service/rollbacks",
}
ANALYSIS_ID = "4b7e2d90-1c5f-4e83-9a06-d8f3b1c7e254"
MIGRATION_ID = "9c03a6f8-5e21-4d7b-b8c4-0f1a2e3d6b97"
ROLLBACK_ID = "0e6f9b25-d3c8-47a1-95be-4a7d0c8f1b63"
SANDBOX = Scope("sandbox")
SCOPES = [
    SANDBOX,
    Scope("offer", ("personalization-offer:11e36d5921bf4757", "personalization-offer:11e36d5921bf4758")),
    Scope("decision", ("offer-activity:11cfb1fa93381aca",)),
]
MAPPED = Dependencies(
    profile_attributes={"_acme.loyalty.tier": "_acme.loyalty.tier"},
    context_attributes={"weather.temperature": "_acme.context.temperature"},
    segments={"ups:1b9f6f6e-2f0a-4f55-a9f0-6a9f1d1f9c11": Segment("ups", "7d2c0a35-8e64-4b19-93fa-5c1e0b7d8f26")},
    dataset_name="Decisioning Experience Events",
)


def example(name: str, **answer: Any) -> Response:
    return Response(fixture_bytes(f"decisioning/{name}"), content_type="application/json", **answer)


def as_json(body: Any, **answer: Any) -> Response:
    return Response(json.dumps(body), content_type="application/json", **answer)


def started(client: DecisioningClient, scope: Scope = SANDBOX, **options: Any) -> Workflow:
    chosen = {"dependencies": MAPPED, "create_data_stream": True, **options}
    return client.migrate(source="dev-eu", target="prod", scope=scope, **chosen)


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.level)
@pytest.mark.parametrize("dialect", Dialect)
def test_an_analysis_and_a_migration_send_what_their_dialect_documents(
    dialect: Dialect, scope: Scope, platform: Platform, decisioning: DecisioningClient, older: DecisioningClient
) -> None:
    client, paths = (decisioning, R4) if dialect is Dialect.R4 else (older, R1)
    platform.answer(paths["analysis"], example(f"{dialect}-workflow-new.response", status=201))
    platform.answer(paths["migration"], example(f"{dialect}-workflow-new.response", status=202))

    analysis = client.analyse(source="dev-eu", target="prod", scope=scope)
    migration = started(client, scope)

    assert (analysis.id, migration.id) == (ANALYSIS_ID, ANALYSIS_ID)
    assert analysis.etag == ("" if dialect is Dialect.R4 else "3a0f-0")
    for request, kind in zip(platform.seen, ("dependency", "migration"), strict=True):
        documented = fixture(f"decisioning/{dialect}-{kind}-create.request-{scope.level}")
        assert request.get_json() == documented | {"imsOrgId": ORG}
        assert dict(request.args) == ({"request-level": scope.level} if dialect is Dialect.R4 else {})
        assert (request.method, request.headers["x-gw-ims-org-id"]) == ("POST", ORG)
        assert (request.headers["x-api-key"], request.headers["Authorization"]) == (
            "key-of-test",
            "Bearer platform-token-1",
        )
        assert (request.headers["Content-Type"], request.headers.get("x-sandbox-name")) == ("application/json", None)


@pytest.mark.parametrize("wish", [True, False, None])
def test_a_datastream_is_left_to_the_service_only_if_nobody_chose(
    wish: bool | None, platform: Platform, decisioning: DecisioningClient
) -> None:
    platform.answer(R4["migration"], as_json({"id": "w"}))

    started(decisioning, create_data_stream=wish)

    assert platform.seen[0].get_json().get("createDataStream") is wish


def test_a_rollback_names_the_migration_and_has_an_id_of_its_own(
    platform: Platform, decisioning: DecisioningClient, older: DecisioningClient
) -> None:
    platform.answer(R4["rollback"], example("r4-rollback-completed.response"))
    platform.answer(f"{R1['rollback']}/{MIGRATION_ID}", example("r1-rollback-completed.response"))

    rollbacks = [client.roll_back(MIGRATION_ID) for client in (decisioning, older)]

    assert [rollback.id for rollback in rollbacks] == [ROLLBACK_ID, ROLLBACK_ID]
    newer, bare = platform.seen
    assert newer.get_json() == fixture("decisioning/r4-rollback-create.request")
    assert (bare.method, bare.get_data(), bare.headers.get("Content-Type")) == ("POST", b"", None)


def test_a_workflow_is_asked_for_by_its_id_wherever_its_link_leads(
    platform: Platform, decisioning: DecisioningClient, older: DecisioningClient
) -> None:
    elsewhere = as_json({"id": "a/b", "status": "Running", "_links": {"self": {"href": "https://evil.example/x"}}})
    seen: list[str] = []

    def handle(request: Request) -> Response:
        seen.append(request.environ["RAW_URI"])
        return elsewhere

    for path in (*R4.values(), *R1.values()):
        platform.decide(f"{path}/a/b", handle)

    for client in (decisioning, older):
        for get in (client.get_analysis, client.get_migration, client.get_rollback):
            workflow = get(get("a/b").id)

    assert workflow.self_link == "https://evil.example/x"
    assert seen == [f"{path}/a%2Fb" for path in (*R4.values(), *R1.values()) for _ in range(2)]


@pytest.mark.parametrize("kind", R1)
def test_a_record_is_deleted_as_it_was_read(kind: str, platform: Platform, older: DecisioningClient) -> None:
    platform.answer(f"{R1[kind]}/w", Response(status=204))

    getattr(older, f"delete_{kind}")("w", '"3a0f-2"')

    (request,) = platform.seen
    assert (request.method, request.headers["If-Match"]) == ("DELETE", '"3a0f-2"')


@pytest.mark.parametrize(
    "scope",
    [
        Scope("offer"),
        Scope("decision"),
        Scope("offer", ("a", " ")),
        Scope("sandbox", ("a",)),
        Scope("campaign", ("a",)),  # type: ignore[arg-type]
    ],
)
def test_a_scope_that_names_nothing_is_not_sent(
    scope: Scope, platform: Platform, decisioning: DecisioningClient, older: DecisioningClient
) -> None:
    for client in (decisioning, older):
        with pytest.raises(ValueError, match=r"id|level"):
            client.analyse(source="dev-eu", target="prod", scope=scope)
        with pytest.raises(ValueError, match=r"id|level"):
            started(client, scope)

    assert platform.tokens == 0


def test_what_would_reach_the_wrong_thing_is_not_sent(
    platform: Platform, decisioning: DecisioningClient, older: DecisioningClient, connect: Callable[..., Connection]
) -> None:
    with pytest.raises(ValueError, match="source sandbox"):
        decisioning.analyse(source=" ", target="prod", scope=SANDBOX)
    for client in (decisioning, older):
        with pytest.raises(ValueError, match="remote id"):
            client.roll_back("..")
    with pytest.raises(ValueError, match="remote id"):
        decisioning.get_migration("")
    with pytest.raises(ValueError, match="etag"):
        older.delete_migration("w", "")
    with pytest.raises(ValueError, match="R1 only"):
        decisioning.delete_migration("w", "3a0f-2")
    with pytest.raises(ValueError, match="not of other@AdobeOrg"):
        DecisioningClient(connect(platform.url), ims_org_id="other@AdobeOrg")

    assert platform.tokens == 0
