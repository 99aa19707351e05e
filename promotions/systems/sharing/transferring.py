"""Sending a published package to a partner, and following the transfer for as long as it takes."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.utils import timezone

from clients.errors import ApiNotFoundError, ApiRejectedError
from clients.sandbox_sharing import RemoteTransfer, TransferType
from clients.sandbox_tooling import RemotePackage
from promotions.choices import (
    OVER_TRANSFERS,
    Direction,
    JobState,
    PackageStatus,
    ProblemKind,
    TransferStatus,
    label,
)
from promotions.engine.registry import Ending, LookUp, Report, Snapshot, Submitted
from promotions.models import Job, Package, Transfer
from promotions.services import chain, packages, sharing_consent, transfers
from promotions.services.verbs import Verb
from promotions.systems.listing import CLOCK_MARGIN, Listing, newest_first
from promotions.systems.packages.connection import tooling
from promotions.systems.packages.remote_packages import find
from promotions.systems.sharing import kinds
from promotions.systems.sharing.asking import is_approved, is_with, partner, partner_id, read_partnerships
from promotions.systems.sharing.connection import sharing
from promotions.systems.sharing.submission import SharingSubmission
from promotions.systems.submission import nothing_sent, unknown_ids

# Adobe, draft of the transfer page of the Sandbox tooling API guide: seven steps, and a line that names the end.
STEPS = 8
_END = "Finished with status"


class FollowedTransfer(SharingSubmission):
    """A write that starts a transfer, which has an id, a status and steps."""

    request_type: ClassVar[TransferType]
    noun = "transfer"

    @property
    def follow_deadline(self) -> timedelta | None:  # type: ignore[override]
        """None: public samples show transfers of a day and a half."""
        return None

    @property
    def search_deadline(self) -> timedelta:
        return timedelta(hours=settings.FOLLOW_DEADLINE_HOURS)

    @abstractmethod
    def is_of(self, job: Job, row: RemoteTransfer) -> bool:
        """Whether a transfer carries what this job sends to whom it sends it."""

    def note_before(self, job: Job) -> dict[str, Any]:
        """The transfers of this package to this organization that are there already."""
        with sharing(job.organization) as client:
            listing = newest_first(client.all_transfers(self.request_type), since=timezone.now() - 2 * CLOCK_MARGIN)
        return {"ids": [row.id for row in listing.rows if self.is_of(job, row)], "is_complete": listing.is_complete}

    def look_up(self, job: Job, report: Report) -> LookUp:
        since = (job.started_at or job.created_at) - CLOCK_MARGIN
        report("Looking through the transfers")
        with sharing(job.organization) as client:
            listing = newest_first(
                client.all_transfers(self.request_type),
                since=since,
                on_page=lambda rows: report(f"Looking through {rows} transfers"),
            )
        rows = [row for row in listing.rows if self.is_of(job, row)]
        new = unknown_ids(job, [row.id for row in rows if row.created_at is None or row.created_at >= since])
        is_certain = job.params.get("before", {}).get("is_complete", False)
        return LookUp(
            new if is_certain else [],
            listing.is_complete,
            similar=[] if is_certain else new,
            since=since,
            rows=len(listing.rows),
        )

    def list_statuses(self, jobs: Sequence[Job]) -> Mapping[int, str]:
        """Those of which the list tells nothing new; where a step has been added, the transfer itself is read."""
        if not jobs:
            return {}
        wanted = {job.remote_id for job in jobs}
        since = min(job.started_at or job.created_at for job in jobs) - CLOCK_MARGIN
        organization = jobs[0].organization
        with sharing(organization) as client:
            listing = newest_first(client.all_transfers(self.request_type), since=since, missing=set(wanted))
        rows = {row.id: row for row in listing.rows if row.id in wanted}
        stored = dict(
            Transfer.objects.filter(organization=organization, remote_id__in=wanted).values_list("remote_id", "steps")
        )
        return {
            job.pk: rows[job.remote_id].status[:64]
            for job in jobs
            if job.remote_id in rows
            and (not rows[job.remote_id].messages or list(rows[job.remote_id].messages) == stored.get(job.remote_id))
        }

    def read(self, job: Job) -> Snapshot:
        remote = self._detail(job)
        return Snapshot(
            status=remote.status[:64],
            is_over=remote.status in OVER_TRANSFERS,
            done=min(len(remote.messages), STEPS),
            total=STEPS,
            raw=remote.raw,
            detail=remote,
        )

    def record(self, job: Job, snapshot: Snapshot) -> None:
        transfers.apply(job.organization, [snapshot.detail])
        stored = _stored(job)
        if stored is not None:
            chain.transfer_changed(stored)

    def conclude(self, job: Job) -> Ending:
        result = {"status": job.remote_status}
        if job.remote_status == TransferStatus.COMPLETED:
            return Ending(state=JobState.SUCCEEDED, result=result)
        stored = _stored(job)
        return Ending(
            state=JobState.FAILED,
            problem_kind=ProblemKind.REMOTE_FAILURE,
            problem=f"The platform could not bring it there. {_last_words(stored.steps if stored else [])} Remove the "
            "cause, if it is known, then ask to have it sent again; the platform itself repeats nothing.",
            result=result,
        )

    def _detail(self, job: Job) -> RemoteTransfer:
        """The transfer, or its row of the list on a platform that shows no single ones."""
        with sharing(job.organization) as client:
            try:
                return client.get_transfer(job.remote_id)
            except ApiNotFoundError:
                raise
            except ApiRejectedError as error:
                if error.status not in (404, 405):
                    raise
                since = (job.started_at or job.created_at) - CLOCK_MARGIN
                listing: Listing[RemoteTransfer] = newest_first(
                    client.all_transfers(self.request_type), since=since, missing={job.remote_id}
                )
                row = next((row for row in listing.rows if row.id == job.remote_id), None)
                if row is None:
                    raise
                return row


class TransferSubmission(FollowedTransfer):
    """One package to one partner: an answer that was lost then concerns one only."""

    kind = kinds.TRANSFER
    label = "Transfer"
    accepted = Verb.PACKAGE_SENT
    act = "sending"
    request_type = TransferType.PRIVATE

    def is_of(self, job: Job, row: RemoteTransfer) -> bool:
        return row.package_id == package_of(job).remote_id and row.target_id == partner_id(job)

    def recheck(self, job: Job, report: Report) -> Ending | None:
        if ending := sharing_consent.lost(job):
            return ending
        report("Reading the package anew")
        remote = read_package(job)
        if reasons := reasons_not_to_send(job, remote):
            return nothing_sent(" ".join(reasons))
        for direction in Direction:
            report(f"Reading the {direction.label.lower()} partnerships")
            rows = read_partnerships(job, direction).rows
            if any(is_with(partner_id(job), direction, row) and is_approved(row) for row in rows):
                return None
        return nothing_sent(
            f"There is no approved partnership with {partner_id(job)} any more. Ask to share it again: that asks for "
            "the partnership first."
        )

    def submit(self, job: Job, report: Report) -> Submitted:
        with sharing(job.organization) as client:
            started = client.share_package(package_of(job).remote_id, [partner_id(job)])
        found = [one for one in started if one.target_id == partner_id(job)] or list(started)
        return Submitted(found[0].id, found[0].raw) if len(found) == 1 else Submitted(None, {})

    def wanted(self, job: Job) -> str:
        return f"a new transfer of “{package_of(job)}” to {partner_id(job)}"

    def whereof(self, job: Job) -> str:
        return f"“{package_of(job)}” to {partner(job)}"

    def submitted(self, job: Job, *, how: str) -> None:
        self.let_partners_see(job)
        super().submitted(job, how=how)

    def describe(self, job: Job) -> str:
        if job.result.get("status") != TransferStatus.COMPLETED:
            return ""
        return "The platform says that the partner has it."


def package_of(job: Job) -> Package:
    if job.package is None:
        raise TypeError("a job of this kind has a package")
    return job.package


def read_package(job: Job) -> RemotePackage | None:
    """The job's package as it is now, which is kept; None if it is gone."""
    package = package_of(job)
    with tooling(job.organization, sandbox=package.source_sandbox or None) as client:
        remote = find(client, package.remote_id)
    if remote is None:
        packages.mark_vanished(package)
    else:
        packages.apply(job.organization, [remote])
    return remote


