"""Plans: what was found out, what a person decides on it, and when it may run."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.access import require_role
from accounts.choices import Role
from accounts.models import Sandbox, User
from accounts.services import audit
from promotions.choices import UNFINISHED, Decision, JobState, Match, PlanState, ProblemKind
from promotions.engine.registry import Ending
from promotions.models import Job, Package, Plan, PlanItem, Promotion
from promotions.services import jobs
from promotions.services.errors import ConflictError, NotReadyError, RefusedError
from promotions.services.verbs import Verb
from promotions.systems.base import Gathered, ItemDraft, system

PLAN_KIND = "plan"
JOB_NAME_LIMIT = 200
# In one sentence; the new revision of the plan lists all.
NAMED_CHANGES = 5


@dataclass(frozen=True)
class Verdict:
    """A person's decision on one item. `seen_batch` is the item's `batch` as the person saw it, if known."""

    item_id: int
    decision: Decision
    target_id: str = ""
    seen_batch: int | None = None


@transaction.atomic
def plan_promotion(
    *, package: Package, sandbox: Sandbox, job_name: str, job_description: str = "", actor: User
) -> Promotion:
    """Start a promotion and queue the gathering of facts for its first plan.

    Raises RefusedError if the package or the sandbox cannot take part.
    """
    require_role(actor, package.organization, Role.VIEWER)
    require_role(actor, sandbox.organization, Role.OPERATOR)
    if sandbox.organization_id != package.organization_id:
        raise RefusedError(
            f"“{package}” belongs to {package.organization}, and the platform imports only into sandboxes of the same "
            "organization. Share the package first.",
            field="sandbox",
        )
    if not package.is_importable:
        raise RefusedError(f"“{package}” cannot be imported: {_why_not(package)}", field="package")
    if not sandbox.is_active:
        raise RefusedError(f"The sandbox {sandbox.name} is {sandbox.state}; choose an active one.", field="sandbox")
    promotion = Promotion.objects.create(
        system="packages",
        title=package.name,
        source_organization=package.organization,
        target_organization=sandbox.organization,
        target_sandbox=sandbox,
        package=package,
        job_name=(job_name.strip() or package.name)[:JOB_NAME_LIMIT],
        job_description=job_description.strip(),
        created_by=actor,
    )
    plan = Plan.objects.create(promotion=promotion)
    _queue_gathering(plan, actor)
    audit.record(
        Verb.PROMOTION_PLANNED,
        actor=actor,
        subject=promotion,
        organization=sandbox.organization,
        details={"package": package.remote_id, "sandbox": sandbox.name},
    )
    return promotion


def _why_not(package: Package) -> str:
    if package.vanished_at is not None:
        return "it is no longer at the platform."
    if package.is_expired:
        return f"it expired on {package.expires_at:%Y-%m-%d}. Make and publish a new one."
    return f"it is {package.status_label.lower()}. Publish it first."


def _queue_gathering(plan: Plan, actor: User | None) -> Job:
    promotion = plan.promotion
    return jobs.queue(
        kind=PLAN_KIND,
        title=f"Plan of “{promotion.title}” into {promotion.target_sandbox.name}",
        organization=promotion.target_organization,
        actor=actor,
        promotion=promotion,
        plan=plan,
    )


def gathering_job(plan: Plan) -> Job | None:
    """The latest job that gathers, or gathered, this plan's facts."""
    return plan.jobs.filter(kind=PLAN_KIND).order_by("-pk").first()


def run_job(plan: Plan) -> Job | None:
    """The latest job that runs, or ran, this plan."""
    return plan.jobs.exclude(kind=PLAN_KIND).order_by("-pk").first()


