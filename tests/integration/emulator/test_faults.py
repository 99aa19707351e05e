"""The fault switch in process: what it does to calls and to the world."""

import email.utils
import json

import pytest

from emulator.app import ConnectionFaultError, HangFaultError
from tests.integration.emulator.platform import fixture


def arm(platform, fault, **members):
    return platform.control("faults", fault=fault, **members)


def imports_of(platform):
    return sum(job.request_type == "IMPORT" for job in platform.app.world.jobs.values())


def test_rate_limit_without_a_header(platform):
    arm(platform, "rate_limit", path="/packages")

    answer = platform.get("/packages")

    assert (answer.status_code, answer.json) == (429, fixture("sandbox_tooling/error.rate-limit-gateway"))
    assert "Retry-After" not in answer.headers


def test_rate_limit_with_seconds_and_with_a_date(platform):
    arm(platform, "rate_limit", path="/packages", retry_after=3)
    arm(platform, "rate_limit", path="/packages", retry_after=3, retry_after_form="date")

    in_seconds, as_date = platform.get("/packages"), platform.get("/packages")

    assert in_seconds.headers["Retry-After"] == "3"
    assert email.utils.parsedate_to_datetime(as_date.headers["Retry-After"]).tzinfo is not None


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504])
def test_status_of_choice(platform, status):
    arm(platform, "status", path="/packages", status=status)

    assert platform.get("/packages").status_code == status


def test_html_empty_and_truncated_answers_are_no_json(platform):
    for fault in ("html", "empty", "truncated"):
        arm(platform, fault, path="/packages")

    html, empty, truncated = (platform.get("/packages") for _ in range(3))

    assert (html.status_code, html.mimetype) == (502, "text/html")
    assert (empty.status_code, empty.data) == (200, b"")
    assert truncated.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(truncated.data)


@pytest.mark.parametrize(("fault", "error"), [("reset", ConnectionFaultError), ("hang", HangFaultError)])
def test_broken_connections_are_exceptions_in_process(platform, fault, error):
    arm(platform, fault, path="/packages")

    with pytest.raises(error, match="told to"):
        platform.get("/packages")


@pytest.mark.parametrize("fault", ["status", "rate_limit", "html", "empty", "truncated", "token_rejected"])
@pytest.mark.parametrize(("when", "jobs"), [("before", 0), ("after", 1)])
def test_call_takes_effect_only_if_the_fault_comes_after_it(platform, fault, when, jobs):
    arm(platform, fault, method="POST", path="/packages/import", when=when)

    platform.submit("Forms")

    assert imports_of(platform) == jobs


@pytest.mark.parametrize(("when", "jobs"), [("before", 0), ("after", 1)])
def test_reset_connection_keeps_the_effect_of_an_import_only_afterwards(platform, when, jobs):
    arm(platform, "reset", method="POST", path="/packages/import", when=when)

    with pytest.raises(ConnectionFaultError):
        platform.submit("Forms")

    assert imports_of(platform) == jobs


def test_rejected_token_stays_invalid_until_a_new_one_is_fetched(platform):
    arm(platform, "token_rejected", path="/tools/job/*")

    rejected = platform.get("/tools/job/1")
    same_token = platform.get("/packages")
    new_token = platform.get("/packages", headers={"Authorization": f"Bearer {platform.token()}"})

    assert rejected.json == fixture("ims/gateway-401-401013-token-not-valid")
    assert (same_token.status_code, new_token.status_code) == (401, 200)


def test_count_limits_a_fault_to_the_next_calls(platform):
    arm(platform, "status", path="/packages", count=2)

    assert [platform.get("/packages").status_code for _ in range(3)] == [500, 500, 200]


def test_probability_repeats_itself_for_a_seed(platform):
    arm(platform, "status", path="/packages", probability=0.5)
    first = [platform.get("/packages").status_code for _ in range(40)]
    platform.control("reset")
    platform.headers["Authorization"] = f"Bearer {platform.token()}"
    platform.control("faults", fault="status", path="/packages", probability=0.5)

    again = [platform.get("/packages").status_code for _ in range(40)]

    assert set(first) == set(again) == {200, 500}
    assert platform.http.get("/__emulator/faults").json["faults"][0]["hits"] == again.count(500)


@pytest.mark.parametrize("path", ["/packages", "*/exim/packages", "^/data/.*/packages$", "*"])
def test_paths_are_globs_or_regular_expressions(platform, path):
    arm(platform, "status", path=path)

    assert platform.get("/packages").status_code == 500


def test_other_paths_and_methods_are_spared(platform):
    arm(platform, "status", method="POST", path="/packages")
    arm(platform, "status", path="/packages/jobs")

    assert platform.get("/packages").status_code == 200


def test_unknown_status_on_a_reading_call_changes_the_answer_and_not_the_world(platform):
    package_id = platform.package("Forms").id
    arm(platform, "unknown_status", path=f"/packages/{package_id}", value="ARCHIVED")

    first, second = (platform.get(f"/packages/{package_id}").json["status"] for _ in range(2))

    assert (first, second) == ("ARCHIVED", "PUBLISHED")


