"""What the forms of package building show of objects: what was understood, other packages, the platform's lists."""

from collections.abc import Collection, Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from accounts.http import AuthenticatedRequest, natural_number
from accounts.models import Organization, Sandbox
from promotions import access
from promotions.choices import ArtifactType, PackageType
from promotions.forms.package_objects import (
    Gathered,
    Offer,
    OfferRow,
    dump_offers,
    gather,
    listed_by,
    load_offers,
    offers_of,
    only_offered,
)
from promotions.known_needs import NEVER_NAMED, KnownNeeds, known_needs
from promotions.models import Job, Package
from promotions.services import package_readings
from promotions.services.building import NewArtifact
from promotions.services.errors import RefusedError
from promotions.systems.packages import kinds

OTHERS_SHOWN = 8
OTHER_NAME_LIMIT = 200
LISTED_TYPES = [(value, words) for value, words in ArtifactType.choices if value not in NEVER_NAMED]


class Scene:
    """The objects of a form as they stand after what was sent, and what else there is to choose from."""

    def __init__(
        self,
        request: AuthenticatedRequest,
        sandbox: Sandbox | None,
        *,
        package: Package | None = None,
        untouched: Sequence[Offer] = (),
    ) -> None:
        """`untouched` are ticked in a form that was not sent yet."""
        self._request, self._sandbox, self._package = request, sandbox, package
        self._name = package.source_sandbox if package else sandbox.name if sandbox else ""
        self._data = request.POST.copy()
        self._organization = package.organization if package else sandbox.organization if sandbox else None
        self.act = "take" if "take" in self._data else self._data.get("act", "")
        self.refusal = ""
        self._present: Collection[tuple[str, str]] = (
            set(package.artifacts.values_list("type", "remote_id")) if package else ()
        )
        self._listing = self._sent_listing()
        if request.method == "GET":
            self.gathered = only_offered(untouched, sandbox=self._name)
        else:
            self._act()
            self.gathered = self._gather()
        self.needs = self._needs()

    def _gather(self) -> Gathered:
        return gather(self._data, sandbox=self._name, present=self._present, listing=self._listing)

    def _sent_listing(self) -> Job | None:
        """The list of the platform that the form shows, if it is one of this organization and sandbox."""
        pk = natural_number(self._data.get("listing", ""), what="listing")
        if pk is None or self._organization is None:
            return None
        jobs = Job.objects.visible_to(self._request.user).filter(kind=kinds.READ_OBJECTS)
        found = jobs.filter(pk=pk, organization=self._organization).first()
        return found if found is not None and found.params.get("sandbox") == self._name else None

    def _act(self) -> None:
        if self.act == "take":
            wanted = natural_number(self._data.get("take", ""), what="take")
            self._offer(offers_of(access.package_for_read(self._request.user, wanted or 0)))
        elif self.act == "list":
            self._offer([row.offer for row in self._gather().listed if row.is_ticked])
            self._data.setlist("listed", [])
            self._start_listing()

    def _offer(self, more: Sequence[Offer]) -> None:
        """Add rows to those of the form, ticked."""
        offers = load_offers(self._data.get("offers", ""))
        known = {offer.key for offer in offers}
        new = [offer for offer in more if offer.key not in known]
        ticks = [str(number) for number in range(len(offers), len(offers) + len(new))]
        self._data["offers"] = dump_offers([*offers, *new])
        self._data.setlist("pick", [*self._data.getlist("pick"), *ticks])

    def _start_listing(self) -> None:
        if self._organization is None or self._sandbox is None:
            self.refusal = "Choose the sandbox first: its objects are listed."
            return
        try:
            self._listing = package_readings.read_objects(
                organization=self._organization,
                sandbox=self._sandbox,
                type=self._data.get("listed_type", ""),
                actor=self._request.user,
            )
        except RefusedError as refusal:
            self.refusal = refusal.message

    def _needs(self) -> KnownNeeds:
        """What the objects need and nobody has named; taken with them if the person ticked so."""
        keys = {(one.type, one.id) for one in self.gathered.artifacts}
        if self._organization is None:
            return KnownNeeds(total=len(keys))
        needs = known_needs(self._organization, self._name, keys)
        needs.missing = [one for one in needs.missing if (one.type, one.id) not in self._present]
        if "with_needs" in self._data:
            self.gathered.artifacts += [NewArtifact(one.type, one.id, one.title) for one in needs.missing]
        return needs

    def context(self, page_url: str) -> dict[str, Any]:
        wanted = self._data.get("other_name", "")[:OTHER_NAME_LIMIT].replace("\x00", "\ufffd").strip()
        return {
            "page_url": page_url,
            "gathered": self.gathered,
            "needs": self.needs,
            "with_needs": "with_needs" in self._data,
            "sandbox_name": self._name,
            "other_name": wanted,
            "others": self._others(wanted) if self.act in ("find", "take") or wanted else None,
            "listed_types": LISTED_TYPES,
            "listed_type": self._data.get("listed_type", ""),
            "why_no_lists": why_no_lists(self._organization) if self._organization else "",
            "refusal": self.refusal,
            **listing_context(self._listing, self.gathered.listed),
        }

    def _others(self, wanted: str) -> list[Package]:
        """Packages of the same sandbox that name objects, newest first."""
        if self._organization is None or not self._name:
            return []
        found = (
            Package.objects.visible_to(self._request.user)
            .filter(organization=self._organization, source_sandbox=self._name, artifact_count__gt=0)
            .exclude(package_type=PackageType.FULL)
        )
        if self._package is not None:
            found = found.exclude(pk=self._package.pk)
        if wanted:
            found = found.filter(sort_name__contains=wanted.lower())
        shown = found.only("pk", "name", "artifact_count", "organization").order_by("-remote_created_at", "-pk")
        return list(shown[:OTHERS_SHOWN])


def why_no_lists(organization: Organization) -> str:
    """Why the platform's own lists are not offered, in a sentence; empty if they may be there."""
    if package_readings.are_objects_offered(organization) is False:
        return "The platform has no lists of objects for this organization. Paste ids, or take them of another package."
    return ""


def listing_context(job: Job | None, rows: Sequence[OfferRow]) -> dict[str, Any]:
    return {"listing": job, "listed": rows, "is_offered": job is None or job.result.get("is_offered") is not False}


@login_required
@require_GET
def package_objects(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """A list of the platform's objects while it is being read, and its rows once it is there."""
    job = access.job_for_read(request.user, pk)
    if job.kind != kinds.READ_OBJECTS:
        raise Http404
    if not request.htmx:
        return redirect("promotions:job-detail", pk=pk)
    rows = [OfferRow(offer, number, is_ticked=False) for number, offer in enumerate(listed_by(job))]
    return render(request, "promotions/packages/_listing.html", listing_context(job, rows))
