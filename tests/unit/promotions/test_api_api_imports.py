"""Imports of API versions over the REST API: planned, accounts edited, files added, and gone on with."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.choices import Role
from accounts.models import Organization, StoredValue, User
from promotions.api_choices import ArchiveKind
from promotions.choices import JobState, PlanState
from promotions.models import Archive, Job, Plan, Promotion
from promotions.systems.snaplogic import kinds
from tests.factories import MembershipFactory, SnapLogicOrganizationFactory, StoredValueFactory, api_headers
from tests.factories_api_accounts import DB_ACCOUNT, MAIL_ACCOUNT, with_accounts
from tests.factories_apis import ApiImportPlanFactory, ApiVersionFactory, ArchiveFactory
from tests.factories_promotions import JobFactory, PlanFactory, TaskResultFactory
from tests.unit.promotions.api_client import ApiClient
from tests.unit.promotions.zip_making import exported

pytestmark = pytest.mark.django_db
SECRET = "clear-Text-of-the-target-1827"
PASSWORD = "/property_map/settings/connectionProperties/value/password/value"
HOST = "/property_map/settings/connectionProperties/value/hostname/value"
PORT = "/property_map/settings/connectionProperties/value/portNumber/value"
CLIENT_SECRET = "/property_map/settings/client_secret/value"


@pytest.fixture
def environment(teammate: User) -> Organization:
    made: Organization = SnapLogicOrganizationFactory(remote_id="acme-prod")
    MembershipFactory(user=teammate, organization=made, role=Role.OPERATOR)
    return made


@pytest.fixture
def stored(environment: Organization) -> StoredValue:
    made: StoredValue = StoredValueFactory(organization=environment, name="Database")
    return made


@pytest.fixture
def archive(environment: Organization) -> Archive:
    made: Archive = ArchiveFactory(organization=environment)
    return made


@pytest.fixture
def plan(archive: Archive, stored: StoredValue) -> Plan:
    """Open; its zip holds two accounts, of which nobody edits one."""
    return with_accounts(ApiImportPlanFactory(promotion__archive=archive))


def account(api: ApiClient, plan: Plan, uuid: str) -> dict[str, Any]:
    rows = api.get(f"plans/{plan.pk}/accounts/").json()
    found: dict[str, Any] = next(one for one in rows if one["uuid"] == uuid)
    return found


def test_a_zip_is_planned_into_a_version(operator_api: ApiClient, environment: Organization, archive: Archive) -> None:
    extras = ArchiveFactory(
        organization=environment, kind=ArchiveKind.EXPRESSIONS, inventory={"files": ["a.expr"], "details": []}
    )
    body = {
        "archive": archive.pk,
        "organization": environment.pk,
        "api": "orders",
        "version": "2.0",
        "rule": "overwrite",
        "types": ["Pipeline", "Account"],
        "expressions": extras.pk,
    }

    response = operator_api.post("api-imports/", body)

    found = response.json()
    assert response.status_code == 201
    assert response["Location"].endswith(f"/promotions/{found['id']}/")
    assert (found["system"], found["title"]) == ("snaplogic", "orders 2.0")
    assert found["pick"] == {
        "api": "orders",
        "version": "2.0",
        "rule": "overwrite",
        "types": ["Account", "Pipeline"],
        "archive": archive.pk,
        "source": None,
        "expressions": extras.pk,
        "accounts": [],
    }
    assert Job.objects.get(pk=found["current_plan"]["gathering_job"]).kind != kinds.EXPORT


def test_a_version_is_exported_first(operator_api: ApiClient, environment: Organization, teammate: User) -> None:
    dev = SnapLogicOrganizationFactory()
    MembershipFactory(user=teammate, organization=dev, role=Role.VIEWER)
    row = ApiVersionFactory(organization=dev, api="orders", version="1.2")

    response = operator_api.post(
        "api-imports/", {"api_version": row.pk, "organization": environment.pk, "api": "orders", "version": "1.2"}
    )

    found = response.json()
    assert response.status_code == 201
    assert (found["source_organization"]["id"], found["pick"]["source"]) == (dev.pk, ["orders", "1.2"])
    assert found["pick"]["rule"] == "skip"
    assert Job.objects.get(pk=found["current_plan"]["gathering_job"]).kind == kinds.EXPORT


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"api_version": 1}, 400, "non_field_errors"),
        ({"archive": None}, 400, "archive"),
        ({"archive": "hidden"}, 422, "archive"),
        ({"archive": "expressions"}, 422, "archive"),
        ({"archive": "erased"}, 422, "archive"),
        ({"expressions": "own"}, 422, "expressions"),
        ({"expressions": "hidden"}, 422, "expressions"),
        ({"expressions": "erased expressions"}, 422, "expressions"),
        ({"rule": "overwrite"}, 422, "types"),
        ({"rule": "overwrite", "types": ["Snaplex"]}, 422, "types"),
        ({"types": ["Pipeline"]}, 422, "types"),
        ({"rule": "true"}, 400, "rule"),
        ({"api": "a/b"}, 422, "api"),
    ],
)
def test_what_cannot_be_imported_is_refused_at_the_field(
    operator_api: ApiClient,
    environment: Organization,
    archive: Archive,
    changed: dict[str, Any],
    status: int,
    field: str,
) -> None:
    expressions = {"kind": ArchiveKind.EXPRESSIONS, "inventory": {"files": ["a.expr"]}}
    erased = {"file": "", "erased_at": archive.created_at}
    known = {
        "own": archive.pk,
        "hidden": ArchiveFactory().pk,
        "expressions": ArchiveFactory(organization=environment, **expressions).pk,
        "erased": ArchiveFactory(organization=environment, **erased).pk,
        "erased expressions": ArchiveFactory(organization=environment, **expressions, **erased).pk,
    }
    body = {"archive": archive.pk, "organization": environment.pk, "api": "orders", "version": "2", **changed}
    body |= {name: known.get(body[name], body[name]) for name in ("archive", "expressions") if name in body}

    response = operator_api.post("api-imports/", body)

    assert (response.status_code, list(response.json()["errors"])) == (status, [field])
    assert not Promotion.objects.exists()


def test_a_viewer_of_the_target_plans_nothing(operator_api: ApiClient, archive: Archive, teammate: User) -> None:
    seen = SnapLogicOrganizationFactory()
    MembershipFactory(user=teammate, organization=seen, role=Role.VIEWER)

    response = operator_api.post(
        "api-imports/", {"archive": archive.pk, "organization": seen.pk, "api": "orders", "version": "2"}
    )

    assert response.status_code == 403


def test_the_rule_is_changed_while_the_plan_is_open(operator_api: ApiClient, plan: Plan) -> None:
    url = f"plans/{plan.pk}/import-rule/"

    first = operator_api.put(url, {"rule": "overwrite", "types": ["File"]})
    meanwhile = operator_api.put(url, {"rule": "skip"})
    wrong = operator_api.put(url, {"rule": "skip", "types": ["Pipelines"]})

    assert (first.status_code, first.json()["state"]) == (200, "gathering")
    assert Promotion.objects.get().pick["types"] == ["File"]
    assert (meanwhile.status_code, wrong.status_code) == (409, 409)


def test_accounts_tell_their_values_and_no_secret(operator_api: ApiClient, plan: Plan) -> None:
    response = operator_api.get(f"plans/{plan.pk}/accounts/")

    found = {one["uuid"]: one for one in response.json()}
    leaves = {leaf["pointer"]: leaf for leaf in found[DB_ACCOUNT]["leaves"]}
    assert list(found) == [DB_ACCOUNT, MAIL_ACCOUNT]
    assert (found[DB_ACCOUNT]["name"], found[DB_ACCOUNT]["is_edited"]) == ("orders_db_account", False)
    assert leaves[HOST]["current"] == "db.dev.example.test"
    assert [leaves[PASSWORD][name] for name in ("is_secret", "must_be_typed", "current")] == [True, True, ""]
    assert leaves[PASSWORD]["item"] is None
    assert "ENC(" not in response.content.decode()
    assert operator_api.get(f"plans/{plan.pk}/file-account/").json() == {"text": ""}


def test_an_account_is_edited_from_typed_and_stored_values_and_masked(
    operator_api: ApiClient, plan: Plan, environment: Organization
) -> None:
    url = f"plans/{plan.pk}/accounts/{MAIL_ACCOUNT}/"
    begun = operator_api.put(url, {}).json()
    secret = next(leaf for leaf in begun["leaves"] if leaf["pointer"] == CLIENT_SECRET)
    offered = secret["choices"][0]["target"]

    reused = operator_api.put(url, {"stored": {CLIENT_SECRET: offered["id"]}})
    typed = operator_api.put(
        f"plans/{plan.pk}/accounts/{DB_ACCOUNT}/", {"values": {PASSWORD: SECRET, HOST: "db.prod", PORT: "6432"}}
    )
    shown = operator_api.get(f"plans/{plan.pk}/file-account/")

    assert (begun["is_edited"], secret["decision"], secret["item"] is None) == (True, "undecided", False)
    assert offered["title"] == "Database"
    leaves = {leaf["pointer"]: leaf for leaf in reused.json()["leaves"]}
    assert (leaves[CLIENT_SECRET]["decision"], leaves[CLIENT_SECRET]["target"]["title"]) == ("reuse", "Database")
    leaves = {leaf["pointer"]: leaf for leaf in typed.json()["leaves"]}
    assert (leaves[PASSWORD]["decision"], leaves[HOST]["target"]["id"]) == ("fill", "db.prod")
    document = json.loads(shown.json()["text"])
    settings = document[DB_ACCOUNT]["property_map"]["settings"]["connectionProperties"]["value"]
    assert (settings["hostname"]["value"], settings["portNumber"]["value"]) == ("db.prod", 6432)
    assert set(document) == {DB_ACCOUNT, MAIL_ACCOUNT}
    for response in (reused, typed, shown, operator_api.get(f"plans/{plan.pk}/accounts/")):
        assert SECRET not in response.content.decode()
        assert "ENC(" not in response.content.decode()


@pytest.mark.parametrize(
    ("body", "status", "complaint"),
    [
        ({"values": {"/property_map/nothing/value": "x"}}, 422, "has no value at /property_map/nothing/value"),
        ({"values": {PASSWORD: ""}}, 422, "first, in clear"),
        ({"values": {PASSWORD: "ENC(abc)"}}, 422, "encrypted form"),
        ({"values": {PORT: "many"}}, 422, "is a number"),
        ({"stored": {PASSWORD: "stored-1-x"}}, 422, "not offered"),
        ({"stored": {PASSWORD: "a"}, "values": {PASSWORD: "b"}}, 400, "typed as well"),
        ({"values": {PORT: 6432}}, 400, "each value is a text"),
        ({"values": [PORT]}, 400, "dictionary"),
        ({"values": {"/" * 501: "x"}}, 400, "at most 500"),
        ({"value": {}}, 400, "There is no such field"),
    ],
)
def test_what_does_not_fit_an_account_leaves_it_as_it_was(
    operator_api: ApiClient, plan: Plan, body: dict[str, Any], status: int, complaint: str
) -> None:
    response = operator_api.put(f"plans/{plan.pk}/accounts/{DB_ACCOUNT}/", body)

    assert response.status_code == status
    assert complaint in json.dumps(response.json(), ensure_ascii=False)
    assert not account(operator_api, plan, DB_ACCOUNT)["is_edited"]


def test_an_account_goes_as_exported_after_all(operator_api: ApiClient, plan: Plan) -> None:
    url = f"plans/{plan.pk}/accounts/{DB_ACCOUNT}/"
    operator_api.put(url, {"values": {PASSWORD: SECRET}})

    left, again = operator_api.delete(url), operator_api.delete(url)

    assert (left.status_code, again.status_code) == (204, 409)
    assert not account(operator_api, plan, DB_ACCOUNT)["is_edited"]


def test_accounts_that_are_not_there_and_plans_of_others_are_not_found(
    operator_api: ApiClient, viewer_api: ApiClient, plan: Plan, organization: Organization
) -> None:
    other = PlanFactory(promotion__package__organization=organization)

    answers = [
        operator_api.put(f"plans/{plan.pk}/accounts/no-such-account/", {}),
        operator_api.delete(f"plans/{plan.pk}/accounts/no-such-account/"),
        operator_api.put(f"plans/{plan.pk}/accounts/%00/", {}),
        operator_api.get(f"plans/{other.pk}/accounts/"),
        operator_api.get(f"plans/{other.pk}/file-account/"),
        operator_api.put(f"plans/{other.pk}/import-rule/", {"rule": "skip"}),
        operator_api.delete(f"plans/{other.pk}/expressions/"),
        operator_api.get(f"jobs/{JobFactory(organization=organization).pk}/remedies/"),
        viewer_api.get(f"plans/{plan.pk}/accounts/"),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)


def send_files(user: User, plan: Plan, *files: tuple[str, bytes]) -> Any:
    form = {"expressions": [SimpleUploadedFile(name, content) for name, content in files]}
    return Client().post(f"/api/v1/plans/{plan.pk}/expressions/", form, **api_headers(user))


def test_expression_files_go_along_and_are_taken_out_again(operator_api: ApiClient, teammate: User, plan: Plan) -> None:
    added = send_files(teammate, plan, ("a.expr", b"{}"), ("b.expr", b"{ b: 1 }"))
    meanwhile = operator_api.delete(f"plans/{plan.pk}/expressions/")
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.OPEN)
    removed = operator_api.delete(f"plans/{plan.pk}/expressions/")
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.OPEN)
    again = operator_api.delete(f"plans/{plan.pk}/expressions/")

    assert (added.status_code, added.json()["inventory"]["files"]) == (201, ["a.expr", "b.expr"])
    assert [meanwhile.status_code, removed.status_code, again.status_code] == [409, 204, 409]
    assert Promotion.objects.get().pick["expressions"] is None


@pytest.mark.parametrize(
    ("files", "status", "complaint"),
    [
        ([("same.expr", b"{}"), ("same.expr", b"{ }")], 422, "have the same name"),
        ([("all.zip", exported({"x/a.expr": b"1", "y/a.expr": b"2"}))], 422, "have the same name"),
        ([("all.zip", b"PK\x03\x04 broken")], 422, "cannot be taken"),
        ([], 400, "required"),
    ],
)
def test_expression_files_that_the_platform_would_lose_are_refused(
    teammate: User, plan: Plan, files: list[tuple[str, bytes]], status: int, complaint: str
) -> None:
    response = send_files(teammate, plan, *files)

    assert response.status_code == status
    assert complaint in str(response.json()["errors"]["expressions"])
    assert Promotion.objects.get().pick["expressions"] is None
    assert Archive.objects.count() == 1


def test_the_ways_to_go_on_are_told_and_taken_once(operator_api: ApiClient, plan: Plan) -> None:
    promotion = plan.promotion
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.READY)
    job = JobFactory(
        organization=promotion.target_organization,
        kind=kinds.IMPORT,
        promotion=promotion,
        plan=plan,
        sandbox=promotion.target_sandbox,
        succeeded=True,
        state=JobState.PARTLY_FAILED,
    )
    Job.objects.filter(pk=job.pk).update(submit_count=1)
    TaskResultFactory(job=job, type="Pipeline", outcome="failed", claim="409")

    offered = operator_api.get(f"jobs/{job.pk}/remedies/").json()
    unknown = operator_api.post(f"jobs/{job.pk}/remedies/", {"key": "anything"})
    taken = operator_api.post(f"jobs/{job.pk}/remedies/", {"key": "overwrite"})

    assert [(one["key"], one["rule"], one["types"], one["version"]) for one in offered] == [
        ("overwrite", "overwrite", ["Pipeline"], None)
    ]
    assert unknown.status_code == 422
    assert (taken.status_code, taken.json()["origin_job"]) == (201, job.pk)
    assert taken.json()["pick"]["types"] == ["Pipeline"]
