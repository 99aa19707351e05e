"""Addresses of journeys, below those of promotions."""

from django.urls import path

from promotions.api.views import journey_comparisons, journey_copies, journey_texts, journeys

urlpatterns = [
    path("journeys/", journeys.JourneyListView.as_view(), name="journey-list"),
    path("journeys/<int:pk>/", journeys.JourneyView.as_view(), name="journey-detail"),
    path("journeys/<int:pk>/versions/", journeys.JourneyVersionsView.as_view(), name="journey-versions"),
    path("journeys/<int:pk>/compare/", journey_comparisons.JourneyCompareView.as_view(), name="journey-compare"),
    path("journeys/<int:pk>/read/", journeys.JourneyReadView.as_view(), name="journey-read"),
    path("plans/<int:pk>/texts/", journey_texts.PlanTextsView.as_view(), name="plan-texts"),
    path("plans/<int:pk>/texts/remove/", journey_texts.PlanTextsRemoveView.as_view(), name="plan-texts-remove"),
    path("journey-copies/", journey_copies.JourneyCopyListView.as_view(), name="journey-copy-list"),
    path("journey-copies/<int:pk>/", journey_copies.JourneyCopyView.as_view(), name="journey-copy-detail"),
    path(
        "journey-copies/<int:pk>/published/",
        journey_copies.JourneyCopyPublishedView.as_view(),
        name="journey-copy-published",
    ),
    path(
        "organizations/<int:pk>/synchronize-journeys/",
        journeys.JourneySynchronizeView.as_view(),
        name="journey-synchronize",
    ),
]
