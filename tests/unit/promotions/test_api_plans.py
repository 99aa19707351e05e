"""Promotions and plans over the REST API."""

import pytest

from accounts.models import AuditEvent
from promotions.choices import Decision, JobState, PlanState
from promotions.models import Job, Promotion
from promotions.services import runs
from tests.factories import SandboxFactory
from tests.factories_promotions import JobFactory, PackageFactory, PlanFactory, PlanItemFactory, PromotionFactory
from tests.unit.promotions.api_client import ids

pytestmark = pytest.mark.django_db


@pytest.fixture
def package(organization):
    return PackageFactory(organization=organization, name="Loyalty schemas")


@pytest.fixture
def plan(package):
    return PlanFactory(promotion__package=package)


def reuse(item):
    return {"item": item.pk, "decision": "reuse", "target": item.choices[0]["target"]["id"]}


def test_planning_makes_a_promotion_whose_plan_is_being_gathered(operator_api, package, organization) -> None:
    sandbox = SandboxFactory(organization=organization, name="stage")

    response = operator_api.post(
        "promotions/", {"package": package.pk, "sandbox": sandbox.pk, "job_name": "Loyalty to stage"}
    )

    promotion = Promotion.objects.get()
    found = response.json()
    assert response.status_code == 201
    assert response["Location"] == f"http://testserver/api/v1/promotions/{promotion.pk}/"
    assert (found["job_name"], found["job_description"]) == ("Loyalty to stage", "")
    assert found["current_plan"]["state"] == PlanState.GATHERING
    assert found["current_plan"]["gathering_job"] == Job.objects.get().pk
    assert found["current_plan"]["reasons_not_to_run"] == ["The facts are not gathered yet."]
    assert AuditEvent.objects.filter(verb="promotion.planned").exists()


def test_planning_an_expired_package_is_refused_with_the_reason(operator_api, organization) -> None:
    package = PackageFactory(organization=organization, expired=True)
    sandbox = SandboxFactory(organization=organization)

    response = operator_api.post("promotions/", {"package": package.pk, "sandbox": sandbox.pk})

    assert response.status_code == 422
    assert "expired on" in response.json()["detail"]
    assert list(response.json()["errors"]) == ["package"]
    assert not Promotion.objects.exists()


def test_viewer_may_not_plan(viewer_api, package, organization) -> None:
    sandbox = SandboxFactory(organization=organization)

    assert viewer_api.post("promotions/", {"package": package.pk, "sandbox": sandbox.pk}).status_code == 403
    assert not Promotion.objects.exists()


def test_package_and_sandbox_of_others_cannot_be_named(operator_api, stranger_api, package, organization) -> None:
    sandbox = SandboxFactory(organization=organization)

    of_stranger = stranger_api.post("promotions/", {"package": package.pk, "sandbox": sandbox.pk})
    into_elsewhere = operator_api.post("promotions/", {"package": package.pk, "sandbox": SandboxFactory().pk})

    assert (of_stranger.status_code, list(of_stranger.json()["errors"])) == (422, ["package"])
    assert (into_elsewhere.status_code, list(into_elsewhere.json()["errors"])) == (422, ["sandbox"])
    assert not Promotion.objects.exists()


def test_missing_and_unknown_fields_are_named(operator_api) -> None:
    missing = operator_api.post("promotions/", {"package": 1})
    unknown = operator_api.post("promotions/", {"package": 1, "sandbox": 1, "jobname": "x"})

    assert list(missing.json()["errors"]) == ["sandbox"]
    assert list(unknown.json()["errors"]) == ["jobname"]
    assert {missing.status_code, unknown.status_code} == {400}


def test_taking_back_is_no_way_to_plan(operator_api, package, organization) -> None:
    sandbox = SandboxFactory(organization=organization)

    response = operator_api.post("promotions/", {"package": package.pk, "sandbox": sandbox.pk, "mode": "undo"})

    assert (response.status_code, list(response.json()["errors"])) == (400, ["mode"])


def test_list_of_promotions_can_be_narrowed_and_is_newest_first(operator_api, package) -> None:
    first, second = PlanFactory.create_batch(2, promotion__package__organization=package.organization)
    PromotionFactory()

    assert ids(operator_api.get("promotions/")) == [second.promotion_id, first.promotion_id]
    assert ids(operator_api.get("promotions/", package=first.promotion.package_id)) == [first.promotion_id]


def test_text_of_the_import_can_be_changed_in_part(operator_api, plan) -> None:
    operator_api.patch(f"promotions/{plan.promotion_id}/", {"job_description": "Ticket 12"})
    response = operator_api.patch(f"promotions/{plan.promotion_id}/", {"job_name": "Loyalty, second try"})

    assert response.status_code == 200
    assert response.json()["job_name"] == "Loyalty, second try"
    assert response.json()["job_description"] == "Ticket 12"


