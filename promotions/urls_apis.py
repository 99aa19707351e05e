"""Pages of API versions; part of promotions.urls."""

from django.urls import path

from promotions.views import api_accounts, api_imports, api_lifecycles, api_lists, api_plans, apis, archives

urlpatterns = [
    path("apis/", api_lists.api_version_list, name="api-version-list"),
    path("apis/add/", api_lists.api_version_add, name="api-version-add"),
    path("apis/archives/", archives.archive_list, name="archive-list"),
    path("apis/archives/<int:pk>/erase/", archives.archive_erase, name="archive-erase"),
    path("apis/import/", api_imports.api_version_import, name="api-version-import"),
    path("apis/life-cycle/", api_lifecycles.api_lifecycle, name="api-lifecycle"),
    path("apis/<int:pk>/", apis.api_version_detail, name="api-version-detail"),
    path("apis/<int:pk>/forget/", apis.api_version_forget, name="api-version-forget"),
    path("apis/<int:pk>/listing/", apis.api_version_listing, name="api-version-listing"),
    path("apis/<int:pk>/state/", apis.api_version_state, name="api-version-state"),
    path("plans/<int:pk>/import-rule/", api_plans.plan_import_rule, name="plan-import-rule"),
    path("plans/<int:pk>/expressions/", api_plans.plan_expressions, name="plan-expressions"),
    path("plans/<int:pk>/file-account/", api_plans.plan_file_account, name="plan-file-account"),
    path("plans/<int:pk>/accounts/<str:account>/", api_accounts.plan_account, name="plan-account"),
    path("plans/<int:pk>/accounts/<str:account>/leave/", api_accounts.plan_account_leave, name="plan-account-leave"),
    path("jobs/<int:pk>/import-again/", api_imports.api_import_again, name="api-import-again"),
]
