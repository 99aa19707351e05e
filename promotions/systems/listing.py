"""Reading a list of the platform, newest first, while rows come in: each once, and no more certainty than there is."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from clients.sandbox_tooling import Page

PAGES_LIMIT = 100
# Pages in a row that bring nothing new: such a list does not go on, whatever it says.
STALE_PAGES_LIMIT = 3
# Our clock and the platform's may differ, and a wrong "not there" would mean that something is sent twice.
CLOCK_MARGIN = timedelta(days=1)


class Row(Protocol):
    """What every list tells of each row."""

    @property
    def id(self) -> str: ...

    @property
    def created_at(self) -> datetime | None: ...


R = TypeVar("R", bound=Row)


@dataclass
class Listing(Generic[R]):
    """Rows newest first. `is_complete` is false if the list could not be read to the point asked for."""

    is_complete: bool = False
    rows: list[R] = field(default_factory=list)


def newest_first(
    reading: Generator[Page[R], None, None],
    *,
    since: datetime | None = None,
    missing: set[str] | None = None,
    is_total_kept: bool = False,
    on_page: Callable[[int], object] = lambda rows: None,
) -> Listing[R]:
    """Rows back to `since`, or all of them, each once: rows shift down while new ones come in.

    With `missing` the reading ends when all those ids were met; they leave the set as they come. With `is_total_kept`
    the total that a page names holds for the pages after it that name none, and as many rows are the whole of a list
    that then repeats itself. `on_page` is told the number of rows so far.
    """
    listing: Listing[R] = Listing()
    seen: set[str] = set()
    order = _Order()
    start, stale = 0, 0
    total: int | None = None
    is_clean = True
    with closing(reading) as pages:
        for _, page in zip(range(PAGES_LIMIT), pages, strict=False):
            # A row that cannot be read may be the very one that is looked for.
            is_clean = is_clean and not page.malformed
            before = len(seen)
            for row in page.items:
                if row.id not in seen:
                    seen.add(row.id)
                    order.note(row.created_at)
                    listing.rows.append(row)
            stale = stale + 1 if len(seen) == before else 0
            start += page.received
            on_page(start)
            if missing is not None:
                missing -= seen
            if (missing is not None and not missing) or (since is not None and order.has_passed(since)):
                listing.is_complete = is_clean
                break
            if page.total is not None or not is_total_kept:
                total = page.total
            if total is not None and start < total:
                if page.received == 0 or stale >= STALE_PAGES_LIMIT:  # more rows are promised, but none come
                    break
            elif not page.has_next:
                listing.is_complete = is_clean
                break
            elif stale >= STALE_PAGES_LIMIT:
                listing.is_complete = is_clean and is_total_kept and total is not None and len(seen) >= total
                break
    return listing


class _Order:
    """Whether rows really come newest first: only then does an old one mean that no newer ones follow.

    Rows of one moment show no order at all.
    """

    def __init__(self) -> None:
        self._oldest: datetime | None = None
        self._is_kept = True
        self._is_shown = False

    def note(self, created_at: datetime | None) -> None:
        if created_at is None:
            return
        # A second of tolerance: times just written are more precise than those read again.
        if self._oldest is not None and created_at > self._oldest + timedelta(seconds=1):
            self._is_kept = False
        if self._oldest is not None and created_at < self._oldest:
            self._is_shown = True
        self._oldest = created_at if self._oldest is None else min(self._oldest, created_at)

    def has_passed(self, since: datetime) -> bool:
        return self._is_kept and self._is_shown and self._oldest is not None and self._oldest < since