@transaction.atomic
def refresh(*, plan: Plan, actor: User) -> Job:
    """Gather the facts of an open plan again; decisions stay where they still fit."""
    plan = _locked(plan)
    require_role(actor, plan.promotion.target_organization, Role.OPERATOR)
    gathering = gathering_job(plan)
    if plan.state == PlanState.GATHERING and gathering is not None and gathering.state in UNFINISHED:
        return gathering
    if plan.state not in (PlanState.OPEN, PlanState.GATHERING):
        raise ConflictError("This plan is frozen. Its facts are read again just before it is sent.")
    plan.state = PlanState.GATHERING
    plan.save(update_fields=["state"])
    job = _queue_gathering(plan, actor)
    audit.record(
        Verb.FACTS_REFRESHED, actor=actor, subject=plan.promotion, organization=plan.promotion.target_organization
    )
    return job


@transaction.atomic
def store_facts(plan: Plan, gathered: Gathered) -> None:
    """Take what was gathered into a plan that waits for it, and open it."""
    plan = _locked(plan)
    if plan.state != PlanState.GATHERING:
        return
    before, was_gathered = plan.facts, plan.gathered_at is not None
    old_items = {item.key: item for item in plan.items.all()}
    plan.changes = system(plan.promotion.system).describe_changes(before, gathered.facts) if was_gathered else []
    _fill(plan, gathered, old_items)


def _fill(plan: Plan, gathered: Gathered, old_items: Mapping[str, PlanItem]) -> None:
    plan.facts, plan.display = gathered.facts, gathered.display
    plan.blockers = [blocker.text for blocker in gathered.blockers]
    plan.state = PlanState.OPEN
    plan.gathered_at = timezone.now()
    plan.save()
    if gathered.blockers and not gathered.items:
        _keep_items(plan, old_items)
        return
    plan.items.all().delete()
    PlanItem.objects.bulk_create(
        _item(plan, position, draft, old_items.get(draft.key)) for position, draft in enumerate(gathered.items)
    )


def _keep_items(plan: Plan, old_items: Mapping[str, PlanItem]) -> None:
    """Let a plan that cannot run for now keep what was decided; a newer revision gets its own rows."""
    copies = []
    for item in old_items.values():
        if item.plan_id != plan.pk:
            item.pk, item.plan = None, plan
            item.batch, item.previous = 0, None  # the new revision counts its own acts of deciding
            copies.append(item)
    PlanItem.objects.bulk_create(copies)


def _item(plan: Plan, position: int, draft: ItemDraft, old: PlanItem | None) -> PlanItem:
    choices = [choice.as_json() for choice in draft.choices]
    item = PlanItem(
        plan=plan,
        key=draft.key,
        kind=draft.kind,
        position=position,
        type=draft.type,
        remote_id=draft.remote_id,
        title=draft.title,
        explanation=draft.explanation,
        depth=draft.depth,
        needed_by=list(draft.needed_by),
        match=draft.match,
        choices=choices,
        missing_rights=list(draft.missing_rights),
        is_creation_allowed=draft.is_creation_allowed,
        must_decide=draft.must_decide,
        decision=draft.default,
    )
    if old is not None and draft.must_decide and _still_fits(old, choices):
        item.decision, item.target = old.decision, old.target
        item.decided_by, item.decided_at = old.decided_by, old.decided_at
    return item


def _still_fits(old: PlanItem, choices: Sequence[Mapping[str, Any]]) -> bool:
    """A chosen object must still be offered; creating, or confirming, must rest on the same candidates as before."""
    if old.decision == Decision.REUSE and old.target:
        chosen = (old.target["type"], old.target["id"])
        return any(
            (choice["target"]["type"], choice["target"]["id"]) == chosen for choice in choices if choice["target"]
        )
    return _candidates(old.choices) == _candidates(choices)


