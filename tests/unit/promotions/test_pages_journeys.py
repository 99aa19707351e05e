"""The list of journeys, and the page of one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, Sandbox, User
from promotions.choices import JobState, SourceState
from promotions.models import Job, Journey
from promotions.services.verbs import Verb
from promotions.systems.journeys import kinds
from tests.factories import MembershipFactory, OrganizationFactory, SandboxFactory
from tests.factories_journeys import (
    JourneyCopyFactory,
    JourneyFactory,
    JourneyReadingFactory,
    JourneyVersionFactory,
)
from tests.factories_promotions import JobFactory, PromotionFactory

LIST = reverse("promotions:journey-list")
SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
OUTLINE = {
    "name": "Welcome",
    "nodes": [
        {"id": "a", "name": "Member joined", "kind": "start", "sub_kind": "", "facts": {}},
        {"id": "b", "name": "Say hello", "kind": "action", "sub_kind": "email", "facts": {}},
    ],
    "edges": [{"source": "a", "target": "b", "label": ""}],
    "used": [{"type": "event", "uid": "e1", "name": "joined", "is_system": False, "facts": {}}],
    "start": "a",
}


@pytest.fixture
def browser(signed_in: SignIn, teammate: User) -> Client:
    return signed_in(teammate)


@pytest.fixture
def viewer(signed_in: SignIn, organization: Organization) -> Client:
    return signed_in(MembershipFactory(organization=organization, role=Role.VIEWER).user)


@pytest.fixture
def sandbox(organization: Organization) -> Sandbox:
    return SandboxFactory(organization=organization, name="dev")


def names(browser: Client, query: str = "") -> list[str]:
    response = browser.get(f"{LIST}?{query}")
    assert response.status_code == 200, response.status_code
    return [journey.name for journey in response.context["journeys"]]


def page_of(browser: Client, journey: Journey) -> str:
    response = browser.get(reverse("promotions:journey-detail", args=[journey.pk]))
    assert response.status_code == 200, response.status_code
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"Plain", "Live", "Broken", "Invalid"}),
        ("state=live", {"Live"}),
        ("state=vanished", {"Gone"}),
        ("sandbox=stage", {"Live"}),
        ("sandbox=no-longer-listed", set()),
        ("problem=yes", {"Broken", "Invalid"}),
        ("problem=no", {"Plain", "Live"}),
        ("q=GREETS+new", {"Plain"}),
        ("q=100%25", set()),
        ("q=plain+live", set()),
        ("since=2026-01-01&until=2026-01-31", {"Broken"}),
        ("organization=0", None),
        ("state=nonsense", None),
    ],
)
def test_each_filter_lets_through_what_it_names(
    browser: Client, sandbox: Sandbox, query: str, expected: set[str] | None
) -> None:
    stage = SandboxFactory(organization=sandbox.organization, name="stage")
    JourneyFactory(sandbox=sandbox, name="Plain", description="Greets a new member")
    JourneyFactory(sandbox=stage, name="Live", live=True)
    JourneyFactory(sandbox=sandbox, name="Broken", broken=True, sort_at=datetime(2026, 1, 15, tzinfo=UTC))
    JourneyFactory(sandbox=sandbox, name="Invalid", findings=[{"severity": "error", "text": "A step is empty."}])
    JourneyFactory(sandbox=sandbox, name="Gone", vanished=True)
    JourneyFactory(name="Of others")

    response = browser.get(f"{LIST}?{query}")

    if expected is None:
        assert response.status_code == 422
    else:
        assert {journey.name for journey in response.context["journeys"]} == expected


def test_pages_lead_through_all_rows_of_all_organizations_and_keep_the_filter(
    browser: Client, sandbox: Sandbox, teammate: User
) -> None:
    other = SandboxFactory(organization=OrganizationFactory(), name="dev")
    MembershipFactory(user=teammate, organization=other.organization, role=Role.VIEWER)
    for number in range(60):
        JourneyFactory(sandbox=other if number % 2 else sandbox, name=f"J {number:02}")
    JourneyFactory(sandbox=sandbox, name="J live", live=True)

    seen, url = [], f"{LIST}?state=draft&order=name"
    while url:
        response = browser.get(url)
        seen += [journey.name for journey in response.context["journeys"]]
        url = response.context["older_url"]

    assert seen == [f"J {number:02}" for number in range(60)]


def test_the_list_costs_as_many_queries_for_many_journeys_as_for_one(browser: Client, sandbox: Sandbox) -> None:
    counts = []
    for number in (1, 20):
        JourneyFactory.create_batch(number, sandbox=sandbox)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            browser.get(LIST)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_state_shows_our_word_and_tells_the_platform_s_on_hover(browser: Client, sandbox: Sandbox) -> None:
    JourneyFactory(sandbox=sandbox, state="live", raw_state="Redeployed")
    JourneyFactory(sandbox=sandbox, state="unknown", raw_state="Levitating")

    page = browser.get(LIST).content.decode()

    assert 'title="The platform says “Redeployed”"' in page
    assert ">Levitating<" in page


def test_a_part_of_the_filter_that_keeps_everything_out_can_be_dropped(browser: Client, sandbox: Sandbox) -> None:
    JourneyFactory(sandbox=sandbox)

    page = browser.get(f"{LIST}?state=live&problem=no").content.decode()

    assert "No journey fits the filter" in page
    assert "Drop “State: live”" in page
    assert "Drop “Without a problem”" not in page


def test_an_empty_list_says_that_it_may_be_a_wrong_sandbox(browser: Client, sandbox: Sandbox) -> None:
    JourneyReadingFactory(sandbox=sandbox, listed=0, retrieve=SourceState.NOT_THERE)

    page = " ".join(browser.get(LIST).content.decode().split())

    assert "it may be a wrong sandbox or a missing right rather than no journeys" in page
    assert "No journey came for dev." in page
    assert "The newer journeys API is not there for dev" in page


def test_synchronizing_asks_once_and_the_fragment_polls_until_it_is_over(
    browser: Client, viewer: Client, organization: Organization
) -> None:
    url = reverse("promotions:journey-synchronize", args=[organization.pk])

    first = browser.post(url, headers=HTMX).content.decode()
    browser.post(url, headers=HTMX)
    refused = viewer.post(url, headers=HTMX).status_code

    job = Job.objects.get(kind=kinds.SYNCHRONIZE)
    assert 'hx-trigger="every 1s"' in first
    assert refused == 403
    assert AuditEvent.objects.filter(verb=Verb.JOURNEYS_SYNCHRONIZATION_REQUESTED).count() == 2
    Job.objects.filter(pk=job.pk).update(
        state=JobState.SUCCEEDED_WITH_WARNINGS, finished_at=timezone.now(), problem="The list of dev ended early."
    )
    over = browser.get(reverse("promotions:journey-synchronization", args=[organization.pk]), headers=HTMX)
    assert "every 1s" not in over.content.decode()
    assert "The list of dev ended early." in over.content.decode()
    assert "journeys-changed" in over["HX-Trigger"]


def test_the_page_shows_versions_flow_uses_and_problems(browser: Client, sandbox: Sandbox) -> None:
    journey = JourneyFactory(
        sandbox=sandbox,
        name="Welcome",
        outline=OUTLINE,
        outline_read_at=timezone.now(),
        findings=[{"severity": "error", "text": "A step is empty."}],
        latest_version_uid="two",
        raw={"list": {"marker": "as it came"}},
    )
    JourneyVersionFactory(journey=journey, uid="one", version="1.0", state="closed", raw_state="closed")
    JourneyVersionFactory(journey=journey, uid="two", version="2.0")

    response = browser.get(reverse("promotions:journey-detail", args=[journey.pk]))

    page = " ".join(response.content.decode().split())
    assert [(row.version.uid, row.is_latest) for row in response.context["versions"]] == [("two", True), ("one", False)]
    assert "Say hello" in page
    assert "The latest version has 1 problem<" in page
    assert "which the platform refuses while the version has errors" in page
    assert "A step is empty." in page
    assert "As far as its steps tell." in page
    assert [(one.type, one.name) for one in response.context["used"]] == [("event", "joined")]
    assert "as it came" in page


def test_the_page_names_copies_and_what_it_is_a_copy_of(browser: Client, sandbox: Sandbox) -> None:
    stage = SandboxFactory(organization=sandbox.organization, name="stage")
    source = JourneyFactory(sandbox=sandbox, name="Welcome")
    copy = JourneyFactory(sandbox=stage, name="Welcome_copy")
    promotion = PromotionFactory(
        package=None,
        title="Welcome",
        job_name="Welcome",
        source_place="dev",
        system="journeys",
        source_organization=sandbox.organization,
        target_organization=sandbox.organization,
        target_sandbox=stage,
        pick_key=source.pick_key,
        pick={"version": "1.0"},
    )
    JourneyCopyFactory(
        job=JobFactory(organization=sandbox.organization),
        promotion=promotion,
        source_sandbox_name="dev",
        source_uid=source.uid,
        target_sandbox=stage,
        uid=copy.uid,
        name="Welcome_copy",
        problems=["The schema id of joined is not known there."],
    )

    of_source, of_copy = page_of(browser, source), page_of(browser, copy)

    assert "The schema id of joined is not known there." in of_source
    assert reverse("promotions:journey-detail", args=[copy.pk]) in of_source
    assert reverse("promotions:promotion-detail", args=[promotion.pk]) in of_source
    assert f'A copy of <a href="{reverse("promotions:journey-detail", args=[source.pk])}">Welcome</a>' in of_copy


def test_a_copy_in_an_organization_of_others_is_not_named(browser: Client, sandbox: Sandbox) -> None:
    source = JourneyFactory(sandbox=sandbox)
    elsewhere = SandboxFactory(name="theirs")
    promotion = PromotionFactory(
        package__organization=sandbox.organization,
        system="journeys",
        target_organization=elsewhere.organization,
        target_sandbox=elsewhere,
        pick_key=source.pick_key,
    )
    JourneyCopyFactory(
        job=JobFactory(organization=elsewhere.organization),
        promotion=promotion,
        source_organization=sandbox.organization,
        source_uid=source.uid,
        target_sandbox=elsewhere,
        name="Hidden copy",
    )

    page = page_of(browser, source)

    assert "Hidden copy" not in page
    assert "Nobody has planned to promote it yet." in page


@pytest.mark.parametrize(
    ("trait", "words"),
    [
        ("vanished", "It is no longer at the platform."),
        ("newer_only", "Only the newer API names it, which cannot export."),
    ],
)
def test_the_page_says_why_a_journey_cannot_be_promoted(
    browser: Client, sandbox: Sandbox, trait: str, words: str
) -> None:
    journey = JourneyFactory(sandbox=sandbox, **{trait: True})
    JourneyVersionFactory(journey=journey)

    page = page_of(browser, journey)

    assert words in page
    assert "Promote" not in page.split("<main", 1)[1].replace("Promotions", "")


def test_reading_again_asks_once_and_the_page_is_loaded_anew_at_its_end(browser: Client, sandbox: Sandbox) -> None:
    journey = JourneyFactory(sandbox=sandbox)
    url = reverse("promotions:journey-reading", args=[journey.pk])

    asked = browser.post(reverse("promotions:journey-read", args=[journey.pk]), headers=HTMX).content.decode()
    live = browser.get(url, headers=HTMX)
    Job.objects.filter(kind=kinds.READ_JOURNEY).update(state=JobState.FAILED, finished_at=timezone.now())
    over = browser.get(url, headers=HTMX)

    assert 'hx-trigger="every 1s"' in asked
    assert "HX-Refresh" not in live
    assert over["HX-Refresh"] == "true"
    assert "last reading failed" in page_of(browser, journey)


def test_freshness_is_told_and_only_operators_are_offered_buttons(
    browser: Client, viewer: Client, organization: Organization, sandbox: Sandbox
) -> None:
    JobFactory(
        organization=organization,
        kind=kinds.SYNCHRONIZE,
        marker=None,
        state=JobState.SUCCEEDED,
        finished_at=timezone.now() - timedelta(hours=2),
    )
    journey = JourneyFactory(sandbox=sandbox)

    pages = [browser.get(LIST).content.decode(), viewer.get(LIST).content.decode()]

    assert all("2 h ago" in page for page in pages)
    assert ["Synchronize<span" in page for page in pages] == [True, False]
    assert ["Read again" in page_of(one, journey) for one in (browser, viewer)] == [True, False]
