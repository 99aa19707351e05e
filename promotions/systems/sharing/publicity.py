"""Making a package public, which nobody can take back."""

from collections.abc import Mapping, Sequence

from clients.sandbox_tooling import RemotePackage
from promotions.choices import JobState, PackageStatus, ProblemKind, Visibility
from promotions.engine.registry import Ending, LookUp, Report, Snapshot, Submitted
from promotions.models import Job, Package
from promotions.services import packages, sharing_consent
from promotions.services.verbs import Verb
from promotions.systems.packages.connection import tooling
from promotions.systems.sharing import kinds
from promotions.systems.sharing.submission import SharingSubmission
from promotions.systems.sharing.transferring import package_of, read_package, reasons_not_to_send
from promotions.systems.submission import nothing_sent


class PublicitySubmission(SharingSubmission):
    """The package itself tells: it is over as soon as it has been read again."""

    kind = kinds.PUBLICITY
    label = "Make public"
    phrase = "Making public of"
    accepted = Verb.PACKAGE_MADE_PUBLIC
    act = "making public"
    noun = "package"

    def partner_ids(self, job: Job) -> list[str]:
        """None: everybody is meant."""
        return []

    def recheck(self, job: Job, report: Report) -> Ending | None:
        if ending := sharing_consent.lost(job):
            return ending
        report("Reading the package anew")
        remote = read_package(job)
        if remote is not None and is_public(remote):
            # Sent before: what made it public may be that very call, and the look-up decides.
            return None if job.submit_count else nothing_sent(f"“{package_of(job)}” is public already.")
        reasons = reasons_not_to_send(job, remote)
        return nothing_sent(" ".join(reasons)) if reasons else None

    def submit(self, job: Job, report: Report) -> Submitted:
        package = package_of(job)
        with tooling(job.organization, sandbox=package.source_sandbox or None) as client:
            remote = client.make_public(package.remote_id)
        return Submitted("", remote.raw)

    def wanted(self, job: Job) -> str:
        return "the visibility of the package itself"

    def look_up(self, job: Job, report: Report) -> LookUp:
        report("Reading the package")
        remote = read_package(job)
        return LookUp([""] if remote is not None and is_public(remote) else [], is_complete=True)

    def list_statuses(self, jobs: Sequence[Job]) -> Mapping[int, str]:
        """None: each is read once."""
        return {}

    def read(self, job: Job) -> Snapshot:
        remote = read_package(job)
        status, raw = (remote.visibility, remote.raw) if remote is not None else ("", {})
        return Snapshot(status=status[:64], is_over=True, done=1, total=1, raw=raw, detail=remote)

    def record(self, job: Job, snapshot: Snapshot) -> None:
        if snapshot.detail is not None:
            packages.apply(job.organization, [snapshot.detail])

    def verify(self, job: Job) -> bool:
        """Read once more while it is still private: what was just written can take a moment to show."""
        if _is_known_public(job):
            return True
        remote = read_package(job)
        return remote is None or is_public(remote)

    def conclude(self, job: Job) -> Ending:
        package = Package.objects.get(pk=package_of(job).pk)
        if not _is_known_public(job):
            return Ending(
                state=JobState.FAILED,
                problem_kind=ProblemKind.REMOTE_FAILURE,
                problem=f"The platform answered that it made “{package}” public, yet shows it as private. Ask for it "
                "again, or ask the platform’s support.",
            )
        if package.status != PackageStatus.PUBLISHED:
            return Ending(
                state=JobState.SUCCEEDED_WITH_WARNINGS,
                problem=f"“{package}” is public, and {package.status_label.lower()} at the same time: nobody can pull "
                "it until it is published.",
            )
        return Ending(state=JobState.SUCCEEDED)

    def describe(self, job: Job) -> str:
        return "It is public; whoever has its payload can pull it." if job.state == JobState.SUCCEEDED else ""


def is_public(remote: RemotePackage) -> bool:
    return remote.visibility.upper() == Visibility.PUBLIC


def _is_known_public(job: Job) -> bool:
    visibility = Package.objects.values_list("visibility", flat=True).get(pk=package_of(job).pk)
    return visibility.upper() == Visibility.PUBLIC
