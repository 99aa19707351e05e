"""REST API of promotions."""

from django.urls import path

from promotions.api.views import approvals, groups, jobs, packages, plans, promotions

app_name = "promotions_api"

urlpatterns = [
    path("packages/", packages.PackageListView.as_view(), name="package-list"),
    path("packages/publish/", packages.PackagesPublishView.as_view(), name="packages-publish"),
    path("packages/<int:pk>/", packages.PackageView.as_view(), name="package-detail"),
    path("packages/<int:pk>/publish/", packages.PackagePublishView.as_view(), name="package-publish"),
    path("organizations/<int:pk>/synchronize/", packages.PackageSynchronizeView.as_view(), name="package-synchronize"),
    path("promotions/", promotions.PromotionListView.as_view(), name="promotion-list"),
    path("promotions/<int:pk>/", promotions.PromotionView.as_view(), name="promotion-detail"),
    path("promotions/<int:pk>/abandon/", promotions.PromotionAbandonView.as_view(), name="promotion-abandon"),
    path("promotions/<int:pk>/run-again/", promotions.PromotionRunAgainView.as_view(), name="promotion-run-again"),
    path("promotions/<int:pk>/memory/", promotions.PromotionMemoryView.as_view(), name="promotion-memory"),
    path("promotion-groups/", groups.GroupCreateView.as_view(), name="group-create"),
    path("promotion-groups/<int:pk>/", groups.GroupView.as_view(), name="group-detail"),
    path("promotion-groups/<int:pk>/decide/", groups.GroupDecideView.as_view(), name="group-decide"),
    path("promotion-groups/<int:pk>/run/", groups.GroupRunView.as_view(), name="group-run"),
    path("approvals/", approvals.ApprovalListView.as_view(), name="approval-list"),
    path("approvals/<int:pk>/", approvals.ApprovalView.as_view(), name="approval-detail"),
    path("approvals/<int:pk>/approve/", approvals.ApproveView.as_view(), name="approval-approve"),
    path("approvals/<int:pk>/reject/", approvals.RejectView.as_view(), name="approval-reject"),
    path("approvals/<int:pk>/withdraw/", approvals.WithdrawView.as_view(), name="approval-withdraw"),
    path("plans/<int:pk>/", plans.PlanView.as_view(), name="plan-detail"),
    path("plans/<int:pk>/items/", plans.PlanItemsView.as_view(), name="plan-items"),
    path("plans/<int:pk>/refresh/", plans.PlanRefreshView.as_view(), name="plan-refresh"),
    path("plans/<int:pk>/decide/", plans.PlanDecideView.as_view(), name="plan-decide"),
    path("plans/<int:pk>/accept-exact/", plans.PlanAcceptExactView.as_view(), name="plan-accept-exact"),
    path("plans/<int:pk>/take-remembered/", plans.PlanTakeRememberedView.as_view(), name="plan-take-remembered"),
    path("plans/<int:pk>/change/", plans.PlanChangeView.as_view(), name="plan-change"),
    path("plans/<int:pk>/approval/", approvals.PlanApprovalView.as_view(), name="plan-approval"),
    path("plans/<int:pk>/undo/", plans.PlanUndoView.as_view(), name="plan-undo"),
    path("plans/<int:pk>/run/", plans.PlanRunView.as_view(), name="plan-run"),
    path("jobs/", jobs.JobListView.as_view(), name="job-list"),
    path("jobs/export/", jobs.JobExportView.as_view(), name="job-export"),
    path("jobs/<int:pk>/", jobs.JobView.as_view(), name="job-detail"),
    path("jobs/<int:pk>/events/", jobs.JobEventsView.as_view(), name="job-events"),
    path("jobs/<int:pk>/results/", jobs.JobResultsView.as_view(), name="job-results"),
    path("jobs/<int:pk>/cancel/", jobs.JobCancelView.as_view(), name="job-cancel"),
    path("jobs/<int:pk>/stop-following/", jobs.JobStopFollowingView.as_view(), name="job-stop-following"),
    path("jobs/<int:pk>/resume/", jobs.JobResumeView.as_view(), name="job-resume"),
    path("jobs/<int:pk>/adopt/", jobs.JobAdoptView.as_view(), name="job-adopt"),
    path("jobs/<int:pk>/retry/", jobs.JobRetryView.as_view(), name="job-retry"),
    path("jobs/<int:pk>/retry-failed/", jobs.JobRetryFailedView.as_view(), name="job-retry-failed"),
    path("jobs/<int:pk>/close/", jobs.JobCloseView.as_view(), name="job-close"),
]
