"""Keys for the REST API."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.crypto import token_hash
from accounts.errors import RefusedError
from accounts.models import ApiToken, User
from accounts.services import audit, second_factor

PREFIX = "tow_"
SHOWN_LENGTH = 12
USE_NOTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def create_api_token(
    *, user: User, name: str, expires_at: datetime | None = None, actor: User | None
) -> tuple[ApiToken, str]:
    """A new token that acts as the user, and its text, which cannot be shown again."""
    if second_factor.must_enrol(user):
        raise RefusedError("A second factor is required here. Set one up in your profile, then add the token.")
    if expires_at is not None and expires_at <= timezone.now():
        raise RefusedError("The token would have expired already. Choose a later day.", field="expires_at")
    text = f"{PREFIX}{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        user=user, name=name, prefix=text[:SHOWN_LENGTH], token_hash=token_hash(text), expires_at=expires_at
    )
    audit.record(audit.Verb.API_TOKEN_CREATED, actor=actor, subject=token)
    return token, text


@transaction.atomic
def revoke_api_token(*, token: ApiToken, actor: User | None) -> None:
    """End the token at once; a second time changes nothing."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        audit.record(audit.Verb.API_TOKEN_REVOKED, actor=actor, subject=token)


def find_usable(text: str) -> ApiToken | None:
    """The token of this text if it and its owner are still good."""
    token = ApiToken.objects.filter(token_hash=token_hash(text)).select_related("user").first()
    return token if token and token.is_usable and token.user.is_active else None


def note_use(token: ApiToken) -> None:
    """Keep when the token was last used, writing at most once a minute."""
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at <= now - USE_NOTED_EVERY:
        ApiToken.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=now - USE_NOTED_EVERY), pk=token.pk).update(
            last_used_at=now
        )
