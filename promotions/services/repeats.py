"""Promoting once more: what failed, the same again, or into several targets at once."""

from collections.abc import Callable, Sequence

from django.db import transaction
from django.db.models import QuerySet

from accounts.access import require_role
from accounts.choices import Role
from accounts.models import Organization, Sandbox, User
from accounts.services import audit
from promotions.choices import GOOD_ENDS, UNFINISHED, PromotionMode, ResultOutcome
from promotions.models import Job, Package, Promotion, PromotionGroup, TaskResult
from promotions.services.errors import RefusedError
from promotions.services.verbs import Verb
from promotions.systems.base import system

TARGETS_LIMIT = 20
FAILED_OUTCOMES = (ResultOutcome.FAILED, ResultOutcome.HIDDEN_ERROR, ResultOutcome.UNKNOWN)


def reason_not_to_retry(job: Job) -> str:
    """Why what failed of a job cannot be planned again, as a sentence; empty if it can."""
    if job.promotion is None or job.plan is None:
        return "It was not planned here, so there is no plan to repeat."
    if job.state in UNFINISHED:
        return "It is not over yet."
    if not job.submit_count:
        return "Nothing of it was sent. Run its plan instead."
    if job.state in GOOD_ENDS and not failed_results(job).exists():
        return "Nothing of it failed."
    if reason := system(job.promotion.system).reason_not_to_retry(job):
        return reason
    if (retry := standing_retry(job)) is not None:
        return f"Promotion {retry.pk} retries it already. Go on there, or put that one away first."
    return ""


def failed_results(job: Job) -> QuerySet[TaskResult]:
    """What a retry is about: what failed, openly or not, and what nothing is known of."""
    return job.results.filter(outcome__in=FAILED_OUTCOMES)


def standing_retry(job: Job) -> Promotion | None:
    """The promotion that retries this job and was not put away."""
    return job.retries.filter(abandoned_at=None).exclude(mode=PromotionMode.UNDO).order_by("-pk").first()


@transaction.atomic
def retry_failed(*, job: Job, actor: User) -> Promotion:
    """A new plan of the same source and target, in which what the job created is already decided as existing."""
    job = Job.objects.select_for_update(of=("self",)).select_related("promotion__package", "plan").get(pk=job.pk)
    if reason := reason_not_to_retry(job):
        raise RefusedError(f"“{job.title}” cannot be retried: {reason}")
    promotion = job.promotion
    if promotion is None:
        raise TypeError("a job with nothing to retry was refused above")
    return _again(promotion, actor, origin_job=job)


@transaction.atomic
def run_again(*, promotion: Promotion, actor: User) -> Promotion:
    """A new promotion of the same source into the same target; nothing is decided in it yet."""
    return _again(promotion, actor)


def _again(promotion: Promotion, actor: User, *, origin_job: Job | None = None) -> Promotion:
    newer = system(promotion.system).again(promotion, actor=actor, origin_job=origin_job)
    audit.record(
        Verb.RUN_REPEATED,
        actor=actor,
        subject=promotion,
        organization=promotion.target_organization,
        details={"new_promotion": newer.pk, "retried_job": origin_job.pk if origin_job else None},
    )
    return newer


# Several targets


@transaction.atomic
def promote_to_each(
    *,
    title: str,
    organization: Organization,
    package: Package | None = None,
    sandboxes: Sequence[Sandbox],
    plan: Callable[[Sandbox, PromotionGroup], Promotion],
    actor: User,
) -> PromotionGroup:
    """Plan one promotion for each sandbox, all or none; `organization` is the source.

    Raises RefusedError naming the sandbox that cannot take it.
    """
    require_role(actor, organization, Role.VIEWER)
    targets = {sandbox.pk: sandbox for sandbox in sandboxes}
    if not targets:
        raise RefusedError("Choose at least one target.", field="sandbox")
    if len(targets) > TARGETS_LIMIT:
        raise RefusedError(f"Choose at most {TARGETS_LIMIT} targets at once.", field="sandbox")
    group = PromotionGroup.objects.create(title=title, organization=organization, package=package, created_by=actor)
    for sandbox in targets.values():
        try:
            plan(sandbox, group)
        except RefusedError as refusal:
            if refusal.field in ("mode", "version"):  # it is the source that cannot, whichever the target
                raise
            raise RefusedError(f"{sandbox.name}: {refusal.message}", field="sandbox") from refusal
    audit.record(
        Verb.TARGETS_CHOSEN,
        actor=actor,
        subject=group,
        organization=organization,
        details={"sandboxes": [sandbox.name for sandbox in targets.values()]},
    )
    return group
