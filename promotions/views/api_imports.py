"""Planning the import of an API version: what, where to, by which rule."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest, natural_number
from accounts.models import User
from config.uploads import MIB, skipped
from promotions import access_apis
from promotions.api_choices import ArchiveKind
from promotions.forms.api_imports import KEPT, UPLOAD, VERSION, ImportForm, told_names
from promotions.models import Archive
from promotions.services import api_version_plans, archives
from promotions.services.errors import RefusedError


@login_required
@require_http_methods(["GET", "POST"])
def api_version_import(request: AuthenticatedRequest) -> HttpResponse:
    """Choose source, target and rule; what it will do is shown on the next page.

    A fit zip that was uploaded is kept, whatever else is amiss, so that nobody has to upload it twice.
    """
    rows: dict[str, Any] = {
        "targets": access_apis.require_api_targets(request.user),
        "archives": access_apis.archives_for_read(request.user)
        .filter(kind=ArchiveKind.VERSION, erased_at=None)
        .defer("inventory"),
        "sources": access_apis.api_versions_for_read(request.user).order_by("organization__name", "api", "version"),
    }
    if request.method != "POST":
        return _page(request, ImportForm(initial=_initial(request.GET, rows), **rows))
    form = ImportForm(request.POST, request.FILES, skipped=skipped(request, "file"), **rows)
    archive = _received(form, request.user)
    if archive is not None:
        data = request.POST.copy()
        data["origin"], data["archive"] = KEPT, str(archive.pk)
        form = ImportForm(data, **rows)
    if form.is_valid():
        try:
            url = _planned(form, request.user)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
    return _page(request, form, archive)


def _received(form: ImportForm, actor: User) -> Archive | None:
    """The uploaded zip as it is kept now; a refusal stands at its field."""
    form.is_valid()
    asked = form.cleaned_data
    if asked.get("origin") != UPLOAD or asked.get("file") is None or asked.get("target") is None:
        return None
    file = asked["file"]
    try:
        return archives.receive(
            organization=asked["target"], chunks=file.chunks(), file_name=file.name or "", actor=actor
        )
    except RefusedError as refusal:
        show_refusal(form, refusal)
        return None


def _planned(form: ImportForm, actor: User) -> str:
    asked = form.cleaned_data
    promotion = api_version_plans.plan_import(
        source=asked["source"] if asked["origin"] == VERSION else asked["archive"],
        target=asked["target"],
        api=asked["api"],
        version=asked["version"],
        rule=form.asked_rule,
        types=asked["types"],
        actor=actor,
    )
    return reverse("promotions:promotion-detail", args=[promotion.pk])


def _initial(query: QueryDict, rows: Mapping[str, Any]) -> dict[str, Any]:
    """What the address names, and what follows from it."""
    named = {name: natural_number(query.get(name, ""), what=name) for name in ("archive", "source", "target")}
    archive = rows["archives"].filter(pk=named["archive"]).first()
    source = None if archive else rows["sources"].filter(pk=named["source"]).first()
    api, version = told_names(source, archive)
    targets = list(rows["targets"][:2])
    return {
        "origin": KEPT if archive else VERSION if source else UPLOAD,
        "archive": archive,
        "source": source,
        "target": named["target"] or (targets[0] if len(targets) == 1 else None),
        "api": query.get("api") or api,
        "version": query.get("version") or version,
    }


def _page(request: AuthenticatedRequest, form: ImportForm, archive: Archive | None = None) -> HttpResponse:
    """`archive` is one that was uploaded a moment ago."""
    if form.is_bound:
        form.focus_what_is_amiss()
    return render(
        request,
        "promotions/apis/_import_form.html" if request.htmx else "promotions/apis/import.html",
        {
            "form": form,
            "archive": archive,
            "limit": settings.ARCHIVE_MAX_MB,
            "limit_bytes": settings.ARCHIVE_MAX_MB * MIB,
        },
        status=422 if form.is_bound else 200,
    )


@login_required
@require_POST
def api_import_again(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Plan again as one of the ways to go on after an import says."""
    job = access_apis.import_job_for_change(request.user, pk)
    try:
        promotion = api_version_plans.apply_remedy(job=job, key=request.POST.get("remedy", ""), actor=request.user)
    except RefusedError as refusal:
        messages.error(request, refusal.message)
        return redirect("promotions:job-detail", pk=job.pk)
    return redirect("promotions:promotion-detail", pk=promotion.pk)
