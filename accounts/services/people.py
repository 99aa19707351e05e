"""People: how they come in, what they may do, and how they leave."""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts import access
from accounts.choices import Role
from accounts.crypto import token_hash
from accounts.errors import LastAdministratorError, RefusedError
from accounts.models import ApiToken, Invitation, Membership, Organization, User
from accounts.services import audit, changing

INVITATION_LIFE = timedelta(days=7)


# Invitations


@transaction.atomic
def invite(
    *,
    email: str,
    full_name: str = "",
    is_administrator: bool = False,
    organization: Organization | None = None,
    role: Role | None = None,
    actor: User | None,
) -> tuple[Invitation, str]:
    """An invitation that is good for seven days, and the token of its link, which cannot be shown again.

    Open invitations of the same address end with it.
    """
    if actor is not None and not access.is_administrator(actor):
        if is_administrator or organization is None:
            access.require_administrator(actor)
        else:
            access.require_role(actor, organization, Role.ADMIN)
    if (organization is None) != (role is None):
        raise RefusedError("Choose an organization and a role, or neither.", field="role")
    email = email.strip().lower()
    if User.objects.filter(email=email).exists():
        raise RefusedError(
            f"{email} has an account already. Give the person a role on the page of the organization.",
            field="email",
        )
    now = timezone.now()
    Invitation.objects.filter(email=email, accepted_at=None, revoked_at=None).update(revoked_at=now)
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        token_hash=token_hash(token),
        email=email,
        full_name=full_name,
        is_administrator=is_administrator,
        organization=organization,
        role=role or "",
        created_by=actor,
        expires_at=now + INVITATION_LIFE,
    )
    audit.record(
        audit.Verb.PERSON_INVITED,
        actor=actor,
        subject=invitation,
        organization=organization,
        details={"email": email, "role": role, "is_administrator": is_administrator},
    )
    return invitation, token


@transaction.atomic
def revoke_invitation(*, invitation: Invitation, actor: User | None) -> None:
    """Make the link worthless; refused once it was used."""
    rows = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
    if not rows.update(revoked_at=timezone.now()):
        raise RefusedError("This invitation was accepted or revoked already.")
    audit.record(
        audit.Verb.INVITATION_REVOKED,
        actor=actor,
        subject=invitation,
        organization=invitation.organization,
    )


def open_invitation(token: str) -> Invitation | None:
    """The invitation behind a link, if it can still be accepted."""
    rows = Invitation.objects.filter(token_hash=token_hash(token)).select_related("organization", "created_by")
    invitation = rows.first()
    return invitation if invitation and invitation.is_open and _is_still_backed(invitation) else None


def _is_still_backed(invitation: Invitation) -> bool:
    """Whether whoever invited still might: a link must not let in more than its maker could do by then."""
    maker = invitation.created_by
    if maker is None or access.is_administrator(maker):
        return True
    organization = invitation.organization
    return (
        not invitation.is_administrator
        and organization is not None
        and access.has_role(maker, organization, Role.ADMIN)
    )


@transaction.atomic
def accept_invitation(*, token: str, full_name: str, password: str, time_zone: str) -> User:
    """Create the invited person's account. Of two callers with one link, one wins."""
    rows = Invitation.objects.filter(token_hash=token_hash(token))
    if (invitation := rows.first()) is not None and not may_choose_password(invitation):
        raise RefusedError("Passwords are closed here. Sign in through the provider, with the invited address.")
    return _accept(rows, full_name=full_name, password=password, time_zone=time_zone)


@transaction.atomic
def accept_invitation_by_address(*, email: str, full_name: str) -> User | None:
    """The account of somebody whose address an OpenID provider vouches for; None if no invitation to it is open.

    They have no password. The name of the invitation goes before the provider's.
    """
    now = timezone.now()
    rows = Invitation.objects.filter(email__iexact=email, accepted_at=None, revoked_at=None, expires_at__gt=now)
    invitation = rows.order_by("-pk").first()
    if invitation is None:
        return None
    name = (invitation.full_name or full_name)[: User._meta.get_field("full_name").max_length]
    return _accept(Invitation.objects.filter(pk=invitation.pk), full_name=name, password=None, time_zone="UTC")


