"""Promotions of journeys over the REST API: planned, filled in, and what became of them."""

import json
from typing import Any

import pytest

from accounts.models import AuditEvent, IdempotentAnswer, Organization, Sandbox, StoredValue
from promotions.choices import Decision, ItemInput, ItemKind, JobState
from promotions.models import Job, Journey, Plan, Promotion, SealedValue
from promotions.services import plans, sealed_values
from promotions.services.verbs import Verb
from promotions.systems.base import Choice, Gathered, ItemDraft
from promotions.systems.journeys import kinds
from promotions.systems.stored import stored_choices
from tests.factories import SandboxFactory, StoredValueFactory, api_headers
from tests.factories_journeys import JourneyCopyFactory, JourneyFactory, JourneyVersionFactory
from tests.factories_promotions import JobFactory, PackageFactory, PlanFactory, PromotionFactory
from tests.unit.promotions.api_client import ApiClient, ids

pytestmark = pytest.mark.django_db

SECRET = "a-Secret-of-the-target-1827"
PASSWORD = "secret:custom action:crm:authentication/password"


@pytest.fixture
def journey(organization: Organization) -> Journey:
    """Two versions; the second is the latest."""
    made = JourneyFactory(
        sandbox__organization=organization,
        sandbox__name="dev",
        name="Welcome",
        latest_version_uid="v2",
        latest_version="2.0",
    )
    JourneyVersionFactory(journey=made, uid="v1", version="1.0")
    JourneyVersionFactory(journey=made, uid="v2", version="2.0")
    return made


@pytest.fixture
def stage(organization: Organization) -> Sandbox:
    return SandboxFactory(organization=organization, name="stage")


@pytest.fixture
def stored(organization: Organization) -> StoredValue:
    return StoredValueFactory(organization=organization, name="SMS key")


@pytest.fixture
def plan(operator_api: ApiClient, journey: Journey, stage: Sandbox, stored: StoredValue) -> Plan:
    """Planned by REST; two secrets and the name of a template have to be filled in."""
    made = operator_api.post("promotions/", {"journey": journey.pk, "sandbox": stage.pk}).json()
    found = Plan.objects.get(pk=made["current_plan"]["id"])
    offered = stored_choices(found.promotion)
    items = [
        _draft(PASSWORD, "Secret", ItemInput.SECRET, offered),
        _draft("secret:two", "Secret", ItemInput.SECRET, offered),
        _draft("template:en", "Template name", ItemInput.TEXT, [Choice(Decision.KEEP, None, "Same name", "")]),
    ]
    plans.store_facts(found, Gathered(facts={"content": "digest"}, items=items))
    found.refresh_from_db()
    return found


def _draft(key: str, type_name: str, typed: ItemInput, choices: Any) -> ItemDraft:
    return ItemDraft(
        key=key,
        kind=ItemKind.VALUE,
        type=type_name,
        title=f"title of {key}",
        input=typed,
        details={"where": f"custom action SMS, {key}", "pointers": ["/a"]},
        choices=choices,
        must_decide=True,
    )


@pytest.mark.parametrize(("said", "wanted"), [({}, "v2"), ({"version": "1.0"}, "v1"), ({"version": "v1"}, "v1")])
def test_a_version_is_planned_by_its_id_or_number_and_otherwise_the_latest(
    operator_api: ApiClient, journey: Journey, stage: Sandbox, said: dict[str, str], wanted: str
) -> None:
    response = operator_api.post("promotions/", {"journey": journey.pk, "sandbox": stage.pk, **said})

    found = response.json()
    assert response.status_code == 201
    assert (found["system"], found["package"], found["pick"]["journey"]) == ("journeys", None, journey.pk)
    assert found["pick"]["version_uid"] == wanted
    assert found["current_plan"]["state"] == "gathering"


