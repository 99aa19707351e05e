"""Asking: to share a package, for a partnership, to make a package public, to pull public packages."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from accounts.access import organizations_for_role
from accounts.choices import OrganizationKind, Role
from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest, natural_number, posted
from accounts.models import Organization, User
from promotions import access, sharing_facts
from promotions.choices import PackageStatus, SharingKind, TransferType
from promotions.forms.sharing import PartnershipRequestForm, PublicityForm, PullForm, ShareForm
from promotions.models import Package, SharingRequest, Transfer
from promotions.pasted_sources import LIMIT, read_sources
from promotions.services import sending_again, sharing
from promotions.services.errors import ConflictError, RefusedError
from promotions.services.sharing import PullSource
from promotions.sharing_outlook import deciders, outlooks, suggestions
from promotions.views import approval_pages
from promotions.views.sharing_lists import tabs
from promotions.views.sharing_transfers import transfer_rows

PACKAGES_OFFERED = 200
PUBLIC_SHOWN = 20
ASKED = "The approval is asked for. Nothing is sent before somebody else has agreed."


def _operated(user: User) -> QuerySet[Organization]:
    return organizations_for_role(user, Role.OPERATOR).filter(kind=OrganizationKind.ADOBE).order_by("name", "pk")


def _require_operator(user: User) -> None:
    if not access.operates_any(user):
        raise PermissionDenied("Sharing needs the role operator.")


def _ask(form: forms.Form, ask: Callable[[], SharingRequest], *, is_look: bool) -> tuple[SharingRequest | None, int]:
    """What was asked for, or None with the status of the page, whose form then says why; a look asks for nothing."""
    if is_look:
        form.errors.clear()
    if is_look or not form.is_bound:
        return None, 200
    if not form.is_valid():
        return None, 422
    try:
        return ask(), 302
    except RefusedError as refusal:
        show_refusal(form, refusal)
        return None, 409 if isinstance(refusal, ConflictError) else 422


def _done(request: AuthenticatedRequest, asked: SharingRequest) -> HttpResponse:
    messages.success(request, ASKED)
    return redirect("promotions:sharing-detail", pk=asked.pk)


# Sharing a package


@login_required
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def share_create(request: AuthenticatedRequest) -> HttpResponse:
    """The form; `package`, `organization` and `partner` of the address fill it in."""
    _require_operator(request.user)
    fixed = natural_number(request.GET.get("package", ""), what="package")
    package = access.package_for_operation(request.user, fixed) if fixed is not None else None
    return _share(request, package=package, partner_id=request.GET.get("partner", ""))


@login_required
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def transfer_again(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The same form for a transfer that failed: a new one, which points at the old."""
    transfer = access.transfer_for_operation(request.user, pk)
    if reason := sending_again.reason_not_to_send_again(transfer):
        messages.error(request, reason)
        return redirect("promotions:transfer-detail", pk=pk)
    return _share(request, package=transfer.package, partner_id=transfer.partner_id, again_of=transfer)


def _share(
    request: AuthenticatedRequest, *, package: Package | None, partner_id: str, again_of: Transfer | None = None
) -> HttpResponse:
    form = ShareForm(
        posted(request),
        packages=_shareable(request, package),
        initial={"package": package, **_initial_partner(request, package, partner_id)},
    )
    chosen = package or _chosen_package(form)
    organization = chosen.organization if chosen is not None else _asked_organization(request)
    form.offer(suggestions(organization) if organization is not None else [])
    if request.htmx:
        context = {**_outlook(request.user, chosen, form.chosen()), **_known(request, form, organization)}
        return render(request, "promotions/sharing/_outlook.html", context)
    asked, status = _ask(
        form,
        lambda: sharing.request_share(
            package=form.cleaned_data["package"],
            partner_ids=form.chosen(),
            note=form.cleaned_data["note"],
            actor=request.user,
            again_of=again_of,
        ),
        is_look="check" in request.POST,
    )
    if asked is not None:
        return _done(request, asked)
    return render(
        request,
        "promotions/sharing/share.html",
        {
            "form": form,
            "package": package,
            "organization": organization,
            "again_of": again_of,
            "page_url": request.get_full_path(),
            "known_of": organization,
            **_outlook(request.user, chosen, form.chosen()),
        },
        status=status,
    )


