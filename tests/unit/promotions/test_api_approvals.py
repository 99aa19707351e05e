"""Approvals, groups and repeatable calls through the REST API."""

import pytest

from accounts.choices import Role
from accounts.models import IdempotentAnswer, Organization, User
from accounts.services import idempotency
from promotions.choices import ApprovalState, Decision
from promotions.models import Approval, Job, Promotion
from promotions.services import plans
from tests.factories import MembershipFactory, SandboxFactory, UserFactory
from tests.factories_promotions import (
    ApprovalFactory,
    JobFactory,
    PackageFactory,
    PlanFactory,
    PlanItemFactory,
    PromotionGroupFactory,
)
from tests.unit.promotions.api_client import ApiClient, ids

pytestmark = pytest.mark.django_db


@pytest.fixture
def approver_api(organization: Organization) -> ApiClient:
    user: User = UserFactory(full_name="Ada Approver")
    MembershipFactory(user=user, organization=organization, role=Role.APPROVER)
    return ApiClient(user)


@pytest.fixture
def approval(organization: Organization) -> Approval:
    made: Approval = ApprovalFactory(plan__promotion__package__organization=organization)
    return made


def production_plan(organization: Organization):
    return PlanFactory(
        promotion__package__organization=organization,
        promotion__target_sandbox=SandboxFactory(organization=organization, production=True),
    )


def test_an_approval_is_asked_for_given_and_used(operator_api, approver_api, organization) -> None:
    plan = production_plan(organization)
    assert operator_api.get(f"plans/{plan.pk}/").json()["approval_rule"].endswith("is production.")

    asked = operator_api.post(f"plans/{plan.pk}/approval/", {"note": "Release 7"})
    given = approver_api.post(
        f"approvals/{asked.json()['id']}/approve/",
        {"reason": "Seen.", "content_hash": asked.json()["content_hash"]},
    )
    run = operator_api.post(f"plans/{plan.pk}/run/")

    assert (asked.status_code, given.status_code, run.status_code) == (201, 200, 202)
    assert asked["Location"] == asked.json()["url"]
    assert (given.json()["state"], given.json()["reason"]) == ("approved", "Seen.")
    assert operator_api.get(f"plans/{plan.pk}/").json()["approval"] == asked.json()["id"]


def test_whoever_asked_is_refused_and_told_why(organization) -> None:
    admin = MembershipFactory(organization=organization, role=Role.ADMIN).user
    plan = production_plan(organization)
    api = ApiClient(admin)
    asked = api.post(f"plans/{plan.pk}/approval/").json()

    response = api.post(f"approvals/{asked['id']}/approve/")

    assert response.status_code == 403
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["detail"] == "You asked for this approval. Somebody else has to decide."
    assert asked["reason_not_to_decide"] == response.json()["detail"]
    assert Approval.objects.get().state == ApprovalState.PENDING


def test_a_refusal_without_a_reason_is_refused(approver_api, approval) -> None:
    response = approver_api.post(f"approvals/{approval.pk}/reject/", {"reason": ""})

    assert response.status_code == 400
    assert "reason" in response.json()["errors"]


def test_the_second_decision_is_a_conflict_that_names_the_first(approver_api, approval, organization) -> None:
    second = ApiClient(MembershipFactory(organization=organization, role=Role.APPROVER).user)
    approver_api.post(f"approvals/{approval.pk}/reject/", {"reason": "Not this week"})

    response = second.post(f"approvals/{approval.pk}/approve/")

    assert response.status_code == 409
    assert response.json()["detail"].startswith("Ada Approver has rejected it already: Not this week")


def test_another_content_than_the_one_looked_at_is_a_conflict(approver_api, approval) -> None:
    response = approver_api.post(f"approvals/{approval.pk}/approve/", {"content_hash": "f" * 64})

    assert response.status_code == 409