def may_use_password(user: User) -> bool:
    """Where people come in by OpenID Connect only, administrators keep a password for the day the provider is down."""
    return settings.OIDC is None or not settings.OIDC.is_only or user.is_superuser


def has_password(user: User) -> bool:
    """Whether this person has a password that opens something."""
    return user.has_usable_password() and may_use_password(user)


def may_choose_password(invitation: Invitation) -> bool:
    """The same for somebody who is not in yet."""
    return settings.OIDC is None or not settings.OIDC.is_only or invitation.is_administrator


def _accept(rows: QuerySet[Invitation], *, full_name: str, password: str | None, time_zone: str) -> User:
    """`rows` holds one invitation or none."""
    now = timezone.now()
    if not rows.filter(accepted_at=None, revoked_at=None, expires_at__gt=now).update(accepted_at=now):
        raise RefusedError("This invitation was used, revoked or has expired. Ask for a new one.")
    invitation = rows.select_related("organization", "created_by").get()
    if not _is_still_backed(invitation):
        raise RefusedError("Whoever sent this invitation may no longer invite. Ask for a new one.")
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                email=invitation.email,
                password=password,
                full_name=full_name,
                time_zone=time_zone,
                is_superuser=invitation.is_administrator,
            )
    except IntegrityError as exc:
        raise RefusedError(f"{invitation.email} has an account already. Sign in, or ask for a new password.") from exc
    organization = invitation.organization
    if organization is not None and organization.deleted_at is None:
        Membership.objects.create(user=user, organization=organization, role=invitation.role)
    Invitation.objects.filter(pk=invitation.pk).update(accepted_by=user)
    audit.record(
        audit.Verb.INVITATION_ACCEPTED,
        actor=user,
        subject=user,
        organization=organization,
        details={"role": invitation.role, "is_administrator": invitation.is_administrator},
    )
    return user


@transaction.atomic
def create_person(
    *, email: str, full_name: str, password: str, is_administrator: bool = False, actor: User | None
) -> User:
    """An account without an invitation, for operators at the console; raises RefusedError if it exists."""
    if actor is not None:
        access.require_administrator(actor)
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                email=email, password=password, full_name=full_name, is_superuser=is_administrator
            )
    except IntegrityError as exc:
        raise RefusedError(f"{email} has an account already.", field="email") from exc
    audit.record(audit.Verb.PERSON_CREATED, actor=actor, subject=user, details={"is_administrator": is_administrator})
    return user


# Roles


@transaction.atomic
def set_membership(*, user: User, organization: Organization, role: Role, actor: User | None) -> Membership:
    """Give the person this role in the organization, in place of any other there."""
    changing.require_admin(actor, organization)
    membership, is_new = Membership.objects.select_for_update().get_or_create(
        user=user, organization=organization, defaults={"role": role}
    )
    before = None if is_new else membership.role
    if before == role:
        return membership
    if not is_new:
        membership.role = role
        membership.save(update_fields=["role"])
    audit.record(
        audit.Verb.MEMBERSHIP_CHANGED,
        actor=actor,
        subject=user,
        organization=organization,
        details={"from": before, "to": role},
    )
    return membership


@transaction.atomic
def remove_membership(*, membership: Membership, actor: User | None) -> None:
    """Take the person out of the organization; a second time changes nothing."""
    changing.require_admin(actor, membership.organization)
    removed, _ = Membership.objects.filter(pk=membership.pk).delete()
    if removed:
        audit.record(
            audit.Verb.MEMBERSHIP_REMOVED,
            actor=actor,
            subject=membership.user,
            organization=membership.organization,
            details={"from": membership.role},
        )


