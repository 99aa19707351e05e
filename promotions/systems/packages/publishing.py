"""Publishing a package: a GET that writes, sent once, followed by the package's own status."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.services import audit
from clients.errors import ApiError
from clients.sandbox_tooling import RemoteJob, RemotePackage
from promotions.choices import PUBLISHABLE, JobState, PackageStatus, PackageType, ProblemKind, label
from promotions.engine.registry import Ending, LookUp, Report, Snapshot, Submitted
from promotions.models import Job, Package
from promotions.services import asked_expiries, packages
from promotions.services.verbs import Verb
from promotions.systems.packages import kinds, remote_jobs
from promotions.systems.packages.connection import tooling
from promotions.systems.packages.importing import store_results
from promotions.systems.packages.verdict import conclude
from promotions.systems.submission import TimedSubmission, nothing_sent

_OVER = (PackageStatus.PUBLISHED, PackageStatus.PUBLISH_FAILED)


class PublishSubmission(TimedSubmission):
    """Publishing of a draft, or again after a failed attempt."""

    kind = kinds.PUBLISH
    label = "Publish"
    phrase = "Publishing of"
    request_type = "EXPORT"

    def recheck(self, job: Job, report: Report) -> Ending | None:
        remote = self._package(job)
        if job.submit_count and _has_moved(remote, job.params["before"]):
            return None  # sent before: what moved it may be that very call, and the look-up decides
        if remote.status not in PUBLISHABLE:
            return nothing_sent(f"The package is {label(PackageStatus, remote.status).lower()} already.")
        if remote.package_type == PackageType.PARTIAL and not remote.artifacts:
            return nothing_sent("The package is empty. Add objects to it before publishing.")
        return None

    def note_before(self, job: Job) -> dict[str, Any]:
        remote = self._package(job)
        return {
            "version": remote.version,
            "status": remote.status,
            "modified_at": remote.modified_at.replace(microsecond=0).isoformat() if remote.modified_at else None,
        }

    def submit(self, job: Job, report: Report) -> Submitted:
        with self._client(job) as client:
            receipt = client.publish_package(_package(job).remote_id, expiry_days=job.params.get("expiry_days"))
        return Submitted(receipt.job_id or None, receipt.raw)

    def look_up(self, job: Job, report: Report) -> LookUp:
        """The package itself tells: publishing moves its status and raises its version."""
        remote = self._package(job)
        return LookUp([""] if _has_moved(remote, job.params["before"]) else [], is_complete=True)

    def list_statuses(self, jobs: Sequence[Job]) -> Mapping[int, str]:
        """None: the job list names no package, and the package's own status is the one that counts."""
        return {}

    def read(self, job: Job) -> Snapshot:
        if job.package is None:
            return self._read_job(job)
        remote = self._package(job)
        is_over = remote.status in _OVER and _has_moved(remote, job.params.get("before", {}))
        return Snapshot(
            status=remote.status, is_over=is_over, done=int(is_over), total=1, raw=remote.raw, detail=remote
        )

    def _read_job(self, job: Job) -> Snapshot:
        with self._client(job) as client:
            remote = remote_jobs.detail(client, job, request_type=self.request_type)
        status = remote_jobs.status_of(remote.status)
        return Snapshot(
            status=status,
            is_over=status in remote_jobs.OVER,
            done=len(remote.tasks),
            total=None,
            raw=remote.raw,
            detail=remote,
        )

    def record(self, job: Job, snapshot: Snapshot) -> None:
        if isinstance(snapshot.detail, RemoteJob):
            store_results(job, snapshot.detail)
        else:
            packages.apply(job.organization, [snapshot.detail])

    def verify(self, job: Job) -> bool:
        """Read the job's own account of a failure, where the platform named a job."""
        if job.package is None or job.remote_status == PackageStatus.PUBLISHED or not job.remote_id:
            return True
        try:
            snapshot = self._read_job(job)
        except ApiError:
            return True  # the package says that it failed; the reasons are an extra that the platform may not give
        store_results(job, snapshot.detail)
        return True

    def conclude(self, job: Job) -> Ending:
        if job.package is None:
            if job.remote_status == "SUCCESS" and not job.results.exists():
                return Ending(state=JobState.SUCCEEDED)  # publishing freezes a list; it need not name its objects
            return conclude(job)
        if job.remote_status == PackageStatus.PUBLISHED:
            return Ending(state=JobState.SUCCEEDED)
        reasons = " ".join(f"{found.explanation.rstrip('.')}." for found in job.results.all() if found.explanation)
        return Ending(
            state=JobState.FAILED,
            problem_kind=ProblemKind.REMOTE_FAILURE,
            problem=f"The platform could not publish “{job.package}”. {reasons or 'It gives no reason.'} "
            "Remove the cause, then publish it again.",
        )

    def submitted(self, job: Job, *, how: str) -> None:
        self._note_expiry(job)
        audit.record(
            Verb.PUBLISH_ACCEPTED,
            actor=job.requested_by,
            subject=job,
            details={"remote_id": job.remote_id, "how": how, "sent": job.submit_count},
        )

    def ended(self, job: Job, ending: Ending) -> None:
        if not job.is_foreign and ending.state != JobState.NEEDS_ATTENTION:
            audit.record(
                Verb.PUBLISH_ENDED,
                actor=None,
                subject=job,
                reason=ending.problem,
                details={"state": ending.state, "remote_status": job.remote_status},
            )

    def _note_expiry(self, job: Job) -> None:
        """The days asked for count from now; where they only repeat the date asked for before, that stays exact."""
        days = job.params.get("expiry_days")
        if job.package is None or days is None:
            return
        asked, before = timezone.now() + timedelta(days=days), job.package.asked_expires_at
        if before is None or not timedelta(0) <= asked - before <= asked_expiries.PUBLISHED_EXPIRY_TOLERANCE:
            packages.note_asked_expiry(job.package, asked)

    def _client(self, job: Job) -> Any:
        sandbox = job.package.source_sandbox if job.package else ""
        return tooling(job.organization, sandbox=sandbox or None)

    def _package(self, job: Job) -> RemotePackage:
        with self._client(job) as client:
            remote: RemotePackage = client.get_package(_package(job).remote_id)
        return remote


def _package(job: Job) -> Package:
    if job.package is None:
        raise TypeError("a publish job of ours has a package")
    return job.package


def _has_moved(remote: RemotePackage, before: Mapping[str, Any]) -> bool:
    """Whether somebody has published, or tried to, since it was noted; a draft was at most edited."""
    if remote.status == PackageStatus.DRAFT:
        return False
    if remote.status != before.get("status"):
        return True
    if remote.version is not None and before.get("version") is not None:
        return bool(remote.version != before["version"])
    modified_at = remote.modified_at.replace(microsecond=0).isoformat() if remote.modified_at else None
    return None not in (modified_at, before.get("modified_at")) and modified_at != before["modified_at"]
