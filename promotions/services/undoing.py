"""Taking back what a run has made, where the platform can: planned, agreed to and run like anything else."""

from django.db import transaction

from accounts.access import require_role
from accounts.choices import Role
from accounts.models import User
from accounts.services import audit
from promotions.choices import UNFINISHED, PromotionMode
from promotions.models import Job, Promotion
from promotions.services import plans
from promotions.services.errors import RefusedError
from promotions.services.verbs import Verb
from promotions.systems.base import system


def can_be_undone(job: Job) -> bool:
    """Whether undoing is a question at all: a run of a plan by a system that can."""
    return (
        job.promotion is not None
        and job.plan_id is not None
        and not job.promotion.is_undo
        and system(job.promotion.system).is_undoable
    )


def reason_not_to_undo(job: Job) -> str:
    """Why a run cannot be taken back now, as a sentence; empty if it can."""
    if not can_be_undone(job) or job.promotion is None:
        return "The platform offers no way to take it back."
    if job.state in UNFINISHED:
        return "It is not over yet."
    if not job.submit_count:
        return "Nothing of it was sent, so there is nothing to take back."
    if (standing := standing_undo(job)) is not None:
        if _was_sent(standing):
            return f"Promotion {standing.pk} has taken it back, or tried to. Look there how that ended."
        return f"Promotion {standing.pk} takes it back already. Go on there, or put that one away first."
    return system(job.promotion.system).reason_not_to_undo(job)


def standing_undo(job: Job) -> Promotion | None:
    """The promotion that takes this run back, or has; one that was put away unsent, or has failed, does not stand.

    A run that was never sent leaves its plan where it was: that can be run again, so nothing may be planned beside it.
    """
    for promotion in job.retries.filter(mode=PromotionMode.UNDO).order_by("-pk"):
        run = plans.run_job(promotion.current_plan)
        if run is not None and (run.state in UNFINISHED or run.submit_count):
            if not system(promotion.system).has_undo_failed(run):
                return promotion
        elif promotion.abandoned_at is None:
            return promotion
    return None


def latest_undo(job: Job) -> Promotion | None:
    """The one that stands, or else the last that was tried and not put away."""
    last = job.retries.filter(abandoned_at=None, mode=PromotionMode.UNDO).order_by("-pk").first()
    return standing_undo(job) or last


def _was_sent(promotion: Promotion) -> bool:
    run = plans.run_job(promotion.current_plan)
    return run is not None and bool(run.submit_count)


@transaction.atomic
def undo(*, job: Job, reason: str, actor: User) -> Promotion:
    """Plan to take a run back: a plan of its own, with what will go, which needs consent by the same rule."""
    job = Job.objects.select_for_update(of=("self",)).select_related("promotion", "plan").get(pk=job.pk)
    require_role(actor, job.organization, Role.OPERATOR)
    if objection := reason_not_to_undo(job):
        raise RefusedError(f"“{job.title}” cannot be undone: {objection}")
    if not reason.strip():
        raise RefusedError("Say why it is taken back; the record keeps it.", field="reason")
    former = job.promotion
    if former is None:
        raise TypeError("a run that can be undone has a promotion")
    promotion = plans.start(
        system_name=former.system,
        title=former.title,
        source=former.source_organization,
        source_place=former.source_place,
        sandbox=former.target_sandbox,
        pick=former.pick,
        pick_key=former.pick_key,
        origin_job=job,
        job_name=former.job_name,
        job_description=reason.strip(),
        mode=PromotionMode.UNDO,
        actor=actor,
        details={"undoes": job.pk},
    )
    audit.record(Verb.UNDO_PLANNED, actor=actor, subject=job, reason=reason, details={"promotion": promotion.pk})
    return promotion
