"""Promotions and their plans: what was found out, and what of a decision outlives fresh facts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F, Max
from django.urls import reverse
from django.utils import timezone

from accounts.access import require_role
from accounts.choices import Role
from accounts.errors import Usage
from accounts.models import Organization, Sandbox, StoredValue, User
from accounts.services import audit
from promotions.choices import FINISHED, MAPPED, UNFINISHED, Decision, ItemKind, JobState, PlanState, PromotionMode
from promotions.models import Job, Package, Plan, PlanItem, Promotion, PromotionGroup, RemoteDocument
from promotions.services import consent, documents, jobs, memory, repairs, sealed_values
from promotions.services.errors import ConflictError, RefusedError
from promotions.services.verbs import Verb
from promotions.systems.base import Document, Gathered, ItemDraft, preparations, system

PLAN_KIND = "plan"
JOB_NAME_LIMIT = 200
SENT_SHOWN = 50


@transaction.atomic
def start(
    *,
    system_name: str,
    title: str,
    source: Organization,
    source_place: str,
    sandbox: Sandbox,
    job_name: str,
    job_description: str = "",
    actor: User,
    package: Package | None = None,
    pick: dict[str, Any] | None = None,
    pick_key: str = "",
    group: PromotionGroup | None = None,
    origin_job: Job | None = None,
    mode: PromotionMode = PromotionMode.CREATE,
    details: dict[str, Any],
) -> Promotion:
    """Start a promotion and queue the gathering of facts for its first plan; what is picked is the system's to check.

    `origin_job` is the run whose failed part it repeats; `details` tell the record what was picked. Raises
    RefusedError if the sandbox cannot take part.
    """
    require_role(actor, source, Role.VIEWER)
    require_role(actor, sandbox.organization, Role.OPERATOR)
    if not sandbox.is_active:
        raise RefusedError(f"The sandbox {sandbox.name} is {sandbox.state}; choose an active one.", field="sandbox")
    promotion = Promotion.objects.create(
        system=system_name,
        mode=mode,
        title=title,
        source_organization=source,
        source_place=source_place,
        target_organization=sandbox.organization,
        target_sandbox=sandbox,
        package=package,
        pick=pick or {},
        pick_key=pick_key,
        group=group,
        origin_job=origin_job,
        job_name=(job_name.strip() or title)[:JOB_NAME_LIMIT],
        job_description=job_description.strip(),
        created_by=actor,
    )
    plan = Plan.objects.create(promotion=promotion)
    queue_facts(plan, actor)
    audit.record(
        Verb.PROMOTION_PLANNED,
        actor=actor,
        subject=promotion,
        organization=sandbox.organization,
        details={**details, "sandbox": sandbox.name, "mode": mode},
    )
    return promotion


def fact_kinds() -> list[str]:
    """The job types that find out the facts of plans, or prepare that."""
    return [PLAN_KIND, *preparations()]


def queue_facts(plan: Plan, actor: User | None) -> Job:
    """Queue what finds out the facts: the reading, or what the platform has to work out before it."""
    return system(plan.promotion.system).queue_preparation(plan, actor) or queue_gathering(plan, actor)


def queue_gathering(plan: Plan, actor: User | None) -> Job:
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
    return plan.jobs.filter(kind__in=fact_kinds()).order_by("-pk").first()


def run_job(plan: Plan) -> Job | None:
    """The latest job that runs, or ran, this plan."""
    return plan.jobs.exclude(kind__in=fact_kinds()).order_by("-pk").first()


@transaction.atomic
def refresh(*, plan: Plan, actor: User) -> Job:
    """Gather the facts of an open plan again; decisions stay where they still fit.

    A frozen plan that was not sent is compared with the facts as they are now, and reopens if they differ.
    """
    plan = locked(plan)
    require_role(actor, plan.promotion.target_organization, Role.OPERATOR)
    gathering = gathering_job(plan)
    if plan.state == PlanState.GATHERING and gathering is not None and gathering.state in UNFINISHED:
        return gathering
    if plan.state == PlanState.SUPERSEDED or plan.promotion.abandoned_at is not None:
        raise ConflictError("This plan is over: there is a newer revision, or the promotion was put away.")
    if plan.state == PlanState.READY:
        require_unused(plan)
        if gathering is not None and gathering.state in UNFINISHED:
            return gathering
    else:
        plan.state = PlanState.GATHERING
        plan.save(update_fields=["state"])
    job = queue_facts(plan, actor)
    audit.record(
        Verb.FACTS_REFRESHED, actor=actor, subject=plan.promotion, organization=plan.promotion.target_organization
    )
    return job


@transaction.atomic
def store_facts(plan: Plan, gathered: Gathered) -> None:
    """Take what was gathered into a plan that waits for it, and open it."""
    plan = locked(plan)
    if plan.state != PlanState.GATHERING:
        return
    before, was_gathered = plan.facts, plan.gathered_at is not None
    old_items = {item.key: item for item in plan.items.all()}
    if not was_gathered and plan.promotion.origin_job is not None and not plan.promotion.is_undo:
        old_items = repairs.earlier_items(plan.promotion.origin_job, plan.promotion.created_by)
    plan.changes = system(plan.promotion.system).describe_changes(before, gathered.facts) if was_gathered else []
    fill(plan, gathered, old_items)


def fill(plan: Plan, gathered: Gathered, old_items: Mapping[str, PlanItem]) -> None:
    plan.facts, plan.display = gathered.facts, gathered.display
    plan.document = _kept(plan.promotion, gathered.document)
    plan.blockers = [blocker.text for blocker in gathered.blockers]
    plan.state = PlanState.OPEN
    plan.gathered_at = timezone.now()
    plan.save()
    if gathered.blockers and not gathered.items:
        _keep_items(plan, old_items)
        return
    plan.items.all().delete()
    items = [_item(plan, position, draft, old_items.get(draft.key)) for position, draft in enumerate(gathered.items)]
    memory.remind(plan.promotion.target_sandbox, items)
    PlanItem.objects.bulk_create(items)


def add_items(plan: Plan, drafts: Sequence[ItemDraft], *, after: PlanItem | None = None) -> list[PlanItem]:
    """Items that come to a locked, open plan after its facts, at their end or behind one; nobody has decided them."""
    if after is None:
        start = plan.items.aggregate(last=Max("position", default=-1))["last"] + 1
    else:
        start = after.position + 1
        plan.items.filter(position__gte=start).update(position=F("position") + len(drafts))
    items = [_item(plan, position, draft, None) for position, draft in enumerate(drafts, start)]
    memory.remind(plan.promotion.target_sandbox, items)
    return PlanItem.objects.bulk_create(items)


def _kept(promotion: Promotion, document: Document | None) -> RemoteDocument | None:
    if document is None:
        return None
    return documents.keep(
        organization=promotion.source_organization,
        kind=document.kind,
        remote_id=document.remote_id,
        content=document.content,
    )


def reopen(plan: Plan, *, changes: list[str], gathered: Gathered | None = None) -> Plan:
    """A newer, open revision of a locked plan, on fresh facts if there are any; decisions stay where they fit.

    Consent to the frozen one ends: what was agreed to is no longer what would be sent.
    """
    consent.void(plan, changes, actor=None)
    items = {item.key: item for item in plan.items.all()}
    plan.state = PlanState.SUPERSEDED
    plan.save(update_fields=["state"])
    newer = Plan.objects.create(promotion=plan.promotion, revision=plan.revision + 1, changes=changes)
    if gathered is not None:
        fill(newer, gathered, items)
        return newer
    newer.facts, newer.display, newer.blockers = plan.facts, plan.display, plan.blockers
    newer.document = plan.document
    newer.state, newer.gathered_at = PlanState.OPEN, plan.gathered_at
    newer.save()
    _keep_items(newer, items)
    return newer


def require_unused(plan: Plan) -> None:
    """Raise ConflictError if a frozen plan is being sent, or was."""
    run = run_job(plan)
    if run is not None and (run.state in UNFINISHED or run.submit_count):
        raise ConflictError(f"This plan is in use by job {run.pk}. Plan again to decide anew.")


@transaction.atomic
def change(*, plan: Plan, actor: User) -> Plan:
    """Open a frozen plan that was not sent, as a new revision with the same facts and decisions.

    An approval of the frozen one becomes void. Raises ConflictError if it is being sent, or was.
    """
    plan = locked(plan)
    promotion = plan.promotion
    require_role(actor, promotion.target_organization, Role.OPERATOR)
    if plan.state != PlanState.READY or promotion.abandoned_at is not None:
        raise ConflictError("Only a plan that is frozen can be opened again. Reload the page.")
    require_unused(plan)
    newer = reopen(plan, changes=[f"{actor} opened the plan again."])
    audit.record(
        Verb.PLAN_REOPENED,
        actor=actor,
        subject=promotion,
        organization=promotion.target_organization,
        details={"revision": newer.revision, "changes": newer.changes},
    )
    return newer


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
        input=draft.input,
        details=draft.details,
        must_decide=draft.must_decide,
        decision=draft.default,
    )
    if old is None:
        return item
    repairs.carry(item, old)
    if not item.must_decide and not old.must_decide and old.decision == item.decision:
        # Nobody decides it any more, and whoever has still takes part.
        item.decided_by, item.decided_at = old.decided_by, old.decided_at
    if item.must_decide and _still_fits(old, item):
        item.decision, item.target = old.decision, old.target
        item.decided_by, item.decided_at = old.decided_by, old.decided_at
    return item


def _still_fits(old: PlanItem, item: PlanItem) -> bool:
    """A chosen object must still be offered; creating must rest on the same candidates as before.

    What was typed stands as long as the same may be typed about the same; a confirmation, as long as it says the same.
    """
    choices = item.choices
    if item.kind == ItemKind.CONFIRMATION and old.explanation != item.explanation:
        return False
    if old.decision == Decision.FILL:
        is_same = old.input == item.input and old.details.get("current") == item.details.get("current")
        return is_same and sealed_values.is_standing(item.plan.promotion, old)
    if old.decision in MAPPED and old.target:
        chosen = (old.decision, old.target["type"], old.target["id"])
        return any(
            (choice["decision"], choice["target"]["type"], choice["target"]["id"]) == chosen
            for choice in choices
            if choice["target"]
        )
    if item.input:
        return any(choice["decision"] == old.decision for choice in choices)
    return _candidates(old.choices) == _candidates(choices)


def _candidates(choices: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted(choice["target"]["id"] for choice in choices if choice["target"])


@transaction.atomic
def edit_job(*, promotion: Promotion, job_name: str, job_description: str, actor: User) -> None:
    """Change the name and text that the remote job will carry, while the plan is open; refused where it has none."""
    plan = open_for(promotion.current_plan, actor)
    promotion = plan.promotion
    if not system(promotion.system).names_job:
        raise RefusedError("An import of this kind has no name and no text of its own.")
    promotion.job_name = (job_name.strip() or promotion.title)[:JOB_NAME_LIMIT]
    promotion.job_description = job_description.strip()
    promotion.save(update_fields=["job_name", "job_description"])
    audit.record(Verb.PROMOTION_CHANGED, actor=actor, subject=promotion, organization=promotion.target_organization)


@transaction.atomic
def abandon(*, promotion: Promotion, actor: User, reason: str = "") -> None:
    """Put a promotion away that will not be run; refused while its job is unfinished."""
    require_role(actor, promotion.target_organization, Role.OPERATOR)
    promotion = Promotion.objects.select_for_update().get(pk=promotion.pk)
    unfinished = promotion.jobs.exclude(kind__in=fact_kinds()).filter(state__in=UNFINISHED).first()
    if unfinished is not None:
        raise ConflictError(f"Job {unfinished.pk} of this promotion is not over. Wait for its end, or cancel it.")
    if promotion.abandoned_at is None:
        promotion.abandoned_at = timezone.now()
        promotion.save(update_fields=["abandoned_at"])
        consent.void(locked(promotion.current_plan), [f"{actor} put the promotion away."], actor=actor)
        sealed_values.erase(promotion)
        audit.record(
            Verb.PROMOTION_ABANDONED,
            actor=actor,
            subject=promotion,
            organization=promotion.target_organization,
            reason=reason,
        )


def locked(plan: Plan) -> Plan:
    return (
        Plan.objects.select_for_update(of=("self",))
        .select_related(
            "promotion__target_sandbox__organization",
            "promotion__target_organization",
            "promotion__source_organization",
        )
        .get(pk=plan.pk)
    )


def open_for(plan: Plan, actor: User) -> Plan:
    plan = locked(plan)
    require_role(actor, plan.promotion.target_organization, Role.OPERATOR)
    if plan.promotion.abandoned_at is not None:
        raise ConflictError("This promotion was abandoned; its plan cannot be changed any more.")
    if plan.state == PlanState.GATHERING:
        raise ConflictError("The facts of this plan are being gathered. Decide when they are there.")
    if plan.state != PlanState.OPEN:
        raise ConflictError("This plan is frozen. Open it again, if it was not sent, to decide anew.")
    return plan


def uses_of_value(stored: StoredValue) -> list[Usage]:
    """Plans that were not run and in which somebody has chosen a stored value, and runs that have sent it."""
    chosen = PlanItem.objects.filter(
        target__type="stored_value",
        target__id__startswith=f"stored-{stored.pk}-",
        plan__state__in=[PlanState.GATHERING, PlanState.OPEN, PlanState.READY],
        plan__promotion__abandoned_at=None,
    ).exclude(plan__jobs__in=Job.objects.exclude(kind__in=fact_kinds()).filter(state__in=FINISHED, submit_count__gt=0))
    promotions = Promotion.objects.filter(pk__in=chosen.values("plan__promotion_id"))
    sent = Job.objects.filter(
        submit_count__gt=0,
        plan__in=PlanItem.objects.filter(
            target__type="stored_value", target__id__startswith=f"stored-{stored.pk}-"
        ).values("plan_id"),
    ).exclude(state=JobState.FAILED)
    return [
        *(
            Usage(f"Plan: {promotion}", reverse("promotions:promotion-detail", args=[promotion.pk]))
            for promotion in promotions.select_related("target_sandbox__organization")
        ),
        # What was made with it holds the value of then, whatever becomes of this one.
        *(
            Usage(
                f"Sent with “{job.title}” into {job.sandbox} on {job.created_at:%Y-%m-%d}",
                reverse("promotions:job-detail", args=[job.pk]),
                is_blocking=False,
            )
            for job in sent.select_related("sandbox__organization").order_by("-pk")[:SENT_SHOWN]
        ),
    ]
