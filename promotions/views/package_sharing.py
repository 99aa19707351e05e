"""What the page of a package shows of sharing: who has it, what was asked for, and what can be asked."""

from typing import Any

from promotions import sharing_facts
from promotions.choices import UNFINISHED_SHARINGS, Visibility
from promotions.models import Package
from promotions.services import sharing
from promotions.views.sharing_transfers import Row

SHOWN = 5


def sharing_context(package: Package, *, may_operate: bool) -> dict[str, Any]:
    """In a fixed number of queries."""
    is_public = package.visibility.upper() == Visibility.PUBLIC
    requests = list(
        package.sharing_requests.select_related("created_by").prefetch_related("legs").order_by("-pk")[:SHOWN]
    )
    transfers = list(package.transfers.select_related("organization", "package").order_by("-remote_created_at")[:SHOWN])
    return {
        "is_public": is_public,
        "payload": sharing_facts.payload_of(package).as_text() if is_public and package.vanished_at is None else "",
        "why_no_share": sharing.reason_not_to_share(package),
        "publicity": next(
            (one for one in requests if one.kind == "publicity" and one.state in UNFINISHED_SHARINGS), None
        ),
        "sharing_requests": requests,
        "transfer_rows": [Row(one, may_operate) for one in transfers],
    }
