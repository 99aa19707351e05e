"""The page of a job, its row in lists, and what people may do with it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest, natural_number
from promotions import access
from promotions.choices import ACTIVE
from promotions.forms.jobs import CloseForm, RetryForm
from promotions.models import Job
from promotions.services import jobs
from promotions.services.errors import ConflictError, RefusedError
from promotions.views import attention, job_pages


@login_required
@require_GET
def job_row(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """One row of the list as it is now; it asks again while the job goes on."""
    job = access.job_for_read(request.user, pk)
    every = natural_number(request.GET.get("every", ""), what="every")
    return render(
        request,
        "promotions/jobs/_row.html",
        {
            "row": job_pages.rows_of([job])[0],
            "every": every if every in job_pages.ROW_EVERY_S else job_pages.ROW_EVERY_S[0],
        },
    )


@login_required
@require_GET
def job_detail(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    job = access.job_for_read(request.user, pk)
    jobs.watch(job)
    return render(request, "promotions/jobs/detail.html", _context(request, job))


@login_required
@require_GET
def job_live(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """What moves on the page of a job; nothing (204) if it has not changed since the version that the caller saw."""
    job = access.job_for_read(request.user, pk)
    if not request.htmx:
        return redirect("promotions:job-detail", pk=pk)
    jobs.watch(job)
    if request.GET.get("seen") == job_pages.version_of(job):
        return HttpResponse(status=204)
    return render(request, "promotions/jobs/_live.html", {**_context(request, job), "is_swap": True})


def _context(request: AuthenticatedRequest, job: Job, **bound: forms.Form) -> dict[str, Any]:
    return job_pages.detail(
        job,
        user=request.user,
        tab=request.GET.get("tab", ""),
        shown_from=natural_number(request.GET.get("from", ""), what="from") or 0,
        bound=bound,
    )


@login_required
@require_http_methods(["GET", "POST"])
def job_cancel(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    job = access.job_for_change(request.user, pk)
    if request.method == "POST":
        return _act(request, job, lambda: jobs.cancel(job=job, actor=request.user), "It was cancelled.")
    return _ask(
        request,
        job,
        title="Cancel this job?",
        text=f"{job_pages.title_of(job)} has not been sent. Nothing will happen at the platform.",
        url=reverse("promotions:job-cancel", args=[pk]),
        label="Cancel the job",
    )


@login_required
@require_http_methods(["GET", "POST"])
def job_stop_following(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    job = access.job_for_change(request.user, pk)
    if request.method == "POST":
        done = "It is no longer followed. It goes on at the platform."
        return _act(request, job, lambda: jobs.stop_following(job=job, actor=request.user), done)
    return _ask(
        request,
        job,
        title="Stop following this job?",
        text=f"{job_pages.title_of(job)} goes on at the platform, which offers no way to stop it. How it ends will "
        "not be known here, until somebody goes on following it.",
        url=reverse("promotions:job-stop-following", args=[pk]),
        label="Stop following",
    )


def _ask(request: AuthenticatedRequest, job: Job, **question: str) -> HttpResponse:
    back = reverse("promotions:job-detail", args=[job.pk])
    context = {**question, "danger": True, "cancel_url": back, "organization": job.organization}
    return render(request, "confirm.html", context)


@login_required
@require_POST
def job_resume(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    job = access.job_for_change(request.user, pk)
    return _act(request, job, lambda: jobs.resume_following(job=job, actor=request.user), "It is followed again.")


@login_required
@require_POST
def job_adopt(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    job = access.job_for_change(request.user, pk)
    form = attention.adopt_form(job, request.POST)
    return _decide(
        request,
        job,
        form,
        lambda said: jobs.adopt(job=job, remote_id=said["remote_id"], reason=said["reason"], actor=request.user),
        done="The remote job was named; it is followed from now on.",
    )


@login_required
@require_POST
def job_retry(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    job = access.job_for_change(request.user, pk)
    return _decide(
        request,
        job,
        RetryForm(request.POST),
        lambda said: jobs.retry_sending(job=job, reason=said["reason"], actor=request.user),
        done="It will be sent again.",
    )


@login_required
@require_POST
def job_close(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    job = access.job_for_change(request.user, pk)
    return _decide(
        request,
        job,
        CloseForm(request.POST),
        lambda said: jobs.close(job=job, reason=said["reason"], actor=request.user),
        done="The job was closed.",
    )


def _act(request: AuthenticatedRequest, job: Job, act: Callable[[], None], done: str) -> HttpResponse:
    """Do what needs no words of the person; a refusal is shown on the page of the job as it is now."""
    try:
        act()
    except RefusedError as refusal:
        return _refused(request, job, refusal)
    messages.success(request, done)
    return redirect("promotions:job-detail", pk=job.pk)


def _decide(
    request: AuthenticatedRequest, job: Job, form: forms.Form, act: Callable[[dict[str, Any]], None], *, done: str
) -> HttpResponse:
    """Do what a form asks; what it lacks, or a rule refuses, is shown beside it."""
    if form.is_valid():
        try:
            act(form.cleaned_data)
        except ConflictError as refusal:
            return _refused(request, job, refusal)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, done)
            return redirect("promotions:job-detail", pk=job.pk)
    if job.state in ACTIVE or job.is_finished:  # nothing to show the form on
        return _refused(request, job, ConflictError(f"“{job.title}” is no longer waiting for a decision."))
    context = _context(request, job, **{str(form.prefix): form})
    return render(request, "promotions/jobs/detail.html", context, status=422)


def _refused(request: AuthenticatedRequest, job: Job, refusal: RefusedError) -> HttpResponse:
    job = access.job_for_read(request.user, job.pk)
    messages.error(request, refusal.message)
    status = 409 if isinstance(refusal, ConflictError) else 422
    return render(request, "promotions/jobs/detail.html", _context(request, job), status=status)
