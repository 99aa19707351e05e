"""The page that compares two versions of journeys."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, User
from promotions.choices import JobState
from promotions.models import Job, Journey
from promotions.services import documents
from promotions.services.verbs import Verb
from promotions.systems.journeys import kinds
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories_journeys import JourneyFactory, JourneyVersionFactory
from tests.unit.promotions.journey_documents import as_bytes, journey, step

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def compared(organization: Organization) -> Journey:
    """A journey with two versions."""
    made: Journey = JourneyFactory(
        sandbox__organization=organization, name="Welcome", latest_version_uid="v2", latest_version="2.0"
    )
    for number in (1, 2):
        JourneyVersionFactory(journey=made, uid=f"v{number}", version=f"{number}.0")
    return made


@pytest.fixture
def foreign(db: None) -> Journey:
    made: Journey = JourneyFactory(name="Greeting elsewhere", latest_version_uid="w1")
    return made


def person(*roles: tuple[Journey, Role]) -> User:
    user: User = UserFactory()
    for made, role in roles:
        MembershipFactory(user=user, organization=made.organization, role=role)
    return user


def address(made: Journey) -> str:
    return reverse("promotions:journey-compare", args=[made.pk])


def keep(made: Journey, uid: str, wait: str) -> None:
    content = as_bytes(journey(step("a", "start", "b"), step("b", "timer", delay=wait)))
    documents.keep(organization=made.organization, kind=kinds.EXPORT, remote_id=uid, content=content)


def test_without_a_choice_the_latest_version_is_compared_with_the_one_before(
    signed_in: SignIn, compared: Journey
) -> None:
    keep(compared, "v1", "PT1H")
    keep(compared, "v2", "PT2H")
    browser = signed_in(person((compared, Role.VIEWER)))

    response = browser.get(address(compared))

    text = response.content.decode()
    (changed,) = response.context["nodes"]
    assert [(change.old, change.new) for change in changed.changes] == [("PT1H", "PT2H")]
    assert "Version 1.0: read" in text
    assert "Read both" not in text
    assert "needs the role operator" in text


def test_reading_shows_its_progress_in_place_and_the_page_anew_at_its_end(signed_in: SignIn, compared: Journey) -> None:
    browser = signed_in(person((compared, Role.OPERATOR)))
    body = {"version": "v1", "with": f"{compared.pk}:v2"}

    asked = browser.post(address(compared), body, headers=HTMX)
    under_way = browser.get(address(compared), body, headers=HTMX)
    again = browser.post(address(compared), body)

    assert "hx-trigger" in asked.content.decode()
    assert "hx-trigger" in under_way.content.decode()
    assert again.status_code == 302
    job = Job.objects.get(kind=kinds.COMPARE)
    assert AuditEvent.objects.filter(verb=Verb.JOURNEY_COMPARISON_REQUESTED).count() == 2
    Job.objects.filter(pk=job.pk).update(state=JobState.SUCCEEDED)
    assert browser.get(address(compared), body, headers=HTMX)["HX-Refresh"] == "true"


@pytest.mark.parametrize(
    ("at_home", "there", "status"),
    [
        (Role.OPERATOR, Role.VIEWER, 302),
        (Role.VIEWER, Role.OPERATOR, 302),
        (Role.VIEWER, Role.VIEWER, 403),
        (Role.OPERATOR, None, 422),
    ],
)
def test_reading_across_organizations_needs_both_and_an_operator_of_one(
    signed_in: SignIn, compared: Journey, foreign: Journey, at_home: Role, there: Role | None, status: int
) -> None:
    user = person((compared, at_home), *([(foreign, there)] if there else []))
    MembershipFactory(user=user, organization=OrganizationFactory(), role=Role.OPERATOR)  # decides nothing here

    response = signed_in(user).post(address(compared), {"version": "v1", "with": f"{foreign.pk}:w1"})

    assert response.status_code == status
    operated = compared if at_home == Role.OPERATOR else foreign
    expected = [(operated.organization_id, f"Comparison of journey “{operated}”")] if status == 302 else []
    assert list(Job.objects.values_list("organization_id", "title")) == expected


@pytest.mark.parametrize(
    ("version", "other", "reason"),
    [
        ("v1", "{pk}:v1", "Both sides are the same version"),
        ("nonsense", "{pk}:v2", "not known here"),
        ("v1", "{pk}:nonsense", "not known here"),
        ("v1", "99999999999999999999:v1", "not known here"),
        ("v1", "\0²:v1", "not known here"),
        ("v1", "{foreign}:w1", "not known here"),
    ],
)
def test_sides_that_are_not_offered_are_refused_with_the_reason(
    signed_in: SignIn, compared: Journey, foreign: Journey, version: str, other: str, reason: str
) -> None:
    browser = signed_in(person((compared, Role.OPERATOR)))
    sides = {"version": version, "with": other.format(pk=compared.pk, foreign=foreign.pk)}

    shown = browser.get(address(compared), sides)
    asked = browser.post(address(compared), sides)

    assert (shown.status_code, asked.status_code) == (200, 422)
    for response in (shown, asked):
        assert reason in response.content.decode()
        assert foreign.name not in response.content.decode()
    assert not Job.objects.exists()


def test_other_journeys_are_found_where_the_person_may_read(
    signed_in: SignIn, compared: Journey, foreign: Journey
) -> None:
    here = JourneyFactory(sandbox=compared.sandbox, name="Greeting here")
    browser = signed_in(person((compared, Role.VIEWER)))

    found = browser.get(address(compared), {"find": "greeting \0"})

    assert [row["journey"] for row in found.context["found"]] == [here]
    followed = browser.get(address(compared) + found.context["found"][0]["url"])
    assert followed.context["pair"].after.side.uid == here.latest_version_uid


def test_the_page_takes_as_many_queries_for_many_journeys_as_for_one(signed_in: SignIn, compared: Journey) -> None:
    browser = signed_in(person((compared, Role.VIEWER)))
    numbers = []

    for _ in range(2):
        JourneyFactory.create_batch(4, sandbox=compared.sandbox, name="Greeting")
        with CaptureQueriesContext(connection) as queries:
            browser.get(address(compared), {"find": "greeting"})
        numbers.append(len(queries))

    assert numbers[0] == numbers[1]