def test_several_targets_are_planned_together(operator_api: ApiClient, journey: Journey, stage: Sandbox) -> None:
    test = SandboxFactory(organization=stage.organization, name="test")

    response = operator_api.post(
        "promotion-groups/", {"journey": journey.pk, "version": "1.0", "sandboxes": [stage.pk, test.pk]}
    )

    members = response.json()["promotions"]
    assert response.status_code == 201
    assert [member["target_sandbox"]["name"] for member in members] == ["stage", "test"]
    assert {member["pick"]["version_uid"] for member in members} == {"v1"}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "non_field_errors"),
        ({"journey": "own", "package": "own"}, 400, "non_field_errors"),
        ({"package": "own", "version": "1.0"}, 400, "version"),
        ({"journey": "own", "mode": "update"}, 400, "mode"),
        ({"journey": "own", "job_name": "Welcome"}, 400, "job_name"),
        ({"journey": "own", "version": "9.0"}, 422, "version"),
        ({"journey": "own", "version": "7.0"}, 422, "version"),
        ({"journey": "foreign"}, 422, "journey"),
    ],
)
def test_what_cannot_be_promoted_is_refused_at_the_field(
    operator_api: ApiClient, journey: Journey, stage: Sandbox, body: dict[str, str], status: int, field: str
) -> None:
    for uid in ("v3", "v4"):
        JourneyVersionFactory(journey=journey, uid=uid, version="7.0")
    known = {
        ("journey", "own"): journey.pk,
        ("journey", "foreign"): JourneyFactory().pk,
        ("package", "own"): PackageFactory(organization=stage.organization).pk,
    }
    source = {name: known.get((name, value), value) for name, value in body.items()}

    alone = operator_api.post("promotions/", {**source, "sandbox": stage.pk})
    together = operator_api.post("promotion-groups/", {**source, "sandboxes": [stage.pk]})

    assert (alone.status_code, list(alone.json()["errors"])) == (status, [field])
    assert together.json()["errors"] == alone.json()["errors"]
    assert not Promotion.objects.exists()


def test_promotions_are_narrowed_by_system_and_by_journey(
    operator_api: ApiClient, plan: Plan, journey: Journey, organization: Organization
) -> None:
    of_package = PlanFactory(promotion__package__organization=organization)
    other = JourneyFactory(sandbox=journey.sandbox)

    found = {
        query: ids(operator_api.get(f"promotions/?{query}"))
        for query in ("system=journeys", "system=packages", f"journey={journey.pk}", f"journey={other.pk}")
    }

    assert list(found.values()) == [[plan.promotion_id], [of_package.promotion_id], [plan.promotion_id], []]


def test_the_journey_tells_where_it_can_go(operator_api: ApiClient, journey: Journey, stage: Sandbox) -> None:
    found = operator_api.get(f"journeys/{journey.pk}/").json()

    assert [target["name"] for target in found["target_sandboxes"]] == ["stage"]
    assert found["why_no_promotion"] == ""


def test_values_are_filled_in_kept_and_taken_from_store_and_no_secret_comes_back(
    operator_api: ApiClient, teammate: Any, client: Any, plan: Plan, stored: StoredValue
) -> None:
    shown = {item["key"]: item for item in operator_api.get(f"plans/{plan.pk}/items/").json()["results"]}
    offered = shown["secret:two"]["choices"][0]["target"]
    body = {
        "decisions": [
            {"item": shown[PASSWORD]["id"], "decision": "fill", "value": SECRET},
            {"item": shown["secret:two"]["id"], "decision": "reuse", "target": offered["id"]},
            {"item": shown["template:en"]["id"], "decision": "keep"},
        ]
    }
    call = {
        "path": f"/api/v1/plans/{plan.pk}/decide/",
        "data": body,
        "content_type": "application/json",
        "HTTP_IDEMPOTENCY_KEY": "fill-1",
        **api_headers(teammate),
    }

    first, again = client.post(**call), client.post(**call)
    later = operator_api.get(f"plans/{plan.pk}/items/")

    assert (first.status_code, first.json()["undecided_count"]) == (200, 0)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (offered["type"], offered["title"]) == ("stored_value", "SMS key")
    assert [shown[PASSWORD][name] for name in ("input", "is_undecided")] == ["secret", True]
    assert shown["template:en"]["details"]["where"] == "custom action SMS, template:en"
    decided = {item["key"]: (item["decision"], (item["target"] or {}).get("title")) for item in later.json()["results"]}
    assert decided == {
        PASSWORD: ("fill", "typed secret"),
        "secret:two": ("reuse", "SMS key"),
        "template:en": ("keep", None),
    }
    kept = json.dumps(list(IdempotentAnswer.objects.values_list("body", flat=True)))
    for text in (first.content.decode(), again.content.decode(), later.content.decode(), kept):
        assert SECRET not in text
    sealed = SealedValue.objects.get()
    line = AuditEvent.objects.get(verb=Verb.ITEMS_DECIDED)
    assert line.details["decisions"] == [
        {"item": PASSWORD, "decision": "fill", "target": sealed.digest, "title": "typed secret"},
        {"item": "secret:two", "decision": "reuse", "target": offered["id"], "title": "SMS key"},
        {"item": "template:en", "decision": "keep", "target": None},
    ]
    assert sealed_values.value_of(plan.promotion, sealed.digest) == SECRET


