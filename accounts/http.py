"""What views rely on."""

from allauth.account.internal.flows.login import record_authentication
from django.contrib.auth import login
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict
from django_htmx.middleware import HtmxDetails

from accounts.models import User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class AuthenticatedRequest(HttpRequest):
    """A request behind `login_required`."""

    user: User
    htmx: HtmxDetails


def posted(request: HttpRequest) -> QueryDict | None:
    """What was sent to a form, even if it is nothing; None when the form is only looked at."""
    return request.POST if request.method == "POST" else None


def enter(request: HttpRequest, user: User) -> None:
    """Let in somebody who chose a password a moment ago; what asks for it again soon takes that for an answer."""
    login(request, user, backend=BACKEND)
    record_authentication(request, user, "password")


def never_stored(response: HttpResponse) -> HttpResponse:
    """Keep a page that shows a secret once out of every cache."""
    response["Cache-Control"] = "no-store"
    return response


def natural_number(text: str, *, what: str) -> int | None:
    """A number from a query, None if it is empty; raises BadRequest (400) if it is none."""
    if not text:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise BadRequest(f"{what} must be a number.")
    return int(text)
