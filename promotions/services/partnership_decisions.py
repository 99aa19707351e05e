"""Deciding on the partnerships that others ask for."""

from django.db import transaction

from accounts.access import has_role, require_role
from accounts.choices import Role
from accounts.models import User
from promotions.choices import UNFINISHED
from promotions.models import Job, Partnership
from promotions.services import insiders, jobs, sharing_audit
from promotions.services.errors import ConflictError, RefusedError
from promotions.services.sharing import NOTE_LIMIT
from promotions.services.verbs import Verb
from promotions.systems.sharing import kinds


def reason_not_to_decide_partnership(partnership: Partnership, user: User) -> str:
    """Why this person may not approve or reject it now, in a sentence; empty if they may."""
    if not partnership.is_incoming:
        return f"{partnership.partner} decides on this one."
    if not partnership.is_pending:
        return f"It is {partnership.status_text} already."
    if not has_role(user, partnership.organization, Role.APPROVER):
        return f"This needs the role approver in {partnership.organization}."
    spoken_for = Partnership.objects.filter(pk=partnership.pk)
    if spoken_for.filter(insiders.asked_by(user)).exists():
        return f"You asked for it in the name of {partnership.partner}. Somebody else has to decide."
    if spoken_for.filter(insiders.agreed_by(user)).exists():
        return f"You agreed to it in the name of {partnership.partner}. Somebody else has to decide."
    job = partnership.decision_job
    if job is not None and job.state in UNFINISHED:
        verb = "approved" if job.params.get("is_approved") else "rejected"
        return f"{job.requested_by} has {verb} it already; job {job.pk} tells the platform."
    return ""


@transaction.atomic
def decide_partnership(*, partnership: Partnership, is_approved: bool, reason: str, actor: User) -> Job:
    """Approve or reject an incoming request, with the reason that the partner will read.

    Raises RefusedError without a reason, PermissionDenied for who may not, ConflictError if somebody was faster.
    """
    partnership = (
        Partnership.objects.select_for_update(of=("self",)).select_related("organization").get(pk=partnership.pk)
    )
    require_role(actor, partnership.organization, Role.APPROVER)
    if not reason.strip():
        raise RefusedError("Say why: the partner reads it, and the platform asks for it.", field="reason")
    if len(reason) > NOTE_LIMIT:
        raise RefusedError(f"The reason may have {NOTE_LIMIT} characters; it has {len(reason)}.", field="reason")
    if objection := reason_not_to_decide_partnership(partnership, actor):
        raise ConflictError(f"{objection} Your decision was not taken.")
    job = jobs.queue(
        kind=kinds.DECIDE,
        title=partnership.partner,
        organization=partnership.organization,
        actor=actor,
        scope=f"partnership:{partnership.pk}",
        params={"partnership": partnership.pk, "is_approved": is_approved, "reason": reason.strip()},
    )
    partnership.decision_job = job
    partnership.save(update_fields=["decision_job"])
    sharing_audit.record(
        Verb.PARTNERSHIP_APPROVED if is_approved else Verb.PARTNERSHIP_REJECTED,
        actor=actor,
        subject=partnership,
        organization=partnership.organization,
        partner_ids=[partnership.partner_id],
        reason=reason.strip(),
        details={"job": job.pk, "partner": partnership.partner},
    )
    return job
