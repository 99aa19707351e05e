"""How an import really ended: the platform's word weighed against every object's result and the second look."""

from collections import Counter

from promotions.choices import GOOD_OUTCOMES, Decision, JobState, ProblemKind, ResultOutcome, Verification
from promotions.engine.registry import Ending
from promotions.models import Job, TaskResult
from promotions.systems.packages.results import YET_SAYS
from promotions.systems.plan_runs import place_of, unsent

_NAMED_AT_MOST = 3
_TO_BE_DONE = {Decision.CREATE: "created", Decision.UPDATE: "updated"}


def add_unmentioned(job: Job) -> None:
    """Objects that were to be created or updated and of which the finished job says nothing: unknown, not done."""
    if job.plan is None:
        return
    known = set(job.results.values_list("type", "remote_id"))
    last = job.results.count()
    wanted = job.plan.items.filter(decision__in=_TO_BE_DONE)
    TaskResult.objects.bulk_create(
        TaskResult(
            job=job,
            position=last + offset,
            type=item.type,
            remote_id=item.remote_id,
            title=item.title,
            outcome=ResultOutcome.UNKNOWN,
            explanation=f"It was to be {_TO_BE_DONE[Decision(item.decision)]}, but the platform says nothing about it.",
        )
        for offset, item in enumerate(wanted)
        if (item.type, item.remote_id) not in known
    )


def conclude(job: Job) -> Ending:
    """The state to show. A claimed success never hides an error, and a second look never makes a result better."""
    results = list(job.results.all())
    counts = Counter(result.outcome for result in results)
    result = {
        "outcomes": dict(counts),
        "claimed": sum(counts[outcome] for outcome in GOOD_OUTCOMES) + counts[ResultOutcome.HIDDEN_ERROR],
        "verified": sum(
            found.verification == Verification.CONFIRMED for found in results if found.outcome in GOOD_OUTCOMES
        ),
        "verifications": dict(Counter(found.verification for found in results)),
    }
    failed = [found for found in results if found.outcome == ResultOutcome.FAILED]
    good = [found for found in results if found.outcome in GOOD_OUTCOMES]
    hidden = [found for found in results if found.outcome == ResultOutcome.HIDDEN_ERROR]
    lost = [found for found in hidden if not found.new_id and not _says_no_change(found)]
    contradicted = [found for found in good if found.verification == Verification.CONTRADICTED]
    unknown = [found for found in results if found.outcome == ResultOutcome.UNKNOWN]

    if job.remote_status == "CANCELLED":
        return _cancelled(good, result)
    if job.remote_status == "FAILED" or failed:
        state = JobState.PARTLY_FAILED if good or hidden else JobState.FAILED
        return Ending(
            state=state,
            problem_kind=ProblemKind.REMOTE_FAILURE,
            problem=_failure_sentence(job, failed, good),
            result=result,
        )
    if lost:
        return Ending(
            state=JobState.PARTLY_FAILED,
            problem_kind=ProblemKind.REMOTE_FAILURE,
            problem=f"The platform reports {job.remote_status}, but {_doubts(hidden, contradicted, unknown)}",
            result=result,
        )
    if hidden or unknown or contradicted or not results:
        doubts = _doubts(hidden, contradicted, unknown) or "it names no object that it worked on."
        return Ending(
            state=JobState.SUCCEEDED_WITH_WARNINGS,
            problem=f"The platform reports {job.remote_status}, but {doubts}",
            result=result,
        )
    return Ending(state=JobState.SUCCEEDED, result=result)


