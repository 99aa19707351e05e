"""One journey: its versions, what it uses, how it flows, and where copies of it live."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRefresh

from accounts.http import AuthenticatedRequest
from accounts.models import User
from promotions import access
from promotions.journey_outline import Outline, Used, from_json
from promotions.journey_picture import picture_of
from promotions.models import Journey, JourneyCopy, JourneyVersion, Promotion
from promotions.services import journeys
from promotions.services.errors import RefusedError

SYSTEM = "journeys"
HISTORY_SHOWN = 10
VERSIONS_SHOWN = 50
# In this order; things of another type come after them.
USED_TYPES = ("event", "data source", "field group", "custom action")


@dataclass(frozen=True)
class VersionRow:
    """One version, and where it is promoted; the address is empty where it cannot be."""

    version: JourneyVersion
    is_latest: bool
    promote_url: str


@dataclass(frozen=True)
class CopyRow:
    """A copy, with our row of the journey at its other end, where there is one."""

    copy: JourneyCopy
    journey: Journey | None


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
            "copies": copies_of(journey, request.user)[:HISTORY_SHOWN],
            "origins": origins_of(journey, request.user),
            "reading": reading,
        },
    )


def why_no_promotion(journey: Journey) -> str:
    """In words why no version of this journey can be promoted; empty if one can."""
    if journey.vanished_at is not None:
        return "It is no longer at the platform."
    if not journey.is_exportable:
        return "Only the newer API names it, which cannot export."
    if not journey.sandbox.is_active:
        return f"{journey.sandbox.name} is no active sandbox any more."
    return ""


def promotions_of(journey: Journey, user: User) -> QuerySet[Promotion]:
    return Promotion.objects.visible_to(user).filter(system=SYSTEM, pick_key=journey.pick_key)


def outline_of(journey: Journey) -> Outline | None:
    return from_json(journey.outline) if journey.outline else None


def used_by(journey: Journey, outline: Outline | None) -> list[Used]:
    """What the journey uses: from its export if one was read, else as far as its steps tell."""
    stored = [Used(**one) for one in journey.uses] if journey.uses is not None else []
    found = stored if journey.uses is not None else list(outline.used if outline else ())
    places = {name: place for place, name in enumerate(USED_TYPES)}
    return sorted(found, key=lambda one: (places.get(one.type, len(places)), one.type, one.name.lower(), one.uid))


def copies_of(journey: Journey, user: User) -> list[CopyRow]:
    """What was made of it elsewhere, newest first."""
    found = JourneyCopy.objects.visible_to(user).filter(
        source_organization=journey.organization, source_sandbox_name=journey.sandbox.name, source_uid=journey.uid
    )
    copies = list(found.select_related("target_sandbox__organization", "job", "published_by")[: HISTORY_SHOWN + 1])
    wanted = Q(pk=None)
    for copy in copies:
        if copy.uid:
            wanted |= Q(sandbox=copy.target_sandbox_id, uid=copy.uid)
    known = {(one.sandbox_id, one.uid): one for one in Journey.objects.filter(wanted).only("sandbox_id", "uid", "name")}
    return [CopyRow(copy, known.get((copy.target_sandbox_id, copy.uid))) for copy in copies]


def origins_of(journey: Journey, user: User) -> list[CopyRow]:
    """The imports that made it; more than one only if the platform named two of them alike."""
    version_uids = list(journey.versions.values_list("uid", flat=True)[:VERSIONS_SHOWN])
    found = JourneyCopy.objects.visible_to(user).filter(target_sandbox=journey.sandbox)
    made = found.filter(Q(uid=journey.uid) | Q(uid="", version_uid__in=version_uids))
    copies = list(made.select_related("source_organization", "job")[:HISTORY_SHOWN])
    return [CopyRow(copy, _source_of(copy)) for copy in copies]


def _source_of(copy: JourneyCopy) -> Journey | None:
    found = Journey.objects.filter(organization=copy.source_organization, sandbox__name=copy.source_sandbox_name)
    return found.filter(uid=copy.source_uid).only("pk", "name").first() if copy.source_uid else None


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
