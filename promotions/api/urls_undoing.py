"""Addresses of what follows a run, below those of promotions."""

from django.urls import path

from promotions.api.views import decisioning_records, undoing

urlpatterns = [
    path("jobs/<int:pk>/undo/", undoing.JobUndoView.as_view(), name="job-undo"),
    path("jobs/<int:pk>/checks/", undoing.JobChecksView.as_view(), name="job-checks"),
    path("jobs/<int:pk>/delete-record/", decisioning_records.JobDeleteRecordView.as_view(), name="job-delete-record"),
    path("run-checks/<int:pk>/", undoing.RunCheckView.as_view(), name="run-check-detail"),
]
