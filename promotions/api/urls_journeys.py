"""Addresses of journeys, below those of promotions."""

from django.urls import path

from promotions.api.views import journeys

urlpatterns = [
    path("journeys/", journeys.JourneyListView.as_view(), name="journey-list"),
    path("journeys/<int:pk>/", journeys.JourneyView.as_view(), name="journey-detail"),
    path("journeys/<int:pk>/versions/", journeys.JourneyVersionsView.as_view(), name="journey-versions"),
    path("journeys/<int:pk>/read/", journeys.JourneyReadView.as_view(), name="journey-read"),
    path(
        "organizations/<int:pk>/synchronize-journeys/",
        journeys.JourneySynchronizeView.as_view(),
        name="journey-synchronize",
    ),
]
