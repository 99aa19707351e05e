"""What is known of an organization's packages, and what people may ask of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.access import require_role
from accounts.choices import Role
from accounts.models import Organization, User
from accounts.services import audit
from clients.sandbox_tooling import RemotePackage
from promotions.choices import PUBLISHABLE
from promotions.models import Artifact, Job, Package
from promotions.services import asked_expiries, jobs, routines
from promotions.services.asked_expiries import EXPIRY_DAYS_LIMIT
from promotions.services.errors import RefusedError
from promotions.services.verbs import Verb
from promotions.systems.packages import kinds

_COMPARED = (
    "name",
    "description",
    "status",
    "package_type",
    "visibility",
    "source_sandbox",
    "version",
    "remote_modified_at",
    "published_at",
    "expires_at",
    "artifact_count",
)


def apply(organization: Organization, remotes: Iterable[RemotePackage]) -> int:
    """Make our rows say what these remote packages say; only what differs is written. Returns how many were."""
    by_id = {remote.id: remote for remote in remotes}
    changed: list[tuple[Package, RemotePackage]] = []
    with transaction.atomic():
        known = {
            package.remote_id: package
            for package in Package.objects.select_for_update()
            .filter(organization=organization, remote_id__in=list(by_id))
            .defer("raw", "dependencies", "search_text")
        }
        for remote_id, remote in by_id.items():
            values = _values(remote)
            package = known.get(remote_id)
            if package is None:
                package = Package(organization=organization, remote_id=remote_id)
            elif package.vanished_at is None and all(getattr(package, name) == values[name] for name in _COMPARED):
                continue
            _fill(package, remote, values)
            changed.append((package, remote))
        _store(changed)
    return len(changed)


def _store(changed: list[tuple[Package, RemotePackage]]) -> None:
    """New packages in one statement: a first pass over an organization brings thousands."""
    old = [package for package, _ in changed if package.pk]
    titles = _known_titles(old)
    for package in old:
        package.save()
    Artifact.objects.filter(package__in=old).delete()
    Package.objects.bulk_create(package for package, _ in changed if not package.pk)
    Artifact.objects.bulk_create(
        artifact for package, remote in changed for artifact in _artifacts(package, remote, titles)
    )


def _known_titles(old: Sequence[Package]) -> dict[tuple[int, str, str], str]:
    """Titles by package, type and id: the platform does not repeat them in every answer."""
    named = Artifact.objects.filter(package__in=old).exclude(title="")
    return {
        (package, artifact_type, remote_id): title
        for package, artifact_type, remote_id, title in named.values_list("package", "type", "remote_id", "title")
    }


def _values(remote: RemotePackage) -> dict[str, Any]:
    return {
        "name": remote.name[:500],
        "description": remote.description,
        "status": remote.status[:64],
        "package_type": remote.package_type[:32],
        "visibility": remote.visibility[:32],
        "source_sandbox": (remote.source_sandbox or "")[:256],
        "version": remote.version,
        # Times just written carry milliseconds that a later answer no longer has.
        "remote_modified_at": remote.modified_at.replace(microsecond=0) if remote.modified_at else None,
        "published_at": remote.published_at.replace(microsecond=0) if remote.published_at else None,
        "expires_at": remote.expires_at.replace(microsecond=0) if remote.expires_at else None,
        "artifact_count": len(remote.artifacts),
    }


def _fill(package: Package, remote: RemotePackage, values: dict[str, Any]) -> None:
    now = timezone.now()
    for name, value in values.items():
        setattr(package, name, value)
    created_at = remote.created_at.replace(microsecond=0) if remote.created_at else None
    package.remote_created_at = created_at or package.remote_created_at or now
    package.sort_name = remote.name.lower()[:500]
    package.search_text = _search_text(remote)
    package.raw = remote.raw
    package.seen_at = now
    package.vanished_at = None


def _artifacts(package: Package, remote: RemotePackage, titles: Mapping[tuple[int, str, str], str]) -> list[Artifact]:
    unique = {(artifact.type, artifact.id): artifact for artifact in remote.artifacts}
    return [
        Artifact(
            package=package,
            position=position,
            type=artifact.type[:64],
            remote_id=artifact.id[:500],
            title=(artifact.title or titles.get((package.pk, artifact.type[:64], artifact.id[:500]), ""))[:500],
        )
        for position, artifact in enumerate(unique.values())
    ]


def _search_text(remote: RemotePackage) -> str:
    words = [remote.name, remote.description, remote.id, remote.source_sandbox or ""]
    words += [artifact.title or "" for artifact in remote.artifacts]
    words += [artifact.id for artifact in remote.artifacts]
    return "\n".join(word for word in words if word)


def name_artifacts(package: Package, titles: Mapping[tuple[str, str], str]) -> None:
    """Fill in titles, by type and id, that the platform leaves out and a person gave."""
    for artifact in Artifact.objects.filter(package=package, title=""):
        if title := titles.get((artifact.type, artifact.remote_id)):
            Artifact.objects.filter(pk=artifact.pk).update(title=title[:500])


def note_asked_expiry(package: Package, expires_at: datetime | None) -> None:
    """Remember which expiry was asked for: it is sent with every later change, since the platform resets it."""
    Package.objects.filter(pk=package.pk).update(asked_expires_at=expires_at)


def store_capabilities(organization: Organization, remote: RemotePackage) -> None:
    """Keep what the platform says can be done with a package, and which version of its content it has."""
    version = "" if remote.package_version is None else str(remote.package_version)
    Package.objects.filter(organization=organization, remote_id=remote.id).update(
        capabilities=None if remote.capabilities is None else list(remote.capabilities), package_version=version[:32]
    )


def mark_vanished(package: Package) -> None:
    """The platform no longer knows it; the row stays, since promotions and jobs name it."""
    Package.objects.filter(pk=package.pk, vanished_at=None).update(vanished_at=timezone.now())


@transaction.atomic
def request_synchronization(*, organization: Organization, actor: User | None) -> Job:
    """Read all packages of an organization now, as `routines.ask` does."""
    return routines.ask(
        kinds.SYNCHRONIZE,
        title=f"Packages of {organization}",
        organization=organization,
        actor=actor,
        verb=Verb.SYNCHRONIZATION_REQUESTED,
    )


@transaction.atomic
def request_dependencies(*, package: Package, actor: User) -> Job:
    """Read what the objects of a package need; a reading that is under way already is returned."""
    require_role(actor, package.organization, Role.OPERATOR)
    if package.vanished_at is not None:
        raise RefusedError(f"“{package}” is no longer at the platform. Synchronize the packages.")
    if package.is_full:
        raise RefusedError(f"“{package}” holds an entire sandbox; the platform names no objects of it.")
    job = jobs.queue_once(
        kind=kinds.READ_DEPENDENCIES,
        title=f"Dependencies of “{package}”",
        organization=package.organization,
        actor=actor,
        package=package,
    )
    audit.record(Verb.DEPENDENCIES_REQUESTED, actor=actor, subject=package)
    return job


def store_dependencies(*, organization: Organization, remote_id: str, dependencies: dict[str, Any]) -> None:
    """Keep what was read of a package's objects and what they need."""
    Package.objects.filter(organization=organization, remote_id=remote_id).update(
        dependencies=dependencies, dependencies_read_at=timezone.now()
    )


