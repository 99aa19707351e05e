"""REST API of promotions."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
