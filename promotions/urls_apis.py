"""Pages of API versions; part of promotions.urls."""

from django.urls import path

from promotions.views import api_lifecycles, api_lists, apis, archives

urlpatterns = [
    path("apis/", api_lists.api_version_list, name="api-version-list"),
    path("apis/add/", api_lists.api_version_add, name="api-version-add"),
    path("apis/archives/", archives.archive_list, name="archive-list"),
    path("apis/archives/<int:pk>/erase/", archives.archive_erase, name="archive-erase"),
    path("apis/life-cycle/", api_lifecycles.api_lifecycle, name="api-lifecycle"),
    path("apis/<int:pk>/", apis.api_version_detail, name="api-version-detail"),
    path("apis/<int:pk>/forget/", apis.api_version_forget, name="api-version-forget"),
    path("apis/<int:pk>/listing/", apis.api_version_listing, name="api-version-listing"),
    path("apis/<int:pk>/state/", apis.api_version_state, name="api-version-state"),
]
