"""What needs me, saved views, counts and filters over the REST API."""

import pytest

from accounts.choices import Role
from promotions.choices import JobState
from promotions.models import Job, SavedView
from tests.factories import MembershipFactory, UserFactory
from tests.factories_promotions import (
    ApprovalFactory,
    JobEventFactory,
    JobFactory,
    PackageFactory,
    PlanFactory,
    PlanItemFactory,
    SavedViewFactory,
    TaskResultFactory,
)
from tests.factories_sharing import PartnershipFactory, SharingRequestFactory, TransferFactory
from tests.unit.promotions.api_client import ApiClient, ids

pytestmark = pytest.mark.django_db

BEFORE = {"decision": "create", "target": None, "by": "Ada", "at": "2026-11-01T00:00:00Z", "times": 2}


def test_what_needs_an_operator_is_told_and_nothing_of_others(operator_api, stranger_api, organization) -> None:
    job = JobFactory(organization=organization, unknown_outcome=True)

    found = operator_api.get("needs/").json()["results"]

    assert [(need["state"], need["url"]) for need in found] == [("needs_attention", f"/jobs/{job.pk}/")]
    assert found[0]["about"] == job.problem
    assert stranger_api.get("needs/").json() == {"results": []}


def test_what_others_ask_and_send_needs_those_who_can_do_something(operator_api, viewer_api, organization) -> None:
    approver = MembershipFactory(user=UserFactory(), organization=organization, role=Role.APPROVER).user
    partnership = PartnershipFactory(organization=organization)
    request = SharingRequestFactory(package__organization=organization)
    arrived = TransferFactory(incoming=True, organization=organization, completed=True)
    package = PackageFactory(organization=organization)
    type(arrived).objects.filter(pk=arrived.pk).update(package=package)

    of_approver = {need["url"] for need in ApiClient(approver).get("needs/").json()["results"]}
    of_operator = " ".join(need["url"] for need in operator_api.get("needs/").json()["results"])

    assert f"/sharing/partners/{partnership.pk}/" in of_approver
    assert {f"/approvals/{request.approvals.get().pk}/", f"/sharing/{request.pk}/"} & of_approver
    assert f"/packages/{package.pk}/" in of_operator
    assert "/sharing/partners/" not in of_operator
    assert viewer_api.get("needs/").json()["results"] == []


def test_states_are_counted_within_the_filter(operator_api, organization) -> None:
    JobFactory.create_batch(2, organization=organization, succeeded=True)
    JobFactory(organization=organization, unknown_outcome=True)
    JobFactory(succeeded=True)  # somebody else's

    states = operator_api.get("jobs/counts/", organization=organization.pk).json()["states"]

    assert {row["state"]: row["number"] for row in states if row["number"]} == {"succeeded": 2, "needs_attention": 1}
    assert len(states) == len(JobState)


def test_counts_refuse_what_could_mean_reading_all_jobs(operator_api) -> None:
    assert operator_api.get("jobs/counts/", kind="packages.import").status_code == 400


# Saved views


def test_view_is_saved_renamed_listed_and_deleted(operator_api, teammate) -> None:
    made = operator_api.post("job-views/", {"name": "Failed", "query": "when=7d&state=failed"}).json()
    renamed = operator_api.patch(f"job-views/{made['id']}/", {"name": "Failed lately"}).json()
    listed = operator_api.get("job-views/").json()["results"]
    deleted = operator_api.delete(f"job-views/{made['id']}/")

    assert made["page"] == "/jobs/?state=failed&when=7d"  # in the order of the form: equal filters, equal addresses
    assert renamed["name"] == "Failed lately"
    assert listed == [renamed]
    assert deleted.status_code == 204
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("query", "word"), [("state=nonsense", "state"), ("naam=x", "naam"), ("routine=", "filter"), ("", "blank")]
)
def test_view_of_no_filter_of_the_list_is_refused(operator_api, query: str, word: str) -> None:
    refused = operator_api.post("job-views/", {"name": "Odd", "query": query})

    assert refused.status_code == 400
    assert word in refused.json()["errors"]["query"][0]
    assert not SavedView.objects.exists()


def test_views_of_somebody_else_are_not_there(operator_api) -> None:
    view = SavedViewFactory()

    answers = [
        operator_api.patch(f"job-views/{view.pk}/", {"name": "Mine"}).status_code,
        operator_api.delete(f"job-views/{view.pk}/").status_code,
    ]

    assert answers == [404, 404]
    assert operator_api.get("job-views/").json()["results"] == []


# Parts of a job, a plan, an approval


def test_job_tells_what_is_known_where_its_outcome_is_not(operator_api, organization) -> None:
    unsure = JobFactory(organization=organization, unknown_outcome=True, result={"candidates": ["remote-9"]})
    certain = JobFactory(organization=organization, succeeded=True)

    attention = operator_api.get(f"jobs/{unsure.pk}/").json()["attention"]

    assert [found["remote_id"] for found in attention["candidates"]] == ["remote-9"]
    assert (attention["why_no_adopt"], attention["why_no_retry"]) == ("", "")
    assert attention["why_no_resume"]
    assert operator_api.get(f"jobs/{certain.pk}/").json()["attention"] is None


