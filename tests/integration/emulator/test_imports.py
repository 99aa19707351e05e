"""Imports: submission, and what happens to each object."""

import json

import pytest

from tests.integration.emulator.platform import fixture, shape


def messages(job):
    """Title (or id) of each object and the status of its message."""
    tasks = [*job["completedTasks"], *job.get("failedTasks", [])]
    return {
        task["artifact"]["title"] or task["artifact"]["id"]: task["artifact"]["messages"][0]["status"] for task in tasks
    }


def objects(platform, sandbox="stage"):
    return {(one.type, one.title) for one in platform.org.sandboxes[sandbox].objects.values()}


# Submission


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_import_is_accepted_under_both_documented_methods(platform, method):
    body = {
        "id": platform.package("Forms").id,
        "name": "Monday",
        "description": "With a marker [run-1]",
        "destinationSandbox": {"name": "stage", "imsOrgId": platform.org.id},
    }

    answer = platform.call(method, "/packages/import", json=body)

    assert answer.status_code == 202
    assert shape(answer.json) == shape(fixture("sandbox_tooling/packages.import-submit.response"))
    assert answer.json["destinationSandbox"] == body["destinationSandbox"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"id": None}, 400),
        ({"id": "00000000000000000000000000000000"}, 404),
        ({"destinationSandbox": None}, 400),
        ({"destinationSandbox": {"name": "stage"}}, 400),
        ({"destinationSandbox": {"name": "nowhere", "imsOrgId": "5C1328435BF324E90A49402A@AdobeOrg"}}, 400),
        ({"destinationSandbox": {"name": "stage", "imsOrgId": "7D41B0C2A6E85F130A49423C@AdobeOrg"}}, 403),
        ({"alternatives": ["1"]}, 400),
    ],
)
def test_wrong_import_is_refused_and_makes_no_job(platform, changes, status):
    before = len(platform.app.world.jobs)

    answer = platform.submit("Forms", **changes)

    assert answer.status_code == status
    assert answer.json["type"] == "ERROR"
    assert len(platform.app.world.jobs) == before


@pytest.mark.parametrize("name", ["Forms draft", "Forms expired"])
def test_package_in_the_wrong_state_is_not_imported(platform, name):
    answer = platform.submit(name)

    assert answer.status_code == 400


def test_sandbox_that_is_not_active_is_no_target(platform):
    platform.org.sandboxes["stage"].state = "resetting"

    answer = platform.submit("Forms")

    assert answer.status_code == 400
    assert "resetting" in answer.json["message"]


def test_import_without_a_body_is_refused_unless_the_switch_allows_it(platform):
    path = f"/packages/{platform.package('Forms').id}/import?targetSandbox=stage"

    refused = platform.call("POST", path)
    platform.control("switches", import_without_body=True)
    accepted = platform.call("POST", path)

    assert (refused.status_code, accepted.status_code) == (400, 202)


def test_each_submission_makes_a_job_of_its_own(platform):
    first, second = platform.submit("Forms"), platform.submit("Forms")

    assert first.json["jobId"] != second.json["jobId"]


def test_name_and_text_are_kept_verbatim_in_list_and_detail(platform):
    text = "  Two lines,\nand a marker [towpath:0001]  "
    job_id = platform.submit("Forms", name="Monday", description=text).json["jobId"]

    row = platform.get("/packages/jobs?property=requestType==IMPORT").json["data"][0]
    detail = platform.job(job_id)

    assert (row["id"], row["name"], row["description"]) == (job_id, "Monday", text)
    assert (detail["name"], detail["description"]) == ("Monday", text)


def test_name_and_text_default_to_those_of_the_package(platform):
    job = platform.job(platform.submit("Forms").json["jobId"])

    assert (job["name"], job["description"]) == ("Forms", platform.package("Forms").description)


# What happens to the objects


def test_import_goes_on_object_by_object_dependencies_first(platform):
    job_id = platform.submit("Forms").json["jobId"]

    seen = [(platform.job(job_id)["jobStatus"], 0)]
    for _ in range(4):
        platform.advance(0.5)
        job = platform.job(job_id)
        seen.append((job["jobStatus"], len(job["completedTasks"])))

    assert seen == [("PENDING", 0), ("IN_PROGRESS", 0), ("IN_PROGRESS", 1), ("IN_PROGRESS", 2), ("SUCCESS", 3)]
    types = [task["artifact"]["type"] for task in job["completedTasks"]]
    assert types == ["REGISTRY_MIXIN", "REGISTRY_SCHEMA", "CATALOG_DATASET"]


def test_detail_has_the_documented_shape_and_maps_descriptors_without_tasks(platform):
    job_id = platform.submit("Forms").json["jobId"]
    platform.advance(10)

    answer = platform.get(f"/tools/job/{job_id}").json

    expected = fixture("sandbox_tooling/tools.job.response")
    assert set(answer) == set(expected)
    assert set(answer["object"]) == set(expected["object"])
    assert shape(answer["object"]["completedTasks"]) == shape(expected["object"]["completedTasks"])
    with_task = {task["artifact"]["id"] for task in answer["object"]["completedTasks"]}
    assert len(set(answer["object"]["importReplacementMap"]) - with_task) == 1
    assert set(answer["object"]["sourceParentArtifactMap"]) == set(answer["object"]["importReplacementMap"])


def test_double_slash_before_the_job_path_is_collapsed(platform):
    job_id = platform.submit("Forms").json["jobId"]

    assert platform.get(f"//tools/job/{job_id}").status_code == 200


