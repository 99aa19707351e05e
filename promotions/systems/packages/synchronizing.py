"""Reading an organization's packages, and the remote jobs that were started elsewhere."""

import time
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Organization
from clients.errors import ApiNotFoundError, ApiRejectedError
from clients.sandbox_tooling import RemoteJobRow, SandboxToolingClient
from promotions.choices import UNFINISHED, JobState
from promotions.engine.registry import Activity, Ending, Report, Unfinished
from promotions.engine.timeline import note
from promotions.models import Job, Package
from promotions.services import packages
from promotions.systems.listing import CLOCK_MARGIN, STALE_PAGES_LIMIT
from promotions.systems.markers import marker_of
from promotions.systems.packages import kinds, remote_jobs
from promotions.systems.packages.connection import tooling

PAGE_SIZE = 100
# A slice ends well within the task time limit; the next one goes on where it stopped.
SLICE_S = 60
FOREIGN_JOBS_SINCE = timedelta(days=90)
KINDS = {kinds.IMPORT: "IMPORT", kinds.PUBLISH: "EXPORT"}
# Jobs whose type only their detail tells, in one pass; the next one goes on.
ASKED_AT_MOST = 200
# A publishing whose job the platform never named to us is known by its time, whatever the clocks say.
PUBLISH_MARGIN = timedelta(hours=2)


class Synchronize(Activity):
    """A complete pass over the package list.

    The list has no modified-since filter, so every pass reads it all, and writes only what differs. Rows shift while
    paging: a pass goes on by the rows received, and what it did not meet is asked for by id before it counts as gone.
    """

    kind = kinds.SYNCHRONIZE
    label = "Synchronize packages"
    queue = "long"

    def run(self, job: Job, report: Report) -> Ending | Unfinished:
        state = job.params.get("slice") or {"start": 0, "seen": [], "written": 0, "is_listed": False}
        seen: dict[str, None] = dict.fromkeys(state["seen"])
        until = time.monotonic() + SLICE_S
        stale = 0
        with (
            tooling(job.organization) as client,
            closing(client.all_packages(start=state["start"], limit=PAGE_SIZE)) as pages,
        ):
            while not state["is_listed"]:
                page = next(pages)
                fresh = [package for package in page.items if package.id not in seen]
                seen.update(dict.fromkeys(package.id for package in fresh))
                state["written"] += packages.apply(job.organization, fresh)
                state["start"] += page.received
                state["promised"] = page.total or 0
                stale = 0 if fresh else stale + 1
                state["is_listed"] = not page.has_next or page.received == 0 or stale >= STALE_PAGES_LIMIT
                report("Reading packages", done=len(seen), total=max(page.total or 0, len(seen)))
                if time.monotonic() > until and not state["is_listed"]:
                    return Unfinished({**job.params, "slice": {**state, "seen": list(seen)}})
            vanished, left = self._look_for_missing(job.organization, client, set(seen), report, until)
        if left:
            return Unfinished({**job.params, "slice": {**state, "seen": [*seen, *left]}})
        result = {"read": len(seen), "changed": state["written"], "vanished": vanished}
        promised = state.get("promised", 0)
        # Totals move while rows come and go; a whole page that is missing is no such thing.
        if promised and promised - state["start"] >= min(PAGE_SIZE, promised):
            return Ending(
                state=JobState.SUCCEEDED_WITH_WARNINGS,
                problem=f"The platform's list ended after {state['start']} of {promised} packages. Those "
                "known here were asked for one by one; new ones come with a later synchronization, which starts by "
                "itself.",
                result=result,
            )
        return Ending(state=JobState.SUCCEEDED, result=result)

    def describe(self, job: Job) -> str:
        if "read" not in job.result:
            return ""
        found = job.result
        packages_read = "1 package" if found["read"] == 1 else f"{found['read']} packages"
        return f"{packages_read} read, {found['changed']} changed, {found['vanished']} no longer there."

    def _look_for_missing(
        self, organization: Organization, client: SandboxToolingClient, seen: set[str], report: Report, until: float
    ) -> tuple[int, list[str]]:
        """Ask for each package that the pass did not meet; returns how many are gone, and ids checked if time is up."""
        missing = [
            package
            for package in Package.objects.filter(organization=organization, vanished_at=None).only("pk", "remote_id")
            if package.remote_id not in seen
        ]
        vanished = 0
        checked: list[str] = []
        for package in missing:
            if time.monotonic() > until:
                return vanished, checked
            report(f"Looking for {len(missing)} packages that the list left out", done=len(checked), total=len(missing))
            try:
                packages.apply(organization, [client.get_package(package.remote_id)])
            except ApiRejectedError as error:
                if not _is_gone(error, client, seen):
                    raise
                packages.mark_vanished(package)
                vanished += 1
            checked.append(package.remote_id)
        return vanished, []


