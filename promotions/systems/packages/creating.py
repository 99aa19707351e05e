"""Making a package: sent once, and known again as the one new package of its name, type and sandbox."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from clients.sandbox_tooling import RemotePackage
from promotions.choices import GOOD_ENDS, PackageType, Severity, label
from promotions.engine import timeline
from promotions.engine.registry import Ending, LookUp, Report, Snapshot, Submitted
from promotions.models import Job, Package
from promotions.services import asked_expiries, package_names, packages
from promotions.services.errors import RefusedError
from promotions.services.verbs import Verb
from promotions.systems.listing import CLOCK_MARGIN
from promotions.systems.packages import kinds, remote_packages
from promotions.systems.packages.changing import (
    PackageSubmission,
    asked_objects,
    concluded,
    described,
    held,
    keys,
    moment,
    package_of,
    refs,
    titles,
)
from promotions.systems.packages.connection import tooling
from promotions.systems.packages.editing import not_taken, unasked
from promotions.systems.submission import nothing_sent


class CreateSubmission(PackageSubmission):
    """The remote id is the package's own, and the job has a package from the first reading on."""

    kind = kinds.CREATE
    label = "Create package"
    phrase = "Creation of"
    accepted = Verb.CREATION_ACCEPTED
    act = "creating"

    def recheck(self, job: Job, report: Report) -> Ending | None:
        sandbox = job.organization.sandboxes.filter(name=job.params["sandbox"]).first()
        if sandbox is None or not sandbox.is_active:
            return nothing_sent(f"The sandbox “{job.params['sandbox']}” is no longer active. Choose another.")
        expires_at = moment(job.params["expires_at"])
        if expires_at is not None and expires_at <= timezone.now():
            return nothing_sent("The expiry that was asked for has passed. Ask for a later one.")
        # What was sent before, and whose answer was lost, may have been read into our own list by now.
        if not job.submit_count and package_names.holder(job.organization, job.params["name"]) is not None:
            free = package_names.free_name(job.organization, job.params["name"])
            return nothing_sent(
                f"{job.organization} has a package “{job.params['name']}” by now. Free is, for example, “{free}”."
            )
        return None

    def note_before(self, job: Job) -> dict[str, Any]:
        """The packages that have this name already: the one that is made is none of these."""
        with self._client(job) as client:
            listing = remote_packages.newest_first(client, since=timezone.now() - CLOCK_MARGIN)
        same = [row.id for row in listing.rows if row.name == job.params["name"]]
        return {"ids": same, "is_complete": listing.is_complete}

    def submit(self, job: Job, report: Report) -> Submitted:
        with self._client(job) as client:
            remote = client.create_package(
                name=job.params["name"],
                description=job.params["description"],
                package_type=job.params["package_type"],
                source_sandbox=job.params["sandbox"],
                artifacts=refs(job),
                expires_at=moment(job.params["expires_at"]),
            )
        return Submitted(remote.id, remote.raw)

    def wanted(self, job: Job) -> str:
        return f"a new package “{job.params['name']}” of the sandbox “{job.params['sandbox']}”"

    def look_up(self, job: Job, report: Report) -> LookUp:
        since = (job.started_at or job.created_at) - CLOCK_MARGIN

        def tell(rows: int) -> None:
            report(f"Looking through the packages: {rows} read")

        tell(0)
        with self._client(job) as client:
            listing = remote_packages.newest_first(client, since=since, on_page=tell)
        before = job.params.get("before", {})
        rows = self._unknown(job, [row for row in listing.rows if _may_be_it(job, row, since, before)])
        ours = [row.id for row in rows if before.get("is_complete") and _fits(job, row)]
        return LookUp(
            ours,
            is_complete=listing.is_complete,
            similar=[row.id for row in rows if row.id not in ours],
            since=since,
            rows=len(listing.rows),
        )

    def read(self, job: Job) -> Snapshot:
        remote = self._package(job)
        return Snapshot(status=remote.status, is_over=True, done=1, total=1, raw=remote.raw, detail=remote)

    def record(self, job: Job, snapshot: Snapshot) -> None:
        self._store(job, snapshot.detail)

    def verify(self, job: Job) -> bool:
        """Read once more: what was just written can take a moment to show."""
        remote = self._package(job)
        with transaction.atomic():
            self._store(job, remote)
        return asked_objects(job).keys() <= keys(remote)

    def conclude(self, job: Job) -> Ending:
        package = Package.objects.get(pk=package_of(job).pk)
        asked, there = asked_objects(job), held(package)
        sentences = []
        for what, wanted, found in (
            ("name", job.params["name"], package.name),
            ("type", label(PackageType, job.params["package_type"]), package.type_label),
            ("sandbox", job.params["sandbox"], package.source_sandbox),
        ):
            if found != wanted:
                sentences.append(f"Its {what} is “{found}”, not “{wanted}” as was asked for.")
        if package.description != job.params["description"]:
            sentences.append("Its description is not the one that was asked for.")
        sentences += not_taken(asked.keys() - there.keys(), len(asked), asked)
        if not package.is_full:
            sentences += unasked(there.keys() - asked.keys(), there)
        expiry = asked_expiries.differing_expiry(package, moment(job.params["expires_at"]))
        if sentences:
            sentences.insert(0, f"“{package}” was made, but not all is as asked for.")
            if job.params["publishes"]:
                sentences.append("It was not published.")
        return concluded(package, sentences, expiry)

    def ended(self, job: Job, ending: Ending) -> None:
        super().ended(job, ending)
        if job.params.get("publishes") and ending.state in GOOD_ENDS and ending.result.get("is_complete"):
            self._publish(job)

    def describe(self, job: Job) -> str:
        published = " Publishing it was started." if job.result.get("publish_job") else ""
        return f"{described(job)}{published}"

    def _publish(self, job: Job) -> None:
        """Start the publishing that was asked for along with the package, in the name of whoever asked."""
        package = Package.objects.get(pk=package_of(job).pk)
        person = job.requested_by
        if person is None:
            raise TypeError("a package is made for somebody")
        try:
            with transaction.atomic():
                publishing = packages.request_publish(package=package, expiry_days=None, actor=person)
        except (RefusedError, PermissionDenied) as refusal:
            timeline.note(job, f"It was not published: {refusal}", severity=Severity.WARNING)
            return
        job.result = {**job.result, "publish_job": publishing.pk}
        Job.objects.filter(pk=job.pk).update(result=job.result)
        timeline.note(job, f"Its publishing was started as job {publishing.pk}.")

    def _unknown(self, job: Job, rows: Sequence[RemotePackage]) -> list[RemotePackage]:
        """Without those that were known here before it was sent, and those that another job of ours made."""
        ids = [row.id for row in rows]
        sent_at = job.started_at or job.created_at
        older = Package.objects.filter(organization=job.organization, remote_id__in=ids, first_seen_at__lt=sent_at)
        others = Job.objects.filter(organization=job.organization, remote_id__in=ids).exclude(pk=job.pk)
        known = {*older.values_list("remote_id", flat=True), *others.values_list("remote_id", flat=True)}
        return [row for row in rows if row.id not in known]

    def _store(self, job: Job, remote: RemotePackage) -> None:
        packages.apply(job.organization, [remote])
        package = Package.objects.get(organization=job.organization, remote_id=remote.id)
        packages.name_artifacts(package, titles(job))
        if job.package_id != package.pk:
            packages.note_asked_expiry(package, moment(job.params["expires_at"]))
            Job.objects.filter(pk=job.pk).update(package=package)
            job.package = package

    def _client(self, job: Job) -> Any:
        return tooling(job.organization, sandbox=job.params["sandbox"])

    def _package(self, job: Job) -> RemotePackage:
        with self._client(job) as client:
            remote: RemotePackage = client.get_package(job.remote_id)
        return remote


def _may_be_it(job: Job, row: RemotePackage, since: datetime, before: dict[str, Any]) -> bool:
    return (
        row.name == job.params["name"]
        and row.id not in before.get("ids", [])
        and row.id not in job.params.get("dismissed", [])
        and (row.created_at is None or row.created_at >= since)
    )


def _fits(job: Job, row: RemotePackage) -> bool:
    """Whether a new package of our name has our type and sandbox, and nothing that we did not send."""
    is_alike = row.package_type == job.params["package_type"] and row.source_sandbox in (
        None,
        "",
        job.params["sandbox"],
    )
    return is_alike and (row.package_type == PackageType.FULL or keys(row) <= asked_objects(job).keys())
