"""What was decided before on the same objects: kept when a plan is run, and offered to the next one, unapplied."""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils import timezone

from accounts.access import require_role
from accounts.choices import Role
from accounts.models import Sandbox, User
from accounts.services import audit
from promotions.choices import TARGETED, Decision, ItemInput, ItemKind, ResultOutcome
from promotions.models import Job, Plan, PlanItem, Promotion, RememberedDecision
from promotions.services.verbs import Verb

LOOKUP_SIZE = 500


def keep(plan: Plan) -> None:
    """Remember what people decided in a plan that is about to be run."""
    sandbox = plan.promotion.target_sandbox
    items = plan.items.filter(must_decide=True).exclude(kind=ItemKind.CONFIRMATION).exclude(decided_by=None)
    decided = _one_each(item for item in items if item.decision != Decision.UNDECIDED and not _is_typed_secret(item))
    known = _known(sandbox, decided)
    rows = []
    for item in decided:
        before = known.get((item.type, _named(item)))
        is_same = before is not None and _target_of(before.decision, before.target) == _target_of(
            item.decision, item.target
        )
        rows.append(
            RememberedDecision(
                target_sandbox=sandbox,
                type=item.type,
                remote_id=_named(item),
                decision=item.decision,
                target=item.target,
                times=_times(before, item) if before is not None and is_same else 1,
                decided_by=item.decided_by,
                decided_at=item.decided_at or timezone.now(),
            )
        )
    RememberedDecision.objects.bulk_create(
        rows,
        batch_size=LOOKUP_SIZE,
        update_conflicts=True,
        unique_fields=["target_sandbox", "type", "remote_id"],
        update_fields=["decision", "target", "times", "decided_by", "decided_at"],
    )


def _is_typed_secret(item: PlanItem) -> bool:
    return item.decision == Decision.FILL and item.input == ItemInput.SECRET


def _one_each(items: Iterable[PlanItem]) -> list[PlanItem]:
    """One decision for what several items are about, such as a schema that two events use; the later one counts."""
    return list({(item.type, _named(item)): item for item in items}.values())


def _named(item: PlanItem) -> str:
    """What a decision is remembered by; a system may say more than the id tells, such as where it came from."""
    return str(item.details.get("memory") or item.remote_id)[:500]


def _times(before: RememberedDecision, item: PlanItem) -> int:
    """One decision that is run twice, or carried into a newer revision, was taken once."""
    return before.times if before.decided_at == item.decided_at else before.times + 1


def remind(sandbox: Sandbox, items: Sequence[PlanItem]) -> None:
    """Note on new, unsaved items what was decided before, where that can still be chosen.

    Where the plan retries a run, that run says more than what was decided for it.
    """
    open_ones = [item for item in items if item.must_decide and item.kind != ItemKind.CONFIRMATION and not item.earlier]
    known = _known(sandbox, open_ones)
    for item in open_ones:
        before = known.get((item.type, _named(item)))
        if before is not None and _is_offered(item, before):
            item.remembered = {
                "decision": before.decision,
                "target": before.target if before.decision in TARGETED else None,
                "by": str(before.decided_by) if before.decided_by else "",
                "at": before.decided_at.isoformat(),
                "times": before.times,
            }


def _known(sandbox: Sandbox, items: Sequence[PlanItem]) -> dict[tuple[str, str], RememberedDecision]:
    found: dict[tuple[str, str], RememberedDecision] = {}
    ids = sorted({_named(item) for item in items})
    for start in range(0, len(ids), LOOKUP_SIZE):
        rows = RememberedDecision.objects.filter(
            target_sandbox=sandbox, remote_id__in=ids[start : start + LOOKUP_SIZE]
        ).select_related("decided_by")
        found |= {(row.type, row.remote_id): row for row in rows}
    return found


def _is_offered(item: PlanItem, before: RememberedDecision) -> bool:
    """Whether it can be chosen, and would not create once more what it created already and the target holds."""
    if before.decision == Decision.CREATE and before.target:
        made = before.target["id"]
        if any(choice["target"]["id"] == made for choice in item.choices if choice["target"]):
            return False
    if before.decision == Decision.FILL:
        return item.input == ItemInput.TEXT
    wanted = _target_of(before.decision, before.target)
    return any(_target_of(choice["decision"], choice["target"]) == wanted for choice in item.choices)


def _target_of(decision: str, target: dict[str, str] | None) -> tuple[str, str]:
    return decision, target["id"] if target and decision in TARGETED else ""


def note_made(job: Job) -> None:
    """Keep with each remembered creation what it made, now that the run is over."""
    if job.sandbox is None:
        return
    made = {
        (result.type, result.remote_id): {"id": result.new_id, "type": result.type, "title": result.title}
        for result in job.results.filter(outcome=ResultOutcome.CREATED).exclude(new_id="")
    }
    ids = sorted({remote_id for _, remote_id in made})
    for start in range(0, len(ids), LOOKUP_SIZE):
        rows = RememberedDecision.objects.filter(
            target_sandbox=job.sandbox, remote_id__in=ids[start : start + LOOKUP_SIZE], decision=Decision.CREATE
        )
        changed = [row for row in rows if (row.type, row.remote_id) in made]
        for row in changed:
            row.target = made[row.type, row.remote_id]
        RememberedDecision.objects.bulk_update(changed, ["target"])


@transaction.atomic
def offer(*, promotion: Promotion, is_offered: bool, actor: User) -> None:
    """Show earlier decisions on this promotion's plans, or not; what was decided stays."""
    require_role(actor, promotion.target_organization, Role.OPERATOR)
    if (
        not Promotion.objects.filter(pk=promotion.pk)
        .exclude(is_memory_offered=is_offered)
        .update(is_memory_offered=is_offered)
    ):
        return
    promotion.is_memory_offered = is_offered
    audit.record(
        Verb.MEMORY_SWITCHED,
        actor=actor,
        subject=promotion,
        organization=promotion.target_organization,
        details={"is_offered": is_offered},
    )
