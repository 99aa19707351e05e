"""How an import of a journey really ended."""

from collections import Counter

from promotions.choices import (
    GOOD_OUTCOMES,
    JobState,
    JourneyState,
    ProblemKind,
    ResultOutcome,
    Verification,
    journey_state,
)
from promotions.engine.registry import Ending
from promotions.models import Job
from promotions.systems.plan_runs import place_of, unsent


def conclude(job: Job) -> Ending:
    """The state to show. An import that was accepted may still have made something that cannot be published."""
    results = list(job.results.all())
    outcomes = Counter(found.outcome for found in results)
    result = {
        "outcomes": dict(outcomes),
        "claimed": outcomes[ResultOutcome.CREATED] + outcomes[ResultOutcome.HIDDEN_ERROR],
        "verified": sum(found.verification == Verification.CONFIRMED for found in results),
        "verifications": dict(Counter(found.verification for found in results)),
    }
    broken = next((found for found in results if found.outcome == ResultOutcome.HIDDEN_ERROR), None)
    if broken is not None:
        errors = [str(one["message"]) for one in broken.messages if one["status"] == "ERROR"]
        number = "an error" if len(errors) == 1 else f"{len(errors)} errors"
        return Ending(
            state=JobState.PARTLY_FAILED,
            problem_kind=ProblemKind.REMOTE_FAILURE,
            problem=f"The copy “{broken.title}” was made, but its designer shows {number}, and it cannot be published: "
            f"{' '.join(errors[:3])}",
            result=result,
        )
    good = [found for found in results if found.outcome in GOOD_OUTCOMES]
    missing = [found for found in good if found.verification == Verification.CONTRADICTED]
    if missing:
        names = ", ".join(str(found.title or found.remote_id) for found in missing[:3])
        return Ending(
            state=JobState.SUCCEEDED_WITH_WARNINGS,
            problem=f"The platform reports the import as done, but the copy does not show {names}"
            f"{f' and {len(missing) - 3} more' if len(missing) > 3 else ''}.",
            result=result,
        )
    warnings = [str(one["message"]) for found in results for one in found.messages if one["status"] == "WARNING"]
    if warnings:
        return Ending(
            state=JobState.SUCCEEDED_WITH_WARNINGS,
            problem=f"The platform warns about the copy: {' '.join(warnings[:3])}",
            result=result,
        )
    return Ending(state=JobState.SUCCEEDED, result=result)


def in_words(job: Job) -> str:
    """What an ended import means and what to do next, beside the problem that it may name."""
    where = place_of(job)
    if job.is_foreign or not job.is_finished:
        return ""
    if job.submit_count == 0:
        return unsent(job, mend="fill in what is missing")
    if job.state == JobState.FAILED:
        return (
            f"The platform made nothing in {where}. The plan is open again with all that was filled in: put right what "
            "is wrong, then run it again."
        )
    if job.problem_kind == ProblemKind.CLOSED:
        return f"Look into {where} whether there is a copy; remove it by hand if it is one too many."
    if job.state == JobState.PARTLY_FAILED:
        return (
            f"Mend the copy in its designer in {where}, then publish it there. Another import would make another copy."
        )
    verified = job.result.get("verified", 0)
    seen = f"{verified} of {verified + _unverified(job)} things were seen there"
    state = journey_state(job.remote_status)
    if state != JourneyState.DRAFT:
        return f"{seen[:1].upper()}{seen[1:]}. The platform calls the copy {job.remote_status or 'nothing'} in {where}."
    return f"The copy is a draft in {where}; {seen}. Publish it in its designer."


def _unverified(job: Job) -> int:
    found = job.result.get("verifications", {})
    return int(found.get(Verification.NOT_CONFIRMED, 0)) + int(found.get(Verification.CONTRADICTED, 0))
