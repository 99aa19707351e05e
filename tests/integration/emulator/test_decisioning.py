"""Both dialects of the Decisioning Migration Service: requests, workflows, refusals, deletion."""

import pytest

from tests.integration.emulator.decisioning import R1, R4, Decisioning
from tests.integration.emulator.platform import Platform, fixture, shape

DIALECTS = [pytest.param(R4, "", id="r4"), pytest.param(R1, "", id="r1"), pytest.param(R1, "/decisioning", id="prefix")]


@pytest.fixture
def service(platform):
    return Decisioning(platform)


# Workflows


@pytest.mark.parametrize(("paths", "prefix"), DIALECTS)
def test_workflow_goes_from_new_to_running_to_completed_as_its_dialect_writes_it(platform, paths, prefix):
    service, name = Decisioning(platform, paths, prefix=prefix), "r1" if paths is R1 else "r4"

    created = service.analyse()
    platform.advance(1.1)
    running = service.call("GET", created.json["_links"]["self"]).json
    platform.advance(60)
    completed = service.call("GET", created.json["_links"]["self"]).json

    assert created.status_code == 201
    assert shape(created.json) == shape(fixture(f"decisioning/{name}-workflow-new.response"))
    assert shape(running) == shape(fixture(f"decisioning/{name}-workflow-running.response"))
    assert set(completed["result"]) == set(fixture(f"decisioning/{name}-dependency-completed.response")["result"])
    assert [one["status"] for one in (created.json, running, completed)] == ["New", "Running", "Completed"]
    assert created.json["_links"]["self"] == f"{service.paths['dependency']}/{created.json['id']}"
    if paths is R1:
        assert [one["_etag"][-2:] for one in (created.json, running, completed)] == ["-0", "-1", "-2"]


def test_workflow_of_one_dialect_is_read_in_the_other(platform):
    r1, r4 = Decisioning(platform, R1), Decisioning(platform, prefix="/decisioning")
    workflow_id = r4.done("dependency", r4.analyse())["id"]

    body = r1.read("dependency", workflow_id).json

    (key,) = body["result"]["segmentsDependency"]
    assert body["result"]["segmentsDependency"][key] == {"segmentNamespace": "", "segmentId": ""}
    assert body["result"]["profileAttributeDependency"] == {"_acmetenant.tier": "", "person.name.firstName": ""}
    assert body["result"]["contextAttributeDependency"] == {"cart.total": ""}


@pytest.mark.parametrize(
    ("level", "member", "name", "context"),
    [("offer", "offersList", "Cake voucher", {}), ("decision", "decisionList", "Visit offers", {"cart.total": ""})],
)
def test_analysis_tells_only_what_the_objects_in_scope_need(service, level, member, name, context):
    body = service.done("dependency", service.analyse(level, **{member: [service.id_of(name)]}))

    assert body["result"]["contextAttributes"] == context
    assert len(body["result"]["segments"]) == len(context)


def test_second_workflow_of_an_organization_waits_for_the_first_of_whatever_kind(service):
    migration = service.done("migration", service.migrate())
    rollback = service.roll_back(migration["id"])

    refused = [service.analyse(), service.migrate(), service.roll_back(migration["id"])]
    elsewhere = Decisioning(service.platform.also(organization=1)).analyse()

    assert shape(refused[0].json) == shape(fixture("decisioning/error-409-concurrent"))
    for answer in refused:
        assert answer.status_code == 409
        assert answer.json["detail"].startswith("A workflow is already in progress")
        assert answer.json["workflowId"] == rollback.json["id"]
    assert elsewhere.status_code == 201
    service.platform.advance(60)
    assert service.analyse().status_code == 201


def test_workflow_is_known_by_its_kind_and_organization_alone(service):
    workflow_id = service.analyse().json["id"]
    stranger = Decisioning(service.platform.also(organization=1))

    answers = [service.read("migration", workflow_id), stranger.read("dependency", workflow_id)]

    assert [answer.status_code for answer in answers] == [404, 404]


# Refusals


