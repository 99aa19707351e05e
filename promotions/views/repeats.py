"""Promoting once more: retrying what failed of a job, running a promotion again."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.http import AuthenticatedRequest
from promotions import access
from promotions.choices import GOOD_ENDS, ResultOutcome
from promotions.models import Job, Promotion
from promotions.services import repeats
from promotions.services.errors import ConflictError, RefusedError
from promotions.systems.base import system


@dataclass(frozen=True)
class Retry:
    """What a page says of retrying a job that did not end well."""

    job: Job
    count: int
    """Objects that failed, or of which nothing is known."""
    reason: str
    """Why it cannot be retried; empty if it can."""
    standing: Promotion | None
    """The promotion that retries it already."""

    @property
    def label(self) -> str:
        return f"Retry what failed ({self.count})" if self.count else "Retry what failed"


def retry_of(job: Job | None) -> Retry | None:
    """None where retrying is no question: the job is not ours, not over, was not sent, or all of it went well."""
    if job is None or job.plan_id is None or not job.is_finished or not job.submit_count:
        return None
    if job.promotion is not None and job.promotion.is_undo:
        return None  # what was to be undone is undone again from its own page
    count = repeats.failed_results(job).count()
    if job.state in GOOD_ENDS and not count:
        return None
    return Retry(job, count, repeats.reason_not_to_retry(job), repeats.standing_retry(job))


@login_required
@require_http_methods(["GET", "POST"])
def job_retry_failed(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Ask with numbers, then plan once more what failed."""
    job = access.job_for_change(request.user, pk)
    back = reverse("promotions:job-detail", args=[pk])
    if request.method == "POST":
        return _planned(request, lambda: repeats.retry_failed(job=job, actor=request.user), back)
    if reason := repeats.reason_not_to_retry(job):
        messages.error(request, f"“{job.title}” cannot be retried: {reason}")
        return redirect(back)
    count = repeats.failed_results(job).count()
    return render(
        request,
        "confirm.html",
        {
            "title": "Retry what failed?",
            "text": f"{_retry_text(job, count)} Planning only reads; nothing is sent before you run it.",
            "url": reverse("promotions:job-retry-failed", args=[pk]),
            "label": f"Plan the retry ({count})" if count else "Plan the retry",
            "cancel_url": back,
            "organization": job.organization,
        },
    )


def _retry_text(job: Job, count: int) -> str:
    made = job.results.filter(outcome=ResultOutcome.CREATED).exclude(new_id="").count()
    parts = ["The same is planned once more for the same sandbox."]
    if made:
        parts.append(
            f"{_objects(made)} that job {job.pk} created {_is(made)} used as existing, so that none comes twice."
        )
    unclear = job.results.filter(outcome=ResultOutcome.UNKNOWN).count()
    if failed := count - unclear:
        parts.append(f"{_objects(failed)} that failed {_is(failed)} decided as before.")
    if unclear:
        parts.append(f"{_objects(unclear)} of which nothing is known {_is(unclear)} for you to decide.")
    return " ".join(parts)


def _objects(number: int) -> str:
    return f"{number} object" if number == 1 else f"{number} objects"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


@login_required
@require_http_methods(["GET", "POST"])
def promotion_run_again(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Ask, then plan the same into the same sandbox anew."""
    promotion = access.promotion_for_change(request.user, pk)
    back = reverse("promotions:promotion-detail", args=[pk])
    if request.method == "POST":
        return _planned(request, lambda: repeats.run_again(promotion=promotion, actor=request.user), back)
    words = system(promotion.system).words
    return render(
        request,
        "confirm.html",
        {
            "title": "Run this promotion again?",
            "text": f"“{promotion.title}” is planned anew for {promotion.target_sandbox.name}: the facts are read "
            f"again, and every {words.item} is for you to decide; what you decided before is offered. {words.again} "
            "Nothing is sent before you run the new plan.",
            "url": reverse("promotions:promotion-run-again", args=[pk]),
            "label": "Plan it again",
            "cancel_url": back,
            "organization": promotion.target_organization,
        },
    )


def _planned(request: AuthenticatedRequest, plan: Callable[[], Promotion], back: str) -> HttpResponse:
    """Lead to the new promotion; a refusal is shown with its way back."""
    try:
        promotion = plan()
    except RefusedError as refusal:
        status = 409 if isinstance(refusal, ConflictError) else 422
        context = {"title": "Not possible now", "sentence": refusal.message, "back": back}
        return render(request, "refused.html", context, status=status)
    return redirect("promotions:promotion-detail", pk=promotion.pk)
