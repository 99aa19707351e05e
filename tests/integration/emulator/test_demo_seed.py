"""The stories of the demo seed, as emulator/README.md tells them."""

import datetime
import json
import re
from collections import Counter

import pytest

from emulator.app import create_app
from emulator.clock import Clock
from emulator.credentials import describe
from emulator.dump import dump
from emulator.seeds import build
from tests.integration.emulator.platform import Platform

DAY_MS = 86_400_000
PEM_HEAD = "-----BEGIN " + "PRIVATE KEY-----"  # in two parts: a hook looks for keys that were committed
V3 = "Loyalty schemas v3"


def titles_of_conflicts(demo, name):
    """Source title -> titles of the suggestions, best first, with the suffix of copies made readable."""
    return {
        demo.title("dev", row["artifact"]): [
            re.sub(r"_\d{13}$", "_copy", suggestion["title"]) for suggestion in row["suggestionList"]
        ]
        for row in demo.conflicts(name)
    }


def test_loyalty_import_meets_its_twelve_conflicts(demo):
    assert titles_of_conflicts(demo, V3) == {
        "Postal address details": ["Postal address details"],
        "Loyalty event class": ["Loyalty event class"],
        "Loyalty ID": ["Loyalty ID"],
        "Loyalty member profile": ["Loyalty member profile"],
        "Enrolment channel": ["Enrolment channel"],
        "Loyalty members": ["Loyalty members"],
        "Points balance": ["Points balance_copy", "Points balance"],
        "Loyalty balances": ["Loyalty balances_copy", "Loyalty balances"],
        "Member tier rules": ["Member tier rules archive", "Tier rules"],
        "Store visit preferences": ["Store visit counters"],
        "Airline partner codes": ["Hotel partner codes"],
        "Loyalty activity": ["Loyalty activity archive 2019"],
    }


def test_loyalty_import_with_all_decisions_creates_only_the_three_new_objects(demo):
    second = {"Points balance", "Loyalty balances", "Member tier rules"}
    new = {"Store visit preferences", "Airline partner codes", "Loyalty activity"}
    alternatives = {}
    for row in demo.conflicts(V3):
        title = demo.title("dev", row["artifact"])
        if title not in new:
            chosen = row["suggestionList"][1 if title in second else 0]
            alternatives[row["artifact"]["id"]] = {"id": chosen["id"], "type": chosen["type"]}

    job = demo.run_import(V3, alternatives=alternatives)

    created = {
        task["artifact"]["title"]
        for task in job["completedTasks"]
        if task["artifact"]["messages"][0]["status"] == "CREATED"
    }
    assert job["jobStatus"] == "SUCCESS"
    assert created == new


def test_consent_import_lacks_permissions_for_the_limited_robot_only(demo):
    name = "Consent audiences autumn"
    limited = demo.also(robot=1)
    path = f"/packages/preflight/{demo.package(name).id}?targetSandbox=stage"

    refused = [
        row["artifactType"] for row in limited.get(path).json["permissionResponse"] if not row["creationAllowed"]
    ]
    allowed = [row["creationAllowed"] for row in demo.get(path).json["permissionResponse"]]

    assert sorted(refused) == ["DULE_CONSENT_POLICY", "PROFILE_SEGMENT", "PROFILE_SEGMENT"]
    assert all(allowed)
    assert limited.run_import(name)["jobStatus"] == "FAILED"
    assert demo.run_import(name)["jobStatus"] == "SUCCESS"


def test_footfall_import_fails_in_part(demo):
    job = demo.run_import("Store footfall sources")

    assert job["jobStatus"] == "FAILED"
    assert len(job["completedTasks"]) == 5
    assert [task["artifact"]["title"] for task in job["failedTasks"]] == ["Footfall sensor stream"]


def test_crm_import_hides_an_error_in_its_success(demo):
    job = demo.run_import("CRM identity foundation")

    hidden = [task for task in job["completedTasks"] if task["artifact"]["messages"][0]["message"].startswith("{")]
    assert (job["jobStatus"], "failedTasks" in job) == ("SUCCESS", False)
    assert [task["artifact"]["title"] for task in hidden] == ["CRM contact key"]
    assert json.loads(hidden[0]["artifact"]["messages"][0]["message"])["status"] == 400


def test_sixty_packages_and_five_for_sharing_cover_every_state():
    packages = list(build("demo", Clock(speed=0)).packages.values())

    statuses = Counter(package.status for package in packages)
    assert len(packages) == 65
    assert set(statuses) == {"DRAFT", "PUBLISH_IN_PROGRESS", "PUBLISHED", "PUBLISH_FAILED"}
    assert {package.package_type for package in packages} == {"PARTIAL", "FULL"}
    assert {package.visibility for package in packages} == {"PRIVATE", "PUBLIC"}


