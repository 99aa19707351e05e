"""The answers a client of the real platform relies on, checked from its side: over HTTP, against what it is shown."""

import datetime
import math
import operator
from typing import Any

import pytest

from emulator.app import create_app
from emulator.clock import Clock
from emulator.dump import dump
from emulator.seeds import build
from tests.integration.emulator.platform import Platform, fixture

TIMES = ("createdDate", "modifiedDate", "publishDate", "expiry")
COMPARISONS: dict[str, Any] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
}


def rows(platform: Platform, path: str = "/packages", **query: Any) -> list[dict[str, Any]]:
    answer = platform.get(path, query_string={"limit": 1000, **query})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["data"]
    return found


def iso(epoch_ms: int) -> str:
    moment = datetime.datetime.fromtimestamp(epoch_ms / 1000, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ids(found: list[dict[str, Any]]) -> set[str]:
    return {row["id"] for row in found}


# Query language


@pytest.mark.parametrize("comparison", COMPARISONS)
@pytest.mark.parametrize("name", TIMES)
def test_time_filters_speak_of_the_times_that_are_shown(name, comparison):
    platform = Platform(app=create_app("demo", speed=0, clock=lambda: 1_800_000_000.789))
    members = {"name": "Written at 789 ms", "packageType": "PARTIAL", "artifacts": [{"id": "Email", "type": "FLOW"}]}
    created = platform.call("POST", "/packages", json=members).json
    platform.get(f"/packages/{created['id']}/export")
    platform.advance(10)
    shown = platform.get(f"/packages/{created['id']}").json[name]

    found = rows(platform, property=f"{name}{comparison}{iso(shown)}")

    listed = [row for row in rows(platform) if name in row]
    assert ids(found) == {row["id"] for row in listed if COMPARISONS[comparison](row[name], shown)}


@pytest.mark.parametrize(("start", "limit"), [(0, 7), (7, 7), (5, 7), (35, 7), (36, 7), (90, 7), (0, 36), (0, 10**20)])
def test_pages_count_rows_from_start_and_pages_by_limit(demo, start, limit):
    everything = rows(demo)

    page = demo.get(f"/packages?start={start}&limit={limit}").json

    assert [row["id"] for row in page["data"]] == [row["id"] for row in everything[start : start + limit]]
    assert (page["totalElements"], page["totalPages"]) == (36, math.ceil(36 / limit))
    assert page["currentPage"] == start // limit
    assert (page["hasPreviousPage"], page["hasNextPage"]) == (start > 0, start + limit < 36)


@pytest.mark.parametrize("path", ["/packages", "/packages/jobs"])
@pytest.mark.parametrize("order", ["asc:created,updated", "-created", "CREATED_DATE:DESC", "createdDate"])
def test_published_styles_of_order_are_known_to_both_lists(demo, path, order):
    answer = demo.get(path, query_string={"orderby": order})

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("edge", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize("sent", ["filter", "expiry"])
def test_times_at_the_ends_of_the_calendar_are_answered(platform, edge, sent):
    if sent == "filter":
        answer = platform.get("/packages", query_string={"property": f"createdDate>={edge}"})
    else:
        members = {"name": "Edge", "packageType": "PARTIAL", "expiry": edge}
        answer = platform.call("POST", "/packages", json=members)

    assert answer.status_code in (200, 201, 400)
    assert isinstance(answer.json, dict)


# Bodies


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"name"', b"null", b"\xff", b"[" * 200_000])
def test_body_that_is_no_object_is_refused_in_the_envelope(platform, body):
    answer = platform.call("POST", "/packages", data=body, content_type="application/json")

    assert answer.status_code == 400
    assert set(answer.json) == {"status", "type", "message", "object"}
    assert platform.http.get("/__emulator/requests").status_code == 200


def test_name_that_is_no_unicode_text_comes_back_as_it_was_sent(platform):
    body = b'{"name": "Half \\ud83d", "packageType": "PARTIAL"}'

    created = platform.call("POST", "/packages", data=body, content_type="application/json")
    listed = rows(platform)

    assert created.status_code == 201
    assert "Half \ud83d" in {row["name"] for row in listed}


@pytest.mark.parametrize("period", ["-1", "1.5", "many", "²", "9999999"])
def test_expiry_period_that_is_no_number_of_days_is_refused(platform, period):
    package = platform.package("Forms draft")

    answer = platform.get(f"/packages/{package.id}/export", query_string={"expiryPeriod": period})

    assert (answer.status_code, answer.json["type"]) == (400, "ERROR")
    assert package.status == "DRAFT"


def test_asking_for_the_head_of_a_publish_publishes_nothing(platform):
    package = platform.package("Forms draft")

    answer = platform.call("HEAD", f"/packages/{package.id}/export")

    assert answer.status_code == 405
    assert package.status == "DRAFT"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/packages", "packages.list.response"),
        ("/packages/jobs", "packages.jobs.response"),
        ("/handshake/list?requestType=OUTGOING", "handshake.list.response"),
        ("/transfer/list?requestType=PRIVATE", "transfer.list-private.response"),
        ("/transfer/list?requestType=PUBLIC", "transfer.list-public.response"),
    ],
)
def test_every_row_of_a_list_has_the_published_members_with_their_types(demo, path, name):
    sample = fixture(f"sandbox_tooling/{name}")["data"][0]
    # An unpublished package, a job that exports, a request without an answer, a transfer under way.
    optional = {"publishDate", "targetSandbox", "targetRegion", "targetOrgName", "completedTime"}

    page = demo.get(path, query_string=None if "?" in path else {"limit": 1000}).json

    assert page["data"]
    for row in page["data"]:
        assert set(sample) - set(row) <= optional
        assert [key for key in set(sample) & set(row) if type(sample[key]) is not type(row[key])] == []