def test_unknown_status_of_a_publish_stays_with_package_and_job(platform):
    arm(platform, "unknown_status", path="/export")
    package_id = platform.package("Forms draft").id

    job_id = platform.get(f"/packages/{package_id}/export").json["jobId"]
    platform.advance(10)

    assert platform.get(f"/packages/{package_id}").json["status"] == "QUARANTINED"
    assert platform.job(job_id)["jobStatus"] == "QUARANTINED"


def test_stuck_publish_never_ends(platform):
    arm(platform, "stuck_job", path="/export")

    platform.get(f"/packages/{platform.package('Forms draft').id}/export")
    platform.advance(1000)

    assert platform.package("Forms draft").status == "PUBLISH_IN_PROGRESS"


def test_failed_job_names_no_object(platform):
    arm(platform, "job_failure", method="POST", path="/packages/import")
    job_id = platform.submit("Forms").json["jobId"]

    platform.advance(60)

    detail = platform.job(job_id)
    assert (detail["jobStatus"], detail["completedTasks"]) == ("FAILED", [])
    assert "failedTasks" not in detail


def test_cancelled_job_keeps_what_was_done_until_then(platform):
    arm(platform, "job_cancelled", method="POST", path="/packages/import", after_tasks=1)
    job_id = platform.submit("Forms").json["jobId"]

    platform.advance(60)

    detail = platform.job(job_id)
    assert (detail["jobStatus"], len(detail["completedTasks"])) == ("CANCELLED", 1)


def test_unnamed_job_is_made_and_listed_all_the_same(platform):
    arm(platform, "unnamed_job", method="POST", path="/packages/import")

    answer = platform.submit("Forms")

    assert (answer.status_code, "jobId" in answer.json) == (202, False)
    assert imports_of(platform) == 1
    assert len(platform.get("/packages/jobs?property=requestType==IMPORT").json["data"]) == 1


def test_unlisted_job_shows_up_after_its_time(platform):
    arm(platform, "unlisted_job", method="POST", path="/packages/import", seconds=5)
    job_id = platform.submit("Forms").json["jobId"]

    before = platform.get(f"/tools/job/{job_id}").status_code, platform.get("/packages/jobs").json["totalElements"]
    platform.advance(5)
    after = platform.get(f"/tools/job/{job_id}").status_code, platform.get("/packages/jobs").json["totalElements"]

    assert before == (404, after[1] - 1)
    assert after[0] == 200


def test_nulls_take_the_optional_texts_and_the_times_of_an_answer(platform):
    package_id = platform.package("Forms").id
    arm(platform, "nulls", path=f"/packages/{package_id}")

    spoiled, whole = (platform.get(f"/packages/{package_id}").json for _ in range(2))

    assert (spoiled["id"], spoiled["status"]) == (whole["id"], whole["status"])
    assert (spoiled["description"], spoiled["createdDate"]) == (None, 0)
    assert whole["description"]


def test_empty_page_promises_more_rows(platform):
    arm(platform, "empty_page", path="/packages")

    spoiled, whole = (platform.get("/packages").json for _ in range(2))

    assert (spoiled["data"], spoiled["hasNextPage"]) == ([], True)
    assert spoiled["totalElements"] == whole["totalElements"] == len(whole["data"])


def test_shifted_rows_repeat_the_last_row_of_the_page_before(platform):
    whole = [row["id"] for row in platform.get("/packages").json["data"]]
    first = platform.get("/packages?limit=2").json
    arm(platform, "shifted_rows", path="/packages")

    second = platform.get("/packages?start=2&limit=2").json

    assert [row["id"] for row in second["data"]] == whole[1:3]
    assert second["totalElements"] == first["totalElements"] + 1


def test_every_fault_is_named_with_what_it_concerns(platform):
    faults = platform.http.get("/__emulator/").json["faults"]

    assert faults["reset"] == ["any"]
    assert faults["publish_failure"] == ["publish"]
    assert {word for words in faults.values() for word in words} == {
        *("any", "import", "publish", "create", "handshake", "transfer", "version", "workflow", "read", "list")
    }


@pytest.mark.parametrize(
    "members",
    [
        {"fault": "earthquake"},
        {"fault": "status", "count": 0},
        {"fault": "status", "probability": 2},
        {"fault": "status", "when": "during"},
        {"fault": "status", "status": 200},
        {"fault": "status", "path": "^("},
        {"fault": "status", "paths": "/packages"},
        {"fault": "rate_limit", "retry_after": "3"},
        {},
    ],
)
def test_wrongly_armed_fault_is_refused_with_a_sentence(platform, members):
    answer = platform.http.post("/__emulator/faults", json=members)

    assert answer.status_code == 400
    assert answer.json["error"].endswith(".")
    assert platform.http.get("/__emulator/faults").json == {"faults": []}


def test_faults_are_disarmed_one_by_one_or_all_at_once(platform):
    ids = [arm(platform, "status", count=9).json["id"] for _ in range(3)]

    one = platform.http.delete(f"/__emulator/faults/{ids[0]}").json
    rest = platform.http.delete("/__emulator/faults").json

    assert (one, rest) == ({"dropped": 1}, {"dropped": 2})
