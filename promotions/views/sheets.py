"""Deciding many rows of a plan at once: a sheet to paste, upload and download, and rules for names."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest
from promotions import access
from promotions.choices import PlanState
from promotions.forms.sheets import RuleForm, SheetForm
from promotions.models import Plan
from promotions.services import sheets
from promotions.services.errors import ConflictError, RefusedError
from promotions.services.sheets import BadSheetError
from promotions.systems.base import system

SHOWN = 200
BAD_SHOWN = 100


@login_required
@require_GET
def plan_sheet_download(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """What is to be decided, and what is decided by now, as CSV."""
    plan = access.plan_for_read(request.user, pk)
    if not sheets.offers_sheet(plan):
        return _no_sheet(request, plan)
    response = HttpResponse(sheets.sheet_of(plan), content_type="text/csv; charset=utf-8; header=present")
    name = f"towpath-{system(plan.promotion.system).words.items}-{plan.promotion_id}-{plan.revision}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@login_required
@require_http_methods(["GET", "POST"])
def plan_sheet(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Decide by a sheet; every line that cannot be applied is named with its number and reason."""
    plan = access.plan_for_change(request.user, pk)
    if not sheets.offers_sheet(plan):
        return _no_sheet(request, plan)
    form = SheetForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    bad: list[sheets.BadLine] = []
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            changed, found = sheets.apply_sheet(
                plan=plan, text=form.sheet, actor=request.user, skips_bad=form.cleaned_data["skips_bad"]
            )
        except BadSheetError as refusal:
            bad = refusal.bad
            # A file cannot be sent back to the browser's field; its text can.
            form = SheetForm({"text": form.sheet}, initial={})
            form.is_valid()
            form.add_error(None, refusal.message)
        except RefusedError as refusal:
            show_refusal(form, refusal)
            status = 409 if isinstance(refusal, ConflictError) else 422
        else:
            messages.success(request, _what_was_done(plan, len(changed), found))
            return redirect(_page_of(plan))
    return render(
        request,
        "promotions/sheets/sheet.html",
        {
            **_context(plan),
            "form": form,
            "bad": bad[:BAD_SHOWN],
            "bad_unnamed": max(0, len(bad) - BAD_SHOWN),
            "bad_count": len(bad),
        },
        status=status,
    )


@login_required
@require_http_methods(["GET", "POST"])
def plan_rule(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Write a rule for names, look at what it does, then apply it."""
    plan = access.plan_for_change(request.user, pk)
    if not sheets.offers_sheet(plan):
        return _no_sheet(request, plan)
    is_sent = request.method == "POST"
    data = request.POST if is_sent else request.GET
    items = list(plan.items.filter(type__in=system(plan.promotion.system).renamed_types))
    is_asked = is_sent or "case" in data
    form = RuleForm(data if data else None, items=items)
    status = 422 if is_sent else 200
    preview = None
    if form.is_bound and form.is_valid():
        if is_sent:
            try:
                changed = sheets.apply_rule(
                    plan=plan,
                    rule=form.rule,
                    item_ids=form.item_ids,
                    seen=form.cleaned_data["seen"],
                    actor=request.user,
                )
            except RefusedError as refusal:
                show_refusal(form, refusal)
                status = 409 if isinstance(refusal, ConflictError) else 422
            else:
                messages.success(request, f"{_rows(plan, len(changed))} decided by the rule.")
                return redirect(_page_of(plan))
        if is_asked:
            preview = sheets.preview(plan, form.rule, form.item_ids)
    ticked = form.item_ids if form.is_bound and not form.has_error("item") else None
    about = len(sheets.renamed_items(plan, ticked))
    pages = Paginator(preview.proposals, SHOWN) if preview else None
    return render(
        request,
        "promotions/sheets/rule.html",
        {
            **_context(plan),
            "form": form,
            "ticked": ticked or [],
            "about": about,
            "preview": preview,
            "shown": pages.page(1).object_list if pages else [],
            "unshown": max(0, len(preview.proposals) - SHOWN) if preview else 0,
            "usable": len(preview.usable) if preview else 0,
            "problems": len(preview.proposals) - len(preview.usable) if preview else 0,
        },
        status=status,
    )


def _context(plan: Plan) -> dict[str, Any]:
    return {
        "plan": plan,
        "promotion": plan.promotion,
        "organization": plan.promotion.target_organization,
        "system": system(plan.promotion.system),
        "back": _page_of(plan),
        "is_open": plan.state == PlanState.OPEN and plan.promotion.abandoned_at is None,
    }


def _what_was_done(plan: Plan, changed: int, found: sheets.Sheet) -> str:
    parts = [f"{_rows(plan, changed)} decided by the sheet."]
    same = len(found.verdicts) - changed
    if same:
        parts.append(f"{same} {'was' if same == 1 else 'were'} so already.")
    if found.empty:
        parts.append(f"{_lines(found.empty)} without a target {'was' if found.empty == 1 else 'were'} left alone.")
    if found.bad:
        parts.append(f"{_lines(len(found.bad))} could not be applied.")
    return " ".join(parts)


def _rows(plan: Plan, number: int) -> str:
    words = system(plan.promotion.system).words
    return f"{number} {words.item if number == 1 else words.items}"


def _lines(number: int) -> str:
    return f"{number} line" if number == 1 else f"{number} lines"


def _page_of(plan: Plan) -> str:
    return f"{reverse('promotions:promotion-detail', args=[plan.promotion_id])}#resolution"


def _no_sheet(request: AuthenticatedRequest, plan: Plan) -> HttpResponse:
    messages.info(request, "The rows of this plan are decided one by one; there is no sheet of them.")
    return redirect(_page_of(plan))
