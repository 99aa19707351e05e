"""Journeys from two lists become rows; their states become one vocabulary."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import Organization, Sandbox, User
from promotions.choices import JourneySource, journey_state
from promotions.models import Job, Journey, JourneyVersion
from promotions.services import journeys
from promotions.services.errors import RefusedError
from promotions.services.journeys import Details
from promotions.systems.journeys import kinds
from promotions.systems.journeys.details import keep_uses
from promotions.systems.journeys.merging import merged, said_state
from tests.factories import SandboxFactory
from tests.factories_journeys import JourneyFactory
from tests.unit.promotions.journey_documents import as_bytes, journey, step
from tests.unit.promotions.remote_journeys import (
    AT,
    latest_version,
    newer_row,
    remote_journey,
    remote_list,
    remote_version,
)


@pytest.fixture
def sandbox(organization: Organization) -> Sandbox:
    return SandboxFactory(organization=organization, name="dev")


def details(**said: Any) -> Details:
    values: dict[str, Any] = {
        "latest": None,
        "document": None,
        "outline": None,
        "uses": None,
        "findings": [],
        "problem": "",
    }
    return Details(**{**values, **said})


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        ("created", "draft"),
        ("UPDATED", "draft"),
        ("Draft", "draft"),
        ("Draft (test)", "testing"),
        ("Dry Run", "testing"),
        ("dry-run", "testing"),
        ("In Review", "in_review"),
        ("in_review", "in_review"),
        ("Deployed", "live"),
        ("redeployed", "live"),
        ("live", "live"),
        ("Paused", "paused"),
        ("closed", "closed"),
        ("finishing", "closed"),
        ("Finished", "finished"),
        ("Stopped", "stopped"),
        ("", "unknown"),
        ("Unknown", "unknown"),
        ("failed", "unknown"),
        ("brand new word", "unknown"),
    ],
)
def test_every_word_of_the_apis_has_one_meaning(raw: str, state: str) -> None:
    assert journey_state(raw) == state


@pytest.mark.parametrize(
    ("authoring", "newer", "said"),
    [
        ("deployed", "Paused", "Paused"),
        ("updated", "In Review", "In Review"),
        ("live", "Deployed", "live"),
        ("closed", "Deployed", "closed"),
        ("updated", "Unknown", "updated"),
        ("brand new word", "Stopped", "Stopped"),
        ("", "", ""),
    ],
)
def test_the_newer_api_is_believed_where_the_other_one_is_coarse(authoring: str, newer: str, said: str) -> None:
    assert said_state(authoring, newer) == said


def test_rows_of_the_newer_api_find_their_journey_by_version_then_by_name() -> None:
    authoring = remote_list(
        remote_journey("j1", remote_version("v1", "1.0", "closed"), remote_version("v2", "2.0", "deployed")),
        remote_journey("j2", remote_version("w1"), name="Cart"),
        remote_journey("j3", remote_version("x1"), name="Twin"),
        remote_journey("j4", remote_version("y1"), name="Twin"),
    )
    newer = remote_list(
        newer_row("v2", "2.0", "Paused"),
        newer_row("w2", "2.0", "Testing", name="Cart"),
        newer_row("x9", "9.0", name="Twin"),
        newer_row("z1", name="Only here"),
    )

    found = {one.remote.uid: one for one in merged(authoring, newer)}

    assert {uid: one.source for uid, one in found.items()} == {
        "j1": JourneySource.BOTH,
        "j2": JourneySource.BOTH,
        "j3": JourneySource.AUTHORING,
        "j4": JourneySource.AUTHORING,
        "x9": JourneySource.RETRIEVE,
        "z1": JourneySource.RETRIEVE,
    }
    assert (found["j1"].remote.state, [one.state for one in found["j1"].remote.versions]) == (
        "Paused",
        ["closed", "Paused"],
    )
    assert [one.uid for one in found["j2"].remote.versions] == ["w1", "w2"]


def test_applying_twice_writes_once(sandbox: Sandbox) -> None:
    listed = merged(remote_list(remote_journey("j1", remote_version("v1"), remote_version("v2", "10.0"))), None)

    written = [journeys.apply(sandbox, listed), journeys.apply(sandbox, listed)]

    assert written == [1, 0]
    journey = Journey.objects.get()
    assert (journey.state, journey.version_count, journey.sort_at) == ("draft", 2, AT)
    assert list(journey.versions.values_list("version", flat=True)) == ["10.0", "1.0"]


def test_a_changed_version_alone_counts_and_one_that_is_gone_goes(sandbox: Sandbox) -> None:
    journeys.apply(
        sandbox, merged(remote_list(remote_journey("j1", remote_version("v1"), remote_version("v2", "2.0"))), None)
    )

    changed = journeys.apply(
        sandbox, merged(remote_list(remote_journey("j1", remote_version("v2", "2.0", modified_by="Bo"))), None)
    )

    assert changed == 1
    assert list(JourneyVersion.objects.values_list("uid", "modified_by")) == [("v2", "Bo")]


def test_a_list_that_names_no_versions_takes_none_away(sandbox: Sandbox) -> None:
    journeys.apply(sandbox, merged(remote_list(remote_journey("j1", remote_version("v1"))), None))

    journeys.apply(sandbox, merged(remote_list(remote_journey("j1", latest_version_uid="v1")), None))

    assert JourneyVersion.objects.count() == 1


def test_a_version_that_stood_alone_goes_once_its_journey_is_known(sandbox: Sandbox) -> None:
    newer = remote_list(newer_row("v1"))
    journeys.apply(sandbox, merged(None, newer))

    journeys.apply(sandbox, merged(remote_list(remote_journey("j1", remote_version("v1"))), newer))

    assert list(Journey.objects.values_list("uid", "source")) == [("j1", "both")]


def test_what_a_list_left_out_is_missing_only_for_its_own_source(sandbox: Sandbox) -> None:
    both = JourneyFactory(sandbox=sandbox, source=JourneySource.BOTH)
    JourneyFactory(sandbox=sandbox, newer_only=True)
    JourneyFactory(sandbox=sandbox, vanished=True)
    met = JourneyFactory(sandbox=sandbox)

    found = journeys.missing(sandbox, [met.uid], [JourneySource.AUTHORING, JourneySource.BOTH])

    assert [journey.pk for journey in found] == [both.pk]


def test_what_comes_back_is_no_longer_marked(sandbox: Sandbox) -> None:
    listed = merged(remote_list(remote_journey("j1", remote_version("v1"))), None)
    journeys.apply(sandbox, listed)
    journeys.mark_vanished([Journey.objects.get()])

    changed = journeys.apply(sandbox, listed)

    assert (changed, Journey.objects.get().vanished_at) == (1, None)


def test_the_latest_version_names_what_the_list_calls_by_its_old_name(sandbox: Sandbox) -> None:
    listed = merged(remote_list(remote_journey("j1", remote_version("v1"))), None)
    journeys.apply(sandbox, listed)

    journeys.store_details(Journey.objects.get(), details(latest=latest_version("v1", name="Renamed")))
    again = journeys.apply(sandbox, listed)

    journey = Journey.objects.get()
    assert (again, journey.name, journey.sort_name) == (0, "Renamed", "renamed")
    assert "renamed" in journey.search_text


def test_an_older_version_s_things_are_not_shown_as_those_of_a_new_one(sandbox: Sandbox) -> None:
    journey = JourneyFactory(sandbox=sandbox, uses=[], latest_version_uid="v1")

    journeys.store_details(journey, details(latest=latest_version("v2", version="2.0")))

    journey.refresh_from_db()
    assert (journey.uses, journey.latest_version, journey.version_count) == (None, "2.0", 1)


@pytest.mark.django_db
def test_an_export_read_for_a_plan_tells_what_its_latest_version_uses() -> None:
    pick = {"journey": JourneyFactory(latest_version_uid="v2", outline={"kept": True}).pk, "version_uid": "v2"}
    bare = {"journey": JourneyFactory(latest_version_uid="v2").pk, "version_uid": "v2"}
    document = as_bytes(journey(step("a", "end"), events=[{"uid": "e", "name": "paid"}]))

    for one in (pick, bare):
        keep_uses(one, document)

    found, first = Journey.objects.get(pk=pick["journey"]), Journey.objects.get(pk=bare["journey"])
    assert [(one["type"], one["name"]) for one in found.uses or ()] == [("event", "paid")]
    assert (found.uses, found.outline) == (first.uses, {"kept": True})
    assert [one["id"] for one in (first.outline or {})["nodes"]] == ["a"]


@pytest.mark.django_db
@pytest.mark.parametrize("content", [as_bytes(journey(events=[{"uid": "e", "name": "old"}])), b"no journey", b"\xff{"])
def test_an_export_of_an_older_version_or_an_odd_one_leaves_what_was_known(content: bytes) -> None:
    known = JourneyFactory(latest_version_uid="v2", uses=[{"name": "known"}])

    keep_uses({"journey": known.pk, "version_uid": "v1" if content.startswith(b"{") else "v2"}, content)
    keep_uses({}, as_bytes(journey(step("a", "end"))))

    known.refresh_from_db()
    assert (known.uses, known.outline) == ([{"name": "known"}], None)


def test_a_latest_version_that_cannot_be_read_leaves_what_was_known(sandbox: Sandbox) -> None:
    journey = JourneyFactory(sandbox=sandbox, outline={"nodes": []}, name="Known")

    journeys.store_details(journey, details(problem="It is listed, but cannot be read."))

    journey.refresh_from_db()
    assert (journey.name, journey.outline, journey.outline_read_at) == ("Known", {"nodes": []}, None)
    assert journey.problem == "It is listed, but cannot be read."


def test_a_huge_remote_document_is_named_and_not_kept(sandbox: Sandbox) -> None:
    row = remote_journey("j1", remote_version("v1"), raw={"text": "x" * journeys.RAW_LIMIT_BYTES})

    journeys.apply(sandbox, merged(remote_list(row), None))

    assert Journey.objects.get().raw == {"list": "too large to be kept"}


def test_latest_versions_are_read_for_new_changed_and_broken_journeys(sandbox: Sandbox) -> None:
    read_at = AT.replace(year=2027)
    new = JourneyFactory(sandbox=sandbox, remote_modified_at=AT)
    changed = JourneyFactory(sandbox=sandbox, remote_modified_at=AT, outline_read_at=AT.replace(year=2025))
    broken = JourneyFactory(sandbox=sandbox, remote_modified_at=AT, outline_read_at=read_at, broken=True)
    JourneyFactory(sandbox=sandbox, remote_modified_at=AT, outline_read_at=read_at)
    JourneyFactory(sandbox=sandbox, vanished=True)

    found = journeys.stale([sandbox], without=[new.pk], limit=5)

    assert [journey.pk for journey in found] == [changed.pk, broken.pk]


def test_a_journey_of_a_sandbox_that_is_gone_cannot_be_read(organization: Organization, teammate: User) -> None:
    journey = JourneyFactory(sandbox=SandboxFactory(organization=organization, name="old", state="deleted"))

    with pytest.raises(RefusedError, match="“old” is no active sandbox any more"):
        journeys.request_reading(journey=journey, actor=teammate)


def test_asking_twice_gives_the_reading_that_is_under_way(sandbox: Sandbox, teammate: User) -> None:
    one, other = JourneyFactory(sandbox=sandbox), JourneyFactory(sandbox=sandbox)

    asked = [journeys.request_reading(journey=journey, actor=teammate).pk for journey in (one, one, other)]

    assert asked[0] == asked[1] != asked[2]


@pytest.mark.django_db
def test_the_command_asks_for_the_journeys_of_the_organization_named(organization: Organization) -> None:
    said = StringIO()

    call_command("sync_journeys", "--no-wait", "--organization", organization.name, stdout=said)

    job = Job.objects.get()
    assert (job.kind, job.organization, job.requested_by) == (kinds.SYNCHRONIZE, organization, None)
    assert f"Journeys of {organization}: job {job.pk}" in said.getvalue()
