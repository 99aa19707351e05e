"""Comparing a package with a sandbox: computed by the platform, followed until the result is there."""

from promotions.choices import JobState, ProblemKind
from promotions.engine.registry import Ending, LookUp, Report, Snapshot, Submitted
from promotions.models import Job
from promotions.services import versions
from promotions.systems.packages import kinds, remote_jobs
from promotions.systems.packages.versioning import VersionSubmission, clients_of, package_of


class CompareSubmission(VersionSubmission):
    """A comparison changes nothing lasting, and is asked for once all the same; its progress is read by other calls."""

    kind = kinds.COMPARE
    label = "Check for updates"
    job_type = "COMPUTE"
    noun = "comparison"

    def wanted(self, job: Job) -> str:
        return "a new job that compares this package"

    def submit(self, job: Job, report: Report) -> Submitted:
        package_id, target = package_of(job).remote_id, _target(job)
        remote = self.send(job, lambda client: client.compare(package_id, target_sandbox=target, trigger_new=True))
        is_taken = Job.objects.filter(organization=job.organization, remote_id=remote.id).exclude(pk=job.pk).exists()
        # A platform may answer with a comparison that it made before.
        return Submitted("" if is_taken else remote.id, remote.raw)

    def look_up(self, job: Job, report: Report) -> LookUp:
        report("Looking for the job")
        with clients_of(job) as (tooling, _):
            found = self.newer_jobs(job, tooling)
        target = _target(job)
        ids = [row_id for row_id, sandbox in found.ids if target is None or sandbox in (None, target)]
        # Of several any will do: each compares the same. Without a list it is asked for again, which harms nothing.
        return LookUp(ids[:1], is_complete=True)

    def read(self, job: Job) -> Snapshot:
        with clients_of(job) as (_, client):
            remote = client.compare(package_of(job).remote_id, target_sandbox=_target(job))
        if remote.id != job.remote_id and remote.id in (job.params.get("before", {}).get("jobs") or []):
            # The former one is still shown: what it found is older than the question.
            return Snapshot(status="PENDING", is_over=False, done=0, total=1, raw=remote.raw)
        status = remote_jobs.status_of(remote.status)
        is_over = status in remote_jobs.OVER
        return Snapshot(status=status, is_over=is_over, done=int(is_over), total=1, raw=remote.raw, detail=remote.delta)

    def record(self, job: Job, snapshot: Snapshot) -> None:
        if snapshot.is_over and snapshot.status == "SUCCESS" and snapshot.detail is not None:
            numbers = versions.store_comparison(
                package_of(job),
                snapshot.detail,
                target=_target(job) or package_of(job).source_sandbox,
                at=job.submit_at or job.created_at,
                job=job,
            )
            Job.objects.filter(pk=job.pk).update(result=numbers)
            job.result = numbers

    def conclude(self, job: Job) -> Ending:
        target = _target(job) or "its own sandbox"
        if job.remote_status != "SUCCESS":
            words = job.remote_status.lower() or "no status"
            return Ending(
                state=JobState.FAILED,
                problem_kind=ProblemKind.REMOTE_FAILURE,
                problem=f"The platform could not compare “{package_of(job)}” with {target}: its job says {words}. "
                "Check for updates again.",
            )
        if "changes" not in job.result:
            return Ending(
                state=JobState.SUCCEEDED_WITH_WARNINGS,
                problem="The platform reports SUCCESS, but tells neither differences nor that there are none. Check "
                "for updates again.",
            )
        return Ending(state=JobState.SUCCEEDED, result=job.result)

    def describe(self, job: Job) -> str:
        if "changes" not in job.result:
            return ""
        changes, objects = job.result["changes"], job.result["objects"]
        if not changes:
            return f"No differences from {_target(job) or 'its own sandbox'}."
        return (
            f"{changes} {'difference' if changes == 1 else 'differences'} in {objects} "
            f"{'object' if objects == 1 else 'objects'}; the page of the package shows them."
        )


def _target(job: Job) -> str | None:
    return job.params.get("target") or None
