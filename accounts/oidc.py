"""The OpenID Connect sign-in of allauth, with the checks that it leaves out.

allauth brings state, PKCE and the exchange of the code. Added here: the discovered issuer is the configured one, every
endpoint is safe to talk to, no redirect is followed (it could carry the client secret elsewhere), signature, issuer,
audience, life and nonce of the ID token are verified, and user info counts only for the same subject (OpenID Connect
Core 1.0, 3.1.3.7 "ID Token Validation" and 5.3.2 "Successful UserInfo Response").
"""

import json
import re
from typing import Any

import jwt
import requests
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from allauth.utils import build_absolute_uri
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from accounts.services.identities import Claims
from config.sign_in import Oidc, is_safe_url

DISCOVERY = "/.well-known/openid-configuration"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
# Public keys only: a shared secret or no signature at all would let others make tokens.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
CLOCK_SKEW_S = 60
TIMEOUT_S = (3.05, 5)  # to connect, and for each read: a person waits for it
MAX_SUBJECT_LENGTH = 255

# What goes wrong on the way: no answer, a refusal, or an answer that is none.
FAILURES = (requests.RequestException, OAuth2Error, ValueError, KeyError, TypeError)


def configured() -> Oidc:
    """The provider of this installation; raises OAuth2Error where there is none."""
    found: Oidc | None = settings.OIDC
    if found is None:
        raise OAuth2Error("No OpenID provider is configured.")
    return found


def app() -> SocialApp:
    """What allauth wants to know of the provider; it never lies in the database."""
    oidc = configured()
    return SocialApp(
        provider=Provider.id,
        provider_id=oidc.issuer,
        name=oidc.name,
        client_id=oidc.client_id,
        secret=oidc.client_secret,
        settings={"server_url": oidc.issuer, "scope": list(oidc.scopes), "oauth_pkce_enabled": True},
    )


def session() -> requests.Session:
    """Calls to the provider: bounded in time, and where an answer leads elsewhere they end."""
    made = _BoundedSession()
    made.max_redirects = 0
    return made


class _BoundedSession(requests.Session):
    def request(self, *arguments: Any, **named: Any) -> requests.Response:
        return super().request(*arguments, **{"timeout": TIMEOUT_S, **named})


class Protocol(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # allauth has no types
    """The exchange with the provider."""

    @property
    def openid_config(self) -> dict[str, Any]:
        if not hasattr(self, "_openid_config"):
            self._openid_config = self._discover()
        found: dict[str, Any] = self._openid_config
        return found

    def _discover(self) -> dict[str, Any]:
        oidc = configured()
        found = self._get_json(oidc.issuer.rstrip("/") + DISCOVERY)
        if found.get("issuer") != oidc.issuer:
            raise OAuth2Error(f"OIDC_ISSUER is {oidc.issuer}, but the provider calls itself {found.get('issuer')!r}.")
        for name in ENDPOINTS:
            url = found.get(name)
            if url is None and name == "userinfo_endpoint":
                continue
            if not isinstance(url, str) or not is_safe_url(url, is_loopback_allowed=oidc.is_loopback_allowed):
                raise OAuth2Error(f"The {name} of the provider is {url!r}, which is no https:// address.")
        return found

    @property
    def basic_auth(self) -> bool:
        """What a provider takes that lists no ways is the basic one (OpenID Connect Discovery 1.0, 3)."""
        ways = self.openid_config.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return "client_secret_post" not in ways

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        url: str = build_absolute_uri(request, reverse("oidc-callback"), self.redirect_uri_protocol)
        return url

    def get_access_token_data(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        try:
            found: dict[str, Any] = super().get_access_token_data(*arguments, **named)
        except OAuth2Error as exc:
            # allauth quotes the whole answer, and a careless provider repeats in it what it was sent.
            said = re.search(r'"error"\s*:\s*"([a-z_]{1,40})"', str(exc))
            raise OAuth2Error(f"The provider gave no token: {said[1] if said else 'no reason said'}.") from None
        return found

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **named: Any) -> SocialLogin:
        id_token = named["response"].get("id_token")
        if not id_token:
            raise OAuth2Error("The provider sent no ID token.")
        found = self._verified(id_token, app)
        if "email" not in found or "email_verified" not in found:
            found = {**self._user_info(token.token, found["sub"]), **found}
        login = self.get_provider().sociallogin_from_response(request, {"id_token": found})
        login.claims = Claims(
            issuer=app.provider_id,
            subject=found["sub"],
            email=_text(found.get("email")).strip().lower(),
            # Some providers write the boolean as text.
            is_email_verified=found.get("email_verified") is True or found.get("email_verified") == "true",
            full_name=_text(found.get("name")),
        )
        login.nonce = _text(found.get("nonce"))
        return login

    def _verified(self, id_token: str, app: SocialApp) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(id_token)
            found: dict[str, Any] = jwt.decode(
                id_token,
                key=self._key(header.get("kid")),
                algorithms=ALGORITHMS,
                audience=app.client_id,
                issuer=app.provider_id,
                leeway=CLOCK_SKEW_S,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
        except jwt.PyJWTError as exc:
            raise OAuth2Error(f"The ID token of the provider is not good: {exc}") from exc
        if isinstance(found["aud"], list) and len(found["aud"]) > 1 and found.get("azp") != app.client_id:
            raise OAuth2Error("The ID token was made for another client.")
        if not isinstance(found["sub"], str) or not 0 < len(found["sub"]) <= MAX_SUBJECT_LENGTH:
            raise OAuth2Error("The ID token names no subject.")
        return found

    def _key(self, kid: str | None) -> jwt.PyJWK:
        """The key that the token names; a provider with a single key need not name it."""
        keys = [
            key
            for key in self._get_json(self.openid_config["jwks_uri"])["keys"]
            if key.get("use", "sig") == "sig" and key.get("kty") != "oct"
        ]
        fitting = [key for key in keys if key.get("kid") == kid] if kid is not None else keys
        if len(fitting) != 1:
            raise OAuth2Error("The provider does not publish the key that the ID token is signed with.")
        return jwt.PyJWK(fitting[0])

    def _user_info(self, access_token: str, subject: str) -> dict[str, Any]:
        url = self.openid_config.get("userinfo_endpoint")
        if not url:
            return {}
        found = self._get_json(url, headers={"Authorization": f"Bearer {access_token}"})
        if found.get("sub") != subject:
            raise OAuth2Error("The user info of the provider is about somebody else.")
        return found

    def _get_json(self, url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        with get_adapter().get_requests_session() as calls:
            answer = calls.get(url, headers=headers)
        answer.raise_for_status()
        found = json.loads(answer.content)
        if not isinstance(found, dict):
            raise OAuth2Error(f"{url} did not answer with a JSON object.")
        return found


class Provider(OpenIDConnectProvider):  # type: ignore[misc]
    """The one provider of this installation. Of its claims we keep the subject, nothing else."""

    oauth2_adapter_class = Protocol

    def get_callback_url(self) -> str:
        return reverse("oidc-callback")

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        return {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
