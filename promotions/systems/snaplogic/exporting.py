"""Exporting the version that a promotion carries: the zip goes into the storage as it comes, and is not unpacked."""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import transaction

from accounts.models import User
from clients.errors import ApiRejectedError
from clients.snaplogic import VersionPath
from promotions.choices import GOOD_ENDS, JobState, PlanState, ProblemKind
from promotions.engine.registry import Activity, Ending, Report
from promotions.models import Archive, Job, Plan, Promotion
from promotions.services import api_versions, archives, jobs, plans
from promotions.services.errors import RefusedError
from promotions.systems.snaplogic import kinds
from promotions.systems.snaplogic.connection import snaplogic
from promotions.systems.snaplogic.picks import Pick
from promotions.systems.snaplogic.zips import UnfitZipError

MIB = 1024 * 1024


class ExportVersion(Activity):
    """Reads only. The platform may take its 15 minutes before it sends the first byte."""

    kind = kinds.EXPORT
    label = "API version export"
    phrase = "export of"
    queue = "long"
    lease: ClassVar[timedelta] = timedelta(seconds=settings.UPLOAD_DEADLINE_S + 60)

    def run(self, job: Job, report: Report) -> Ending:
        plan = job.plan
        if plan is None:
            raise TypeError("an export is made for a plan")
        path = source_path(plan.promotion)
        report(f"Exporting {path.text}")

        def tell(done: int, total: int | None) -> None:
            if total:
                report("Fetching the zip, in MiB", done=done // MIB, total=max(1, total // MIB))
            else:
                report(f"{done / MIB:,.1f} MiB of the zip fetched")

        try:
            with snaplogic(job.organization, is_long=True) as client, archives.receiving() as receiver:
                # Whoever picks a version wants all of it: the limit of size that counts here is ours.
                client.export_version(
                    path, to=receiver.write, at_most_bytes=archives.limit(), force=True, progress=tell
                )
                archive = archives.keep_export(
                    receiver, organization=job.organization, version_path=path.text, person=job.requested_by
                )
        except (RefusedError, UnfitZipError) as unfit:
            return Ending(state=JobState.FAILED, problem_kind=ProblemKind.CONTRACT, problem=str(unfit))
        except ApiRejectedError as refusal:
            return Ending(
                state=JobState.FAILED,
                problem_kind=ProblemKind.REJECTED,
                problem=f"The platform does not export {path.text}: {refusal.message}",
            )
        _take(plan.promotion, archive)
        return Ending(state=JobState.SUCCEEDED, result={"archive": archive.pk, "size": archive.size})

    def describe(self, job: Job) -> str:
        size = job.result.get("size")
        return f"{size / MIB:,.1f} MiB exported and kept." if size else ""


@transaction.atomic
def _take(promotion: Promotion, archive: Archive) -> None:
    """The promotion carries this zip from now on, and its version is known to be there."""
    row = Promotion.objects.select_for_update().get(pk=promotion.pk)
    row.pick = Pick.of(row).changed(archive=archive.pk).as_json()
    row.save(update_fields=["pick"])
    path = source_path(row)
    api_versions.note_seen(row.source_organization, path, known_from="its export")


@transaction.atomic
def queue_export(plan: Plan, actor: User | None) -> Job:
    """Export the source; the facts are gathered when that has ended well."""
    promotion = plan.promotion
    return jobs.queue(
        kind=kinds.EXPORT,
        title=source_path(promotion).text,
        organization=promotion.source_organization,
        actor=actor,
        promotion=promotion,
        plan=plan,
    )


def source_path(promotion: Promotion) -> VersionPath:
    source = Pick.of(promotion).source
    if source is None:
        raise TypeError("what was uploaded is not exported")
    return VersionPath(promotion.source_organization.remote_id, *source)


def exported(job: Job, ending: Ending) -> None:
    """What follows an export that ended well, in the transaction that ends it."""
    if job.kind != kinds.EXPORT or ending.state not in GOOD_ENDS or job.plan is None:
        return
    if job.plan.state == PlanState.GATHERING and job.plan.promotion.abandoned_at is None:
        plans.queue_gathering(job.plan, job.requested_by)