def test_abandoning_needs_a_reason_and_shows_in_the_promotion(operator_api, plan) -> None:
    without = operator_api.post(f"promotions/{plan.promotion_id}/abandon/")
    response = operator_api.post(f"promotions/{plan.promotion_id}/abandon/", {"reason": "Superseded"})

    assert without.status_code == 400
    assert response.json()["abandoned_at"] is not None
    assert response.json()["current_plan"]["reasons_not_to_run"] == ["This promotion was abandoned."]


def test_items_come_in_the_order_of_the_plan_page_by_page(operator_api, plan) -> None:
    made = [PlanItemFactory(plan=plan, position=position) for position in (2, 0, 1)]

    first = operator_api.get(f"plans/{plan.pk}/items/", limit=2)
    second = operator_api.get(first.json()["next"])

    assert ids(first) + ids(second) == [made[1].pk, made[2].pk, made[0].pk]
    assert second.json()["next"] is None


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, {"conflict", "decided", "free", "forbidden"}),
        ({"undecided": "true"}, {"conflict", "forbidden"}),
        ({"undecided": "false"}, {"decided", "free"}),
        ({"missing_rights": "true"}, {"forbidden"}),
        ({"missing_rights": "false"}, {"conflict", "decided", "free"}),
        ({"match": "none"}, {"free"}),
        ({"decision": "reuse"}, {"decided"}),
        ({"type": "JOURNEY"}, set()),
    ],
)
def test_items_can_be_narrowed(operator_api, plan, query, wanted) -> None:
    made = {
        "conflict": PlanItemFactory(plan=plan),
        "decided": PlanItemFactory(plan=plan, decision=Decision.REUSE),
        "free": PlanItemFactory(plan=plan, free=True),
        "forbidden": PlanItemFactory(plan=plan, missing_right=True),
    }

    response = operator_api.get(f"plans/{plan.pk}/items/", **query)

    assert set(ids(response)) == {made[name].pk for name in wanted}


def test_item_offers_choices_with_their_reasons(operator_api, plan) -> None:
    item = PlanItemFactory(plan=plan)

    (found,) = operator_api.get(f"plans/{plan.pk}/items/").json()["results"]

    assert found["is_undecided"] is True
    assert [choice["decision"] for choice in found["choices"]] == ["reuse", "create"]
    assert found["choices"][0]["target"]["id"] == f"target-{item.remote_id}"


def test_items_are_decided_together_and_what_remains_is_said(operator_api, plan) -> None:
    one, other, rest = PlanItemFactory.create_batch(3, plan=plan)

    response = operator_api.post(
        f"plans/{plan.pk}/decide/", {"decisions": [reuse(one), {"item": other.pk, "decision": "create"}]}
    )

    found = response.json()
    assert response.status_code == 200
    assert [item["id"] for item in found["changed"]] == [one.pk, other.pk]
    assert found["undecided_count"] == 1
    assert found["reasons_not_to_run"] == ["1 row is undecided."]
    rest.refresh_from_db()
    assert rest.decision == Decision.UNDECIDED


def test_one_choice_that_is_not_offered_leaves_all_as_they_were(operator_api, plan) -> None:
    one, other = PlanItemFactory.create_batch(2, plan=plan)

    response = operator_api.post(
        f"plans/{plan.pk}/decide/",
        {"decisions": [reuse(one), {"item": other.pk, "decision": "reuse", "target": "made-up"}]},
    )

    one.refresh_from_db()
    assert response.status_code == 422
    assert one.decision == Decision.UNDECIDED


def test_decision_on_a_row_that_somebody_else_decided_is_a_conflict(operator_api, plan) -> None:
    item = PlanItemFactory(plan=plan)
    seen = {**reuse(item), "seen_batch": item.batch}
    operator_api.post(f"plans/{plan.pk}/decide/", {"decisions": [{"item": item.pk, "decision": "create"}]})

    response = operator_api.post(f"plans/{plan.pk}/decide/", {"decisions": [seen]})

    assert response.status_code == 409
    assert "Tim Teammate" in response.json()["detail"]


def test_item_of_another_plan_cannot_be_decided_here(operator_api, plan) -> None:
    foreign = PlanItemFactory()

    response = operator_api.post(f"plans/{plan.pk}/decide/", {"decisions": [reuse(foreign)]})

    foreign.refresh_from_db()
    assert response.status_code == 409
    assert foreign.decision == Decision.UNDECIDED


def test_item_named_twice_is_refused(operator_api, plan) -> None:
    item = PlanItemFactory(plan=plan)

    response = operator_api.post(f"plans/{plan.pk}/decide/", {"decisions": [reuse(item), reuse(item)]})

    assert response.status_code == 400
    assert "twice" in response.json()["errors"]["decisions"][0]


