"""What the list of API versions can be narrowed by; every face asks here, so that all mean the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Max, Q, QuerySet

from accounts.models import User
from promotions.access_apis import api_versions_for_read
from promotions.keyset import PAGE_SIZE, KeysetPage, Order, page
from promotions.models import ApiVersion, Job
from promotions.systems.snaplogic import kinds

WORDS_LIMIT = 10
# By what the list's address says.
API_VERSION_ORDERS = {
    "api": Order("api", is_descending=False),
    "-api": Order("api", is_descending=True),
    "-added": Order("added_at", is_descending=True, is_time=True),
}
DEFAULT_ORDER = "api"


@dataclass(frozen=True, kw_only=True)
class ApiVersionFilters:
    """What to keep of a list of API versions; an empty value keeps everything."""

    organization_id: int | None = None
    state: str = ""
    text: str = ""
    """Words, or parts of words, that must all occur in the API or the version."""

    def narrowed(self, versions: QuerySet[ApiVersion]) -> QuerySet[ApiVersion]:
        if self.organization_id is not None:
            versions = versions.filter(organization=self.organization_id)
        if self.state:
            versions = versions.filter(state=self.state)
        for word in self.text.split()[:WORDS_LIMIT]:
            versions = versions.filter(Q(api__icontains=word) | Q(version__icontains=word))
        return versions


def api_version_page(
    user: User, filters: ApiVersionFilters, order: Order, cursor: str, *, size: int = PAGE_SIZE
) -> KeysetPage[ApiVersion]:
    """The page of the filtered list that a cursor leads to."""
    return page(filters.narrowed(api_versions_for_read(user)), order, cursor, size=size)


def latest_imports(versions: Sequence[ApiVersion]) -> dict[int, Job]:
    """By the key of a version, the last job that was to import into it; in two queries."""
    wanted = {one.pick_key: one.pk for one in versions}
    jobs = Job.objects.filter(kind=kinds.IMPORT, organization__in={one.organization_id for one in versions})
    newest = dict(
        jobs.filter(promotion__pick_key__in=wanted)
        .order_by()
        .values_list("promotion__pick_key")
        .annotate(newest=Max("pk"))
    )
    found = Job.objects.defer("raw").in_bulk(newest.values())
    return {wanted[key]: found[pk] for key, pk in newest.items()}
