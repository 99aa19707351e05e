"""Importing a package: sent once, followed task by task, verified by a second look."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.services import audit
from clients.sandbox_tooling import ArtifactRef, RemoteJob
from promotions.choices import Decision, JobState, PlanState, ProblemKind
from promotions.engine.registry import Ending, LookUp, Snapshot, Submission, Submitted
from promotions.models import Job, Plan, TaskResult
from promotions.services import plans
from promotions.services.verbs import Verb
from promotions.systems.packages import kinds, remote_jobs
from promotions.systems.packages.connection import default_sandbox, tooling
from promotions.systems.packages.results import read_results
from promotions.systems.packages.verdict import add_unmentioned, conclude
from promotions.systems.packages.verifying import verify


def marked(description: str, marker: str) -> str:
    """The text sent as description: the person's words, then the mark by which the job is found again."""
    return f"{description} [{marker}]".strip()


class ImportSubmission(Submission):
    """Import of a published package into a sandbox of the same organization."""

    kind = kinds.IMPORT
    label = "Import"
    request_type = "IMPORT"

    @property
    def deadline(self) -> timedelta:  # type: ignore[override]
        return timedelta(seconds=settings.SUBMIT_DEADLINE_S)

    @property
    def settle(self) -> timedelta:  # type: ignore[override]
        return timedelta(seconds=settings.SUBMIT_SETTLE_S)

    @property
    def follow_deadline(self) -> timedelta:  # type: ignore[override]
        return timedelta(hours=settings.FOLLOW_DEADLINE_HOURS)

    def recheck(self, job: Job) -> Ending | None:
        return plans.recheck(_plan(job))

    def submit(self, job: Job) -> Submitted:
        plan, promotion = _plan(job), _plan(job).promotion
        sandbox = promotion.target_sandbox.name
        with tooling(job.organization, sandbox=sandbox) as client:
            receipt = client.import_package(
                plan.facts["package"]["id"],
                target_sandbox=sandbox,
                name=promotion.job_name,
                description=marked(promotion.job_description, job.marker or ""),
                alternatives=_alternatives(plan),
            )
        return Submitted(receipt.job_id or None, receipt.raw)

    def look_up(self, job: Job) -> LookUp:
        since = (job.started_at or job.created_at) - remote_jobs.CLOCK_MARGIN
        with tooling(job.organization, sandbox=_sandbox_name(job)) as client:
            listing = remote_jobs.newest_first(client, request_type=self.request_type, since=since)
        mark = job.marker or ""
        ids = [row.id for row in listing.rows if mark and row.description.rstrip().endswith(f"[{mark}]")]
        return LookUp(ids, listing.is_complete)

    def list_statuses(self, jobs: Sequence[Job]) -> Mapping[int, str]:
        if not jobs:
            return {}
        since = min(job.started_at or job.created_at for job in jobs) - remote_jobs.CLOCK_MARGIN
        with tooling(jobs[0].organization) as client:
            listing = remote_jobs.newest_first(client, request_type=self.request_type, since=since, pages=3)
        statuses = {row.id: row.status for row in listing.rows}
        return {job.pk: statuses[job.remote_id] for job in jobs if job.remote_id in statuses}

    def read(self, job: Job) -> Snapshot:
        with tooling(job.organization, sandbox=_sandbox_name(job)) as client:
            remote = client.get_job(job.remote_id)
        total = job.plan.items.exclude(decision=Decision.CONFIRM).count() if job.plan else None
        return Snapshot(
            status=remote.status,
            is_over=remote.status in remote_jobs.OVER,
            done=len(remote.tasks),
            total=max(total, len(remote.tasks)) if total else None,
            raw=remote.raw,
            detail=remote,
        )

    def record(self, job: Job, snapshot: Snapshot) -> None:
        store_results(job, snapshot.detail)

    def verify(self, job: Job) -> None:
        plan = job.plan
        add_unmentioned(job)
        results = list(job.results.all())
        if plan is None or not results or not plan.facts["package"].get("artifacts"):
            return
        with tooling(job.organization, sandbox=_sandbox_name(job)) as client:
            conflicts = client.find_conflicts(plan.facts["package"]["id"], target_sandbox=_sandbox_name(job))
        findings = verify(results, conflicts, plan.facts["conflicts"])
        with transaction.atomic():
            for result in results:
                result.verification = findings[result.pk].verification
                result.verification_text = findings[result.pk].text
            TaskResult.objects.bulk_update(results, ["verification", "verification_text"])

    def conclude(self, job: Job) -> Ending:
        return conclude(job)

    def submitted(self, job: Job, *, how: str) -> None:
        audit.record(
            Verb.IMPORT_ACCEPTED,
            actor=job.requested_by,
            subject=job,
            details={"remote_id": job.remote_id, "marker": job.marker, "how": how, "sent": job.submit_count},
        )

    def ended(self, job: Job, ending: Ending) -> None:
        if job.is_foreign:
            return
        if job.plan is not None and job.submit_count == 0 and ending.problem_kind != ProblemKind.PLAN_CHANGED:
            # Nothing was sent: the plan may be run, or changed, again.
            Plan.objects.filter(pk=job.plan.pk, state=PlanState.READY).update(state=PlanState.OPEN)
        if ending.state != JobState.NEEDS_ATTENTION:
            audit.record(
                Verb.IMPORT_ENDED,
                actor=None,
                subject=job,
                reason=ending.problem,
                details={"state": ending.state, "remote_status": job.remote_status, **ending.result},
            )


def _plan(job: Job) -> Plan:
    if job.plan is None:
        raise TypeError("an import of ours has a plan")
    return job.plan


def _sandbox_name(job: Job) -> str:
    return job.sandbox.name if job.sandbox else default_sandbox(job.organization)


def _alternatives(plan: Plan) -> dict[str, ArtifactRef]:
    """Source id -> the existing object to use; what is created new is not named."""
    reused = plan.items.filter(decision=Decision.REUSE)
    return {item.remote_id: ArtifactRef(item.target["id"], item.target["type"]) for item in reused if item.target}


def store_results(job: Job, remote: RemoteJob) -> None:
    """Make the rows say what the platform says now; titles we know and it leaves out are filled in."""
    titles: dict[tuple[str, str], str] = {}
    if job.plan is not None:
        titles = {
            (artifact_type, remote_id): title
            for artifact_type, remote_id, title in job.plan.items.values_list("type", "remote_id", "title")
        }
    rows: list[dict[str, Any]] = []
    for position, found in enumerate(read_results(remote)):
        rows.append(
            {
                "position": position,
                "type": found.type[:64],
                "remote_id": found.remote_id[:500],
                "title": (found.title or titles.get((found.type, found.remote_id), ""))[:500],
                "new_id": found.new_id[:500],
                "claim": found.claim[:64],
                "outcome": found.outcome,
                "explanation": found.explanation,
                "messages": found.messages,
            }
        )
    TaskResult.objects.bulk_create(
        [TaskResult(job=job, **row) for row in rows],
        update_conflicts=True,
        unique_fields=["job", "type", "remote_id"],
        update_fields=["position", "title", "new_id", "claim", "outcome", "explanation", "messages"],
    )
