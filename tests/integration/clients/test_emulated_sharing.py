"""Sharing against the emulated platform, over real HTTP."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from clients.errors import (
    ApiAuthError,
    ApiBusyError,
    ApiRejectedError,
    AuthProblem,
    OutcomeUnknownError,
)
from clients.sandbox_sharing import Direction, RemotePartnership, RemoteTransfer, SharingClient, TransferType
from clients.sandbox_tooling import SandboxToolingClient, parse_payload
from tests.integration.clients.conftest import Emulator

ACME, GLOBEX = range(2)
HOOLI = "91E4A7056CDB32F80A495D3D@AdobeOrg"
"""A partner outside, who never answers."""
REQUEST, ACTION, SHARE, PULL = "*/handshake/bulkCreate", "*/handshake/action", "*/transfer", "*/transfer/pullRequest"
LOST: list[dict[str, Any]] = [{"fault": "status", "status": 502}, {"fault": "reset"}, {"fault": "truncated"}]


def org_id(emulator: Emulator, organization: int) -> str:
    return str(emulator.organizations[organization]["ims_org_id"])


def sharing_of(emulator: Emulator, organization: int) -> SharingClient:
    return SharingClient(emulator.connect(organization=organization))


@pytest.fixture
def acme(emulator: Emulator) -> SharingClient:
    return sharing_of(emulator, ACME)


@pytest.fixture
def globex(emulator: Emulator) -> SharingClient:
    return sharing_of(emulator, GLOBEX)


@pytest.fixture
def partners(emulator: Emulator, acme: SharingClient, globex: SharingClient) -> RemotePartnership:
    """Acme has asked and Globex has approved."""
    outcomes = acme.request_partnerships([org_id(emulator, GLOBEX)], source_name="Acme")
    (asked,) = outcomes.successful.values()
    return globex.decide_partnership(asked.linking_id, is_approved=True, reason="Welcome", name="Globex", region="NLD2")


def ended(sharing: SharingClient, transfer: RemoteTransfer) -> RemoteTransfer:
    latest = time.monotonic() + 20
    while (now := sharing.get_transfer(transfer.id)).status in ("PENDING", "IN_PROGRESS"):
        assert time.monotonic() < latest, now
        time.sleep(0.05)
    return now


def test_one_asks_the_other_approves_and_both_see_it(
    emulator: Emulator, acme: SharingClient, globex: SharingClient
) -> None:
    asked = acme.request_partnerships([org_id(emulator, GLOBEX)], source_name="Acme")
    (incoming,) = globex.list_partnerships(Direction.INCOMING, filters=["status==IN_PROGRESS"]).items
    decided = globex.decide_partnership(
        incoming.linking_id, is_approved=True, reason="Welcome", name="Globex", region="NLD2"
    )
    (outgoing,) = (row for row in acme.list_partnerships(Direction.OUTGOING).items if row.id == incoming.id)

    assert asked.successful[org_id(emulator, GLOBEX)].id == incoming.id
    assert (incoming.status, incoming.source_id) == ("APPROVAL_PENDING", org_id(emulator, ACME))
    assert (decided.status, decided.target_region) == ("APPROVED", "nld2")
    assert (outgoing.status, outgoing.target_name) == ("APPROVED", "Globex")
    assert [(one.action, one.reason) for one in outgoing.history] == [("INITIATED", ""), ("APPROVED", "Welcome")]
    assert outgoing.history[1].organization_id == org_id(emulator, GLOBEX)
    assert all(one.at is not None for one in outgoing.history)


def test_a_request_is_rejected_with_a_reason(emulator: Emulator, acme: SharingClient, globex: SharingClient) -> None:
    (asked,) = acme.request_partnerships([org_id(emulator, GLOBEX)], source_name="Acme").successful.values()

    globex.decide_partnership(asked.linking_id, is_approved=False, reason="Not this year", name="Globex", region="nld2")

    (seen,) = (row for row in acme.list_partnerships(Direction.OUTGOING).items if row.id == asked.id)
    assert (seen.status, seen.history[-1].reason) == ("REJECTED", "Not this year")


def test_one_request_to_many_has_an_outcome_for_each(emulator: Emulator, acme: SharingClient) -> None:
    ids = [org_id(emulator, GLOBEX), HOOLI, org_id(emulator, ACME)]
    nobody = "000000000000000000000000@AdobeOrg"

    outcomes = acme.request_partnerships([*ids, nobody], source_name="Acme")

    assert set(outcomes.successful) == set(ids[:2])
    assert set(outcomes.failed) == {ids[2], nobody}
    assert all(len(words) > 10 for words in outcomes.failed.values())
    assert outcomes.missing == ()


def test_only_the_organization_that_was_asked_may_decide(
    emulator: Emulator, acme: SharingClient, globex: SharingClient
) -> None:
    (asked,) = acme.request_partnerships([org_id(emulator, GLOBEX)], source_name="Acme").successful.values()

    with pytest.raises(ApiRejectedError):
        acme.decide_partnership(asked.linking_id, is_approved=True, reason="Me", name="Acme", region="va7")

    (incoming,) = (row for row in globex.list_partnerships(Direction.INCOMING).items if row.id == asked.id)
    assert incoming.status == "APPROVAL_PENDING"


def test_a_credential_without_the_right_to_share_is_refused(emulator: Emulator) -> None:
    limited = SharingClient(emulator.connect("limited robot"))

    with pytest.raises(ApiAuthError) as caught:
        limited.request_partnerships([org_id(emulator, GLOBEX)], source_name="Acme")

    assert caught.value.reason is AuthProblem.PERMISSION


def test_a_package_travels_to_a_partner(
    emulator: Emulator,
    acme: SharingClient,
    globex: SharingClient,
    partners: RemotePartnership,
    published: Callable[[], str],
) -> None:
    package_id = published()

    (transfer,) = acme.share_package(package_id, [partners.target_id])
    end = ended(acme, transfer)

    assert (transfer.target_id, transfer.request_type) == (org_id(emulator, GLOBEX), "PRIVATE")
    assert (end.status, end.package_id) == ("COMPLETED", package_id)
    assert end.messages[-1] == "Finished with status: COMPLETED"
    for sharing in (acme, globex):
        (row,) = (one for one in sharing.list_transfers(TransferType.PRIVATE).items if one.id == transfer.id)
        assert row.completed_at is not None
        assert row.created_at is not None
        assert row.completed_at >= row.created_at
    arrived = SandboxToolingClient(emulator.connect(organization=GLOBEX)).list_packages().items
    assert end.package_name in [package.name for package in arrived]


def test_a_package_is_not_shared_without_a_partnership(acme: SharingClient, published: Callable[[], str]) -> None:
    with pytest.raises(ApiRejectedError, match="partner"):
        acme.share_package(published(), [HOOLI])

    assert acme.list_transfers(TransferType.PRIVATE).items == ()


def test_a_public_package_is_pulled_in_by_its_payload(
    emulator: Emulator,
    tooling: SandboxToolingClient,
    globex: SharingClient,
    published: Callable[[], str],
) -> None:
    package = tooling.make_public(published())
    payload = parse_payload(tooling.get_payload(package.id).as_text())

    transfer = globex.pull_package(source_organization_id=payload.organization_id, package_id=payload.package_id)

    assert (transfer.request_type, transfer.status) == ("PUBLIC", "PENDING")
    assert ended(globex, transfer).status == "COMPLETED"
    assert transfer.id in [one.id for one in globex.list_transfers(TransferType.PUBLIC).items]
    assert transfer.id not in [one.id for one in globex.list_transfers(TransferType.PRIVATE).items]
    arrived = SandboxToolingClient(emulator.connect(organization=GLOBEX)).list_packages().items
    assert package.name in [one.name for one in arrived]


def test_a_private_package_cannot_be_pulled_in(
    emulator: Emulator, globex: SharingClient, published: Callable[[], str]
) -> None:
    with pytest.raises(ApiRejectedError):
        globex.pull_package(source_organization_id=org_id(emulator, ACME), package_id=published())

    assert globex.list_transfers(TransferType.PUBLIC).items == ()


def test_every_list_is_read_to_its_end(
    acme: SharingClient, partners: RemotePartnership, published: Callable[[], str]
) -> None:
    package_id = published()
    shared = {acme.share_package(package_id, [partners.target_id])[0].id for _ in range(5)}

    met: list[str] = []
    pages = acme.all_transfers(TransferType.PRIVATE, limit=2)
    for page in pages:
        met += [row.id for row in page.items]
        if not page.has_next:
            pages.close()

    assert shared <= set(met)
    assert len(met) == len(set(met))


@pytest.mark.parametrize("fault", LOST)
def test_requests_whose_answer_is_lost_are_sent_once_and_found_in_the_list(
    fault: dict[str, Any], emulator: Emulator, acme: SharingClient
) -> None:
    emulator.arm(method="POST", path=REQUEST, when="after", **fault)

    with pytest.raises(OutcomeUnknownError):
        acme.request_partnerships([org_id(emulator, GLOBEX)], source_name="Acme")

    rows = acme.list_partnerships(Direction.OUTGOING).items
    assert [row.target_id for row in rows].count(org_id(emulator, GLOBEX)) == 1
    assert len(emulator.writes()) == 1


@pytest.mark.parametrize("fault", LOST)
def test_a_decision_whose_answer_is_lost_is_sent_once(
    fault: dict[str, Any], emulator: Emulator, acme: SharingClient, globex: SharingClient
) -> None:
    (asked,) = acme.request_partnerships([org_id(emulator, GLOBEX)], source_name="Acme").successful.values()
    emulator.forget_requests()
    emulator.arm(method="POST", path=ACTION, when="after", **fault)

    with pytest.raises(OutcomeUnknownError):
        globex.decide_partnership(asked.linking_id, is_approved=True, reason="Yes", name="Globex", region="nld2")

    (row,) = (one for one in globex.list_partnerships(Direction.INCOMING).items if one.id == asked.id)
    assert (row.status, len(row.history)) == ("APPROVED", 2)
    assert len(emulator.writes()) == 1


@pytest.mark.parametrize("fault", LOST)
def test_a_transfer_whose_answer_is_lost_is_started_once(
    fault: dict[str, Any],
    emulator: Emulator,
    acme: SharingClient,
    partners: RemotePartnership,
    published: Callable[[], str],
) -> None:
    package_id = published()
    emulator.forget_requests()
    emulator.arm(method="POST", path=SHARE, when="after", **fault)

    with pytest.raises(OutcomeUnknownError):
        acme.share_package(package_id, [partners.target_id])

    assert [row.package_id for row in acme.list_transfers(TransferType.PRIVATE).items] == [package_id]
    assert len(emulator.writes()) == 1


def test_a_pull_whose_answer_is_lost_is_started_once(
    emulator: Emulator, tooling: SandboxToolingClient, globex: SharingClient, published: Callable[[], str]
) -> None:
    package = tooling.make_public(published())
    emulator.forget_requests()
    emulator.arm(method="POST", path=PULL, when="after", fault="reset")

    with pytest.raises(OutcomeUnknownError):
        globex.pull_package(source_organization_id=org_id(emulator, ACME), package_id=package.id)

    assert [row.package_id for row in globex.list_transfers(TransferType.PUBLIC).items] == [package.id]
    assert len(emulator.writes()) == 1


def test_a_throttled_transfer_was_not_started(
    emulator: Emulator, acme: SharingClient, partners: RemotePartnership, published: Callable[[], str]
) -> None:
    emulator.arm(method="POST", path=SHARE, fault="rate_limit", retry_after=7)

    with pytest.raises(ApiBusyError) as caught:
        acme.share_package(published(), [partners.target_id])

    assert caught.value.retry_after_s == 7
    assert acme.list_transfers(TransferType.PRIVATE).items == ()


def test_an_unknown_status_of_a_transfer_is_kept_as_it_came(
    emulator: Emulator, acme: SharingClient, partners: RemotePartnership, published: Callable[[], str]
) -> None:
    emulator.arm(method="POST", path=SHARE, fault="unknown_status")

    (transfer,) = acme.share_package(published(), [partners.target_id])

    assert transfer.status
    assert transfer.status not in ("PENDING", "IN_PROGRESS", "COMPLETED", "FAILED")


def test_one_target_of_several_may_fail(emulator: Emulator, acme: SharingClient) -> None:
    targets = [org_id(emulator, GLOBEX), HOOLI]
    emulator.arm(method="POST", path=REQUEST, fault="partial_failure", organization=targets[1], body=["quota", 7])

    outcomes = acme.request_partnerships(targets, source_name="Acme")

    assert list(outcomes.successful) == targets[:1]
    assert set(outcomes.failed) == {targets[1]}
    assert "quota" in outcomes.failed[targets[1]]
    assert emulator.effects("handshake.request") == 1


def test_a_failed_transfer_tells_its_steps(
    emulator: Emulator, acme: SharingClient, partners: RemotePartnership, published: Callable[[], str]
) -> None:
    emulator.arm(method="POST", path=SHARE, fault="job_failure", after_tasks=3)

    (transfer,) = acme.share_package(published(), [partners.target_id])
    end = ended(acme, transfer)

    assert end.status == "FAILED"
    assert end.messages[:3] == ("Fetched Package", "Fetched Manifest", "Tenant Identified")
    assert "Completed Transfer" not in end.messages