def in_words(job: Job) -> str:
    """What an ended import means and what to do next, beside the problem that it may name."""
    where = place_of(job)
    if job.is_foreign or not job.is_finished:
        return ""
    if job.state == JobState.SUCCEEDED:
        return _second_look(job, where)
    if job.submit_count == 0:
        return unsent(job, mend="decide")
    if job.state == JobState.SUCCEEDED_WITH_WARNINGS:
        return f"Look at the marked objects in {where}; the others need nothing more."
    if job.state == JobState.PARTLY_FAILED:
        if _is_whole(job):
            return f"Remove the cause, then plan the package once more; all of it is then created once more in {where}."
        if _is_update(job):
            return f"Remove the cause, then retry what failed: what was updated in {where} stays as it is now."
        return f"Remove the cause, then retry what failed: what was created in {where} is then used as it is."
    if job.state == JobState.FAILED:
        again = "plan the package once more" if _is_whole(job) else "retry it"
        done = "updated or created" if _is_update(job) else "created"
        return f"The platform reports nothing {done} in {where}. Remove the cause, then {again}."
    if job.problem_kind == ProblemKind.CLOSED:
        again = "plan the package once more" if _is_whole(job) else "retry it"
        return f"Look into {where} at the platform; if something is missing there, {again}."
    return ""


def _is_whole(job: Job) -> bool:
    """Whether it was an entire sandbox, of which no part can be retried."""
    return job.package is not None and job.package.is_full


def _is_update(job: Job) -> bool:
    return job.promotion is not None and job.promotion.is_update


def _second_look(job: Job, where: str) -> str:
    claimed, verified = job.result.get("claimed", 0), job.result.get("verified", 0)
    if not claimed:
        return ""
    if claimed == verified:
        return f"Done: a second look at {where} found {'it' if claimed == 1 else f'all {claimed} objects'} there."
    return (
        f"Done: the platform reports {_objects(claimed)}, and a second look at {where} found {verified} there. "
        f"{claimed - verified} could not be told in this way; their results say why."
    )


def _says_no_change(found: TaskResult) -> bool:
    return any(str(message.get("status")).strip().upper() == "NO_CHANGE" for message in found.messages)


def _cancelled(good: list[TaskResult], result: dict[str, object]) -> Ending:
    if not good:
        return Ending(state=JobState.CANCELLED, problem="Cancelled at the platform.", result=result)
    return Ending(
        state=JobState.PARTLY_FAILED,
        problem_kind=ProblemKind.REMOTE_FAILURE,
        problem=f"Cancelled at the platform after work on {_objects(len(good))}; what was done stays in the target.",
        result=result,
    )


def _failure_sentence(job: Job, failed: list[TaskResult], good: list[TaskResult]) -> str:
    if not failed:
        return "The platform reports FAILED without saying which object failed. Look at the job there."
    first = f"{_name(failed[0])}: {failed[0].explanation.rstrip('.')}."
    others = len(failed) - 1
    more = f" {others} more {'object' if others == 1 else 'objects'} failed." if others else ""
    stay = f" What was done to {_objects(len(good))} stays in the target: the platform undoes nothing." if good else ""
    claim = " although the platform reports SUCCESS" if job.remote_status == "SUCCESS" else ""
    return f"{_objects(len(failed))} of {len(failed) + len(good)} failed{claim}. {first}{more}{stay}"


def _doubts(hidden: list[TaskResult], contradicted: list[TaskResult], unknown: list[TaskResult]) -> str:
    parts = []
    if hidden:
        parts.append(f"an error is hidden in {_named(hidden)}: {hidden[0].explanation.rpartition(YET_SAYS)[2]}")
    if contradicted:
        parts.append(f"a second look at the target shows nothing like {_named(contradicted)}.")
    if unknown:
        parts.append(f"what became of {_named(unknown)} is not known.")
    return " Also, ".join(parts)


def _named(found: list[TaskResult]) -> str:
    names = ", ".join(_name(result) for result in found[:_NAMED_AT_MOST])
    more = len(found) - _NAMED_AT_MOST
    return f"{names} and {more} more" if more > 0 else names


def _name(result: TaskResult) -> str:
    return f"{result.type_label} “{result.title or result.remote_id}”"


def _objects(number: int) -> str:
    return f"{number} object" if number == 1 else f"{number} objects"
