"""How allauth behaves here."""

import hmac
import logging
import time
from typing import Any

import requests
from allauth.account import app_settings as account_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthError
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts import crypto, oidc
from accounts.addresses import client_address
from accounts.errors import RefusedError
from accounts.models import User
from accounts.services import identities, people, second_factor

log = logging.getLogger(__name__)

FIRST_STEPS = ("password", "socialaccount")
WAYS = {
    ("password", None): "a password",
    ("socialaccount", None): "OpenID Connect",
    ("mfa", Authenticator.Type.TOTP): "a code of the authenticator app",
    ("mfa", Authenticator.Type.RECOVERY_CODES): "a recovery code",
}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """People come in by invitation only; what they do to their account is recorded."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """There are no user names."""

    def set_password(self, user: User, password: str) -> None:
        # A reset has no session; the link in the mail shows that it is the person themselves.
        people.set_password(user=user, password=password, actor=user)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Where passwords are closed, a right one of somebody who may not use it is answered like a wrong one."""
        user: User | None = super().authenticate(request, **credentials)
        return user if user is None or people.may_use_password(user) else None

    def login(self, request: HttpRequest, user: User) -> None:
        ways = _ways(get_authentication_records(request, user))
        super().login(request, user)
        people.record_sign_in(user=user, ways=ways)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """The password, of those who have one: whoever found an unlocked telephone must not get by with its codes."""
        found: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        wanted = "reauthenticate" if people.has_password(user) else "mfa_reauthenticate"
        return [method for method in found if method["id"] == wanted]

    def is_reauthentication_required(self, *, app: str, **named: Any) -> bool:
        """Not of people who have nothing to show again, nor of those who signed in just now and only add a factor."""
        user = context.request.user
        if not self.get_reauthentication_methods(user):
            return False
        if not second_factor.is_on(user):
            records = get_authentication_records(context.request, user)
            latest = max((record["at"] for record in records if record["method"] in FIRST_STEPS), default=0.0)
            if time.time() - latest < account_settings.REAUTHENTICATION_TIMEOUT:
                return False
        return bool(super().is_reauthentication_required(app=app, **named))


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of second factors lie encrypted, like every other secret."""

    error_messages = {**DefaultMFAAdapter.error_messages, "incorrect_code": second_factor.WRONG_CODE}

    def encrypt(self, text: str) -> str:
        return crypto.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return crypto.decrypt(encrypted_text)

    def get_totp_issuer(self) -> str:
        return f"Towpath {context.request.get_host()}"

    def is_mfa_enabled(self, user: Any, types: list[str] | None = None) -> bool:
        return second_factor.is_available() and bool(super().is_mfa_enabled(user, types))


class IdentityAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """One provider, from the settings, and nobody signs up by it."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        return [oidc.app()] if settings.OIDC is not None else []

    def get_provider(self, request: HttpRequest, provider: Any, client_id: Any = None) -> oidc.Provider:
        return oidc.Provider(request, app=oidc.app())

    def get_requests_session(self) -> Any:
        return oidc.session()

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Let in whom we know or have invited; the provider alone decides nothing."""
        if not hmac.compare_digest(sociallogin.nonce.encode(), str(sociallogin.state.get("nonce", "")).encode()):
            log.warning("OpenID Connect sign-in failed: the ID token holds another nonce")
            raise ImmediateHttpResponse(failure(request))
        try:
            identity = identities.admit(claims=sociallogin.claims)
        except RefusedError as refusal:
            raise ImmediateHttpResponse(failure(request, reason=refusal.message, status=403)) from refusal
        sociallogin.account, sociallogin.user = identity, identity.user

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        if error == AuthError.CANCELLED:
            raise ImmediateHttpResponse(failure(request, reason="You stopped at your provider. Nothing has happened."))
        if exception is None:
            reason = (
                "The way back from your provider did not fit this browser: it took longer than ten minutes, was opened "
                "twice, or began elsewhere. Sign in again."
            )
            raise ImmediateHttpResponse(failure(request, reason=reason, status=400))
        raise ImmediateHttpResponse(failed(request, exception))


def failed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page for a provider that did not do its part; the log says what it was."""
    is_ours = not isinstance(exception, (requests.RequestException, OAuth2Error))
    log.warning("OpenID Connect sign-in failed: %s: %s", type(exception).__name__, exception, exc_info=is_ours)
    return failure(request)


def failure(request: HttpRequest, *, reason: str = "", status: int = 502) -> HttpResponse:
    """Why nobody came in, and what to do; without a reason the provider did not do its part."""
    context = {"oidc": settings.OIDC, "reason": reason}
    return render(request, "socialaccount/authentication_error.html", context, status=status)


def _ways(records: list[dict[str, Any]]) -> list[str]:
    """How somebody came in this time: the last first step, and what came after it."""
    steps = [record for record in records if not record.get("reauthenticated")]
    first = max((place for place, record in enumerate(steps) if record["method"] in FIRST_STEPS), default=0)
    return [way for record in steps[first:] if (way := WAYS.get((record["method"], record.get("type"))))]
