"""What a run that is retried left behind, carried into the new plan: made, failed, or not known."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from accounts.models import User
from promotions.choices import Decision, ProblemKind, ResultOutcome, Verification
from promotions.models import Job, PlanItem, TaskResult
from promotions.systems.base import system

CREATED, FAILED, UNCLEAR = "created", "failed", "unclear"


def earlier_items(job: Job, person: User) -> dict[str, PlanItem]:
    """The items of a run by key, with what became of each in `earlier`; what it created counts as existing.

    `person`, who has it retried, decides that. The rows are for reading only and are not saved.
    """
    if job.plan is None:
        return {}
    results = {(result.type, result.remote_id): result for result in job.results.all()}
    decides_on_made = job.promotion is None or system(job.promotion.system).decides_on_made
    items = {}
    for item in job.plan.items.all():
        item.earlier = _earlier(job, item, results.get((item.type, item.remote_id)))
        if item.earlier and not decides_on_made and item.earlier["outcome"] != FAILED:
            item.earlier = None
        outcome = item.earlier["outcome"] if item.earlier else ""
        if item.earlier and outcome == CREATED:
            item.decision, item.target = _decision_on_made(job), item.earlier["target"]
            item.decided_by, item.decided_at = person, timezone.now()
        elif outcome == UNCLEAR:
            item.decision, item.target, item.decided_by, item.decided_at = Decision.UNDECIDED, None, None, None
        items[item.key] = item
    return items


def _decision_on_made(job: Job) -> Decision:
    """What a retry does with an object that the run has made: an update can only write to it once more."""
    return Decision.UPDATE if job.promotion is not None and job.promotion.is_update else Decision.REUSE


def _earlier(job: Job, item: PlanItem, result: TaskResult | None) -> dict[str, Any] | None:
    if result is None:
        is_end_known = job.problem_kind != ProblemKind.CLOSED
        if is_end_known or item.decision != Decision.CREATE:
            return None
        text = f"Job {job.pk} was closed before its end was known. Look whether the target holds it."
        return {"job": job.pk, "outcome": UNCLEAR, "text": text}
    if result.outcome == ResultOutcome.CREATED and item.decision == Decision.CREATE:
        return _created(job, item, result)
    if result.outcome == ResultOutcome.UNKNOWN or (result.outcome == ResultOutcome.HIDDEN_ERROR and result.new_id):
        text = f"Job {job.pk} does not tell what became of it. Look whether the target holds it."
        return {"job": job.pk, "outcome": UNCLEAR, "text": text}
    if result.outcome in (ResultOutcome.FAILED, ResultOutcome.HIDDEN_ERROR):
        return {"job": job.pk, "outcome": FAILED, "text": f"Failed in job {job.pk}."}
    return None


def _created(job: Job, item: PlanItem, result: TaskResult) -> dict[str, Any]:
    if result.new_id and result.verification != Verification.CONTRADICTED:
        target = {"id": result.new_id, "type": item.type, "title": result.title or item.title}
        return {"job": job.pk, "outcome": CREATED, "text": f"Created by job {job.pk}.", "target": target}
    doubt = "a second look did not find it" if result.new_id else "the platform did not say under which id"
    text = f"Job {job.pk} reports it as created, but {doubt}. Look whether the target holds it."
    return {"job": job.pk, "outcome": UNCLEAR, "text": text}


def carry(item: PlanItem, old: PlanItem) -> None:
    """Take what became of an object over to a new, unsaved item: a choice of what was made, or the duty to decide."""
    item.earlier = old.earlier
    earlier = old.earlier or {}
    if earlier.get("outcome") == UNCLEAR:
        item.must_decide, item.decision = True, Decision.UNDECIDED
    elif earlier.get("outcome") == CREATED and not _is_offered(earlier["target"], item.choices):
        if old.decision == Decision.REUSE:
            # The target does not name it among what fits; what a job of ours made is known all the same.
            item.choices = _with_made(item.choices, earlier)
        # An update that cannot be given this object creates another: a person has to say that it may.
        item.must_decide, item.decision = True, Decision.UNDECIDED


def _is_offered(target: Mapping[str, str], choices: Sequence[Mapping[str, Any]]) -> bool:
    return any(choice["target"]["id"] == target["id"] for choice in choices if choice["target"])


def _with_made(choices: Sequence[dict[str, Any]], earlier: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Behind what the platform proposes, so that its first proposal stays the first."""
    proposed = [choice for choice in choices if choice["target"]]
    made = {
        "decision": Decision.REUSE,
        "target": earlier["target"],
        "reason": f"created by job {earlier['job']}",
        "consequence": "",
        "rank": len(proposed) + 1,
    }
    return [*proposed, made, *(choice for choice in choices if not choice["target"])]
