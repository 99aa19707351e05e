"""Deleting a package: over when the platform no longer knows it."""

from typing import Any

from clients.errors import ApiNotFoundError
from promotions.choices import JobState, PackageStatus, ProblemKind, label
from promotions.engine.registry import Ending, LookUp, Report, Snapshot, Submitted
from promotions.models import Job, Package
from promotions.services import package_refusals, packages
from promotions.services.verbs import Verb
from promotions.systems.packages import kinds
from promotions.systems.packages.changing import PackageSubmission, package_of
from promotions.systems.packages.connection import tooling
from promotions.systems.packages.remote_packages import find
from promotions.systems.submission import nothing_sent

GONE = "DELETED"


class DeleteSubmission(PackageSubmission):
    kind = kinds.DELETE
    label = "Delete package"
    phrase = "Deletion of"
    accepted = Verb.DELETION_ACCEPTED
    act = "deleting"

    def recheck(self, job: Job, report: Report) -> Ending | None:
        package = package_of(job)
        report("Reading the package anew")
        with self._client(job) as client:
            remote = find(client, package.remote_id)
        if remote is None:
            if job.submit_count:
                return None  # sent before, and gone by now: the look-up tells
            packages.mark_vanished(package)
            return Ending(
                state=JobState.SUCCEEDED_WITH_WARNINGS,
                problem=f"“{package}” was gone already; nothing was sent.",
                result={"is_gone": True},
            )
        packages.apply(job.organization, [remote])
        seen = job.params["seen"]
        if remote.name[:500] != seen["name"] or remote.status[:64] != seen["status"]:
            status = label(PackageStatus, remote.status).lower()
            return nothing_sent(
                f"“{package}” has changed since it was looked at: it is called “{remote.name}” and {status} by now. "
                "Look at it, and ask again."
            )
        own = {job.pk}
        needed_by = [usage.text for usage in package_refusals.dependents(package, other_than=own) if usage.is_blocking]
        if needed_by:
            return nothing_sent(f"“{package}” is needed by now: {package_refusals.listed(needed_by)}.")
        return None

    def submit(self, job: Job, report: Report) -> Submitted:
        with self._client(job) as client:
            try:
                client.delete_package(package_of(job).remote_id)
            except ApiNotFoundError:
                return Submitted("", {"reason": "The platform does not know it."})  # gone, as was wanted
        return Submitted("", {})

    def wanted(self, job: Job) -> str:
        return "the package itself, which must be gone"

    def look_up(self, job: Job, report: Report) -> LookUp:
        report("Looking whether it is gone")
        return LookUp([""] if self._is_gone(job) else [], is_complete=True)

    def read(self, job: Job) -> Snapshot:
        with self._client(job) as client:
            remote = find(client, package_of(job).remote_id)
        status, raw = (GONE, {}) if remote is None else (remote.status, remote.raw)
        return Snapshot(status=status, is_over=True, done=int(remote is None), total=1, raw=raw, detail=remote)

    def record(self, job: Job, snapshot: Snapshot) -> None:
        if snapshot.detail is None:
            packages.mark_vanished(package_of(job))

    def verify(self, job: Job) -> bool:
        """Read once more while it is still there: what was just deleted can take a moment to go."""
        package = Package.objects.get(pk=package_of(job).pk)
        if package.vanished_at is None and self._is_gone(job):
            packages.mark_vanished(package)
            return True
        return package.vanished_at is not None

    def conclude(self, job: Job) -> Ending:
        package = Package.objects.get(pk=package_of(job).pk)
        if package.vanished_at is not None:
            return Ending(state=JobState.SUCCEEDED, result={"is_gone": True})
        return Ending(
            state=JobState.FAILED,
            problem_kind=ProblemKind.REMOTE_FAILURE,
            problem=f"The platform answered that it deleted “{package}”, yet still shows it. Delete it again, or ask "
            "the platform's support.",
        )

    def describe(self, job: Job) -> str:
        return "It is gone. What was imported from it stays." if job.result.get("is_gone") else ""

    def _is_gone(self, job: Job) -> bool:
        with self._client(job) as client:
            return find(client, package_of(job).remote_id) is None

    def _client(self, job: Job) -> Any:
        return tooling(job.organization, sandbox=package_of(job).source_sandbox or None)
