"""Faults, plans and other controls of SnapLogic, and what a test can count afterwards."""

import json

import pytest

from emulator.app import ConnectionFaultError, HangFaultError
from tests.integration.emulator.platform import fixture
from tests.integration.emulator.snaplogic import LABEL, PLAIN, SnapLogic, in_plain_text, messages, names

SOURCE = "acme-dev/apim/orders/1.2"
NEW = "acme-prod/apim/orders/1.2"
IMPORT = "*/import_version/*"


@pytest.fixture
def dev():
    return SnapLogic()


@pytest.fixture
def prod(dev):
    return dev.also()


@pytest.fixture
def package(dev):
    return dev.exported(SOURCE)


def arm(snaplogic, fault, path=IMPORT, **members):
    snaplogic.told("faults", path=path, fault=fault, **members)


def plan(snaplogic, **members):
    return snaplogic.told("snaplogic/next", **members)


# Faults


@pytest.mark.parametrize(("fault", "error"), [("reset", ConnectionFaultError), ("hang", HangFaultError)])
@pytest.mark.parametrize(("when", "count"), [("before", 0), ("after", 1)])
def test_broken_call_may_have_had_its_effect(prod, package, fault, error, when, count):
    arm(prod, fault, when=when)

    with pytest.raises(error):
        prod.bring(NEW, package)

    assert len(prod.effects(path=NEW)) == count
    assert (NEW in prod.paths()) is bool(count)


