"""What would happen if a package were shared with somebody, or somebody asked: told before anything is sent."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import Organization, User
from promotions.choices import SharingKind
from promotions.models import Package, Partnership, SharingRequest
from promotions.services import consent, sharing
from promotions.services.errors import RefusedError
from promotions.services.sharing_audit import organizations_here


@dataclass(frozen=True)
class Outlook:
    """One organization, and what happens once somebody here has approved; or why it cannot be."""

    partner_id: str
    name: str
    state: str
    text: str
    is_refused: bool = False


def outlooks(organization: Organization, partner_ids: Sequence[str], package: Package | None = None) -> list[Outlook]:
    """For each id; with a package that it is sent, without one that a partnership is asked for."""
    here = {one.remote_id: one for one in organizations_here(partner_ids)}
    held: dict[str, list[Partnership]] = {}
    rows = Partnership.objects.filter(organization=organization, partner_id__in=list(partner_ids), vanished_at=None)
    for row in rows.order_by("-remote_created_at", "-pk"):
        held.setdefault(row.partner_id, []).append(row)
    return [_outlook(organization, one, package, held.get(one, []), here.get(one)) for one in partner_ids]


def _outlook(
    organization: Organization,
    partner_id: str,
    package: Package | None,
    held: Sequence[Partnership],
    here: Organization | None,
) -> Outlook:
    name = next((one.partner_name for one in held if one.partner_name), here.name if here is not None else "")
    reason = _refusal(organization, partner_id, package)
    if reason:
        return Outlook(partner_id, name, "refused", reason, is_refused=True)
    if package is not None and any(one.is_approved for one in held):
        return Outlook(partner_id, name, "approved", "Partner already: it is sent as soon as somebody here approves.")
    if any(one.is_pending for one in held):
        return Outlook(partner_id, name, "waiting", "Asked already, and not decided: it is sent once they approve.")
    decides = f"the approvers of {here} decide here" if here is not None else "they decide, by their own tools"
    then = ", then it is sent" if package is not None else ""
    again = "They rejected an earlier request. " if any(one.is_rejected for one in held) else ""
    return Outlook(partner_id, name, "waiting", f"{again}Asks for a partnership first; {decides}{then}.")


def _refusal(organization: Organization, partner_id: str, package: Package | None) -> str:
    try:
        sharing.partners_of(organization, [partner_id])
    except RefusedError as refusal:
        return refusal.message
    if package is not None:
        return sharing.reason_not_to_send(package, partner_id)
    return sharing.reason_not_to_ask(organization, partner_id)


def deciders(organization: Organization, kind: SharingKind, asker: User) -> list[User]:
    """Who may approve here, if this person asks."""
    wish = SharingRequest(kind=kind, organization=organization, created_by=asker)
    return consent.deciders(wish, requested_by=asker)


def suggestions(organization: Organization, limit: int = 12) -> list[tuple[str, str]]:
    """Partners first, then whoever else is known or lives here: ids, each with a word on how it stands."""
    words: dict[str, str] = {}
    names: dict[str, str] = {}
    rows = Partnership.objects.filter(organization=organization, vanished_at=None)
    for row in rows.order_by("-remote_created_at", "-pk")[:200]:
        names.setdefault(row.partner_id, row.partner)
        if row.is_approved or row.partner_id not in words:
            words[row.partner_id] = "partner" if row.is_approved else row.status_text
    others = Organization.objects.present().filter(kind=organization.kind).exclude(pk=organization.pk)
    for other in others.exclude(remote_id="").order_by("name", "pk")[:limit]:
        names.setdefault(other.remote_id, other.name)
        words.setdefault(other.remote_id, "lives here")
    order = sorted(names, key=lambda one: (words[one] != "partner", words[one] != "lives here", names[one].lower()))
    return [(one, f"{names[one]} · {words[one]}") for one in order[:limit]]
