"""The root of all URLs."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config.health import healthz, readyz


def closed(request: HttpRequest) -> HttpResponse:
    """Nobody signs up by themselves or changes the address that names them."""
    raise Http404("There is no such page.")


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    # allauth reverses the names of these pages, so they must exist; ours stand before its own.
    re_path(r"^accounts/(signup|email|confirm-email|password/set|login/code)/", closed, name="closed"),
    path("accounts/", include("allauth.account.urls")),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/v1/docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("api/v1/", include("accounts.api.urls")),
    path("api/v1/", include("promotions.api.urls")),
    path("", include("accounts.urls")),
    path("", include("promotions.urls")),
]