@pytest.mark.parametrize(("when", "count"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize(
    ("fault", "options", "status"),
    [
        ("status", {"status": 503}, 503),
        ("status", {}, 500),
        ("rate_limit", {"retry_after": 3}, 429),
        ("token_rejected", {}, 401),
    ],
)
def test_errors_come_in_the_envelope(prod, package, fault, options, status, when, count):
    arm(prod, fault, when=when, **options)

    answer = prod.bring(NEW, package)

    assert (answer.status_code, answer.json["http_status_code"]) == (status, status)
    assert len(messages(answer)) == 1
    assert answer.headers.get("Retry-After") == ("3" if fault == "rate_limit" else None)
    assert len(prod.effects(path=NEW)) == count


def test_error_within_200_says_so_inside(prod, package):
    arm(prod, "error_in_200")

    answer = prod.bring(NEW, package)

    assert (answer.status_code, answer.json["http_status_code"]) == (200, 400)


def test_body_of_an_error_can_be_given(prod, package):
    arm(prod, "status", status=502, body={"any": "thing"})

    assert prod.bring(NEW, package).json == {"any": "thing"}


@pytest.mark.parametrize(("fault", "status"), [("truncated", 200), ("empty", 200), ("html", 502)])
def test_answers_that_are_no_answer(prod, package, fault, status):
    arm(prod, fault, when="after")

    answer = prod.bring(NEW, package)

    assert answer.status_code == status
    with pytest.raises(ValueError, match=r"."):
        json.loads(answer.data)
    assert len(prod.effects(path=NEW)) == 1


def test_half_an_export_is_no_zip(dev, package):
    arm(dev, "truncated", "*/export_version/*", when="after")

    answer = dev.export(SOURCE)

    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.data == package[: len(package) // 2]


def test_import_fails_in_part(prod, package):
    arm(prod, "partial_failure", artifact="orders_get")

    body = prod.brought(NEW, package)

    assert [(entry["name"], entry["status_code"]) for entry in body["failed"]] == [("orders_get", 500)]
    assert ("Pipeline", "orders_get") not in prod.assets(NEW)


def test_import_claims_what_it_did_not_do(prod, package):
    arm(prod, "hidden_error", artifact="orders_get")

    body = prod.brought(NEW, package)

    assert "orders_get" in names(body["successful"])
    assert ("Pipeline", "orders_get") not in prod.assets(NEW)


def test_import_fails_as_a_whole(prod, package):
    arm(prod, "job_failure")

    answer = prod.bring(NEW, package)

    assert answer.status_code == 500
    assert NEW not in prod.paths()


def test_migration_shows_a_status_nobody_knows(dev):
    body = {
        "dest_version_path": "/acme-dev/apim/orders/2.0",
        "dest_plex_path": "/acme-dev/shared/main-plex",
        "async_mode": True,
    }
    started = dev.call("POST", f"/apim/migrate_version/{SOURCE}", json=body)
    arm(dev, "unknown_status", "*/project/migrate/*", value="Paused")

    token = started.json["response_map"]["status_token"]
    statuses = [dev.call("GET", f"/project/migrate/{token}").json["response_map"]["status"] for _ in range(2)]

    assert statuses == ["Paused", "Started"]


# What the next calls shall do


def test_next_import_meets_a_conflict(prod, package):
    plan(prod, operation="import", status=409)

    answer = prod.bring(NEW, package)

    documented = fixture("snaplogic/import-version.response-409")
    documented["response_map"]["error_list"][0]["message"] = f"API version already exists: {NEW}"
    assert (answer.status_code, answer.json) == (409, documented)
    assert prod.effects() == []
    assert prod.bring(NEW, package).status_code == 200


def test_next_import_says_another_status_inside(prod, package):
    plan(prod, operation="import", inner_status=409)
    plan(prod, operation="import", inner_status=409, takes_effect=True)

    first, second = prod.bring(NEW, package), prod.bring(NEW, package)

    assert [(one.status_code, one.json["http_status_code"]) for one in (first, second)] == [(200, 409)] * 2
    assert "error_list" in first.json["response_map"]
    assert second.json["response_map"]["failed"] == []
    assert len(prod.effects(path=NEW)) == 1


def test_next_import_takes_effect_and_answers_with_an_error(prod, package):
    plan(prod, operation="import", status=500, takes_effect=True, message="Internal server error")

    answer = prod.bring(NEW, package)

    assert (answer.status_code, messages(answer)) == (500, ["Internal server error"])
    assert len(prod.effects(path=NEW)) == 1


def test_next_import_fails_for_the_assets_that_are_named(prod, package):
    told = [
        {"name": "orders_get", "reason": "Pipeline is locked", "status_code": 423},
        {"name": "orders_list", "type": "Job", "reason": "no job has this name"},
    ]
    plan(prod, operation="import", fail=told, warn=[{"message": "Snaplex is busy", "name": "orders_list"}])

    body = prod.brought(NEW, package)

    assert [(one["name"], one["status_code"], one["reason"]) for one in body["failed"]] == [
        ("orders_get", 423, "Pipeline is locked")
    ]
    assert [one["message"] for one in body["warnings"] if one["name"] == "orders_list"] == ["Snaplex is busy"]


def test_plans_concern_a_path_and_a_number_of_calls(prod, package):
    plan(prod, operation="import", path=f"/{NEW}", status=503, count=2)

    statuses = [prod.bring(path, package).status_code for path in (f"{NEW}.1", NEW, NEW, NEW)]

    assert statuses == [200, 503, 503, 200]


def test_plans_for_other_operations(dev):
    told = [{"name": "orders/1.2", "reason": "Tasks are running"}]
    plan(dev, operation="publish", fail=told)
    plan(dev, operation="export", status=504)
    plan(dev, operation="list", status=500)

    published = dev.change("publish", "orders/1.2").json["response_map"]

    assert published["unsuccessful_versions"] == [{"path": "/acme-dev/apim/orders/1.2", "reason": "Tasks are running"}]
    assert dev.export(SOURCE).status_code == 504
    assert dev.call("POST", "/project/list_assets", json={"dest_path": SOURCE}).status_code == 500


def test_plans_can_be_read_and_dropped(prod, package):
    plan(prod, operation="import", status=409)

    assert [one["status"] for one in prod.known()["next"]] == [409]
    assert prod.http.delete("/__emulator/snaplogic/next").json == {"dropped": 1}
    assert prod.bring(NEW, package).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"operation": "destroy"},
        {"status": 200},
        {"inner_status": 302},
        {"count": 0},
        {"fail": [{"reason": "no name"}]},
        {"fail": [{"name": "a", "status_code": "409"}]},
        {"fail": {"name": "a"}},
        {"unknown": 1},
    ],
)
def test_plans_that_make_no_sense_are_refused(prod, body):
    answer = prod.control("snaplogic/next", **body)

    assert answer.status_code == 400
    assert prod.known()["next"] == []


# Settings and the world


