"""How often calls took effect, whatever became of their answers: what a crash test counts."""

import pytest

from emulator.app import ConnectionFaultError
from tests.integration.emulator.platform import Platform


@pytest.fixture
def acme() -> Platform:
    platform = Platform("small")
    platform.control("handshakes", source="Acme", target="Globex", status="APPROVED")
    return platform


def effects(platform, **query):
    return platform.http.get("/__emulator/effects", query_string=query).json


def globex_of(platform):
    return platform.also(organization=1)


def create(acme):
    return acme.call("POST", "/packages", json={"name": "New", "packageType": "PARTIAL", "description": "[marker]"})


def put(acme, package, action, **members):
    return acme.call("PUT", "/packages", json={"id": acme.package(package).id, "action": action, **members})


def ask(acme):
    hooli = acme.also(organization=4).org.id
    body = {"targetIMSOrgIds": [hooli], "sourceIMSDetails": {"id": acme.org.id, "name": "Acme"}}
    return acme.call("POST", "/handshake/bulkCreate", json=body)


def decide(acme):
    made = acme.control("handshakes", source="Northwind", target="Acme").json
    details = {"id": acme.org.id, "name": "Acme", "region": "va7"}
    body = {"linkingID": made["linkingId"], "status": "REJECTED", "reason": "No", "targetIMSOrgDetails": details}
    return acme.call("POST", "/handshake/action", json=body)


def share(acme):
    body = {"packageId": acme.package("Forms").id, "targets": [{"imsOrgId": globex_of(acme).org.id}]}
    return acme.call("POST", "/transfer", json=body)


def pull(acme):
    acme.package("Forms").visibility = "PUBLIC"
    payload = acme.get(f"/packages/payload/{acme.package('Forms').id}").json
    return globex_of(acme).call("POST", "/transfer/pullRequest", json=payload)


def update_import(acme):
    body = {"destinationSandbox": {"name": "stage", "imsOrgId": acme.org.id}, "overwriteMappings": {}}
    return acme.call("PATCH", f"/packages/{acme.package('Forms').id}/import", json=body)


WRITES = {
    "package.create": create,
    "package.add": lambda acme: put(acme, "Forms draft", "ADD", artifacts=[{"id": "1", "type": "FLOW"}]),
    "package.remove": lambda acme: put(acme, "Forms draft", "DELETE", artifacts=[]),
    "package.edit": lambda acme: put(acme, "Forms draft", "UPDATE", name="Renamed"),
    "package.delete": lambda acme: acme.call("DELETE", f"/packages/{acme.package('Forms').id}"),
    "package.publish": lambda acme: acme.get(f"/packages/{acme.package('Forms draft').id}/export"),
    "package.publicity": lambda acme: put(acme, "Forms", "UPDATE", packageVisibility="PUBLIC"),
    "import": lambda acme: acme.submit("Forms"),
    "import.update": update_import,
    "version.compare": lambda acme: acme.call("POST", f"/packages/{acme.package('Forms').id}/version/compare"),
    "version.save": lambda acme: acme.call("PATCH", f"/packages/{acme.package('Forms').id}/version/save"),
    "handshake.request": ask,
    "handshake.decide": decide,
    "transfer.share": share,
    "transfer.pull": pull,
}
PATHS = {
    "package.publish": "*/export",
    "import": "*/packages/import",
    "import.update": "*/import",
    "version.compare": "*/compare",
    "version.save": "*/save",
    "handshake.request": "*/bulkCreate",
    "handshake.decide": "*/action",
    "transfer.share": "*/transfer",
    "transfer.pull": "*/pullRequest",
    "package.delete": "^/data/foundation/exim/packages/[0-9a-f]+$",
}


@pytest.mark.parametrize("operation", WRITES)
def test_every_write_is_counted_once_under_its_name(acme, operation):
    answer = WRITES[operation](acme)

    found = effects(acme, operation=operation)

    assert answer.status_code < 300, answer.text
    assert found["counts"] == {operation: 1}
    assert [effect["operation"] for effect in found["effects"]] == [operation]
    assert found["effects"][0]["id"]


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize("fault", ["reset", "status", "rate_limit"])
@pytest.mark.parametrize(("when", "expected"), [("before", {}), ("after", 1)])
def test_write_whose_answer_is_lost_took_effect_only_if_the_fault_came_after(acme, operation, fault, when, expected):
    acme.control("faults", path=PATHS.get(operation, "*/packages"), fault=fault, when=when)

    try:
        answer = WRITES[operation](acme)
    except ConnectionFaultError:
        answer = None

    assert answer is None or answer.status_code in (429, 500)
    assert effects(acme)["counts"] == (expected and {operation: expected})


def test_effects_are_found_by_what_they_are_about_and_can_be_forgotten(acme):
    share(acme)
    create(acme)
    acme.advance(91)

    mine = effects(acme, operation="transfer.share", package_id=acme.package("Forms").id)["effects"]
    marked = effects(acme, description="[marker]")["effects"]
    arrived = effects(acme, operation="transfer.arrive")["effects"]
    later = effects(acme, since=mine[0]["n"])["effects"]
    acme.http.delete("/__emulator/effects")

    assert [one["target"] for one in mine] == [globex_of(acme).org.id]
    assert [one["operation"] for one in marked] == ["package.create"]
    assert [one["package_id"] for one in arrived] == [globex_of(acme).package("Forms").id]
    assert [one["operation"] for one in later] == ["package.create", "transfer.arrive"]
    assert effects(acme) == {"counts": {}, "effects": [], "last": 0}


def test_refused_write_has_no_effect(acme):
    put(acme, "Forms", "ADD", artifacts=[{"id": "1", "type": "FLOW"}])
    acme.submit("Forms draft")

    assert effects(acme)["counts"] == {}


@pytest.mark.parametrize("fault", ["unnamed_job", "unlisted_job"])
def test_new_package_can_be_without_a_name_or_a_trace(acme, fault):
    acme.control("faults", method="POST", path="/packages", fault=fault, seconds=5)

    answer = create(acme)
    listed = [row["name"] for row in acme.get("/packages").json["data"]]
    acme.advance(6)

    assert ("id" in answer.json) is (fault == "unlisted_job")
    assert ("New" in listed) is (fault == "unnamed_job")
    assert "New" in [row["name"] for row in acme.get("/packages").json["data"]]
