"""Promoting once more: what failed, the same again, or into several targets at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.access import has_role, require_role
from accounts.choices import Role
from accounts.models import Sandbox, User
from accounts.services import audit
from promotions.choices import GOOD_ENDS, UNFINISHED, Decision, JobState, PlanState, ResultOutcome
from promotions.models import Approval, Job, Package, Plan, Promotion, PromotionGroup
from promotions.services import approvals, consent, decisions, plans, runs
from promotions.services.decisions import Verdict
from promotions.services.errors import ConflictError, RefusedError
from promotions.services.verbs import Verb

TARGETS_LIMIT = 20
FAILED_OUTCOMES = (ResultOutcome.FAILED, ResultOutcome.HIDDEN_ERROR, ResultOutcome.UNKNOWN)


def reason_not_to_retry(job: Job) -> str:
    """Why what failed of a job cannot be planned again, as a sentence; empty if it can."""
    if job.promotion is None or job.promotion.package is None or job.plan is None:
        return "It was not planned here, so there is no plan to repeat."
    if job.state in UNFINISHED:
        return "It is not over yet."
    if job.state in GOOD_ENDS and not job.results.filter(outcome__in=FAILED_OUTCOMES).exists():
        return "Nothing of it failed."
    if job.state == JobState.CANCELLED and not job.submit_count:
        return "Nothing of it was sent. Run its plan instead."
    return ""


@transaction.atomic
def retry_failed(*, job: Job, actor: User) -> Promotion:
    """A new plan of the same package and target, in which what the job created is already decided as existing."""
    if reason := reason_not_to_retry(job):
        raise RefusedError(f"“{job.title}” cannot be retried: {reason}")
    promotion = job.promotion
    if promotion is None:
        raise TypeError("a job with nothing to retry was refused above")
    return _again(promotion, actor, origin_job=job)


@transaction.atomic
def run_again(*, promotion: Promotion, actor: User) -> Promotion:
    """A new promotion of the same package into the same target; nothing is decided in it yet."""
    return _again(promotion, actor)


def _again(promotion: Promotion, actor: User, *, origin_job: Job | None = None) -> Promotion:
    if promotion.package is None:
        raise RefusedError(f"“{promotion.title}” has no package to import again.")
    newer = plans.plan_promotion(
        package=promotion.package,
        sandbox=promotion.target_sandbox,
        job_name=promotion.job_name,
        job_description=promotion.job_description,
        actor=actor,
        origin_job=origin_job,
    )
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
def promote_to(
    *, package: Package, sandboxes: Sequence[Sandbox], job_name: str, job_description: str = "", actor: User
) -> PromotionGroup:
    """Plan one promotion for each sandbox, all or none. Raises RefusedError naming the sandbox that cannot take it."""
    require_role(actor, package.organization, Role.VIEWER)
    targets = {sandbox.pk: sandbox for sandbox in sandboxes}
    if not targets:
        raise RefusedError("Choose at least one target.", field="sandboxes")
    if len(targets) > TARGETS_LIMIT:
        raise RefusedError(f"Choose at most {TARGETS_LIMIT} targets at once.", field="sandboxes")
    group = PromotionGroup.objects.create(package=package, created_by=actor)
    for sandbox in targets.values():
        try:
            plans.plan_promotion(
                package=package,
                sandbox=sandbox,
                job_name=job_name,
                job_description=job_description,
                actor=actor,
                group=group,
            )
        except RefusedError as refusal:
            raise RefusedError(f"{sandbox.name}: {refusal.message}", field="sandboxes") from refusal
    audit.record(
        Verb.TARGETS_CHOSEN,
        actor=actor,
        subject=group,
        organization=package.organization,
        details={"sandboxes": [sandbox.name for sandbox in targets.values()]},
    )
    return group


def current_plans(group: PromotionGroup, user: User) -> list[Plan]:
    """The latest revision of each promotion that the person may read, in the order of the targets' names."""
    found = (
        Plan.objects.filter(promotion__in=Promotion.objects.visible_to(user).filter(group=group))
        .exclude(state=PlanState.SUPERSEDED)
        .select_related(
            "promotion__target_sandbox__organization",
            "promotion__target_organization",
            "promotion__source_organization",
            "promotion__package",
        )
    )
    return sorted(found, key=lambda plan: (plan.promotion.target_sandbox.name, plan.pk))


@dataclass(frozen=True)
class Outcome:
    """What became of one target when all of a group were acted on: how many items changed, or what was started."""

    promotion: Promotion
    changed: int = 0
    job: Job | None = None
    approval: Approval | None = None
    refusal: str = ""


Chooser = Callable[[Plan], list[Verdict]]


def for_key(key: str, decision: Decision, title: str = "") -> Chooser:
    """One object in every target: create it, or use the existing one of that title (the first one without a title)."""

    def choose(plan: Plan) -> list[Verdict]:
        for item in plan.items.filter(key=key, must_decide=True):
            for choice in item.choices:
                target = choice["target"]
                if choice["decision"] == decision and (target is None or not title or target["title"] == title):
                    return [Verdict(item.pk, decision, target["id"] if target else "", item.batch)]
        return []

    return choose


@transaction.atomic
def decide_together(*, group: PromotionGroup, choose: Chooser, actor: User) -> list[Outcome]:
    """Take one decision in every open plan of a group, where it is offered; the others say why not."""

    def decide(plan: Plan) -> Outcome:
        plan = plans.open_for(plan, actor)
        changed = decisions.decide(plan=plan, verdicts=choose(plan), actor=actor)
        return Outcome(plan.promotion, changed=len(changed))

    return _each(group, actor, decide)


@transaction.atomic
def run_together(*, group: PromotionGroup, actor: User, note: str = "") -> list[Outcome]:
    """Run every plan of a group that may run, ask for approval where one is needed; the others say why not."""

    def run(plan: Plan) -> Outcome:
        if consent.rule_for(plan.promotion) and consent.standing(plan) is None:
            approval = approvals.request_approval(plan=plan, actor=actor, note=note)
            return Outcome(plan.promotion, approval=approval)
        return Outcome(plan.promotion, job=runs.request_run(plan=plan, actor=actor))

    return _each(group, actor, run)


def _each(group: PromotionGroup, actor: User, act: Callable[[Plan], Outcome]) -> list[Outcome]:
    outcomes = []
    for plan in current_plans(group, actor):
        promotion = plan.promotion
        if not has_role(actor, promotion.target_organization, Role.OPERATOR):
            outcomes.append(Outcome(promotion, refusal="This needs the role operator."))
            continue
        try:
            with transaction.atomic():
                outcomes.append(act(plan))
        except (RefusedError, ConflictError, PermissionDenied) as refusal:
            outcomes.append(Outcome(promotion, refusal=str(refusal)))
    return outcomes
