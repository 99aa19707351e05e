"""Letting people in."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.errors import RefusedError
from accounts.forms.fields import show_refusal
from accounts.forms.people import AcceptInvitationForm, InviteForm, role_explanations
from accounts.http import AuthenticatedRequest, enter, never_stored, posted
from accounts.services import people


@login_required
@require_http_methods(["GET", "POST"])
def invite(request: AuthenticatedRequest) -> HttpResponse:
    """The link is shown in the answer to the form, once; only its hash is kept."""
    access.require_inviter(request.user)
    initial = {"organization": request.GET.get("organization")}
    form = InviteForm(posted(request), inviter=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            invitation, token = people.invite(**form.cleaned_data, actor=request.user)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            link = request.build_absolute_uri(reverse("accounts:invitation-accept", args=[token]))
            return never_stored(
                render(request, "accounts/people/invited.html", {"invitation": invitation, "link": link}, status=201)
            )
    return render(
        request,
        "accounts/people/invite.html",
        {"form": form, "role_explanations": role_explanations()},
        status=422 if form.is_bound else 200,
    )


@login_required
@require_http_methods(["GET", "POST"])
def revoke(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    invitation = access.invitation_for_change(request.user, pk)
    if request.method == "POST":
        try:
            people.revoke_invitation(invitation=invitation, actor=request.user)
        except RefusedError as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, f"The invitation of {invitation.email} was revoked.")
        return redirect("accounts:person-list")
    return render(
        request,
        "confirm.html",
        {
            "title": "Revoke invitation",
            "text": f"The link sent to {invitation.email} will let nobody in any more.",
            "url": request.path,
            "label": "Revoke invitation",
            "danger": True,
            "cancel_url": reverse("accounts:person-list"),
        },
    )


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("password")
@never_cache
def accept(request: HttpRequest, token: str) -> HttpResponse:
    invitation = people.open_invitation(token)
    if invitation is None:
        return render(request, "accounts/people/invitation_closed.html", status=404)
    if not people.may_choose_password(invitation):
        return render(
            request, "accounts/people/accept_by_provider.html", {"invitation": invitation, "oidc": settings.OIDC}
        )
    initial = {"full_name": invitation.full_name}
    form = AcceptInvitationForm(posted(request), email=invitation.email, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            user = people.accept_invitation(token=token, **form.cleaned_data)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            enter(request, user)
            return redirect("promotions:home")
    return render(
        request,
        "accounts/people/accept.html",
        {"form": form, "invitation": invitation},
        status=422 if form.is_bound else 200,
    )
