"""Importing a package: sent once, followed task by task, verified by a second look."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from clients.errors import ApiRejectedError
from clients.sandbox_tooling import ArtifactRef, RemoteJob, RemoteJobRow
from promotions.choices import Decision, Verification
from promotions.engine.registry import Ending, LookUp, Report, Snapshot, Submitted
from promotions.models import Job, Plan, TaskResult
from promotions.systems.listing import CLOCK_MARGIN
from promotions.systems.markers import marked, marker_of
from promotions.systems.packages import kinds, remote_jobs
from promotions.systems.packages.connection import default_sandbox, tooling
from promotions.systems.packages.results import read_results
from promotions.systems.packages.verdict import add_unmentioned, conclude, in_words
from promotions.systems.packages.verifying import verify
from promotions.systems.plan_runs import PlanRun, plan_of

# How far the clocks may differ when a job of the same name is taken for a possible trace of ours.
LOOKALIKE_MARGIN = timedelta(hours=2)
DETAILS_AT_MOST = 20

_RESULT_FIELDS = ("position", "title", "new_id", "claim", "outcome", "explanation", "messages")


class ImportSubmission(PlanRun):
    """Import of a published package into a sandbox of the same organization."""

    kind = kinds.IMPORT
    label = "Import"
    request_type = "IMPORT"

    def submit(self, job: Job, report: Report) -> Submitted:
        plan, promotion = plan_of(job), plan_of(job).promotion
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

    def look_up(self, job: Job, report: Report) -> LookUp:
        since = (job.started_at or job.created_at) - CLOCK_MARGIN
        with tooling(job.organization, sandbox=_sandbox_name(job)) as client:
            listing = remote_jobs.newest_first(
                client,
                request_type=self.request_type,
                since=since,
                on_page=lambda rows: report(f"Looking through {rows} jobs"),
            )
        ids = [row.id for row in listing.rows if job.marker and marker_of(row.description) == job.marker]
        if ids:
            return LookUp(ids, listing.is_complete, since=since, rows=len(listing.rows))
        similar = _lookalikes(job, listing.rows)
        if similar:
            ids, similar = self._told_apart(job, similar, report)
        is_complete = listing.is_complete and not _is_known_missing(job, listing.rows)
        return LookUp(ids, is_complete, similar=[] if ids else similar, since=since, rows=len(listing.rows))

    def _told_apart(self, job: Job, similar: Sequence[str], report: Report) -> tuple[list[str], list[str]]:
        """Those that their details show to be ours, and those that may still be: lists cut texts, or leave them out."""
        ours, unclear = [], []
        with tooling(job.organization, sandbox=_sandbox_name(job)) as client:
            for position, remote_id in enumerate(similar):
                report("Looking at what resembles it", done=position, total=len(similar))
                try:
                    remote = client.get_job(remote_id) if position < DETAILS_AT_MOST else None
                except ApiRejectedError:
                    remote = None
                if remote is not None and _is_ours(job, remote):
                    ours.append(remote_id)
                elif remote is None or (remote.request_type or self.request_type).upper() == self.request_type:
                    unclear.append(remote_id)
        return ours, unclear

    def list_statuses(self, jobs: Sequence[Job]) -> Mapping[int, str]:
        if not jobs:
            return {}
        since = min(job.started_at or job.created_at for job in jobs) - CLOCK_MARGIN
        wanted = {job.remote_id for job in jobs}
        with tooling(jobs[0].organization) as client:
            listing = remote_jobs.newest_first(client, request_type=self.request_type, since=since, wanted=wanted)
        statuses = {row.id: remote_jobs.status_of(row.status) for row in listing.rows}
        return {job.pk: statuses[job.remote_id] for job in jobs if job.remote_id in statuses}

    def read(self, job: Job) -> Snapshot:
        with tooling(job.organization, sandbox=_sandbox_name(job)) as client:
            remote = remote_jobs.detail(client, job, request_type=self.request_type)
        total = job.plan.items.exclude(decision=Decision.CONFIRM).count() if job.plan else None
        status = remote_jobs.status_of(remote.status)
        return Snapshot(
            status=status,
            is_over=status in remote_jobs.OVER,
            done=len(remote.tasks),
            total=max(total, len(remote.tasks)) if total else None,
            raw=remote.raw,
            detail=remote,
        )

    def record(self, job: Job, snapshot: Snapshot) -> None:
        store_results(job, snapshot.detail)

    def verify(self, job: Job) -> bool:
        plan = job.plan
        add_unmentioned(job)
        results = list(job.results.all())
        if plan is None or not results or not plan.facts["package"].get("artifacts"):
            return True
        with tooling(job.organization, sandbox=_sandbox_name(job)) as client:
            conflicts = client.find_conflicts(plan.facts["package"]["id"], target_sandbox=_sandbox_name(job))
        findings = verify(results, conflicts, plan.facts["conflicts"])
        for result in results:
            result.verification = findings[result.pk].verification
            result.verification_text = findings[result.pk].text
        TaskResult.objects.bulk_create(
            results, update_conflicts=True, unique_fields=["pk"], update_fields=["verification", "verification_text"]
        )
        return all(found.verification != Verification.CONTRADICTED for found in findings.values())

    def conclude(self, job: Job) -> Ending:
        return conclude(job)

    def describe(self, job: Job) -> str:
        return in_words(job)


def _is_ours(job: Job, remote: RemoteJob) -> bool:
    """Whether a job carries our mark, or is the snapshot that the receipt named.

    The correlation id of an import's answer is its job's snapshot id (samples of Adobe's guide).
    """
    if job.marker and marker_of(remote.description) == job.marker:
        return True
    receipt = job.raw if job.params.get("accepted") else {}
    return bool(remote.snapshot_id) and remote.snapshot_id == receipt.get("correlationId")


def _is_known_missing(job: Job, rows: Sequence[RemoteJobRow]) -> bool:
    """Whether the list leaves out a job that it must hold, one we know of from the hour before ours.

    Such a list proves nothing about ours. It must not be an old one: the platform may drop those.
    """
    sent_at = job.started_at or job.created_at
    known = Job.objects.filter(
        organization=job.organization, kind=job.kind, started_at__gte=sent_at - timedelta(hours=1)
    ).exclude(remote_id="")
    listed = {row.id for row in rows}
    return any(remote_id not in listed for remote_id in known.values_list("remote_id", flat=True))


def _lookalikes(job: Job, rows: Sequence[RemoteJobRow]) -> list[str]:
    """Remote jobs that may be ours with its mark lost: same name and target, new, and of no other known origin."""
    if job.promotion is None:
        return []
    sent_at = job.started_at or job.created_at
    found = [
        row.id
        for row in remote_jobs.rows_since(list(rows), sent_at - LOOKALIKE_MARGIN)
        if row.name.strip() == job.promotion.job_name.strip()
        and row.target_sandbox in (None, _sandbox_name(job))
        and not marker_of(row.description)
        and row.id not in job.params.get("dismissed", [])
    ]
    known = Job.objects.filter(organization=job.organization, remote_id__in=found)
    others = {known_job.remote_id for known_job in known if not known_job.is_foreign or _is_older(known_job, sent_at)}
    return [remote_id for remote_id in found if remote_id not in others]


def _is_older(foreign: Job, sent_at: datetime) -> bool:
    """Whether a job started elsewhere had been found, by our own clock, before ours was sent."""
    return foreign.events.filter(at__lt=sent_at).exists()


def _sandbox_name(job: Job) -> str:
    return job.sandbox.name if job.sandbox else default_sandbox(job.organization)


def _alternatives(plan: Plan) -> dict[str, ArtifactRef]:
    """Source id -> the existing object to use; what is created new is not named."""
    reused = plan.items.filter(decision=Decision.REUSE)
    return {item.remote_id: ArtifactRef(item.target["id"], item.target["type"]) for item in reused if item.target}


def store_results(job: Job, remote: RemoteJob) -> None:
    """Make the rows say what the platform says now, writing only what differs: a large job is looked at often.

    Titles we know and the platform leaves out are filled in.
    """
    results = read_results(remote)
    titles = {} if all(found.title for found in results) else _planned_titles(job)
    known = {
        (type_, remote_id): values
        for type_, remote_id, *values in job.results.values_list("type", "remote_id", *_RESULT_FIELDS)
    }
    changed: dict[tuple[str, str], TaskResult] = {}
    for position, found in enumerate(results):
        key = (found.type[:64], found.remote_id[:500])
        values = [
            position,
            (found.title or titles.get((found.type, found.remote_id), ""))[:500],
            found.new_id[:500],
            found.claim[:64],
            found.outcome.value,
            found.explanation,
            found.messages,
        ]
        if known.get(key) != values:
            fields = dict(zip(_RESULT_FIELDS, values, strict=True))
            changed[key] = TaskResult(job=job, type=key[0], remote_id=key[1], **fields)
    TaskResult.objects.bulk_create(
        changed.values(),
        update_conflicts=True,
        unique_fields=["job", "type", "remote_id"],
        update_fields=_RESULT_FIELDS,
    )


def _planned_titles(job: Job) -> dict[tuple[str, str], str]:
    if job.plan is None:
        return {}
    rows = job.plan.items.exclude(title="").values_list("type", "remote_id", "title")
    return {(artifact_type, remote_id): title for artifact_type, remote_id, title in rows}
