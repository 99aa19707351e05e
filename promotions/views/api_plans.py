"""What people change in the plan of an import besides its rows: rule, expression files; and what it will send."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.crypto import UndecryptableError
from accounts.http import AuthenticatedRequest
from config.uploads import skipped
from promotions import access_apis
from promotions.forms.api_imports import ExpressionsForm, RuleForm
from promotions.models import Plan
from promotions.services import api_expressions, api_version_plans
from promotions.services.errors import RefusedError
from promotions.systems.base import system
from promotions.systems.snaplogic.filling import shown_accounts
from promotions.systems.stored import NotFilledError


@login_required
@require_POST
def plan_import_rule(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Import by another rule; what it does to each asset is worked out anew."""
    plan = access_apis.import_plan_for_change(request.user, pk)
    form = RuleForm(request.POST)
    if not form.is_valid():
        return _back(request, plan, problem=_sentences(form))
    return _act(
        request,
        plan,
        lambda: api_version_plans.change_rule(
            plan=plan, rule=form.asked_rule, types=form.cleaned_data["types"], actor=request.user
        ),
    )


@login_required
@require_POST
def plan_expressions(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Add expression files in place of what was added before, or send none after all."""
    plan = access_apis.import_plan_for_change(request.user, pk)
    if request.POST.get("act") == "remove":
        return _act(request, plan, lambda: api_expressions.remove(plan=plan, actor=request.user))
    form = ExpressionsForm(request.POST, request.FILES)
    is_valid = form.is_valid()
    if why := skipped(request, "expressions"):
        return _back(request, plan, problem=why)  # of several files all go along, or none
    if not is_valid:
        return _back(request, plan, problem=_sentences(form))
    files = [(str(file.name), file.chunks()) for file in form.cleaned_data["expressions"]]
    return _act(request, plan, lambda: api_expressions.add(plan=plan, files=files, actor=request.user))


@login_required
@require_GET
def plan_file_account(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The accounts as they will be sent, without their secrets."""
    plan = access_apis.import_plan_for_read(request.user, pk)
    text = problem = ""
    try:
        text = shown_accounts(plan)
    except (NotFilledError, UndecryptableError) as missing:
        problem = str(missing)
    return render(
        request,
        "promotions/apis/file_account.html",
        {
            "plan": plan,
            "promotion": plan.promotion,
            "organization": plan.promotion.target_organization,
            "system": system(plan.promotion.system),
            "back": page_of(plan),
            "text": text,
            "problem": problem,
        },
    )


def page_of(plan: Plan, place: str = "resolution") -> str:
    return f"{reverse('promotions:promotion-detail', args=[plan.promotion_id])}#{place}"


def _act(request: AuthenticatedRequest, plan: Plan, act: Callable[[], object]) -> HttpResponse:
    try:
        act()
    except RefusedError as refusal:
        return _back(request, plan, problem=refusal.message)
    return _back(request, plan)


def _back(request: AuthenticatedRequest, plan: Plan, *, problem: str = "") -> HttpResponse:
    if problem:
        messages.error(request, problem)
    return redirect(page_of(plan, "plan"))


def _sentences(form: RuleForm | ExpressionsForm) -> str:
    return " ".join(dict.fromkeys(str(error) for errors in form.errors.values() for error in errors))
