"""Making packages and changing drafts: what people ask for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.access import require_role
from accounts.choices import OrganizationKind, Role
from accounts.errors import InUseError
from accounts.models import Organization, Sandbox, User
from accounts.services import audit
from promotions.artifact_text import ID_LIMIT, OBJECTS_LIMIT, TITLE_LIMIT
from promotions.choices import ArtifactType, PackageType, label
from promotions.models import Artifact, Job, Package
from promotions.services import jobs, package_names
from promotions.services.asked_expiries import EXPIRY_TOLERANCE
from promotions.services.errors import RefusedError
from promotions.services.package_names import NAME_LIMIT
from promotions.services.package_refusals import dependents, reason_not_to_change, reason_not_to_delete
from promotions.services.verbs import Verb
from promotions.systems.packages import kinds

DESCRIPTION_LIMIT = 4000


@dataclass(frozen=True)
class NewArtifact:
    """An object as a person names it; `sandbox` is the one that its address spoke of, if it did."""

    type: str
    id: str
    title: str = ""
    sandbox: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.type, self.id

    @property
    def words(self) -> str:
        return in_words(self.type, self.id, self.title)

    def as_json(self) -> dict[str, str]:
        return {"type": self.type, "id": self.id, "title": self.title}


def in_words(artifact_type: str, remote_id: str, title: str = "") -> str:
    """An object in a sentence: its type, and its title or else its id."""
    return f"{label(ArtifactType, artifact_type)} “{title or remote_id}”"


@transaction.atomic
def create_package(
    *,
    organization: Organization,
    name: str,
    description: str,
    package_type: str,
    sandbox: Sandbox,
    expires_at: datetime | None,
    artifacts: Sequence[NewArtifact],
    publishes: bool,
    actor: User,
) -> Job:
    """Queue the making of a draft; `publishes` has it published when it was made and holds all that was asked for.

    A multi-object package may be empty at first. Raises ConflictError if one of that name is being made.
    """
    require_role(actor, organization, Role.OPERATOR)
    if organization.kind != OrganizationKind.ADOBE:
        raise RefusedError(f"{organization} is no organization of Adobe, and has no packages.", field="organization")
    name = _name(organization, name)
    _description(description)
    if package_type not in PackageType.values:
        raise RefusedError("Choose a multi-object package or an entire sandbox.", field="package_type")
    if sandbox.organization_id != organization.pk or not sandbox.is_active:
        raise RefusedError(
            f"“{sandbox.name}” is no active sandbox of {organization}. Choose another, or read the sandboxes anew.",
            field="sandbox",
        )
    if package_type == PackageType.FULL and artifacts:
        raise RefusedError(
            "A package of an entire sandbox takes no objects. Leave them out, or choose a multi-object package.",
            field="artifacts",
        )
    wanted = _objects(artifacts, sandbox.name)
    if publishes and package_type == PackageType.PARTIAL and not wanted:
        raise RefusedError("An empty package cannot be published. Name its objects first.", field="publishes")
    _expiry(expires_at)
    job = jobs.queue(
        kind=kinds.CREATE,
        title=name,
        organization=organization,
        actor=actor,
        scope=scope_of_name(organization, name),
        params={
            "name": name,
            "description": description,
            "package_type": str(package_type),
            "sandbox": sandbox.name,
            "expires_at": _stored(expires_at),
            "artifacts": [artifact.as_json() for artifact in wanted],
            "publishes": publishes,
        },
    )
    audit.record(
        Verb.CREATION_REQUESTED,
        actor=actor,
        subject=job,
        details={
            "name": name,
            "package_type": str(package_type),
            "sandbox": sandbox.name,
            "objects": len(wanted),
            "expires_at": _stored(expires_at),
            "publishes": publishes,
        },
    )
    return job


def scope_of_name(organization: Organization, name: str) -> str:
    """What keeps a second package of this name from being made at the same time."""
    return f"organization:{organization.pk}:package-name:{sha256(name.encode()).hexdigest()}"


@transaction.atomic
def add_artifacts(*, package: Package, artifacts: Sequence[NewArtifact], actor: User) -> Job:
    """Queue the adding of objects to a draft; those that it holds already are left out, and the job says so."""
    package = _locked(package, actor)
    wanted = _objects(artifacts, package.source_sandbox)
    held = _held(package)
    new = [artifact for artifact in wanted if artifact.key not in held]
    if not wanted:
        raise RefusedError("No objects were named. Paste or choose at least one.", field="artifacts")
    if not new:
        raise RefusedError(f"“{package}” holds all of these objects already.", field="artifacts")
    return _queue_objects(kinds.ADD, Verb.ADDITION_REQUESTED, package, new, len(wanted) - len(new), held, actor=actor)


@transaction.atomic
def remove_artifacts(*, package: Package, artifacts: Sequence[NewArtifact], actor: User) -> Job:
    """Queue the removal of objects from a draft; those that it does not hold are left out, and the job says so."""
    package = _locked(package, actor)
    wanted = _objects(artifacts, "")
    held = _held(package)
    there = [artifact for artifact in wanted if artifact.key in held]
    if not wanted:
        raise RefusedError("No objects were named. Tick at least one.", field="artifacts")
    if not there:
        raise RefusedError(f"“{package}” holds none of these objects.", field="artifacts")
    return _queue_objects(
        kinds.REMOVE, Verb.REMOVAL_REQUESTED, package, there, len(wanted) - len(there), held, actor=actor
    )


@transaction.atomic
def edit_package(*, package: Package, name: str, description: str, expires_at: datetime | None, actor: User) -> Job:
    """Queue a change of name, text and expiry of a draft. Without an expiry the platform sets its own."""
    package = _locked(package, actor)
    name = _name(package.organization, name, other_than=package)
    _description(description)
    _expiry(expires_at)
    is_expiry_same = expires_at is None or (
        package.expires_at is not None and abs(package.expires_at - expires_at) <= EXPIRY_TOLERANCE
    )
    if name == package.name and description == package.description and is_expiry_same:
        raise RefusedError(f"Nothing of “{package}” would change.")
    asked = {"name": name, "description": description, "expires_at": _stored(expires_at)}
    seen = {"name": package.name, "description": package.description}
    job = jobs.queue(
        kind=kinds.EDIT,
        title=package.name,
        organization=package.organization,
        actor=actor,
        package=package,
        scope=jobs.scope_of(package),
        params={**asked, "seen": seen},
    )
    audit.record(Verb.EDIT_REQUESTED, actor=actor, subject=package, details={"job": job.pk, "to": asked, "from": seen})
    return job


@transaction.atomic
def delete_package(*, package: Package, typed_name: str, actor: User) -> Job:
    """Queue the deletion of a package; raises InUseError if something unfinished needs it."""
    require_role(actor, package.organization, Role.OPERATOR)
    package = Package.objects.select_for_update().get(pk=package.pk)
    if reason := reason_not_to_delete(package):
        usages = [usage for usage in dependents(package) if usage.is_blocking]
        raise InUseError(reason, usages) if usages else RefusedError(reason)
    if typed_name.strip() != package.name.strip():
        raise RefusedError(f"Type the name of the package, “{package}”, to delete it.", field="typed_name")
    job = jobs.queue(
        kind=kinds.DELETE,
        title=package.name,
        organization=package.organization,
        actor=actor,
        package=package,
        scope=jobs.scope_of(package),
        params={"seen": {"name": package.name, "status": package.status}},
    )
    audit.record(
        Verb.DELETION_REQUESTED,
        actor=actor,
        subject=package,
        details={"job": job.pk, "remote_id": package.remote_id, "status": package.status},
    )
    return job


# Checks


def reason_not_to_take(artifact_sandbox: str, sandbox_name: str) -> str:
    """Why an object of this sandbox cannot go into a package of another, in a sentence; empty if it can."""
    if not artifact_sandbox or not sandbox_name or artifact_sandbox.lower() == sandbox_name.lower():
        return ""
    return (
        f"It is of the sandbox “{artifact_sandbox}”, but all objects of a package come from one sandbox, here "
        f"“{sandbox_name}”."
    )


def _locked(package: Package, person: User) -> Package:
    require_role(person, package.organization, Role.OPERATOR)
    package = Package.objects.select_for_update().get(pk=package.pk)
    if reason := reason_not_to_change(package):
        raise RefusedError(reason)
    return package


def _queue_objects(
    kind: str,
    verb: Verb,
    package: Package,
    artifacts: Sequence[NewArtifact],
    left_out: int,
    held: Iterable[tuple[str, str]],
    *,
    actor: User,
) -> Job:
    params: dict[str, Any] = {
        "artifacts": [artifact.as_json() for artifact in artifacts],
        "left_out": left_out,
        "seen": sorted(list(key) for key in held),
    }
    job = jobs.queue(
        kind=kind,
        title=package.name,
        organization=package.organization,
        actor=actor,
        package=package,
        scope=jobs.scope_of(package),
        params=params,
    )
    objects = [{"type": artifact.type, "id": artifact.id} for artifact in artifacts]
    audit.record(verb, actor=actor, subject=package, details={"job": job.pk, "objects": objects})
    return job


def _held(package: Package) -> set[tuple[str, str]]:
    return {
        (type_, remote_id)
        for type_, remote_id in Artifact.objects.filter(package=package).values_list("type", "remote_id")
    }


def _name(organization: Organization, name: str, *, other_than: Package | None = None) -> str:
    name = name.strip()
    if not name:
        raise RefusedError("Give the package a name.", field="name")
    if len(name) > NAME_LIMIT:
        raise RefusedError(f"A name has at most {NAME_LIMIT} characters.", field="name")
    holder = package_names.holder(organization, name, other_than=other_than)
    if holder is not None:
        free = package_names.free_name(organization, name)
        raise RefusedError(
            f"{organization} has a package “{name}” already, and the platform wants names to be unique. "
            + (f"Free is, for example, “{free}”." if free else "Choose another name."),
            field="name",
        )
    return name


def _description(description: str) -> None:
    if len(description) > DESCRIPTION_LIMIT:
        raise RefusedError(f"A description has at most {DESCRIPTION_LIMIT} characters.", field="description")


def _expiry(expires_at: datetime | None) -> None:
    if expires_at is not None and expires_at <= timezone.now():
        raise RefusedError("The expiry has to be in the future.", field="expires_at")


def _stored(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _objects(artifacts: Sequence[NewArtifact], sandbox_name: str) -> list[NewArtifact]:
    """Each once; raises RefusedError for the first that cannot be sent."""
    if len(artifacts) > OBJECTS_LIMIT:
        raise RefusedError(f"At most {OBJECTS_LIMIT} objects go in one step.", field="artifacts")
    unique: dict[tuple[str, str], NewArtifact] = {}
    for artifact in artifacts:
        if reason := _problem_of(artifact) or reason_not_to_take(artifact.sandbox, sandbox_name):
            raise RefusedError(f"{artifact.words}: {reason[:1].lower()}{reason[1:]}", field="artifacts")
        unique.setdefault(artifact.key, artifact)
    return list(unique.values())


def _problem_of(artifact: NewArtifact) -> str:
    if not artifact.id or len(artifact.id) > ID_LIMIT or not artifact.id.isprintable():
        return f"An id has 1 to {ID_LIMIT} printable characters."
    if not artifact.type or len(artifact.type) > 64 or not artifact.type.isprintable():
        return "Choose its type."
    return f"A title has at most {TITLE_LIMIT} characters." if len(artifact.title) > TITLE_LIMIT else ""
