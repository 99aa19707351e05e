"""The emulator's own doors."""

import pytest

from tests.integration.emulator.platform import EXIM, Platform


def requests(platform, since=0):
    return platform.http.get(f"/__emulator/requests?since={since}").json


def test_request_log_holds_calls_in_order_and_from_a_number_on(platform):
    last = requests(platform)["last"]
    platform.get("/packages?limit=1&property=status==DRAFT")
    platform.submit("Forms", description="d")

    log = requests(platform, last)

    read, write = log["requests"]
    assert (read["method"], read["path"], read["status"]) == ("GET", f"{EXIM}/packages", 200)
    assert read["query"] == [["limit", "1"], ["property", "status==DRAFT"]]
    assert (write["body"]["description"], write["status"]) == ("d", 202)
    assert log["last"] == write["n"] == read["n"] + 1


def test_request_log_holds_no_secrets():
    platform = Platform()
    secret = platform.credential.client_secret
    platform.http.post("/ims/token/v3", query_string={"client_secret": secret})
    platform.http.post("/ims/token/v3", data={"client_secret": secret}, content_type="multipart/form-data")
    platform.call("POST", "/packages", json={"name": "New", "client_secret": secret})
    platform.get("/packages")

    text = platform.http.get("/__emulator/requests").text

    assert secret not in text
    assert platform.headers["Authorization"].removeprefix("Bearer ") not in text
    assert "[redacted]" in text


def test_log_names_the_fault_that_was_met(platform):
    platform.control("faults", fault="status", path="/packages", status=503)
    platform.get("/packages")

    entry = requests(platform)["requests"][-1]

    assert (entry["fault"], entry["status"]) == ("status", 503)


def test_control_calls_are_not_logged_and_the_log_can_be_emptied(platform):
    platform.http.delete("/__emulator/requests")
    platform.http.get("/__emulator/state")

    assert requests(platform)["requests"] == []


def test_reset_brings_the_seed_back(platform):
    def memory():
        state = platform.http.get("/__emulator/state").json
        return [(package["id"], package["status"]) for package in state["packages"]], len(state["jobs"])

    before = memory()
    platform.submit("Forms")
    platform.call("DELETE", f"/packages/{platform.package('Forms draft').id}")

    changed = memory()
    platform.control("reset")

    assert changed != before
    assert memory() == before


def test_switches_and_clock_refuse_what_they_do_not_know(platform):
    answers = [
        platform.control("switches", colour=True),
        platform.control("switches", list_artifacts="yes"),
        platform.control("clock", advance_s=-1),
        platform.control("clock", advance_s="soon"),
        platform.control("latency", seconds=-1),
        platform.control("load", packages=1, ims_org_id="nobody"),
        platform.http.post("/__emulator/faults", data="no json"),
    ]

    assert [answer.status_code for answer in answers] == [400] * 7


def test_unknown_control_lists_the_known_ones(platform):
    answer = platform.http.get("/__emulator/nothing")

    assert answer.status_code == 404
    assert "POST /__emulator/faults" in answer.json["controls"]


def test_speed_can_be_changed_while_it_runs(platform):
    answer = platform.control("clock", speed=20)

    assert answer.json["speed"] == 20


def test_object_picker_is_behind_its_switch(platform):
    hidden = platform.get("/tools/artifacts/REGISTRY_SCHEMA")
    platform.control("switches", list_artifacts=True)

    shown = platform.get("/tools/artifacts/REGISTRY_SCHEMA")

    assert hidden.status_code == 404
    assert [one["title"] for one in shown.json["object"]] == ["Form submissions schema", "Visit events"]


def test_load_makes_packages_and_running_imports_that_end(platform):
    made = platform.control("load", packages=50, jobs=20)
    running = platform.get("/packages/jobs?property=jobStatus==PENDING").json["totalElements"]
    platform.advance(120)
    ended = platform.get("/packages/jobs?requestType=IMPORT&jobStatus=SUCCESS").json["totalElements"]

    assert made.json == {"packages": 50, "jobs": 20}
    assert platform.get("/packages").json["totalElements"] == 55
    assert (running, ended) == (20, 20)


@pytest.mark.parametrize(("seed", "packages"), [("empty", 0), ("load:7", 7)])
def test_seeds_differ_in_size(seed, packages):
    platform = Platform(seed)

    assert platform.get("/packages").json["totalElements"] == packages
