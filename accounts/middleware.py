"""Middleware of accounts."""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from accounts.addresses import client_address
from accounts.services import audit, first_run, second_factor
from config.sign_in import SecondFactor

GetResponse = Callable[[HttpRequest], HttpResponse]

# What must answer before anybody exists: probes, and the files of the set-up page.
OPEN_PATHS = ("/healthz", "/readyz", "/metrics", "/static/")


class AuditContextMiddleware:
    """Tells the record where the current request comes from."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = audit.address.set(client_address(request))
        try:
            return self.get_response(request)
        finally:
            audit.address.reset(token)


class FirstRunMiddleware:
    """Leads every visitor to the set-up page while nobody exists."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        set_up_url = reverse("accounts:first-run")
        if request.path == set_up_url or request.path.startswith(OPEN_PATHS) or not first_run.is_open():
            return self.get_response(request)
        if request.path.startswith("/api/"):
            return JsonResponse(
                {"type": "about:blank", "title": "Not set up", "status": 503, "detail": "Nobody is set up yet."},
                status=503,
                content_type="application/problem+json",
            )
        return redirect(set_up_url)


class SecondFactorMiddleware:
    """Leads people who must have a second factor, and have none, to its page; nothing else opens until they do.

    The REST API knows no sessions, only tokens; those that exist go on working.
    """

    OPEN_PATHS = (*OPEN_PATHS, "/api/")
    OPEN_NAMES = ("accounts:second-factor-set-up", "account_logout", "account_reauthenticate", "mfa_reauthenticate")

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SECOND_FACTOR is not SecondFactor.REQUIRED or request.path.startswith(self.OPEN_PATHS):
            return self.get_response(request)
        if not request.user.is_authenticated or request.path in [reverse(name) for name in self.OPEN_NAMES]:
            return self.get_response(request)
        if not second_factor.must_enrol(request.user):
            return self.get_response(request)
        url = reverse("accounts:second-factor-set-up")
        if request.headers.get("HX-Request"):
            return HttpResponseClientRedirect(url)
        return redirect(url)


class TimeZoneMiddleware:
    """Shows times in the reader's zone."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = getattr(request.user, "time_zone", "")
        if not name:
            return self.get_response(request)
        try:
            zone = zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return self.get_response(request)  # a zone that this machine's data no longer knows
        with timezone.override(zone):
            return self.get_response(request)
