"""Who somebody is at the OpenID provider, and which account that opens.

The first sign-in goes by the verified e-mail address; from then on the provider's subject is the identity. Addresses
are given to other people in time, subjects never (OpenID Connect Core 1.0, 5.7 "Claim Stability and Uniqueness").
"""

from dataclasses import dataclass

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import transaction

from accounts import access
from accounts.errors import RefusedError
from accounts.models import User
from accounts.services import audit, people


@dataclass(frozen=True)
class Claims:
    """What the provider vouches for."""

    issuer: str
    subject: str
    email: str
    is_email_verified: bool
    full_name: str


class NotAdmittedError(RefusedError):
    """The provider knows this person; we let them in no further."""


def identity_of(user: User) -> SocialAccount | None:
    """The person's link to the provider of today, if there is one."""
    if settings.OIDC is None:
        return None
    return SocialAccount.objects.filter(user=user, provider=settings.OIDC.issuer).first()


@transaction.atomic
def admit(*, claims: Claims) -> SocialAccount:
    """The identity of somebody who may come in, linked now if this is the first time.

    Raises NotAdmittedError with a sentence for the person. Nobody is created but by an open invitation.
    """
    known = SocialAccount.objects.select_related("user").filter(provider=claims.issuer, uid=claims.subject).first()
    if known is not None:
        _require_active(known.user)
        return known
    if not claims.email or not claims.is_email_verified:
        raise NotAdmittedError(
            "Your provider does not vouch for an e-mail address of yours. Have the address verified there, then sign "
            "in again."
        )
    user = User.objects.select_for_update().filter(email__iexact=claims.email).first()
    if user is None:
        user = people.accept_invitation_by_address(email=claims.email, full_name=claims.full_name)
    if user is None:
        raise NotAdmittedError(
            f"There is no account for {claims.email} here, and no open invitation to that address. Ask an "
            "administrator to invite you."
        )
    _require_active(user)
    if SocialAccount.objects.filter(user=user, provider=claims.issuer).exists():
        raise NotAdmittedError(
            f"The account of {user.email} belongs to another identity at your provider. If your account there was "
            "made anew, ask an administrator to unlink the old one under Settings, People."
        )
    identity = SocialAccount.objects.create(user=user, provider=claims.issuer, uid=claims.subject)
    audit.record(
        audit.Verb.IDENTITY_LINKED,
        actor=user,
        subject=user,
        details={"issuer": claims.issuer, "subject": claims.subject},
    )
    return identity


@transaction.atomic
def unlink(*, user: User, reason: str, actor: User) -> None:
    """Forget who the person is at every provider, and end their sessions; the next sign-in links anew."""
    access.require_administrator(actor)
    if not reason.strip():
        raise RefusedError("Say why; the reason goes into the record.", field="reason")
    row = User.objects.select_for_update().get(pk=user.pk)
    links = list(SocialAccount.objects.filter(user=row).values("provider", "uid"))
    if not links:
        raise RefusedError(f"{row} is not linked to an OpenID provider.")
    SocialAccount.objects.filter(user=row).delete()
    row.session_generation += 1
    row.save(update_fields=["session_generation"])
    audit.record(
        audit.Verb.IDENTITY_UNLINKED,
        actor=actor,
        subject=row,
        reason=reason,
        details={"links": [{"issuer": link["provider"], "subject": link["uid"]} for link in links]},
    )


def _require_active(user: User) -> None:
    if not user.is_active:
        raise NotAdmittedError(
            "Your account here was deactivated. Ask an administrator to switch it on again if you still need it."
        )
