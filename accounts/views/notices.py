"""What Towpath has told the reader, and what they want to be told."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import access, keyset
from accounts.forms.notices import PreferencesForm
from accounts.http import AuthenticatedRequest, posted
from accounts.services import notices

NEWEST_FIRST = keyset.Order("id", is_descending=True, is_number=True)
UNREAD_SHOWN = 50
# How often an open page asks for the count in the top bar.
BADGE_PERIOD_S = 20


@login_required
@require_GET
def notice_list(request: AuthenticatedRequest) -> HttpResponse:
    """What is unread first; the older pages hold only what was read or settled."""
    found = access.notices_for_read(request.user).select_related("organization")
    cursor = request.GET.get("cursor", "")
    earlier = keyset.page(found.looked_at(), NEWEST_FIRST, cursor)
    unread = [] if cursor else list(found.unread().order_by("-pk")[:UNREAD_SHOWN])
    count = notices.unread_count(request.user)
    return render(
        request,
        "accounts/notices/list.html",
        {
            "unread": unread,
            "count": count,
            "count_text": notices.in_words(count),
            "hidden": count - len(unread) if unread else 0,
            "earlier": earlier.rows,
            "is_first": not cursor,
            "newer_url": f"{request.path}?cursor={earlier.newer}" if earlier.newer else "",
            "older_url": f"{request.path}?cursor={earlier.older}" if earlier.older else "",
        },
    )


@login_required
@require_GET
def notice_badge(request: AuthenticatedRequest) -> HttpResponse:
    """The bell of the top bar; nothing (204) while it would look as it does."""
    count = notices.unread_count(request.user)
    if request.GET.get("shown") == str(count):
        return HttpResponse(status=204)
    return render(request, "accounts/notices/_badge.html", {"count": count, "count_text": notices.in_words(count)})


@login_required
@require_POST
def notice_open(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Mark it read and go where it leads, which is always a page of this site."""
    notice = access.notice_for_owner(request.user, pk)
    if not notices.is_local(notice.url):
        raise SuspiciousOperation(f"Notice {notice.pk} leads away from this site.")
    notices.mark_read(notice=notice)
    return redirect(notice.url)


@login_required
@require_POST
def notice_read(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    notices.mark_read(notice=access.notice_for_owner(request.user, pk))
    return redirect("accounts:notice-list")


@login_required
@require_POST
def notice_read_all(request: AuthenticatedRequest) -> HttpResponse:
    number = notices.mark_all_read(person=request.user)
    if number:
        messages.success(request, f"{number} {'notice was' if number == 1 else 'notices were'} marked read.")
    return redirect("accounts:notice-list")


@login_required
@require_http_methods(["GET", "POST"])
def preferences(request: AuthenticatedRequest) -> HttpResponse:
    form = PreferencesForm(posted(request), chosen=notices.preferences(request.user))
    if request.method == "POST" and form.is_valid():
        notices.set_preferences(person=request.user, choices=form.choices(), actor=request.user)
        messages.success(request, "Your choice was saved.")
        return redirect("accounts:profile-notices")
    return render(
        request,
        "accounts/notices/preferences.html",
        {
            "form": form,
            "can_send_mail": settings.CAN_SEND_MAIL,
            "is_administrator": access.is_administrator(request.user),
        },
        status=422 if form.is_bound else 200,
    )
