"""Reading the lists of sharing, newest first."""

from collections.abc import Callable, Collection, Generator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from clients.sandbox_sharing import Page
from promotions.systems.packages.remote_jobs import CLOCK_MARGIN, PAGES_LIMIT, STALE_PAGES_LIMIT, Order

__all__ = ["CLOCK_MARGIN", "PAGE_SIZE", "STALE_PAGES_LIMIT", "Listing", "newest_first"]

PAGE_SIZE = 100


class Row(Protocol):
    """What both lists tell of each row."""

    @property
    def id(self) -> str: ...

    @property
    def created_at(self) -> datetime | None: ...


R = TypeVar("R", bound=Row)


@dataclass
class Listing(Generic[R]):
    """Rows newest first. `is_complete` turns false if the list could not be read to the point asked for."""

    is_complete: bool = False
    rows: list[R] = field(default_factory=list)


def newest_first(
    reading: Generator[Page[R], None, None],
    *,
    since: datetime | None = None,
    wanted: Collection[str] | None = None,
    on_page: Callable[[int], object] = lambda rows: None,
) -> Listing[R]:
    """Rows back to `since`, or all of them, each once: rows shift down while new ones come in.

    With `wanted` the reading ends when all those ids were met. `on_page` is told the number of rows so far.
    """
    listing: Listing[R] = Listing()
    missing = set(wanted or ())
    seen: set[str] = set()
    order = Order()
    start, stale = 0, 0
    is_clean = True
    with closing(reading) as pages:
        for _, page in zip(range(PAGES_LIMIT), pages, strict=False):
            # A row that cannot be read may be the very one that is looked for.
            is_clean = is_clean and not page.malformed
            fresh = [row for row in page.items if row.id not in seen]
            for row in fresh:
                if row.id not in seen:
                    seen.add(row.id)
                    order.note(row.created_at)
                    listing.rows.append(row)
            start += page.received
            stale = 0 if fresh else stale + 1
            on_page(start)
            missing -= seen
            if (wanted is not None and not missing) or (since is not None and order.has_passed(since)):
                listing.is_complete = is_clean
                break
            is_promised = page.total is not None and start < page.total
            if not page.has_next and not is_promised:
                listing.is_complete = is_clean
                break
            if page.received == 0 or stale >= STALE_PAGES_LIMIT:  # more rows are promised, but none come
                break
    return listing
