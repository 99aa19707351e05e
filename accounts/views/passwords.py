"""Getting back in without the old password."""

from allauth.account.views import password_change as change_password
from allauth.account.views import password_reset as send_reset_mail
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.errors import RefusedError
from accounts.http import AuthenticatedRequest, never_stored
from accounts.services import people


@require_http_methods(["GET", "POST"])
def password_reset(request: HttpRequest) -> HttpResponse:
    """Mail a link; an installation that cannot send mail says so rather than claim that it did."""
    if settings.CAN_SEND_MAIL:
        response: HttpResponse = send_reset_mail(request)
        return response
    return render(request, "account/password_reset_closed.html", status=200 if request.method == "GET" else 403)


@login_required
@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("oldpassword", "password1", "password2")
def password_change(request: AuthenticatedRequest) -> HttpResponse:
    """People who come in through the provider only have no password to change."""
    if not people.has_password(request.user):
        return render(request, "account/password_none.html", {"oidc": settings.OIDC})
    response: HttpResponse = change_password(request)
    return response


@login_required
@require_http_methods(["GET", "POST"])
def password_link(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Make a link with which a person chooses a new password; shown in the answer, once."""
    person = access.person_for_administrator(request.user, pk)
    refusal = ""
    if request.method == "POST":
        try:
            path = people.make_password_link(user=person, actor=request.user)
        except RefusedError as exc:
            refusal = exc.message
        else:
            context = {"person": person, "link": request.build_absolute_uri(path)}
            return never_stored(render(request, "accounts/people/password_link.html", context, status=201))
    return render(
        request,
        "confirm.html",
        {
            "title": f"Make a password link for {person}?",
            "text": refusal
            or "Whoever opens the link may choose a new password for this account. Hand it over in a way you trust. "
            "It works once, for three days, and until the password changes.",
            "url": request.path,
            "label": "Make the link",
            "cancel_url": reverse("accounts:person-detail", args=[pk]),
        },
        status=422 if refusal else 200,
    )
