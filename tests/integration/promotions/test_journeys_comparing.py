"""Comparing versions of journeys, and copies with their source, against the emulator."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, User
from promotions import journey_sides
from promotions.choices import Decision, JobState
from promotions.journey_sides import Pair, Side
from promotions.models import Job, Journey, JourneyCopy, Plan, RemoteDocument
from promotions.services import decisions, jobs, journey_comparisons, journey_plans, plans, runs
from promotions.services.decisions import Verdict
from promotions.services.verbs import Verb
from promotions.systems.journeys.synchronizing import SynchronizeJourneys
from tests.factories import MembershipFactory, UserFactory
from tests.integration.promotions.conftest import Platform, connect_organization, sandbox_of

NO_SECRETS = "Store opening invitation"
SEVERAL_VERSIONS = "Welcome series"
INVALID = "SMS opt-in check"

Drive = Callable[[Job], Job]
Read = Callable[[Side, Side], Job]


@pytest.fixture
def journeys_read(acme: Organization, operator: User, drive: Drive) -> Organization:
    drive(jobs.queue_once(kind=SynchronizeJourneys.kind, title="Journeys", organization=acme, actor=operator))
    return acme


@pytest.fixture
def read(operator: User, drive: Drive) -> Read:
    def both(before: Side, after: Side) -> Job:
        return drive(journey_comparisons.request_comparison(before=before, after=after, actor=operator))

    return both


def journey_of(organization: Organization, name: str, sandbox: str = "dev") -> Journey:
    return Journey.objects.get(organization=organization, sandbox__name=sandbox, name=name)


def side(journey: Journey, uid: str = "") -> Side:
    found = journey_sides.side_of(journey, uid)
    assert found is not None
    return found


def earliest(journey: Journey) -> Side:
    return side(journey, journey.versions.order_by("sort_key")[0].uid)


def page_of(client: Client, pair: Pair, **query: str) -> Any:
    asked = {"version": pair.before.side.uid, "with": pair.after.side.key, **query}
    return client.get(reverse("promotions:journey-compare", args=[pair.before.side.journey.pk]), asked)


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_two_versions_show_the_steps_that_were_changed(
    journeys_read: Organization, operator: User, client: Client, read: Read, platform: Platform
) -> None:
    client.force_login(operator)
    journey = journey_of(journeys_read, SEVERAL_VERSIONS)
    before, after = earliest(journey), side(journey)
    assert "Not read yet" in text_of(page_of(client, journey_sides.pair_of(before, after)))

    job = read(before, after)

    assert job.state == JobState.SUCCEEDED, job.problem
    response = page_of(client, journey_sides.pair_of(before, after))
    assert response.context["comparison"].different_nodes
    assert response.context["before_picture"].boxes
    assert "Raw JSON of both" in text_of(response)
    assert platform.effects("journeys.import") == 0
    assert {row["method"] for row in platform.requests() if row["path"].endswith("/export")} == {"GET"}
    assert AuditEvent.objects.filter(verb=Verb.JOURNEY_COMPARISON_REQUESTED).count() == 1


def test_a_copy_differs_from_its_source_by_nothing_but_the_mark(
    journeys_read: Organization, operator: User, client: Client, drive: Drive, read: Read
) -> None:
    journey = journey_of(journeys_read, NO_SECRETS)
    promotion = journey_plans.plan_promotion(
        journey=journey,
        version_uid=journey.latest_version_uid,
        sandbox=sandbox_of(journeys_read, "stage"),
        actor=operator,
    )
    gathering = plans.gathering_job(promotion.current_plan)
    assert gathering is not None
    drive(gathering)
    plan = Plan.objects.get(promotion=promotion)
    kept = [Verdict(item.pk, Decision(item.choices[0]["decision"])) for item in plan.items.all()]
    decisions.decide(plan=plan, verdicts=kept, actor=operator)
    job = drive(runs.request_run(plan=Plan.objects.get(pk=plan.pk), actor=operator))
    assert job.state == JobState.SUCCEEDED, job.problem
    drive(jobs.queue_once(kind=SynchronizeJourneys.kind, title="Journeys", organization=journeys_read, actor=operator))
    client.force_login(operator)
    copy = JourneyCopy.objects.get(job=job)
    assert reverse("promotions:journey-copy-compare", args=[copy.pk]) in text_of(
        client.get(reverse("promotions:job-detail", args=[job.pk]))
    )

    leads_to = client.get(reverse("promotions:journey-copy-compare", args=[copy.pk]))
    found = journey_sides.sides_of(copy)
    assert found is not None
    read(*found)

    response = client.get(leads_to["Location"])
    comparison = response.context["comparison"]
    assert not comparison.different_nodes
    assert not comparison.different_used
    assert [(change.where, job.marker in change.new) for change in comparison.journey.changes] == [
        ("description", True)
    ]


def test_a_side_that_cannot_be_exported_says_why_and_what_is_kept_is_offered(
    journeys_read: Organization, operator: User, client: Client, read: Read, platform: Platform
) -> None:
    client.force_login(operator)
    journey, other = journey_of(journeys_read, SEVERAL_VERSIONS), journey_of(journeys_read, NO_SECRETS)
    before, after = side(journey), side(other)
    read(before, after)
    platform.control(f"journeys/{journey.uid}", is_valid=False)

    job = read(before, after)

    assert job.state == JobState.PARTLY_FAILED
    assert "1324" in job.problem
    pair = journey_sides.pair_of(before, after)
    assert (pair.before.problem, pair.after.problem) == (job.problem, "")
    refused = page_of(client, pair)
    assert "comparison" not in refused.context
    assert "could not be read" in text_of(refused)
    assert "Its newest kept export was read" in text_of(refused)
    kept = page_of(client, pair, kept="yes")
    assert kept.context["comparison"].has_differences
    assert "This is not how both stand now" in text_of(kept)


def test_without_an_export_only_steps_are_offered_and_said_to_be_that(
    journeys_read: Organization, operator: User, client: Client, read: Read
) -> None:
    client.force_login(operator)
    before, after = side(journey_of(journeys_read, NO_SECRETS)), side(journey_of(journeys_read, INVALID))

    read(before, after)

    pair = journey_sides.pair_of(before, after)
    assert not RemoteDocument.objects.filter(remote_id=after.uid).exists()
    assert "No export of it is kept, only its steps" in text_of(page_of(client, pair))
    kept = page_of(client, pair, kept="yes")
    assert kept.context["after_picture"].boxes
    assert kept.context["raw"] is None
    assert "only its steps, not an export of it" in text_of(kept)


def test_a_comparison_across_organizations_needs_a_reader_of_both_and_tells_others_nothing(
    journeys_read: Organization, operator: User, client: Client, drive: Drive, platform: Platform, read: Read
) -> None:
    globex = connect_organization(platform, "Globex")
    in_globex = UserFactory()
    MembershipFactory(user=in_globex, organization=globex, role=Role.OPERATOR)
    drive(jobs.queue_once(kind=SynchronizeJourneys.kind, title="Journeys", organization=globex, actor=in_globex))
    before = side(journey_of(journeys_read, SEVERAL_VERSIONS))
    foreign = journey_of(globex, "Fleet sensor alert")
    after = side(foreign)
    client.force_login(operator)
    pair = journey_sides.pair_of(before, after)
    unreadable = page_of(client, pair)
    assert "or you may not read it" in text_of(unreadable)
    assert foreign.name not in text_of(unreadable)

    MembershipFactory(user=operator, organization=globex, role=Role.VIEWER)
    platform.control(f"journeys/{foreign.uid}", is_valid=False)
    job = read(before, after)

    assert job.organization == journeys_read
    assert job.state == JobState.PARTLY_FAILED
    told_to_all = f"{job.title} {job.problem} {job.result} {list(job.events.values_list('text', flat=True))}"
    assert foreign.name not in told_to_all
    assert foreign.uid not in told_to_all
    assert "1324" in journey_sides.pair_of(before, after).after.problem
