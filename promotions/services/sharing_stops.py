"""Stopping a request of sharing where it waits."""

from django.db import transaction
from django.utils import timezone

from accounts.access import require_role
from accounts.choices import Role
from accounts.models import User
from promotions.choices import GOOD_ENDS, UNFINISHED, UNFINISHED_LEGS, ApprovalState, LegState, SharingState
from promotions.models import Job, SharingLeg, SharingRequest
from promotions.services import chain, consent, jobs, sharing_audit
from promotions.services.errors import ConflictError, RefusedError
from promotions.services.verbs import Verb


@transaction.atomic
def stop(*, request: SharingRequest, actor: User, reason: str) -> SharingRequest:
    """End a request where it waits; what the platform has already stays there, and the legs say so.

    Raises RefusedError without a reason, ConflictError where everything is over or on its way.
    """
    request = chain.locked(request)
    require_role(actor, request.organization, Role.OPERATOR)
    if not reason.strip():
        raise RefusedError("Say why you stop it: the record, and whoever approved it, are told.", field="reason")
    if request.is_over:
        raise ConflictError(f"The {request.title} is over already: {request.get_state_display().lower()}.")
    _lock_jobs(request)
    # The ends of its jobs move nothing meanwhile.
    SharingRequest.objects.filter(pk=request.pk).update(state=SharingState.STOPPED)
    stopped = [leg for leg in request.legs.select_related("asking_job", "sending_job") if _stop_leg(leg, actor)]
    if not stopped:
        raise ConflictError("Everything of it is at the platform already, which offers no way to take a transfer back.")
    request.ended_by = actor
    request.save(update_fields=["state", "ended_by"])
    if request.started_at is None:
        consent.void(request, [f"{actor} stopped it: {reason.strip()}"], actor=actor)
    else:
        _tell_of_stop(request, actor, reason.strip())
    chain.conclude(request)
    sharing_audit.record(
        Verb.SHARING_STOPPED,
        actor=actor,
        subject=request,
        organization=request.organization,
        partner_ids=[leg.partner_id for leg in stopped],
        reason=reason.strip(),
        details={"what": request.title, "stopped": [leg.partner for leg in stopped]},
    )
    return request


def _lock_jobs(request: SharingRequest) -> None:
    """Before anything else is changed, as whoever ends one of them does: the record is locked last by all."""
    ids = request.legs.values_list("asking_job", "sending_job")
    jobs_of = Job.objects.select_for_update().filter(pk__in=[pk for pair in ids for pk in pair if pk is not None])
    list(jobs_of.order_by("pk").values_list("pk"))


def _tell_of_stop(request: SharingRequest, by: User, reason: str) -> None:
    """Whoever asked for it, and whoever agreed, if it was somebody else who stopped it."""
    approvers = User.objects.filter(pk__in=request.approvals.filter(state=ApprovalState.APPROVED).values("decided_by"))
    people = [person for person in {request.created_by, *approvers} if person.pk != by.pk]
    chain.tell(request, people, f"{by} stopped the {request.title}", reason, key=f"sharing:{request.pk}:stopped")


def _stop_leg(leg: SharingLeg, actor: User) -> bool:
    """Stop what waits; False for what is on its way or over."""
    if leg.state not in UNFINISHED_LEGS:
        return False
    job = leg.sending_job if leg.state == LegState.SENDING else leg.asking_job
    is_over = job is not None and job.state not in UNFINISHED
    if leg.state == LegState.SENDING and is_over:
        return False  # what became of it is about to be noted, and is not to be hidden
    problem = ""
    is_asked = leg.state == LegState.ASKING and job is not None and job.state in GOOD_ENDS
    if leg.state == LegState.WAITING_PARTNER or is_asked:
        problem = f"The request stays with {leg.partner}: the platform offers no way to withdraw it."
    elif leg.state in (LegState.ASKING, LegState.SENDING) and job is not None and not is_over:
        is_cancelled = _cancelled(job, actor)
        if leg.state == LegState.SENDING and not is_cancelled:
            return False
        if not is_cancelled:
            problem = f"The request may have reached {leg.partner} already; the platform offers no way to withdraw it."
    leg.state, leg.problem, leg.changed_at = LegState.STOPPED, problem, timezone.now()
    leg.save(update_fields=["state", "problem", "changed_at"])
    return True


def _cancelled(job: Job, actor: User) -> bool:
    try:
        with transaction.atomic():
            jobs.cancel(job=job, actor=actor)
    except ConflictError:
        return False
    return True
