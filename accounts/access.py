"""Who may see and do what; the only way a view or the API gets an object.

What a person may not know of does not exist for them (Http404); what they may see and not do is refused
(PermissionDenied). Services ask the same functions, so that every face gets the same verdict.
"""

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404

from accounts.choices import ROLE_RANK, Role
from accounts.models import (
    ApiToken,
    AuditEvent,
    Credential,
    Invitation,
    Membership,
    Notice,
    NoticeDelivery,
    Organization,
    Sandbox,
    StoredValue,
    User,
)
from accounts.models.notices import NoticeQuerySet
from accounts.models.organizations import OrganizationQuerySet, SandboxQuerySet


def role_in(user: User, organization: Organization) -> Role | None:
    """The person's role; installation administrators are admins everywhere, deactivated people are nothing."""
    if not user.is_active:
        return None
    if user.is_superuser:
        return Role.ADMIN
    found = Membership.objects.filter(user=user, organization=organization).values_list("role", flat=True).first()
    return Role(found) if found else None


def has_role(user: User, organization: Organization, role: Role) -> bool:
    """Whether the person has this role or one that includes it."""
    held = role_in(user, organization)
    return held is not None and ROLE_RANK[held] >= ROLE_RANK[role]


def require_role(user: User, organization: Organization, role: Role) -> None:
    if not has_role(user, organization, role):
        raise PermissionDenied(
            f"This needs the role {role.label.lower()} in {organization}. Ask one of its admins for it."
        )


def is_administrator(user: User) -> bool:
    return user.is_active and user.is_superuser


def require_administrator(user: User) -> None:
    if not is_administrator(user):
        raise PermissionDenied("Only an administrator of this installation may do this.")


# Organizations and what belongs to them


def organizations_for_read(user: User) -> OrganizationQuerySet:
    return Organization.objects.visible_to(user)


def organizations_for_role(user: User, role: Role) -> OrganizationQuerySet:
    """Those in which the person has this role or one that includes it."""
    if is_administrator(user):
        return Organization.objects.present()
    enough = [held for held in Role if ROLE_RANK[held] >= ROLE_RANK[role]]
    return Organization.objects.visible_to(user).filter(
        pk__in=Membership.objects.filter(user=user, role__in=enough).values("organization_id")
    )


def organization_for_read(user: User, pk: int) -> Organization:
    organization = Organization.objects.visible_to(user).filter(pk=pk).first()
    if organization is None:
        raise Http404("There is no such organization.")
    return organization


def organization_for_role(user: User, pk: int, role: Role) -> Organization:
    organization = organization_for_read(user, pk)
    require_role(user, organization, role)
    return organization


def organization_for_admin(user: User, pk: int) -> Organization:
    return organization_for_role(user, pk, Role.ADMIN)


def organization_for_administrator(user: User, pk: int) -> Organization:
    """For what only installation administrators do: deleting it."""
    organization = organization_for_read(user, pk)
    require_administrator(user)
    return organization


def credential_for_read(user: User, pk: int) -> Credential:
    visible = Organization.objects.visible_to(user).values("pk")
    credential = Credential.objects.filter(pk=pk, organization__in=visible).select_related("organization").first()
    if credential is None:
        raise Http404("There is no such credential.")
    return credential


def credential_for_admin(user: User, pk: int) -> Credential:
    credential = credential_for_read(user, pk)
    require_role(user, credential.organization, Role.ADMIN)
    return credential


def stored_value_for_read(user: User, pk: int) -> StoredValue:
    """Name and description, which operators see, who choose among the values."""
    stored = StoredValue.objects.visible_to(user).filter(pk=pk).select_related("organization", "set_by").first()
    if stored is None:
        raise Http404("There is no such stored value.")
    require_role(user, stored.organization, Role.OPERATOR)
    return stored


def stored_value_for_admin(user: User, pk: int) -> StoredValue:
    stored = stored_value_for_read(user, pk)
    require_role(user, stored.organization, Role.ADMIN)
    return stored


