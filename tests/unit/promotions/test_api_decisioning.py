"""Migrations to Decisioning over the REST API: planned, taken back, and checked by hand."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, Sandbox, User
from promotions.choices import JobState, PromotionMode
from promotions.engine import submissions
from promotions.models import Job, Promotion, RunCheck
from promotions.services.verbs import Verb
from promotions.systems.decisioning import kinds
from promotions.systems.decisioning.checks import add_checks
from tests.factories import MembershipFactory, SandboxFactory, api_headers
from tests.factories_decisioning import MappingFactory
from tests.factories_promotions import JobFactory, PlanFactory, PromotionFactory
from tests.unit.promotions.api_client import ApiClient, ids

pytestmark = pytest.mark.django_db


@pytest.fixture
def dev(organization: Organization) -> Sandbox:
    return SandboxFactory(organization=organization, name="dev")


@pytest.fixture
def stage(organization: Organization) -> Sandbox:
    return SandboxFactory(organization=organization, name="stage")


@pytest.fixture
def migration(organization: Organization, dev: Sandbox, stage: Sandbox) -> Job:
    """A completed migration, with what to check after it."""
    promotion = PromotionFactory(
        package=None,
        system=kinds.SYSTEM,
        title="Decisioning of dev",
        source_place="dev",
        source_organization=organization,
        target_organization=organization,
        target_sandbox=stage,
        job_name="Decisioning of dev",
        pick={"source": "dev", "level": "sandbox", "ids": [], "hours": 24},
        pick_key=f"{organization.pk}:dev:sandbox",
    )
    job: Job = JobFactory(
        organization=organization,
        kind=kinds.MIGRATE,
        promotion=promotion,
        plan=PlanFactory(promotion=promotion),
        sandbox=stage,
        succeeded=True,
        remote_id="6f1c7f0e-2a4e-4b57-9c25-2d6a3e0a9f11",
    )
    add_checks(job)
    return job


def test_a_migration_is_planned_between_two_sandboxes_and_waits_for_its_turn(
    operator_api: ApiClient, dev: Sandbox, stage: Sandbox
) -> None:
    body = {"decisioning": {"source": dev.pk, "level": "offer", "ids": ["one", "two", "one"]}, "sandbox": stage.pk}

    made = [operator_api.post("promotions/", body).json() for _ in range(2)]

    waiting = [operator_api.get("jobs/", promotion=one["id"]).json()["results"][0] for one in made]
    assert [one["system"] for one in made] == [kinds.SYSTEM] * 2
    assert made[0]["pick"] == {"source": "dev", "level": "offer", "ids": ["one", "two"], "hours": 24}
    assert made[0]["current_plan"]["state"] == "gathering"
    assert [one["kind"] for one in waiting] == [kinds.ANALYSE] * 2
    assert ids(operator_api.get("promotions/?system=decisioning")) == [made[1]["id"], made[0]["id"]]
    assert ids(operator_api.get("promotions/?system=journeys")) == []


@pytest.mark.parametrize(
    ("said", "more", "status", "field"),
    [
        ({"source": "foreign"}, {}, 422, "source"),
        ({"source": "elsewhere"}, {}, 422, "source"),
        ({"level": "offer"}, {}, 422, "ids"),
        ({"ids": ["one"]}, {}, 422, "ids"),
        ({"hours": 0}, {}, 400, "decisioning"),
        ({"scope": "all"}, {}, 400, "decisioning"),
        ({}, {"package": 1}, 400, "non_field_errors"),
        ({}, {"job_name": "Loyalty"}, 400, "job_name"),
        ({}, {"mode": "update"}, 400, "mode"),
    ],
)
def test_what_cannot_be_migrated_is_refused_at_the_field(
    operator_api: ApiClient,
    dev: Sandbox,
    stage: Sandbox,
    teammate: User,
    said: dict[str, Any],
    more: dict[str, Any],
    status: int,
    field: str,
) -> None:
    elsewhere = MembershipFactory(user=teammate, role=Role.OPERATOR).organization
    known = {"foreign": SandboxFactory().pk, "elsewhere": SandboxFactory(organization=elsewhere).pk}
    source = known.get(said.get("source", ""), dev.pk)

    response = operator_api.post(
        "promotions/", {"decisioning": {**said, "source": source}, "sandbox": stage.pk, **more}
    )

    assert (response.status_code, list(response.json()["errors"])) == (status, [field])
    assert not Promotion.objects.exists()


def test_a_migration_is_taken_back_once(operator_api: ApiClient, migration: Job) -> None:
    before = operator_api.get(f"jobs/{migration.pk}/undo/").json()

    made = operator_api.post(f"jobs/{migration.pk}/undo/", {"reason": "Wrong sandbox"})

    again = operator_api.post(f"jobs/{migration.pk}/undo/", {"reason": "Once more"})
    after = operator_api.get(f"jobs/{migration.pk}/undo/").json()
    assert before == {"reason_not_to_undo": "", "promotion": None, "run": None}
    assert made.status_code == 201
    assert (made.json()["mode"], made.json()["origin_job"]) == (PromotionMode.UNDO, migration.pk)
    assert again.status_code == 422
    assert f"Promotion {made.json()['id']} takes it back already." in again.json()["detail"]
    assert (after["promotion"]["id"], after["promotion"]["state"]) == (made.json()["id"], "gathering")
    assert AuditEvent.objects.get(verb=Verb.UNDO_PLANNED).reason == "Wrong sandbox"


def test_what_a_failed_migration_left_is_not_taken_back(operator_api: ApiClient, migration: Job) -> None:
    Job.objects.filter(pk=migration.pk).update(state=JobState.FAILED)

    told = operator_api.get(f"jobs/{migration.pk}/undo/").json()

    assert told["reason_not_to_undo"] == "The service takes back completed migrations only."
    assert operator_api.post(f"jobs/{migration.pk}/undo/", {"reason": "x"}).status_code == 422


def test_a_check_is_ticked_with_name_and_time_and_ticking_it_again_changes_nothing(
    operator_api: ApiClient, migration: Job
) -> None:
    checks = operator_api.get(f"jobs/{migration.pk}/checks/").json()

    ticked = [operator_api.put(checks[0]["url"], {"is_done": True}).json() for _ in range(2)]

    assert [check["key"] for check in checks] == ["segments", "attributes", "objects"]
    assert ticked[0] == ticked[1]
    assert ticked[0]["ticked_by"]["name"]
    assert RunCheck.objects.exclude(ticked_at=None).count() == 1
    assert AuditEvent.objects.filter(verb=Verb.CHECK_TICKED).count() == 1
    assert operator_api.put(checks[0]["url"], {"is_done": False}).json()["ticked_at"] is None
    assert json.loads(operator_api.put(checks[0]["url"], {}).content)["errors"] == {
        "is_done": ["This field is required."]
    }


def test_a_second_workflow_waits_behind_the_first(operator_api: ApiClient, dev: Sandbox, stage: Sandbox) -> None:
    body = {"decisioning": {"source": dev.pk}, "sandbox": stage.pk}
    first, second = (operator_api.post("promotions/", body).json()["current_plan"] for _ in range(2))

    slots = [operator_api.get(f"jobs/{plan['gathering_job']}/").json()["slot"] for plan in (first, second)]

    unknown = {"expected_at": None, "outside": None}
    assert slots == [
        {"is_held": False, "ahead": 0, "waits_for": None, **unknown},
        {"is_held": False, "ahead": 1, "waits_for": first["gathering_job"], **unknown},
    ]


def test_who_is_in_the_way_from_outside_is_told(operator_api: ApiClient, organization: Organization) -> None:
    since, last = "2026-11-22T10:00:00Z", "2026-11-22T10:05:00Z"
    job = JobFactory(
        organization=organization,
        kind=kinds.ANALYSE,
        slot=kinds.slot_of(organization),
        holds_slot=True,
        params={submissions.HELD_UP: {"since": since, "last": last, "by": "6f1c7f0e"}},
    )

    slot = operator_api.get(f"jobs/{job.pk}/").json()["slot"]

    assert slot["is_held"]
    assert slot["outside"] == {"since": since, "last": last, "held_by": "6f1c7f0e"}


def test_a_sheet_is_read_back_after_it_was_filled_in(operator_api: ApiClient, organization: Organization) -> None:
    one = MappingFactory(plan__promotion__organization=organization, name="_dev.tier")
    MappingFactory(plan=one.plan, name="_dev.score")
    where = f"plans/{one.plan_id}/sheet/"
    line = "Profile attribute,_dev.tier,_stage.tier\r\n"

    refused = operator_api.post(where, {"text": f"{line}Profile attribute,_dev.gone,=\r\n"})
    applied = operator_api.post(where, {"text": f"{line}Profile attribute,_dev.gone,=\r\n", "skips_bad": True})
    read = operator_api.get(where)

    assert refused.status_code == 422
    assert refused.json()["lines"] == [{"number": 2, "reason": "The plan has no profile attribute “_dev.gone”."}]
    assert [item["title"] for item in applied.json()["changed"]] == ["_dev.tier"]
    assert (applied.json()["undecided_count"], applied.json()["bad_lines"]) == (1, refused.json()["lines"])
    assert read["Content-Type"].startswith("text/csv")
    assert line in read.content.decode()


def test_a_plan_of_a_package_has_no_sheet(operator_api: ApiClient, organization: Organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization)

    for response in (
        operator_api.get(f"plans/{plan.pk}/sheet/"),
        operator_api.post(f"plans/{plan.pk}/sheet/", {"text": "a,b,c"}),
    ):
        assert response.status_code == 422
        assert "decided one by one" in response.json()["detail"]


def test_a_record_is_deleted_only_in_the_revision_that_offers_it(
    operator_api: ApiClient, migration: Job, organization: Organization
) -> None:
    refused = operator_api.post(f"jobs/{migration.pk}/delete-record/")
    organization.service_dialects = {"decisioning": "r1"}
    organization.save(update_fields=["service_dialects"])

    asked = operator_api.post(f"jobs/{migration.pk}/delete-record/")

    again = operator_api.post(f"jobs/{migration.pk}/delete-record/")
    assert refused.status_code == 422
    assert "in its first revision only" in refused.json()["detail"]
    assert asked.status_code == 202
    assert (asked.json()["kind"], asked.json()["state"]) == (kinds.DELETE, JobState.QUEUED)
    assert f"Job {asked.json()['id']} deletes it already" in again.json()["detail"]
    assert AuditEvent.objects.filter(verb=Verb.RECORD_DELETION_REQUESTED).count() == 1


@pytest.mark.parametrize("path", ["plans/{}/sheet/", "jobs/export/?format=csv", "audit/export/?format=csv"])
def test_who_accepts_nothing_but_csv_gets_it(teammate: User, organization: Organization, path: str) -> None:
    plan = MappingFactory(plan__promotion__organization=organization).plan

    response = Client().get(f"/api/v1/{path.format(plan.pk)}", HTTP_ACCEPT="text/csv", **api_headers(teammate))

    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/csv")
