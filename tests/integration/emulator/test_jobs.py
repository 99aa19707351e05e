"""The list of jobs and the detail of one."""

from emulator.app import create_app
from tests.integration.emulator.platform import Platform, fixture, shape


def test_job_rows_have_the_documented_shape(demo):
    page = demo.get("/packages/jobs?property=requestType==IMPORT&property=jobStatus==SUCCESS&orderby=createdDate").json

    assert shape(page) == shape(fixture("sandbox_tooling/packages.jobs.response"))
    assert all(row["created"] == row["updated"] for row in page["data"])


def test_newest_job_leads_even_if_another_has_the_same_time():
    platform = Platform(app=create_app("small", speed=0, clock=lambda: 1_800_000_000.0))
    ids = [platform.submit("Forms").json["jobId"] for _ in range(3)]

    rows = platform.get("/packages/jobs?property=requestType==IMPORT&orderby=-created").json["data"]

    assert [row["id"] for row in rows] == ids[::-1]


def test_jobs_are_filtered_by_time_and_target(platform):
    job_id = platform.submit("Forms").json["jobId"]
    created = platform.job(job_id)["createdTimestamp"]

    hits = [
        platform.get("/packages/jobs", query_string=[("property", one) for one in properties]).json["totalElements"]
        for properties in (
            [f"created>={created}", "targetSandbox==stage"],
            [f"createdDate>={created + 1}"],
            ["targetSandbox==prod"],
        )
    ]

    assert hits == [1, 0, 0]


def test_unknown_job_is_not_found_nor_is_one_of_another_organization():
    acme = Platform()
    job_id = acme.submit("Forms").json["jobId"]

    unknown = acme.get("/tools/job/00000000000000000000000000000000")
    foreign = acme.also(organization=1).get(f"/tools/job/{job_id}")

    assert (unknown.status_code, foreign.status_code) == (404, 404)
    assert unknown.json["status"] == "NOT_FOUND"
