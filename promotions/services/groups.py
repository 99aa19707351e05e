"""Promotions of one thing into several targets: decided together, run together, each by its own rules."""

from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.access import has_role, require_role
from accounts.choices import Role
from accounts.models import User
from promotions.choices import Decision, PlanState
from promotions.models import Approval, Job, Plan, Promotion, PromotionGroup
from promotions.services import approvals, consent, decisions, plans, runs
from promotions.services.decisions import MEMORY_IS_OFF, Verdict
from promotions.services.errors import RefusedError
from promotions.systems.base import system


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
    """What became of one target when all of a group were acted on."""

    promotion: Promotion
    changed: int = 0
    """How many items were decided anew."""
    job: Job | None = None
    approval: Approval | None = None
    refusal: str = ""
    """Why nothing came of it, in a sentence."""

    @property
    def words(self) -> str:
        if self.refusal:
            return self.refusal
        if self.job is not None:
            return f"Queued as job {self.job.pk}."
        if self.approval is not None:
            return "An approval was asked for."
        words = system(self.promotion.system).words
        return f"{self.changed} {words.item if self.changed == 1 else words.items} decided."


Chooser = Callable[[Plan], list[Verdict]]


def for_key(key: str, decision: Decision, title: str = "") -> Chooser:
    """One object in every target: create it, or use the existing one of that title (the first one without a title).

    In an import as update the existing one is updated, since nothing is then used as it is.

    Where two existing ones have that title, neither is taken: which is meant is for a person to say.
    """

    def choose(plan: Plan) -> list[Verdict]:
        for item in plan.items.filter(key=key, must_decide=True):
            wanted = Decision.UPDATE if decision == Decision.REUSE and plan.promotion.is_update else decision
            fitting = [choice["target"] for choice in item.choices if choice["decision"] == wanted]
            if title:
                fitting = [target for target in fitting if target and target["title"] == title]
                if len(fitting) > 1:
                    raise RefusedError(f"Several existing objects are called “{title}” here. Decide on its own page.")
            if fitting:
                return [Verdict(item.pk, wanted, fitting[0]["id"] if fitting[0] else "", item.batch)]
        return []

    return choose


def filled(key: str, value: str) -> Chooser:
    """The same typed value in every target."""

    def choose(plan: Plan) -> list[Verdict]:
        items = plan.items.filter(key=key, must_decide=True).exclude(input="")
        return [Verdict(item.pk, Decision.FILL, seen_batch=item.batch, value=value) for item in items]

    return choose


def as_before(plan: Plan) -> list[Verdict]:
    """What was decided before, wherever nothing is decided yet."""
    if not plan.promotion.is_memory_offered:
        raise RefusedError(MEMORY_IS_OFF)
    return decisions.remembered(plan)


def decide_together(*, group: PromotionGroup, choose: Chooser, actor: User, words: str = "") -> list[Outcome]:
    """Take one decision in every open plan of a group, where it is offered; the others say why not.

    `words` say what was done, for the page. Each target has a transaction of its own: what one refuses holds up no
    other, and no two people wait for each other's locks.
    """

    def decide(plan: Plan) -> Outcome:
        with transaction.atomic():
            plan = plans.open_for(plan, actor)
            verdicts = choose(plan)
            changed = decisions.decide(plan=plan, verdicts=verdicts, actor=actor)
        if not verdicts:
            return Outcome(plan.promotion, refusal="Nothing to decide in this way.")
        return Outcome(plan.promotion, changed=len(changed))

    return _each(group, actor, decide, words)


def run_together(*, group: PromotionGroup, actor: User, note: str = "", words: str = "") -> list[Outcome]:
    """Run every plan of a group that may run, ask for approval where one is needed; the others say why not.

    Each target has a transaction of its own, as in `decide_together`.
    """

    def run(plan: Plan) -> Outcome:
        with transaction.atomic():
            if is_approval_wanted(plan):
                approval = approvals.request_approval(plan=plan, actor=actor, note=note)
                return Outcome(plan.promotion, approval=approval)
            return Outcome(plan.promotion, job=runs.request_run(plan=plan, actor=actor))

    return _each(group, actor, run, words)


def is_approval_wanted(plan: Plan) -> bool:
    """Whether the next step towards running it is to ask for an approval."""
    return bool(consent.binding_rule(plan.promotion)) and consent.standing(plan) is None


def target_words(promotion: Promotion) -> str:
    """The target sandbox, with its organization where that is another than the source's."""
    name: str = promotion.target_sandbox.name
    is_across = promotion.target_organization_id != promotion.source_organization_id
    return f"{promotion.target_organization} · {name}" if is_across else name


def _each(group: PromotionGroup, person: User, act: Callable[[Plan], Outcome], words: str) -> list[Outcome]:
    found = current_plans(group, person)
    if not any(has_role(person, plan.promotion.target_organization, Role.OPERATOR) for plan in found):
        # They may look on; what the page says came of the last act stays as it is.
        require_role(person, group.organization, Role.OPERATOR)
    outcomes = []
    for plan in found:
        promotion = plan.promotion
        if not has_role(person, promotion.target_organization, Role.OPERATOR):
            outcomes.append(Outcome(promotion, refusal="This needs the role operator."))
            continue
        try:
            outcomes.append(act(plan))
        except (RefusedError, PermissionDenied) as refusal:
            outcomes.append(Outcome(promotion, refusal=str(refusal)))
    _keep(group, person, words, outcomes)
    return outcomes


def _keep(group: PromotionGroup, person: User, words: str, outcomes: list[Outcome]) -> None:
    """What came of it stays on the page of the group; the record has the acts themselves."""
    group.last_act = {
        "words": words,
        "by": str(person),
        "at": timezone.now().isoformat(),
        "outcomes": [
            {
                "promotion": outcome.promotion.pk,
                "target": target_words(outcome.promotion),
                "words": outcome.words,
                "tone": "warn" if outcome.refusal else "ok",
                "job": outcome.job.pk if outcome.job else None,
            }
            for outcome in outcomes
        ],
    }
    group.save(update_fields=["last_act"])
