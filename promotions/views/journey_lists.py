"""Journeys: the list, and reading them anew from the platform."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import trigger_client_event

from accounts.access import organizations_for_read, organizations_for_role
from accounts.choices import OrganizationKind, Role
from accounts.filters import Chip, Filter
from accounts.http import AuthenticatedRequest
from accounts.models import Organization, User
from promotions import access
from promotions.choices import ACTIVE, GOOD_ENDS, JobState, SourceState
from promotions.forms.journeys import JourneyFilterForm
from promotions.journey_lists import DEFAULT_ORDER, JOURNEY_ORDERS, journey_page
from promotions.keyset import capped_count
from promotions.models import Job, Journey, JourneyReading
from promotions.services import journeys
from promotions.systems.journeys import kinds

ORGANIZATIONS_SHOWN = 30
READINGS_SHOWN = 200


@dataclass(frozen=True)
class Synchronization:
    """How an organization's journeys stand: when they were read last, and what reads them now."""

    organization: Organization
    may_start: bool
    latest: Job | None
    readings: list[JourneyReading] = field(default_factory=list)

    @property
    def is_live(self) -> bool:
        return self.latest is not None and self.latest.state in ACTIVE

    @property
    def said(self) -> str:
        """What the last pass could not do, in words; empty if it could do all."""
        if self.latest is None or self.latest.state not in (JobState.FAILED, JobState.SUCCEEDED_WITH_WARNINGS):
            return ""
        return self.latest.problem

    @property
    def missing_sources(self) -> list[tuple[str, list[JourneyReading]]]:
        """Each API that is not there for some sandboxes, with these."""
        named = (("authoring", "The authoring API"), ("retrieve", "The newer journeys API"))
        absent = [
            (words, [one for one in self.readings if getattr(one, name) == SourceState.NOT_THERE])
            for name, words in named
        ]
        return [(words, found) for words, found in absent if found]

    @property
    def empty(self) -> list[JourneyReading]:
        return [one for one in self.readings if one.read_at is not None and one.listed == 0]

    @property
    def has_notes(self) -> bool:
        return bool(self.said or self.missing_sources or self.empty)


@login_required
@require_GET
@vary_on_headers("HX-Request")
def journey_list(request: AuthenticatedRequest) -> HttpResponse:
    form = JourneyFilterForm(request.GET, reader=request.user)
    context: dict[str, Any] = {"form": form, "all_url": request.path}
    if not form.is_valid():
        return render(request, "promotions/journeys/list.html", context | _frame(request, form), status=422)
    context |= _rows(request, form)
    if request.htmx:
        return render(request, "promotions/journeys/_rows.html", context)
    return render(request, "promotions/journeys/list.html", context | _frame(request, form))


def _rows(request: AuthenticatedRequest, form: JourneyFilterForm) -> dict[str, Any]:
    wanted = Filter(form, request.GET, request.path)
    filters = form.filters()
    page = journey_page(request.user, filters, JOURNEY_ORDERS[form.order_name], request.GET.get("cursor", ""))
    visible = Journey.objects.visible_to(request.user)
    is_whole = not (page.newer or page.older)
    count, is_more = (len(page.rows), False) if is_whole else capped_count(filters.narrowed(visible))
    chips = [
        Chip(
            form.words_for(name),
            wanted.without(name),
            not page.rows and form.filters(without=name).narrowed(visible).exists(),
        )
        for name in form.active()
    ]
    is_newest_first = form.order_name == DEFAULT_ORDER
    return {
        "journeys": page.rows,
        "chips": chips,
        "cures": [chip for chip in chips if chip.is_cure],
        "newer_url": wanted.url(cursor=[page.newer]) if page.newer else "",
        "older_url": wanted.url(cursor=[page.older]) if page.older else "",
        "newer_label": "" if is_newest_first else "Previous",
        "older_label": "" if is_newest_first else "Next",
        "shown": f"{count:,}{'+' if is_more else ''} journey{'' if count == 1 and not is_more else 's'}",
        "rows_url": request.get_full_path(),
    }


def _frame(request: AuthenticatedRequest, form: JourneyFilterForm) -> dict[str, Any]:
    """What stands around the rows."""
    organizations = organizations_for_read(request.user).filter(kind=OrganizationKind.ADOBE)
    wanted = form.cleaned_data.get("organization")
    shown = organizations.filter(pk=wanted.pk) if wanted else organizations
    return {
        "synchronizations": synchronizations(request.user, shown),
        "may_add_organization": request.user.is_superuser,
    }


def synchronizations(user: User, organizations: QuerySet[Organization]) -> list[Synchronization]:
    """The state of each organization, in a fixed number of queries."""
    jobs = Job.objects.filter(kind=kinds.SYNCHRONIZE, organization=OuterRef("pk")).order_by("-created_at", "-pk")
    # As "none of the others", since an index by state would lead past all the other jobs that succeeded.
    others = [state for state in JobState if state not in GOOD_ENDS]
    shown = list(
        organizations.annotate(
            latest_pk=Subquery(jobs.values("pk")[:1]),
            good_at=Subquery(jobs.exclude(state__in=others).values("finished_at")[:1]),
        ).order_by("name", "pk")[:ORGANIZATIONS_SHOWN]
    )
    latest = Job.objects.defer("raw").in_bulk([row.latest_pk for row in shown if row.latest_pk])
    operated = set(organizations_for_role(user, Role.OPERATOR).values_list("pk", flat=True))
    readings: dict[int, list[JourneyReading]] = {}
    known = JourneyReading.objects.filter(
        sandbox__organization__in=[row.pk for row in shown], sandbox__vanished_at=None
    ).select_related("sandbox")
    for reading in known.order_by("sandbox__name")[:READINGS_SHOWN]:
        readings.setdefault(reading.sandbox.organization_id, []).append(reading)
    return [
        Synchronization(row, row.pk in operated, latest.get(row.latest_pk), readings.get(row.pk, [])) for row in shown
    ]


@login_required
@require_POST
def journey_synchronize(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Start reading an organization's journeys; progress shows where the button was."""
    organization = access.organization_for_operation(request.user, pk)
    journeys.request_synchronization(organization=organization, actor=request.user)
    if not request.htmx:
        return redirect(f"{reverse('promotions:journey-list')}?organization={pk}")
    return _fragment(request, organization)


@login_required
@require_GET
def journey_synchronization(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    return _fragment(request, access.organization_for_read(request.user, pk))


def _fragment(request: AuthenticatedRequest, organization: Organization) -> HttpResponse:
    """The fragment; once nothing runs it also tells the list to read its rows again."""
    [row] = synchronizations(request.user, Organization.objects.filter(pk=organization.pk))
    response = render(request, "promotions/journeys/_synchronization.html", {"row": row})
    return response if row.is_live else trigger_client_event(response, "journeys-changed")