@pytest.mark.parametrize(
    ("key", "verdict", "complaint"),
    [
        (PASSWORD, {"decision": "fill"}, "Type the value"),
        (PASSWORD, {"decision": "fill", "value": "INSERT_SECRET_HERE"}, "Type the secret itself."),
        (PASSWORD, {"decision": "reuse", "target": "stored-999-x"}, "not offered"),
        (PASSWORD, {"decision": "keep"}, "not offered"),
        ("template:en", {"decision": "fill", "value": "a\nb"}, "line break"),
    ],
)
def test_what_cannot_be_filled_in_leaves_all_as_it_was(
    operator_api: ApiClient, plan: Plan, key: str, verdict: dict[str, str], complaint: str
) -> None:
    item = plan.items.get(key=key)
    good = {"item": plan.items.get(key="secret:two").pk, "decision": "fill", "value": SECRET}

    response = operator_api.post(f"plans/{plan.pk}/decide/", {"decisions": [good, {"item": item.pk, **verdict}]})

    assert response.status_code == 422
    assert complaint in response.json()["detail"]
    assert not plan.items.exclude(decision=Decision.UNDECIDED).exists()
    assert not SealedValue.objects.exists()


def test_the_import_has_no_name_to_change(operator_api: ApiClient, plan: Plan) -> None:
    response = operator_api.patch(f"promotions/{plan.promotion_id}/", {"job_name": "Other"})

    assert response.status_code == 422
    assert Promotion.objects.get().job_name == "Welcome"


def test_running_the_same_version_into_the_same_sandbox_names_the_job_that_does_it(
    operator_api: ApiClient, plan: Plan
) -> None:
    plan.items.all().delete()
    other = PlanFactory(
        promotion=PromotionFactory(
            package=None,
            system="journeys",
            title="Welcome",
            job_name="Welcome",
            source_place="dev",
            source_organization=plan.promotion.source_organization,
            target_organization=plan.promotion.target_organization,
            target_sandbox=plan.promotion.target_sandbox,
            pick=plan.promotion.pick,
        )
    )
    running = operator_api.post(f"plans/{plan.pk}/run/").json()

    response = operator_api.post(f"plans/{other.pk}/run/")

    assert response.status_code == 409
    assert response.json()["job"]["id"] == running["id"]
    assert Job.objects.get(kind=kinds.IMPORT).state == JobState.QUEUED


def test_copies_are_listed_and_noted_as_published(
    operator_api: ApiClient, viewer_api: ApiClient, stranger_api: ApiClient, plan: Plan, journey: Journey
) -> None:
    job = JobFactory(organization=journey.organization, promotion=plan.promotion, plan=plan)
    made = {"type": "event", "name": "joined", "uid": "e1", "new_uid": "e2", "new_name": "joined_copy"}
    copy = JourneyCopyFactory(
        job=job, promotion=plan.promotion, target_sandbox=plan.promotion.target_sandbox, source_uid=journey.uid,
        objects_made=[made],
    )  # fmt: skip
    JourneyCopyFactory(job=JobFactory(), promotion=PromotionFactory())
    url = f"journey-copies/{copy.pk}/"

    def put(api: ApiClient) -> Any:
        return api.put(f"{url}published/", {"is_published": True})

    before = [ids(operator_api.get("journey-copies/", **query)) for query in ({}, {"published": "true"})]
    answers = [put(api).status_code for api in (stranger_api, viewer_api, operator_api)]
    again = put(operator_api)
    found = [
        ids(operator_api.get("journey-copies/", **{name: value}))
        for name, value in (("published", "true"), ("journey", journey.pk), ("job", job.pk), ("sandbox", 10**9))
    ]

    assert before == [[copy.pk], []]
    assert answers == [404, 403, 200]
    assert (again.status_code, again.json()["published_by"]["name"]) == (200, "Tim Teammate")
    assert found == [[copy.pk], [copy.pk], [copy.pk], []]
    detail = operator_api.get(url).json()
    assert (detail["objects_made"], detail["published_at"] is None) == ([made], False)
    assert operator_api.get(f"journeys/{journey.pk}/").json()["copies"][0]["url"].endswith(url)
