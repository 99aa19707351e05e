"""Reading journeys from both APIs of the emulator."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Organization, User
from promotions.choices import JobState, JourneySource, JourneyState, SourceState
from promotions.models import Job, Journey, JourneyReading
from promotions.services import journeys
from promotions.systems.journeys.connection import sources
from promotions.systems.journeys.merging import merged
from tests.integration.promotions.conftest import Platform

pytestmark = pytest.mark.django_db

Drive = Callable[[Job], Job]


@pytest.fixture
def synchronized(acme: Organization, operator: User, drive: Drive) -> Callable[[], Job]:
    return lambda: drive(journeys.request_synchronization(organization=acme, actor=operator))


@pytest.fixture
def only_stage(acme: Organization) -> None:
    """One sandbox is enough where it is not about all of them."""
    acme.sandboxes.exclude(name="stage").update(state="deleted")


def added(platform: Platform, *names: str, **facts: Any) -> list[str]:
    """The uids of new journeys of the sandbox stage."""
    body = {"organization": "Acme", "sandbox": "stage", "names": list(names), **facts}
    return [one["uid"] for one in platform.control("journeys", **body)["journeys"]]


def known(platform: Platform, organization: Organization, name: str, **facts: Any) -> Journey:
    """A new journey, as its list told of it."""
    [uid] = added(platform, name, **facts)
    sandbox = organization.sandboxes.get(name="stage")
    with sources(organization) as found:
        journeys.apply(sandbox, merged(found.authoring("stage").list_journeys(), None))
    return Journey.objects.get(uid=uid)


def test_a_pass_reads_every_active_sandbox_and_a_second_one_writes_nothing(
    platform: Platform, acme: Organization, synchronized: Callable[[], Job]
) -> None:
    [uid] = added(platform, "Two of them", versions=2)
    platform.forget_requests()

    first, second = synchronized(), synchronized()

    assert first.state == JobState.SUCCEEDED, first.problem
    assert first.result["read"] == Journey.objects.filter(organization=acme).count() > 10
    assert (second.result["changed"], second.result["vanished"]) == (0, 0)
    journey = Journey.objects.get(uid=uid)
    assert (journey.state, journey.raw_state, journey.source) == (JourneyState.LIVE, "live", JourneySource.BOTH)
    assert list(journey.versions.values_list("version", "state")) == [("2.0", "live"), ("1.0", "closed")]
    assert journey.latest_version_uid == journey.versions.all()[0].uid
    assert journey.outline is not None
    assert {node["name"] for node in journey.outline["nodes"]} >= {"Start", "End"}
    read = Journey.objects.filter(problem="")
    assert not read.filter(outline_read_at=None).exists()
    latest = [row["path"] for row in platform.requests() if row["path"].endswith("/latest")]
    assert sum(uid in path for path in latest) == 1
    writes = [row for row in platform.requests() if row["method"] != "GET" and "/ims/" not in row["path"]]
    assert {row["path"] for row in writes} == {"/authoring/list/journeys"}


def test_sandboxes_that_nobody_has_read_yet_are_read_first(
    platform: Platform, acme: Organization, synchronized: Callable[[], Job]
) -> None:
    acme.sandboxes.all().delete()
    added(platform, "Welcome")

    job = synchronized()

    assert job.state == JobState.SUCCEEDED, job.problem
    assert Journey.objects.filter(sandbox__name="stage", name="Welcome").exists()


def test_what_fails_or_is_gone_is_marked_and_the_rest_goes_on(
    platform: Platform, acme: Organization, only_stage: None, synchronized: Callable[[], Job]
) -> None:
    gone, broken, invalid, sound = added(platform, "Short-lived", "Broken", "Invalid", "Sound")
    synchronized()
    platform.forget(f"journeys/{gone}")
    platform.control(f"journeys/{broken}", new_version=True)
    platform.control(f"journeys/{invalid}", new_version=True, is_valid=False)
    platform.arm("GET", f"*/journeys/{broken}/latest", "status", status=404, count=None)

    job = synchronized()

    assert (job.state, job.result["vanished"]) == (JobState.SUCCEEDED, 1), job.problem
    rows = {journey.uid: journey for journey in Journey.objects.all()}
    assert rows[gone].vanished_at is not None
    assert "its latest version cannot be read" in rows[broken].problem
    assert [found["severity"] for found in rows[invalid].findings] == ["error"]
    assert (rows[sound].problem, rows[sound].findings, rows[sound].vanished_at) == ("", [], None)


def test_an_api_that_is_not_there_is_remembered_and_no_error(
    platform: Platform, acme: Organization, only_stage: None, synchronized: Callable[[], Job]
) -> None:
    added(platform, "Plain")
    platform.switch(journey_retrieve=False)

    job = synchronized()

    assert job.state == JobState.SUCCEEDED, job.problem
    assert {one.source for one in Journey.objects.all()} == {JourneySource.AUTHORING}
    reading = JourneyReading.objects.get()
    assert (reading.authoring, reading.retrieve) == (SourceState.ANSWERS, SourceState.NOT_THERE)
    assert "HTTP 404" in reading.retrieve_said


def test_without_the_authoring_api_the_newer_one_lists_and_nothing_counts_as_gone(
    platform: Platform, acme: Organization, only_stage: None, synchronized: Callable[[], Job]
) -> None:
    added(platform, "Plain", versions=2)
    synchronized()
    known = set(Journey.objects.values_list("uid", flat=True))
    Organization.objects.update(service_urls={"journeys": f"{platform.url}/nowhere"})
    added(platform, "New one")

    job = synchronized()

    assert (job.result["changed"], job.result["vanished"]) == (1, 0)
    [new] = Journey.objects.exclude(uid__in=known)
    assert (new.name, new.source) == ("New one", JourneySource.RETRIEVE)
    assert not Journey.objects.exclude(vanished_at=None).exists()
    assert JourneyReading.objects.get().authoring == SourceState.NOT_THERE


def test_without_both_apis_the_pass_fails_and_the_credential_is_not_blamed(
    platform: Platform, acme: Organization, only_stage: None, synchronized: Callable[[], Job]
) -> None:
    platform.switch(journey_retrieve=False)
    Organization.objects.update(service_urls={"journeys": f"{platform.url}/nowhere"})

    job = synchronized()

    assert job.state == JobState.FAILED
    assert "No API gave a list of the journeys of Acme." in job.problem
    assert "Check the journey service URL" in job.problem
    assert acme.credentials.get(is_primary=True).problem == ""


def test_one_journey_is_read_with_what_it_uses(
    platform: Platform, acme: Organization, operator: User, drive: Drive
) -> None:
    journey = known(platform, acme, "Used by many", secrets=2)
    platform.control(f"journeys/{journey.uid}", new_version=True)

    job = drive(journeys.request_reading(journey=journey, actor=operator))

    journey.refresh_from_db()
    assert job.state == JobState.SUCCEEDED, job.problem
    assert journey.latest_version == "2.0"
    assert journey.versions.count() == 2
    assert journey.uses is not None
    used = {(one["type"], one["name"]) for one in journey.uses}
    assert {("event", "addedEvent"), ("custom action", "addedAction1"), ("custom action", "addedAction2")} <= used


def test_a_journey_with_errors_says_why_it_cannot_be_exported(
    platform: Platform, acme: Organization, operator: User, drive: Drive
) -> None:
    journey = known(platform, acme, "Half made", is_valid=False)

    job = drive(journeys.request_reading(journey=journey, actor=operator))

    journey.refresh_from_db()
    assert job.state == JobState.SUCCEEDED_WITH_WARNINGS
    assert any("It cannot be exported" in found["text"] and "1324" in found["text"] for found in journey.findings)
    assert journey.uses is None


def test_a_journey_that_is_gone_is_marked_when_it_is_read(
    platform: Platform, acme: Organization, operator: User, drive: Drive
) -> None:
    journey = known(platform, acme, "Gone by now")
    platform.forget(f"journeys/{journey.uid}")

    job = drive(journeys.request_reading(journey=journey, actor=operator))

    journey.refresh_from_db()
    assert (job.state, journey.vanished_at is not None) == (JobState.FAILED, True)
    assert "no longer at the platform" in job.problem
