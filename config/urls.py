"""The root of all URLs."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path, re_path

from accounts.views import sign_in
from accounts.views.passwords import password_change, password_reset
from config.health import healthz, readyz
from config.openapi import ApiDocsView, ApiSchemaView, NoSuchResourceView
from operations.figures import metrics_page


def closed(request: HttpRequest) -> HttpResponse:
    """Nobody signs up by themselves or changes the address that names them."""
    raise Http404("There is no such page.")


handler400 = "config.problems.bad_request"
handler500 = "config.problems.server_error"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics_page, name="metrics"),
    # allauth reverses the names of these pages, so they must exist; ours stand before its own.
    re_path(r"^accounts/(?:signup|email|confirm-email|password/set|login/code)/", closed, name="closed"),
    path("accounts/password/change/", password_change, name="account_change_password"),
    path("accounts/password/reset/", password_reset, name="account_reset_password"),
    path("accounts/login/", sign_in.sign_in, name="account_login"),
    path("accounts/", include("allauth.account.urls")),
    # Of allauth's pages for second factors and providers only these exist: the others are ours, or wanted by nobody.
    path("accounts/2fa/authenticate/", sign_in.second_factor_challenge, name="mfa_authenticate"),
    path("accounts/2fa/reauthenticate/", sign_in.second_factor_again, name="mfa_reauthenticate"),
    path("accounts/oidc/login/", sign_in.oidc_start, name="oidc-start"),
    path("accounts/oidc/callback/", sign_in.oidc_callback, name="oidc-callback"),
    path("api/v1/schema/", ApiSchemaView.as_view(), name="api-schema"),
    path("api/v1/docs/", ApiDocsView.as_view(), name="api-docs"),
    path("api/v1/", include("accounts.api.urls")),
    path("api/v1/", include("promotions.api.urls")),
    re_path(r"^api/", NoSuchResourceView.as_view(), name="api-no-such-resource"),
    path("", include("accounts.urls")),
    path("", include("promotions.urls")),
]
