"""Who has spoken for the other side of a partnership already, and does not speak for ours as well."""

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from promotions.choices import ApprovalState, SharingKind
from promotions.models import Approval, SharingLeg


def asked_by(user: User) -> Exists:
    """Of partnerships: whether this person asked for it in the partner's name."""
    return Exists(_asked().filter(request__created_by=user))


def agreed_by(user: User) -> Exists:
    """Of partnerships: whether this person approved in the partner's name that it be asked for."""
    agreed = Approval.objects.filter(sharing=OuterRef("request"), state=ApprovalState.APPROVED, decided_by=user)
    return Exists(_asked().filter(Exists(agreed)))


def _asked() -> QuerySet[SharingLeg]:
    """What was asked for in the partner's name; also where this installation no longer looks after the partner."""
    return SharingLeg.objects.filter(
        request__kind__in=(SharingKind.PARTNERSHIP, SharingKind.SHARE),
        request__organization__remote_id__iexact=OuterRef("partner_id"),
        partner_id__iexact=OuterRef("organization__remote_id"),
    )
