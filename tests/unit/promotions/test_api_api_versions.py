"""API versions over the REST API: known, noted, listed, and their life planned."""

import json
from typing import Any

import pytest

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, User
from promotions.api_choices import ApiVersionState
from promotions.models import ApiVersion, Job, Promotion
from promotions.systems.snaplogic import kinds
from promotions.systems.snaplogic.verbs import ApiVerb
from tests.factories import MembershipFactory, SnapLogicOrganizationFactory
from tests.factories_apis import ApiVersionFactory
from tests.unit.promotions.api_client import ApiClient, ids

pytestmark = pytest.mark.django_db
SPEC = json.dumps({"openapi": "3.0.3", "info": {"title": "Orders", "version": "1.2"}, "paths": {}})


@pytest.fixture
def environment(teammate: User) -> Organization:
    made: Organization = SnapLogicOrganizationFactory(remote_id="acme-dev")
    MembershipFactory(user=teammate, organization=made, role=Role.OPERATOR)
    return made


@pytest.fixture
def version(environment: Organization) -> ApiVersion:
    made: ApiVersion = ApiVersionFactory(organization=environment, api="orders", version="1.2")
    return made


@pytest.fixture
def seen_only(teammate: User) -> Organization:
    """An environment in which the operator of the others is a viewer."""
    made: Organization = SnapLogicOrganizationFactory()
    MembershipFactory(user=teammate, organization=made, role=Role.VIEWER)
    return made


def test_a_version_is_named_as_it_is_typed_and_once(operator_api: ApiClient, environment: Organization) -> None:
    body = {"organization": environment.pk, "api": "Orders API", "version": "v1.2 béta"}

    first, again = operator_api.post("api-versions/", body), operator_api.post("api-versions/", body)

    found = first.json()
    assert first.status_code == 201
    assert (found["path"], found["state"]) == ("acme-dev/apim/Orders API/v1.2 béta", "unknown")
    assert found["known_from"] == "named by Tim Teammate"
    assert found["acts"] == ["publish", "unpublish", "deprecate", "retire"]
    assert operator_api.get(first["Location"]).json() == found
    assert again.status_code == 409
    assert "in the list already" in again.json()["detail"]


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"api": " orders"}, 422, "api"),
        ({"version": "1/2"}, 422, "version"),
        ({"version": "x" * 201}, 400, "version"),
        ({"api": ""}, 400, "api"),
        ({"organization": "adobe"}, 422, None),
        ({"organization": "hidden"}, 422, "organization"),
    ],
)
def test_what_cannot_be_a_version_is_refused(
    operator_api: ApiClient,
    environment: Organization,
    organization: Organization,
    changed: dict[str, Any],
    status: int,
    field: str | None,
) -> None:
    named = {"adobe": organization.pk, "hidden": SnapLogicOrganizationFactory().pk}
    body = {"organization": environment.pk, "api": "orders", "version": "1.2", **changed}
    body["organization"] = named.get(body["organization"], body["organization"])

    response = operator_api.post("api-versions/", body)

    assert response.status_code == status
    assert field is None or list(response.json()["errors"]) == [field]
    assert not ApiVersion.objects.exists()


def test_versions_are_found_by_words_state_and_environment(
    operator_api: ApiClient, environment: Organization, version: ApiVersion
) -> None:
    other = ApiVersionFactory(organization=environment, api="billing", version="2", state=ApiVersionState.PUBLISHED)
    ApiVersionFactory()

    found = {
        query: ids(operator_api.get(f"api-versions/?{query}"))
        for query in ("order=api", "order=-api", "q=ORD+1.2", "state=published", f"organization={environment.pk + 100}")
    }

    assert list(found.values()) == [[other.pk, version.pk], [version.pk, other.pk], [version.pk], [other.pk], []]
    assert operator_api.get("api-versions/?status=published").status_code == 400


def test_a_state_is_noted_and_the_same_again_changes_nothing(operator_api: ApiClient, version: ApiVersion) -> None:
    first, again = (operator_api.put(f"api-versions/{version.pk}/state/", {"state": "deprecated"}) for _ in range(2))

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert (first.json()["state"], first.json()["acts"]) == ("deprecated", ["retire"])
    assert AuditEvent.objects.filter(verb=ApiVerb.STATE_NOTED).count() == 1
    assert operator_api.put(f"api-versions/{version.pk}/state/", {"state": "gone"}).status_code == 400


