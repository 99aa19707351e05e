"""Reading the record."""

from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts import access
from accounts.forms.audit import AuditFilterForm
from accounts.http import AuthenticatedRequest, natural_number
from accounts.models import AuditEvent, Organization
from accounts.services.audit import verb_label, verbs_of_group

PAGE_SIZE = 50


@login_required
@require_GET
def audit_list(request: AuthenticatedRequest) -> HttpResponse:
    events = access.audit_events_for_read(request.user)
    form = AuditFilterForm(request.GET, reader=request.user)
    events = _filtered(events, form.cleaned_data) if form.is_valid() else events.none()
    rows, newer, older = _page(
        events,
        before=natural_number(request.GET.get("before", ""), what="before"),
        after=natural_number(request.GET.get("after", ""), what="after"),
    )
    names = dict(Organization.objects.filter(pk__in={row.organization_id for row in rows}).values_list("pk", "name"))
    return render(
        request,
        "accounts/audit/list.html",
        {
            "lines": [
                {"event": row, "verb": verb_label(row.verb), "organization": names.get(row.organization_id or 0)}
                for row in rows
            ],
            "form": form,
            "is_filtered": any(request.GET.get(name) for name in form.fields),
            "newer_url": _url(request, after=newer),
            "older_url": _url(request, before=older),
            "is_whole": access.is_administrator(request.user),
        },
        status=200 if form.is_valid() else 422,
    )


def _filtered(events: QuerySet[AuditEvent], wanted: dict[str, Any]) -> QuerySet[AuditEvent]:
    if wanted["group"]:
        events = events.filter(verb__in=verbs_of_group(wanted["group"]))
    if wanted["organization"]:
        events = events.filter(organization_id=wanted["organization"].pk)
    if wanted["person"]:
        events = events.filter(actor_id=wanted["person"].pk)
    if wanted["since"]:
        events = events.filter(at__gte=timezone.make_aware(datetime.combine(wanted["since"], time.min)))
    if wanted["until"]:
        next_day = wanted["until"] + timedelta(days=1)
        events = events.filter(at__lt=timezone.make_aware(datetime.combine(next_day, time.min)))
    return events


def _page(
    events: QuerySet[AuditEvent], *, before: int | None, after: int | None
) -> tuple[list[AuditEvent], int | None, int | None]:
    """One page, newest first, with the keys that lead to newer and older ones."""
    if after is not None:
        rows = list(events.filter(sequence__gt=after).order_by("sequence")[: PAGE_SIZE + 1])
        has_newer, has_older = len(rows) > PAGE_SIZE, True
        rows = rows[:PAGE_SIZE][::-1]
    else:
        older = events if before is None else events.filter(sequence__lt=before)
        rows = list(older.order_by("-sequence")[: PAGE_SIZE + 1])
        has_newer, has_older = before is not None, len(rows) > PAGE_SIZE
        rows = rows[:PAGE_SIZE]
    if not rows:
        return [], None, None
    return rows, rows[0].sequence if has_newer else None, rows[-1].sequence if has_older else None


def _url(request: AuthenticatedRequest, **key: int | None) -> str:
    if None in key.values():
        return ""
    kept = {name: value for name, value in request.GET.items() if value and name not in ("before", "after")}
    return f"{request.path}?{urlencode({**kept, **key})}"
