"""What lists of packages and jobs can be narrowed by; every face asks here, so that all mean the same."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.access import organizations_for_read
from accounts.models import User
from promotions import search
from promotions.choices import UNFINISHED, Decision
from promotions.keyset import PAGE_SIZE, WALKS_LIMIT, KeysetPage, Order, Walk, capped_count, page
from promotions.models import Artifact, Job, Package, PlanItem
from promotions.services.jobs import scope_of

EXPIRED: Literal["expired"] = "expired"
# By what a list's address says; an index serves each.
PACKAGE_ORDERS = {
    "-created": Order("remote_created_at", is_descending=True, is_time=True),
    "created": Order("remote_created_at", is_descending=False, is_time=True),
    "name": Order("sort_name", is_descending=False),
    "-name": Order("sort_name", is_descending=True),
}
NEWEST_FIRST = Order("created_at", is_descending=True, is_time=True)


@dataclass(frozen=True, kw_only=True)
class PackageFilters:
    """What to keep of a list of packages; an empty value keeps everything. Times are aware, `created_to` excluded."""

    status: str = ""
    organization_id: int | None = None
    source_sandbox: str = ""
    artifact_type: str = ""
    visibility: str = ""
    created_from: datetime | None = None
    created_to: datetime | None = None
    expiry: Literal["expired"] | int | None = None
    """Expired already, or a number of days within which it still will."""
    expires_before: datetime | None = None
    is_expired: bool | None = None
    is_vanished: bool | None = False
    """None keeps what the platform still lists and what it no longer lists."""
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class JobFilters:
    """What to keep of a list of jobs; an empty value keeps everything. Times are aware, `created_to` excluded."""

    states: tuple[str, ...] = ()
    kind: str = ""
    organization_id: int | None = None
    sandbox_id: int | None = None
    requested_by_id: int | None = None
    package_id: int | None = None
    promotion_id: int | None = None
    is_foreign: bool | None = None
    with_routine: bool = False
    created_from: datetime | None = None
    created_to: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PlanItemFilters:
    """What to keep of a plan's items; an empty value keeps everything."""

    is_undecided: bool | None = None
    is_right_missing: bool | None = None
    match: str = ""
    decision: str = ""
    type: str = ""


def filtered_packages(packages: QuerySet[Package], filters: PackageFilters) -> QuerySet[Package]:
    """Narrow packages that the person may see."""
    exact = {
        "status": filters.status,
        "organization": filters.organization_id,
        "source_sandbox": filters.source_sandbox,
        "visibility": filters.visibility,
        "remote_created_at__gte": filters.created_from,
        "remote_created_at__lt": filters.created_to,
        "expires_at__lt": filters.expires_before,
    }
    packages = packages.filter(**{name: value for name, value in exact.items() if value not in ("", None)})
    if filters.is_vanished is not None:
        packages = packages.filter(vanished_at__isnull=not filters.is_vanished)
    if filters.is_expired is not None:
        expired = Q(expires_at__isnull=False, expires_at__lte=timezone.now())
        packages = packages.filter(expired if filters.is_expired else ~expired)
    if filters.artifact_type:
        packages = packages.filter(pk__in=Artifact.objects.filter(type=filters.artifact_type).values("package_id"))
    if filters.expiry is not None:
        packages = _expiring(packages, filters.expiry)
    return search.search(packages, filters.text) if filters.text else packages


def count_packages(packages: QuerySet[Package], filters: PackageFilters) -> tuple[int, bool]:
    """How many packages the filters leave, counted up to a limit, and whether there are more."""
    if not filters.text:
        return capped_count(filtered_packages(packages, filters))
    return search.capped_count(filtered_packages(packages, replace(filters, text="")), filters.text)


def package_page(
    user: User,
    packages: QuerySet[Package],
    filters: PackageFilters,
    order: Order,
    cursor: str,
    *,
    size: int = PAGE_SIZE,
    read: QuerySet[Package],
) -> KeysetPage[Package]:
    """The page of the filtered list that a cursor leads to; `read` as for any page."""
    if not filters.text:
        walks = package_walks(user, filters)
        return page(filtered_packages(packages, filters), order, cursor, size=size, walks=walks, read=read)
    others = replace(filters, text="")
    unsearched = filtered_packages(packages, others)

    def near(number: int) -> list[int]:
        keys = unsearched.select_related(None).only("pk", order.field)
        walks = package_walks(user, others)
        rows = page(keys, order, cursor, size=number, walks=walks, read=Package.objects.only("pk", order.field)).rows
        return [row.pk for row in rows]

    found = search.search(unsearched, filters.text, near=near, wanted=size + 1)
    return page(found, order, cursor, size=size)


def package_walks(user: User, filters: PackageFilters) -> list[Walk]:
    """One walk for each organization of the reader, by status where that is wanted: an index serves each.

    None for a search, which has found its packages, or the index to test, already.
    """
    if filters.organization_id is not None or filters.text:
        return []
    status = {"status": filters.status} if filters.status else {}
    found = list(organizations_for_read(user).values_list("pk", flat=True)[: WALKS_LIMIT + 1])
    return [{"organization_id": pk, **status} for pk in found] if len(found) <= WALKS_LIMIT else []


def _expiring(packages: QuerySet[Package], expiry: Literal["expired"] | int) -> QuerySet[Package]:
    now = timezone.now()
    if expiry == EXPIRED:
        return packages.filter(expires_at__lte=now)
    return packages.filter(expires_at__gt=now, expires_at__lte=now + timedelta(days=int(expiry)))


def filtered_jobs(jobs: QuerySet[Job], filters: JobFilters) -> QuerySet[Job]:
    """Narrow jobs that the person may see; routine reads stay out unless asked for."""
    exact = {
        "kind": filters.kind,
        "organization": filters.organization_id,
        "sandbox": filters.sandbox_id,
        "requested_by": filters.requested_by_id,
        "package": filters.package_id,
        "promotion": filters.promotion_id,
        "is_foreign": filters.is_foreign,
        "created_at__gte": filters.created_from,
        "created_at__lt": filters.created_to,
    }
    jobs = jobs.filter(**{name: value for name, value in exact.items() if value not in ("", None)})
    if filters.states:
        jobs = jobs.filter(state__in=filters.states)
    return jobs if filters.with_routine else jobs.filter(is_quiet=False)


def filtered_items(items: QuerySet[PlanItem], filters: PlanItemFilters) -> QuerySet[PlanItem]:
    """Narrow the items of one plan."""
    exact = {"match": filters.match, "decision": filters.decision, "type": filters.type}
    items = items.filter(**{name: value for name, value in exact.items() if value})
    undecided = Q(must_decide=True, decision=Decision.UNDECIDED)
    missing = Q(is_creation_allowed=False) | ~Q(missing_rights=[])
    for is_wanted, condition in ((filters.is_undecided, undecided), (filters.is_right_missing, missing)):
        if is_wanted is not None:
            items = items.filter(condition if is_wanted else ~condition)
    return items


def unfinished_write(package: Package) -> Job | None:
    """The write to the package that keeps a second from being started."""
    return Job.objects.filter(scope=scope_of(package), state__in=UNFINISHED).first()
