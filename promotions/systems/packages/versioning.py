"""Versions of a package: reading their list, and saving a new one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from accounts.services import audit
from clients.errors import ApiError, ApiNotFoundError, ApiRejectedError
from clients.sandbox_tooling import RemotePackage, SandboxToolingClient
from clients.sandbox_versions import RemoteVersion, RemoteVersionJob, VersioningClient
from promotions.choices import JobState, PackageStatus, ProblemKind, label
from promotions.engine.registry import Activity, Ending, LookUp, Report, Snapshot, Submitted
from promotions.models import Job, Package
from promotions.services import packages, versions
from promotions.services.verbs import Verb
from promotions.systems.listing import CLOCK_MARGIN
from promotions.systems.packages import kinds, remote_jobs
from promotions.systems.packages.connection import default_sandbox, platform
from promotions.systems.submission import TimedSubmission

_NO_ROUTE = (404, 405)


def package_of(job: Job) -> Package:
    if job.package is None:
        raise TypeError("a job about versions has a package")
    return job.package


@contextmanager
def clients_of(job: Job) -> Iterator[tuple[SandboxToolingClient, VersioningClient]]:
    """Both clients on one connection, naming the package's own sandbox."""
    package = package_of(job)
    sandbox = package.source_sandbox or default_sandbox(job.organization)
    with platform(job.organization) as connection:
        yield SandboxToolingClient(connection, sandbox=sandbox), VersioningClient(connection, sandbox=sandbox)


def note_if_unknown(job: Job, error: ApiRejectedError, tooling: SandboxToolingClient) -> None:
    """Remember that the platform knows a call with none of its verbs, if it still knows the package itself."""
    if error.status not in _NO_ROUTE:
        return
    try:
        tooling.get_package(package_of(job).remote_id)
    except ApiError:
        return
    versions.note_lack(job)


def read_offered(job: Job, tooling: SandboxToolingClient, report: Report) -> RemotePackage | Ending:
    """The package as it is now, or why its versions cannot be worked with."""
    package = package_of(job)
    report("Reading the package")
    try:
        remote = tooling.get_package(package.remote_id, with_capabilities=True)
    except ApiNotFoundError:
        packages.mark_vanished(package)
        return _refused(f"“{package}” is no longer at the platform.")
    packages.apply(job.organization, [remote])
    # A platform that is asked and names none has none.
    Package.objects.filter(pk=package.pk).update(capabilities=list(remote.capabilities or ()))
    if remote.status != PackageStatus.PUBLISHED:
        words = label(PackageStatus, remote.status).lower()
        return _refused(f"“{package}” is {words}; only a published package has versions.")
    if not remote.is_versionable:
        return _refused(f"The platform does not offer versions for “{package}”.")
    return remote


def read_versions(job: Job, client: VersioningClient, report: Report) -> Sequence[RemoteVersion] | Ending:
    """The list of versions, which is kept with the package; an ending where the platform does not know such lists.

    To be called when the package was just found: then a 404 speaks of the call.
    """
    package = package_of(job)
    report("Reading the versions")
    try:
        found = client.list_versions(package.remote_id)
    except ApiRejectedError as error:
        if error.status not in _NO_ROUTE:
            raise
        return lacking(job)
    versions.store_versions(package, found)
    return found


def lacking(job: Job) -> Ending:
    """Remember that the platform does not know the calls, and say so."""
    versions.note_lack(job)
    return _refused(
        f"The platform of {job.organization} does not know the calls for versions of packages, so they are no longer "
        "offered here for a while.",
        kind=ProblemKind.REJECTED,
    )


def _refused(reason: str, *, kind: ProblemKind = ProblemKind.PLAN_CHANGED) -> Ending:
    return Ending(state=JobState.FAILED, problem_kind=kind, problem=f"Nothing was changed. {reason}")


