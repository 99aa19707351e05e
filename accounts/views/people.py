"""People and what they may do."""

from typing import Protocol

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import access
from accounts.errors import RefusedError
from accounts.forms.people import NeededReasonForm, ReasonForm, role_explanations
from accounts.http import AuthenticatedRequest, posted
from accounts.models import Membership, User
from accounts.services import identities, people, second_factor

PAGE_SIZE = 50


@login_required
@require_GET
def person_list(request: AuthenticatedRequest) -> HttpResponse:
    visible = access.organizations_for_read(request.user)
    shown = Prefetch(
        "memberships",
        Membership.objects.filter(organization__in=visible.values("pk")).select_related("organization"),
        to_attr="shown_memberships",
    )
    rows = access.people_for_read(request.user).order_by("-is_active", "full_name", "email").prefetch_related(shown)
    invitations = access.invitations_for_read(request.user).filter(
        accepted_at=None, revoked_at=None, expires_at__gt=timezone.now()
    )
    return render(
        request,
        "accounts/people/list.html",
        {
            "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
            "invitations": invitations.select_related("organization")[:PAGE_SIZE],
            "can_invite": access.can_invite(request.user),
        },
    )


@login_required
@require_GET
def person_detail(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    person = access.person_for_read(request.user, pk)
    visible = access.organizations_for_read(request.user)
    memberships = person.memberships.filter(organization__in=visible.values("pk"))
    return render(
        request,
        "accounts/people/detail.html",
        {
            "person": person,
            "memberships": memberships.select_related("organization").order_by("organization__name"),
            "is_administrator": access.is_administrator(request.user),
            "second_factor": second_factor.state_of(person),
            "oidc": settings.OIDC,
            "identity": identities.identity_of(person),
            "role_explanations": role_explanations(),
        },
    )


@login_required
@require_http_methods(["GET", "POST"])
def deactivate(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    person = access.person_for_administrator(request.user, pk)
    return _ask_why(
        request,
        person,
        ReasonForm(posted(request)),
        people.deactivate,
        done=f"{person} was deactivated.",
        title=f"Deactivate {person}",
        text="Their sessions and API tokens end at once, and the invitations they sent become worthless. "
        "The account stays, because the record names it.",
        label="Deactivate",
    )


@login_required
@require_http_methods(["GET", "POST"])
def take_second_factor_away(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """An administrator helps somebody who lost the device."""
    person = access.person_for_administrator(request.user, pk)
    return _ask_why(
        request,
        person,
        NeededReasonForm(posted(request)),
        second_factor.take_away,
        done=f"{person} signs in without a second factor now.",
        title=f"Take away the second factor of {person}?",
        text="Do this for somebody who lost the device and the recovery codes, once you are sure who is asking. "
        "Their sessions end at once; they sign in with what is left and should set up another device.",
        label="Take it away",
    )


@login_required
@require_http_methods(["GET", "POST"])
def unlink_identity(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """An administrator helps somebody whose account at the provider was made anew."""
    person = access.person_for_administrator(request.user, pk)
    return _ask_why(
        request,
        person,
        NeededReasonForm(posted(request)),
        identities.unlink,
        done=f"{person} is linked to no identity any more. The next sign-in links anew.",
        title=f"Unlink {person} from the OpenID provider?",
        text=f"Whoever signs in there next with the verified address {person.email} gets this account. "
        "Be sure that this is the same person. Their sessions end at once.",
        label="Unlink",
    )


class ActWithReason(Protocol):
    """A service that does something grave to an account."""

    def __call__(self, *, user: User, reason: str, actor: User) -> None: ...


def _ask_why(
    request: AuthenticatedRequest, person: User, form: forms.Form, act: ActWithReason, *, done: str, **question: str
) -> HttpResponse:
    """Ask for a reason, then act; how it went is told on the page of the person."""
    if request.method == "POST" and form.is_valid():
        try:
            act(user=person, reason=form.cleaned_data["reason"], actor=request.user)
        except RefusedError as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, done)
        return redirect("accounts:person-detail", pk=person.pk)
    return render(
        request,
        "confirm.html",
        {
            **question,
            "url": request.path,
            "danger": True,
            "cancel_url": reverse("accounts:person-detail", args=[person.pk]),
            "form": form,
        },
        status=422 if form.is_bound else 200,
    )


@login_required
@require_POST
def reactivate(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    person = access.person_for_administrator(request.user, pk)
    people.reactivate(user=person, actor=request.user)
    messages.success(request, f"{person} can sign in again, with the roles they had.")
    return redirect("accounts:person-detail", pk=pk)


@login_required
@require_POST
def set_administrator(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    person = access.person_for_administrator(request.user, pk)
    wanted = request.POST.get("is_administrator") == "true"
    try:
        people.set_administrator(user=person, is_administrator=wanted, actor=request.user)
    except RefusedError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(
            request,
            f"{person} is an administrator of this installation now."
            if wanted
            else f"{person} is no administrator of this installation any more.",
        )
    return redirect("accounts:person-detail", pk=pk)
