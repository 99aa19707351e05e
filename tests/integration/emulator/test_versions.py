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


CALLS = (
    ("POST", "version/compare"),
    ("PATCH", "version/save"),
    ("GET", "history"),
    ("PATCH", "import"),
)


def update_body(platform):
    return {"name": "Refresh", "destinationSandbox": {"name": "stage", "imsOrgId": platform.org.id}}


@pytest.mark.parametrize(("method", "ending"), CALLS)
def test_platform_without_versions_has_no_such_routes_and_no_capabilities(platform, method, ending):
    platform.control("switches", versioning=False)

    answer = platform.call(method, path(platform, ending), json=update_body(platform))
    package = platform.get(f"/packages/{platform.package('Forms').id}?getCapabilities=true").json

    assert answer.status_code == 404
    assert "packageCapabilities" not in package


@pytest.mark.parametrize(("method", "ending"), CALLS)
@pytest.mark.parametrize("known", ["POST", "PATCH"])
def test_version_calls_answer_only_to_the_methods_of_the_switch(platform, method, ending, known):
    platform.control("switches", versioning_methods=known)

    refused = platform.call("PATCH" if known == "POST" else "POST", path(platform, ending), json=update_body(platform))
    served = platform.call(known, path(platform, ending), json=update_body(platform))

    assert (refused.status_code, served.status_code) == (405, 200)
    assert refused.headers["Allow"] == known


def test_switch_of_methods_refuses_others(platform):
    assert platform.control("switches", versioning_methods="PATCH DELETE").status_code == 400


@pytest.mark.parametrize(
    ("fault", "status"), [("stuck_job", "IN_PROGRESS"), ("job_failure", "FAILED"), ("job_cancelled", "CANCELLED")]
)
def test_save_that_does_not_end_well_makes_no_version(platform, fault, status):
    platform.control("faults", path="*/version/save", fault=fault)

    job_id = platform.call("PATCH", path(platform, "version/save")).json["id"]
    platform.advance(1_000)

    assert platform.job(job_id)["jobStatus"] == status
    assert platform.get(path(platform, "history")).json == []


def test_comparison_can_fail_and_be_made_anew(platform):
    platform.control("faults", path="*/version/compare", fault="job_failure")
    first = platform.call("POST", path(platform, "version/compare")).json["object"]
    platform.advance(3)
    failed = platform.call("POST", path(platform, "version/compare")).json["object"]

    again = platform.call("POST", path(platform, "version/compare"), json={"triggerNew": True}).json["object"]

    assert (failed["id"], failed["jobStatus"]) == (first["id"], "FAILED")
    assert "deltaPackageVersion" not in failed
    assert again["id"] != first["id"]


def test_unnamed_and_unlisted_save_is_in_the_history_all_the_same(platform):
    platform.control("faults", path="*/version/save", fault="unnamed_job")
    platform.control("faults", path="*/version/save", fault="unlisted_job", seconds=60)

    answer = platform.call("PATCH", path(platform, "version/save")).json
    listed = platform.get("/packages/jobs?property=requestType==VERSION").json["totalElements"]
    platform.advance(5)

    assert "id" not in answer
    assert listed == 0
    assert len(platform.get(path(platform, "history")).json) == 1


def test_update_can_fail_in_part_as_other_imports_do(platform):
    platform.control("faults", method="PATCH", path="*/import", fault="partial_failure")

    job_id = platform.call("PATCH", path(platform, "import"), json=update_body(platform)).json["id"]
    platform.advance(30)

    assert platform.job(job_id)["jobStatus"] == "FAILED"


def test_arrived_package_has_no_versions_of_its_own(platform):
    platform.control("transfers", source="Acme", package="Forms", target="Globex")
    platform.advance(91)
    globex = platform.also(organization=1)

    package = globex.get(f"/packages/{globex.package('Forms').id}?getCapabilities=true").json

    assert package["packageCapabilities"] == {"capabilities": []}
    assert globex.call("PATCH", path(globex, "version/save")).status_code == 400
