"""Reading the record."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts import access, audit_rows, exporting, registries
from accounts.audit_details import facts_of
from accounts.audit_lists import AuditList
from accounts.errors import BusyError
from accounts.filters import Chip, Filter
from accounts.forms.audit import AuditFilterForm
from accounts.http import AuthenticatedRequest
from accounts.models import AuditEvent, Organization
from accounts.services.audit import verb_label
from accounts.services.verification import chain_state


@login_required
@require_GET
def audit_list(request: AuthenticatedRequest) -> HttpResponse:
    return _answer(request, request.GET)


def _answer(request: AuthenticatedRequest, query: QueryDict, *, status: int = 200) -> HttpResponse:
    form = AuditFilterForm(query, reader=request.user)
    wanted = _filter(form, query)
    context: dict[str, Any] = {
        "form": form,
        "lines": [],
        "chain": chain_state(),
        "is_filtered": bool(wanted.pairs),
        "is_whole": access.is_administrator(request.user),
    }
    if not form.is_valid():
        return render(request, "accounts/audit/list.html", context, status=422)
    found = AuditList(request.user, form.filters())
    page = found.page(query.get("cursor", ""))
    number, is_more = found.count() if page.newer or page.older else (len(page.rows), False)
    chips = _chips(request, form, wanted, is_empty=not page.rows)
    names = dict(
        Organization.objects.filter(pk__in={row.organization_id for row in page.rows}).values_list("pk", "name")
    )
    context |= {
        "lines": [
            {"event": row, "verb": verb_label(row.verb), "organization": names.get(row.organization_id or 0)}
            for row in page.rows
        ],
        "chips": chips,
        "cures": [chip for chip in chips if chip.is_cure],
        "shown": f"{number:,}{'+' if is_more else ''} {'line' if number == 1 and not is_more else 'lines'}",
        "exports": [
            (writer.label, wanted.url(path=reverse("accounts:audit-export"), format=[name]))
            for name, writer in exporting.FORMATS.items()
        ],
        "newer_url": wanted.url(cursor=[page.newer]) if page.newer else "",
        "older_url": wanted.url(cursor=[page.older]) if page.older else "",
    }
    return render(request, "accounts/audit/list.html", context, status=status)


def _filter(form: AuditFilterForm, query: QueryDict) -> Filter:
    return Filter(form, query, reverse("accounts:audit-list"))


def _chips(request: AuthenticatedRequest, form: AuditFilterForm, wanted: Filter, *, is_empty: bool) -> list[Chip]:
    def would_show(name: str) -> bool:
        return bool(AuditList(request.user, form.filters(without=name)).page(size=1).rows)

    return [Chip(form.words_for(name), wanted.without(name), is_empty and would_show(name)) for name in form.active()]


@login_required
@require_GET
def audit_line(request: AuthenticatedRequest, sequence: int) -> HttpResponse:
    """One line with all that it holds."""
    line = access.audit_event_for_read(request.user, sequence)
    chain = chain_state()
    organization = Organization.objects.filter(pk=line.organization_id or 0).first()
    # What another organization did is told to this one, too, whose readers cannot open it.
    is_others = organization is not None and line.details.get("acting_organization") not in (None, organization.name)
    before = AuditEvent.objects.filter(sequence=sequence - 1).values_list("digest", flat=True).first()
    return render(
        request,
        "accounts/audit/line.html",
        {
            "line": line,
            "verb": verb_label(line.verb),
            "organization": organization,
            "facts": facts_of(line.details),
            "previous_digest": before or "",
            "subject_url": "" if is_others else registries.page_of(line.subject_type, line.subject_id),
            "chain": chain,
            "is_verified": sequence <= chain.verified.sequence and not chain.is_broken,
        },
    )


@login_required
@require_GET
def audit_export(request: AuthenticatedRequest) -> HttpResponseBase:
    """The filtered record as a file; one at a time for each person."""
    form = AuditFilterForm(request.GET, reader=request.user)
    if not form.is_valid():
        return _answer(request, request.GET)
    try:
        return audit_rows.EXPORT.download(
            AuditList(request.user, form.filters()),
            file_format=request.GET.get("format", "csv"),
            filter_text=form.in_words(),
            organization=form.cleaned_data["organization"],
            actor=request.user,
        )
    except BusyError as refusal:
        messages.error(request, refusal.message)
        return _answer(request, QueryDict(_filter(form, request.GET).text), status=409)
