"""Organizations."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Prefetch, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import access, registries, remote_services
from accounts.choices import OrganizationKind, Role
from accounts.errors import ErasureNotConfirmedError, InUseError, RefusedError
from accounts.forms.fields import show_refusal
from accounts.forms.organizations import ErasureForm, OrganizationEditForm, OrganizationForm, services_of
from accounts.forms.people import ReasonForm, role_explanations
from accounts.http import AuthenticatedRequest, posted
from accounts.models import Credential
from accounts.services import organizations, usage

MEMBERS_SHOWN = 200


@login_required
@require_GET
def organization_list(request: AuthenticatedRequest) -> HttpResponse:
    primary = Prefetch("credentials", Credential.objects.filter(is_primary=True), to_attr="primary")
    rows = access.organizations_for_read(request.user).annotate(
        sandbox_count=Count("sandboxes", filter=Q(sandboxes__vanished_at=None))
    )
    return render(
        request,
        "accounts/organizations/list.html",
        {
            "organizations": rows.order_by("name", "pk").prefetch_related(primary),
            "is_administrator": access.is_administrator(request.user),
        },
    )


@login_required
@require_http_methods(["GET", "POST"])
def organization_create(request: AuthenticatedRequest) -> HttpResponse:
    access.require_administrator(request.user)
    kind = _asked_kind(request)
    form = OrganizationForm(posted(request), kind=kind)
    if request.method == "POST" and form.is_valid():
        try:
            organization = organizations.create_organization(**form.cleaned_data, actor=request.user)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, f"{organization} was added. Now enter a credential for it.")
            return redirect("accounts:credential-create", pk=organization.pk)
    return render(
        request,
        "accounts/organizations/create.html",
        {"form": form, "kind": kind, "kinds": OrganizationKind.choices},
        status=422 if form.is_bound else 200,
    )


@login_required
@require_GET
def organization_detail(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    organization = access.organization_for_read(request.user, pk)
    members = organization.memberships.select_related("user").order_by("user__full_name", "user__email")
    return render(
        request,
        "accounts/organizations/detail.html",
        {
            "organization": organization,
            "services": [
                (
                    service,
                    organization.service_url(service.name),
                    service.spoken(organization.service_dialect(service.name)),
                )
                for service in remote_services.services_of(organization.kind)
            ],
            "credentials": organization.credentials.order_by("-is_primary", "name"),
            "sandboxes": organization.sandboxes.select_related("organization").order_by("vanished_at", "name"),
            "members": members[:MEMBERS_SHOWN],
            "usages": usage.of_organization(organization),
            "roles": Role.choices,
            "role_explanations": role_explanations(),
            "values_count": organization.stored_values.filter(deleted_at=None).count(),
            "is_admin": access.has_role(request.user, organization, Role.ADMIN),
            "is_operator": access.has_role(request.user, organization, Role.OPERATOR),
            "is_administrator": access.is_administrator(request.user),
        },
    )


@login_required
@require_http_methods(["GET", "POST"])
def organization_edit(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """A change that erases secrets is shown again with a warning and a box to tick."""
    organization = access.organization_for_admin(request.user, pk)
    kind = OrganizationKind(organization.kind)
    if request.method == "GET":
        form = OrganizationEditForm(
            kind=kind,
            initial={
                name: getattr(organization, name)
                for name in ("name", "region", "is_production", "platform_url", "ims_url")
            }
            | services_of(organization),
        )
        return render(request, "accounts/organizations/edit.html", {"form": form, "organization": organization})
    erasure: ErasureNotConfirmedError | None = None
    form = ErasureForm(request.POST, kind=kind)
    if form.is_valid():
        try:
            organizations.update_organization(organization=organization, **form.cleaned_data, actor=request.user)
        except ErasureNotConfirmedError as refusal:
            erasure = refusal
            show_refusal(form, refusal)
        except RefusedError as refusal:
            form = OrganizationEditForm(request.POST, kind=kind)
            form.full_clean()
            show_refusal(form, refusal)
        else:
            messages.success(request, "The changes were saved.")
            return redirect("accounts:organization-detail", pk=pk)
    else:
        form = OrganizationEditForm(request.POST, kind=kind)
    return render(
        request,
        "accounts/organizations/edit.html",
        {"form": form, "organization": organization, "erasure": erasure},
        status=422,
    )


@login_required
@require_http_methods(["GET", "POST"])
def organization_delete(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    organization = access.organization_for_administrator(request.user, pk)
    form = ReasonForm(posted(request))
    usages = usage.of_organization(organization)
    if request.method == "POST" and form.is_valid():
        try:
            organizations.delete_organization(
                organization=organization, reason=form.cleaned_data["reason"], actor=request.user
            )
        except InUseError as refusal:
            show_refusal(form, refusal)
            usages = refusal.usages
        else:
            messages.success(request, f"{organization} was deleted. History keeps naming it.")
            return redirect("accounts:organization-list")
    return render(
        request,
        "accounts/organizations/delete.html",
        {"form": form, "organization": organization, "usages": usages},
        status=422 if form.is_bound else 200,
    )


@login_required
@require_POST
def organization_sync(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Read the sandboxes again, as a job."""
    organization = access.organization_for_role(request.user, pk, Role.OPERATOR)
    try:
        return redirect(registries.start_sandbox_sync(organization, request.user))
    except RefusedError as refusal:
        messages.error(request, refusal.message)
        return redirect(reverse("accounts:organization-detail", args=[pk]))


def _asked_kind(request: AuthenticatedRequest) -> OrganizationKind:
    """The kind that the address of the page names; Adobe where it names none that exists."""
    asked = request.GET.get("kind", "")
    return OrganizationKind(asked) if asked in OrganizationKind.values else OrganizationKind.ADOBE