def reasons_not_to_send(job: Job, remote: RemotePackage | None) -> list[str]:
    """Why the package is not what was agreed to, or cannot be given to anybody now, in sentences."""
    package = package_of(job)
    if remote is None:
        return [f"“{package}” is no longer at the platform."]
    reasons = sharing_consent.changes(job, remote)
    if remote.status != PackageStatus.PUBLISHED and not reasons:
        reasons.append(f"“{package}” is not published any more: it says “{label(PackageStatus, remote.status)}”.")
    if remote.expires_at is not None and remote.expires_at <= timezone.now():
        reasons.append(
            f"“{package}” expired on {remote.expires_at:%Y-%m-%d}. Clone it, and publish and share the clone."
        )
    return reasons


def _stored(job: Job) -> Transfer | None:
    return Transfer.objects.filter(organization=job.organization, remote_id=job.remote_id).first()


def _last_words(steps: Sequence[str]) -> str:
    """How far it came, and what the platform said last."""
    if not steps:
        return "It gives no reason."
    done = [step for step in steps if not step.startswith(_END)]
    after = f"The last step of {STEPS} that it names is number {len(done)}, “{done[-1]}”." if done else ""
    said = f"It says: “{steps[-1]}”." if not done or steps[-1] != done[-1] else ""
    return f"{after} {said}".strip()