def test_a_request_is_withdrawn(operator_api, approval) -> None:
    response = operator_api.post(f"approvals/{approval.pk}/withdraw/", {"reason": "Later"})

    assert (response.status_code, response.json()["state"]) == (200, "withdrawn")


def test_the_list_can_be_narrowed_to_what_waits_for_me(approver_api, operator_api, approval, organization) -> None:
    ApprovalFactory(plan__promotion__package__organization=organization, late=True)
    ApprovalFactory(plan__promotion__package__organization=organization, state=ApprovalState.APPROVED)
    ApprovalFactory()

    assert ids(approver_api.get("approvals/", waiting_for_me="true")) == [approval.pk]
    assert ids(operator_api.get("approvals/", waiting_for_me="true")) == []
    assert len(ids(operator_api.get("approvals/"))) == 3
    assert len(ids(operator_api.get("approvals/", state="approved"))) == 1


def test_a_frozen_plan_is_opened_again_as_a_new_revision(operator_api, approval) -> None:
    response = operator_api.post(f"plans/{approval.plan_id}/change/")

    approval.refresh_from_db()
    assert (response.status_code, response.json()["revision"]) == (201, 2)
    assert approval.state == ApprovalState.VOID


# Groups


def test_several_targets_are_planned_decided_and_run_together(operator_api, organization) -> None:
    package = PackageFactory(organization=organization)
    stage = SandboxFactory(organization=organization, name="stage")
    prod = SandboxFactory(organization=organization, name="prod", production=True)

    made = operator_api.post("promotion-groups/", {"package": package.pk, "sandboxes": [stage.pk, prod.pk]})
    plans_made = [member.current_plan for member in Promotion.objects.order_by("target_sandbox__name")]
    for plan in plans_made:
        item = PlanItemFactory(plan=plan, key="REGISTRY_SCHEMA:1")
        type(plan).objects.filter(pk=plan.pk).update(state="open")
    Job.objects.all().delete()
    url = f"promotion-groups/{made.json()['id']}/"
    decided = operator_api.post(f"{url}decide/", {"act": "item", "key": item.key, "decision": "create"})
    outcomes = operator_api.post(f"{url}run/").json()["outcomes"]

    assert made.status_code == 201
    assert [member["target_sandbox"]["name"] for member in made.json()["promotions"]] == ["prod", "stage"]
    assert [outcome["changed"] for outcome in decided.json()["outcomes"]] == [1, 1]
    assert [(outcome["sandbox"], bool(outcome["approval"]), bool(outcome["job"])) for outcome in outcomes] == [
        ("prod", True, False),
        ("stage", False, True),
    ]


def test_an_item_act_without_its_item_is_refused(operator_api, organization) -> None:
    group = PromotionGroupFactory(package__organization=organization)

    response = operator_api.post(f"promotion-groups/{group.pk}/decide/", {"act": "item"})

    assert response.status_code == 400


def test_one_target_that_cannot_take_it_plans_none(operator_api, organization) -> None:
    package = PackageFactory(organization=organization)
    good, bad = SandboxFactory(organization=organization), SandboxFactory(organization=organization, state="deleted")

    response = operator_api.post("promotion-groups/", {"package": package.pk, "sandboxes": [good.pk, bad.pk]})

    assert response.status_code == 422
    assert bad.name in response.json()["detail"]
    assert not Promotion.objects.exists()


# Memory and repair


def test_remembered_decisions_are_shown_and_taken_only_when_asked(operator_api, organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization)
    item = PlanItemFactory(plan=plan)
    target = item.choices[0]["target"]
    item.remembered = {
        "decision": Decision.REUSE,
        "target": target,
        "by": "Ada",
        "at": "2026-11-01T10:00:00+00:00",
        "times": 3,
    }
    item.save()

    shown = operator_api.get(f"plans/{plan.pk}/items/").json()["results"][0]
    taken = operator_api.post(f"plans/{plan.pk}/take-remembered/")

    assert (shown["decision"], shown["remembered"]["times"]) == ("undecided", 3)
    assert taken.json()["undecided_count"] == 0