class DiscoverJobs(Activity):
    """Imports and publishes that were started elsewhere become jobs here, marked so, and are followed like ours."""

    kind = kinds.DISCOVER_JOBS
    label = "Look for jobs started elsewhere"

    def run(self, job: Job, report: Report) -> Ending:
        since = _unread_since(job)
        rows: dict[str, dict[str, RemoteJobRow]] = {}
        found, is_complete = 0, True
        with tooling(job.organization) as client:
            for kind, request_type in KINDS.items():
                words = f"Reading the list of {request_type.lower()} jobs"
                report(words)
                listing = remote_jobs.newest_first(
                    client,
                    request_type=request_type,
                    since=since,
                    on_page=partial(_tell_rows, report, words),
                )
                is_complete = is_complete and listing.is_complete
                rows[kind] = {row.id: row for row in remote_jobs.rows_since(listing.rows, since)}
            known = set(
                Job.objects.filter(organization=job.organization)
                .exclude(remote_id="")
                .values_list("remote_id", flat=True)
            )
            # A list that does not heed the filter names a job under every type: only its detail tells.
            unclear = rows[kinds.IMPORT].keys() & rows[kinds.PUBLISH].keys()
            if len(unclear - known) > ASKED_AT_MOST:
                is_complete = False
            for position, remote_id in enumerate(sorted(unclear - known)[:ASKED_AT_MOST]):
                report("Asking what the jobs do", done=position, total=len(unclear))
                row = rows[kinds.IMPORT][remote_id]
                told = _kind_of(client, row)
                if told is not None:
                    found += _take_in(job.organization, told, row)
            for kind, listed in rows.items():
                for remote_id in listed.keys() - known - unclear:
                    found += _take_in(job.organization, kind, listed[remote_id])
        return Ending(state=JobState.SUCCEEDED, result={"found": found, "is_complete": is_complete})

    def describe(self, job: Job) -> str:
        found = job.result.get("found")
        return "" if found is None else f"{found} {'job' if found == 1 else 'jobs'} found that had been unknown here."


def _is_gone(error: ApiRejectedError, client: SandboxToolingClient, seen: Iterable[str]) -> bool:
    """Whether a refusal means that there is no such package.

    A 404 without words of the service may also come from a door that leads nowhere; a package that was just listed
    tells: where it is found, the door is right.
    """
    if isinstance(error, ApiNotFoundError):
        return True
    listed = next(iter(seen), None)
    if error.status != 404 or listed is None:
        return False
    try:
        client.get_package(listed)
    except ApiRejectedError:
        return False
    return True


def _kind_of(client: SandboxToolingClient, row: RemoteJobRow) -> str | None:
    """Our kind for a remote job by its own account; None for a kind that is not followed here."""
    try:
        told = (client.get_job(row.id).request_type or "").upper()
    except ApiRejectedError:
        told = ""
    if not told:
        return kinds.IMPORT if row.target_sandbox else kinds.PUBLISH
    return next((kind for kind, request_type in KINDS.items() if request_type == told), None)


def _tell_rows(report: Report, words: str, rows: int) -> None:
    report(f"{words}: {rows} rows")


def _unread_since(job: Job) -> datetime:
    """What the last complete pass has seen need not be read again; clocks may differ by the margin."""
    horizon = timezone.now() - FOREIGN_JOBS_SINCE
    passes = Job.objects.filter(organization=job.organization, kind=job.kind, result__is_complete=True)
    last = passes.filter(state=JobState.SUCCEEDED).order_by("-created_at").first()
    return max(horizon, last.created_at - CLOCK_MARGIN) if last else horizon


@transaction.atomic
def _take_in(organization: Organization, kind: str, row: RemoteJobRow) -> bool:
    """Add one remote job unless it is known, or may yet turn out to be one of ours."""
    Organization.objects.select_for_update().get(pk=organization.pk)
    if Job.objects.filter(organization=organization, remote_id=row.id).exists() or _may_be_ours(
        organization, kind, row
    ):
        return False
    now = timezone.now()
    sandbox = organization.sandboxes.filter(name=row.target_sandbox).first() if row.target_sandbox else None
    foreign = Job.objects.create(
        kind=kind,
        title=(row.name or row.id)[:500],
        state=JobState.RUNNING,
        organization=organization,
        sandbox=sandbox if kind == kinds.IMPORT else None,
        is_foreign=True,
        remote_id=row.id,
        created_at=min(row.created_at or now, now),
        started_at=min(row.created_at or now, now),
        due_at=now,
        deadline_at=now + timedelta(days=2),
        result={"created_by": row.created_by, "description": row.description},
        raw=row.raw,
    )
    note(foreign, "Found in the platform's list; it was started elsewhere.")
    return True


def _may_be_ours(organization: Organization, kind: str, row: RemoteJobRow) -> bool:
    """A job whose answer was lost carries our marker (import), or the name of a package that we published then."""
    ours = Job.objects.filter(organization=organization, kind=kind, is_foreign=False)
    if kind == kinds.IMPORT:
        mark = marker_of(row.description)
        if mark:
            return ours.filter(marker=mark).exists()
        # An update carries no mark; one whose answer was lost is looked for by its name.
        lost = Job.objects.filter(organization=organization, kind=kinds.IMPORT_UPDATE, remote_id="", title=row.name)
        return lost.filter(state__in=UNFINISHED, submit_count__gt=0).exists()
    unnamed = ours.filter(remote_id="", title=row.name)
    if row.created_at is None:
        return unnamed.exists()
    around = (row.created_at - PUBLISH_MARGIN, row.created_at + PUBLISH_MARGIN)
    return unnamed.filter(Q(state__in=UNFINISHED) | Q(submit_at__range=around)).exists()
