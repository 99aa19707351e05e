"""Reads of all that an organization has: quiet ones that nobody asked for, and those that somebody asks for."""

from functools import partial

from django.db import transaction

from accounts.access import require_role
from accounts.choices import OrganizationKind, Role
from accounts.models import Organization, User
from accounts.services import audit, sandboxes
from promotions.choices import JobState
from promotions.engine import registry
from promotions.engine.schedules import RoutineRequest
from promotions.models import Job
from promotions.services import jobs
from promotions.services.verbs import Verb


@transaction.atomic
def queue(kind: str, organization: Organization) -> Job | None:
    """Queue a read, or return the one that waits or runs; None where it could not succeed.

    A refused credential is not tried again and again; a test or a new secret clears it.
    """
    if not is_ready(organization):
        return None
    return jobs.queue_once(kind=kind, title=title(kind, organization), organization=organization, actor=None)


@transaction.atomic
def queue_anew(kind: str, organization: Organization) -> Job | None:
    """The same for what has just changed: a read that has begun already may have passed the place."""
    if not is_ready(organization):
        return None
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    waiting = Job.objects.filter(kind=kind, organization=organization, started_at=None, state=JobState.QUEUED).first()
    return waiting or jobs.queue(kind=kind, title=title(kind, organization), organization=organization, actor=None)


@transaction.atomic
def ask(kind: str, *, title: str, organization: Organization, actor: User | None, verb: Verb) -> Job:
    """Read now, or return the reading that is under way, which is then no longer a quiet one.

    No actor means the person at the command line of the server, whom Towpath does not know. Raises RefusedError for an
    organization without sandboxes, in which all of these reads look.
    """
    if actor is not None:
        require_role(actor, organization, Role.OPERATOR)
    sandboxes.require_sandboxes(organization)
    job = jobs.queue_once(kind=kind, title=title, organization=organization, actor=actor)
    audit.record(verb, actor=actor, subject=organization)
    return job


def is_ready(organization: Organization) -> bool:
    """Whether there is a credential that was not refused."""
    return (
        organization.kind == OrganizationKind.ADOBE
        and organization.deleted_at is None
        and organization.credentials.filter(is_primary=True, problem="").exclude(secrets="").exists()
    )


def request_of(kind: str) -> RoutineRequest:
    """How a schedule asks for reads of this kind."""
    return partial(queue, kind)


def title(kind: str, organization: Organization) -> str:
    return f"{registry.label(kind)} of {organization}"
