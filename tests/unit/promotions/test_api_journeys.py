"""Journeys over the REST API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Organization, Sandbox
from promotions.models import Job
from promotions.services import documents
from promotions.systems.journeys import kinds
from tests.factories import SandboxFactory
from tests.factories_journeys import JourneyFactory, JourneyVersionFactory
from tests.unit.promotions.api_client import ApiClient, ids
from tests.unit.promotions.journey_documents import as_bytes, step
from tests.unit.promotions.journey_documents import journey as exported

pytestmark = pytest.mark.django_db


@pytest.fixture
def sandbox(organization: Organization) -> Sandbox:
    return SandboxFactory(organization=organization, name="dev")


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, {"plain", "live", "broken"}),
        ({"state": "live"}, {"live"}),
        ({"sandbox_name": "stage"}, {"live"}),
        ({"problem": "true"}, {"broken"}),
        ({"problem": "false"}, {"plain", "live"}),
        ({"q": "pla"}, {"plain"}),
        ({"vanished": "true"}, {"plain", "live", "broken", "gone"}),
        ({"modified_before": "2020-01-01T00:00:00Z"}, set()),
    ],
)
def test_the_list_can_be_narrowed(
    operator_api: ApiClient, sandbox: Sandbox, query: dict[str, str], wanted: set[str]
) -> None:
    stage = SandboxFactory(organization=sandbox.organization, name="stage")
    made = {
        "plain": JourneyFactory(sandbox=sandbox, name="Plain"),
        "live": JourneyFactory(sandbox=stage, name="Live", live=True),
        "broken": JourneyFactory(sandbox=sandbox, name="Broken", broken=True),
        "gone": JourneyFactory(sandbox=sandbox, name="Gone", vanished=True),
    }
    JourneyFactory()

    response = operator_api.get("journeys/", **query)

    assert response.status_code == 200, response.content
    assert set(ids(response)) == {made[name].pk for name in wanted}


def test_an_unknown_filter_is_refused(operator_api: ApiClient) -> None:
    assert operator_api.get("journeys/", status="live").status_code == 400


def test_one_journey_tells_versions_states_and_what_it_uses(operator_api: ApiClient, sandbox: Sandbox) -> None:
    journey = JourneyFactory(
        sandbox=sandbox,
        latest_version_uid="v1",
        uses=[{"type": "event", "uid": "e", "name": "joined", "is_system": False, "facts": {}}],
        problem="It is listed, but cannot be read.",
    )
    JourneyVersionFactory(journey=journey, uid="v1", state="live", raw_state="deployed")

    detail = operator_api.get(f"journeys/{journey.pk}/").json()
    [version] = operator_api.get(f"journeys/{journey.pk}/versions/").json()

    assert (detail["state"], detail["raw_state"], detail["has_problem"]) == ("draft", "updated", True)
    assert detail["uses"] == [{"type": "event", "uid": "e", "name": "joined", "is_system": False}]
    assert detail["is_use_complete"] is True
    assert detail["copies"] == detail["origins"] == []
    assert (version["uid"], version["state"], version["raw_state"], version["is_latest"]) == (
        "v1",
        "live",
        "deployed",
        True,
    )


def test_the_list_costs_as_many_queries_for_many_as_for_one(operator_api: ApiClient, sandbox: Sandbox) -> None:
    counts = []
    operator_api.get("journeys/")  # the first call notes that the token was used
    for number in (1, 20):
        JourneyFactory.create_batch(number, sandbox=sandbox)
        with CaptureQueriesContext(connection) as queries:
            operator_api.get("journeys/")
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_reading_and_synchronizing_start_jobs_and_answer_with_those_under_way(
    operator_api: ApiClient, sandbox: Sandbox
) -> None:
    journey = JourneyFactory(sandbox=sandbox)

    answers = [
        operator_api.post(path)
        for path in (
            f"journeys/{journey.pk}/read/",
            f"journeys/{journey.pk}/read/",
            f"organizations/{sandbox.organization_id}/synchronize-journeys/",
        )
    ]

    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert set(Job.objects.values_list("kind", flat=True)) == {kinds.READ_JOURNEY, kinds.SYNCHRONIZE}


def test_two_versions_can_be_read_and_compared(operator_api: ApiClient, sandbox: Sandbox) -> None:
    journey = JourneyFactory(sandbox=sandbox, latest_version_uid="v2", latest_version="2.0")
    for number in (1, 2):
        JourneyVersionFactory(journey=journey, uid=f"v{number}", version=f"{number}.0")
    address = f"journeys/{journey.pk}/compare/"

    unread = operator_api.get(address)
    asked = operator_api.post(address, {"version": "v1", "with_version": "v2"})
    again = operator_api.post(address, {})
    for number, wait in ((1, "PT1H"), (2, "PT2H")):
        content = as_bytes(exported(step("a", "start", "b"), step("b", "timer", delay=wait)))
        documents.keep(organization=sandbox.organization, kind=kinds.EXPORT, remote_id=f"v{number}", content=content)
    read = operator_api.get(address, version="v1", with_journey=str(journey.pk), with_version="v2")

    assert (unread.status_code, asked.status_code, read.status_code) == (200, 202, 200), read.content
    assert unread.json()["differences"] is None
    assert again.json()["id"] == asked.json()["id"] == read.json()["job"]["id"]
    assert Job.objects.get().kind == kinds.COMPARE
    assert [side["version_uid"] for side in (read.json()["before"], read.json()["after"])] == ["v1", "v2"]
    (changed,) = read.json()["differences"]["steps"]
    assert changed["kind"] == "changed"
    assert [(change["old"], change["new"]) for change in changed["changes"]] == [("PT1H", "PT2H")]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"version": "v1", "with_version": "v1"}, "with_version"),
        ({"version": "v1"}, "with_journey"),
        ({"version": "nonsense", "with_version": "v1"}, "version"),
        ({"version": "v1", "with_version": "nonsense"}, "with_version"),
        ({"version": "v1", "with_journey": 0}, "with_journey"),
    ],
)
def test_a_comparison_names_what_is_wrong_with_its_sides(
    operator_api: ApiClient, sandbox: Sandbox, asked: dict[str, object], field: str
) -> None:
    journey = JourneyFactory(sandbox=sandbox, latest_version_uid="v1")
    foreign = JourneyFactory()
    address = f"journeys/{journey.pk}/compare/"
    body = {**asked, "with_journey": foreign.pk} if "with_journey" in asked else asked

    responses = [operator_api.post(address, body), operator_api.get(address, **{k: str(v) for k, v in body.items()})]

    for response in responses:
        assert response.status_code == 422, response.content
        assert field in response.json()["errors"]
    assert not Job.objects.exists()