def test_results_and_events_can_be_narrowed(operator_api, organization) -> None:
    job: Job = JobFactory(organization=organization, succeeded=True)
    failed = TaskResultFactory(job=job, outcome="failed", verification="contradicted")
    TaskResultFactory(job=job)
    warning = JobEventFactory(job=job, severity="warning")
    JobEventFactory(job=job)

    assert ids(operator_api.get(f"jobs/{job.pk}/results/", outcome="failed")) == [failed.pk]
    assert ids(operator_api.get(f"jobs/{job.pk}/results/", verification="contradicted")) == [failed.pk]
    assert ids(operator_api.get(f"jobs/{job.pk}/events/", severity="warning")) == [warning.pk]
    assert operator_api.get(f"jobs/{job.pk}/results/", outcome="fine").status_code == 400


def test_items_that_were_decided_before_are_found(operator_api, organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization)
    known = PlanItemFactory(plan=plan, remembered=BEFORE)
    new = PlanItemFactory(plan=plan)

    assert ids(operator_api.get(f"plans/{plan.pk}/items/", remembered="true")) == [known.pk]
    assert ids(operator_api.get(f"plans/{plan.pk}/items/", remembered="false")) == [new.pk]


def test_promotions_are_listed_with_their_standing(operator_api, organization) -> None:
    opened = PlanFactory(promotion__package__organization=organization).promotion
    asked = ApprovalFactory(plan__promotion__package__organization=organization).plan.promotion

    rows = operator_api.get("promotions/").json()["results"]

    assert {row["id"]: row["state"] for row in rows} == {opened.pk: "open", asked.pk: "awaiting_approval"}


def test_approval_tells_what_has_to_be_known_to_decide(organization) -> None:
    approver = MembershipFactory(user=UserFactory(), organization=organization, role=Role.APPROVER).user
    approval = ApprovalFactory(plan__promotion__package__organization=organization, note="Wanted by Monday")
    made = PlanItemFactory(plan=approval.plan, decision="create", title="Loyalty members")

    found = ApiClient(approver).get(f"approvals/{approval.pk}/").json()

    assert found["cannot_be_undone"] == {
        "number": 1,
        "objects": [str(made)],
        "confirmations": [],
        "sentences": [
            f"1 object will be created new in {made.plan.promotion.target_sandbox.name}, and the platform offers no "
            "way back:"
        ],
    }
    assert (found["sharing_request"], found["sharing_request_url"]) == (None, None)
    assert found["impact"]["types"][0]["number"] == 1
    assert found["time_line"][-1]["detail"] == "Wanted by Monday"
    assert found["items_url"].endswith(f"/plans/{approval.plan_id}/items/")
    assert found["reason_not_to_decide"] == ""


def test_earlier_decisions_are_taken_for_the_named_items_only(operator_api, organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization)
    first, second = (PlanItemFactory(plan=plan) for _ in range(2))
    for item in (first, second):
        item.remembered = {**BEFORE, "decision": "reuse", "target": item.choices[0]["target"]}
        item.save()
    create = {"item": second.pk, "decision": "create", "is_remembered": True}

    taken = operator_api.post(f"plans/{plan.pk}/take-remembered/", {"items": [first.pk]})
    again = operator_api.post(f"plans/{plan.pk}/take-remembered/", {"items": [first.pk]})
    untrue = operator_api.post(f"plans/{plan.pk}/decide/", {"decisions": [create]})

    assert [row["id"] for row in taken.json()["changed"]] == [first.pk]
    assert again.status_code == 422  # nothing is left to take
    assert untrue.status_code in (409, 422)  # it was remembered otherwise
    second.refresh_from_db()
    assert second.is_undecided


def test_item_of_a_retry_says_what_became_of_it_before(operator_api, organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization)
    PlanItemFactory(plan=plan, earlier={"job": 7, "outcome": "failed", "text": "Failed in job 7."})

    shown = operator_api.get(f"plans/{plan.pk}/items/").json()["results"][0]

    assert shown["earlier"] == {"job": 7, "outcome": "failed", "text": "Failed in job 7.", "target": None}


# Dependencies


def test_dependencies_are_told_as_last_read_and_read_anew_on_demand(operator_api, viewer_api, organization) -> None:
    node = {"key": "REGISTRY_SCHEMA:a", "type": "REGISTRY_SCHEMA", "id": "a", "title": "A", "depth": 0}
    never = PackageFactory(organization=organization)
    read = PackageFactory(
        organization=organization,
        dependencies={"nodes": [node], "children": {node["key"]: []}, "is_cut": False},
        dependencies_read_at="2026-11-01T00:00:00Z",
    )

    assert operator_api.get(f"packages/{never.pk}/dependencies/").json()["read_at"] is None
    assert viewer_api.get(f"packages/{read.pk}/dependencies/").json()["nodes"] == [node]
    assert viewer_api.post(f"packages/{read.pk}/dependencies/").status_code == 403
    started = operator_api.post(f"packages/{read.pk}/dependencies/")
    assert started.status_code == 202
    assert started["Location"].endswith(f"/jobs/{started.json()['id']}/")
