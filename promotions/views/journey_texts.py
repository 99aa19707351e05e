"""Finding further texts of an exported journey, and having them decided in its plan."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest
from promotions import access
from promotions.choices import PlanState
from promotions.forms.journey_texts import TextForm, TextSearchForm
from promotions.models import Plan
from promotions.services import journey_texts
from promotions.services.errors import ConflictError, RefusedError
from promotions.systems.base import system
from promotions.systems.journeys.texts import Found


@login_required
@require_http_methods(["GET", "POST"])
def plan_texts(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Search the export by words, and choose what is to be decided too; or take a chosen text out again."""
    plan = access.journey_plan_for_change(request.user, pk)
    form = TextForm(request.POST if request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            _act(request, plan, form.cleaned_data["act"], form.cleaned_data["pointer"])
        except RefusedError as refusal:
            form.add_error(None, refusal.message)
            status = 409 if isinstance(refusal, ConflictError) else 422
        else:
            return redirect(_page_of(plan))
    elif form.is_bound:
        form.add_error(None, "Choose one of the texts that were found.")
    search = TextSearchForm(request.GET)
    found = _found(plan, search)
    return render(
        request,
        "promotions/journeys/texts.html",
        {
            "plan": plan,
            "promotion": plan.promotion,
            "organization": plan.promotion.target_organization,
            "system": system(plan.promotion.system),
            "back": _page_of(plan),
            "is_open": plan.state == PlanState.OPEN and plan.promotion.abandoned_at is None,
            "form": form,
            "search": search,
            "found": found,
            "lost": journey_texts.lost(plan),
        },
        status=status,
    )


def _act(request: AuthenticatedRequest, plan: Plan, act: str, pointer: str) -> None:
    if act == "choose":
        item = journey_texts.choose(plan=plan, pointer=pointer, actor=request.user)
        messages.success(
            request, f"“{item.title}” is a value of the plan now: keep it, or type what the copy shall have."
        )
    else:
        journey_texts.leave(plan=plan, pointer=pointer, actor=request.user)
        messages.success(request, "The text is out of the plan: it goes as it is.")


def _found(plan: Plan, form: TextSearchForm) -> Found | None:
    """None if nothing was asked for; a refusal stands at the field."""
    if not form.is_valid() or not form.cleaned_data["q"]:
        return None
    try:
        return journey_texts.search(plan, form.cleaned_data["q"])
    except RefusedError as refusal:
        show_refusal(form, refusal)
        return None


def _page_of(plan: Plan) -> str:
    return f"{reverse('promotions:promotion-detail', args=[plan.promotion_id])}#resolution"
