"""What the list of journeys can be narrowed by; every face asks here, so that all mean the same."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.access import organizations_for_read
from accounts.models import User
from promotions.keyset import PAGE_SIZE, WALKS_LIMIT, KeysetPage, Order, page
from promotions.models import Journey

WORDS_LIMIT = 10
# By what the list's address says; an index serves each.
JOURNEY_ORDERS = {
    "-modified": Order("sort_at", is_descending=True, is_time=True),
    "modified": Order("sort_at", is_descending=False, is_time=True),
    "name": Order("sort_name", is_descending=False),
    "-name": Order("sort_name", is_descending=True),
}
DEFAULT_ORDER = "-modified"
# Documents that no list shows.
NOT_LISTED = ("raw", "outline", "uses", "search_text", "description")


@dataclass(frozen=True, kw_only=True)
class JourneyFilters:
    """What to keep of a list of journeys; an empty value keeps everything. Times are aware, `modified_to` excluded."""

    organization_id: int | None = None
    sandbox_id: int | None = None
    sandbox: str = ""
    state: str = ""
    has_problem: bool | None = None
    is_vanished: bool | None = False
    """None keeps what the platform still lists and what it no longer lists."""
    modified_from: datetime | None = None
    modified_to: datetime | None = None
    text: str = ""
    """Words, or parts of words, that must all occur in the name, the description or the uid."""

    def narrowed(self, journeys: QuerySet[Journey]) -> QuerySet[Journey]:
        exact = {
            "organization": self.organization_id,
            "sandbox": self.sandbox_id,
            "sandbox__name": self.sandbox,
            "state": self.state,
            "sort_at__gte": self.modified_from,
            "sort_at__lt": self.modified_to,
        }
        journeys = journeys.filter(**{name: value for name, value in exact.items() if value not in ("", None)})
        if self.is_vanished is not None:
            journeys = journeys.filter(vanished_at__isnull=not self.is_vanished)
        if self.has_problem is not None:
            sound = Q(problem="", findings=[])
            journeys = journeys.exclude(sound) if self.has_problem else journeys.filter(sound)
        for word in self.text.lower().split()[:WORDS_LIMIT]:
            journeys = journeys.filter(search_text__contains=word)
        return journeys


def journey_page(
    user: User, filters: JourneyFilters, order: Order, cursor: str, *, size: int = PAGE_SIZE
) -> KeysetPage[Journey]:
    """The page of the filtered list that a cursor leads to."""
    read = Journey.objects.defer(*NOT_LISTED).select_related("organization", "sandbox__organization")
    rows = filters.narrowed(Journey.objects.visible_to(user)).defer(*NOT_LISTED)
    walks = []
    if filters.organization_id is None and filters.sandbox_id is None:
        found = list(organizations_for_read(user).values_list("pk", flat=True)[: WALKS_LIMIT + 1])
        walks = [{"organization_id": pk} for pk in found] if len(found) <= WALKS_LIMIT else []
    return page(
        rows.select_related("organization", "sandbox__organization"), order, cursor, size=size, walks=walks, read=read
    )
