"""Reading the organization's list of remote jobs."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime

from clients.errors import ApiNotFoundError, ApiRejectedError
from clients.sandbox_tooling import RemoteJob, RemoteJobRow, SandboxToolingClient
from promotions.models import Job
from promotions.systems import listing
from promotions.systems.listing import CLOCK_MARGIN, Listing

PAGE_SIZE = 100

# Documented job statuses (Adobe, Sandbox tooling API guide, appendix).
STATUSES = frozenset({"PENDING", "IN_PROGRESS", "SUCCESS", "FAILED", "CANCELLED"})
# Those that are ends; every other status, known or not, is followed on.
OVER = frozenset({"SUCCESS", "FAILED", "CANCELLED"})


def status_of(raw: str) -> str:
    """A documented status however it is spelled; any other text as it came, as far as our column holds it."""
    plain = raw.strip().upper()
    return plain if plain in STATUSES else raw.strip()[:64]


def newest_first(
    client: SandboxToolingClient,
    *,
    request_type: str,
    since: datetime,
    wanted: Collection[str] | None = None,
    on_page: Callable[[int], object] = lambda rows: None,
) -> Listing[RemoteJobRow]:
    """Jobs of one request type back to `since`. With `wanted` the reading ends when all those ids were met."""
    missing = set(wanted or ())
    found = listing.newest_first(
        client.all_jobs(
            limit=PAGE_SIZE,
            filters=[f"requestType=={request_type}"],
            order_by="-created",
            # Other jobs may lie between those that are wanted: never more pages at once than those alone would fill.
            at_most=lambda: -(-len(missing) // PAGE_SIZE),
        ),
        since=since,
        missing=missing if wanted is not None else None,
        is_total_kept=True,
        on_page=on_page,
    )
    # Where the filter goes unheeded, rows of the other types come along; some say so.
    found.rows = [row for row in found.rows if row.request_type is None or row.request_type.upper() == request_type]
    return found


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
        found = newest_first(client, request_type=request_type, since=since, wanted={job.remote_id})
        row = next((row for row in found.rows if row.id == job.remote_id), None)
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
