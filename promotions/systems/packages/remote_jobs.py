"""Reading the organization's list of remote jobs."""

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from clients.errors import ApiNotFoundError, ApiRejectedError
from clients.sandbox_tooling import RemoteJob, RemoteJobRow, SandboxToolingClient
from promotions.models import Job

PAGE_SIZE = 100
PAGES_LIMIT = 100
# Pages in a row that bring nothing new: such a list does not go on, whatever it says.
STALE_PAGES_LIMIT = 3
# Our clock and the platform's may differ, and a wrong "not there" would mean a second import.
CLOCK_MARGIN = timedelta(days=1)

# Documented job statuses (Adobe, Sandbox tooling API guide, appendix).
STATUSES = frozenset({"PENDING", "IN_PROGRESS", "SUCCESS", "FAILED", "CANCELLED"})
# Those that are ends; every other status, known or not, is followed on.
OVER = frozenset({"SUCCESS", "FAILED", "CANCELLED"})

_MARK = re.compile(r"towpath-[0-9a-f]{12}")


def status_of(raw: str) -> str:
    """A documented status however it is spelled; any other text as it came, as far as our column holds it."""
    plain = raw.strip().upper()
    return plain if plain in STATUSES else raw.strip()[:64]


def marked(description: str, marker: str) -> str:
    """The text sent as description: the person's words, then the mark by which the job is found again."""
    return f"{description} [{marker}]".strip()


def marker_of(description: str) -> str:
    """The mark that a description carries, however the platform has spelled what stands around it; the last counts."""
    found = _MARK.findall(description)
    return found[-1] if found else ""


@dataclass
class Listing:
    """Rows newest first. `is_complete` turns false if the list could not be read to the point asked for."""

    is_complete: bool = True
    rows: list[RemoteJobRow] = field(default_factory=list)


def newest_first(
    client: SandboxToolingClient,
    *,
    request_type: str,
    since: datetime,
    wanted: Collection[str] | None = None,
    on_page: Callable[[int], None] = lambda rows: None,
) -> Listing:
    """Jobs of one request type back to `since`, each once: rows shift down while new jobs come in.

    With `wanted` the reading ends when all those ids were met. `on_page` is told the number of rows so far.
    """
    listing = Listing(is_complete=False)
    missing = set(wanted or ())
    seen: set[str] = set()
    order = Order()
    start = 0
    total: int | None = None
    is_clean = True
    stale = 0
    reading = client.all_jobs(
        limit=PAGE_SIZE,
        filters=[f"requestType=={request_type}"],
        order_by="-created",
        # Other jobs may lie between those that are wanted: never more pages at once than those alone would fill.
        at_most=lambda: -(-len(missing) // PAGE_SIZE),
    )
    with closing(reading) as pages:
        for _, page in zip(range(PAGES_LIMIT), pages, strict=False):
            # A row that cannot be read may be the very one that is looked for.
            is_clean = is_clean and not page.malformed
            before = len(seen)
            for row in page.items:
                if row.id not in seen:
                    seen.add(row.id)
                    order.note(row.created_at)
                    # Where the filter goes unheeded, rows of the other types come along; some say so.
                    if row.request_type is None or row.request_type.upper() == request_type:
                        listing.rows.append(row)
            stale = stale + 1 if len(seen) == before else 0
            start += page.received
            on_page(start)
            missing -= seen
            if (wanted is not None and not missing) or order.has_passed(since):
                listing.is_complete = is_clean
                break
            total = page.total if page.total is not None else total
            if total is not None and start < total:
                if page.received == 0 or stale >= STALE_PAGES_LIMIT:  # more rows are promised, but none come
                    break
            elif not page.has_next:
                listing.is_complete = is_clean
                break
            elif stale >= STALE_PAGES_LIMIT:
                listing.is_complete = is_clean and total is not None and len(seen) >= total
                break
    return listing


class Order:
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


def rows_since(rows: list[RemoteJobRow], since: datetime) -> Iterator[RemoteJobRow]:
    """Rows not certainly older than `since`; a row without a time may be new."""
    return (row for row in rows if row.created_at is None or row.created_at >= since)


def detail(client: SandboxToolingClient, job: Job, *, request_type: str) -> RemoteJob:
    """The job with its tasks, or only its row of the list on a platform that shows no details."""
    try:
        return client.get_job(job.remote_id)
    except ApiNotFoundError:
        raise
    except ApiRejectedError as error:
        if error.status not in (404, 405):
            raise
        since = (job.started_at or job.created_at) - CLOCK_MARGIN
        listing = newest_first(client, request_type=request_type, since=since, wanted={job.remote_id})
        row = next((row for row in listing.rows if row.id == job.remote_id), None)
        if row is None:
            raise
    return RemoteJob(
        id=row.id,
        name=row.name,
        description=row.description,
        status=row.status,
        job_type=row.job_type,
        request_type=row.request_type,
        snapshot_id=None,
        source_sandbox=row.source_sandbox,
        target_sandbox=row.target_sandbox,
        created_at=row.created_at,
        modified_at=row.updated_at,
        tasks=(),
        replacements={},
        raw=row.raw,
    )
