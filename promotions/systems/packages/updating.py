"""Importing a package as an update: objects of the target are written to, what is not mapped is created."""

from collections.abc import Iterable, Sequence
from typing import Any

from clients.errors import ApiRejectedError
from clients.sandbox_tooling import ArtifactRef, RemoteJob, RemoteJobRow, SandboxToolingClient
from clients.sandbox_versions import VersioningClient
from promotions.choices import UNFINISHED, Decision
from promotions.engine.registry import LookUp, Report, Submitted
from promotions.models import Job, Package, Plan
from promotions.systems.listing import CLOCK_MARGIN, Listing
from promotions.systems.markers import marker_of
from promotions.systems.packages import kinds, remote_jobs
from promotions.systems.packages.connection import default_sandbox, platform, tooling
from promotions.systems.packages.importing import DETAILS_AT_MOST, LOOKALIKE_MARGIN, ImportSubmission
from promotions.systems.packages.versioning import note_if_unknown
from promotions.systems.plan_runs import plan_of

_JOB_TYPE = "UPDATE"


class UpdateSubmission(ImportSubmission):
    """Import as update into a sandbox of the same organization.

    The call carries no text of ours, so the fitting jobs are noted beforehand and exactly one new one is taken as ours.
    """

    kind = kinds.IMPORT_UPDATE
    label = "Import as update"

    def wanted(self, job: Job) -> str:
        return f"a new job that updates {_sandbox_of(job)} under the name “{plan_of(job).promotion.job_name}”"

    def note_before(self, job: Job) -> dict[str, Any]:
        with tooling(job.organization, sandbox=_sandbox_of(job)) as client:
            listing = self._listing(job, client, lambda rows: None)
        return {"jobs": [row.id for row in _fitting(job, listing.rows)], "is_complete": listing.is_complete}

    def submit(self, job: Job, report: Report) -> Submitted:
        plan, promotion = plan_of(job), plan_of(job).promotion
        sandbox = promotion.target_sandbox.name
        with platform(job.organization) as connection:
            client = VersioningClient(connection, sandbox=sandbox)
            try:
                remote = client.import_update(
                    plan.facts["package"]["id"],
                    name=promotion.job_name,
                    target_sandbox=sandbox,
                    overwrite=_overwritten(plan),
                )
            except ApiRejectedError as error:
                note_if_unknown(job, error, SandboxToolingClient(connection, sandbox=sandbox))
                raise
        return Submitted(remote.id, remote.raw)

    def look_up(self, job: Job, report: Report) -> LookUp:
        """One new job of the name, sandboxes and time that fit is ours; several, or a doubt, are for a person."""
        since = (job.started_at or job.created_at) - CLOCK_MARGIN
        with tooling(job.organization, sandbox=_sandbox_of(job)) as client:
            listing = self._listing(job, client, lambda rows: report(f"Looking through {rows} jobs"))
            fitting = _of_ours(job, _fitting(job, listing.rows))
            new = []
            for position, row in enumerate(fitting):
                report("Looking at what fits", done=position, total=len(fitting))
                if position >= DETAILS_AT_MOST or self._may_be_ours(job, client, row.id):
                    new.append(row.id)
        is_sure = bool(job.params.get("before", {}).get("is_complete")) and not _has_rival(job)
        return LookUp(
            new if is_sure else [],
            listing.is_complete,
            similar=[] if is_sure else new,
            since=since,
            rows=len(listing.rows),
        )

    def _listing(self, job: Job, client: Any, on_page: Any) -> Listing[RemoteJobRow]:
        since = (job.started_at or job.created_at) - CLOCK_MARGIN
        return remote_jobs.newest_first(client, request_type=self.request_type, since=since, on_page=on_page)

    def _may_be_ours(self, job: Job, client: Any, remote_id: str) -> bool:
        try:
            remote: RemoteJob = client.get_job(remote_id)
        except ApiRejectedError:
            return True
        if remote.job_type and remote.job_type.upper() != _JOB_TYPE:
            return False
        # In newer answers a job's snapshot is its package (samples of Adobe's guide, "Package versioning").
        others = Package.objects.filter(organization=job.organization, remote_id=remote.snapshot_id or "")
        return all(package == job.package for package in others)


def _sandbox_of(job: Job) -> str:
    return job.sandbox.name if job.sandbox else default_sandbox(job.organization)


def _fitting(job: Job, rows: Iterable[RemoteJobRow]) -> list[RemoteJobRow]:
    """Jobs that could be an update of this name and target, by what lists say of them."""
    promotion, package = plan_of(job).promotion, job.package
    return [
        row
        for row in rows
        if row.name.strip() == promotion.job_name.strip()
        and row.target_sandbox in (None, _sandbox_of(job))
        and (not row.source_sandbox or package is None or row.source_sandbox == package.source_sandbox)
        and (row.job_type or _JOB_TYPE).upper() == _JOB_TYPE
        and not marker_of(row.description)
    ]


def _of_ours(job: Job, rows: Sequence[RemoteJobRow]) -> list[RemoteJobRow]:
    """Those that came after ours was sent, and belong to no other job here."""
    sent_at = job.started_at or job.created_at
    left_out = {*job.params.get("before", {}).get("jobs", []), *job.params.get("dismissed", [])}
    found = [row for row in remote_jobs.rows_since(list(rows), sent_at - LOOKALIKE_MARGIN) if row.id not in left_out]
    known = Job.objects.filter(organization=job.organization, remote_id__in=[row.id for row in found])
    others = set(known.filter(is_foreign=False).exclude(pk=job.pk).values_list("remote_id", flat=True))
    return [row for row in found if row.id not in others]


def _has_rival(job: Job) -> bool:
    """Whether another update of the same name and target waits for its remote job: one found could be either's."""
    rivals = Job.objects.filter(
        kind=job.kind, sandbox=job.sandbox, title=job.title, remote_id="", submit_count__gt=0, state__in=UNFINISHED
    )
    return rivals.exclude(pk=job.pk).exists()


def _overwritten(plan: Plan) -> dict[str, ArtifactRef]:
    """Source id -> the object to write to; what is created new is not named."""
    updated = plan.items.filter(decision=Decision.UPDATE)
    return {item.remote_id: ArtifactRef(item.target["id"], item.target["type"]) for item in updated if item.target}
