"""Asking for two versions of journeys to be read, so that they can be compared."""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.access import require_role
from accounts.choices import Role
from accounts.models import Organization, User
from accounts.services import audit
from promotions.choices import ACTIVE
from promotions.journey_sides import Side, home_of, scope_of
from promotions.models import Job
from promotions.services import jobs
from promotions.services.errors import RefusedError
from promotions.services.verbs import Verb
from promotions.systems.journeys import kinds


@transaction.atomic
def request_comparison(*, before: Side, after: Side, actor: User) -> Job:
    """Have both versions exported; a reading of the same two that is under way is returned.

    As for a promotion between the two, the actor reads both organizations and operates one. The job belongs to that
    one, and names nothing of the other: not everybody who sees the job may read there.
    """
    for side in (before, after):
        require_role(actor, side.journey.organization, Role.VIEWER)
    home = home_of(actor, before, after)
    if home is None:
        raise PermissionDenied("Reading two journeys needs the role operator in the organization of one of them.")
    if before.key == after.key:
        raise RefusedError("Both sides are the same version. Choose another one.", field="with")
    organization = Organization.objects.select_for_update(no_key=True).get(pk=home.journey.organization_id)
    job = Job.objects.filter(scope=scope_of(before, after), state__in=ACTIVE).first()
    if job is None:
        job = jobs.queue(
            kind=kinds.COMPARE,
            title=f"Comparison of journey “{home.journey}”",
            organization=organization,
            actor=actor,
            scope=scope_of(before, after),
            params={
                "sides": [{"key": side.key, "journey": side.journey.pk, "uid": side.uid} for side in (before, after)]
            },
        )
    audit.record(
        Verb.JOURNEY_COMPARISON_REQUESTED,
        actor=actor,
        subject=home.journey,
        details={"version": home.uid, "job": job.pk},
    )
    return job
