"""Plans: gathering, deciding row by row and in bulk, running."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from accounts.http import AuthenticatedRequest
from promotions import access
from promotions.choices import ItemInput, PlanState
from promotions.forms.plans import ItemDecisionForm, MemoryForm, TableForm
from promotions.models import Plan, PlanItem
from promotions.services import decisions, memory, plans, runs, sheets
from promotions.services.decisions import Verdict
from promotions.services.errors import ConflictError, NotReadyError, RefusedError
from promotions.systems.base import system
from promotions.views.resolution import plan_context, row_of, standing_context


@login_required
@require_GET
def plan_status(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The plan part of the page; asks again by itself while facts are gathered, an approval waits or the import runs.

    With the version of the approval that the caller saw, it answers nothing (204) while that is the same.
    """
    plan = access.plan_for_read(request.user, pk)
    seen = request.GET.get("seen")
    if seen is not None and plan.state == PlanState.SUPERSEDED:
        return HttpResponseClientRefresh()  # its page shows the newer revision
    context = plan_context(request, plan)
    if seen is not None and seen == context["standing"].version:
        return HttpResponse(status=204)
    return render(request, "promotions/plans/_plan.html", context)


@login_required
@require_POST
def plan_refresh(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Gather the facts again; of a frozen plan, compare them with what is so now, which its job tells of."""
    plan = access.plan_for_change(request.user, pk)
    if plan.state == PlanState.READY and not request.htmx:
        return _compare(request, plan)
    return _act(request, plan, lambda: plans.refresh(plan=plan, actor=request.user))


@login_required
@require_POST
def plan_accept_exact(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    plan = access.plan_for_change(request.user, pk)
    return _act(request, plan, lambda: decisions.accept_exact(plan=plan, actor=request.user))


@login_required
@require_POST
def plan_undo(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    plan = access.plan_for_change(request.user, pk)
    return _act(request, plan, lambda: decisions.undo(plan=plan, actor=request.user))


@login_required
@require_POST
def plan_take_remembered(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Decide every undecided row as it was decided before."""
    plan = access.plan_for_change(request.user, pk)
    return _act(request, plan, lambda: decisions.take_remembered(plan=plan, actor=request.user))


@login_required
@require_POST
def plan_memory(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Show what was decided before, or not."""
    plan = access.plan_for_change(request.user, pk)
    form = MemoryForm(request.POST)
    if not form.is_valid():
        return _refused(request, plan, "Say whether earlier decisions are to be offered.", status=422)
    is_offered = form.cleaned_data["offered"]
    return _act(
        request, plan, lambda: memory.offer(promotion=plan.promotion, is_offered=is_offered, actor=request.user)
    )


@login_required
@require_POST
def plan_decide(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Decide many rows: the ticked ones, all undecided ones, or, without script, whatever the radios say."""
    plan = access.plan_for_change(request.user, pk)
    form = TableForm(request.POST, items=list(plan.items.all()))
    if not form.is_valid():
        sentence = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return _refused(request, plan, sentence, status=422)
    if form.cleaned_data["act"] == "rule":
        url = (
            f"{reverse('promotions:plan-rule', args=[pk])}?{urlencode({'item': form.cleaned_data['item']}, doseq=True)}"
        )
        return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
    return _act(request, plan, lambda: _decide(plan, form, request))


def _decide(plan: Plan, form: TableForm, request: AuthenticatedRequest) -> None:
    ticked = form.cleaned_data["item"]
    if form.cleaned_data["act"] == "leave":
        sheets.leave_out(plan=plan, item_ids=ticked, actor=request.user)
        return
    wanted: dict[str, Callable[[], list[Verdict]]] = {
        "save": form.changed_verdicts,
        "first": lambda: decisions.first_proposals(plan, ticked),
        "create": lambda: decisions.creations(plan, ticked),
        "create-undecided": lambda: decisions.creations_of_undecided(plan),
        "keep-undecided": lambda: decisions.kept(plan),
        "keep": lambda: decisions.kept(plan, ticked),
    }
    try:
        verdicts = wanted[form.cleaned_data["act"]]()
    except ValidationError as exc:
        raise RefusedError(" ".join(exc.messages)) from exc
    decisions.decide(plan=plan, verdicts=verdicts, actor=request.user)


def _compare(request: AuthenticatedRequest, plan: Plan) -> HttpResponse:
    try:
        job = plans.refresh(plan=plan, actor=request.user)
    except RefusedError as refusal:
        messages.error(request, refusal.message)
        return redirect(_page_of(plan, request))
    messages.info(request, "The facts are read again. If something differs, the plan opens again and says what.")
    return redirect("promotions:job-detail", pk=job.pk)


def _act(request: AuthenticatedRequest, plan: Plan, act: Callable[[], object]) -> HttpResponse:
    """Do it and show the plan as it stands then; a refusal shows the plan with its sentence."""
    try:
        act()
    except ConflictError as refusal:
        return _refused(request, plan, refusal.message, status=409)
    except RefusedError as refusal:
        return _refused(request, plan, refusal.message, status=422)
    if not request.htmx:
        return redirect(_page_of(plan, request))
    return _plan_fragment(request, plan)


def _refused(request: AuthenticatedRequest, plan: Plan, sentence: str, *, status: int) -> HttpResponse:
    if not request.htmx:
        messages.error(request, sentence)
        return redirect(_page_of(plan, request))
    return _plan_fragment(request, plan, problem=sentence, status=status)


def _page_of(plan: Plan, request: AuthenticatedRequest) -> str:
    address = reverse("promotions:promotion-detail", args=[plan.promotion_id])
    return f"{address}?{request.GET.urlencode()}#resolution" if request.GET else f"{address}#resolution"


def _plan_fragment(request: AuthenticatedRequest, plan: Plan, *, problem: str = "", status: int = 200) -> HttpResponse:
    fresh = access.plan_for_read(request.user, plan.pk)
    context = {**plan_context(request, fresh), "problem": problem}
    return render(request, "promotions/plans/_plan.html", context, status=status)


@login_required
@require_POST
def plan_item_decide(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Decide one row; answers the row, and with it the numbers and the run bar."""
    item = access.plan_item_for_change(request.user, pk)
    form = ItemDecisionForm(request.POST, item=item)
    typed = "" if item.input == ItemInput.SECRET else form["value"].data or ""
    if not form.is_valid():
        problem = "What was typed is too long." if "value" in form.errors else "Choose one of what is offered."
        return _row(request, item, problem=problem, typed=typed, status=422)
    try:
        decisions.decide(plan=item.plan, verdicts=[form.verdict()], actor=request.user)
    except ConflictError as refusal:
        return _row(request, item, problem=refusal.message, typed=typed, status=409)
    except RefusedError as refusal:
        return _row(request, item, problem=refusal.message, typed=typed, status=422)
    return _row(request, item)


def _row(
    request: AuthenticatedRequest, item: PlanItem, *, problem: str = "", typed: str = "", status: int = 200
) -> HttpResponse:
    """The row, and why it is not as wished; `typed` is then kept to be mended."""
    plan = access.plan_for_read(request.user, item.plan_id)
    if not request.htmx:
        if problem:
            messages.error(request, problem)
        return redirect(_page_of(plan, request))
    items = list(plan.items.select_related("decided_by"))
    titles = {other.key: str(other) for other in items}
    fresh = next((other for other in items if other.pk == item.pk), item)
    context = {
        **standing_context(request, plan, items, may_change=True),
        "row": row_of(fresh, titles, problem=problem, typed=typed),
        "query": request.GET.urlencode(),
    }
    return render(request, "promotions/plans/_row_answer.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def plan_run(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Ask with numbers, then freeze the plan and queue its run."""
    plan = access.plan_for_change(request.user, pk)
    reasons = runs.reasons_not_to_run(plan)
    status = 200
    if request.method == "POST":
        try:
            job = runs.request_run(plan=plan, actor=request.user)
        except NotReadyError as refusal:
            reasons, status = refusal.reasons, 422
        except ConflictError as refusal:
            reasons, status = [refusal.message], 409
        else:
            return redirect("promotions:job-detail", pk=job.pk)
    items = list(plan.items.all())
    standing = standing_context(request, plan, items, may_change=True)
    promotion = plan.promotion
    if reasons:
        context = {**standing, "organization": promotion.target_organization, "reasons": reasons}
        return render(request, "promotions/plans/not_ready.html", context, status=status)
    return render(
        request,
        "confirm.html",
        {
            "title": f"{system(promotion.system).run_title(promotion, items)}?",
            "text": system(promotion.system).what_happens(promotion, items),
            "url": reverse("promotions:plan-run", args=[pk]),
            "label": standing["run_title"],
            "cancel_url": reverse("promotions:promotion-detail", args=[promotion.pk]),
            "organization": promotion.target_organization,
            "system": system(promotion.system),
        },
        status=status,
    )