@pytest.mark.parametrize(
    ("noun", "body"),
    [
        ("settings", {"org": "nowhere"}),
        ("settings", {"org": "acme-dev", "unknown": True}),
        ("settings", {"org": "acme-dev", "may_list": 1}),
        ("settings", {"org": "acme-dev", "trusted_orgs": ["nowhere"]}),
        ("users", {"org": "acme-dev", "username": "nobody", "rights": []}),
        ("users", {"org": "acme-dev", "username": "svc-ci@acme-dev.example.test", "rights": ["fly"]}),
        ("versions", {"org": "acme-dev", "api": "a/b", "version": "1"}),
        ("versions", {"org": "acme-dev", "api": "a", "version": "1", "state": "burnt"}),
        ("versions", {"org": "acme-dev", "api": "a", "version": "1", "bytes": 2**40}),
        ("assets", {"path": SOURCE, "type": "Account", "name": "a"}),
        ("assets", {"path": "acme-dev/apim/orders/9", "name": "a"}),
        ("assets", {"path": SOURCE, "name": "a/b"}),
        ("nothing", {}),
    ],
)
def test_controls_that_make_no_sense_are_refused(dev, noun, body):
    answer = dev.control(f"snaplogic/{noun}", **body)

    assert answer.status_code == 400
    assert answer.json["error"]


def test_versions_of_any_size_can_be_added_and_taken_away(dev):
    path = "acme-dev/apim/load/1"

    made = dev.told("snaplogic/versions", org="acme-dev", api="load", version="1", pipelines=30, accounts=4, bytes=9999)

    assert len(made["assets"]) == 35
    assert dev.assets(path)["File", "large.bin"]["bytes"] == 9999
    assert dev.http.delete("/__emulator/snaplogic/versions", query_string={"path": path}).status_code == 200
    assert dev.export(path).status_code == 404
    assert dev.http.delete("/__emulator/snaplogic/versions", query_string={"path": path}).status_code == 400
    assert dev.http.delete("/__emulator/snaplogic/settings").status_code == 400


def test_version_can_change_its_state_without_its_content(dev):
    before = dev.assets(SOURCE)

    dev.told("snaplogic/versions", org="acme-dev", api="orders", version="1.2", state="deprecated")

    assert dev.version(SOURCE)["state"] == "deprecated"
    assert dev.assets(SOURCE) == before


def test_imports_are_counted_by_path_and_client(dev, prod, package):
    path = "acme-prod/apim/orders/1.1"
    prod.brought(NEW, package)
    prod.brought(path, package, "create_new")
    prod.brought(path, package, "create_new")
    authorization = f"Bearer {prod.token()}"
    prod.bring(path, package, authorization=authorization)
    prod.bring(path, b"no zip")

    robot, subject = prod.user.username, prod.org.subject
    assert prod.known()["imports"] == [
        {"path": NEW, "version_path": NEW, "client": robot, "count": 1},
        {"path": path, "version_path": f"{path}1", "client": robot, "count": 1},
        {"path": path, "version_path": f"{path}2", "client": robot, "count": 1},
        {"path": path, "version_path": path, "client": subject, "count": 1},
    ]
    assert prod.version(path)["imports"] == prod.version(f"{path}2")["imports"] == 1
    assert len(prod.effects(path=path)) == 3
    assert len(prod.effects(path=path, client=subject)) == 1


def test_effect_tells_which_zip_came(prod, package):
    prod.brought(NEW, package)
    prod.brought(NEW, package)

    effects = prod.effects()

    assert len({effect["document"] for effect in effects}) == 1
    assert [(effect["successful"], effect["failed"]) for effect in effects] == [(10, 0), (1, 9)]


def test_request_log_holds_size_and_digest_of_an_upload(prod, package):
    prod.brought(NEW, package, accounts=in_plain_text(package, LABEL))

    entry = next(one for one in prod.app.log.since(0) if "/import_version/" in one["path"])

    assert set(entry["body"]) == {"bytes", "sha256"}
    assert entry["headers"]["authorization"] == "[redacted]"
    assert PLAIN not in json.dumps(prod.app.log.since(0))


def test_reset_brings_the_seed_back(prod, package):
    before = prod.known()
    prod.brought(NEW, package)
    prod.told("snaplogic/settings", org="acme-prod", disable_basic=True)

    prod.control("reset")

    assert prod.known() == before
