"""Partners that act by themselves, and requests that fail in part."""

import json

import pytest

from tests.integration.emulator.platform import Platform

INITECH, VANDELAY, HOOLI = 2, 3, 4


def ask(acme, *targets):
    body = {"targetIMSOrgIds": list(targets), "sourceIMSDetails": {"id": acme.org.id, "name": "Acme"}}
    return acme.call("POST", "/handshake/bulkCreate", json=body)


def outgoing(acme):
    return acme.get("/handshake/list?requestType=OUTGOING").json["data"]


@pytest.mark.parametrize(
    ("partner", "status", "reason"),
    [
        (INITECH, "APPROVED", "Welcome as a partner"),
        (VANDELAY, "REJECTED", "We do not share packages this quarter"),
        (HOOLI, "APPROVAL_PENDING", None),
    ],
)
def test_partner_outside_answers_in_its_manner_after_twenty_seconds(platform, partner, status, reason):
    ask(platform, platform.also(organization=partner).org.id)

    platform.advance(19)
    before = outgoing(platform)[0]["status"]
    platform.advance(1.1)
    row = outgoing(platform)[0]

    assert (before, row["status"]) == ("APPROVAL_PENDING", status)
    assert json.loads(row["statusHistory"])[-1].get("reason") == reason


def test_manner_and_time_of_a_partner_can_be_changed(platform):
    answer = platform.control("partners", ims_org_id="Globex", manner="approves", after_s=3)
    ask(platform, platform.also(organization=1).org.id)

    platform.advance(3)

    assert answer.json["manner"] == "approves"
    assert outgoing(platform)[0]["status"] == "APPROVED"


def test_rejected_partner_can_be_asked_again_and_a_pending_one_cannot(platform):
    vandelay = platform.also(organization=VANDELAY).org.id
    ask(platform, vandelay)
    pending = ask(platform, vandelay).json
    platform.advance(21)

    again = ask(platform, vandelay).json

    assert list(pending["failedRequests"]) == [vandelay]
    assert list(again["successfulRequests"]) == [vandelay]


@pytest.mark.parametrize("body", [{"code": 7, "message": "Region is not supported"}, "no", ["a"]])
def test_failure_in_part_is_said_in_any_words(platform, body):
    globex, hooli = (platform.also(organization=number).org.id for number in (1, HOOLI))
    arming = {"method": "POST", "path": "/bulkCreate", "fault": "partial_failure"}
    platform.control("faults", **arming, organization=globex, body=body)

    answer = ask(platform, globex, hooli)

    expected = {"reason": body} if isinstance(body, str) else body
    assert answer.status_code == 201
    assert answer.json["failedRequests"] == {globex: expected}
    assert [row["targetIMSOrgId"] for row in outgoing(platform)] == [hooli]


def test_partnerships_are_made_and_forgotten_by_the_controls(platform):
    made = platform.control("handshakes", source="Globex", target="Acme", status="REJECTED", reason="No")
    listed = platform.get("/handshake/list?requestType=INCOMING").json["data"]
    dropped = platform.http.delete(f"/__emulator/handshakes/{made.json['id']}").json

    assert [(row["status"], row["id"]) for row in listed] == [("REJECTED", made.json["id"])]
    assert dropped == {"dropped": 1}
    assert platform.get("/handshake/list?requestType=INCOMING").json["totalElements"] == 0


def test_partner_that_was_forgotten_answers_nothing(platform):
    ask(platform, platform.also(organization=INITECH).org.id)
    platform.http.delete("/__emulator/handshakes")

    platform.advance(30)

    assert outgoing(platform) == []


def test_controls_of_partners_refuse_what_they_do_not_know(platform):
    answers = [
        platform.control("partners", ims_org_id="Nobody", manner="approves"),
        platform.control("partners", ims_org_id="Initech", manner="shouts"),
        platform.control("partners", ims_org_id="Initech", after_s=-1),
        platform.control("handshakes", source="Acme", target="Globex", status="MAYBE"),
    ]

    assert [answer.status_code for answer in answers] == [400] * 4


def test_each_organization_acts_in_its_own_name():
    acme = Platform("small")
    globex = acme.also(organization=1)
    record = ask(acme, globex.org.id).json["successfulRequests"][globex.org.id]
    details = {"id": globex.org.id, "name": "Globex", "region": "nld2"}
    body = {"linkingID": record["linkingId"], "status": "APPROVED", "reason": "Yes", "targetIMSOrgDetails": details}
    decided = globex.call("POST", "/handshake/action", json=body).json

    assert record["createdBy"] == acme.credential.technical_account_id
    assert decided["modifiedBy"] == globex.credential.technical_account_id
    assert decided["modifiedByIMSOrgId"] == globex.org.id