def test_a_version_is_forgotten(operator_api: ApiClient, version: ApiVersion) -> None:
    answers = [operator_api.delete(f"api-versions/{version.pk}/").status_code for _ in range(2)]

    assert answers == [204, 404]
    assert AuditEvent.objects.filter(verb=ApiVerb.VERSION_FORGOTTEN).exists()


def test_viewers_have_assets_listed_and_change_nothing(operator_api: ApiClient, seen_only: Organization) -> None:
    row = ApiVersionFactory(organization=seen_only)

    first, again = (operator_api.post(f"api-versions/{row.pk}/listing/") for _ in range(2))
    refused = [
        operator_api.delete(f"api-versions/{row.pk}/"),
        operator_api.put(f"api-versions/{row.pk}/state/", {"state": "retired"}),
        operator_api.post("api-versions/", {"organization": seen_only.pk, "api": "a", "version": "1"}),
        operator_api.post(
            "api-life-cycles/",
            {"organization": seen_only.pk, "act": "retire", "versions": [{"api": row.api, "version": row.version}]},
        ),
    ]

    assert (first.status_code, again.json()["id"]) == (202, first.json()["id"])
    assert Job.objects.get().kind == kinds.LIST_ASSETS
    assert [answer.status_code for answer in refused] == [403] * 4


def test_a_change_of_life_is_a_promotion_that_is_planned(
    operator_api: ApiClient, environment: Organization, version: ApiVersion
) -> None:
    response = operator_api.post(
        "api-life-cycles/",
        {
            "organization": environment.pk,
            "act": "deprecate",
            "versions": [{"api": "orders", "version": "1.2"}, {"api": "orders", "version": "1.1"}],
            "message": "Use 2.0.",
        },
    )

    found = response.json()
    assert response.status_code == 201
    assert (found["system"], found["title"]) == ("snaplogic_lifecycle", "Deprecate 2 API versions")
    assert found["pick"]["versions"] == [["orders", "1.2"], ["orders", "1.1"]]
    assert found["pick"]["message"] == "Use 2.0."
    assert found["current_plan"]["state"] == "gathering"
    assert ids(operator_api.get("promotions/?system=snaplogic_lifecycle")) == [found["id"]]
    assert ids(operator_api.get("promotions/?system=snaplogic")) == []


def test_a_specification_is_told_with_its_promotion_and_not_in_lists(
    operator_api: ApiClient, environment: Organization, version: ApiVersion
) -> None:
    body = {"organization": environment.pk, "act": "publish", "versions": [{"api": "orders", "version": "1.2"}]}

    made = operator_api.post("api-life-cycles/", {**body, "contact_email": "apis@example.com", "spec": SPEC}).json()

    assert made["pick"]["spec"] == SPEC
    (row,) = operator_api.get("promotions/").json()["results"]
    assert (row["pick"]["contact_email"], "spec" in row["pick"]) == ("apis@example.com", False)


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"versions": []}, 400, "versions"),
        ({"versions": [{"api": "orders", "version": "1.2"}] * 2}, 422, "versions"),
        ({"versions": [{"api": "orders"}]}, 400, "versions"),
        ({"versions": ["orders/1.2"]}, 400, "versions"),
        ({"act": "delete"}, 400, "act"),
        ({"act": "unpublish"}, 422, "versions"),
        ({"spec": SPEC}, 400, "spec"),
        ({"act": "publish", "spec": SPEC, "contact_email": "nobody"}, 422, "contact_email"),
        ({"act": "publish", "spec": "openapi: 3", "contact_email": "a@example.com"}, 422, "spec"),
        ({"act": "publish", "contact_email": "a@example.com"}, 422, "spec"),
        ({"act": "publish", "spec": SPEC, "contact_email": "a@example.com", "message": "x"}, 400, "message"),
    ],
)
def test_a_change_that_cannot_be_is_refused_at_the_field(
    operator_api: ApiClient, environment: Organization, changed: dict[str, Any], status: int, field: str
) -> None:
    state = ApiVersionState.UNPUBLISHED if changed.get("act") == "publish" else ApiVersionState.DEPRECATED
    ApiVersionFactory(organization=environment, api="orders", version="1.2", state=state)
    body = {
        "organization": environment.pk,
        "act": "retire",
        "versions": [{"api": "orders", "version": "1.2"}],
        **changed,
    }

    response = operator_api.post("api-life-cycles/", body)

    assert (response.status_code, list(response.json()["errors"])) == (status, [field])
    assert not Promotion.objects.exists()
