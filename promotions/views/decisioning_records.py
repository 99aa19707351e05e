"""Deleting what the Decisioning Migration Service keeps of a workflow."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.http import AuthenticatedRequest
from promotions import access
from promotions.services import decisioning_records
from promotions.services.errors import RefusedError


@login_required
@require_http_methods(["GET", "POST"])
def job_delete_record(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Ask, then have the platform delete what it keeps of a workflow."""
    job = access.job_for_change(request.user, pk)
    back = reverse("promotions:job-detail", args=[pk])
    reason = decisioning_records.reason_not_to_delete(job)
    if not reason and request.method == "POST":
        try:
            deletion = decisioning_records.request_deletion(job=job, actor=request.user)
        except RefusedError as refusal:
            reason = refusal.message
        else:
            return redirect("promotions:job-detail", pk=deletion.pk)
    if reason:
        messages.error(request, reason)
        return redirect(back)
    return render(
        request,
        "confirm.html",
        {
            "title": "Delete the workflow’s record?",
            "text": f"The platform forgets workflow {job.remote_id}; what it made stays, and so does what Towpath "
            "keeps. Only service users may do that. A migration without its record can no longer be rolled back.",
            "url": reverse("promotions:job-delete-record", args=[pk]),
            "label": "Delete the record",
            "cancel_url": back,
            "danger": True,
            "organization": job.organization,
        },
    )
