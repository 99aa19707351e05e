"""What templates tell of imports of API versions: accounts, effects, rules, and where things went."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import template

from accounts.templatetags.ui import Look
from promotions.api_choices import DuplicateRule, LifecycleAct
from promotions.api_facts import acts_from
from promotions.choices import GOOD_OUTCOMES, Decision, ResultOutcome
from promotions.forms.api_imports import CONSEQUENCES, ExpressionsForm, RuleForm
from promotions.models import ApiVersion, Archive, Job, PlanItem, Promotion, TaskResult
from promotions.systems.snaplogic import advice, picks
from promotions.systems.snaplogic.account_names import slug_of
from promotions.systems.snaplogic.advice import Remedy
from promotions.systems.snaplogic.drafting import ACCOUNT_ITEM, VALUE_ITEM
from promotions.systems.snaplogic.effects import Effect
from promotions.systems.snaplogic.picks import Pick
from promotions.systems.snaplogic.verifying import path_of

register = template.Library()

MADE_SHOWN = 500
LOOKS = {
    Effect.ADDED: Look("dot", "accent", "added"),
    Effect.OVERWRITTEN: Look("tilde", "warn", "overwritten"),
    Effect.LEFT: Look("equal", "quiet", "left as it is"),
    Effect.ADDED_OR_LEFT: Look("question", "unknown", "not known"),
    Effect.ADDED_OR_OVERWRITTEN: Look("question", "warn", "not known"),
}


@dataclass
class AccountState:
    """How far the editing of an account is."""

    total: int = 0
    changed: int = 0
    missing: int = 0
    """Secrets that are still to be given."""
    latest: PlanItem | None = None
    """The value that was given last."""


@register.filter
def effect_look(effect: str) -> Look:
    return LOOKS[Effect(effect)]


@register.filter
def account_slug(uuid: str) -> str:
    return slug_of(uuid)


@register.simple_tag(takes_context=True)
def account_state(context: template.Context, item: PlanItem) -> AccountState:
    """Of an account; all accounts of a page are counted at once."""
    cache: dict[Any, Any] = context.render_context.dicts[0]
    key = (account_state, item.plan_id)
    if key not in cache:
        cache[key] = _states(item.plan_id)
    found: dict[str, AccountState] = cache[key]
    return found.get(item.details["uuid"], AccountState())


def _states(plan_id: int) -> dict[str, AccountState]:
    states: dict[str, AccountState] = {}
    for item in PlanItem.objects.filter(plan=plan_id, type=VALUE_ITEM).select_related("decided_by"):
        state = states.setdefault(item.details["uuid"], AccountState())
        state.total += 1
        state.changed += item.decision in (Decision.FILL, Decision.REUSE)
        state.missing += item.decision == Decision.UNDECIDED
        if item.decided_at is not None and (
            state.latest is None or state.latest.decided_at is None or item.decided_at > state.latest.decided_at
        ):
            state.latest = item
    return states


@register.simple_tag
def account_of(item: PlanItem) -> PlanItem | None:
    """The account that a value belongs to."""
    if item.type != VALUE_ITEM:
        return None
    return PlanItem.objects.filter(plan=item.plan_id, type=ACCOUNT_ITEM, key__in=item.needed_by).first()


@register.simple_tag
def added_files(promotion: Promotion) -> Archive | None:
    """The expression files that go along, if there are any."""
    return picks.expressions_of(promotion)


@register.simple_tag
def target_path(promotion: Promotion) -> str:
    return picks.target_path(promotion).text


@register.simple_tag
def pick_of(promotion: Promotion) -> Pick:
    return Pick.of(promotion)


@register.filter
def rule_means(rule: DuplicateRule) -> str:
    return CONSEQUENCES[rule]


@register.simple_tag
def rule_form(promotion: Promotion) -> RuleForm:
    pick = Pick.of(promotion)
    return RuleForm(initial={"rule": pick.rule, "types": pick.types})


@register.simple_tag
def expressions_form() -> ExpressionsForm:
    return ExpressionsForm()


@dataclass(frozen=True)
class Imported:
    """Where an import went, what it made there, and the ways to go on."""

    path: str
    """Empty where a version was made whose name nobody told."""
    asked: str
    """The path that it was sent to."""
    has_arrived: bool
    """Whether anything is known to be there because of it, or to have been there."""
    row: ApiVersion | None
    acts: Sequence[LifecycleAct]
    """The changes of its life that lead on from where it is now."""
    made: Sequence[TaskResult]
    made_count: int
    overwritten_count: int
    remedies: Sequence[Remedy]


@register.simple_tag
def imported(job: Job) -> Imported | None:
    """None for what is no import of a plan."""
    if job.promotion is None or job.plan is None:
        return None
    path = path_of(job)
    row = None
    if path is not None:
        row = ApiVersion.objects.filter(organization=job.organization, api=path.api, version=path.version).first()
    outcomes = Counter(job.results.values_list("outcome", flat=True))
    made = job.results.filter(outcome=ResultOutcome.CREATED).order_by("type", "title", "pk")
    return Imported(
        path=path.text if path is not None else "",
        asked=picks.target_path(job.promotion).text,
        has_arrived=job.is_finished and any(outcomes[outcome] for outcome in GOOD_OUTCOMES),
        row=row,
        acts=acts_from(row.state) if row is not None else [],
        made=list(made[:MADE_SHOWN]),
        made_count=outcomes[ResultOutcome.CREATED],
        overwritten_count=outcomes[ResultOutcome.UPDATED],
        remedies=advice.remedies(job),
    )