def _known(request: AuthenticatedRequest, form: forms.Form, organization: Organization | None) -> dict[str, Any]:
    """Who is offered to be ticked changes with the organization, and only then: a swap takes the focus away."""
    is_same = request.POST.get("known_of", "") == (str(organization.pk) if organization is not None else "")
    return {"form": form, "known_of": organization, "is_known_anew": not is_same}


def _shareable(request: AuthenticatedRequest, package: Package | None) -> QuerySet[Package]:
    """What may be shared: published and not expired, newest first; of one organization if the address names it."""
    found = Package.objects.filter(organization__in=_operated(request.user)).select_related("organization")
    if package is not None:
        return found.filter(pk=package.pk)
    alive = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    found = found.filter(alive, status=PackageStatus.PUBLISHED, vanished_at=None)
    if (organization := _asked_organization(request)) is not None:
        found = found.filter(organization=organization)
    newest = list(found.order_by("-remote_created_at", "-pk").values_list("pk", flat=True)[:PACKAGES_OFFERED])
    named = natural_number(request.POST.get("package", ""), what="package")
    return found.filter(pk__in=[*newest, *([named] if named is not None else [])]).order_by("-remote_created_at", "-pk")


def _asked_organization(request: AuthenticatedRequest) -> Organization | None:
    pk = natural_number(request.GET.get("organization", ""), what="organization")
    operated = _operated(request.user)
    if pk is not None:
        return get_object_or_404(operated, pk=pk)
    found = list(operated[:2])
    return found[0] if len(found) == 1 else None


def _chosen_package(form: ShareForm) -> Package | None:
    field = form.fields["package"]
    try:
        found = field.clean(form["package"].value())
    except forms.ValidationError:
        return None
    return found if isinstance(found, Package) else None


def _initial_partner(request: AuthenticatedRequest, package: Package | None, partner_id: str) -> dict[str, Any]:
    """A known one is ticked, any other typed."""
    if not partner_id:
        return {}
    organization = package.organization if package is not None else _asked_organization(request)
    known = {one for one, _ in suggestions(organization)} if organization is not None else set()
    return {"known": [partner_id]} if partner_id in known else {"partner_ids": partner_id}


def _outlook(user: User, package: Package | None, partner_ids: Sequence[str]) -> dict[str, Any]:
    if package is None:
        return {"outlooks": [], "people": None, "reason": ""}
    return {
        "outlooks": outlooks(package.organization, partner_ids[: sharing.PARTNERS_LIMIT], package),
        "people": approval_pages.people_of(deciders(package.organization, SharingKind.SHARE, user)),
        "reason": sharing.reason_not_to_share(package),
        "of": package.organization,
    }


# Asking for partnerships


@login_required
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def partnership_create(request: AuthenticatedRequest) -> HttpResponse:
    """One or many organizations at once, each on its own line."""
    _require_operator(request.user)
    operated = _operated(request.user)
    form = PartnershipRequestForm(posted(request), organizations=operated, initial=_only(request, operated))
    organization = _chosen_organization(form, operated)
    form.offer(_unrelated(organization) if organization is not None else [])
    outlook = _partnership_outlook(request.user, organization, form.chosen())
    if request.htmx:
        return render(request, "promotions/sharing/_outlook.html", {**outlook, **_known(request, form, organization)})
    asked, status = _ask(
        form,
        lambda: sharing.request_partnerships(
            organization=form.cleaned_data["organization"],
            partner_ids=form.chosen(),
            note=form.cleaned_data["note"],
            actor=request.user,
        ),
        is_look="check" in request.POST,
    )
    if asked is not None:
        return _done(request, asked)
    context = {
        "form": form,
        "asking": organization,
        "known_of": organization,
        "page_url": request.get_full_path(),
        **outlook,
    }
    return render(request, "promotions/sharing/ask_partnership.html", context, status=status)


def _unrelated(organization: Organization) -> list[tuple[str, str]]:
    """Suggestions of those who are no partners and have not been asked."""
    return [
        (one, words) for one, words in suggestions(organization) if not sharing.reason_not_to_ask(organization, one)
    ]


