"""How people may sign in, apart from their password."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.env import Mode

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAX_ISSUER_LENGTH = 200


class SecondFactor(StrEnum):
    """Whether a code from an authenticator app is asked for after the password."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True)
class Oidc:
    """The OpenID provider that people may come in by. `is_only`: passwords are for administrators alone."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str
    scopes: tuple[str, ...]
    is_only: bool
    is_loopback_allowed: bool


def oidc(
    mode: Mode,
    *,
    issuer: str,
    client_id: str,
    client_secret: str,
    name: str,
    scopes: Sequence[str],
    is_only: bool,
) -> Oidc | None:
    """The provider, None if nothing of it is set; raises ImproperlyConfigured if it is set in part or unsafe."""
    given = {"OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": client_id, "OIDC_CLIENT_SECRET": client_secret}
    missing = [variable for variable, value in given.items() if not value]
    if len(missing) == len(given) and not name and not is_only:
        return None
    if missing:
        raise ImproperlyConfigured(
            f"OpenID Connect is set in part: {', '.join(missing)} missing. Set OIDC_ISSUER, OIDC_CLIENT_ID and "
            "OIDC_CLIENT_SECRET together, or none of the OIDC_ variables."
        )
    is_loopback_allowed = mode in (Mode.DEMO, Mode.DEVELOPMENT)
    parts = urlsplit(issuer)
    if not is_safe_url(issuer, is_loopback_allowed=is_loopback_allowed) or parts.query or parts.fragment:
        raise ImproperlyConfigured(
            f"OIDC_ISSUER is {issuer!r}. Set it to the https:// address of the provider, without a query "
            "(http:// only for loopback in demo mode)."
        )
    if len(issuer) > MAX_ISSUER_LENGTH:
        raise ImproperlyConfigured(f"OIDC_ISSUER is longer than {MAX_ISSUER_LENGTH} characters.")
    if "openid" not in scopes or "email" not in scopes:
        raise ImproperlyConfigured("OIDC_SCOPES must hold openid and email: people are known by their address.")
    return Oidc(
        issuer=issuer,
        client_id=client_id,
        client_secret=client_secret,
        name=name or "your organization",
        scopes=tuple(scopes),
        is_only=is_only,
        is_loopback_allowed=is_loopback_allowed,
    )


def is_safe_url(url: str, *, is_loopback_allowed: bool) -> bool:
    """Whether secrets may go there: over TLS, or without it to this very machine where that is allowed."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if not host or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback_allowed and host in LOOPBACK)
