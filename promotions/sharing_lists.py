"""What lists of sharing can be narrowed by, and what of it waits for a person; every face asks here."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Upper

from accounts.access import organizations_for_role
from accounts.choices import Role
from accounts.models import User
from promotions.access import partnerships_for_read
from promotions.choices import PENDING_PARTNERSHIPS, UNFINISHED, Direction
from promotions.keyset import Order
from promotions.models import Partnership, SharingRequest, Transfer
from promotions.services.insiders import agreed_by, asked_by

REQUESTS_NEWEST = Order("created_at", is_descending=True, is_time=True)
REMOTE_NEWEST = Order("remote_created_at", is_descending=True, is_time=True)


@dataclass(frozen=True, kw_only=True)
class SharingFilters:
    """What to keep of sharing requests; an empty value keeps everything."""

    organization_id: int | None = None
    kind: str = ""
    state: str = ""
    package_id: int | None = None

    def narrowed(self, requests: QuerySet[SharingRequest]) -> QuerySet[SharingRequest]:
        return requests.filter(
            **_given(organization=self.organization_id, kind=self.kind, state=self.state, package=self.package_id)
        )


@dataclass(frozen=True, kw_only=True)
class PartnershipFilters:
    """What to keep of partnerships; an empty value keeps everything. `status` is the platform's word."""

    organization_id: int | None = None
    direction: str = ""
    status: str = ""
    partner_id: str = ""
    is_pending: bool | None = None
    is_vanished: bool | None = False
    """None keeps what the platform still lists and what it no longer lists."""

    def narrowed(self, partnerships: QuerySet[Partnership]) -> QuerySet[Partnership]:
        found = partnerships.filter(
            **_given(
                organization=self.organization_id,
                direction=self.direction,
                status__iexact=self.status,
                partner_id=self.partner_id,
            )
        )
        if self.is_vanished is not None:
            found = found.filter(vanished_at__isnull=not self.is_vanished)
        if self.is_pending is None:
            return found
        pending = _pending(found)
        return pending if self.is_pending else found.exclude(pk__in=pending.values("pk"))


@dataclass(frozen=True, kw_only=True)
class TransferFilters:
    """What to keep of transfers; an empty value keeps everything. `status` and `type` are the platform's words."""

    organization_id: int | None = None
    direction: str = ""
    status: str = ""
    type: str = ""
    partner_id: str = ""
    package_id: int | None = None

    def narrowed(self, transfers: QuerySet[Transfer]) -> QuerySet[Transfer]:
        return transfers.filter(
            **_given(
                organization=self.organization_id,
                direction=self.direction,
                status__iexact=self.status,
                type__iexact=self.type,
                partner_id=self.partner_id,
                package=self.package_id,
            )
        )


def partnerships_waiting_for(user: User) -> QuerySet[Partnership]:
    """The requests of others on which this person may decide now, as the service says of one at a time."""
    incoming = partnerships_for_read(user).filter(
        direction=Direction.INCOMING, organization__in=organizations_for_role(user, Role.APPROVER).values("pk")
    )
    is_under_way = Q(decision_job__isnull=False, decision_job__state__in=UNFINISHED)
    return _pending(incoming).exclude(is_under_way).exclude(asked_by(user)).exclude(agreed_by(user))


def _pending(partnerships: QuerySet[Partnership]) -> QuerySet[Partnership]:
    return partnerships.alias(word=Upper("status")).filter(word__in=PENDING_PARTNERSHIPS, vanished_at=None)


def _given(**filters: Any) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if value not in (None, "")}
