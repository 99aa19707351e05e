"""Pages of promotions."""

from django.urls import path

from promotions.views import home, job_lists, jobs, packages, plans, promotions

app_name = "promotions"

urlpatterns = [
    # Home and jobs
    path("", home.home, name="home"),
    path("home/live/", home.home_live, name="home-live"),
    path("jobs/", job_lists.job_list, name="job-list"),
    path("jobs/newer/", job_lists.job_newer, name="job-newer"),
    path("jobs/views/", job_lists.view_save, name="view-save"),
    path("jobs/views/<int:pk>/rename/", job_lists.view_rename, name="view-rename"),
    path("jobs/views/<int:pk>/delete/", job_lists.view_delete, name="view-delete"),
    path("jobs/<int:pk>/", jobs.job_detail, name="job-detail"),
    path("jobs/<int:pk>/live/", jobs.job_live, name="job-live"),
    path("jobs/<int:pk>/row/", jobs.job_row, name="job-row"),
    path("jobs/<int:pk>/cancel/", jobs.job_cancel, name="job-cancel"),
    path("jobs/<int:pk>/stop-following/", jobs.job_stop_following, name="job-stop-following"),
    path("jobs/<int:pk>/resume/", jobs.job_resume, name="job-resume"),
    path("jobs/<int:pk>/adopt/", jobs.job_adopt, name="job-adopt"),
    path("jobs/<int:pk>/retry/", jobs.job_retry, name="job-retry"),
    path("jobs/<int:pk>/close/", jobs.job_close, name="job-close"),
    # Packages, promotions, plans
    path("packages/", packages.package_list, name="package-list"),
    path("packages/synchronization/<int:pk>/", packages.package_synchronization, name="package-synchronization"),
    path("packages/synchronize/<int:pk>/", packages.package_synchronize, name="package-synchronize"),
    path("packages/<int:pk>/", packages.package_detail, name="package-detail"),
    path("packages/<int:pk>/dependencies/", packages.package_dependencies, name="package-dependencies"),
    path("packages/<int:pk>/publish/", packages.package_publish, name="package-publish"),
    path("packages/<int:pk>/plan/", promotions.promotion_create, name="promotion-create"),
    path("promotions/", promotions.promotion_list, name="promotion-list"),
    path("promotions/<int:pk>/", promotions.promotion_detail, name="promotion-detail"),
    path("promotions/<int:pk>/edit/", promotions.promotion_edit, name="promotion-edit"),
    path("promotions/<int:pk>/abandon/", promotions.promotion_abandon, name="promotion-abandon"),
    path("plans/<int:pk>/status/", plans.plan_status, name="plan-status"),
    path("plans/<int:pk>/refresh/", plans.plan_refresh, name="plan-refresh"),
    path("plans/<int:pk>/accept-exact/", plans.plan_accept_exact, name="plan-accept-exact"),
    path("plans/<int:pk>/take-remembered/", plans.plan_take_remembered, name="plan-take-remembered"),
    path("plans/<int:pk>/memory/", plans.plan_memory, name="plan-memory"),
    path("plans/<int:pk>/decide/", plans.plan_decide, name="plan-decide"),
    path("plans/<int:pk>/undo/", plans.plan_undo, name="plan-undo"),
    path("plans/<int:pk>/run/", plans.plan_run, name="plan-run"),
    path("plan-items/<int:pk>/decide/", plans.plan_item_decide, name="plan-item-decide"),
]
