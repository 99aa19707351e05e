"""The list of jobs: filter, views, and what came in meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import exporting
from accounts.errors import BusyError
from accounts.filters import Chip, Filter
from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest
from promotions import access, job_rows, keyset
from promotions.choices import JobState
from promotions.forms.jobs import ME, JobFilterForm, ViewNameForm
from promotions.job_lists import JobList
from promotions.keyset import KeysetPage
from promotions.models import Job, SavedView
from promotions.services import saved_views
from promotions.services.errors import RefusedError
from promotions.views import job_pages

BUILT_IN = (
    ("All", ""),
    ("Needs attention", "state=needs_attention"),
    ("Running", "state=active"),
    ("Failed in 7 days", "state=failed&state=partly_failed&when=7d"),
    ("Mine", f"person={ME}"),
)


@dataclass(frozen=True)
class View:
    """A filter with a name; `pk` if it is the reader's own."""

    name: str
    url: str
    is_current: bool
    pk: int | None = None


@dataclass(frozen=True)
class Facet:
    """A state to choose or to drop, with the number of jobs that it would show."""

    state: str
    label: str
    url: str
    is_chosen: bool
    number: str


@login_required
@require_GET
def job_list(request: AuthenticatedRequest) -> HttpResponse:
    return _answer(request, request.GET)


def _answer(
    request: AuthenticatedRequest, query: QueryDict, *, status: int = 200, **bound: ViewNameForm
) -> HttpResponse:
    form = JobFilterForm(query, reader=request.user)
    wanted = _filter(form, query)
    context: dict[str, Any] = {"form": form, "filter": wanted, "rows": []}
    if form.is_valid():
        context |= _rows(request, form, wanted, query.get("cursor", ""))
    else:
        status = 422
    views = _views(request, wanted)
    own = next((view for view in views if view.is_current and view.pk), None)
    context |= {
        "views": views,
        "own": own,
        "is_filtered": bool(wanted.pairs),
        "is_known": any(view.is_current for view in views),
        "save_form": bound.get("save") or ViewNameForm(),
        "rename_form": bound.get("rename") or (ViewNameForm(initial={"name": own.name}) if own else None),
    }
    return render(request, "promotions/jobs/list.html", context, status=status)


def _filter(form: JobFilterForm, query: QueryDict) -> Filter:
    return Filter(form, query, reverse("promotions:job-list"))


def _rows(request: AuthenticatedRequest, form: JobFilterForm, wanted: Filter, cursor: str) -> Mapping[str, Any]:
    found = JobList(request.user, form.filters())
    page = found.page(_with_names(), cursor)
    number, is_more = found.count() if page.newer or page.older else (len(page.rows), False)
    many = sum(row.is_live for row in page.rows) > job_pages.FEW_LIVE_ROWS
    chips = _chips(request, form, wanted, is_empty=not page.rows)
    return {
        "rows": job_pages.rows_of(page.rows),
        "every": job_pages.ROW_EVERY_S[many],
        "shown": f"{number:,}{'+' if is_more else ''} {'job' if number == 1 and not is_more else 'jobs'}",
        "chips": chips,
        "cures": [chip for chip in chips if chip.is_cure],
        "facets": _facets(found, form, wanted),
        "newer_url": wanted.url(cursor=[page.newer]) if page.newer else "",
        "older_url": wanted.url(cursor=[page.older]) if page.older else "",
        "exports": [
            (writer.label, wanted.url(path=reverse("promotions:job-export"), format=[name]))
            for name, writer in exporting.FORMATS.items()
        ],
        "watch_url": "" if cursor else _watch_url(wanted, page),
    }


def _with_names() -> Any:
    return Job.objects.select_related("organization", "sandbox__organization", "requested_by").defer("raw", "params")


def _watch_url(wanted: Filter, page: KeysetPage[Job]) -> str:
    since = page.head or keyset.before(timezone.now(), job_pages.NEWEST_FIRST)
    return wanted.url(path=reverse("promotions:job-newer"), since_job=[since])


def _chips(request: AuthenticatedRequest, form: JobFilterForm, wanted: Filter, *, is_empty: bool) -> list[Chip]:
    return [
        Chip(
            form.words_for(name),
            wanted.without(name),
            is_empty and not JobList(request.user, form.filters(without=name)).is_empty(),
        )
        for name in form.active()
    ]


