"""Zips of API versions and expression files that are kept here: the list, and erasing one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from accounts.http import AuthenticatedRequest
from promotions import access_apis, keyset
from promotions.api_choices import ArchiveKind
from promotions.api_facts import promotions_with
from promotions.models import Archive, Promotion
from promotions.services import archives
from promotions.services.errors import RefusedError
from promotions.views.promotions import NEWEST


@dataclass(frozen=True)
class ArchiveRow:
    """One zip; `kept_until` is the earliest moment at which the clock erases it."""

    archive: Archive
    promotions: list[Promotion]
    kept_until: datetime
    may_erase: bool
    may_import: bool


@login_required
@require_GET
def archive_list(request: AuthenticatedRequest) -> HttpResponse:
    """Newest first, also those whose content was erased."""
    kept = access_apis.archives_for_read(request.user).defer("inventory")
    page = keyset.page(kept, NEWEST, request.GET.get("cursor", ""))
    operated = {one.pk for one in access_apis.api_targets(request.user)}
    taken = promotions_with(list(page.rows), request.user)
    days = timedelta(days=settings.ARCHIVE_DAYS)
    rows = [
        ArchiveRow(
            archive,
            taken[archive.pk],
            archive.used_at + days,
            may_erase=not archive.is_erased and archive.organization_id in operated,
            may_import=not archive.is_erased and archive.kind == ArchiveKind.VERSION and bool(operated),
        )
        for archive in page.rows
    ]
    return render(
        request,
        "promotions/apis/archives.html",
        {
            "rows": rows,
            "days": settings.ARCHIVE_DAYS,
            "may_import": bool(operated),
            "newer_url": f"{request.path}?cursor={page.newer}" if page.newer else "",
            "older_url": f"{request.path}?cursor={page.older}" if page.older else "",
        },
    )


@login_required
@require_http_methods(["GET", "POST"])
def archive_erase(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The question before the content of a zip is erased, or why it cannot be."""
    archive = access_apis.archive_for_change(request.user, pk)
    if request.method == "POST":
        try:
            archives.erase(archive=archive, actor=request.user)
        except RefusedError as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, f"The content of {archive} is erased.")
        return redirect("promotions:archive-list")
    since = timezone.now() - timedelta(days=settings.ARCHIVE_DAYS)
    return render(
        request,
        "promotions/apis/erase.html",
        {
            "archive": archive,
            "organization": archive.organization,
            "needed_by": "" if archive.is_erased else archives.needed_by(archive, since=since),
            "url": reverse("promotions:archive-erase", args=[pk]),
            "cancel_url": reverse("promotions:archive-list"),
        },
    )
