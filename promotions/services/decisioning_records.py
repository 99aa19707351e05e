"""Deleting what the platform keeps of a workflow that is over; what the workflow made stays."""

from django.db import transaction

from accounts.access import require_role
from accounts.choices import Role
from accounts.models import User
from accounts.services import audit
from clients.decisioning import Dialect
from promotions.choices import GOOD_ENDS, UNFINISHED
from promotions.models import Job
from promotions.services import jobs, undoing
from promotions.services.errors import RefusedError
from promotions.services.verbs import Verb
from promotions.systems.decisioning import kinds


def is_offered(job: Job) -> bool:
    """Whether deleting is a question at all: only the first revision of the service knows it."""
    return (
        job.kind in kinds.WORKFLOWS
        and bool(job.remote_id)
        and job.organization.service_dialect(kinds.SERVICE) == Dialect.R1
    )


def deletion_of(job: Job) -> Job | None:
    """The job that deletes the record of this one, or has deleted it."""
    found = Job.objects.filter(organization=job.organization_id, kind=kinds.DELETE, scope=_scope(job))
    return found.filter(state__in=[*UNFINISHED, *GOOD_ENDS]).order_by("-pk").first()


def reason_not_to_delete(job: Job) -> str:
    """Why the record cannot be deleted now, as a sentence; empty if it can."""
    if not is_offered(job):
        return (
            "The platform offers that for workflows of the Decisioning Migration Service in its first revision only. "
            "Ask the platform's administrator."
        )
    if job.state in UNFINISHED:
        return "It is not over yet."
    if (deletion := deletion_of(job)) is not None:
        return f"Job {deletion.pk} deletes it already, or has."
    undo = undoing.standing_undo(job) if job.kind == kinds.MIGRATE else None
    if undo is not None and not undo.jobs.filter(kind=kinds.ROLL_BACK, state__in=GOOD_ENDS).exists():
        return f"Promotion {undo.pk} takes the migration back, which needs the record. Put that one away first."
    return ""


@transaction.atomic
def request_deletion(*, job: Job, actor: User) -> Job:
    """Have the record of a workflow deleted at the platform. Raises RefusedError if that cannot be."""
    job = Job.objects.select_for_update(of=("self",)).select_related("organization", "promotion").get(pk=job.pk)
    require_role(actor, job.organization, Role.OPERATOR)
    if reason := reason_not_to_delete(job):
        raise RefusedError(f"The record of “{job.title}” cannot be deleted: {reason}")
    deletion = jobs.queue(
        kind=kinds.DELETE,
        title=job.title,
        organization=job.organization,
        actor=actor,
        scope=_scope(job),
        params={"workflow": job.remote_id, "workflow_kind": job.kind, "job": job.pk},
    )
    audit.record(
        Verb.RECORD_DELETION_REQUESTED,
        actor=actor,
        subject=job,
        details={"workflow": job.remote_id, "job": deletion.pk},
    )
    return deletion


def _scope(job: Job) -> str:
    return f"decisioning:record:{job.pk}"