class ReadHistory(Activity):
    """Reads the versions of a package and keeps them with it."""

    kind = kinds.READ_HISTORY
    label = "Read versions"

    def run(self, job: Job, report: Report) -> Ending:
        with clients_of(job) as (tooling, client):
            remote = read_offered(job, tooling, report)
            if isinstance(remote, Ending):
                return remote
            found = read_versions(job, client, report)
        if isinstance(found, Ending):
            return found
        return Ending(state=JobState.SUCCEEDED, result={"versions": len(found)})

    def describe(self, job: Job) -> str:
        number = job.result.get("versions")
        return "" if number is None else f"{number} saved {'version' if number == 1 else 'versions'}."


class VersionSubmission(TimedSubmission):
    """What the writes around versions share: the package is asked first, and their jobs are found by its id."""

    request_type = "VERSION"
    job_type: str

    def recheck(self, job: Job, report: Report) -> Ending | None:
        with clients_of(job) as (tooling, client):
            remote = read_offered(job, tooling, report)
            if isinstance(remote, Ending):
                return remote
            found = read_versions(job, client, report)
        return found if isinstance(found, Ending) else None

    def note_before(self, job: Job) -> dict[str, Any]:
        with clients_of(job) as (tooling, client):
            newest = _newest(client.list_versions(package_of(job).remote_id))
            listing = self.jobs_of_package(job, tooling)
        return {"version": newest, "jobs": None if listing is None else [row_id for row_id, _ in listing.ids]}

    def list_statuses(self, jobs: Sequence[Job]) -> Mapping[int, str]:
        """None: these jobs are few, and the list says nothing of what they found."""
        return {}

    def record(self, job: Job, snapshot: Snapshot) -> None:
        """Nothing object by object."""

    def jobs_of_package(self, job: Job, tooling: SandboxToolingClient) -> "PackageJobs | None":
        """The platform's jobs of this kind for the package; None where it does not list them.

        Their names end in the package's id (samples of Adobe's guide, "Package versioning").
        """
        since = (job.started_at or job.created_at) - CLOCK_MARGIN
        try:
            listing = remote_jobs.newest_first(tooling, request_type=self.request_type, since=since)
        except ApiRejectedError:
            return None
        rows = [
            row
            for row in listing.rows
            if package_of(job).remote_id in row.name and (row.job_type or self.job_type).upper() == self.job_type
        ]
        return PackageJobs([(row.id, row.target_sandbox) for row in rows], listing.is_complete)

    def newer_jobs(self, job: Job, tooling: SandboxToolingClient) -> "PackageJobs":
        """Those that were not there before ours was sent, and belong to no other job here."""
        before = job.params.get("before", {}).get("jobs")
        listing = self.jobs_of_package(job, tooling)
        if listing is None or before is None:
            return PackageJobs([], is_complete=False)
        others = Job.objects.filter(organization=job.organization, is_foreign=False).exclude(pk=job.pk)
        ids = [row_id for row_id, _ in listing.ids]
        left_out = {
            *before,
            *job.params.get("dismissed", []),
            *others.filter(remote_id__in=ids).values_list("remote_id", flat=True),
        }
        return PackageJobs([found for found in listing.ids if found[0] not in left_out], listing.is_complete)

    def send(self, job: Job, call: Callable[[VersioningClient], RemoteVersionJob]) -> RemoteVersionJob:
        """The one call; a platform that knows it with no verb is remembered."""
        with clients_of(job) as (tooling, client):
            try:
                return call(client)
            except ApiRejectedError as error:
                note_if_unknown(job, error, tooling)
                raise


class PackageJobs:
    """Ids and target sandboxes of the platform's jobs for one package."""

    def __init__(self, ids: Sequence[tuple[str, str | None]], is_complete: bool) -> None:
        self.ids = ids
        self.is_complete = is_complete


def _newest(found: Sequence[RemoteVersion]) -> int:
    return max((version.package_version or 0 for version in found), default=0)


