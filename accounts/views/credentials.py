"""Credentials of an organization."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import access, registries
from accounts.choices import CredentialKind
from accounts.errors import RefusedError
from accounts.forms.credentials import CredentialEditForm, CredentialForm, KindCredentialForm, SecretForm
from accounts.forms.fields import show_refusal
from accounts.forms.people import ReasonForm
from accounts.http import AuthenticatedRequest, posted
from accounts.models import Organization
from accounts.services import credentials, usage
from accounts.vendors import parts_of

SECRETS = sensitive_post_parameters("client_secret", "private_key")


@login_required
@require_http_methods(["GET", "POST"])
@SECRETS
def credential_create(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    organization = access.organization_for_admin(request.user, pk)
    form = _new_form(request, organization)
    if request.method == "POST" and form.is_valid():
        try:
            credential = credentials.add_credential(organization=organization, **form.cleaned_data, actor=request.user)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "The credential was added. Test it now.")
            return redirect("accounts:credential-detail", pk=credential.pk)
    return render(
        request,
        "accounts/credentials/create.html",
        {"form": form, "organization": organization, "tabs": _tabs(organization)},
        status=422 if form.is_bound else 200,
    )


@login_required
@require_GET
def credential_detail(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    credential = access.credential_for_admin(request.user, pk)
    return render(
        request,
        "accounts/credentials/detail.html",
        {"credential": credential, "usages": usage.of_credential(credential)},
    )


@login_required
@require_http_methods(["GET", "POST"])
def credential_edit(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    credential = access.credential_for_admin(request.user, pk)
    initial = {
        name: getattr(credential, name) for name in ("name", "scopes", "metascopes", "issuer", "key_id", "expires_at")
    }
    form = CredentialEditForm(posted(request), kind=CredentialKind(credential.kind), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            credentials.update_credential(credential=credential, **form.cleaned_data, actor=request.user)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "The changes were saved.")
            return redirect("accounts:credential-detail", pk=pk)
    return render(
        request,
        "accounts/credentials/edit.html",
        {"form": form, "credential": credential},
        status=422 if form.is_bound else 200,
    )


@login_required
@require_http_methods(["GET", "POST"])
@SECRETS
def credential_secret(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    credential = access.credential_for_admin(request.user, pk)
    form = SecretForm(posted(request), kind=CredentialKind(credential.kind))
    if request.method == "POST" and form.is_valid():
        try:
            credentials.replace_secret(credential=credential, **form.cleaned_data, actor=request.user)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "The secret was replaced. Test the credential now.")
            return redirect("accounts:credential-detail", pk=pk)
    return render(
        request,
        "accounts/credentials/secret.html",
        {"form": form, "credential": credential},
        status=422 if form.is_bound else 200,
    )


@login_required
@require_POST
def credential_primary(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    credential = access.credential_for_admin(request.user, pk)
    credentials.make_primary(credential=credential, actor=request.user)
    messages.success(request, f"Jobs of {credential.organization} use {credential.name} from now on.")
    return redirect("accounts:credential-detail", pk=pk)


@login_required
@require_POST
def credential_test(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Sign in and read something harmless, as a job."""
    credential = access.credential_for_admin(request.user, pk)
    try:
        return redirect(registries.start_credential_test(credential, request.user))
    except RefusedError as refusal:
        messages.error(request, refusal.message)
        return redirect("accounts:credential-detail", pk=pk)


@login_required
@require_http_methods(["GET", "POST"])
def credential_delete(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    credential = access.credential_for_admin(request.user, pk)
    form = ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            credentials.delete_credential(credential=credential, reason=form.cleaned_data["reason"], actor=request.user)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, f"{credential.name} was deleted.")
            return redirect("accounts:organization-detail", pk=credential.organization_id)
    return render(
        request,
        "accounts/credentials/delete.html",
        {"form": form, "credential": credential, "usages": usage.of_credential(credential)},
        status=422 if form.is_bound else 200,
    )


def _new_form(request: AuthenticatedRequest, organization: Organization) -> CredentialForm | KindCredentialForm:
    """The form of the kind that the address of the page names, where each kind has its own."""
    vendor = organization.vendor
    if vendor.has_one_credential_form:
        return CredentialForm(posted(request), organization=organization)
    asked = request.GET.get("kind", "")
    kind = next((kind for kind in vendor.credential_kinds if kind == asked), vendor.credential_kinds[0])
    return KindCredentialForm(posted(request), kind=kind)


def _tabs(organization: Organization) -> list[tuple[CredentialKind, str]]:
    """The kinds that have a form of their own, as they are called on it."""
    vendor = organization.vendor
    return [] if vendor.has_one_credential_form else [(kind, parts_of(kind).tab) for kind in vendor.credential_kinds]
