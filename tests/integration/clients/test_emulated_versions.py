"""Versions and lists of objects against the emulated platform, over real HTTP."""

import time

import pytest

from clients.errors import ApiNotFoundError, ApiRejectedError, OutcomeUnknownError
from clients.sandbox_tooling import ArtifactRef, RemotePackage, SandboxToolingClient
from clients.sandbox_versions import RemoteVersionJob, VersioningClient
from tests.integration.clients.conftest import Emulator


@pytest.fixture
def versionable(tooling: SandboxToolingClient) -> RemotePackage:
    page = tooling.list_packages(filters=["status==PUBLISHED", "packageType==PARTIAL"])
    found = (tooling.get_package(package.id, with_capabilities=True) for package in page.items)
    return next(package for package in found if package.is_versionable and package.artifacts)


def compared(versioning: VersioningClient, package_id: str, target: str) -> RemoteVersionJob:
    latest = time.monotonic() + 20
    job = versioning.compare(package_id, target_sandbox=target, trigger_new=True)
    while job.delta is None:
        assert time.monotonic() < latest, job
        time.sleep(0.05)
        job = versioning.compare(package_id, target_sandbox=target)
    return job


def test_a_package_is_compared_until_the_differences_are_there(emulator: Emulator, versionable: RemotePackage) -> None:
    job = compared(VersioningClient(emulator.connect()), versionable.id, "stage")

    assert (job.status, job.job_type, job.target_sandbox) == ("SUCCESS", "COMPUTE", "stage")
    assert job.delta
    assert job.delta.package_id == versionable.id
    assert {root.id for root in job.delta.roots} == {artifact.id for artifact in versionable.artifacts}


def test_a_saved_version_is_in_the_history(
    emulator: Emulator, tooling: SandboxToolingClient, versionable: RemotePackage
) -> None:
    versioning = VersioningClient(emulator.connect())
    before = len(versioning.list_versions(versionable.id))

    job = versioning.save_version(versionable.id)

    latest = time.monotonic() + 20
    while len(versions := versioning.list_versions(versionable.id)) == before:
        assert time.monotonic() < latest
        time.sleep(0.05)
    assert (job.job_type, job.request_type) == ("UPGRADE", "VERSION")
    assert versions[0].package_version == job.package_version
    assert versions[0].created_at is not None
    assert tooling.get_package(versionable.id).latest_package_version == job.package_version


def test_a_save_whose_answer_is_lost_is_sent_once(emulator: Emulator, versionable: RemotePackage) -> None:
    versioning = VersioningClient(emulator.connect())
    emulator.forget_requests()
    emulator.arm(method="PATCH", path="*/version/save", when="after", fault="reset")

    with pytest.raises(OutcomeUnknownError):
        versioning.save_version(versionable.id)

    assert [row["method"] for row in emulator.writes()] == ["PATCH"]


def test_a_save_goes_by_the_next_verb_where_the_first_is_none(emulator: Emulator, versionable: RemotePackage) -> None:
    versioning = VersioningClient(emulator.connect())
    emulator.forget_requests()
    emulator.arm(method="PATCH", path="*/version/save", fault="status", status=405)

    job = versioning.save_version(versionable.id)

    assert job.job_type == "UPGRADE"
    assert [(row["method"], row["status"]) for row in emulator.writes()] == [("PATCH", 405), ("POST", 200)]


def test_the_one_verb_that_a_service_knows_is_found(emulator: Emulator, versionable: RemotePackage) -> None:
    versioning = VersioningClient(emulator.connect())
    emulator.switch(versioning_methods="GET")
    emulator.forget_requests()

    job = versioning.save_version(versionable.id)

    assert job.job_type == "UPGRADE"
    assert [(row["method"], row["status"]) for row in emulator.writes()] == [
        ("PATCH", 405),
        ("POST", 405),
        ("GET", 200),
    ]
    assert emulator.effects("version.save") == 1


def test_a_service_without_versions_refuses_every_call(
    emulator: Emulator, tooling: SandboxToolingClient, versionable: RemotePackage
) -> None:
    versioning = VersioningClient(emulator.connect())
    emulator.switch(versioning=False)

    with pytest.raises(ApiNotFoundError):
        versioning.compare(versionable.id)
    with pytest.raises(ApiNotFoundError):
        versioning.save_version(versionable.id)
    with pytest.raises(ApiNotFoundError):
        versioning.list_versions(versionable.id)

    assert not tooling.get_package(versionable.id, with_capabilities=True).is_versionable
    assert emulator.effects("version.save") == 0


def test_an_import_updates_what_is_mapped(
    emulator: Emulator, tooling: SandboxToolingClient, versionable: RemotePackage
) -> None:
    versioning = VersioningClient(emulator.connect())
    conflicts = tooling.find_conflicts(versionable.id, target_sandbox="stage")
    overwrite = {
        conflict.artifact.id: ArtifactRef(conflict.suggestions[0].id, conflict.suggestions[0].type)
        for conflict in conflicts
        if conflict.suggestions
    }

    job = versioning.import_update(versionable.id, name="update it", target_sandbox="stage", overwrite=overwrite)

    assert (job.job_type, job.request_type, job.target_sandbox) == ("UPDATE", "IMPORT", "stage")
    assert "update it" in [row.name for row in tooling.list_jobs(filters=["requestType==IMPORT"]).items]
    latest = time.monotonic() + 20
    while (found := tooling.get_job(job.id)).status in ("PENDING", "IN_PROGRESS"):
        assert time.monotonic() < latest
        time.sleep(0.05)
    assert found.status == "SUCCESS"


def test_a_package_that_is_a_draft_has_no_versions_to_save(emulator: Emulator, tooling: SandboxToolingClient) -> None:
    draft = tooling.list_packages(filters=["status==DRAFT"]).items[0]

    with pytest.raises(ApiRejectedError):
        VersioningClient(emulator.connect()).save_version(draft.id)

    assert not tooling.get_package(draft.id, with_capabilities=True).is_versionable


def test_objects_are_listed_where_the_platform_still_offers_it(
    emulator: Emulator, tooling: SandboxToolingClient
) -> None:
    with pytest.raises(ApiNotFoundError):
        tooling.list_artifacts("CATALOG_DATASET")

    emulator.switch(list_artifacts=True)

    assert [(one.type, one.title) for one in tooling.list_artifacts("CATALOG_DATASET")] == [
        ("CATALOG_DATASET", "Form submissions dataset")
    ]
