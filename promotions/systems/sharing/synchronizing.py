"""Reading an organization's partnerships and transfers: both directions, both types."""

import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.models import Organization
from clients.errors import ApiAuthError, ApiRejectedError, AuthProblem
from clients.sandbox_sharing import Direction as ListDirection
from clients.sandbox_sharing import Page, SharingClient, TransferType
from promotions.choices import Direction, JobState, ProblemKind
from promotions.engine import faults
from promotions.engine.registry import Activity, Ending, Report, Unfinished
from promotions.models import Job
from promotions.services import arrivals, partner_names, partnerships, transfers
from promotions.systems.listing import STALE_PAGES_LIMIT
from promotions.systems.sharing import kinds
from promotions.systems.sharing.connection import sharing

PAGE_SIZE = 100
# A slice ends well within the task time limit; the next one goes on where it stopped.
SLICE_S = 60


@dataclass
class Pass:
    """How far a pass has come; kept in the job between two slices."""

    position: int = 0
    start: int = 0
    seen: list[str] = field(default_factory=list)
    is_clean: bool = True
    began_at: str = ""
    partnerships: int = 0
    transfers: int = 0
    changed: int = 0
    vanished: int = 0
    refusals: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)

    def next(self, found: int, *, is_partnership: bool) -> None:
        self.position += 1
        self.start, self.seen, self.is_clean, self.began_at = 0, [], True, ""
        if is_partnership:
            self.partnerships += found
        else:
            self.transfers += found


LISTS: tuple[tuple[str, Direction | TransferType], ...] = (
    ("incoming partnerships", Direction.INCOMING),
    ("outgoing partnerships", Direction.OUTGOING),
    ("private transfers", TransferType.PRIVATE),
    ("public transfers", TransferType.PUBLIC),
)


class SynchronizeSharing(Activity):
    """A complete pass over four lists; only what differs is written. Rows shift while paging: each counts once."""

    kind = kinds.SYNCHRONIZE
    label = "Synchronize sharing"
    queue = "long"

    def run(self, job: Job, report: Report) -> Ending | Unfinished:
        now = Pass(**job.params.get("slice", {}))
        until = time.monotonic() + SLICE_S
        with sharing(job.organization) as client:
            while now.position < len(LISTS):
                name, which = LISTS[now.position]
                is_partnership = isinstance(which, Direction)
                try:
                    is_read = self._read(client, job.organization, now, report, until)
                except (ApiAuthError, ApiRejectedError) as error:
                    if not _is_not_offered(error):
                        raise
                    now.refusals.append(f"{name}: {faults.words(error)}")
                    now.next(0, is_partnership=is_partnership)
                    continue
                if not is_read:
                    return Unfinished({**job.params, "slice": asdict(now)})
                now.next(len(now.seen), is_partnership=is_partnership)
        partner_names.fill(job.organization)
        arrivals.find_arrivals(job.organization)
        return _ending(job.organization, now)

    def _read(self, client: SharingClient, organization: Organization, now: Pass, report: Report, until: float) -> bool:
        """Read one list on from where the last slice stopped; False if the time is up before its end."""
        name, which = LISTS[now.position]
        now.began_at = now.began_at or timezone.now().isoformat()
        seen = set(now.seen)
        stale = 0
        with closing(_pages(client, which, now.start)) as pages:
            for page in pages:
                fresh = list({row.id: row for row in page.items if row.id not in seen}.values())
                seen.update(row.id for row in fresh)
                now.seen = list(seen)
                now.changed += _store(organization, which, fresh)
                now.start += page.received
                now.is_clean = now.is_clean and not page.malformed
                stale = 0 if fresh else stale + 1
                report(f"Reading {name}", done=len(seen), total=max(page.total or 0, len(seen)))
                is_promised = page.total is not None and len(seen) < page.total
                if not page.has_next or page.received == 0 or stale >= STALE_PAGES_LIMIT:
                    # An end that nothing bears out, or that comes before anything, does not show what is gone.
                    if is_promised or (page.total is None and (page.has_next or not seen)):
                        now.is_clean = False
                    if page.total is not None and page.total - now.start >= PAGE_SIZE:
                        now.cut.append(name)
                    break
                if time.monotonic() > until:
                    return False
        if isinstance(which, Direction) and now.is_clean:
            read_since = datetime.fromisoformat(now.began_at)
            now.vanished += partnerships.mark_vanished(organization, which, seen, read_since=read_since)
        return True

    def describe(self, job: Job) -> str:
        found = job.result
        if "transfers" not in found:
            return ""
        return (
            f"{_number(found['partnerships'], 'partnership')} and {_number(found['transfers'], 'transfer')} read, "
            f"{found['changed']} changed, {found['vanished']} no longer there."
        )


def _pages(client: SharingClient, which: Direction | TransferType, start: int) -> Generator[Page[Any], None, None]:
    if isinstance(which, Direction):
        return client.all_partnerships(ListDirection(which.name), start=start, limit=PAGE_SIZE)
    return client.all_transfers(which, start=start, limit=PAGE_SIZE)


def _store(organization: Organization, which: Direction | TransferType, rows: Sequence[Any]) -> int:
    if isinstance(which, Direction):
        return len(partnerships.apply(organization, rows, direction=which))
    return len(transfers.apply(organization, rows))


def _is_not_offered(error: ApiAuthError | ApiRejectedError) -> bool:
    """Whether the credential lacks the right to share, or the platform has no such call."""
    if isinstance(error, ApiAuthError):
        return error.reason == AuthProblem.PERMISSION
    return error.status in (403, 404, 405)


def _ending(organization: Organization, now: Pass) -> Ending:
    """Where nothing may be read, the routine asks more and more rarely: only good ends keep its pace."""
    result = {name: getattr(now, name) for name in ("partnerships", "transfers", "changed", "vanished")}
    if len(now.refusals) == len(LISTS):
        return Ending(
            state=JobState.CANCELLED,
            problem_kind=ProblemKind.REJECTED,
            problem=f"The platform does not let {organization} see what is shared. {_upper(now.refusals[0])}. "
            "Sharing needs the permission package-share: ask an administrator of the platform to give it to the "
            "credential. Everything else works without it.",
        )
    sentences = [f"{_upper(refusal)}." for refusal in now.refusals]
    if now.refusals:
        sentences.append("The other lists were read.")
    if now.cut:
        sentences.append(f"The platform’s list of {' and of '.join(now.cut)} ended before all that it promised.")
    if sentences:
        return Ending(state=JobState.SUCCEEDED_WITH_WARNINGS, problem=" ".join(sentences), result=result)
    return Ending(state=JobState.SUCCEEDED, result=result)


def _number(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else f'{noun}s'}"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
