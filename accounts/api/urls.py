"""REST API of accounts."""

from django.urls import URLPattern

from accounts.api import schema  # noqa: F401  registers itself

urlpatterns: list[URLPattern] = []
