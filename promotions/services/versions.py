"""Versions of packages: whether the platform offers them, what people ask of them, and what is kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.access import require_role
from accounts.choices import Role
from accounts.models import Organization, Sandbox, User
from accounts.services import audit
from clients.sandbox_versions import RemoteDelta, RemoteVersion
from promotions.choices import ACTIVE
from promotions.models import Job, Package
from promotions.services import jobs
from promotions.services.errors import RefusedError
from promotions.services.verbs import Verb
from promotions.systems.packages import kinds

VERSIONABLE = "VERSIONABLE"
# Set on a job whose call the platform did not know with any verb; the organization is not asked again for a while.
LACKS = "lacks_versions"
LACK_REMEMBERED = timedelta(days=7)
CHANGES_KEPT = 5000
_KINDS = (kinds.COMPARE, kinds.SAVE_VERSION, kinds.READ_HISTORY, kinds.IMPORT_UPDATE)


def is_versionable(package: Package) -> bool:
    """Whether the platform said so when it was asked last."""
    return any(str(word).strip().upper() == VERSIONABLE for word in package.capabilities or ())


def lacking_since(organization: Organization) -> datetime | None:
    """When this platform showed that it does not know the calls; None if it was not so lately."""
    since = timezone.now() - LACK_REMEMBERED
    found = Job.objects.filter(organization=organization, kind__in=_KINDS, created_at__gte=since)
    return found.filter(**{f"params__{LACKS}": True}).order_by("-pk").values_list("created_at", flat=True).first()


def is_offered(package: Package) -> bool:
    return not reason_not_offered(package)


def reason_not_offered(package: Package) -> str:
    """Why nothing can be done with versions of a package now, in a sentence; empty if it can."""
    if not package.is_importable:
        return f"“{package}” is not a published package that is still valid; only such a package has versions."
    if package.capabilities is None:
        return f"Whether the platform keeps versions of “{package}” is not known yet. Ask it on the package's page."
    if not is_versionable(package):
        return f"The platform does not offer versions for “{package}”. Make a new package to bring newer content."
    if (since := lacking_since(package.organization)) is not None:
        return (
            f"The platform of {package.organization} did not know the calls for versions on {since:%Y-%m-%d}. They are "
            f"offered again {LACK_REMEMBERED.days} days later."
        )
    return ""


@transaction.atomic
def request_comparison(*, package: Package, sandbox: Sandbox | None, actor: User) -> Job:
    """Have the platform compare a package with a sandbox, by default the one that it comes from.

    The same comparison that is under way already is returned. Raises RefusedError where it is not offered,
    ConflictError while the package is compared with another sandbox.
    """
    package = _offered(package, actor)
    if sandbox is not None and sandbox.organization_id != package.organization_id:
        raise RefusedError("The platform compares only with sandboxes of the package's organization.", field="sandbox")
    if sandbox is not None and not sandbox.is_active:
        raise RefusedError(f"The sandbox {sandbox.name} is {sandbox.state}; choose an active one.", field="sandbox")
    name = sandbox.name if sandbox else package.source_sandbox
    scope = f"{jobs.scope_of(package)}:comparison"
    standing = Job.objects.filter(scope=scope, state__in=ACTIVE, params__target=name).first()
    if standing is not None:
        return standing
    job = jobs.queue(
        kind=kinds.COMPARE,
        title=package.name,
        organization=package.organization,
        actor=actor,
        package=package,
        scope=scope,
        params={"target": name},
    )
    audit.record(Verb.COMPARISON_REQUESTED, actor=actor, subject=package, details={"sandbox": name, "job": job.pk})
    return job


@transaction.atomic
def request_version(*, package: Package, actor: User) -> Job:
    """Queue the saving of a new version. Raises RefusedError where it is not offered, ConflictError if one is saved."""
    package = _offered(package, actor)
    job = jobs.queue(
        kind=kinds.SAVE_VERSION,
        title=package.name,
        organization=package.organization,
        actor=actor,
        package=package,
        scope=jobs.scope_of(package),
    )
    audit.record(Verb.VERSION_REQUESTED, actor=actor, subject=package, details={"job": job.pk})
    return job


@transaction.atomic
def request_history(*, package: Package, actor: User) -> Job:
    """Read the list of versions; a reading that is under way already is returned."""
    package = _offered(package, actor)
    job = jobs.queue_once(
        kind=kinds.READ_HISTORY,
        title=f"Versions of “{package}”",
        organization=package.organization,
        actor=actor,
        package=package,
    )
    audit.record(Verb.HISTORY_REQUESTED, actor=actor, subject=package, details={"job": job.pk})
    return job


def _offered(package: Package, person: User) -> Package:
    """The package as it is now; raises RefusedError if nothing can be done with its versions."""
    require_role(person, package.organization, Role.OPERATOR)
    package = Package.objects.select_for_update(of=("self",)).select_related("organization").get(pk=package.pk)
    if reason := reason_not_offered(package):
        raise RefusedError(reason)
    return package


def note_lack(job: Job) -> None:
    """Remember that the platform does not know the call of this job."""
    job.params = {**job.params, LACKS: True}
    Job.objects.filter(pk=job.pk).update(params=job.params)


def latest_jobs(package: Package) -> dict[str, Job]:
    """By kind, the latest job about the versions of a package, and the latest that asked what it can do."""
    newest = package.jobs.filter(kind__in=(*_KINDS, kinds.READ_PACKAGE)).order_by().values("kind")
    pks = newest.annotate(newest=Max("pk")).values_list("newest", flat=True)
    return {job.kind: job for job in Job.objects.defer("raw").in_bulk(list(pks)).values()}


# What the platform told


def store_versions(package: Package, versions: Sequence[RemoteVersion]) -> None:
    """Keep the list of versions, newest first."""
    rows = [
        {
            "id": version.id,
            "version": "" if version.package_version is None else str(version.package_version),
            "at": version.created_at.isoformat() if version.created_at else None,
            "by": version.created_by,
        }
        for version in sorted(versions, key=lambda found: found.package_version or 0, reverse=True)
    ]
    newest = rows[0]["version"] if rows else ""
    changes: dict[str, Any] = {"versions": rows}
    if newest:
        changes["package_version"] = str(newest)[:32]
    Package.objects.filter(pk=package.pk).update(**changes)


def store_comparison(package: Package, delta: RemoteDelta, *, target: str, at: datetime, job: Job) -> dict[str, int]:
    """Keep what a comparison found; `at` is when it was asked for, and so nothing in it is newer. Returns numbers."""
    left = CHANGES_KEPT
    objects = []
    for found in delta.changes:
        kept = found.changes[:left]
        left -= len(kept)
        objects.append(
            {
                "type": found.source.type,
                "id": found.source.id,
                "title": found.source.title or "",
                "target": {"id": found.target.id, "title": found.target.title or ""} if found.target else None,
                "changes": [
                    {"op": change.op, "path": change.path, "old": change.old, "new": change.new} for change in kept
                ],
            }
        )
    number = sum(len(found.changes) for found in delta.changes)
    comparison = {
        "at": at.isoformat(),
        "target": target,
        "version": "" if delta.current_version is None else str(delta.current_version),
        "job": job.pk,
        "left_out": max(0, number - CHANGES_KEPT),
        "objects": objects,
    }
    Package.objects.filter(pk=package.pk).update(comparison=comparison)
    return {"objects": sum(bool(found.changes) for found in delta.changes), "changes": number}
