"""Reading an organization's list of packages, and whether one of them is gone."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime

from clients.errors import ApiNotFoundError, ApiRejectedError
from clients.sandbox_tooling import RemotePackage, SandboxToolingClient
from promotions.systems.packages.remote_jobs import CLOCK_MARGIN, PAGES_LIMIT, STALE_PAGES_LIMIT, Order

__all__ = ["CLOCK_MARGIN", "Listing", "find", "newest_first"]

PAGE_SIZE = 100


@dataclass
class Listing:
    """Rows newest first. `is_complete` turns false if the list could not be read to the point asked for."""

    is_complete: bool = True
    rows: list[RemotePackage] = field(default_factory=list)


def newest_first(
    client: SandboxToolingClient, *, since: datetime | None, on_page: Callable[[int], None] = lambda rows: None
) -> Listing:
    """Packages back to `since`, or all of them, each once: rows shift down while new ones come in."""
    listing = Listing(is_complete=False)
    seen: set[str] = set()
    order = Order()
    start, stale = 0, 0
    is_clean = True
    with closing(client.all_packages(limit=PAGE_SIZE)) as pages:
        for _, page in zip(range(PAGES_LIMIT), pages, strict=False):
            # A row that cannot be read may be the very one that is looked for.
            is_clean = is_clean and not page.malformed
            fresh = [row for row in page.items if row.id not in seen]
            for row in fresh:
                seen.add(row.id)
                order.note(row.created_at)
                listing.rows.append(row)
            start += page.received
            stale = 0 if fresh else stale + 1
            on_page(start)
            if since is not None and order.has_passed(since):
                listing.is_complete = is_clean
                break
            is_promised = page.total is not None and start < page.total
            if not page.has_next and not is_promised:
                listing.is_complete = is_clean
                break
            if page.received == 0 or stale >= STALE_PAGES_LIMIT:  # more rows are promised, but none come
                break
    return listing


def find(client: SandboxToolingClient, package_id: str) -> RemotePackage | None:
    """One package; None if it is gone.

    Some revisions of the API refuse an unknown id as a bad request (Adobe, OpenAPI file of sandbox tooling): what is
    refused and in no row of the whole list is gone, too.
    """
    try:
        return client.get_package(package_id)
    except ApiNotFoundError:
        return None
    except ApiRejectedError:
        listing = newest_first(client, since=None)
        if not listing.is_complete or any(row.id == package_id for row in listing.rows):
            raise
        return None