def test_exact_matches_are_accepted_at_once_and_taken_back_at_once(operator_api, plan) -> None:
    PlanItemFactory.create_batch(3, plan=plan)

    accepted = operator_api.post(f"plans/{plan.pk}/accept-exact/").json()
    undone = operator_api.post(f"plans/{plan.pk}/undo/").json()
    nothing = operator_api.post(f"plans/{plan.pk}/undo/")

    assert (len(accepted["changed"]), accepted["undecided_count"]) == (3, 0)
    assert (len(undone["changed"]), undone["undecided_count"]) == (3, 3)
    assert nothing.status_code == 422


@pytest.mark.parametrize("act", ["decide", "accept-exact", "undo", "refresh", "run"])
def test_viewer_and_stranger_may_not_act_on_a_plan(viewer_api, stranger_api, plan, act) -> None:
    item = PlanItemFactory(plan=plan)
    body = {"decisions": [reuse(item)]} if act == "decide" else None

    assert viewer_api.get(f"plans/{plan.pk}/").status_code == 200
    assert viewer_api.post(f"plans/{plan.pk}/{act}/", body).status_code == 403
    assert stranger_api.post(f"plans/{plan.pk}/{act}/", body).status_code == 404
    assert not Job.objects.exists()


def test_running_an_undecided_plan_is_refused_with_every_reason(operator_api, plan) -> None:
    PlanItemFactory(plan=plan)
    PlanItemFactory(plan=plan, missing_right=True)

    response = operator_api.post(f"plans/{plan.pk}/run/")

    assert response.status_code == 409
    assert response.json()["reasons"] == ["2 rows are undecided.", "1 object lacks a right in the target."]
    assert not Job.objects.exists()


def test_running_into_production_is_refused(operator_api, package) -> None:
    sandbox = SandboxFactory(organization=package.organization, production=True)
    plan = PlanFactory(promotion__package=package, promotion__target_sandbox=sandbox)

    response = operator_api.post(f"plans/{plan.pk}/run/")

    assert response.status_code == 409
    assert "It needs an approval by somebody else" in response.json()["reasons"][0]


def test_run_is_queued_once_and_the_second_call_names_the_job_of_the_first(operator_api, plan) -> None:
    PlanItemFactory(plan=plan, free=True)

    first = operator_api.post(f"plans/{plan.pk}/run/")
    second = operator_api.post(f"plans/{plan.pk}/run/")

    job = Job.objects.get()
    assert first.status_code == 202
    assert first["Location"] == first.json()["url"]
    assert second.status_code == 409
    assert second.json()["job"] == {"id": job.pk, "url": f"http://testserver/api/v1/jobs/{job.pk}/"}
    assert operator_api.get(f"plans/{plan.pk}/").json()["run_job"] == job.pk


def test_another_promotion_of_the_same_package_into_the_same_sandbox_is_told_of_the_running_import(
    operator_api, plan
) -> None:
    promotion = plan.promotion
    other = PlanFactory(promotion__package=promotion.package, promotion__target_sandbox=promotion.target_sandbox)
    running = operator_api.post(f"plans/{plan.pk}/run/").json()

    response = operator_api.post(f"plans/{other.pk}/run/")

    other.refresh_from_db()
    assert response.status_code == 409
    assert response.json()["job"]["id"] == running["id"]
    assert other.state == PlanState.OPEN


def test_refreshing_twice_answers_with_the_same_job(operator_api, plan) -> None:
    first = operator_api.post(f"plans/{plan.pk}/refresh/")
    second = operator_api.post(f"plans/{plan.pk}/refresh/")

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]


def test_frozen_plan_is_neither_refreshed_nor_decided(operator_api, plan) -> None:
    item = PlanItemFactory(plan=plan, free=True)
    operator_api.post(f"plans/{plan.pk}/run/")

    decided = operator_api.post(f"plans/{plan.pk}/decide/", {"decisions": [{"item": item.pk, "decision": "undecided"}]})

    assert operator_api.post(f"plans/{plan.pk}/refresh/").status_code == 409
    assert decided.status_code == 409


def test_plan_whose_run_is_over_names_that_run(operator_api, plan) -> None:
    run = JobFactory(
        plan=plan, promotion=plan.promotion, organization=plan.promotion.target_organization, succeeded=True
    )

    response = operator_api.post(f"plans/{plan.pk}/run/")

    assert response.status_code == 409
    assert response.json()["job"]["id"] == run.pk
    assert response.json()["reasons"] == runs.reasons_not_to_run(plan)
    assert Job.objects.get().state == JobState.SUCCEEDED
