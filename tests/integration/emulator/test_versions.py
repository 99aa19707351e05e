"""Versions of published packages."""

import pytest

from tests.integration.emulator.platform import fixture


def path(platform, ending, name="Forms"):
    return f"/packages/{platform.package(name).id}/{ending}"


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_comparison_runs_for_a_while_and_is_found_again(platform, method):
    platform.run_import("Forms")
    body = {"triggerNew": True, "targetSandbox": "stage"}

    submitted = platform.call(method, path(platform, "version/compare"), json=body).json
    platform.advance(3)
    found = platform.call(method, path(platform, "version/compare"), json={"targetSandbox": "stage"}).json

    expected = fixture("sandbox_tooling/packages.version-compare.response-completed")
    assert set(submitted["object"]) == set(
        fixture("sandbox_tooling/packages.version-compare.response-submitted")["object"]
    )
    assert (set(found), set(found["object"])) == (set(expected), set(expected["object"]))
    assert found["object"]["id"] == submitted["object"]["id"]
    assert set(found["object"]["deltaPackageVersion"]) == set(expected["object"]["deltaPackageVersion"])
    assert found["object"]["createdTimestamp"] == 0


@pytest.mark.parametrize("method", ["PATCH", "POST", "GET"])
def test_saved_version_raises_the_number_and_is_in_the_history(platform, method):
    submitted = platform.call(method, path(platform, "version/save")).json
    platform.advance(4)
    history = platform.get(path(platform, "history")).json

    expected = fixture("sandbox_tooling/packages.version-save.response")
    assert set(submitted) == set(expected)
    assert (submitted["jobType"], submitted["packageVersion"]) == ("UPGRADE", 1)
    assert [set(entry) for entry in history] == [set(fixture("sandbox_tooling/packages.history.response")[0])]
    assert platform.package("Forms").status == "PUBLISHED"


@pytest.mark.parametrize("name", ["Forms draft", "Development sandbox"])
def test_only_versionable_packages_have_versions(platform, name):
    assert platform.call("PATCH", path(platform, "version/save", name)).status_code == 400


def test_update_changes_the_chosen_object_and_makes_no_copy(platform):
    platform.run_import("Forms")
    platform.run_import("Forms")
    row = next(row for row in platform.conflicts("Forms") if row["artifact"]["type"] == "CATALOG_DATASET")
    chosen = row["suggestionList"][0]
    body = {
        "id": platform.package("Forms").id,
        "name": "Refresh",
        "destinationSandbox": {"name": "stage", "imsOrgId": platform.org.id},
        "overwriteMappings": {row["artifact"]["id"]: {"id": chosen["id"], "type": chosen["type"]}},
    }

    submitted = platform.call("PATCH", path(platform, "import"), json=body).json
    platform.advance(10)

    updated = platform.org.sandboxes["stage"].objects["CATALOG_DATASET", chosen["id"]]
    assert set(submitted) == set(fixture("sandbox_tooling/packages.import-update.response"))
    assert (submitted["jobType"], submitted["requestType"]) == ("UPDATE", "IMPORT")
    assert updated.title == "Form submissions dataset"
    assert platform.job(submitted["id"])["jobStatus"] == "SUCCESS"


def test_update_without_the_right_fails_and_changes_nothing(platform):
    platform.run_import("Forms with audience")
    row = next(row for row in platform.conflicts("Forms with audience") if row["artifact"]["type"] == "PROFILE_SEGMENT")
    chosen = row["suggestionList"][0]
    limited = platform.also(robot=1)
    body = {
        "destinationSandbox": {"name": "stage", "imsOrgId": platform.org.id},
        "overwriteMappings": {row["artifact"]["id"]: {"id": chosen["id"], "type": chosen["type"]}},
    }

    job_id = limited.call("PATCH", path(platform, "import", "Forms with audience"), json=body).json["id"]
    platform.advance(10)

    failed = platform.job(job_id)["failedTasks"]
    assert [task["artifact"]["messages"][0]["message"] for task in failed] == [
        "Missing permission to update PROFILE_SEGMENT in sandbox stage"
    ]