def test_dates_follow_the_start_so_that_the_demo_never_ages():
    later = datetime.datetime(2031, 3, 1, tzinfo=datetime.UTC).timestamp()

    world = build("demo", Clock(speed=0, now=lambda: later))

    left = {
        round((package.expiry_ms - world.now_ms()) / DAY_MS)
        for package in world.packages.values()
        if package.status == "PUBLISHED"
    }
    assert {1, 7, 14} <= left
    assert min(left) < 0


def test_one_seed_always_gives_the_same_world():
    def moment():
        return 1_800_000_000.0

    first, second, other = (dump(create_app(seed, speed=0, clock=moment).world) for seed in ("demo", "demo", "small"))

    assert first == second
    assert first["packages"][0]["id"] != other["packages"][0]["id"]


def test_every_published_type_is_in_a_package():
    world = build("demo", Clock(speed=0))

    types = {thing.type for package in world.packages.values() for thing in world.content_of(package)}

    assert types >= {
        "JOURNEY",
        "ID_NAMESPACE",
        "REGISTRY_DATATYPE",
        "REGISTRY_CLASS",
        "REGISTRY_MIXIN",
        "REGISTRY_SCHEMA",
        "CATALOG_DATASET",
        "DULE_CONSENT_POLICY",
        "PROFILE_SEGMENT",
        "FLOW",
        "MAPPING_SET",
        "PROFILE_MERGE",
    }


def test_dependency_graphs_are_one_to_four_levels_deep():
    world = build("demo", Clock(speed=0))

    def depth(ref, objects):
        return max((1 + depth(child, objects) for child in objects[ref].children), default=0)

    depths = set()
    for package in world.packages.values():
        objects = world.organizations[package.source_org_id].sandboxes[package.source_sandbox].objects
        depths |= {depth((artifact.type, artifact.id), objects) for artifact in package.artifacts}

    assert depths >= {1, 2, 3, 4}
    assert max(depths) == 4


def test_packages_have_unique_names_in_their_organization():
    world = build("demo", Clock(speed=0))

    assert set(world.package_names.values()) == {1}


def test_printed_credentials_open_an_emulator_that_knows_nothing_of_them():
    described = describe("demo", "http://127.0.0.1:9400")
    platform = Platform("demo")

    adobe = [organization for organization in described["organizations"] if "kind" not in organization]
    robots = [robot for organization in adobe for robot in organization["credentials"]]
    answers = [
        platform.token_answer(client_id=robot["client_id"], client_secret=robot["client_secret"]).status_code
        for robot in robots
        if robot["kind"] == "oauth_server_to_server"
    ]

    assert answers == [200] * 6
    assert [robot["private_key"][:27] for robot in robots if robot["kind"] == "jwt"] == [
        "-----BEGIN PRIVATE KEY-----"
    ] * 2
    assert [organization["name"] for organization in adobe] == ["Acme", "Globex"]
    assert {partner["name"]: partner["manner"] for partner in described["partners"]} == {
        "Initech": "approves",
        "Vandelay": "rejects",
        "Hooli": "silent",
        "Northwind": "shares",
    }
    assert {tuple(sorted(organization["sandboxes"])) for organization in adobe} == {("dev", "prod", "stage")}


def partnerships(robot):
    """Name of the other organization -> direction and status, and what was said about it."""
    names = {one.id: one.name for one in robot.app.world.organizations.values()}
    found = {}
    for way, other in (("INCOMING", "sourceIMSOrgId"), ("OUTGOING", "targetIMSOrgId")):
        for row in robot.get(f"/handshake/list?requestType={way}").json["data"]:
            reasons = [entry.get("reason") for entry in json.loads(row["statusHistory"])]
            found[names[row[other]]] = (way, row["status"], reasons[-1])
    return found


def test_partnerships_of_every_kind_are_there_with_their_history(demo):
    assert partnerships(demo) == {
        "Globex": ("OUTGOING", "APPROVED", "Joint loyalty programme"),
        "Vandelay": ("OUTGOING", "REJECTED", "No new partners before the audit"),
        "Hooli": ("OUTGOING", "APPROVAL_PENDING", None),
        "Northwind": ("INCOMING", "APPROVAL_PENDING", None),
    }
    assert partnerships(demo.also(organization=1)) == {
        "Acme": ("INCOMING", "APPROVED", "Joint loyalty programme"),
        "Initech": ("INCOMING", "APPROVED", "Claims data for fleet customers"),
        "Vandelay": ("INCOMING", "REJECTED", "Nobody here knows this organization"),
        "Hooli": ("OUTGOING", "APPROVAL_PENDING", None),
        "Northwind": ("INCOMING", "APPROVAL_PENDING", None),
    }