def test_the_offer_of_earlier_decisions_is_switched_off(operator_api, organization) -> None:
    promotion = PlanFactory(promotion__package__organization=organization).promotion

    response = operator_api._client.put(
        f"/api/v1/promotions/{promotion.pk}/memory/",
        {"is_memory_offered": False},
        content_type="application/json",
        **operator_api._headers,
    )

    assert response.json()["is_memory_offered"] is False


def test_what_did_not_fail_is_not_retried(operator_api, organization) -> None:
    job = JobFactory(organization=organization)

    response = operator_api.post(f"jobs/{job.pk}/retry-failed/")

    assert response.status_code == 422
    assert "cannot be retried" in response.json()["detail"]


# Repeatable calls


def keyed(api: ApiClient, path: str, key: str, body: dict[str, object] | None = None):
    return api._client.post(
        f"/api/v1/{path}",
        body or {},
        content_type="application/json",
        **api._headers,
        headers={"Idempotency-Key": key},
    )


def test_the_same_key_runs_a_plan_once_and_is_answered_the_same(operator_api, organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization)

    first = keyed(operator_api, f"plans/{plan.pk}/run/", "release-7")
    second = keyed(operator_api, f"plans/{plan.pk}/run/", "release-7")

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert second["Location"] == first["Location"]
    assert (first.headers.get("Idempotency-Replayed"), second["Idempotency-Replayed"]) == (None, "true")
    assert Job.objects.exclude(kind=plans.PLAN_KIND).count() == 1


def test_a_key_stands_for_one_call_only(operator_api, organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization)
    other = PlanFactory(promotion__package__organization=organization)
    keyed(operator_api, f"plans/{plan.pk}/run/", "release-7")

    response = keyed(operator_api, f"plans/{other.pk}/run/", "release-7")

    assert response.status_code == 422
    assert "was used for another call" in response.json()["detail"]
    assert Job.objects.exclude(kind=plans.PLAN_KIND).count() == 1


def test_a_refused_call_leaves_its_key_free(operator_api, organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization)
    item = PlanItemFactory(plan=plan)

    refused = keyed(operator_api, f"plans/{plan.pk}/run/", "release-7")
    operator_api.post(f"plans/{plan.pk}/decide/", {"decisions": [{"item": item.pk, "decision": "create"}]})
    accepted = keyed(operator_api, f"plans/{plan.pk}/run/", "release-7")

    assert (refused.status_code, accepted.status_code) == (409, 202)


def test_the_keys_of_two_people_do_not_meet(operator_api, approver_api, organization) -> None:
    first, second = (PlanFactory(promotion__package__organization=organization) for _ in range(2))

    answers = [
        keyed(operator_api, f"plans/{first.pk}/run/", "same"),
        keyed(approver_api, f"plans/{second.pk}/run/", "same"),
    ]

    assert [answer.status_code for answer in answers] == [202, 202]


@pytest.mark.parametrize("key", ["", "a" * 256, "smile \N{SLIGHTLY SMILING FACE}"])
def test_a_key_out_of_bounds_is_refused(operator_api, organization, key: str) -> None:
    plan = PlanFactory(promotion__package__organization=organization)

    response = keyed(operator_api, f"plans/{plan.pk}/run/", key)

    assert response.status_code == 400
    assert not IdempotentAnswer.objects.exists()


def test_old_answers_are_forgotten(operator_api, organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization)
    keyed(operator_api, f"plans/{plan.pk}/run/", "release-7")
    idempotency.forget_old()
    assert IdempotentAnswer.objects.exists()
    IdempotentAnswer.objects.update(created_at="2026-01-01T00:00:00Z")

    idempotency.forget_old()

    assert not IdempotentAnswer.objects.exists()
