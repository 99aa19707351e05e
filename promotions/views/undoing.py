"""Taking back a run, and ticking what is to be checked after one."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest, posted
from promotions import access
from promotions.forms.promotions import UndoForm
from promotions.services import run_checks, undoing
from promotions.services.errors import ConflictError, RefusedError


@login_required
@require_http_methods(["GET", "POST"])
def job_undo(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Ask for the reason, then plan to take the run back; what will go is shown there."""
    job = access.job_for_change(request.user, pk)
    back = reverse("promotions:job-detail", args=[pk])
    if reason := undoing.reason_not_to_undo(job):
        messages.error(request, f"“{job.title}” cannot be undone: {reason}")
        return redirect(back)
    form = UndoForm(posted(request))
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            promotion = undoing.undo(job=job, reason=form.cleaned_data["reason"], actor=request.user)
        except RefusedError as refusal:
            show_refusal(form, refusal)
            status = 409 if isinstance(refusal, ConflictError) else 422
        else:
            return redirect("promotions:promotion-detail", pk=promotion.pk)
    return render(
        request,
        "confirm.html",
        {
            "title": "Undo this run?",
            "text": f"A plan is made to take back what job {job.pk} has made. It shows what will go, needs consent by "
            "the same rule as the run did, and changes nothing until it is run.",
            "url": reverse("promotions:job-undo", args=[pk]),
            "label": "Plan the undoing",
            "cancel_url": back,
            "form": form,
            "organization": job.organization,
        },
        status=status,
    )


@login_required
@require_POST
def run_check_tick(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Tick one check, or take the tick back."""
    check = access.run_check_for_change(request.user, pk)
    try:
        run_checks.tick(check=check, actor=request.user, is_done=request.POST.get("done") == "yes")
    except RefusedError as refusal:
        messages.error(request, refusal.message)
    return redirect(f"{reverse('promotions:job-detail', args=[check.job_id])}#checks")
