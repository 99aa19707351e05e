"""Calls of sharing that are refused, lost or answered with nonsense: reads are tried again, writes never."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from werkzeug import Response

from clients.errors import (
    ApiAuthError,
    ApiBusyError,
    ApiContractError,
    ApiError,
    ApiNotFoundError,
    ApiRejectedError,
    AuthProblem,
    OutcomeUnknownError,
)
from clients.sandbox_sharing import Direction, SharingClient, TransferType
from clients.transport import Connection
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import EXIM, FAST, Script, hang, raw_server, reset, send

PARTNER = "7D41B0C2A6E85F130A49423C@AdobeOrg"
REQUEST, ACTION, PARTNERSHIPS = (f"{EXIM}/handshake/{name}" for name in ("bulkCreate", "action", "list"))
SHARE, PULL, TRANSFERS = (f"{EXIM}/transfer{name}" for name in ("", "/pullRequest", "/list"))
WRITES: dict[str, Callable[[SharingClient], object]] = {
    REQUEST: lambda sharing: sharing.request_partnerships([PARTNER], source_name="acme_org"),
    ACTION: lambda sharing: sharing.decide_partnership("l", is_approved=True, reason="r", name="n", region="va7"),
    SHARE: lambda sharing: sharing.share_package("p", [PARTNER]),
    PULL: lambda sharing: sharing.pull_package(source_organization_id=PARTNER, package_id="p"),
}
READS: dict[str, Callable[[SharingClient], object]] = {
    PARTNERSHIPS: lambda sharing: sharing.list_partnerships(Direction.INCOMING),
    TRANSFERS: lambda sharing: sharing.list_transfers(TransferType.PUBLIC),
    f"{EXIM}/transfer/t": lambda sharing: sharing.get_transfer("t"),
}


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize("script", [reset, hang, send(b"HTTP/1.1 201 Created\r\nContent-Length: 90\r\n\r\n{")])
def test_a_write_whose_answer_is_lost_is_sent_once(script: Script, path: str, bare: Callable[..., Connection]) -> None:
    with raw_server(script) as server:
        sharing = SharingClient(bare(server.url, policy=replace(FAST, write_deadline_s=0.3)))

        with pytest.raises(OutcomeUnknownError) as caught:
            WRITES[path](sharing)

    assert caught.value.sent
    assert len(server.requests) == 1


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ApiRejectedError),
        (404, ApiRejectedError),
        (405, ApiRejectedError),
        (429, ApiBusyError),
        (500, OutcomeUnknownError),
        (502, OutcomeUnknownError),
        (504, OutcomeUnknownError),
    ],
)
def test_a_write_is_never_tried_again(
    status: int, error: type[ApiError], path: str, platform: Platform, sharing: SharingClient
) -> None:
    platform.answer(path, Response('{"type": "ERROR", "message": "Not now"}', status=status))

    with pytest.raises(error, match="Not now"):
        WRITES[path](sharing)

    assert len(platform.seen) == 1


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize("body", ["", "<html></html>", "{}", "[]", "[{}]", "7", "null", '{"id": ""}'])
def test_a_success_that_cannot_be_read_leaves_the_outcome_unknown(
    body: str, path: str, platform: Platform, sharing: SharingClient
) -> None:
    platform.answer(path, Response(body, status=201))

    with pytest.raises(OutcomeUnknownError):
        WRITES[path](sharing)

    assert len(platform.seen) == 1


@pytest.mark.parametrize("path", READS)
def test_a_read_is_tried_again(path: str, platform: Platform, sharing: SharingClient) -> None:
    platform.answer(path, Response(status=503), Response('{"id": "t", "data": []}'))

    READS[path](sharing)

    assert len(platform.seen) == 2


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("body", ["", "<html></html>", '{"message": "Hello"}', "7"])
def test_a_read_that_cannot_be_understood_breaks_the_contract(
    body: str, path: str, platform: Platform, sharing: SharingClient
) -> None:
    platform.answer(path, Response(body))

    with pytest.raises(ApiContractError):
        READS[path](sharing)


def test_a_transfer_that_is_gone_is_not_found(platform: Platform, sharing: SharingClient) -> None:
    platform.answer(f"{EXIM}/transfer/t", Response('{"type": "ERROR", "message": "Transfer t not found"}', status=404))

    with pytest.raises(ApiNotFoundError, match="Transfer t not found"):
        sharing.get_transfer("t")


def test_a_missing_right_to_share_is_a_problem_of_permission(platform: Platform, sharing: SharingClient) -> None:
    body = '{"status": "FORBIDDEN", "type": "ERROR", "message": "Missing permission package-share", "object": null}'
    platform.answer(SHARE, Response(body, status=403))

    with pytest.raises(ApiAuthError) as caught:
        sharing.share_package("p", [PARTNER])

    assert caught.value.reason is AuthProblem.PERMISSION
