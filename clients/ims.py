"""Adobe IMS: access tokens for OAuth server-to-server credentials and for JWT service accounts."""

import base64
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from clients.addresses import checked_base_url
from clients.answers import Answer
from clients.effects import Effect
from clients.errors import ApiAuthError, ApiError, AuthProblem
from clients.keys import read_private_key, tidy_pem
from clients.refusals import classify as classify_adobe
from clients.tokens import Token
from clients.transport import CallPolicy, Connection, MalformedError

IMS_URL = "https://ims-na1.adobelogin.com"
TOKEN_BUDGET_S = 20.0
"""The longest time that `ImsClient.fetch_token` takes, all its tries included."""

_POLICY = CallPolicy(attempts=3, attempt_deadline_s=10.0, read_budget_s=TOKEN_BUDGET_S, longest_pause_s=5.0)
_JWT_LIFE_S = 300
_SKEW_WORTH_SAYING_S = 60.0
# Above this an `expires_in` can only be milliseconds: as seconds it would be 115 days, and tokens live for one.
_SURELY_MILLISECONDS = 10_000_000
# Below this an `expires_in` of the exchange route can only be seconds: as milliseconds it would be under 5 minutes.
_SURELY_SECONDS = 300_000
_ASSUMED_LIFE = timedelta(hours=1)


@dataclass(frozen=True)
class OAuthServerToServer:
    """An OAuth server-to-server credential."""

    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...]

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must never be shown."""
        return (self.client_secret,)


@dataclass(frozen=True)
class JwtServiceAccount:
    """A JWT service account; Adobe has retired these, so they only serve installations that still answer them."""

    ims_org_id: str
    client_id: str
    client_secret: str = field(repr=False)
    technical_account_id: str
    metascopes: tuple[str, ...]
    private_key: str = field(repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must never be shown."""
        return (self.client_secret, self.private_key)


Credential = OAuthServerToServer | JwtServiceAccount


class ImsClient:
    """Fetches access tokens. Keeps none: that is what a token store is for."""

    def __init__(self, *, base_url: str = IMS_URL, transport: httpx.BaseTransport | None = None) -> None:
        self._base_url = checked_base_url(base_url) if transport is None else base_url.rstrip("/")
        self._transport = transport
        self._connection = Connection(base_url=self._base_url, policy=_POLICY, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def fetch_token(self, credential: Credential) -> Token:
        """A new access token, within 20 s.

        Raises ApiAuthError (CREDENTIAL) with the cure in words if IMS refuses, ApiUnavailableError if it does not
        answer.
        """
        if isinstance(credential, OAuthServerToServer):
            return self._fetch("ims.token", "/ims/token/v3", credential, _oauth_form(credential), unit_ms=False)
        try:
            form = self._jwt_form(credential)
        except ValueError as exc:
            raise ApiAuthError(str(exc), operation="ims.exchange", reason=AuthProblem.CREDENTIAL) from exc
        return self._fetch("ims.exchange", "/ims/exchange/jwt", credential, form, unit_ms=True)

    def _fetch(
        self, operation: str, path: str, credential: Credential, form: Mapping[str, str], *, unit_ms: bool
    ) -> Token:
        secrets = (*credential.secrets, form.get("jwt_token", ""))
        return self._connection.call(
            operation,
            "POST",
            path,
            form=form,
            parse=lambda answer: _read_token(answer, unit_ms=unit_ms),
            refuses=_is_error_body,
            classify=_classify,
            secrets=secrets,
        )

    def _jwt_form(self, credential: JwtServiceAccount) -> dict[str, str]:
        check_private_key(credential.private_key)
        # An installation on this machine stands in for the public host, and is addressed by that name in the claims.
        issuer = IMS_URL if self._base_url.startswith("http://") else self._base_url
        claims: dict[str, Any] = {
            "exp": int(time.time()) + _JWT_LIFE_S,
            "iss": credential.ims_org_id,
            "sub": credential.technical_account_id,
            "aud": f"{issuer}/c/{credential.client_id}",
        }
        claims |= {f"{issuer}/s/{metascope}": True for metascope in credential.metascopes}
        return {
            "client_id": credential.client_id,
            "client_secret": credential.client_secret,
            "jwt_token": jwt.encode(claims, tidy_pem(credential.private_key), algorithm="RS256"),
        }


def check_private_key(pem: str) -> None:
    """Raise ValueError, with a sentence for the person who pasted it, unless the text is an RSA key that can sign."""
    key = read_private_key(pem)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("This private key is not an RSA key. Adobe accepts RSA keys of 2048 bits or more.")
    if key.key_size < 2048:
        raise ValueError(f"This RSA key has {key.key_size} bits. Adobe accepts RSA keys of 2048 bits or more.")


def _oauth_form(credential: OAuthServerToServer) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": credential.client_id,
        "client_secret": credential.client_secret,
        "scope": ",".join(credential.scopes),
    }


