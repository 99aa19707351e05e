"""One package into several targets: the page of a group, deciding together, running together."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from accounts.access import has_role
from accounts.choices import Role
from accounts.http import AuthenticatedRequest, natural_number
from promotions import access
from promotions.choices import ApprovalState
from promotions.forms.groups import NoteForm, TogetherForm
from promotions.models import PromotionGroup
from promotions.services import consent, groups, runs
from promotions.views import group_pages


@login_required
@require_GET
def group_detail(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    group = access.group_for_read(request.user, pk)
    return render(request, "promotions/groups/detail.html", group_pages.group_context(request, group))


@login_required
@require_GET
def group_targets(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The rows of the targets as they are now; once new facts are there, the whole page is read again."""
    group = access.group_for_read(request.user, pk)
    if not request.htmx:
        return redirect("promotions:group-detail", pk=pk)
    context = group_pages.targets_context(request, group)
    seen = natural_number(request.GET.get("gathering", ""), what="gathering")
    if seen is not None and context["gathering_count"] < seen:
        return HttpResponseClientRefresh()
    return render(request, "promotions/groups/_targets.html", context)


@login_required
@require_POST
def group_decide(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Decide in every target that is open; the page then says what came of it in each."""
    group = access.group_for_change(request.user, pk)
    form = TogetherForm(request.POST, is_update=group.is_update)
    if not form.is_valid():
        sentence = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return _answer(request, group, problem=sentence)
    words, choose = form.chosen()
    groups.decide_together(group=group, choose=choose, actor=request.user, words=words)
    return _answer(request, group)


def _answer(request: AuthenticatedRequest, group: PromotionGroup, *, problem: str = "") -> HttpResponse:
    if not request.htmx:
        if problem:
            messages.error(request, problem)
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        return redirect(f"{reverse('promotions:group-detail', args=[group.pk])}{query}#together")
    context = {**group_pages.group_context(request, group), "problem": problem}
    return render(request, "promotions/groups/_group.html", context, status=422 if problem else 200)


@login_required
@require_http_methods(["GET", "POST"])
def group_run(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Say for each target what will happen, then do it; each keeps to its own rules."""
    group = access.group_for_change(request.user, pk)
    form = NoteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        note = form.cleaned_data["note"]
        groups.run_together(group=group, actor=request.user, note=note, words="Ran all that were ready")
        return redirect("promotions:group-detail", pk=pk)
    steps = _steps(request, group)
    return render(
        request,
        "promotions/groups/run.html",
        {
            "group": group,
            "organization": group.organization,
            "form": form,
            "steps": steps,
            "run_count": sum(step["will"] == "run" for step in steps),
            "ask_count": sum(step["will"] == "ask" for step in steps),
        },
        status=422 if form.is_bound else 200,
    )


def _steps(request: AuthenticatedRequest, group: PromotionGroup) -> list[dict[str, object]]:
    """What running all will do in each target, by the same rules as the run itself."""
    steps = []
    for target in group_pages.targets_of(groups.current_plans(group, request.user)):
        reasons = list(target.reasons)
        will = "run"
        if not has_role(request.user, target.plan.promotion.target_organization, Role.OPERATOR):
            reasons = ["This needs the role operator."]
        elif not reasons and groups.is_approval_wanted(target.plan):
            will = "ask"
        elif not reasons and target.approval is not None and target.approval.state == ApprovalState.PENDING:
            reasons = consent.reasons_without_consent(target.plan)
        elif not reasons:
            reasons = runs.reasons_not_to_run(target.plan)
        steps.append({"target": target, "will": "nothing" if reasons else will, "reasons": reasons})
    return steps
