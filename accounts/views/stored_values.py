"""Stored values of an organization."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from accounts import access
from accounts.choices import Role
from accounts.errors import InUseError, RefusedError
from accounts.forms.fields import show_refusal
from accounts.forms.people import ReasonForm
from accounts.forms.stored_values import ReplaceValueForm, ValueEditForm, ValueForm
from accounts.http import AuthenticatedRequest, posted
from accounts.services import stored_values, usage

PAGE_SIZE = 50
SECRETS = sensitive_post_parameters("value")


@login_required
@require_GET
def value_list(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    organization = access.organization_for_role(request.user, pk, Role.OPERATOR)
    rows = organization.stored_values.filter(deleted_at=None).select_related("set_by").order_by("name", "pk")
    return render(
        request,
        "accounts/values/list.html",
        {
            "organization": organization,
            "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
            "is_admin": access.has_role(request.user, organization, Role.ADMIN),
        },
    )


@login_required
@require_http_methods(["GET", "POST"])
@SECRETS
def value_create(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    organization = access.organization_for_admin(request.user, pk)
    form = ValueForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            stored = stored_values.add(organization=organization, **form.cleaned_data, actor=request.user)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, f"{stored.name} was stored. Operators can choose it now.")
            return redirect("accounts:value-list", pk=organization.pk)
    return render(
        request,
        "accounts/values/create.html",
        {"form": form, "organization": organization},
        status=422 if form.is_bound else 200,
    )


@login_required
@require_GET
def value_detail(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    stored = access.stored_value_for_read(request.user, pk)
    return render(
        request,
        "accounts/values/detail.html",
        {
            "stored": stored,
            "usages": usage.of_value(stored),
            "is_admin": access.has_role(request.user, stored.organization, Role.ADMIN),
        },
    )


@login_required
@require_http_methods(["GET", "POST"])
def value_edit(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    stored = access.stored_value_for_admin(request.user, pk)
    form = ValueEditForm(posted(request), initial={"name": stored.name, "description": stored.description})
    if request.method == "POST" and form.is_valid():
        try:
            stored_values.edit(stored=stored, **form.cleaned_data, actor=request.user)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "The changes were saved.")
            return redirect("accounts:value-detail", pk=pk)
    return render(
        request, "accounts/values/edit.html", {"form": form, "stored": stored}, status=422 if form.is_bound else 200
    )


@login_required
@require_http_methods(["GET", "POST"])
@SECRETS
def value_replace(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    stored = access.stored_value_for_admin(request.user, pk)
    usages = usage.blocking_of_value(stored)
    form = ReplaceValueForm(posted(request), is_used=bool(usages))
    if request.method == "POST" and form.is_valid():
        try:
            stored_values.set_value(stored=stored, **form.cleaned_data, actor=request.user)
        except InUseError as refusal:
            # Somebody chose the value while the form was open, so that its name is asked for only now.
            usages = refusal.usages
            form = ReplaceValueForm(request.POST, is_used=True)
            form.full_clean()
            show_refusal(form, refusal)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, f"The value of {stored.name} was replaced.")
            return redirect("accounts:value-detail", pk=pk)
    return render(
        request,
        "accounts/values/replace.html",
        {"form": form, "stored": stored, "usages": usages},
        status=422 if form.is_bound else 200,
    )


@login_required
@require_http_methods(["GET", "POST"])
def value_remove(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    stored = access.stored_value_for_admin(request.user, pk)
    form = ReasonForm(posted(request))
    usages = usage.blocking_of_value(stored)
    if request.method == "POST" and form.is_valid():
        try:
            stored_values.remove(stored=stored, reason=form.cleaned_data["reason"], actor=request.user)
        except InUseError as refusal:
            show_refusal(form, refusal)
            usages = refusal.usages
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, f"{stored.name} was removed.")
            return redirect("accounts:value-list", pk=stored.organization_id)
    return render(
        request,
        "accounts/values/remove.html",
        {"form": form, "stored": stored, "usages": usages},
        status=422 if form.is_bound else 200,
    )
