"""Versions of packages against the emulator: asked, compared, saved, each once, whatever becomes of the answers."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from accounts.models import AuditEvent, Organization, User
from promotions.choices import JobState
from promotions.comparison import comparison_of
from promotions.models import Job, Package
from promotions.services import jobs, package_readings, versions
from promotions.services.errors import ConflictError, RefusedError
from promotions.services.verbs import Verb
from promotions.systems.packages import kinds
from promotions.systems.packages.versioning import clients_of
from tests.integration.promotions.conftest import STORY, Platform, known_package, run_due, sandbox_of
from tests.integration.promotions.test_running import SETTLE, fresh, texts

pytestmark = pytest.mark.django_db

Drive = Callable[[Job], Job]
SAVE, COMPARE = "*/version/save", "*/version/compare"


@pytest.fixture
def versioned(acme: Organization, operator: User, drive: Drive) -> Package:
    """A package of which the platform has said that it keeps versions."""
    package = known_package(acme, STORY)
    drive(package_readings.read_package(package=package, actor=operator))
    package.refresh_from_db()
    assert versions.is_offered(package), package.capabilities
    return package


def switch(platform: Platform, **switches: Any) -> None:
    httpx.post(f"{platform.url}/__emulator/switches", json=switches, timeout=20).raise_for_status()


def effects(platform: Platform, operation: str) -> int:
    answer = httpx.get(f"{platform.url}/__emulator/effects", params={"operation": operation}, timeout=20)
    return int(answer.raise_for_status().json()["counts"].get(operation, 0))


def test_what_was_not_asked_is_not_offered(acme: Organization, operator: User) -> None:
    package = known_package(acme, STORY)

    with pytest.raises(RefusedError, match="not known yet"):
        versions.request_version(package=package, actor=operator)


def test_a_package_without_versions_offers_none(acme: Organization, operator: User, drive: Drive) -> None:
    package = known_package(acme, "Store footfall sources")
    drive(package_readings.read_package(package=package, actor=operator))
    package.refresh_from_db()

    with pytest.raises(RefusedError, match="does not offer versions"):
        versions.request_comparison(package=package, sandbox=None, actor=operator)

    assert package.capabilities == []


def test_a_comparison_is_followed_and_kept_with_the_time_of_the_question(
    platform: Platform, acme: Organization, versioned: Package, operator: User, drive: Drive
) -> None:
    job = versions.request_comparison(package=versioned, sandbox=sandbox_of(acme, "stage"), actor=operator)

    drive(job)

    versioned.refresh_from_db()
    found = comparison_of(versioned)
    assert job.state == JobState.SUCCEEDED, texts(job)
    assert found is not None
    assert found.target == "stage"
    assert found.at == job.submit_at
    assert sum(number for _, number in found.numbers) == job.result["changes"] > 0
    assert effects(platform, "version.compare") == 1


def test_the_same_comparison_is_not_asked_for_twice_and_another_waits(
    acme: Organization, versioned: Package, operator: User
) -> None:
    first = versions.request_comparison(package=versioned, sandbox=None, actor=operator)

    again = versions.request_comparison(package=versioned, sandbox=None, actor=operator)

    assert again == first
    with pytest.raises(ConflictError, match="under way"):
        versions.request_comparison(package=versioned, sandbox=sandbox_of(acme, "stage"), actor=operator)


def test_a_comparison_whose_answer_was_lost_is_found_and_not_started_again(
    platform: Platform, versioned: Package, operator: User, drive: Drive
) -> None:
    job = versions.request_comparison(package=versioned, sandbox=None, actor=operator)
    platform.arm("POST", COMPARE, "reset", when="after", count=1)
    run_due()
    assert fresh(job).state == JobState.SUBMITTING

    run_due(later=SETTLE)

    assert drive(job).state == JobState.SUCCEEDED, texts(job)
    assert job.submit_count == 1
    assert effects(platform, "version.compare") == 1


def test_a_comparison_that_fails_keeps_what_was_found_before(
    platform: Platform, versioned: Package, operator: User, drive: Drive
) -> None:
    drive(versions.request_comparison(package=versioned, sandbox=None, actor=operator))
    versioned.refresh_from_db()
    before = versioned.comparison
    platform.arm("POST", COMPARE, "job_failure", count=1)

    job = drive(versions.request_comparison(package=versioned, sandbox=None, actor=operator))

    versioned.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "could not compare" in job.problem
    assert versioned.comparison == before


def test_a_version_is_saved_once_and_listed(
    platform: Platform, versioned: Package, operator: User, drive: Drive
) -> None:
    job = drive(versions.request_version(package=versioned, actor=operator))

    versioned.refresh_from_db()
    assert job.state == JobState.SUCCEEDED, texts(job)
    assert versioned.versions is not None
    assert versioned.package_version == job.result["version"] == versioned.versions[0]["version"]
    assert effects(platform, "version.save") == 1
    verbs = [Verb.VERSION_REQUESTED, Verb.VERSION_ACCEPTED, Verb.VERSION_ENDED]
    assert AuditEvent.objects.filter(verb__in=verbs).count() == len(verbs)


@pytest.mark.parametrize("fault", ["reset", "truncated", "html"])
def test_a_version_whose_answer_was_lost_is_found_in_the_list(
    platform: Platform, versioned: Package, operator: User, drive: Drive, fault: str
) -> None:
    job = versions.request_version(package=versioned, actor=operator)
    platform.arm("PATCH", SAVE, fault, when="after", count=1)
    run_due()
    assert fresh(job).state == JobState.SUBMITTING
    platform.advance(10)

    run_due(later=SETTLE)

    assert drive(job).state == JobState.SUCCEEDED, texts(job)
    assert job.submit_count == 1
    assert effects(platform, "version.save") == 1


def test_a_version_that_is_still_being_saved_is_found_by_its_job(
    platform: Platform, versioned: Package, operator: User, drive: Drive
) -> None:
    job = versions.request_version(package=versioned, actor=operator)
    platform.arm("PATCH", SAVE, "reset", when="after", count=1)
    run_due()

    run_due(later=SETTLE)

    assert fresh(job).state == JobState.RUNNING, texts(job)
    assert job.remote_id
    assert drive(job).state == JobState.SUCCEEDED
    assert effects(platform, "version.save") == 1


def test_a_version_that_was_never_saved_is_saved_after_two_empty_looks(
    platform: Platform, versioned: Package, operator: User, drive: Drive
) -> None:
    job = versions.request_version(package=versioned, actor=operator)
    platform.arm("PATCH", SAVE, "reset", when="before", count=1)
    run_due()

    run_due(later=SETTLE)
    run_due(later=SETTLE)

    assert drive(job).state == JobState.SUCCEEDED, texts(job)
    assert job.submit_count == 2
    assert effects(platform, "version.save") == 1


def test_two_new_versions_after_a_lost_answer_are_for_a_person(
    platform: Platform, acme: Organization, versioned: Package, operator: User, drive: Drive
) -> None:
    job = versions.request_version(package=versioned, actor=operator)
    platform.arm("PATCH", SAVE, "reset", when="after", count=1)
    run_due()
    save_elsewhere(acme, versioned)
    platform.advance(10)

    run_due(later=SETTLE)

    assert fresh(job).state == JobState.NEEDS_ATTENTION, texts(job)
    [_, first] = job.result["candidates"]
    jobs.adopt(job=job, remote_id=first, actor=operator, reason="The earlier one is mine")
    assert drive(job).state == JobState.SUCCEEDED, texts(job)
    assert effects(platform, "version.save") == 2


def save_elsewhere(acme: Organization, package: Package) -> None:
    with clients_of(Job(organization=acme, package=package)) as (_, client):
        client.save_version(package.remote_id)


def test_a_refused_saving_says_so_in_the_platforms_words(
    platform: Platform, versioned: Package, operator: User, drive: Drive
) -> None:
    platform.arm("PATCH", SAVE, "status", status=400, count=1)

    job = drive(versions.request_version(package=versioned, actor=operator))

    assert job.state == JobState.FAILED
    assert "refused" in job.problem
    assert effects(platform, "version.save") == 0


@pytest.mark.parametrize("methods", ["POST", "PATCH", "GET POST"])
def test_other_verbs_are_tried_where_the_first_is_none(
    platform: Platform, versioned: Package, operator: User, drive: Drive, methods: str
) -> None:
    switch(platform, versioning_methods=methods)

    read = drive(versions.request_history(package=versioned, actor=operator))
    compared = drive(versions.request_comparison(package=versioned, sandbox=None, actor=operator))
    saved = drive(versions.request_version(package=versioned, actor=operator))

    assert [job.state for job in (read, compared, saved)] == [JobState.SUCCEEDED] * 3, saved.problem
    assert effects(platform, "version.save") == effects(platform, "version.compare") == 1


@pytest.mark.parametrize("request_job", [versions.request_history, versions.request_version])
def test_a_platform_without_versions_is_remembered(
    platform: Platform, versioned: Package, operator: User, drive: Drive, request_job: Callable[..., Job]
) -> None:
    platform.arm("*", "*/history", "status", status=404, body="no such route", probability=1)
    job = drive(request_job(package=versioned, actor=operator))
    platform.disarm()

    offered = versions.is_offered(versioned)

    assert job.state == JobState.FAILED
    assert "no longer offered here" in job.problem
    assert not offered
    assert "did not know the calls" in versions.reason_not_offered(versioned)
    with pytest.raises(RefusedError, match="did not know the calls"):
        versions.request_comparison(package=versioned, sandbox=None, actor=operator)


def test_a_comparison_that_the_platform_does_not_know_is_remembered(
    platform: Platform, versioned: Package, operator: User, drive: Drive
) -> None:
    platform.arm("*", COMPARE, "status", status=404, body="no such route", probability=1)

    job = drive(versions.request_comparison(package=versioned, sandbox=None, actor=operator))

    assert job.state == JobState.FAILED
    assert "no such route" in job.problem
    assert not versions.is_offered(versioned)


def test_switched_off_versions_end_the_offer(
    platform: Platform, versioned: Package, operator: User, drive: Drive
) -> None:
    switch(platform, versioning=False)

    job = drive(versions.request_comparison(package=versioned, sandbox=None, actor=operator))

    versioned.refresh_from_db()
    assert job.state == JobState.FAILED
    assert not versions.is_offered(versioned)
    assert effects(platform, "version.compare") == 0


def test_the_list_of_versions_is_read_and_kept(versioned: Package, operator: User, drive: Drive) -> None:
    drive(versions.request_version(package=versioned, actor=operator))

    job = drive(versions.request_history(package=versioned, actor=operator))

    versioned.refresh_from_db()
    assert versioned.versions is not None
    assert job.result["versions"] == len(versioned.versions) > 0
    assert versioned.versions[0]["at"]
    assert versioned.versions[0]["by"]


def test_saving_keeps_other_writes_to_the_package_waiting(versioned: Package, operator: User) -> None:
    job = versions.request_version(package=versioned, actor=operator)

    with pytest.raises(ConflictError, match="under way"):
        versions.request_version(package=versioned, actor=operator)

    assert job.scope == jobs.scope_of(versioned)
    assert job.kind == kinds.SAVE_VERSION
