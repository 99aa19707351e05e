"""One journey: its versions, what it uses, how it flows, and where copies of it live."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRefresh

from accounts.http import AuthenticatedRequest
from promotions import access
from promotions.journey_facts import (
    HISTORY_SHOWN,
    copies_of,
    origins_of,
    outline_of,
    promotions_of,
    used_by,
    why_no_promotion,
)
from promotions.journey_picture import picture_of
from promotions.models import Journey, JourneyVersion
from promotions.services import journeys
from promotions.services.errors import RefusedError

VERSIONS_SHOWN = 50


@dataclass(frozen=True)
class VersionRow:
    """One version, and where it is promoted; the address is empty where it cannot be."""

    version: JourneyVersion
    is_latest: bool
    promote_url: str


@login_required
@require_GET
def journey_detail(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    journey = access.journey_for_read(request.user, pk)
    may_operate = access.can_operate(request.user, journey.organization)
    versions = list(journey.versions.defer("raw")[: VERSIONS_SHOWN + 1])
    outline = outline_of(journey)
    promotions = promotions_of(journey, request.user).select_related("target_sandbox__organization", "created_by")
    reading = journeys.latest_reading(journey)
    rows = [_version_row(journey, version, may_operate=may_operate) for version in versions[:VERSIONS_SHOWN]]
    return render(
        request,
        "promotions/journeys/detail.html",
        {
            "journey": journey,
            "organization": journey.organization,
            "may_operate": may_operate,
            "why_no_promotion": why_no_promotion(journey),
            "promote_url": next((row.promote_url for row in rows if row.is_latest), ""),
            "versions": rows,
            "more_versions": len(versions) > VERSIONS_SHOWN,
            "used": used_by(journey, outline),
            "are_uses_read": journey.uses is not None,
            "picture": picture_of(outline) if outline is not None and outline.nodes else None,
            "promotions": promotions.order_by("-pk")[:HISTORY_SHOWN],
            "copies": copies_of(journey, request.user),
            "origins": origins_of(journey, request.user),
            "reading": reading,
        },
    )


def _version_row(journey: Journey, version: JourneyVersion, *, may_operate: bool) -> VersionRow:
    url = _promote_url(journey, version) if may_operate and not why_no_promotion(journey) else ""
    return VersionRow(version, version.uid == journey.latest_version_uid, url)


def _promote_url(journey: Journey, version: JourneyVersion) -> str:
    """Where the version is promoted; empty while no such page exists."""
    try:
        url = reverse("promotions:journey-promote", args=[journey.pk])
    except NoReverseMatch:
        return ""
    return f"{url}?version={version.uid}"


@login_required
@require_POST
def journey_read(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Read the journey anew, with what it uses."""
    journey = access.journey_for_operation(request.user, pk)
    try:
        journeys.request_reading(journey=journey, actor=request.user)
    except RefusedError as refusal:
        messages.error(request, refusal.message)
        return redirect("promotions:journey-detail", pk=pk)
    if not request.htmx:
        return redirect("promotions:journey-detail", pk=pk)
    return _reading(request, journey, may_operate=True)


@login_required
@require_GET
def journey_reading(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """How the reading stands; the page is loaded anew at its end."""
    journey = access.journey_for_read(request.user, pk)
    if not request.htmx:
        return redirect("promotions:journey-detail", pk=pk)
    reading = journeys.latest_reading(journey)
    if reading is None or not reading.is_live:
        return HttpResponseClientRefresh()
    return _reading(request, journey, may_operate=access.can_operate(request.user, journey.organization))


def _reading(request: AuthenticatedRequest, journey: Journey, *, may_operate: bool) -> HttpResponse:
    context = {"journey": journey, "reading": journeys.latest_reading(journey), "may_operate": may_operate}
    return render(request, "promotions/journeys/_reading.html", context)
