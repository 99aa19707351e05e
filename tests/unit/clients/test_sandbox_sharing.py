"""Every call of sharing against the documented example bodies, and what may stand in their place."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from werkzeug import Request, Response

from clients.sandbox_sharing import (
    Direction,
    PartnershipOutcomes,
    RemoteDecision,
    RemotePartnership,
    SharingClient,
    TransferType,
)
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import EXIM, ORG, fixture, fixture_bytes

PARTNER = "7D41B0C2A6E85F130A49423C@AdobeOrg"
OTHER = "0A0B0C0D0E0F10110A495F99@AdobeOrg"
PEOPLE = ("4F1A2B3C5D6E7F800A494101@a1b2c3d4e5f60718293a4b.e", "9C8D7E6F5A4B3C210A494202@0f1e2d3c4b5a69788796a5.e")
REQUEST, ACTION, PARTNERSHIPS = (f"{EXIM}/handshake/{name}" for name in ("bulkCreate", "action", "list"))
SHARE, PULL, TRANSFERS = (f"{EXIM}/transfer{name}" for name in ("", "/pullRequest", "/list"))


def example(name: str, status: int = 200) -> Response:
    body = fixture_bytes(f"sandbox_tooling/{name}")
    return Response(body, status=status, content_type="application/json")


def query(request: Request) -> list[tuple[str, str]]:
    return parse_qsl(request.query_string.decode(), keep_blank_values=True)


def ask(platform: Platform, sharing: SharingClient, body: Any, *targets: str) -> PartnershipOutcomes:
    platform.answer(REQUEST, Response(json.dumps(body), status=201))
    return sharing.request_partnerships(targets or [PARTNER], source_name="acme_org")


def listed(platform: Platform, sharing: SharingClient, **fields: Any) -> RemotePartnership:
    platform.answer(PARTNERSHIPS, Response(json.dumps({"data": [{"id": "h", **fields}]})))
    (partnership,) = sharing.list_partnerships(Direction.INCOMING).items
    return partnership


def transferred(platform: Platform, sharing: SharingClient, **fields: Any) -> Any:
    platform.answer(f"{EXIM}/transfer/t", Response(json.dumps({"id": "t", **fields})))
    return sharing.get_transfer("t")


def test_a_partnership_is_asked_for(platform: Platform, sharing: SharingClient) -> None:
    platform.answer(REQUEST, example("handshake.bulkCreate.response", 201))

    outcomes = sharing.request_partnerships([PARTNER], source_name="acme_org")

    assert platform.seen[0].get_json() == fixture("sandbox_tooling/handshake.bulkCreate.request")
    assert platform.seen[0].headers["x-sandbox-name"] == "dev"
    assert (outcomes.failed, outcomes.missing) == ({}, ())
    partnership = outcomes.successful[PARTNER]
    assert (partnership.id, partnership.linking_id, partnership.status) == (
        "e3f9ae5121cc4f1d849f1535994592c4",
        "f7647408-965c-4a33-86aa-640760088c53",
        "APPROVAL_PENDING",
    )
    assert (partnership.source_id, partnership.source_name, partnership.source_region) == (ORG, "acme_org", "va6")
    assert (partnership.target_id, partnership.target_name, partnership.target_region) == (PARTNER, "", "")
    assert partnership.history == (
        RemoteDecision(
            action="INITIATED",
            at=datetime(2024, 8, 29, 13, 40, 16, 885000, tzinfo=UTC),
            by_id=PEOPLE[0],
            by_name="Release Manager",
            organization_id=ORG,
            reason="",
        ),
    )
    assert partnership.history_text == ""
    assert partnership.raw["linkingId"] == partnership.linking_id


def test_each_request_has_an_outcome_of_its_own(platform: Platform, sharing: SharingClient) -> None:
    platform.answer(REQUEST, example("handshake.bulkCreate.response-partial-inferred", 201))

    outcomes = sharing.request_partnerships([PARTNER, OTHER, "lost@AdobeOrg"], source_name="acme_org")

    assert list(outcomes.successful) == [PARTNER]
    assert outcomes.failed == {OTHER: "Partnership request already exists"}
    assert outcomes.missing == ("lost@AdobeOrg",)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"reason": "Already  partners"}, "Already partners"),
        ("Organization not found", "Organization not found"),
        ({"status": 404, "title": "Not found", "detail": "No such organization"}, "Not found: No such organization"),
        ({"errors": {"409": [{"code": 409, "message": "Taken"}]}}, "Taken"),
        ([{"message": "One"}, {"message": "Two"}], "One; Two"),
        ({"verdict": 7}, '{"verdict": 7}'),
        ({"message": "Refused with client_secret=hush-hush"}, "Refused with client_secret=[redacted]"),
        ({"token": "hush"}, '{"token": "[redacted]"}'),
        ({}, "no reason given"),
        (None, "no reason given"),
        ("", "no reason given"),
    ],
)
def test_a_failed_request_keeps_the_platforms_words(
    entry: Any, words: str, platform: Platform, sharing: SharingClient
) -> None:
    outcomes = ask(platform, sharing, {"successfulRequests": {}, "failedRequests": {PARTNER: entry}})

    assert outcomes.failed == {PARTNER: words}
    assert outcomes.missing == ()


@pytest.mark.parametrize(
    "body",
    [
        {"successfulRequests": {PARTNER.lower(): {"id": "h"}}},
        {"successfulRequests": [{"id": "h", "targetIMSOrgId": PARTNER.upper()}], "failedRequests": None},
        {"object": {"successfulRequests": {PARTNER: {"id": "h"}}, "failedRequests": {PARTNER: "twice"}}},
    ],
)
def test_an_outcome_is_found_by_the_id_that_was_asked(body: Any, platform: Platform, sharing: SharingClient) -> None:
    outcomes = ask(platform, sharing, body)

    assert {target: partnership.id for target, partnership in outcomes.successful.items()} == {PARTNER: "h"}
    assert (outcomes.failed, outcomes.missing) == ({}, ())


@pytest.mark.parametrize("failed", [[{"imsOrgId": PARTNER, "reason": "No"}], [{"id": PARTNER, "message": "No"}]])
def test_failures_in_a_list_are_told_apart(failed: Any, platform: Platform, sharing: SharingClient) -> None:
    assert ask(platform, sharing, {"failedRequests": failed}).failed == {PARTNER: "No"}


@pytest.mark.parametrize("record", [None, "yes", {}, {"status": "APPROVAL_PENDING"}, [1]])
def test_a_success_that_cannot_be_read_is_missing(record: Any, platform: Platform, sharing: SharingClient) -> None:
    outcomes = ask(platform, sharing, {"successfulRequests": {PARTNER: record}, "failedRequests": {}}, PARTNER, PARTNER)

    assert (outcomes.successful, outcomes.failed, outcomes.missing) == ({}, {}, (PARTNER,))


@pytest.mark.parametrize(
    ("is_approved", "status", "reason"), [(True, "APPROVED", "Done"), (False, "REJECTED", "Not with us")]
)
def test_a_partnership_is_decided_in_the_name_of_the_own_organization(
    is_approved: bool, status: str, reason: str, platform: Platform, sharing: SharingClient
) -> None:
    platform.answer(ACTION, example("handshake.action.response", 201))

    partnership = sharing.decide_partnership(
        "fbbd61b7-e4f9-410d-856d-187dff4bbcb5", is_approved=is_approved, reason=reason, name="acme", region=" VA7 "
    )

    assert platform.seen[0].get_json() == {
        "linkingID": "fbbd61b7-e4f9-410d-856d-187dff4bbcb5",
        "status": status,
        "reason": reason,
        "targetIMSOrgDetails": {"id": ORG, "name": "acme", "region": "va7"},
    }
    assert (partnership.status, partnership.target_name, partnership.target_region) == (
        "APPROVED",
        "partner_org",
        "va7",
    )
    assert [(one.action, one.by_name, one.reason) for one in partnership.history] == [
        ("INITIATED", "Release Manager", ""),
        ("APPROVED", "", "Done"),
    ]
    assert (partnership.created_by_name, partnership.modified_by_name) == ("Release Manager", "")


@pytest.mark.parametrize("direction", list(Direction))
def test_partnerships_are_listed_in_one_direction(
    direction: Direction, platform: Platform, sharing: SharingClient
) -> None:
    platform.answer(PARTNERSHIPS, example("handshake.list.response"))

    page = sharing.list_partnerships(direction, start=50, limit=25, filters=["status==IN_PROGRESS,APPROVAL_PENDING"])

    assert query(platform.seen[0]) == [
        ("requestType", direction.value),
        ("property", "status==IN_PROGRESS,APPROVAL_PENDING"),
        ("start", "50"),
        ("limit", "25"),
        ("orderBy", "-createdDate"),
    ]
    (partnership,) = page.items
    assert (page.total, page.has_next) == (1, False)
    assert (partnership.source_name, partnership.target_name, partnership.modified_by_name) == (
        "acme_org",
        "partner_org",
        "Partner Admin",
    )
    assert partnership.modified_at == datetime(2024, 8, 29, 11, 6, 57, tzinfo=UTC)
    assert partnership.history[1].organization_id == PARTNER


def test_lists_that_know_no_such_order_are_read_without_one(platform: Platform, sharing: SharingClient) -> None:
    refusal = Response('{"message": "Unknown parameter orderBy"}', status=400)
    platform.answer(PARTNERSHIPS, refusal, example("handshake.list.response"))

    sharing.list_partnerships(Direction.OUTGOING)

    assert query(platform.seen[1]) == [("requestType", "OUTGOING"), ("start", "0"), ("limit", "50")]


STEP = {"action": "INITIATED", "actionTimeStamp": 1724929442467, "reason": None, "actionTakenByImsOrgID": ORG}


@pytest.mark.parametrize(
    "history", [[STEP], STEP, json.dumps([STEP]), json.dumps(STEP), json.dumps(json.dumps([STEP])), [dict(STEP, x=1)]]
)
def test_a_history_of_any_form_is_read(history: Any, platform: Platform, sharing: SharingClient) -> None:
    partnership = listed(platform, sharing, statusHistory=history)

    (decision,) = partnership.history
    assert (decision.action, decision.organization_id, decision.reason, decision.by_id) == ("INITIATED", ORG, "", "")
    assert decision.at == datetime(2024, 8, 29, 11, 4, 2, 467000, tzinfo=UTC)
    assert partnership.history_text == ""


@pytest.mark.parametrize(
    ("history", "text"),
    [
        ('[{"action":"APPROVED', '[{"action":"APPROVED'),
        ("approved by phone", "approved by phone"),
        ('["INITIATED", "APPROVED"]', '["INITIATED", "APPROVED"]'),
        ([{"action": "INITIATED"}, 7], '[{"action": "INITIATED"}, 7]'),
        (5, "5"),
        ('{"password": "hush"', '{"password": "[redacted]"'),
        ("", ""),
        (None, ""),
        ("null", ""),
        ([], ""),
    ],
)
def test_a_history_that_cannot_be_read_keeps_its_text(
    history: Any, text: str, platform: Platform, sharing: SharingClient
) -> None:
    partnership = listed(platform, sharing, statusHistory=history)

    assert (partnership.history, partnership.history_text) == ((), text)


def test_a_partnership_that_is_only_an_id_is_read(platform: Platform, sharing: SharingClient) -> None:
    partnership = listed(platform, sharing, createdDate=0, modifiedDate=None)

    assert (partnership.id, partnership.linking_id, partnership.status) == ("h", "", "")
    assert (partnership.created_at, partnership.modified_at, partnership.history) == (None, None, ())


def test_unknown_words_are_kept_and_known_ones_are_spelled_as_documented(
    platform: Platform, sharing: SharingClient
) -> None:
    rows = [{"id": "a", "status": "approved"}, {"id": "b", "status": "Lapsed"}, {"id": "c", "sourceIMSOrgName": "acme"}]
    platform.answer(PARTNERSHIPS, Response(json.dumps({"data": rows})))

    page = sharing.list_partnerships(Direction.INCOMING)

    assert [one.status for one in page.items] == ["APPROVED", "Lapsed", ""]
    assert [one.source_name for one in page.items] == ["", "", "acme"]


def test_secrets_in_a_partnership_are_redacted(platform: Platform, sharing: SharingClient) -> None:
    history = json.dumps([dict(STEP, reason="use client_secret=hush-hush")])

    partnership = listed(platform, sharing, statusHistory=history, auth={"password": "hush"})

    assert partnership.history[0].reason == "use client_secret=[redacted]"
    assert "hush" not in json.dumps(partnership.raw)


def test_a_package_is_shared_with_several_partners(platform: Platform, sharing: SharingClient) -> None:
    row = fixture("sandbox_tooling/transfer.create.response")[0]
    platform.answer(SHARE, Response(json.dumps([row, dict(row, id="t2", targetIMSOrgId=OTHER)]), status=201))

    transfers = sharing.share_package("99089521828a4d4f999674496f3d84f1", [PARTNER, OTHER])

    assert platform.seen[0].get_json() == {
        "packageId": "99089521828a4d4f999674496f3d84f1",
        "targets": [{"imsOrgId": PARTNER}, {"imsOrgId": OTHER}],
    }
    assert [(one.id, one.target_id) for one in transfers] == [
        ("2c0e72aac5fd41ba8c53d52fe97ab908", PARTNER),
        ("t2", OTHER),
    ]
    assert (transfers[0].source_id, transfers[0].source_name, transfers[0].package_name) == (ORG, "", "")
    assert (transfers[0].status, transfers[0].request_type) == ("PENDING", "PRIVATE")
    assert transfers[0].messages == ("Fetched Package", "Fetched Manifest")
    assert transfers[0].created_at == datetime(2024, 9, 16, 9, 55, 59, 313000, tzinfo=UTC)
    assert transfers[0].completed_at is None


@pytest.mark.parametrize("wrap", [lambda row: row, lambda row: {"object": [row]}, lambda row: {"data": [row]}])
def test_transfers_are_read_out_of_any_wrapping(
    wrap: Callable[[Any], Any], platform: Platform, sharing: SharingClient
) -> None:
    platform.answer(SHARE, Response(json.dumps(wrap({"id": "t", "status": "PENDING"})), status=201))

    assert [one.id for one in sharing.share_package("p", [PARTNER])] == ["t"]


def test_a_public_package_is_pulled_in(platform: Platform, sharing: SharingClient) -> None:
    platform.answer(PULL, example("transfer.pullRequest.response", 201))

    transfer = sharing.pull_package(source_organization_id=ORG, package_id="673264e41f8b49229d61467a1a94a907")

    assert platform.seen[0].get_json() == fixture("sandbox_tooling/transfer.pullRequest.request")
    assert (transfer.id, transfer.status, transfer.request_type) == (
        "e044f3a2306c490a9283404792d3cb3a",
        "PENDING",
        "PUBLIC",
    )
    assert (transfer.package_id, transfer.initiated_by) == ("673264e41f8b49229d61467a1a94a907", PEOPLE[1])
    assert (transfer.messages, transfer.completed_at) == ((), None)


def test_one_transfer_is_read_with_its_steps(platform: Platform, sharing: SharingClient) -> None:
    platform.answer(f"{EXIM}/transfer/0c84", example("transfer.get.response"))

    transfer = sharing.get_transfer("0c84")

    assert (transfer.package_name, transfer.status, transfer.completed_at) == (
        "Golden sandbox 2024-08",
        "COMPLETED",
        None,
    )
    assert (transfer.source_name, transfer.target_name) == ("acme_org", "partner_org")
    assert transfer.messages[0] == "Fetched Package"
    assert transfer.messages[-1] == "Completed Transfer"


@pytest.mark.parametrize(
    ("request_type", "name", "facts"),
    [
        (TransferType.PRIVATE, "private", (43, True, 8, "acme_org")),
        (TransferType.PUBLIC, "public", (14, True, 0, ORG)),
    ],
)
def test_transfers_of_one_type_are_listed(
    request_type: TransferType, name: str, facts: tuple[Any, ...], platform: Platform, sharing: SharingClient
) -> None:
    platform.answer(TRANSFERS, example(f"transfer.list-{name}.response"))

    page = sharing.list_transfers(request_type, filters=["status==COMPLETED"])

    assert query(platform.seen[0]) == [
        ("requestType", request_type.value),
        ("property", "status==COMPLETED"),
        ("start", "0"),
        ("limit", "50"),
        ("orderBy", "-createdDate"),
    ]
    first = page.items[0]
    assert (page.total, page.has_next, len(first.messages), first.source_name) == facts
    assert first.completed_at is not None
    assert first.created_at is not None
    assert {one.request_type for one in page.items} == {request_type.value}


@pytest.mark.parametrize(
    ("details", "messages"),
    [
        ({"messages": ["Fetched Package", None, ""]}, ("Fetched Package",)),
        ({"messages": "Fetched Package"}, ("Fetched Package",)),
        ('{"messages": ["Fetched Package"]}', ("Fetched Package",)),
        ({"messages": [{"message": "Kafka is down"}, {"step": 3}]}, ("Kafka is down", '{"step": 3}')),
        ({"messages": ["Sent with client_secret=hush-hush"]}, ("Sent with client_secret=[redacted]",)),
        ("Waiting", ("Waiting",)),
        ({"messages": None, "additionalMetadata": None}, ()),
        ({}, ()),
        (None, ()),
    ],
)
def test_steps_of_any_form_are_read(
    details: Any, messages: tuple[str, ...], platform: Platform, sharing: SharingClient
) -> None:
    assert transferred(platform, sharing, transferDetails=details).messages == messages


def test_an_unknown_status_of_a_transfer_is_kept(platform: Platform, sharing: SharingClient) -> None:
    transfer = transferred(platform, sharing, status="ON_HOLD", requestType="private", completedTime=0)

    assert (transfer.status, transfer.request_type, transfer.completed_at) == ("ON_HOLD", "PRIVATE", None)


@pytest.mark.parametrize(
    ("path", "read_all"),
    [
        (PARTNERSHIPS, lambda sharing: sharing.all_partnerships(Direction.OUTGOING, limit=2)),
        (TRANSFERS, lambda sharing: sharing.all_transfers(TransferType.PRIVATE, limit=2)),
    ],
)
def test_no_row_is_lost_while_rows_shift(
    path: str, read_all: Callable[[SharingClient], Any], platform: Platform, sharing: SharingClient
) -> None:
    rows = [{"id": f"r{number}"} for number in range(7)]
    asked: list[int] = []

    def page(request: Request) -> Response:
        start = int(request.args["start"])
        asked.append(start)
        shifted = rows if start == 0 else [{"id": "new"}, *rows]
        return Response(json.dumps({"totalElements": len(shifted), "data": shifted[start : start + 2]}))

    platform.decide(path, page)
    met: list[str] = []
    pages = read_all(sharing)
    for one in pages:
        met += [row.id for row in one.items]
        if not one.has_next:
            pages.close()

    assert {f"r{number}" for number in range(7)} <= set(met)
    assert met.count("r1") == 2
    assert sorted(set(asked)) == [0, 2, 4, 6]


def test_ids_of_transfers_are_escaped(platform: Platform, sharing: SharingClient) -> None:
    platform.answer(f"{EXIM}/transfer/a/b", example("transfer.get.response"))

    sharing.get_transfer("a/b")

    assert platform.seen[0].environ["RAW_URI"].endswith("/transfer/a%2Fb")
