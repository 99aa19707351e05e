"""The page of an approval, on which it is decided; asking for one, taking it back, opening the plan again."""

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest, natural_number, posted
from accounts.templatetags.ui import absolute_time
from promotions import access, approval_facts
from promotions.choices import ApprovalState
from promotions.forms.approvals import DecisionForm, RequestForm, WithdrawForm
from promotions.forms.sharing import ConsentForm
from promotions.models import Approval, Plan
from promotions.services import approvals, consent, plans, subjects
from promotions.services.errors import ConflictError, NotReadyError, RefusedError
from promotions.systems.base import system
from promotions.views import approval_pages, sharing_pages
from promotions.views.resolution import ROWS_PER_PAGE, count, matrix_of

# The page to decide on


@login_required
@require_http_methods(["GET", "POST"])
def approval_detail(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """What is asked for, with all that speaks for and against it; a POST decides. What is shared has its own page."""
    if request.method == "POST":
        return _decide(request, access.approval_for_decision(request.user, pk))
    approval = access.approval_for_read(request.user, pk)
    if approval.sharing is not None:
        return redirect(subjects.of(approval.subject).url(approval.subject))
    return _page(request, approval, DecisionForm())


def _decide(request: AuthenticatedRequest, approval: Approval) -> HttpResponse:
    form = (DecisionForm if approval.sharing is None else ConsentForm)(request.POST)
    if not form.is_valid():
        return _page(request, approval, form, status=422)
    decide = approvals.approve if form.cleaned_data["verdict"] == "approve" else approvals.reject
    try:
        decided = decide(
            approval=approval,
            actor=request.user,
            reason=form.cleaned_data["reason"],
            seen_hash=form.cleaned_data["seen_hash"],
        )
    except ConflictError as refusal:
        fresh = access.approval_for_read(request.user, approval.pk)
        return _page(request, fresh, form, conflict=refusal.message, status=409)
    except RefusedError as refusal:
        show_refusal(form, refusal)
        return _page(request, approval, form, status=422)
    except PermissionDenied:
        return _page(request, approval, form, status=403)  # the card says why
    messages.success(request, _what_was_done(decided))
    return redirect(subjects.of(decided.subject).url(decided.subject) if decided.sharing else _url_of(decided))


def _url_of(approval: Approval) -> str:
    return reverse("promotions:approval-detail", args=[approval.pk])


def _what_was_done(approval: Approval) -> str:
    if approval.sharing is not None:
        told = f"{approval.requested_by} is told"
        if approval.state == ApprovalState.REJECTED:
            return f"Rejected. {told} why, and nothing is sent."
        return f"Approved. It has begun, and {told}."
    title = approval.frozen_plan.promotion.title
    if approval.state == ApprovalState.REJECTED:
        return f"Rejected. {approval.requested_by} is told why; the plan of “{title}” is open again."
    run = plans.run_job(approval.frozen_plan) if approval.runs_at_once else None
    if run is not None:
        return f"Approved. The import runs as job {run.pk}, and {approval.requested_by} is told."
    return f"Approved. {approval.requested_by} is told; an operator can run it now."


def _page(
    request: AuthenticatedRequest, approval: Approval, form: DecisionForm, *, conflict: str = "", status: int = 200
) -> HttpResponse:
    if approval.sharing is not None:
        found = access.sharing_request_for_read(request.user, approval.sharing.pk)
        return sharing_pages.page(request, found, request.user, form, conflict=conflict, status=status)
    plan = approval.frozen_plan
    promotion = plan.promotion
    items = list(plan.items.select_related("decided_by"))
    all_approvals = list(_of_promotion(plan))
    pager = Paginator(approval_facts.changes_of(items, system(promotion.system).change_groups), ROWS_PER_PAGE)
    page = pager.get_page(natural_number(request.GET.get("page", ""), what="page") or 1)
    objection = consent.reason_not_to_decide(approval, request.user) if approval.is_pending else ""
    wish = approval_pages.wish_of(request)
    if wish or (form.is_bound and form.has_error("reason")):
        form.fields["reason"].widget.attrs["autofocus"] = True  # where the sentence stands, also without script
    return render(
        request,
        "promotions/approvals/detail.html",
        {
            "approval": approval,
            "badge": approval_facts.badge_of(approval),
            "plan": plan,
            "promotion": promotion,
            "organization": promotion.target_organization,
            "title": system(promotion.system).run_title(promotion, items).removeprefix("Run "),
            "form": form,
            "wish": wish,
            "conflict": conflict,
            "typed": form.data.get("reason", "") if conflict else "",
            "objection": objection,
            "can_decide": approval.is_pending and not objection,
            "deciders": approval_pages.people_of(
                consent.deciders(approval.subject, requested_by=approval.requested_by) if objection else []
            ),
            "can_withdraw": approval_pages.can_withdraw(approval, request.user),
            "run": plans.run_job(plan),
            "can_run": approval_pages.can_run(approval, request.user),
            "current": promotion.current_plan,
            "counts": count(items),
            "finality": approval_facts.finality_of(plan, items),
            "figures": system(promotion.system).figures(promotion, items),
            "words": system(promotion.system).words,
            "columns": system(promotion.system).columns,
            "names_job": system(promotion.system).names_job,
            "page": page,
            "earlier_url": f"?page={page.previous_page_number()}#changes" if page.has_previous() else "",
            "later_url": f"?page={page.next_page_number()}#changes" if page.has_next() else "",
            "shown": f"{page.start_index()} to {page.end_index()} of {pager.count}" if pager.num_pages > 1 else "",
            "impact": approval_facts.impact_of(plan, items),
            "facts": system(promotion.system).source_facts(plan),
            "matrix": matrix_of(plan),
            "moments": approval_facts.time_line(plan, items, all_approvals),
        },
        status=status,
    )


def _of_promotion(plan: Plan) -> QuerySet[Approval]:
    """Every approval asked for up to this revision."""
    return Approval.objects.filter(plan__promotion=plan.promotion_id, plan__revision__lte=plan.revision).select_related(
        "plan", "requested_by", "decided_by"
    )


@login_required
@require_GET
def approval_news(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """What became of it while the page was open; nothing (204) as long as it is as the caller saw it."""
    approval = access.approval_for_read(request.user, pk)
    if not request.htmx:
        return redirect("promotions:approval-detail", pk=pk)
    badge = approval_facts.badge_of(approval)
    if request.GET.get("seen") == badge:
        return HttpResponse(status=204)
    return render(request, "promotions/approvals/_news.html", {"approval": approval, "badge": badge, "is_news": True})


# Asking, taking back


@login_required
@require_http_methods(["GET", "POST"])
def plan_request_approval(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Ask for consent to a plan; freezes it."""
    plan = access.plan_for_change(request.user, pk)
    form = RequestForm(posted(request))
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            approval = approvals.request_approval(plan=plan, actor=request.user, **form.cleaned_data)
        except RefusedError as refusal:
            reasons = refusal.reasons if isinstance(refusal, NotReadyError) else [refusal.message]
            for reason in reasons:
                form.add_error(None, reason)
            status = 409 if isinstance(refusal, ConflictError) else 422
        else:
            number = len(consent.deciders(approval.subject, requested_by=approval.requested_by))
            told = f"{number} {'person' if number == 1 else 'people'} can decide" if number else "nobody can decide yet"
            messages.success(request, f"The approval is asked for; {told}. The plan is frozen until then.")
            return redirect("promotions:promotion-detail", pk=plan.promotion_id)
    promotion = plan.promotion
    return render(
        request,
        "promotions/approvals/request.html",
        {
            "plan": plan,
            "promotion": promotion,
            "organization": promotion.target_organization,
            "rule": consent.binding_rule(promotion),
            "form": form,
            "deciders": approval_pages.people_of(consent.deciders(plan, requested_by=request.user)),
            "until": timezone.now() + timedelta(hours=settings.APPROVAL_HOURS),
        },
        status=status,
    )


@login_required
@require_http_methods(["GET", "POST"])
def approval_withdraw(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Take back a request, or a consent that was not used. What is shared is stopped instead, which ends both."""
    approval = access.approval_for_read(request.user, pk)
    if approval.sharing is not None:
        access.sharing_request_for_operation(request.user, approval.sharing.pk)
        return redirect("promotions:sharing-stop", pk=approval.sharing.pk)
    promotion = approval.frozen_plan.promotion
    access.promotion_for_change(request.user, promotion.pk)
    form = WithdrawForm(posted(request))
    if form.is_bound and form.is_valid():
        try:
            approvals.withdraw(approval=approval, actor=request.user, reason=form.cleaned_data["reason"])
        except RefusedError as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, "The approval was withdrawn. The plan is open again as a new revision.")
        return redirect("promotions:promotion-detail", pk=promotion.pk)
    is_given = approval.state == ApprovalState.APPROVED
    return render(
        request,
        "confirm.html",
        {
            "title": "Withdraw the approval?" if is_given else "Withdraw the request?",
            "text": (
                f"{approval.decided_by}’s approval of revision {approval.frozen_plan.revision} ends, and "
                if is_given
                else f"The request for revision {approval.frozen_plan.revision} ends, and "
            )
            + "nothing can run until it is asked for again. The plan opens as a new revision with the same decisions.",
            "url": reverse("promotions:approval-withdraw", args=[pk]),
            "label": "Withdraw",
            "danger": True,
            "cancel_url": reverse("promotions:promotion-detail", args=[promotion.pk]),
            "form": form,
            "organization": promotion.target_organization,
        },
        status=422 if form.is_bound else 200,
    )


@login_required
@require_http_methods(["GET", "POST"])
def plan_change(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Open a frozen plan that was not sent."""
    plan = access.plan_for_change(request.user, pk)
    promotion = plan.promotion
    if request.method == "POST":
        try:
            newer = plans.change(plan=plan, actor=request.user)
        except RefusedError as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, f"The plan is open again as revision {newer.revision}.")
        return redirect("promotions:promotion-detail", pk=promotion.pk)
    return render(
        request,
        "confirm.html",
        {
            "title": "Change the plan?",
            "text": f"{_what_ends(plan)}The plan opens as revision {plan.revision + 1} with the same decisions.",
            "url": reverse("promotions:plan-change", args=[pk]),
            "label": "Change the plan",
            "cancel_url": reverse("promotions:promotion-detail", args=[promotion.pk]),
            "organization": promotion.target_organization,
        },
    )


def _what_ends(plan: Plan) -> str:
    found = consent.standing(plan)
    if found is None:
        return ""
    if found.state == ApprovalState.PENDING:
        return f"The approval that {found.requested_by} asked for becomes void: what is changed is asked for anew. "
    until = absolute_time(found.expires_at)
    return f"The approval by {found.decided_by}, which may be used until {until}, becomes void. "
