"""The record of what crosses organizations: a line for each that lives in this installation."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Model
from django.db.models.functions import Upper

from accounts.choices import OrganizationKind
from accounts.models import Organization, User
from accounts.services import audit
from accounts.services.audit import SubjectText
from promotions.models import Approval, SharingRequest


def organizations_here(remote_ids: Iterable[str]) -> list[Organization]:
    """Those of these remote organizations that this installation looks after."""
    wanted = {remote_id.upper() for remote_id in remote_ids if remote_id}
    present = Organization.objects.present().filter(kind=OrganizationKind.ADOBE)
    return list(present.alias(written=Upper("remote_id")).filter(written__in=wanted).order_by("pk"))


def concerned_by(request: SharingRequest) -> list[Organization]:
    """The organization that acts, and the partners that live here too."""
    partners = organizations_here(leg.partner_id for leg in request.legs.all())
    return [request.organization, *(partner for partner in partners if partner.pk != request.organization_id)]


def record(
    verb: str,
    *,
    actor: User | None,
    subject: Model | SubjectText,
    organization: Organization,
    partner_ids: Iterable[str],
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> None:
    """One line for the organization that acts, and one for each partner that lives here, which names no other."""
    partners = [found for found in organizations_here(partner_ids) if found.pk != organization.pk]
    told = {**(details or {}), **({"acting_organization": organization.name} if partners else {})}
    audit.record(verb, actor=actor, subject=subject, organization=organization, reason=reason, details=told)
    for partner in partners:
        audit.record(
            verb,
            actor=actor,
            subject=done_for(organization, subject) if isinstance(subject, SubjectText) else seen_by(partner, subject),
            organization=partner,
            reason=reason,
            details=details_for_partners(told) if isinstance(subject, SharingRequest) else told,
        )


def done_for(acting: Organization, subject: SubjectText) -> SubjectText:
    """What the record of a partner calls a write: it says in whose name it was."""
    return SubjectText(subject.type, subject.id, f"{subject.text}, for {acting}")


def seen_by(partner: Organization, subject: Model) -> Model | SubjectText:
    """What the record of a partner calls it: its own part, since with whom else it is shared is not its to know."""
    request = subject.sharing if isinstance(subject, Approval) else subject
    if not isinstance(request, SharingRequest):
        return subject
    title = request.title_for(partner.remote_id)
    text = title if request is subject else f"approval of {title}"
    return done_for(request.organization, SubjectText(subject._meta.label_lower, str(subject.pk), text))


def details_for_partners(details: Mapping[str, Any]) -> dict[str, Any]:
    """Without what tells of other partners, or of people of the organization that acts."""
    return {name: value for name, value in details.items() if name not in ("what", "stopped", "ties", "changes")}