@pytest.mark.parametrize(
    ("query", "members", "status"),
    [
        ("request-level=sandbox", {}, 201),
        (None, {"requestLevel": "sandbox"}, 201),
        ("request-level=sandbox", {"requestLevel": "sandbox"}, 201),
        ("request-level=sandbox", {"requestLevel": "offer"}, 400),
        (None, {}, 400),
        ("request-level=folder", {}, 400),
        (None, {"requestLevel": ["sandbox"]}, 400),
        ("request-level=offer", {}, 400),
        ("request-level=decision", {"decisionsList": []}, 400),
        ("request-level=sandbox", {"imsOrgId": "another@AdobeOrg"}, 400),
        ("request-level=sandbox", {"imsOrgId": None}, 400),
        ("request-level=sandbox", {"targetSandboxDetails": {"sandboxName": "nowhere"}}, 400),
        ("request-level=sandbox", {"sourceSandboxDetails": None}, 400),
    ],
)
def test_request_says_its_level_once_and_its_organization_truly(service, query, members, status):
    answer = service.create("dependency", None, query=query, **members)

    assert answer.status_code == status, answer.text
    assert len(service.effects("analyse")) == (status == 201)


@pytest.mark.parametrize(
    "dependency",
    [
        None,
        {},
        {"datasetName": " "},
        {"datasetName": "Decisioning events", "segments": {"ups:1": "text"}},
        {"datasetName": "Decisioning events", "profileAttributeDependency": ["text"]},
        {"datasetName": "Decisioning events", "contextAttributes": {"name": 1}},
    ],
)
def test_migration_with_odd_dependencies_is_refused_at_once(service, dependency):
    answer = service.migrate(dependency=dependency)

    assert answer.status_code == 400
    assert shape(answer.json) == shape(fixture("decisioning/error-400-missing-dataset"))
    assert service.effects("migrate") == []


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff"])
def test_body_that_is_no_object_is_refused_as_a_problem(service, data):
    answer = service.call("POST", R4["dependency"], data=data, content_type="application/json")

    assert (answer.status_code, answer.json["status"]) == (400, 400)


def test_only_the_first_revision_insists_on_the_key(platform):
    keyless = {"headers": {"x-api-key": None}}
    r1, r4 = (Decisioning(platform, paths) for paths in (R1, R4))

    answers = [one.call("GET", f"{one.paths['migration']}/unknown", **keyless) for one in (r1, r4)]
    wrong = r4.call("GET", f"{R4['migration']}/unknown", headers={"x-api-key": "wrong"})

    assert [answer.status_code for answer in (*answers, wrong)] == [403, 404, 403]


def test_limited_robot_may_look_but_neither_migrate_nor_roll_back(platform):
    service, limited = Decisioning(platform), Decisioning(platform.also(robot=1))
    migration = service.done("migration", service.migrate())

    answers = [limited.migrate(), limited.roll_back(migration["id"]), limited.analyse(source="prod"), limited.analyse()]

    assert [answer.status_code for answer in answers] == [403, 403, 403, 201]
    assert "Decisioning" in answers[0].json["detail"]
    assert "stage" in answers[0].json["detail"]


# Deletion


def test_deletion_takes_a_service_user_and_the_latest_version(platform):
    robot, service = Decisioning(platform, R1), Decisioning(platform.also(robot=3), R1)
    created = robot.analyse().json
    path = f"{R1['dependency']}/{created['id']}"
    early = service.call("DELETE", path, headers={"If-Match": created["_etag"]})
    platform.advance(60)
    etag = robot.read("dependency", created["id"]).json["_etag"]

    person = robot.call("DELETE", path, headers={"If-Match": etag})
    bare, stale, good, again = [
        service.call("DELETE", path, headers={"If-Match": value}) for value in (None, created["_etag"], etag, etag)
    ]

    assert (early.status_code, person.status_code) == (409, 403)
    assert (bare.status_code, bare.json) == (428, fixture("decisioning/error-428-if-match-missing"))
    assert (stale.status_code, stale.json) == (412, fixture("decisioning/error-412-if-match"))
    assert person.json == fixture("decisioning/error-403-delete-not-service-user")
    assert (good.status_code, good.data, again.status_code) == (204, b"", 404)
    assert [effect["id"] for effect in service.effects("delete")] == [created["id"]]


def test_latest_revision_deletes_nothing(platform):
    service = Decisioning(platform.also(robot=3))
    workflow_id = service.analyse().json["id"]

    answer = service.call("DELETE", f"{R4['dependency']}/{workflow_id}", headers={"If-Match": "*"})

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
    assert service.read("dependency", workflow_id).status_code == 200


def test_service_users_are_printed_as_such():
    robots = [robot for robot in Platform("empty").org.credentials if robot.is_service_user]

    assert [robot.name for robot in robots] == ["Acme service user"]
