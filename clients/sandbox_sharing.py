"""Partnerships between organizations and transfers of packages (Adobe, Sandbox tooling API)."""

from collections.abc import Generator, Sequence
from typing import Any

from clients.answers import Answer
from clients.exim import EximClient, escaped
from clients.sandbox_sharing_models import (
    Direction,
    PartnershipOutcomes,
    RemoteDecision,
    RemotePartnership,
    RemoteTransfer,
    TransferType,
)
from clients.sandbox_sharing_wire import (
    read_outcomes,
    read_partnership,
    read_transfer,
    read_transfers,
)
from clients.sandbox_tooling_models import Page
from clients.wire import inner_object

__all__ = [
    "Direction",
    "Page",
    "PartnershipOutcomes",
    "RemoteDecision",
    "RemotePartnership",
    "RemoteTransfer",
    "SharingClient",
    "TransferType",
]

# Unlike packages and jobs, these lists spell the parameter with a capital, and know no other field.
_ORDER = ("orderBy", "-createdDate")


class SharingClient(EximClient):
    """Sharing as one organization sees and does it. Knows HTTP, not our database.

    Every method raises the errors of `clients.errors`. Methods that write are marked in `clients.effects`; they are
    sent once and raise OutcomeUnknownError if their effect is not known.
    """

    def request_partnerships(self, target_ids: Sequence[str], *, source_name: str) -> PartnershipOutcomes:
        """Ask these organizations for a partnership. Each has an outcome of its own, and some may have failed."""
        body = {
            "targetIMSOrgIds": list(target_ids),
            "sourceIMSDetails": {"id": self._connection.ims_org_id, "name": source_name},
        }
        return self._call(
            "handshakes.request",
            "POST",
            "/handshake/bulkCreate",
            parse=lambda answer: read_outcomes(answer, target_ids, self._connection.redact),
            body=body,
        )

    def decide_partnership(
        self, linking_id: str, *, is_approved: bool, reason: str, name: str, region: str
    ) -> RemotePartnership:
        """Approve or reject what another organization asked of this one, whose name and region go along."""
        body = {
            "linkingID": linking_id,
            "status": "APPROVED" if is_approved else "REJECTED",
            "reason": reason,
            # The Sandbox Management API writes regions in capitals, this one in small letters.
            "targetIMSOrgDetails": {"id": self._connection.ims_org_id, "name": name, "region": region.strip().lower()},
        }
        return self._call(
            "handshakes.decide",
            "POST",
            "/handshake/action",
            parse=lambda answer: self._partnership(inner_object(answer)),
            body=body,
        )

    def list_partnerships(
        self, direction: Direction, *, start: int = 0, limit: int = 50, filters: Sequence[str] = ()
    ) -> Page[RemotePartnership]:
        """A page of the partnerships in one direction, newest first; filters as for packages."""
        return self._list(
            "handshakes.list",
            "/handshake/list",
            self._partnership,
            start=start,
            limit=limit,
            filters=filters,
            order=_ORDER,
            fixed=[("requestType", direction.value)],
        )

    def all_partnerships(
        self, direction: Direction, *, start: int = 0, limit: int = 50
    ) -> Generator[Page[RemotePartnership], None, None]:
        """Page after page, the next ones read ahead, until the caller has met one without `has_next` and stops.

        Rows may shift in between, so that one may come twice.
        """
        return self._pages(
            lambda client, position: client.list_partnerships(direction, start=position, limit=limit), start=start
        )

    def share_package(self, package_id: str, target_ids: Sequence[str]) -> tuple[RemoteTransfer, ...]:
        """Send a published package to partners; each target that the platform answers for has a transfer."""
        body = {"packageId": package_id, "targets": [{"imsOrgId": target_id} for target_id in target_ids]}
        return self._call(
            "transfers.share",
            "POST",
            "/transfer",
            parse=lambda answer: read_transfers(answer, self._connection.redact),
            body=body,
        )

    def pull_package(self, *, source_organization_id: str, package_id: str) -> RemoteTransfer:
        """Bring another organization's public package into this one."""
        body = {"imsOrgId": source_organization_id, "packageId": package_id}
        return self._call("transfers.pull", "POST", "/transfer/pullRequest", parse=self._read_transfer, body=body)

    def get_transfer(self, transfer_id: str) -> RemoteTransfer:
        """One transfer, without the time of its end; raises ApiNotFoundError if there is none."""
        return self._call("transfers.get", "GET", f"/transfer/{escaped(transfer_id)}", parse=self._read_transfer)

    def list_transfers(
        self, request_type: TransferType, *, start: int = 0, limit: int = 50, filters: Sequence[str] = ()
    ) -> Page[RemoteTransfer]:
        """A page of the transfers of one type, from and to this organization, newest first."""
        return self._list(
            "transfers.list",
            "/transfer/list",
            self._transfer,
            start=start,
            limit=limit,
            filters=filters,
            order=_ORDER,
            fixed=[("requestType", request_type.value)],
        )

    def all_transfers(
        self, request_type: TransferType, *, start: int = 0, limit: int = 50
    ) -> Generator[Page[RemoteTransfer], None, None]:
        """Page after page, as for partnerships."""
        return self._pages(
            lambda client, position: client.list_transfers(request_type, start=position, limit=limit), start=start
        )

    def _partnership(self, row: Any) -> RemotePartnership:
        return read_partnership(row, self._connection.redact)

    def _transfer(self, row: Any) -> RemoteTransfer:
        return read_transfer(row, self._connection.redact)

    def _read_transfer(self, answer: Answer) -> RemoteTransfer:
        return self._transfer(inner_object(answer))