def test_whole_sandbox_can_be_made_public_but_not_edited(demo):
    package_id = demo.package("Development sandbox, whole").id

    edited = demo.call("PUT", "/packages", json={"id": package_id, "action": "UPDATE", "name": "Another"})
    public = demo.call("PUT", "/packages", json={"id": package_id, "action": "UPDATE", "packageVisibility": "PUBLIC"})

    assert (edited.status_code, public.status_code) == (400, 201)
    assert public.json["packageVisibility"] == "PUBLIC"


def test_comparison_answers_to_all_three_methods_of_the_guide(demo):
    path = f"/packages/{demo.package('Loyalty schemas v3').id}/version/compare"

    answers = [demo.call(method, path) for method in ("GET", "POST", "PATCH")]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.json["object"]["id"] for answer in answers}) == 1  # one comparison, found again


# The demo seed


def test_two_starts_within_an_hour_tell_exactly_the_same():
    def started(late: int) -> dict[str, Any]:
        return dump(build("demo", Clock(speed=0, now=lambda: 1_800_000_000 + late)))

    first, second = started(1), started(3_599)

    assert first == second | {"now": first["now"]}


def test_later_calls_give_the_same_answers_in_two_runs():
    def moment():
        return 1_800_000_123.456

    def run() -> list[Any]:
        platform = Platform(app=create_app("demo", speed=0, clock=moment))
        job = platform.run_import("Loyalty schemas v3")
        draft = platform.call("POST", "/packages", json={"name": "Repeated", "packageType": "PARTIAL"}).json
        return [job, draft, platform.get("/packages/jobs").json, platform.conflicts("Store footfall sources")]

    assert run() == run()


def test_every_published_artifact_type_is_listed_in_some_package():
    world = build("demo", Clock(speed=0))

    types = {artifact.type for package in world.packages.values() for artifact in package.artifacts}

    assert types == {
        "CATALOG_DATASET",
        "DULE_CONSENT_POLICY",
        "FLOW",
        "ID_NAMESPACE",
        "JOURNEY",
        "PROFILE_SEGMENT",
        "REGISTRY_CLASS",
        "REGISTRY_DATATYPE",
        "REGISTRY_MIXIN",
        "REGISTRY_SCHEMA",
    }


# Faults


def test_sign_in_page_of_a_proxy_comes_with_status_200(platform):
    armed = platform.control("faults", method="GET", path="*/packages", fault="html", status=200)

    answer = platform.get("/packages")

    assert armed.status_code == 201
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert "200 OK" in answer.text
