"""Reading the organization's list of remote jobs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from clients.sandbox_tooling import RemoteJobRow, SandboxToolingClient

PAGE_SIZE = 100
PAGES_LIMIT = 100
# Our clock and the platform's may differ, and a wrong "not there" would mean a second import.
CLOCK_MARGIN = timedelta(days=1)

# Remote job statuses that are ends; every other one, known or not, is followed on.
OVER = frozenset({"SUCCESS", "FAILED", "CANCELLED"})


@dataclass
class Listing:
    """Rows newest first. `is_complete` turns false if the list could not be read to the point asked for."""

    is_complete: bool = True
    rows: list[RemoteJobRow] = field(default_factory=list)


def newest_first(
    client: SandboxToolingClient, *, request_type: str, since: datetime, pages: int = PAGES_LIMIT
) -> Listing:
    """Jobs of one request type back to `since`, each once: rows shift down while new jobs come in."""
    listing = Listing(is_complete=False)
    seen: set[str] = set()
    start = 0
    is_clean = True
    for _ in range(pages):
        page = client.list_jobs(
            start=start, limit=PAGE_SIZE, filters=[f"requestType=={request_type}"], order_by="-created"
        )
        # A row that cannot be read may be the very one that is looked for.
        is_clean = is_clean and not page.malformed
        for row in page.items:
            if row.id not in seen:
                seen.add(row.id)
                listing.rows.append(row)
        reached = any(row.created_at is not None and row.created_at < since for row in page.items)
        if reached or not page.has_next:
            listing.is_complete = is_clean
            break
        if page.received == 0:  # "more rows" is promised, but none come
            break
        start += page.received
    return listing


def rows_since(rows: list[RemoteJobRow], since: datetime) -> Iterator[RemoteJobRow]:
    """Rows not certainly older than `since`; a row without a time may be new."""
    return (row for row in rows if row.created_at is None or row.created_at >= since)
