"""When a plan may run, running it, and the last look before anything is sent."""

from collections.abc import Sequence

from django.db import transaction

from accounts.access import require_role
from accounts.choices import Role
from accounts.models import User
from accounts.services import audit
from promotions.choices import UNFINISHED, ItemKind, JobState, PlanState, ProblemKind
from promotions.engine.registry import Ending, Report
from promotions.models import Job, Plan
from promotions.services import consent, freezing, jobs, memory, plans
from promotions.services.errors import NotReadyError
from promotions.services.verbs import Verb
from promotions.systems.base import Gathered, system

# In one sentence; the new revision of the plan lists all.
NAMED_CHANGES = 5


def reasons_not_to_run(plan: Plan) -> list[str]:
    """Why the plan may not run now, each as a sentence; empty if it may. The same for every face."""
    return reasons_not_ready(plan) or consent.reasons_without_consent(plan)


def reasons_not_ready(plan: Plan) -> list[str]:
    """What keeps the plan from running, whether or not somebody consents."""
    if plan.state == PlanState.SUPERSEDED:
        return ["A newer revision of this plan exists."]
    items = list(plan.items.all())
    return reasons_by_numbers(
        plan,
        plans.run_job(plan),
        undecided=sum(item.is_undecided for item in items),
        missing=sum(item.is_right_missing for item in items),
        is_confirmation=bool(items) and all(item.kind == ItemKind.CONFIRMATION for item in items),
    ) or system(plan.promotion.system).reasons_not_ready(plan, items)


def reasons_by_numbers(
    plan: Plan, run: Job | None, *, undecided: int, missing: int, is_confirmation: bool
) -> list[str]:
    """The same, for many plans at once: of a current one whose latest run and numbers are known already."""
    if plan.promotion.abandoned_at is not None:
        return ["This promotion was abandoned."]
    if plan.state == PlanState.GATHERING:
        return ["The facts are not gathered yet."]
    if run is not None:
        if run.state in UNFINISHED:
            return [f"It is under way as job {run.pk}."]
        if run.submit_count:
            again = "" if plan.promotion.is_undo else " Plan again to run it once more."
            return [f"It was run as job {run.pk}.{again}"]
    reasons = list(plan.blockers)
    if undecided and is_confirmation:
        reasons.append(system(plan.promotion.system).unconfirmed_words(undecided))
    elif undecided:
        reasons.append(system(plan.promotion.system).undecided_words(undecided))
    if missing:
        reasons.append(f"{missing} object{' lacks' if missing == 1 else 's lack'} a right in the target.")
    return reasons


@transaction.atomic
def request_run(*, plan: Plan, actor: User) -> Job:
    """Freeze the plan and queue its run. Raises NotReadyError with every reason, ConflictError if it runs already."""
    plan = plans.locked(plan)
    require_role(actor, plan.promotion.target_organization, Role.OPERATOR)
    reasons = reasons_not_to_run(plan)
    if reasons:
        raise NotReadyError(reasons)
    promotion = plan.promotion
    freezing.freeze(plan, actor)
    if plans.run_job(plan) is None:
        memory.keep(plan)
    job = jobs.queue(
        kind=system(promotion.system).run_kind(promotion),
        title=promotion.job_name,
        organization=promotion.target_organization,
        actor=actor,
        package=promotion.package,
        sandbox=promotion.target_sandbox,
        promotion=promotion,
        plan=plan,
        scope=system(promotion.system).scope(promotion),
        slot=system(promotion.system).slot(promotion),
    )
    audit.record(
        system(promotion.system).run_verbs(promotion).requested,
        actor=actor,
        subject=job,
        details={
            "revision": plan.revision,
            "content_hash": plan.content_hash,
            "sandbox": promotion.target_sandbox.name,
        },
    )
    return job


def recheck(plan: Plan, report: Report, *, may_reopen: bool = True) -> Ending | None:
    """Ask once more for the consent and for the facts, just before sending; call it outside any transaction.

    An ending means that nothing may be sent. May raise ApiError.
    """
    if (ending := _without_consent(plan)) is not None:
        return ending
    return check(plan, report, may_reopen=may_reopen)


@transaction.atomic
def _without_consent(plan: Plan) -> Ending | None:
    """What a consent that no longer holds does to the run; it ends there and then, for all to see."""
    ending = consent.lost(plan)
    if ending is not None:
        consent.void(plans.locked(plan), consent.reasons_without_consent(plan), actor=None)
    return ending


def check(plan: Plan, report: Report, *, may_reopen: bool = True) -> Ending | None:
    """Compare a frozen plan with the facts as they are now; call it outside any transaction. May raise ApiError.

    None if nothing in the hash differs; otherwise the plan reopens as a new revision, and any consent to it is void.
    """
    if freezing.content_hash(plan) != plan.content_hash:
        return unfit(plan, "The plan's own content no longer fits its hash.", may_reopen=may_reopen)
    found = system(plan.promotion.system)
    gathered = found.gather(plan.promotion, report)
    lost = found.lost_values(plan)
    if gathered.facts == plan.facts and not gathered.blockers and not lost:
        return None
    changes = [*found.describe_changes(plan.facts, gathered.facts), *lost]
    changes = changes or [blocker.text for blocker in gathered.blockers]
    return _reopened(plan, gathered, changes) if may_reopen else _changed(changes)


def unfit(plan: Plan, reason: str, *, may_reopen: bool) -> Ending:
    """How a run ends whose plan cannot be sent as it is; the plan reopens with the same facts and decisions."""
    return _reopened(plan, None, [reason]) if may_reopen else _changed([reason])


@transaction.atomic
def reopen_refused(plan: Plan, job: Job) -> None:
    """Open a plan again whose run the platform refused, having done nothing; decisions stay, consent is used up."""
    plan = plans.locked(plan)
    if plan.state == PlanState.READY and plan.promotion.abandoned_at is None:
        _reopen(plan, None, [f"Job {job.pk} was refused. {job.problem}"])


@transaction.atomic
def _reopened(plan: Plan, gathered: Gathered | None, changes: list[str]) -> Ending:
    plan = plans.locked(plan)
    if plan.state == PlanState.READY:
        _reopen(plan, gathered, changes)
    return Ending(
        state=JobState.CANCELLED,
        problem_kind=ProblemKind.PLAN_CHANGED,
        problem=f"Nothing was sent. {_changed(changes).problem} The plan is open again as a new revision.",
    )


def _reopen(plan: Plan, gathered: Gathered | None, changes: list[str]) -> None:
    newer = plans.reopen(plan, changes=changes, gathered=gathered)
    audit.record(
        Verb.PLAN_REOPENED,
        actor=None,
        subject=plan.promotion,
        organization=plan.promotion.target_organization,
        details={"revision": newer.revision, "changes": changes},
    )


def _changed(changes: Sequence[str]) -> Ending:
    named = list(changes[:NAMED_CHANGES])
    if len(changes) > NAMED_CHANGES:
        named.append(f"And {len(changes) - NAMED_CHANGES} more.")
    return Ending(
        state=JobState.CANCELLED,
        problem_kind=ProblemKind.PLAN_CHANGED,
        problem=f"Something changed since the plan was made: {' '.join(named)}",
    )