def _candidates(choices: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted(choice["target"]["id"] for choice in choices if choice["target"])


@transaction.atomic
def decide(*, plan: Plan, verdicts: Sequence[Verdict], actor: User) -> list[PlanItem]:
    """Decide items of an open plan, all of them or none; returns those that changed.

    Raises ConflictError if somebody else decided one meanwhile, RefusedError for a choice that is not offered.
    """
    plan = _open_for(plan, actor)
    items = {item.pk: item for item in plan.items.filter(pk__in=[verdict.item_id for verdict in verdicts])}
    changed = []
    for verdict in verdicts:
        item = items.get(verdict.item_id)
        if item is None:
            raise ConflictError("The plan has been gathered anew meanwhile. Reload the page.")
        if verdict.seen_batch is not None and verdict.seen_batch != item.batch:
            who = item.decided_by or "somebody"
            raise ConflictError(f"{item} was decided by {who} meanwhile. Look at the row again before changing it.")
        target = _offered(item, verdict)
        if (item.decision, item.target) != (verdict.decision, target):
            item.previous = _standing(item)
            item.decision, item.target = verdict.decision, target
            changed.append(item)
    _store_decisions(plan, changed, actor)
    if changed:
        _record_decisions(plan, changed, actor)
    return changed


@transaction.atomic
def accept_exact(*, plan: Plan, actor: User) -> list[PlanItem]:
    """Use the existing object wherever exactly one has the same title and type and is proposed first."""
    plan = _open_for(plan, actor)
    undecided = plan.items.filter(match=Match.EXACT, must_decide=True, decision=Decision.UNDECIDED)
    changed = []
    for item in undecided:
        first = next(choice for choice in item.choices if choice["target"])
        item.previous = _standing(item)
        item.decision, item.target = Decision.REUSE, first["target"]
        changed.append(item)
    _store_decisions(plan, changed, actor)
    if changed:
        _record_decisions(plan, changed, actor)
    return changed


@transaction.atomic
def undo_decision(*, plan: Plan, actor: User) -> list[PlanItem]:
    """Take back the latest act of deciding, whoever did it; returns the items that changed."""
    plan = _open_for(plan, actor)
    latest = list(plan.items.filter(batch=plan.decision_batch, previous__isnull=False)) if plan.decision_batch else []
    if not latest:
        raise RefusedError("There is no decision to take back.")
    for item in latest:
        before = item.previous or {}
        item.decision, item.target = before.get("decision", Decision.UNDECIDED), before.get("target")
        item.previous = None
    _store_decisions(plan, latest, actor)
    audit.record(
        Verb.DECISION_UNDONE,
        actor=actor,
        subject=plan.promotion,
        organization=plan.promotion.target_organization,
        details={"revision": plan.revision, "items": [item.key for item in latest]},
    )
    return latest


def _standing(item: PlanItem) -> dict[str, Any]:
    return {"decision": item.decision, "target": item.target}


def _offered(item: PlanItem, verdict: Verdict) -> dict[str, str] | None:
    """The target of an offered choice; raises RefusedError for any other."""
    if verdict.decision == Decision.UNDECIDED:
        return None
    for choice in item.choices:
        target = choice["target"]
        if choice["decision"] == verdict.decision and (target is None or target["id"] == verdict.target_id):
            found: dict[str, str] | None = target
            return found
    raise RefusedError(f"That choice is not offered for {item}. Reload the page to see what is.")


def _store_decisions(plan: Plan, items: Sequence[PlanItem], actor: User) -> None:
    if not items:
        return
    plan.decision_batch += 1
    plan.save(update_fields=["decision_batch"])
    now = timezone.now()
    for item in items:
        item.batch = plan.decision_batch
        item.decided_by, item.decided_at = actor, now
    # An upsert by primary key: with thousands of items several times as fast as bulk_update.
    PlanItem.objects.bulk_create(
        items,
        update_conflicts=True,
        unique_fields=["pk"],
        update_fields=["decision", "target", "previous", "batch", "decided_by", "decided_at"],
    )


def _record_decisions(plan: Plan, items: Sequence[PlanItem], actor: User) -> None:
    audit.record(
        Verb.ITEMS_DECIDED,
        actor=actor,
        subject=plan.promotion,
        organization=plan.promotion.target_organization,
        details={
            "revision": plan.revision,
            "decisions": {
                item.key: {"decision": item.decision, "target": item.target["id"] if item.target else None}
                for item in items
            },
        },
    )


def reasons_not_to_run(plan: Plan) -> list[str]:
    """Why the plan may not run now, each as a sentence; empty if it may. The same for every face."""
    if plan.state == PlanState.SUPERSEDED:
        return ["A newer revision of this plan exists."]
    if plan.promotion.abandoned_at is not None:
        return ["This promotion was abandoned."]
    if plan.state == PlanState.GATHERING:
        return ["The facts are not gathered yet."]
    if (run := run_job(plan)) is not None:
        if run.state in UNFINISHED:
            return [f"It is under way as job {run.pk}."]
        if run.submit_count:
            return [f"It was run as job {run.pk}. Plan again to run it once more."]
    reasons = list(plan.blockers)
    items = list(plan.items.all())
    undecided = sum(item.is_undecided for item in items)
    if undecided:
        reasons.append(f"{_rows(undecided)} undecided.")
    missing = sum(item.is_right_missing for item in items)
    if missing:
        reasons.append(f"{missing} object{' lacks' if missing == 1 else 's lack'} a right in the target.")
    if plan.promotion.target_sandbox.is_production:
        reasons.append(
            f"{plan.promotion.target_sandbox.name} is production and needs an approval, which this version of Towpath "
            "cannot record yet. Choose a development sandbox."
        )
    return reasons


def _rows(number: int) -> str:
    return f"{number} row is" if number == 1 else f"{number} rows are"


@transaction.atomic
def request_run(*, plan: Plan, actor: User) -> Job:
    """Freeze the plan and queue its run. Raises NotReadyError with every reason, ConflictError if it runs already."""
    plan = _locked(plan)
    require_role(actor, plan.promotion.target_organization, Role.OPERATOR)
    reasons = reasons_not_to_run(plan)
    if reasons:
        raise NotReadyError(reasons)
    promotion = plan.promotion
    plan.state, plan.frozen_at, plan.frozen_by = PlanState.READY, timezone.now(), actor
    plan.content_hash = content_hash(plan)
    plan.save(update_fields=["state", "frozen_at", "frozen_by", "content_hash"])
    job = jobs.queue(
        kind=system(promotion.system).run_kind,
        title=promotion.job_name,
        organization=promotion.target_organization,
        actor=actor,
        package=promotion.package,
        sandbox=promotion.target_sandbox,
        promotion=promotion,
        plan=plan,
    )
    audit.record(
        Verb.IMPORT_REQUESTED,
        actor=actor,
        subject=job,
        details={
            "revision": plan.revision,
            "content_hash": plan.content_hash,
            "sandbox": promotion.target_sandbox.name,
        },
    )
    return job


def content_hash(plan: Plan) -> str:
    """SHA-256 over source and version, target, facts, and every decision; what an approval will bind to."""
    promotion = plan.promotion
    content = {
        "system": promotion.system,
        "source": promotion.source_organization.remote_id,
        "target": [promotion.target_organization.remote_id, promotion.target_sandbox.name],
        "job": [promotion.job_name, promotion.job_description],
        "facts": plan.facts,
        "decisions": [
            [
                item.key,
                item.decision,
                item.target["id"] if item.target else None,
                item.target["type"] if item.target else None,
            ]
            for item in plan.items.order_by("key")
        ],
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def recheck(plan: Plan, *, may_reopen: bool = True) -> Ending | None:
    """Read the facts again just before sending; call it outside any transaction. May raise ApiError.

    If anything in the hash differs, the plan reopens as a new revision that says what changed, and nothing is sent.
    """
    if content_hash(plan) != plan.content_hash:
        reason = "The plan's own content no longer fits its hash."
        return _reopened(plan, None, [reason]) if may_reopen else _changed([reason])
    gathered = system(plan.promotion.system).gather(plan.promotion, _silent)
    if gathered.facts == plan.facts and not gathered.blockers:
        return None
    changes = system(plan.promotion.system).describe_changes(plan.facts, gathered.facts)
    changes = changes or [blocker.text for blocker in gathered.blockers]
    return _reopened(plan, gathered, changes) if may_reopen else _changed(changes)


def _silent(text: str, *, done: int | None = None, total: int | None = None) -> None:
    """Progress that nobody watches."""


@transaction.atomic
def _reopened(plan: Plan, gathered: Gathered | None, changes: list[str]) -> Ending:
    plan = _locked(plan)
    if plan.state == PlanState.READY:
        old_items = {item.key: item for item in plan.items.all()}
        plan.state = PlanState.SUPERSEDED
        plan.save(update_fields=["state"])
        newer = Plan.objects.create(promotion=plan.promotion, revision=plan.revision + 1, changes=changes)
        if gathered is None:
            _queue_gathering(newer, None)
        else:
            _fill(newer, gathered, old_items)
        audit.record(
            Verb.PLAN_REOPENED,
            actor=None,
            subject=plan.promotion,
            organization=plan.promotion.target_organization,
            details={"revision": newer.revision, "changes": changes},
        )
    return Ending(
        state=JobState.CANCELLED,
        problem_kind=ProblemKind.PLAN_CHANGED,
        problem=f"Nothing was sent. {_changed(changes).problem} The plan is open again as a new revision.",
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


@transaction.atomic
def edit_job(*, promotion: Promotion, job_name: str, job_description: str, actor: User) -> None:
    """Change the name and text that the remote job will carry, while the plan is open."""
    plan = _open_for(promotion.current_plan, actor)
    promotion = plan.promotion
    promotion.job_name = (job_name.strip() or promotion.title)[:JOB_NAME_LIMIT]
    promotion.job_description = job_description.strip()
    promotion.save(update_fields=["job_name", "job_description"])
    audit.record(Verb.PROMOTION_CHANGED, actor=actor, subject=promotion, organization=promotion.target_organization)


@transaction.atomic
def abandon(*, promotion: Promotion, actor: User, reason: str = "") -> None:
    """Put a promotion away that will not be run; refused while its job is unfinished."""
    require_role(actor, promotion.target_organization, Role.OPERATOR)
    promotion = Promotion.objects.select_for_update().get(pk=promotion.pk)
    unfinished = promotion.jobs.exclude(kind=PLAN_KIND).filter(state__in=UNFINISHED).first()
    if unfinished is not None:
        raise ConflictError(f"Job {unfinished.pk} of this promotion is not over. Wait for its end, or cancel it.")
    if promotion.abandoned_at is None:
        promotion.abandoned_at = timezone.now()
        promotion.save(update_fields=["abandoned_at"])
        audit.record(
            Verb.PROMOTION_ABANDONED,
            actor=actor,
            subject=promotion,
            organization=promotion.target_organization,
            reason=reason,
        )


def _locked(plan: Plan) -> Plan:
    return (
        Plan.objects.select_for_update(of=("self",))
        .select_related(
            "promotion__target_sandbox__organization",
            "promotion__target_organization",
            "promotion__source_organization",
        )
        .get(pk=plan.pk)
    )


def _open_for(plan: Plan, actor: User) -> Plan:
    plan = _locked(plan)
    require_role(actor, plan.promotion.target_organization, Role.OPERATOR)
    if plan.promotion.abandoned_at is not None:
        raise ConflictError("This promotion was abandoned; its plan cannot be changed any more.")
    if plan.state == PlanState.GATHERING:
        raise ConflictError("The facts of this plan are being gathered. Decide when they are there.")
    if plan.state != PlanState.OPEN:
        raise ConflictError("This plan is frozen, because it was run. Plan again to decide anew.")
    return plan
