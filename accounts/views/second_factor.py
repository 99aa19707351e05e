"""Setting up, renewing and removing a second factor."""

from collections.abc import Callable
from functools import wraps

from allauth.account.decorators import reauthentication_required
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.internal.flows import check_rate_limit
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import crypto
from accounts.errors import RefusedError
from accounts.forms.fields import show_refusal
from accounts.forms.sign_in import NewSecondFactorForm
from accounts.http import AuthenticatedRequest, never_stored, posted
from accounts.qr import qr_code
from accounts.services import second_factor

PENDING_SECRET = "second_factor_secret"  # noqa: S105  the name of a session's member
GROUP = 4

View = Callable[..., HttpResponse]


def sensitive(view: View) -> View:
    """For people who showed just now that it is them; there is no such page where second factors are off."""
    guarded: View = reauthentication_required(app="allauth.mfa")(view)

    @wraps(view)
    def offered(request: AuthenticatedRequest) -> HttpResponse:
        if not second_factor.is_available():
            raise Http404("There is no such page.")
        return guarded(request)

    return offered


@login_required
@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("code")
@sensitive
def set_up(request: AuthenticatedRequest) -> HttpResponse:
    """The QR code and the proof that it was read; the recovery codes are shown in the answer, once."""
    user = request.user
    if second_factor.is_on(user):
        return redirect("accounts:profile-edit")
    secret = _pending_secret(request)
    form = NewSecondFactorForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            forget_failures = check_rate_limit(user, error_key="rate_limited")
            codes = second_factor.enrol(user=user, secret=secret, code=form.cleaned_data["code"], actor=user)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        except ValidationError as refusal:
            form.add_error("code", refusal)
        else:
            forget_failures()
            del request.session[PENDING_SECRET]
            update_session_auth_hash(request, user)
            return _codes_page(request, codes, is_new=True)
    url = get_adapter().build_totp_url(user, secret)
    return never_stored(
        render(
            request,
            "mfa/set_up.html",
            {
                "form": form,
                "qr": qr_code(url),
                "secret": " ".join(secret[place : place + GROUP] for place in range(0, len(secret), GROUP)),
                "url": url,
                "must_enrol": second_factor.must_enrol(user),
            },
            status=422 if form.is_bound else 200,
        )
    )


@login_required
@require_http_methods(["GET", "POST"])
@sensitive
def new_codes(request: AuthenticatedRequest) -> HttpResponse:
    """The codes are shown in the answer to the question, once."""
    refusal = ""
    if request.method == "POST":
        try:
            return _codes_page(
                request, second_factor.make_recovery_codes(user=request.user, actor=request.user), is_new=False
            )
        except RefusedError as exc:
            refusal = exc.message
    return render(
        request,
        "confirm.html",
        {
            "title": "Make new recovery codes?",
            "text": refusal or "All recovery codes you have become worthless. The new ones are shown once.",
            "url": request.path,
            "label": "Make new codes",
            "cancel_url": reverse("accounts:profile-edit"),
        },
        status=422 if refusal else 200,
    )


@login_required
@require_http_methods(["GET", "POST"])
@sensitive
def remove(request: AuthenticatedRequest) -> HttpResponse:
    if request.method == "POST":
        second_factor.remove(user=request.user, actor=request.user)
        update_session_auth_hash(request, request.user)
        messages.success(request, "Your second factor was removed. Nobody asks you for a code any more.")
        return redirect("accounts:profile-edit")
    required = " A second factor is required here, so you must set up another one at once."
    return render(
        request,
        "confirm.html",
        {
            "title": "Remove your second factor?",
            "text": "Your password alone then opens your account, and your recovery codes become worthless."
            + (required if second_factor.state_of(request.user).is_required else ""),
            "url": request.path,
            "label": "Remove second factor",
            "danger": True,
            "cancel_url": reverse("accounts:profile-edit"),
        },
    )


def _pending_secret(request: AuthenticatedRequest) -> str:
    """The secret on offer: encrypted, since sessions lie in the database, and the same until it is proved."""
    kept = request.session.get(PENDING_SECRET)
    if kept:
        try:
            return crypto.decrypt(kept)
        except crypto.UndecryptableError:
            pass  # keys were changed meanwhile, and nothing depends on it yet
    secret = second_factor.new_secret()
    request.session[PENDING_SECRET] = crypto.encrypt(secret)
    return secret


def _codes_page(request: AuthenticatedRequest, codes: list[str], *, is_new: bool) -> HttpResponse:
    shown = [f"{code[:GROUP]} {code[GROUP:]}" for code in codes]
    host = request.get_host()
    text = "\r\n".join([f"Towpath {host}, {request.user.email}", "Recovery codes, each good once:", "", *shown, ""])
    return never_stored(
        render(request, "mfa/recovery_codes.html", {"codes": shown, "text": text, "is_new": is_new}, status=201)
    )
