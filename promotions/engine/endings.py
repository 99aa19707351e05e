"""The one place where a job ends or is handed to a person."""

from collections.abc import Mapping
from functools import partial

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from config import metrics
from promotions.choices import ACTIVE, FINISHED, GOOD_ENDS, UNFINISHED, JobState, ProblemKind, Severity
from promotions.engine import hooks, slots, timeline
from promotions.engine.registry import Activity, Ending, Submission, job_type
from promotions.models import Job

_LINES = {
    JobState.SUCCEEDED: "Done.",
    JobState.SUCCEEDED_WITH_WARNINGS: "Done, with warnings.",
    JobState.PARTLY_FAILED: "Over: a part of it failed.",
    JobState.FAILED: "Failed.",
    JobState.CANCELLED: "Cancelled.",
    JobState.NEEDS_ATTENTION: "A person has to decide.",
}
_SEVERITIES = {JobState.SUCCEEDED: Severity.INFO, JobState.SUCCEEDED_WITH_WARNINGS: Severity.WARNING}


def end(job: Job, ending: Ending, *, actor: User | None = None) -> bool:
    """End a job once; True for the caller that did. Whatever hangs on the end is in the same transaction.

    Without an actor the caller is a worker, and only the one that still holds the job may end it.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = Job.objects.filter(pk=job.pk, state__in=UNFINISHED)
        if actor is None:
            rows = rows.filter(lease_token=job.lease_token, state__in=ACTIVE).exclude(lease_token="")
        if not rows.update(
            state=ending.state,
            finished_at=now if ending.state in FINISHED else None,
            problem_kind=ending.problem_kind or "",
            problem=ending.problem,
            problem_detail=ending.detail,
            result={**job.result, **ending.result},
            lease_token="",
            **({"holds_slot": False} if ending.state in FINISHED else {}),
        ):
            return False
        job.refresh_from_db()
        timeline.note(
            job,
            ending.problem or _LINES[ending.state],
            severity=_SEVERITIES.get(ending.state, Severity.ERROR),
            actor=actor,
        )
        hooks.ended(job, ending, actor)
        kind = job_type(job.kind)
        if isinstance(kind, Submission):
            kind.ended(job, ending)
        elif isinstance(kind, Activity) and ending.state not in GOOD_ENDS:
            kind.given_up(job)
        if job.slot and ending.state in FINISHED:
            slots.wake_next(job.slot)
        transaction.on_commit(partial(metrics.job_ended, job.kind, ending.state.value), robust=True)
    return True


def ask_person(job: Job, problem: str, *, result: Mapping[str, object] | None = None) -> None:
    """Hand a job over because what became of a write cannot be known here."""
    end(
        job,
        Ending(
            state=JobState.NEEDS_ATTENTION,
            problem_kind=ProblemKind.OUTCOME_UNKNOWN,
            problem=problem,
            result=dict(result or {}),
        ),
    )
