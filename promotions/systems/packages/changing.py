"""What the changes of one package have in common: the package itself tells whether they happened."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from clients.errors import ApiError
from clients.sandbox_tooling import ArtifactRef, RemotePackage, SandboxToolingClient
from promotions.choices import PUBLISHABLE, JobState, PackageStatus, ProblemKind, label
from promotions.engine.registry import Ending, LookUp, Report, Snapshot, Submitted
from promotions.models import Job, Package
from promotions.services import asked_expiries, building, package_names, package_refusals, packages
from promotions.services.verbs import Verb
from promotions.systems.packages.connection import tooling
from promotions.systems.packages.remote_packages import find
from promotions.systems.submission import RecordedSubmission, nothing_sent

Key = tuple[str, str]


class PackageSubmission(RecordedSubmission):
    """A write whose outcome is one package; it is over as soon as the package has been read."""

    noun = "package"
    closed = Verb.CHANGE_ENDED

    def list_statuses(self, jobs: Sequence[Job]) -> Mapping[int, str]:
        """None: each is read once."""
        return {}

    def advise(self, job: Job, exc: ApiError) -> str:
        """A free name, where the platform says that the one asked for is taken."""
        name = job.params.get("name", "")
        if not name or not package_names.is_about_a_name(exc.message):
            return ""
        free = package_names.free_name(job.organization, name)
        example = f"Free as far as is known here is, for example, “{free}”: try" if free else "Try"
        return f"{example} again under another name, or synchronize the packages to see the one that has it."


class PackageChange(PackageSubmission):
    """A change of a draft. It can be sent twice without harm, but is not sent onto anything else than was seen."""

    @abstractmethod
    def send(self, client: SandboxToolingClient, job: Job, package: Package) -> RemotePackage:
        """The one call that writes."""

    @abstractmethod
    def difference(self, job: Job, remote: RemotePackage) -> str:
        """What of the package is not as the person saw it, in sentences; empty if all is."""

    @abstractmethod
    def shows(self, job: Job, remote: RemotePackage) -> bool:
        """Whether some of the effect is there: then the write has happened."""

    @abstractmethod
    def is_whole(self, job: Job, remote: RemotePackage) -> bool:
        """Whether all of the effect is there."""

    @abstractmethod
    def shortfalls(self, job: Job, package: Package) -> list[str]:
        """What of the package as read afterwards is not as asked, each as a sentence, the expiry apart."""

    def asked_expiry(self, job: Job, package: Package) -> datetime | None:
        """The expiry that is asked for along with the change, so that it is not reset."""
        return asked_expiries.asked_expiry(package)

    def recheck(self, job: Job, report: Report) -> Ending | None:
        package = package_of(job)
        report("Reading the package anew")
        with self._client(job) as client:
            remote = find(client, package.remote_id)
        if remote is None:
            packages.mark_vanished(package)
            return nothing_sent(f"“{package}” is no longer at the platform.")
        packages.apply(job.organization, [remote])
        if job.submit_count and self.shows(job, remote):
            return None  # sent before: it may be that very call, and the look-up decides
        if remote.status not in PUBLISHABLE:
            status = label(PackageStatus, remote.status).lower()
            return nothing_sent(
                f"“{package}” is {status} by now, and its content is frozen. Clone it into a new draft."
            )
        if difference := self.difference(job, remote):
            return nothing_sent(
                f"“{package}” has changed since it was looked at. {difference} Look at it, and ask again."
            )
        return None

    def submit(self, job: Job, report: Report) -> Submitted:
        with self._client(job) as client:
            remote = self.send(client, job, package_of(job))
        return Submitted("", remote.raw)

    def wanted(self, job: Job) -> str:
        return "the change in the package itself"

    def look_up(self, job: Job, report: Report) -> LookUp:
        report("Reading the package")
        with self._client(job) as client:
            remote = find(client, package_of(job).remote_id)
        return LookUp([""] if remote is not None and self.shows(job, remote) else [], is_complete=True)

    def read(self, job: Job) -> Snapshot:
        with self._client(job) as client:
            remote = find(client, package_of(job).remote_id)
        status, raw = (remote.status, remote.raw) if remote is not None else ("", {})
        return Snapshot(status=status, is_over=True, done=1, total=1, raw=raw, detail=remote)

    def record(self, job: Job, snapshot: Snapshot) -> None:
        self._store(job, snapshot.detail)

    def verify(self, job: Job) -> bool:
        """Read once more: what was just written can take a moment to show."""
        with self._client(job) as client:
            remote = find(client, package_of(job).remote_id)
        self._store(job, remote)
        return remote is None or self.is_whole(job, remote)

    def conclude(self, job: Job) -> Ending:
        package = Package.objects.get(pk=package_of(job).pk)
        if package.vanished_at is not None:
            return Ending(
                state=JobState.FAILED,
                problem_kind=ProblemKind.REMOTE_FAILURE,
                problem=f"The platform took the change, but “{package}” is no longer there: somebody deleted it.",
                result={"is_complete": False},
            )
        shortfalls = self.shortfalls(job, package)
        asked = self.asked_expiry(job, package)
        return concluded(package, shortfalls, asked_expiries.differing_expiry(package, asked))

    def describe(self, job: Job) -> str:
        return described(job)

    def _store(self, job: Job, remote: RemotePackage | None) -> None:
        if remote is None:
            packages.mark_vanished(package_of(job))
            return
        packages.apply(job.organization, [remote])
        packages.name_artifacts(package_of(job), titles(job))

    def _client(self, job: Job) -> Any:
        return tooling(job.organization, sandbox=package_of(job).source_sandbox or None)


def concluded(package: Package, shortfalls: Sequence[str], expiry: str) -> Ending:
    """How a write ended that made the package what it is now; another expiry alone leaves it complete."""
    result = {
        "is_complete": not shortfalls,
        "objects": package.artifact_count,
        "expires_at": package.expires_at.isoformat() if package.expires_at else None,
    }
    if not shortfalls and not expiry:
        return Ending(state=JobState.SUCCEEDED, result=result)
    words = [*shortfalls, *([f"{expiry} Edit the package to ask for it again."] if expiry else [])]
    return Ending(state=JobState.SUCCEEDED_WITH_WARNINGS, problem=" ".join(words), result=result)


def described(job: Job) -> str:
    """What the package holds, and when it expires, once the write is over."""
    number = job.result.get("objects")
    if number is None:
        return ""
    expires_at = job.result.get("expires_at")
    holds = f"The package holds {number} {'object' if number == 1 else 'objects'}"
    return f"{holds}; it expires on {expires_at[:10]}." if expires_at else f"{holds}."


def package_of(job: Job) -> Package:
    if job.package is None:
        raise TypeError("a change of a package has a package")
    return job.package


def asked_objects(job: Job) -> dict[Key, str]:
    """The objects of the write, with the titles that were given."""
    return {(one["type"], one["id"]): one.get("title", "") for one in job.params.get("artifacts", [])}


def titles(job: Job) -> dict[Key, str]:
    return {key: title for key, title in asked_objects(job).items() if title}


def refs(job: Job) -> list[ArtifactRef]:
    return [ArtifactRef(remote_id, artifact_type) for artifact_type, remote_id in asked_objects(job)]


def keys(remote: RemotePackage) -> set[Key]:
    return {(artifact.type, artifact.id) for artifact in remote.artifacts}


def held(package: Package) -> dict[Key, str]:
    rows = package.artifacts.values_list("type", "remote_id", "title")
    return {(artifact_type, remote_id): title for artifact_type, remote_id, title in rows}


def words(found: Collection[Key], named: Mapping[Key, str]) -> str:
    """Objects in a sentence, the first of them by name."""
    return package_refusals.listed([building.in_words(*key, named.get(key, "")) for key in sorted(found)])


def objects(number: int) -> str:
    return f"{number} {'object' if number == 1 else 'objects'}"


def are_or_is(number: int) -> str:
    return "is" if number == 1 else "are"


def moment(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None
