"""Signing in: by password, by a code, and through the OpenID provider."""

import secrets
from typing import Any

from allauth.account.utils import get_next_redirect_url
from allauth.account.views import LoginView
from allauth.decorators import rate_limit
from allauth.mfa.base import views as allauth_mfa
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from accounts import adapter, oidc
from accounts.services import second_factor
from config.sign_in import Oidc


class SignInView(LoginView):  # type: ignore[misc]  # allauth has no types
    """Its page also offers the provider."""

    def get_context_data(self, **named: Any) -> dict[str, Any]:
        return {**super().get_context_data(**named), "oidc": settings.OIDC}


sign_in = SignInView.as_view()


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("code")
def second_factor_challenge(request: HttpRequest) -> HttpResponse:
    """The second step of signing in."""
    _require_second_factors()
    response: HttpResponse = allauth_mfa.authenticate(request)
    return response


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("code")
def second_factor_again(request: HttpRequest) -> HttpResponse:
    """For people without a password, before they change how they sign in."""
    _require_second_factors()
    response: HttpResponse = allauth_mfa.reauthenticate(request)
    return response


@require_GET
@never_cache
@rate_limit(action="oidc", limit_get=True)  # type: ignore[untyped-decorator]
def oidc_start(request: HttpRequest) -> HttpResponse:
    """Send the visitor to the provider.

    A link rather than a form, since our policy lets no form lead to another host; a page of another site cannot use it.
    """
    chosen = _require_oidc()
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return redirect("account_login")
    if request.user.is_authenticated:
        return redirect(get_next_redirect_url(request) or reverse(settings.LOGIN_REDIRECT_URL))
    nonce = secrets.token_urlsafe(32)
    try:
        provider = get_adapter(request).get_provider(request, chosen.issuer)
        response: HttpResponse = provider.redirect(
            request,
            AuthProcess.LOGIN,
            next_url=get_next_redirect_url(request),
            auth_params={"nonce": nonce},
            nonce=nonce,
        )
    except oidc.FAILURES as exc:
        return adapter.failed(request, exc)
    return response


@require_GET
@never_cache
@rate_limit(action="oidc", limit_get=True)  # type: ignore[untyped-decorator]
def oidc_callback(request: HttpRequest) -> HttpResponse:
    """Where the provider sends the visitor back to."""
    chosen = _require_oidc()
    view = OAuth2CallbackView.adapter_view(oidc.Protocol(request, chosen.issuer))
    try:
        response: HttpResponse = view(request)
    except oidc.FAILURES as exc:
        return adapter.failed(request, exc)
    return response


def _require_second_factors() -> None:
    if not second_factor.is_available():
        raise Http404("There is no such page.")


def _require_oidc() -> Oidc:
    chosen: Oidc | None = settings.OIDC
    if chosen is None:
        raise Http404("There is no such page.")
    return chosen
