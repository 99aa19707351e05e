"""The page of a sharing request, what moves on it, and stopping it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest, posted
from promotions import access
from promotions.choices import UNFINISHED_LEGS, LegState
from promotions.forms.sharing import ConsentForm, StopForm
from promotions.models import SharingRequest
from promotions.services import consent, sharing_stops
from promotions.services.errors import ConflictError, RefusedError
from promotions.sharing_steps import legs_of
from promotions.views import sharing_pages


@login_required
@require_GET
def sharing_detail(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """What was asked for, the card that decides, and how far everything is; decisions go to the approval's page."""
    found = access.sharing_request_for_read(request.user, pk)
    return sharing_pages.page(request, found, request.user, ConsentForm())


@login_required
@require_GET
def sharing_live(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """What moves on the page; nothing (204) if it is as the caller saw it.

    A card in which somebody may be typing stays as it is; the news above it say what became of the approval.
    """
    found = access.sharing_request_for_read(request.user, pk)
    if not request.htmx:
        return redirect("promotions:sharing-detail", pk=pk)
    context = sharing_pages.live_context(found, request.user)
    if request.GET.get("seen") == context["version"]:
        return HttpResponse(status=204)
    is_card_kept = request.GET.get("form") == "1"
    if not is_card_kept:
        context |= sharing_pages.card_context(found, request.user, ConsentForm())
    context |= {
        "is_swap": True,
        "is_card_kept": is_card_kept,
        "has_form": is_card_kept or context["can_decide"],
    }
    return render(request, "promotions/sharing/_live.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def sharing_stop(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Ask whether to stop it, with what stops and what stays; then stop it."""
    found = access.sharing_request_for_operation(request.user, pk)
    form = StopForm(posted(request))
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            sharing_stops.stop(request=found, actor=request.user, reason=form.cleaned_data["reason"])
        except ConflictError as refusal:
            messages.error(request, refusal.message)
            return redirect("promotions:sharing-detail", pk=pk)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "It was stopped.")
            return redirect("promotions:sharing-detail", pk=pk)
    return render(
        request,
        "confirm.html",
        {
            "title": f"Stop the {found.title}?",
            "text": what_stops(found, request),
            "url": reverse("promotions:sharing-stop", args=[pk]),
            "label": "Stop it",
            "danger": True,
            "cancel_url": reverse("promotions:sharing-detail", args=[pk]),
            "form": form,
            "organization": found.organization,
        },
        status=status,
    )


def what_stops(found: SharingRequest, request: AuthenticatedRequest) -> str:
    """What ends by stopping, and what cannot be called back, in sentences."""
    shown = legs_of(found, consent.latest(found), request.user)
    legs = [one.leg for one in shown if one.leg.state in UNFINISHED_LEGS]
    stays = [leg for leg in legs if not sharing_pages.can_stop([one for one in shown if one.leg.pk == leg.pk])]
    asked = [leg.partner for leg in legs if leg.state in (LegState.WAITING_PARTNER, LegState.ASKING)]
    over = [leg.partner for leg in (one.leg for one in shown) if leg.state == LegState.DONE]
    sentences = []
    if found.started_at is None:
        sentences.append("Nothing has been sent. The request for approval ends with it, and nothing will be sent.")
    elif len(stays) < len(legs):
        sentences.append("What has not been sent will not be sent.")
    if asked:
        sentences.append(
            f"The request for a partnership stays with {', '.join(asked)}: the platform offers no way to withdraw it."
        )
    if stays:
        on_their_way = ", ".join(leg.partner or "the platform" for leg in stays)
        sentences.append(f"What is on its way to {on_their_way} goes on.")
    if over:
        sentences.append(f"What is done stays: {', '.join(over)}.")
    return " ".join(sentences)
