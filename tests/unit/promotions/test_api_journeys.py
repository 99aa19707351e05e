"""Journeys over the REST API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Organization, Sandbox
from promotions.models import Job
from promotions.systems.journeys import kinds
from tests.factories import SandboxFactory
from tests.factories_journeys import JourneyFactory, JourneyVersionFactory
from tests.unit.promotions.api_client import ApiClient, ids

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
