"""Pages of promotions."""

from django.urls import path
from django.views.generic import RedirectView

app_name = "promotions"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="accounts:organization-list"), name="home"),
]