def test_taken_title_gets_the_epoch_milliseconds(platform):
    job = platform.run_import("Forms")

    dataset = job["completedTasks"][-1]["artifact"]
    created = platform.org.sandboxes["stage"].objects["CATALOG_DATASET", dataset["newId"]]
    base, _, suffix = created.title.rpartition("_")
    assert base == "Form submissions dataset"
    assert len(suffix) == 13
    assert suffix.isdigit()


def test_second_import_reuses_what_the_platform_always_reuses_by_title(platform):
    platform.run_import("Forms with audience")

    again = messages(platform.run_import("Forms with audience"))

    assert again == {
        "Form submissions": "OBJECT_REUSED",
        "Form submissions schema": "OBJECT_REUSED",
        "Form submissions dataset": "CREATED",
        "Default Timebased": "OBJECT_REUSED",
        "Recent submitters": "OBJECT_REUSED",
    }


def test_whole_sandbox_is_created_anew_but_for_standard_objects_and_merge_policies(platform):
    platform.run_import("Forms")

    again = messages(platform.run_import("Development sandbox"))

    assert again["Form submissions schema"] == "CREATED"
    assert again["Email"] == "NO_CHANGE"
    assert again["Default Timebased"] == "OBJECT_REUSED"


def test_whole_sandbox_leaves_journeys_out(demo):
    job = demo.run_import("Development sandbox, whole")

    types = {task["artifact"]["type"] for task in [*job["completedTasks"], *job.get("failedTasks", [])]}
    assert "PROFILE_SEGMENT" in types
    assert "JOURNEY" not in types


def test_alternative_is_used_and_not_created(platform):
    row = platform.conflicts("Forms")[0]
    source, chosen = row["artifact"], row["suggestionList"][0]
    before = objects(platform)

    job = platform.run_import("Forms", alternatives={source["id"]: {"id": chosen["id"], "type": chosen["type"]}})

    assert job["importReplacementMap"][source["id"]] == chosen["id"]
    assert messages(job)["Form submissions dataset"] == "OBJECT_REUSED"
    assert {kind for kind, _ in objects(platform) - before} == {"REGISTRY_MIXIN", "REGISTRY_SCHEMA"}


@pytest.mark.parametrize("wrong", ["id", "type", "source"])
def test_alternative_that_does_not_exist_with_its_type_refuses_the_import(platform, wrong):
    row = platform.conflicts("Forms")[0]
    source = row["artifact"]["id"] if wrong != "source" else "not in the package"
    chosen = {"id": row["suggestionList"][0]["id"], "type": row["suggestionList"][0]["type"]}
    if wrong in chosen:
        chosen[wrong] = "REGISTRY_SCHEMA" if wrong == "type" else "651eb3af5901df289dcb0000"

    answer = platform.submit("Forms", alternatives={source: chosen})

    assert answer.status_code == 400


def test_missing_right_fails_its_object_and_the_job_and_leaves_the_rest(platform):
    limited = platform.also(robot=1)

    job = limited.run_import("Forms with audience")

    assert job["jobStatus"] == "FAILED"
    assert shape(job["failedTasks"]) == shape(
        fixture("sandbox_tooling/tools.job-failed-inferred.response")["object"]["failedTasks"]
    )
    failed = job["failedTasks"][0]["artifact"]
    assert failed["messages"][0]["message"] == "Missing permission to create PROFILE_SEGMENT in sandbox stage"
    assert ("REGISTRY_SCHEMA", "Form submissions schema") in objects(platform)
    assert ("PROFILE_SEGMENT", "Recent submitters") not in objects(platform)


def test_object_above_one_that_failed_is_not_tried(platform):
    platform.control("faults", path="/packages/import", fault="partial_failure", artifact="Form submissions schema")

    job = platform.run_import("Forms with audience")

    assert messages(job) == {
        "Form submissions": "CREATED",
        "Form submissions schema": "ERROR",
        "Default Timebased": "OBJECT_REUSED",
    }


def test_hidden_error_is_a_success_that_created_nothing(platform):
    platform.control("faults", path="/packages/import", fault="hidden_error")

    job = platform.run_import("Forms")

    task = job["completedTasks"][-1]
    inner = json.loads(task["artifact"]["messages"][0]["message"])
    assert (job["jobStatus"], task["taskStatus"]) == ("SUCCESS", "SUCCESS")
    assert (task["artifact"]["messages"][0]["status"], inner["status"]) == ("NO_CHANGE", 400)
    assert task["artifact"]["id"] not in job["importReplacementMap"]


def test_stuck_job_stays_in_progress_for_ever(platform):
    platform.control("faults", path="/packages/import", fault="stuck_job", after_tasks=1)

    job = platform.run_import("Forms")

    assert job["jobStatus"] == "IN_PROGRESS"
    assert len(job["completedTasks"]) == 1


def test_unknown_status_of_a_job_is_shown_in_list_and_detail(platform):
    platform.control("faults", path="/packages/import", fault="unknown_status", value="REVIEWING")

    job = platform.run_import("Forms")

    rows = platform.get("/packages/jobs?property=jobStatus==REVIEWING").json["data"]
    assert job["jobStatus"] == "REVIEWING"
    assert [row["id"] for row in rows] == [job["id"]]


def test_deleting_a_package_leaves_its_running_import_alone(platform):
    job_id = platform.submit("Forms").json["jobId"]

    platform.call("DELETE", f"/packages/{platform.package('Forms').id}")
    platform.advance(10)

    assert platform.job(job_id)["jobStatus"] == "SUCCESS"