class SaveVersion(VersionSubmission):
    """Saves what the package's objects are now as its next version; the list of versions tells whether it is there."""

    kind = kinds.SAVE_VERSION
    label = "Save version"
    job_type = "UPGRADE"
    noun = "version job"

    def wanted(self, job: Job) -> str:
        return "one more version in the package's list, or a job that saves one"

    def submit(self, job: Job, report: Report) -> Submitted:
        remote = self.send(job, lambda client: client.save_version(package_of(job).remote_id))
        return Submitted(remote.id, remote.raw)

    def look_up(self, job: Job, report: Report) -> LookUp:
        """One version more than before is ours; so is a new job that saves one. Several are for a person to tell."""
        with clients_of(job) as (tooling, client):
            report("Reading the versions")
            newer = _newer(job, client.list_versions(package_of(job).remote_id))
            report("Looking for the job")
            found = self.newer_jobs(job, tooling)
        ids = [row_id for row_id, _ in found.ids]
        if len(newer) > 1:
            return LookUp([version.id for version in newer], is_complete=True)
        if newer:
            return LookUp(ids if len(ids) == 1 else [""], is_complete=True)
        return LookUp(ids, is_complete=found.is_complete)

    def read(self, job: Job) -> Snapshot:
        with clients_of(job) as (tooling, client):
            listed = client.list_versions(package_of(job).remote_id)
            if _newer(job, listed):
                return Snapshot(status="SUCCESS", is_over=True, done=1, total=1, raw=job.raw, detail=listed)
            if not job.remote_id:
                return Snapshot(status="PENDING", is_over=False, done=0, total=1, raw=job.raw, detail=listed)
            remote = remote_jobs.detail(tooling, job, request_type=self.request_type)
        status = remote_jobs.status_of(remote.status)
        return Snapshot(
            status=status, is_over=status in remote_jobs.OVER, done=0, total=1, raw=remote.raw, detail=listed
        )

    def record(self, job: Job, snapshot: Snapshot) -> None:
        versions.store_versions(package_of(job), snapshot.detail)

    def verify(self, job: Job) -> bool:
        """The list may show the version a moment after its job has ended."""
        if job.remote_status != "SUCCESS" or self._saved(job):
            return True
        with clients_of(job) as (_, client):
            listed = client.list_versions(package_of(job).remote_id)
        versions.store_versions(package_of(job), listed)
        return bool(_newer(job, listed))

    def conclude(self, job: Job) -> Ending:
        package = package_of(job)
        saved = self._saved(job)
        if job.remote_status != "SUCCESS":
            words = job.remote_status.lower() or "no status"
            return Ending(
                state=JobState.FAILED,
                problem_kind=ProblemKind.REMOTE_FAILURE,
                problem=f"The platform could not save a new version of “{package}”: its job says {words}. Nothing "
                "of it is in the list of versions. Save it again.",
            )
        if not saved:
            return Ending(
                state=JobState.SUCCEEDED_WITH_WARNINGS,
                problem="The platform reports SUCCESS, but its list of versions does not show a new one. Read the "
                "versions again before you save another.",
            )
        return Ending(state=JobState.SUCCEEDED, result={"version": saved})

    def describe(self, job: Job) -> str:
        return f"Saved as version {job.result['version']}." if job.result.get("version") else ""

    def submitted(self, job: Job, *, how: str) -> None:
        audit.record(
            Verb.VERSION_ACCEPTED,
            actor=job.requested_by,
            subject=job,
            details={"remote_id": job.remote_id, "how": how, "sent": job.submit_count},
        )

    def ended(self, job: Job, ending: Ending) -> None:
        if not job.is_foreign and ending.state != JobState.NEEDS_ATTENTION:
            audit.record(
                Verb.VERSION_ENDED,
                actor=None,
                subject=job,
                reason=ending.problem,
                details={"state": ending.state, "remote_status": job.remote_status, **ending.result},
            )

    def _saved(self, job: Job) -> str:
        """The number of the version that came, as the kept list shows it."""
        before = _before(job)
        rows = Package.objects.values_list("versions", flat=True).get(pk=package_of(job).pk) or []
        found = [row for row in rows if str(row["version"]).isdigit() and int(row["version"]) > before]
        ours = [row for row in found if job.remote_id and row["id"] == job.remote_id] or found
        # The oldest of those that are new: later ones are somebody else's.
        return str(ours[-1]["version"]) if ours else ""


def _before(job: Job) -> int:
    return int(job.params.get("before", {}).get("version") or 0)


def _newer(job: Job, found: Sequence[RemoteVersion]) -> list[RemoteVersion]:
    before = _before(job)
    return [version for version in found if (version.package_version or 0) > before]