def _facets(found: JobList, form: JobFilterForm, wanted: Filter) -> list[Facet]:
    """Every state that there is something of, or that is chosen; without numbers where counting would be dear."""
    chosen = form.states()
    counts = {count.state: count for count in found.count_states()} if found.can_count_states else {}
    facets = []
    for state in JobState:
        count = counts.get(state)
        if count and not count.number and state not in chosen:
            continue
        toggled = [other for other in JobState.values if (other in chosen) != (other == state.value)]
        number = f"{count.number:,}{'+' if count.is_more else ''}" if count else ""
        facets.append(Facet(state.value, str(state.label), wanted.url(state=toggled), state in chosen, number))
    return facets


def _views(request: AuthenticatedRequest, wanted: Filter) -> list[View]:
    built_in = [(name, query, None) for name, query in BUILT_IN]
    own = [(view.name, view.query, view.pk) for view in request.user.saved_views.all()]
    return [
        View(name, f"{wanted.path}?{query}" if query else wanted.path, query == wanted.text, pk)
        for name, query, pk in [*built_in, *own]
    ]


@login_required
@require_GET
def job_newer(request: AuthenticatedRequest) -> HttpResponse:
    """How many jobs came in since the list was shown; nothing (204) while there are none."""
    form = JobFilterForm(request.GET, reader=request.user)
    wanted = _filter(form, request.GET)
    if not request.htmx:
        return redirect(wanted.url())
    if not form.is_valid():
        return HttpResponse(status=204)  # what the list is narrowed by is gone; the next look at the list says so
    number, is_more = JobList(request.user, form.filters()).newer(request.GET.get("since_job", ""))
    if f"{number}" == (request.GET.get("seen") or "0"):
        return HttpResponse(status=204)
    since = request.GET.get("since_job", "")
    return render(
        request,
        "promotions/jobs/_newer.html",
        {
            "number": number,
            "is_more": is_more,
            "list_url": wanted.url(),
            "watch_url": wanted.url(path=request.path, since_job=[since], seen=[str(number)]),
        },
    )


@login_required
@require_GET
def job_export(request: AuthenticatedRequest) -> HttpResponseBase:
    """The filtered list as a file; one at a time for each person."""
    form = JobFilterForm(request.GET, reader=request.user)
    if not form.is_valid():
        return _answer(request, request.GET)
    try:
        return job_rows.EXPORT.download(
            JobList(request.user, form.filters()),
            file_format=request.GET.get("format", "csv"),
            filter_text=form.in_words(),
            organization=form.cleaned_data["organization"],
            actor=request.user,
        )
    except BusyError as refusal:
        messages.error(request, refusal.message)
        return _answer(request, QueryDict(_filter(form, request.GET).text), status=409)


# Saved views


@login_required
@require_POST
def view_save(request: AuthenticatedRequest) -> HttpResponse:
    query = QueryDict(request.POST.get("query", ""))
    form = ViewNameForm(request.POST)
    filter_form = JobFilterForm(query, reader=request.user)
    if form.is_valid() and filter_form.is_valid():
        text = _filter(filter_form, query).text
        try:
            view = saved_views.save_view(name=form.cleaned_data["name"], query=text, actor=request.user)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, f"The view “{view.name}” is saved. Only you see it here; its address is for all.")
            return redirect(f"{reverse('promotions:job-list')}?{view.query}")
    return _answer(request, query, status=422, save=form)


@login_required
@require_POST
def view_rename(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    view = access.saved_view_for_owner(request.user, pk)
    form = ViewNameForm(request.POST)
    query = view.query
    if form.is_valid():
        try:
            saved_views.rename_view(view=view, name=form.cleaned_data["name"], actor=request.user)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, f"The view is now called “{view.name}”.")
            return redirect(f"{reverse('promotions:job-list')}?{query}")
    return _answer(request, QueryDict(query), status=422, rename=form)


@login_required
@require_http_methods(["GET", "POST"])
def view_delete(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    view: SavedView = access.saved_view_for_owner(request.user, pk)
    url = f"{reverse('promotions:job-list')}?{view.query}"
    if request.method == "POST":
        saved_views.delete_view(view=view, actor=request.user)
        messages.success(request, f"The view “{view.name}” is gone.")
        return redirect(url)
    return render(
        request,
        "confirm.html",
        {
            "title": f"Delete the view “{view.name}”?",
            "text": "Only the name goes: its address and the jobs stay as they are.",
            "url": reverse("promotions:view-delete", args=[pk]),
            "label": "Delete the view",
            "danger": True,
            "cancel_url": url,
        },
    )