def _partnership_outlook(user: User, organization: Organization | None, partner_ids: Sequence[str]) -> dict[str, Any]:
    if organization is None:
        return {"outlooks": [], "people": None, "reason": ""}
    return {
        "outlooks": outlooks(organization, partner_ids[: sharing.PARTNERS_LIMIT]),
        "people": approval_pages.people_of(deciders(organization, SharingKind.PARTNERSHIP, user)),
        "reason": "",
        "asking": organization,
        "of": organization,
    }


def _only(request: AuthenticatedRequest, operated: QuerySet[Organization]) -> dict[str, Any]:
    """The organization that the address names, or the only one."""
    found = _asked_organization(request)
    return {"organization": found.pk} if found is not None else {}


def _chosen_organization(form: forms.Form, operated: QuerySet[Organization]) -> Organization | None:
    value = str(form["organization"].value() or "")
    return operated.filter(pk=int(value)).first() if value.isdecimal() and len(value) < 19 else None


# Making public


@login_required
@require_http_methods(["GET", "POST"])
def package_publicity(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Final: the name is typed, and somebody else approves."""
    package = access.package_for_operation(request.user, pk)
    form = PublicityForm(posted(request))
    asked, status = _ask(
        form,
        lambda: sharing.request_publicity(package=package, actor=request.user, **form.cleaned_data),
        is_look=False,
    )
    if asked is not None:
        return _done(request, asked)
    return render(
        request,
        "promotions/sharing/publicity.html",
        {
            "form": form,
            "package": package,
            "organization": package.organization,
            "reason": sharing.reason_not_to_make_public(package),
            "people": approval_pages.people_of(deciders(package.organization, SharingKind.PUBLICITY, request.user)),
            "of": package.organization,
        },
        status=status,
    )


# Public packages


@login_required
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def pull_create(request: AuthenticatedRequest) -> HttpResponse:
    """Public packages: those pulled and given, and for operators the form that pulls one."""
    may_ask = access.operates_any(request.user)
    if request.method == "POST" and not may_ask:
        raise PermissionDenied("Pulling packages needs the role operator.")
    operated = _operated(request.user)
    form = PullForm(posted(request), organizations=operated, initial=_only(request, operated) if may_ask else {})
    sources = read_sources(str(form["sources"].value() or ""))
    understood = {"sources": sources, "sources_cut": len(sources) > LIMIT, **_pull_people(request.user, form, operated)}
    if request.htmx:
        return render(request, "promotions/sharing/_sources.html", understood)
    is_look = "check" in request.POST
    if not is_look and form.is_valid():
        for problem in [f"“{one.text}”: {one.problem}" for one in sources if one.problem][:5]:
            form.add_error("sources", problem)
    asked, status = _ask(
        form,
        lambda: sharing.request_pull(
            organization=form.cleaned_data["organization"],
            sources=[PullSource(one.organization_id, one.package_id) for one in sources],
            note=form.cleaned_data["note"],
            actor=request.user,
        ),
        is_look=is_look,
    )
    if asked is not None:
        return _done(request, asked)
    return render(
        request,
        "promotions/sharing/pull.html",
        {
            "form": form,
            "may_ask": may_ask,
            "tabs": tabs("public"),
            "page_url": reverse("promotions:pull-create"),
            **understood,
            **_public(request.user),
        },
        status=status,
    )


def _pull_people(user: User, form: PullForm, operated: QuerySet[Organization]) -> dict[str, Any]:
    organization = _chosen_organization(form, operated)
    if organization is None:
        return {"people": None}
    people = approval_pages.people_of(deciders(organization, SharingKind.PULL, user))
    return {"people": people, "of": organization}


def _public(user: User) -> dict[str, Any]:
    """Our own public packages, and what was pulled by us or from us."""
    pulled = access.transfers_for_read(user).filter(type__iexact=TransferType.PUBLIC)
    own = Package.objects.visible_to(user).filter(visibility__iexact="PUBLIC", vanished_at=None)
    packages = list(own.select_related("organization").order_by("-remote_created_at", "-pk")[:PUBLIC_SHOWN])
    return {
        "pulled": transfer_rows(pulled.order_by("-remote_created_at", "-pk")[:PUBLIC_SHOWN], user),
        "own_public": [{"package": one, "payload": sharing_facts.payload_of(one).as_text()} for one in packages],
    }
