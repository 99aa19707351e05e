"""Pages of API versions; part of promotions.urls."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