def sandboxes_for_read(user: User) -> SandboxQuerySet:
    return Sandbox.objects.present().filter(organization__in=Organization.objects.visible_to(user).values("pk"))


def sandbox_for_read(user: User, pk: int) -> Sandbox:
    sandbox = (
        Sandbox.objects.filter(pk=pk, organization__in=Organization.objects.visible_to(user).values("pk"))
        .select_related("organization")
        .first()
    )
    if sandbox is None:
        raise Http404("There is no such sandbox.")
    return sandbox


def membership_for_admin(user: User, pk: int) -> Membership:
    visible = Organization.objects.visible_to(user).values("pk")
    membership = (
        Membership.objects.filter(pk=pk, organization__in=visible).select_related("organization", "user").first()
    )
    if membership is None:
        raise Http404("There is no such membership.")
    require_role(user, membership.organization, Role.ADMIN)
    return membership


# People


def people_for_read(user: User) -> QuerySet[User]:
    """Everybody for administrators; for others themselves and those they share an organization with."""
    if is_administrator(user):
        return User.objects.all()
    shared = Membership.objects.filter(organization__in=organizations_for_read(user).values("pk"))
    return User.objects.filter(Q(pk=user.pk) | Q(pk__in=shared.values("user_id")))


def person_for_read(user: User, pk: int) -> User:
    person = people_for_read(user).filter(pk=pk).first()
    if person is None:
        raise Http404("There is no such person.")
    return person


def person_for_administrator(user: User, pk: int) -> User:
    person = person_for_read(user, pk)
    require_administrator(user)
    return person


def can_invite(user: User) -> bool:
    """Administrators invite anybody; admins of an organization invite into it."""
    return (
        is_administrator(user)
        or Membership.objects.filter(user=user, role=Role.ADMIN, organization__deleted_at=None).exists()
    )


def require_inviter(user: User) -> None:
    if not can_invite(user):
        raise PermissionDenied("Only an administrator or the admin of an organization may invite people.")


def invitations_for_read(user: User) -> QuerySet[Invitation]:
    """Open or not, those the person may revoke."""
    if is_administrator(user):
        return Invitation.objects.all()
    return Invitation.objects.filter(
        is_administrator=False, organization__in=organizations_for_role(user, Role.ADMIN).values("pk")
    )


def invitation_for_change(user: User, pk: int) -> Invitation:
    invitation = invitations_for_read(user).filter(pk=pk).first()
    if invitation is None:
        raise Http404("There is no such invitation.")
    return invitation


def api_token_for_owner(user: User, pk: int) -> ApiToken:
    token = ApiToken.objects.filter(pk=pk, user=user).first()
    if token is None:
        raise Http404("There is no such API token.")
    return token


# Notices


def notices_for_read(user: User) -> NoticeQuerySet:
    """One's own, without those about organizations that one may no longer know of."""
    return Notice.objects.listed_for(user)


def notice_for_owner(user: User, pk: int) -> Notice:
    notice = notices_for_read(user).filter(pk=pk).first()
    if notice is None:
        raise Http404("There is no such notice.")
    return notice


def deliveries_for_administrator(user: User) -> QuerySet[NoticeDelivery]:
    """Mail of all people."""
    require_administrator(user)
    return NoticeDelivery.objects.select_related("notice__person")


def delivery_for_administrator(user: User, pk: int) -> NoticeDelivery:
    delivery = deliveries_for_administrator(user).filter(pk=pk).first()
    if delivery is None:
        raise Http404("There is no such mail.")
    return delivery


# The record


def audit_events_for_read(user: User) -> QuerySet[AuditEvent]:
    """All of it for administrators; for others what they did, and the lines of organizations they are admin of."""
    if is_administrator(user):
        return AuditEvent.objects.all()
    organizations = organizations_for_role(user, Role.ADMIN).values("pk")
    return AuditEvent.objects.filter(Q(actor_id=user.pk) | Q(organization_id__in=organizations))


def audit_event_for_read(user: User, sequence: int) -> AuditEvent:
    line = audit_events_for_read(user).filter(sequence=sequence).first()
    if line is None:
        raise Http404("There is no such line in the record.")
    return line
