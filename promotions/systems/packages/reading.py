"""Reading one package anew, and the objects that could go into one."""

from clients.errors import ApiNotFoundError
from promotions.choices import ArtifactType, JobState, ProblemKind, label
from promotions.engine.registry import Activity, Ending, Report
from promotions.models import Job
from promotions.services import packages
from promotions.systems.packages import kinds
from promotions.systems.packages.changing import package_of
from promotions.systems.packages.connection import tooling

# A list for a person to choose from; whoever has more pastes ids.
OBJECTS_KEPT = 2000


class ReadPackage(Activity):
    """One package, with what the platform offers for it."""

    kind = kinds.READ_PACKAGE
    label = "Read package"

    def run(self, job: Job, report: Report) -> Ending:
        package = package_of(job)
        with tooling(job.organization, sandbox=package.source_sandbox or None) as client:
            report("Reading the package")
            try:
                remote = client.get_package(package.remote_id, with_capabilities=True)
            except ApiNotFoundError:
                packages.mark_vanished(package)
                return Ending(
                    state=JobState.FAILED,
                    problem_kind=ProblemKind.REJECTED,
                    problem=f"“{package}” is no longer at the platform. It is kept here, since the record names it.",
                )
        packages.apply(job.organization, [remote])
        packages.store_capabilities(job.organization, remote)
        return Ending(
            state=JobState.SUCCEEDED,
            result={"capabilities": None if remote.capabilities is None else list(remote.capabilities)},
        )

    def describe(self, job: Job) -> str:
        if "capabilities" not in job.result:
            return ""
        offered = job.result["capabilities"]
        return (
            f"The platform offers for it: {', '.join(offered)}." if offered else "The platform names nothing it offers."
        )


class ReadObjects(Activity):
    """The objects of one type in a sandbox, where the platform still has the call, which Adobe has withdrawn."""

    kind = kinds.READ_OBJECTS
    label = "Read objects"

    def run(self, job: Job, report: Report) -> Ending:
        artifact_type, sandbox = job.params["type"], job.params["sandbox"]
        with tooling(job.organization, sandbox=sandbox) as client:
            report(f"Reading the objects of {sandbox}")
            try:
                found = client.list_artifacts(artifact_type)
            except ApiNotFoundError:
                return Ending(state=JobState.SUCCEEDED, result={"is_offered": False, "objects": []})
        unique = {artifact.id: artifact.title or "" for artifact in found if artifact.id}
        rows = sorted(unique.items(), key=lambda row: (row[1].lower(), row[0]))
        return Ending(
            state=JobState.SUCCEEDED,
            result={
                "is_offered": True,
                "objects": [{"id": remote_id, "title": title} for remote_id, title in rows[:OBJECTS_KEPT]],
                "is_cut": len(rows) > OBJECTS_KEPT,
            },
        )

    def describe(self, job: Job) -> str:
        if "is_offered" not in job.result:
            return ""
        if not job.result["is_offered"]:
            return "The platform offers no lists of objects. Paste ids or addresses instead."
        number = len(job.result["objects"])
        cut = f", the first {number}" if job.result.get("is_cut") else f", {number}"
        return f"{label(ArtifactType, job.params['type'])} objects of {job.params['sandbox']}{cut}."
