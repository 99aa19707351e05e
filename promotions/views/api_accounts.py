"""Editing an account of an exported version before it is imported."""

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import AuthenticatedRequest
from promotions import access_apis
from promotions.choices import PlanState
from promotions.forms.api_accounts import AccountForm
from promotions.models import Plan, PlanItem
from promotions.services import api_accounts
from promotions.services.errors import ConflictError, RefusedError
from promotions.systems.base import system
from promotions.systems.snaplogic.account_names import slug_of
from promotions.systems.snaplogic.drafting import ACCOUNT_ITEM
from promotions.systems.snaplogic.picks import Pick
from promotions.systems.stored import stored_choices
from promotions.views.api_plans import page_of

UNCHANGED = "Nothing was changed, so the account goes as exported. Change a value or type a secret, or go back."


@login_required
@require_http_methods(["GET", "POST"])
def plan_account(request: AuthenticatedRequest, pk: int, account: str) -> HttpResponse:
    """Type what the account shall hold in the target; secrets go in, and never out again."""
    plan = access_apis.import_plan_for_change(request.user, pk)
    item = _account(plan, account)
    if why := api_accounts.reason_not_to_edit(item):
        messages.error(request, why)
        return redirect(page_of(plan))
    values = api_accounts.values_of(plan, item.details["uuid"])
    form = _form(request, plan, item, values)
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            form.require_current(_who(values, item))
            _save(request, plan, item, form)
        except RefusedError as refusal:
            form.add_error(None, refusal.message)
            status = 409 if isinstance(refusal, ConflictError) else 422
        else:
            return redirect(page_of(plan))
    return render(
        request,
        "promotions/apis/account.html",
        {
            "plan": plan,
            "promotion": plan.promotion,
            "organization": plan.promotion.target_organization,
            "system": system(plan.promotion.system),
            "back": page_of(plan),
            "account": item,
            "slug": account,
            "form": form,
            "edited": [value for value in values if value.decided_by is not None],
            "is_edited": item.details["uuid"] in Pick.of(plan.promotion).accounts,
            "is_open": plan.state == PlanState.OPEN and plan.promotion.abandoned_at is None,
        },
        status=status,
    )


@login_required
@require_POST
def plan_account_leave(request: AuthenticatedRequest, pk: int, account: str) -> HttpResponse:
    """Let the account go as exported after all."""
    plan = access_apis.import_plan_for_change(request.user, pk)
    item = _account(plan, account)
    try:
        api_accounts.leave(plan=plan, uuid=item.details["uuid"], actor=request.user)
    except RefusedError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"{item.title} goes as exported. What was typed for it is forgotten.")
    return redirect(page_of(plan))


def _form(request: AuthenticatedRequest, plan: Plan, item: PlanItem, values: Sequence[PlanItem]) -> AccountForm:
    data = request.POST.copy() if request.method == "POST" else None
    return AccountForm(data, plan=plan, account=item, values=values, stored=stored_choices(plan.promotion))


def _save(request: AuthenticatedRequest, plan: Plan, item: PlanItem, form: AccountForm) -> None:
    typed, chosen = form.typed, form.chosen
    if not typed and not chosen:
        raise RefusedError(UNCHANGED)
    uuid = item.details["uuid"]
    items = api_accounts.edit(plan=plan, uuid=uuid, typed=typed, stored=chosen, actor=request.user)
    missing = sum(one.is_undecided for one in items)
    words = f" {missing} secret{'' if missing == 1 else 's'} still to type." if missing else ""
    messages.success(request, f"{item.title} is sent along as edited.{words}")


def _account(plan: Plan, slug: str) -> PlanItem:
    for item in plan.items.filter(type=ACCOUNT_ITEM):
        if slug_of(item.details["uuid"]) == slug:
            return item
    raise Http404


def _who(values: Sequence[PlanItem], account: PlanItem) -> str:
    """Who decided on the account last."""
    decided = sorted((one.decided_at, one.pk, one) for one in [*values, account] if one.decided_at is not None)
    return str(decided[-1][2].decided_by or "Somebody") if decided else "Somebody"
