"""What is told of sharing: what cannot be undone, and the text that hands a public package over."""

from clients.package_payloads import PackagePayload
from promotions.approval_facts import Moment, moments_of
from promotions.choices import PartnershipStatus, SharingKind, Visibility
from promotions.models import Package, Partnership, SharingRequest
from promotions.services.errors import ConflictError

_FINALITY = {
    SharingKind.PARTNERSHIP: ["A request for a partnership cannot be withdrawn once the partner has it."],
    SharingKind.SHARE: [
        "A package that was sent cannot be taken back.",
        "A request for a partnership cannot be withdrawn once the partner has it.",
    ],
    SharingKind.PUBLICITY: ["A public package cannot be made private again; whoever has its payload can pull it."],
    SharingKind.PULL: ["A package that was pulled stays until somebody deletes it."],
}


def finality_of(request: SharingRequest) -> list[str]:
    """What cannot be undone once somebody consents, in sentences."""
    sentences = _FINALITY[SharingKind(request.kind)]
    if request.kind == SharingKind.SHARE and _are_all_partners(request):
        return sentences[:1]
    return sentences


def _are_all_partners(request: SharingRequest) -> bool:
    """Whether nobody needs to be asked for a partnership."""
    approved = Partnership.objects.filter(
        organization=request.organization_id, status__iexact=PartnershipStatus.APPROVED, vanished_at=None
    )
    return not request.legs.exclude(partner_id__in=approved.values("partner_id")).exists()


def time_line(request: SharingRequest) -> list[Moment]:
    """Who asked, who decided, and when it ended, oldest first."""
    found = []
    for approval in request.approvals.select_related("requested_by", "decided_by"):
        found += moments_of(approval, "it")
    if request.ended_at is not None:
        by = f" by {request.ended_by}" if request.ended_by else ""
        ended = f"It is {request.get_state_display().lower()}{by}"
        found.append(Moment(request.ended_at, request.state, ended, detail=request.problem))
    return sorted(found, key=lambda moment: moment.at)


def reason_not_to_hand_over(package: Package) -> str:
    """Why nobody could pull this package with its payload, in a sentence; empty if they could."""
    if package.vanished_at is not None:
        return f"“{package}” is no longer at the platform. Synchronize the packages."
    if package.visibility.upper() != Visibility.PUBLIC:
        return f"“{package}” is not public, so nobody could pull it. Ask to have it made public first."
    return ""


def payload_of(package: Package) -> PackagePayload:
    """What another organization needs to pull a public package; raises ConflictError while nobody could."""
    if reason := reason_not_to_hand_over(package):
        raise ConflictError(reason)
    return PackagePayload(package.organization.remote_id, package.remote_id)