@transaction.atomic
def set_administrator(*, user: User, is_administrator: bool, actor: User | None) -> None:
    """Give or take the right to manage this installation; the last one keeps it."""
    if actor is not None:
        access.require_administrator(actor)
    administrators = _lock_administrators()
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.is_superuser == is_administrator:
        return
    if not is_administrator and administrators == [user.pk]:
        raise LastAdministratorError(
            f"{user} is the last administrator of this installation. Make somebody else one first."
        )
    user.is_superuser = is_administrator
    user.save(update_fields=["is_superuser"])
    audit.record(audit.Verb.ADMINISTRATOR_CHANGED, actor=actor, subject=user, details={"to": is_administrator})


# Signing in


@transaction.atomic
def set_password(*, user: User, password: str, actor: User | None) -> None:
    """Change how somebody signs in; their other sessions end with it."""
    user.set_password(password)
    user.save(update_fields=["password"])
    audit.record(audit.Verb.PASSWORD_CHANGED, actor=actor, subject=user)


@transaction.atomic
def make_password_link(*, user: User, actor: User) -> str:
    """The path of a one-time page on which somebody chooses a new password; for installations without mail."""
    access.require_administrator(actor)
    if not user.is_active:
        raise RefusedError(f"{user} is deactivated. Reactivate the account first.")
    if not may_use_password(user):
        raise RefusedError(f"Passwords are closed here. {user} signs in through the provider.")
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    audit.record(audit.Verb.PASSWORD_LINK_MADE, actor=actor, subject=user)
    path: str = reverse("account_reset_password_from_key", args=key.split("-", 1))
    return path


@transaction.atomic
def record_sign_in(*, user: User, ways: Sequence[str] = ()) -> None:
    """Note that somebody came in, from where, and by which ways, in the order in which they were asked for."""
    details = {"by": list(ways), "message": f"With {' and '.join(ways)}."} if ways else {}
    audit.record(audit.Verb.SIGNED_IN, actor=user, subject=user, details=details)


# Coming and going


@transaction.atomic
def deactivate(*, user: User, reason: str = "", actor: User | None) -> None:
    """End the person's sessions, API tokens and open invitations, and let them sign in no more.

    The account stays, since the record names it.
    """
    if actor is not None:
        access.require_administrator(actor)
    administrators = _lock_administrators()
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        return
    if administrators == [user.pk]:
        raise LastAdministratorError(
            f"{user} is the last administrator of this installation. Make somebody else one first."
        )
    now = timezone.now()
    user.is_active = False
    user.session_generation += 1
    user.save(update_fields=["is_active", "session_generation"])
    ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=now)
    Invitation.objects.filter(created_by=user, accepted_at=None, revoked_at=None).update(revoked_at=now)
    audit.record(audit.Verb.PERSON_DEACTIVATED, actor=actor, subject=user, reason=reason)


@transaction.atomic
def reactivate(*, user: User, actor: User | None) -> None:
    """Let the person sign in again, with the roles they had; their API tokens stay revoked."""
    if actor is not None:
        access.require_administrator(actor)
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        audit.record(audit.Verb.PERSON_REACTIVATED, actor=actor, subject=user)


@transaction.atomic
def update_profile(*, user: User, full_name: str, time_zone: str, actor: User | None) -> None:
    """Change what a person sets about themselves."""
    row = User.objects.select_for_update().get(pk=user.pk)
    values = {"full_name": full_name, "time_zone": time_zone}
    changes = changing.differences(row, values)
    if not changes:
        return
    changing.write(row, values)
    user.full_name, user.time_zone = full_name, time_zone
    audit.record(audit.Verb.PROFILE_CHANGED, actor=actor, subject=row, details=changes)


def _lock_administrators() -> list[int]:
    """The active administrators, locked in one order: two who would remove each other take turns."""
    rows = User.objects.select_for_update().filter(is_superuser=True, is_active=True).order_by("pk")
    return [user.pk for user in rows]
