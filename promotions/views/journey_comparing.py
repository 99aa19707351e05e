"""The page on which two versions of journeys are chosen, read and compared."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRefresh

from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest
from accounts.models import User
from promotions import access, journey_sides
from promotions.forms.journey_comparisons import OTHER, ComparisonForm
from promotions.journey_sides import Pair, Side
from promotions.models import Journey
from promotions.services import journey_comparisons
from promotions.services.errors import ConflictError, RefusedError
from promotions.views.journey_comparison import comparison_context

FIND_LIMIT = 200


@login_required
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def journey_compare(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Two versions beside each other, as last read; a POST has both read anew.

    For htmx how the reading stands; the page is loaded anew at its end.
    """
    status = 200
    if request.method == "POST":
        journey = access.journey_for_comparison(request.user, pk)
        form, pair = _chosen(journey, request.user, request.POST)
        try:
            if pair is not None:
                before, after = (standing.side for standing in pair.standings)
                journey_comparisons.request_comparison(before=before, after=after, actor=request.user)
                if not request.htmx:
                    return redirect(address(before, after))
                pair = journey_sides.pair_of(before, after)
            else:
                status = 422
        except RefusedError as refusal:
            show_refusal(form, refusal)
            status = 409 if isinstance(refusal, ConflictError) else 422
    else:
        journey = access.journey_for_read(request.user, pk)
        form, pair = _chosen(journey, request.user, request.GET)
    if request.htmx:
        if pair is None or not pair.is_live:
            return HttpResponseClientRefresh()
        return render(request, "promotions/journeys/_compare_reading.html", _reading(pair, request.user))
    return render(
        request,
        "promotions/journeys/compare.html",
        {
            "journey": journey,
            "organization": journey.organization,
            "form": form,
            **_found(request, journey, form),
            **(_compared(request, pair) if pair is not None else {"pair": None}),
        },
        status=status,
    )


@login_required
@require_GET
def copy_compare(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The version that was imported beside the copy that it became."""
    copy = access.journey_copy_for_read(request.user, pk)
    found = journey_sides.sides_of(copy)
    if found is None:
        messages.error(
            request,
            f"“{copy.name}” or its source is not among the journeys known here yet. They are read again after an "
            "import: wait a moment, or synchronize the journeys, then compare.",
        )
        return redirect("promotions:job-detail", pk=copy.job_id)
    return redirect(address(*found))


def address(before: Side, after: Side) -> str:
    """Where the two are compared."""
    query = urlencode({"version": before.uid, OTHER: after.key})
    return f"{reverse('promotions:journey-compare', args=[before.journey.pk])}?{query}"


def _chosen(journey: Journey, user: User, asked: QueryDict) -> tuple[ComparisonForm, Pair | None]:
    """The form, and the two sides if it names two; of what is left out the likeliest is taken."""
    version, key = asked.get("version", ""), asked.get(OTHER, "")
    other = _named(journey, user, key)
    if other is not None and key and not key.partition(":")[2]:
        latest = journey_sides.side_of(other, "")
        key = latest.key if latest is not None else key
    versions = journey_sides.versions_offered(journey)
    others = journey_sides.others_offered(journey, user, other)
    if key:
        version = version or journey_sides.latest_of(journey, versions)
    else:
        version, key = journey_sides.likeliest(journey, version, versions=versions, others=others)
        other = _named(journey, user, key)
    data = {"version": version, OTHER: key}
    form = ComparisonForm(data if key else None, versions=versions, others=others, initial=data)
    if not form.is_valid() or other is None:
        return form, None
    before = journey_sides.side_of(journey, version)
    after = journey_sides.side_of(other, key.partition(":")[2])
    if before is None or after is None:
        return form, None
    if before.key == after.key:
        form.add_error(OTHER, "Both sides are the same version. Choose another one.")
        return form, None
    return form, journey_sides.pair_of(before, after)


def _named(journey: Journey, user: User, key: str) -> Journey | None:
    """The journey that a key names, this one without a key; None if it names none that the person may read."""
    if not key:
        return journey
    named = journey_sides.parsed(key)
    if named is None:
        return None
    try:
        return journey if named[0] == journey.pk else access.journey_for_read(user, named[0])
    except Http404:
        return None


def _reading(pair: Pair, user: User) -> dict[str, Any]:
    """What the fragment needs that says when both were read."""
    before, after = (standing.side for standing in pair.standings)
    return {
        "pair": pair,
        "before": before,
        "after": after,
        "may_read": journey_sides.may_be_read_by(user, before, after),
        "here": address(before, after),
    }


def _compared(request: AuthenticatedRequest, pair: Pair) -> dict[str, Any]:
    """The comparison, where both sides were read or the person takes what is kept; else what is lacking."""
    is_kept = not pair.is_read and pair.can_use_kept and request.GET.get("kept") == "yes"
    context = {**_reading(pair, request.user), "is_kept": is_kept, "is_compared": pair.is_read or is_kept}
    if not context["is_compared"]:
        return context
    return {
        **context,
        **comparison_context(
            pair.before.outline,
            pair.after.outline,
            before_name=pair.before.name,
            after_name=pair.after.name,
            before_raw=pair.before.content,
            after_raw=pair.after.content,
            is_copy=pair.is_copy,
        ),
    }


def _found(request: AuthenticatedRequest, journey: Journey, form: ComparisonForm) -> dict[str, Any]:
    """Other journeys that somebody looks for, each with where it is compared."""
    text = request.GET.get("find", "").replace("\0", "").strip()[:FIND_LIMIT]
    version = form["version"].value() or ""
    rows = []
    for other in journey_sides.others_found(journey, request.user, text) if text else ():
        query = urlencode({"version": version, OTHER: f"{other.pk}:"})
        rows.append({"journey": other, "url": f"?{query}"})
    return {"find": text, "found": rows, "is_find_cut": len(rows) == journey_sides.FOUND_AT_MOST}
