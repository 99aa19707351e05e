"""Reading a package anew, and what the platform offers to put into one."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.access import require_role
from accounts.choices import Role
from accounts.models import Organization, Sandbox, User
from accounts.services import audit
from promotions.choices import ACTIVE, GOOD_ENDS, ArtifactType, label
from promotions.models import Job, Package
from promotions.services import jobs
from promotions.services.errors import RefusedError
from promotions.services.verbs import Verb
from promotions.systems.packages import kinds

# For so long a platform that offers no object lists is not asked again.
OBJECTS_MEMORY = timedelta(days=1)


@transaction.atomic
def read_package(*, package: Package, actor: User) -> Job:
    """Read one package anew, with what the platform offers for it; a reading that is under way is returned."""
    require_role(actor, package.organization, Role.OPERATOR)
    job = jobs.queue_once(
        kind=kinds.READ_PACKAGE,
        title=f"Package “{package}”",
        organization=package.organization,
        actor=actor,
        package=package,
    )
    audit.record(Verb.READING_REQUESTED, actor=actor, subject=package, details={"job": job.pk})
    return job


@transaction.atomic
def read_objects(*, organization: Organization, sandbox: Sandbox, type: str, actor: User) -> Job:
    """Ask for the objects of a sandbox that have this type; a reading that is under way is returned."""
    require_role(actor, organization, Role.OPERATOR)
    if sandbox.organization_id != organization.pk or not sandbox.is_active:
        raise RefusedError(f"“{sandbox.name}” is no active sandbox of {organization}.", field="sandbox")
    if type not in ArtifactType.values:
        raise RefusedError("Choose a type of object from the list.", field="type")
    if are_objects_offered(organization) is False:
        raise RefusedError(f"The platform offers no lists of objects to {organization}. Paste ids or addresses.")
    Organization.objects.select_for_update().get(pk=organization.pk)
    params = {"type": str(type), "sandbox": sandbox.name}
    job = Job.objects.filter(
        kind=kinds.READ_OBJECTS,
        organization=organization,
        state__in=ACTIVE,
        params__type=params["type"],
        params__sandbox=params["sandbox"],
    ).first()
    if job is None:
        job = jobs.queue(
            kind=kinds.READ_OBJECTS,
            title=f"{label(ArtifactType, type)} objects of {sandbox.name}",
            organization=organization,
            actor=actor,
            params=params,
        )
    audit.record(Verb.OBJECTS_REQUESTED, actor=actor, subject=sandbox, details={"job": job.pk, "type": str(type)})
    return job


def are_objects_offered(organization: Organization) -> bool | None:
    """Whether the platform lists an organization's objects, by the latest answer; None if it was not asked lately."""
    latest = (
        Job.objects.filter(
            kind=kinds.READ_OBJECTS,
            organization=organization,
            state__in=GOOD_ENDS,
            finished_at__gt=timezone.now() - OBJECTS_MEMORY,
        )
        .order_by("-finished_at")
        .first()
    )
    return None if latest is None else bool(latest.result.get("is_offered"))
