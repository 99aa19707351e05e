"""Mail that did not go out, for administrators."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import access
from accounts.choices import DeliveryState
from accounts.http import AuthenticatedRequest
from accounts.services import mail

SHOWN = 50


@login_required
@require_GET
def mail_index(request: AuthenticatedRequest) -> HttpResponse:
    deliveries = access.deliveries_for_administrator(request.user)
    waiting = deliveries.filter(state=DeliveryState.WAITING)
    given_up = deliveries.filter(state=DeliveryState.GIVEN_UP)
    return render(
        request,
        "accounts/mail/index.html",
        {
            "waiting": waiting.count(),
            "troubled": waiting.exclude(error="").order_by("due_at", "pk")[:SHOWN],
            "given_up": given_up.count(),
            "failed": given_up.order_by("-pk")[:SHOWN],
            "shown": SHOWN,
            "can_send_mail": settings.CAN_SEND_MAIL,
            "server": f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}" if settings.EMAIL_HOST else "",
            "sender": settings.DEFAULT_FROM_EMAIL,
        },
    )


@login_required
@require_POST
def send_again(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    delivery = access.delivery_for_administrator(request.user, pk)
    deliveries = access.deliveries_for_administrator(request.user).filter(pk=delivery.pk)
    return _sent_again(request, mail.send_again(deliveries=deliveries, actor=request.user))


@login_required
@require_POST
def send_all_again(request: AuthenticatedRequest) -> HttpResponse:
    deliveries = access.deliveries_for_administrator(request.user)
    return _sent_again(request, mail.send_again(deliveries=deliveries, actor=request.user))


def _sent_again(request: AuthenticatedRequest, number: int) -> HttpResponse:
    if number:
        messages.success(request, f"{number} {'mail is' if number == 1 else 'mails are'} tried again now.")
    else:
        messages.info(request, "Nothing waits to be sent: it went out meanwhile, or is being tried at this moment.")
    return redirect("accounts:mail-index")
