"""Partnerships and transfers as a client reads them, with as little said as a test needs."""

from datetime import UTC, datetime
from typing import Any

from clients.sandbox_sharing import RemoteDecision, RemotePartnership, RemoteTransfer
from tests.factories_sharing import PARTNER_ID

OWN_ID = "5C1328435BF324E90A49402A@AdobeOrg"
AT = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def remote_partnership(**said: Any) -> RemotePartnership:
    """A request of ours to the partner, undecided."""
    values: dict[str, Any] = {
        "id": "a" * 32,
        "linking_id": "link-1",
        "source_id": OWN_ID,
        "source_name": "Acme",
        "source_region": "va7",
        "target_id": PARTNER_ID,
        "target_name": "",
        "target_region": "",
        "status": "APPROVAL_PENDING",
        "history": (decision("INITIATED", OWN_ID),),
        "history_text": "",
        "created_at": AT,
        "modified_at": AT,
        "created_by_name": "",
        "modified_by_name": "",
        "raw": {},
    }
    return RemotePartnership(**{**values, **said})


def decision(action: str, organization_id: str, reason: str = "", *, by: str = "Pat", at: datetime | None = AT) -> Any:
    return RemoteDecision(action=action, at=at, by_id="", by_name=by, organization_id=organization_id, reason=reason)


def remote_transfer(**said: Any) -> RemoteTransfer:
    """A package of ours on its way to the partner."""
    values: dict[str, Any] = {
        "id": "b" * 32,
        "source_id": OWN_ID,
        "source_name": "Acme",
        "target_id": PARTNER_ID,
        "target_name": "Globex",
        "package_id": "c" * 32,
        "package_name": "Loyalty",
        "status": "IN_PROGRESS",
        "request_type": "PRIVATE",
        "initiated_by": "Pat",
        "created_at": AT,
        "completed_at": None,
        "messages": ("Fetched Package", "Fetched Manifest"),
        "raw": {},
    }
    return RemoteTransfer(**{**values, **said})
