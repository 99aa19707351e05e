"""Partnerships and transfers between organizations."""

import json

import pytest

from tests.integration.emulator.platform import Platform, fixture, shape

ACME, GLOBEX, INITECH = 0, 1, 2


@pytest.fixture
def acme() -> Platform:
    return Platform("small")


@pytest.fixture
def globex(acme: Platform) -> Platform:
    return acme.also(organization=GLOBEX)


def ask_for_partnership(asker, *targets):
    body = {"targetIMSOrgIds": list(targets), "sourceIMSDetails": {"id": asker.org.id, "name": "acme_org"}}
    return asker.call("POST", "/handshake/bulkCreate", json=body)


def answer_to(partner, linking_id, status="APPROVED", member="linkingID", **changes):
    details = {"id": partner.org.id, "name": "partner_org", "region": "NLD2"}
    body = {member: linking_id, "status": status, "reason": "Done", "targetIMSOrgDetails": details}
    return partner.call("POST", "/handshake/action", json=body | changes)


def become_partners(asker, partner):
    record = ask_for_partnership(asker, partner.org.id).json["successfulRequests"][partner.org.id]
    return answer_to(partner, record["linkingId"])


def share(sender, name, *targets):
    body = {"packageId": sender.package(name).id, "targets": [{"imsOrgId": target} for target in targets]}
    return sender.call("POST", "/transfer", json=body)


def test_request_has_the_documented_shape_and_may_fail_in_part(acme, globex):
    answer = ask_for_partnership(acme, globex.org.id, acme.org.id, "0A0B0C0D0E0F10110A495F99@AdobeOrg")

    record = answer.json["successfulRequests"][globex.org.id]
    expected = fixture("sandbox_tooling/handshake.bulkCreate.response")["successfulRequests"][globex.org.id]
    assert answer.status_code == 201
    assert shape(record) == shape(expected)
    assert shape(json.loads(record["statusHistory"])) == shape(json.loads(expected["statusHistory"]))
    assert set(answer.json["failedRequests"]) == {acme.org.id, "0A0B0C0D0E0F10110A495F99@AdobeOrg"}


def test_second_request_to_the_same_partner_fails_in_the_answer(acme, globex):
    ask_for_partnership(acme, globex.org.id)

    again = ask_for_partnership(acme, globex.org.id).json

    assert again["failedRequests"] == {globex.org.id: {"reason": "Partnership request already exists"}}


@pytest.mark.parametrize("member", ["linkingID", "linkingId"])
def test_target_approves_under_either_spelling(acme, globex, member):
    record = ask_for_partnership(acme, globex.org.id).json["successfulRequests"][globex.org.id]

    answer = answer_to(globex, record["linkingId"], member=member)

    assert answer.status_code == 201
    assert shape(answer.json) == shape(fixture("sandbox_tooling/handshake.action.response"))
    assert (answer.json["status"], answer.json["version"], answer.json["targetRegion"]) == ("APPROVED", 1, "nld2")


def test_only_the_target_decides_once_and_with_a_reason(acme, globex):
    linking_id = ask_for_partnership(acme, globex.org.id).json["successfulRequests"][globex.org.id]["linkingId"]

    refused = [
        answer_to(acme, linking_id).status_code,
        answer_to(globex, linking_id, reason=" ").status_code,
        answer_to(globex, linking_id, status="MAYBE").status_code,
        answer_to(globex, "unknown").status_code,
        answer_to(acme.also(organization=INITECH), linking_id).status_code,
    ]
    decided = answer_to(globex, linking_id, status="REJECTED").status_code
    again = answer_to(globex, linking_id).status_code

    assert (refused, decided, again) == ([403, 400, 400, 404, 404], 201, 400)


def test_lists_are_told_apart_by_direction_and_in_progress_means_pending(acme, globex):
    ask_for_partnership(acme, globex.org.id)

    outgoing = acme.get("/handshake/list?requestType=OUTGOING&property=status==IN_PROGRESS").json
    incoming = globex.get("/handshake/list?requestType=INCOMING&orderBy=-createdDate").json
    none = acme.get("/handshake/list?requestType=INCOMING").json
    unsaid = acme.get("/handshake/list")

    assert [row["status"] for row in outgoing["data"]] == ["APPROVAL_PENDING"]
    assert (incoming["totalElements"], none["totalElements"]) == (1, 0)
    assert unsaid.status_code == 400


def test_approved_partnership_is_listed_with_every_documented_member():
    demo = Platform("demo")

    page = demo.get("/handshake/list?requestType=OUTGOING&property=status%3D%3DAPPROVED").json

    assert shape(page) == shape(fixture("sandbox_tooling/handshake.list.response"))


def test_package_travels_to_a_partner_and_can_be_imported_there(acme, globex):
    become_partners(acme, globex)

    answer = share(acme, "Forms", globex.org.id)
    transfer_id = answer.json[0]["id"]
    acme.advance(91)

    assert answer.status_code == 201
    assert shape(answer.json) == shape(fixture("sandbox_tooling/transfer.create.response"))
    detail = globex.get(f"/transfer/{transfer_id}").json
    assert shape(detail) == shape(fixture("sandbox_tooling/transfer.get.response"))
    assert detail["status"] == "COMPLETED"
    page = acme.get("/transfer/list?requestType=PRIVATE&property=status==COMPLETED").json
    assert shape(page) == shape(fixture("sandbox_tooling/transfer.list-private.response"))
    assert globex.run_import("Forms")["jobStatus"] == "SUCCESS"


@pytest.mark.parametrize("name", ["Forms draft", "Forms expired"])
def test_only_published_packages_are_shared(acme, globex, name):
    become_partners(acme, globex)

    assert share(acme, name, globex.org.id).status_code == 400


def test_nothing_is_shared_without_partnership_or_right(acme, globex):
    stranger = share(acme, "Forms", globex.org.id)
    become_partners(acme, globex)
    limited = share(acme.also(robot=1), "Forms", globex.org.id)

    assert (stranger.status_code, limited.status_code) == (400, 403)
    assert acme.app.world.transfers == {}


def test_public_package_is_pulled_without_a_partnership(acme, globex):
    payload = {"imsOrgId": acme.org.id, "packageId": acme.package("Forms").id}
    private = globex.call("POST", "/transfer/pullRequest", json=payload)
    body = {"id": payload["packageId"], "action": "UPDATE", "packageVisibility": "PUBLIC"}
    acme.call("PUT", "/packages", json=body)

    answer = globex.call("POST", "/transfer/pullRequest", json=payload)
    acme.advance(91)

    page = globex.get("/transfer/list?requestType=PUBLIC").json
    assert private.status_code == 400
    assert answer.status_code == 201
    assert shape(answer.json) == shape(fixture("sandbox_tooling/transfer.pullRequest.response"))
    assert shape(page) == shape(fixture("sandbox_tooling/transfer.list-public.response"))
    assert globex.package("Forms").status == "PUBLISHED"


def test_pulling_what_the_organization_does_not_own_is_not_found(acme, globex):
    payload = {"imsOrgId": globex.org.id, "packageId": acme.package("Forms").id}

    assert globex.call("POST", "/transfer/pullRequest", json=payload).status_code == 404


def test_failed_transfer_brings_nothing(acme, globex):
    become_partners(acme, globex)
    acme.control("faults", path="/transfer", fault="partial_failure")

    transfer_id = share(acme, "Forms", globex.org.id).json[0]["id"]
    acme.advance(91)

    assert acme.get(f"/transfer/{transfer_id}").json["status"] == "FAILED"
    assert globex.get("/packages").json["totalElements"] == 0