def test_one_transfer_is_slow_against_the_past_of_its_organization(demo):
    rows = demo.get("/transfer/list?requestType=PRIVATE&limit=50").json["data"]
    mine = [row for row in rows if row["sourceIMSOrgId"] == demo.org.id]

    took = sorted(row["completedTime"] - row["createdDate"] for row in mine if row["status"] == "COMPLETED")
    slow = [row for row in mine if row["status"] == "IN_PROGRESS"]

    assert [row["status"] for row in mine].count("FAILED") == 1
    assert took == [9_000, 12_000, 14_000, 15_000, 18_000, 22_000, 110_000]
    assert [row["packageName"] for row in slow] == ["Web visits journey"]
    assert demo.app.world.now_ms() - slow[0]["createdDate"] >= 3 * 3_600_000


def test_slow_transfer_ends_after_six_hours_of_work(demo):
    demo.advance(6 * 3_600 + 1)

    rows = demo.get("/transfer/list?property=status==IN_PROGRESS").json

    assert rows["totalElements"] == 0
    assert demo.also(organization=1).package("Web visits journey").status == "PUBLISHED"


def test_shared_packages_of_the_past_can_be_imported_where_they_arrived(demo):
    globex = demo.also(organization=1)

    jobs = [globex.run_import(name) for name in ("Order history schema", "Returns schema for production")]

    assert [job["jobStatus"] for job in jobs] == ["SUCCESS", "SUCCESS"]
    assert jobs[0]["sourceSandbox"]["imsOrgId"] == demo.org.id


def test_public_package_of_a_partner_is_pulled_by_the_printed_payload(demo):
    packages = describe("demo", "http://127.0.0.1:9400")["public_packages"]
    payload = next(one["payload"] for one in packages if one["name"] == "Northwind loyalty starter")

    answer = demo.call("POST", "/transfer/pullRequest", json=payload)
    demo.advance(91)

    assert answer.status_code == 201
    assert demo.package("Northwind loyalty starter").status == "PUBLISHED"


def test_supplier_sends_a_package_to_whoever_approves_it(demo):
    row = demo.get("/handshake/list?requestType=INCOMING").json["data"][0]
    details = {"id": demo.org.id, "name": "Acme", "region": "va7"}
    body = {"linkingID": row["linkingId"], "status": "APPROVED", "reason": "Ok", "targetIMSOrgDetails": details}

    demo.call("POST", "/handshake/action", json=body)
    demo.advance(112)

    assert demo.package("Northwind supplier items").status == "PUBLISHED"


def compared(robot, name, **body):
    path = f"/packages/{robot.package(name).id}/version/compare"
    robot.call("POST", path, json=body)
    robot.advance(3)
    delta = robot.call("POST", path, json=body).json["object"]["deltaPackageVersion"]
    return {
        one["sourceArtifact"]["title"]: {(change["op"], change["path"]) for change in one["changes"]}
        for one in delta["eximGraphDelta"]["pluginDeltas"]
    }


def test_check_for_updates_finds_what_was_changed_since_publishing(demo):
    assert compared(demo, V3) == {
        "Store visit preferences": {("add", "/description"), ("add", "/properties")},
        "Member tier rules": {("add", "/description")},
    }


def test_comparison_with_staging_shows_fields_of_every_kind(demo):
    found = compared(demo, V3, targetSandbox="stage")

    assert found["Loyalty member profile"] == {
        ("replace", "/description"),
        ("add", "/properties/preferredStore"),
        ("remove", "/properties/legacyNumber"),
        ("replace", "/properties/tier/enum"),
        ("replace", "/required"),
    }
    assert found["Points balance"] == {("replace", "/title")}


def test_new_version_leaves_nothing_to_update(demo):
    demo.call("PATCH", f"/packages/{demo.package(V3).id}/version/save")
    demo.advance(4)

    assert compared(demo, V3) == {}


def test_some_packages_have_versions_and_some_cannot(demo):
    def capabilities(name):
        answer = demo.get(f"/packages/{demo.package(name).id}?getCapabilities=true").json
        return answer["packageCapabilities"]["capabilities"], answer["latestPackageVersion"]

    names = (V3, "Order history schema", "Order follow-up journey", "Store footfall sources")
    assert [capabilities(name) for name in names] == [(["VERSIONABLE"], 0), (["VERSIONABLE"], 2), ([], 0), ([], 0)]


def test_objects_can_be_picked_in_the_demo(demo):
    titles = {one["title"] for one in demo.get("/tools/artifacts/REGISTRY_SCHEMA").json["object"]}

    assert {"Loyalty members", "Loyalty activity"} <= titles


@pytest.mark.parametrize("is_repeatable", [True, False])
def test_new_jobs_get_ids_of_earlier_runs_only_where_runs_repeat(is_repeatable):
    first, second = (Platform(app=create_app("small", speed=0, is_repeatable=is_repeatable)) for _ in range(2))

    ids = [platform.submit("Forms").json["jobId"] for platform in (first, second)]

    assert list(first.app.world.packages) == list(second.app.world.packages)
    assert (ids[0] == ids[1]) is is_repeatable