@dataclass(frozen=True)
class PublishOutcome:
    """What became of one package of several that were to be published: its job, or why there is none."""

    package: Package
    job: Job | None = None
    refusal: str = ""


@transaction.atomic
def publish_together(*, packages: Sequence[Package], expiry_days: int | None, actor: User) -> list[PublishOutcome]:
    """Queue the publishing of each, in the order given; those that cannot be published say why and keep none back."""
    outcomes = []
    for package in packages:
        try:
            with transaction.atomic():
                job = request_publish(package=package, expiry_days=expiry_days, actor=actor)
                outcomes.append(PublishOutcome(package, job))
        except (RefusedError, PermissionDenied) as refusal:
            outcomes.append(PublishOutcome(package, refusal=str(refusal)))
    return outcomes


def reason_not_to_publish(package: Package) -> str:
    """Why a package cannot be published now, in a sentence; empty if it can."""
    if package.vanished_at is not None:
        return f"“{package}” is no longer at the platform. Synchronize the packages."
    if package.status not in PUBLISHABLE:
        return (
            f"“{package}” is {package.status_label.lower()}; only a draft, or one whose publishing failed, "
            "can be published."
        )
    if not package.is_full and package.artifact_count == 0:
        return f"“{package}” is empty. Add objects to it before publishing."
    return ""


@transaction.atomic
def request_publish(*, package: Package, expiry_days: int | None, actor: User) -> Job:
    """Queue publishing. Raises RefusedError if the package cannot be published, ConflictError if it is under way.

    Without a number of days the expiry that was asked for before is asked for again, since publishing resets it.
    """
    require_role(actor, package.organization, Role.OPERATOR)
    package = Package.objects.select_for_update().get(pk=package.pk)
    if reason := reason_not_to_publish(package):
        raise RefusedError(reason)
    if expiry_days is not None and not 0 <= expiry_days <= EXPIRY_DAYS_LIMIT:
        raise RefusedError(f"The expiry must be between 0 and {EXPIRY_DAYS_LIMIT} days from now.")
    if expiry_days is None and (asked := asked_expiries.asked_expiry(package)) is not None:
        expiry_days = asked_expiries.days_until(asked)
    job = jobs.queue(
        kind=kinds.PUBLISH,
        title=package.name,
        organization=package.organization,
        actor=actor,
        package=package,
        scope=jobs.scope_of(package),
        params={"expiry_days": expiry_days},
    )
    audit.record(
        Verb.PUBLISH_REQUESTED, actor=actor, subject=package, details={"expiry_days": expiry_days, "job": job.pk}
    )
    return job
