"""Roles of people in one organization."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts import access
from accounts.forms.people import MembershipForm, RoleForm
from accounts.http import AuthenticatedRequest, posted
from accounts.services import people


@login_required
@require_http_methods(["GET", "POST"])
def membership_add(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    organization = access.organization_for_admin(request.user, pk)
    form = MembershipForm(posted(request), organization=organization, admin=request.user)
    if request.method == "POST" and form.is_valid():
        people.set_membership(organization=organization, actor=request.user, **form.cleaned_data)
        messages.success(request, f"{form.cleaned_data['user']} was added to {organization}.")
        return redirect("accounts:organization-detail", pk=pk)
    return render(
        request,
        "accounts/organizations/member_add.html",
        {"form": form, "organization": organization},
        status=422 if form.is_bound else 200,
    )


@login_required
@require_POST
def membership_change(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    membership = access.membership_for_admin(request.user, pk)
    form = RoleForm(request.POST)
    if form.is_valid():
        role = form.cleaned_data["role"]
        people.set_membership(user=membership.user, organization=membership.organization, role=role, actor=request.user)
        messages.success(request, f"{membership.user} is {role.label.lower()} of {membership.organization} now.")
    else:
        messages.error(request, "Choose a role from the list.")
    return redirect("accounts:organization-detail", pk=membership.organization_id)


@login_required
@require_http_methods(["GET", "POST"])
def membership_remove(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    membership = access.membership_for_admin(request.user, pk)
    organization_url = reverse("accounts:organization-detail", args=[membership.organization_id])
    if request.method == "POST":
        people.remove_membership(membership=membership, actor=request.user)
        messages.success(request, f"{membership.user} was removed from {membership.organization}.")
        is_still_visible = access.organizations_for_read(request.user).filter(pk=membership.organization_id)
        return redirect(organization_url if is_still_visible.exists() else "accounts:organization-list")
    return render(
        request,
        "confirm.html",
        {
            "title": f"Remove {membership.user}",
            "text": f"{membership.user} will see nothing of {membership.organization} any more.",
            "url": request.path,
            "label": "Remove from organization",
            "danger": True,
            "cancel_url": organization_url,
        },
    )
