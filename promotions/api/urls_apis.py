"""Addresses of API versions, below those of promotions."""

from django.urls import path

from promotions.api.views import api_imports, api_versions, archives

urlpatterns = [
    path("archives/", archives.ArchiveListView.as_view(), name="archive-list"),
    path("archives/<int:pk>/", archives.ArchiveView.as_view(), name="archive-detail"),
    path("api-versions/", api_versions.ApiVersionListView.as_view(), name="api-version-list"),
    path("api-versions/<int:pk>/", api_versions.ApiVersionView.as_view(), name="api-version-detail"),
    path("api-versions/<int:pk>/state/", api_versions.ApiVersionStateView.as_view(), name="api-version-state"),
    path("api-versions/<int:pk>/listing/", api_versions.ApiVersionListingView.as_view(), name="api-version-listing"),
    path("api-life-cycles/", api_versions.LifeCycleView.as_view(), name="api-life-cycle-create"),
    path("api-imports/", api_imports.ApiImportView.as_view(), name="api-import-create"),
    path("plans/<int:pk>/import-rule/", api_imports.PlanImportRuleView.as_view(), name="plan-import-rule"),
    path("plans/<int:pk>/accounts/", api_imports.PlanAccountsView.as_view(), name="plan-accounts"),
    path("plans/<int:pk>/accounts/<str:uuid>/", api_imports.PlanAccountView.as_view(), name="plan-account"),
    path("plans/<int:pk>/file-account/", api_imports.PlanFileAccountView.as_view(), name="plan-file-account"),
    path("plans/<int:pk>/expressions/", api_imports.PlanExpressionsView.as_view(), name="plan-expressions"),
    path("jobs/<int:pk>/remedies/", api_imports.JobRemediesView.as_view(), name="job-remedies"),
]