def _is_error_body(answer: Answer) -> bool:
    """Whether a 200 is an error all the same: it names one and brings no token."""
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and not body.get("access_token") and bool(answer.problem.words)


def _read_token(answer: Answer, *, unit_ms: bool) -> Token:
    body = answer.json()
    if not isinstance(body, dict):
        raise MalformedError("it is not a JSON object")
    value = body.get("access_token")
    if not isinstance(value, str) or not re.fullmatch(r"\s*[!-~]+\s*", value):
        raise MalformedError("it holds no access token")
    value = value.strip()
    now = datetime.now(UTC)
    expires_at = _own_expiry(value, now) or now + _stated_life(body.get("expires_in"), unit_ms=unit_ms)
    return Token(value=value, expires_at=expires_at)


def _own_expiry(value: str, now: datetime) -> datetime | None:
    """When the token says that it expires; None if it cannot be read or does not fit this machine's clock."""
    try:
        payload = value.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        created = datetime.fromtimestamp(int(claims["created_at"]) / 1000, UTC)
        expires_at = created + timedelta(milliseconds=int(claims["expires_in"]))
    except (IndexError, KeyError, TypeError, ValueError, OverflowError, OSError):
        return None
    return expires_at if created <= now + timedelta(minutes=5) and expires_at > now else None


def _stated_life(expires_in: Any, *, unit_ms: bool) -> timedelta:
    try:
        amount = 0.0 if isinstance(expires_in, bool) else float(expires_in)
    except (TypeError, ValueError):
        return _ASSUMED_LIFE
    if not amount > 0:
        return _ASSUMED_LIFE
    if amount > _SURELY_MILLISECONDS or (unit_ms and amount >= _SURELY_SECONDS):
        amount /= 1000
    return timedelta(seconds=min(amount, 86_400 * 30))


_CURES = {
    "invalid_client": "Check the client id and enter the current client secret.",
    "invalid_scope": "Compare the scopes with those of the credential in the Adobe developer console.",
    "invalid_signature": "Enter the private key that belongs to a certificate of the credential.",
    "unsupported_grant_type": "Check that the credential is of the kind OAuth server-to-server.",
    "unauthorized_client": "Check that the credential is of the kind OAuth server-to-server.",
}


def _cure(error: str | None, words: str, skew_s: float | None) -> str:
    lowered = words.lower()
    if error == "invalid_token" and "expired" in lowered:
        if skew_s is not None and abs(skew_s) > _SKEW_WORTH_SAYING_S:
            direction = "ahead of" if skew_s > 0 else "behind"
            return f"Check the clock: this machine's is {abs(skew_s) / 60:.0f} min {direction} Adobe's."
        return "Check the clock of this machine."
    if error == "invalid_token" and "signature" in lowered:
        return _CURES["invalid_signature"]
    if error == "invalid_client" and "client_id" in lowered:
        return "Check the client id."
    if error == "invalid_client" and "secret" in lowered:
        return "Enter the new client secret."
    return _CURES.get(error or "", "Compare the credential with the Adobe developer console.")


def _classify(operation: str, effect: Effect, answer: Answer, facts: dict[str, Any]) -> ApiError:
    problem = answer.problem
    is_refusal = answer.status in (400, 401, 403) and not problem.is_html
    if not (is_refusal or (answer.is_success and problem.words)):
        return classify_adobe(operation, effect, answer, facts)
    words = facts.pop("words") or f"HTTP {answer.status} without a reason"
    cure = _cure(problem.error_code, words, answer.clock_skew_s)
    return ApiAuthError(
        f"Adobe refused the credential: {words.rstrip('.')}. {cure}", reason=AuthProblem.CREDENTIAL, **facts
    )
