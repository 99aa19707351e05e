"""The record of what crosses organizations: a line for each that lives in this installation."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model

from accounts.choices import OrganizationKind
from accounts.models import Organization, User
from accounts.services import audit
from promotions.models import SharingRequest
from promotions.services.verbs import Verb


def organizations_here(remote_ids: Iterable[str]) -> list[Organization]:
    """Those of these remote organizations that this installation looks after."""
    wanted = {remote_id for remote_id in remote_ids if remote_id}
    present = Organization.objects.present().filter(kind=OrganizationKind.ADOBE, remote_id__in=wanted)
    return list(present.order_by("pk"))


def concerned_by(request: SharingRequest) -> list[Organization]:
    """The organization that acts, and the partners that live here too."""
    partners = organizations_here(leg.partner_id for leg in request.legs.all())
    return [request.organization, *(partner for partner in partners if partner.pk != request.organization_id)]


def record(
    verb: Verb,
    *,
    actor: User | None,
    subject: Model,
    organization: Organization,
    partner_ids: Iterable[str],
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> None:
    """One line for the organization that acts, and one for each partner that lives here."""
    partners = [found for found in organizations_here(partner_ids) if found.pk != organization.pk]
    for one in (organization, *partners):
        audit.record(
            verb,
            actor=actor,
            subject=subject,
            organization=one,
            reason=reason,
            details={**(details or {}), **({"acting_organization": organization.name} if partners else {})},
        )
