"""What people manage for themselves, and the start page of the settings."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts import access
from accounts.errors import RefusedError
from accounts.forms.api_tokens import ApiTokenForm
from accounts.forms.fields import show_refusal
from accounts.forms.people import ProfileForm
from accounts.http import AuthenticatedRequest, never_stored, posted
from accounts.services import api_tokens, identities, people, second_factor


@login_required
@require_GET
def settings_index(request: AuthenticatedRequest) -> HttpResponse:
    return render(request, "accounts/settings/index.html", {"is_administrator": access.is_administrator(request.user)})


@login_required
@require_http_methods(["GET", "POST"])
def profile_edit(request: AuthenticatedRequest) -> HttpResponse:
    person = request.user
    form = ProfileForm(posted(request), initial={"full_name": person.full_name, "time_zone": person.time_zone})
    if request.method == "POST" and form.is_valid():
        people.update_profile(user=person, actor=person, **form.cleaned_data)
        messages.success(request, "Your profile was saved.")
        return redirect("accounts:profile-edit")
    return render(
        request,
        "accounts/settings/profile.html",
        {
            "form": form,
            "second_factor": second_factor.state_of(person),
            "oidc": settings.OIDC,
            "identity": identities.identity_of(person),
            "has_password": people.has_password(person),
        },
        status=422 if form.is_bound else 200,
    )


@login_required
@require_GET
def api_token_list(request: AuthenticatedRequest) -> HttpResponse:
    tokens = request.user.api_tokens.filter(revoked_at=None)
    return render(request, "accounts/api_tokens/list.html", {"tokens": tokens})


@login_required
@require_http_methods(["GET", "POST"])
def api_token_create(request: AuthenticatedRequest) -> HttpResponse:
    """The token is shown in the answer to the form, once; only its hash is kept."""
    form = ApiTokenForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            token, text = api_tokens.create_api_token(user=request.user, actor=request.user, **form.cleaned_data)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            return never_stored(
                render(request, "accounts/api_tokens/created.html", {"token": token, "text": text}, status=201)
            )
    return render(request, "accounts/api_tokens/create.html", {"form": form}, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "POST"])
def api_token_revoke(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    token = access.api_token_for_owner(request.user, pk)
    if request.method == "POST":
        api_tokens.revoke_api_token(token=token, actor=request.user)
        messages.success(request, f"The token {token.name} was revoked.")
        return redirect("accounts:api-token-list")
    return render(
        request,
        "confirm.html",
        {
            "title": f"Revoke {token.name}",
            "text": "Whatever uses this token is refused from then on. It cannot be brought back.",
            "url": request.path,
            "label": "Revoke token",
            "danger": True,
            "cancel_url": reverse("accounts:api-token-list"),
        },
    )
