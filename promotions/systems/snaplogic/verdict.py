"""How an import really ended: HTTP 200 is a claim, the lists in it are what counts."""

from collections import Counter
from typing import Any

from promotions.choices import GOOD_OUTCOMES, JobState, ProblemKind, ResultOutcome, Verification
from promotions.engine.registry import Ending
from promotions.models import Job, TaskResult
from promotions.services.api_version_plans import state_after
from promotions.systems.plan_runs import place_of, plan_of, unsent
from promotions.systems.snaplogic.outcomes import NAMED, is_answered, to_be_added


def conclude(job: Job) -> Ending:
    """The state to show."""
    results = list(job.results.all())
    outcomes = Counter(found.outcome for found in results)
    result = {
        "outcomes": dict(outcomes),
        "claimed": sum(found.claim == "successful" for found in results),
        "verified": sum(found.verification == Verification.CONFIRMED for found in results),
        "verifications": dict(Counter(found.verification for found in results)),
    }
    if not is_answered(_raw(job)):
        return _on_the_word_of_a_person(job, results, result)
    failed = [found for found in results if found.outcome == ResultOutcome.FAILED]
    if failed:
        is_any_good = any(found.outcome in GOOD_OUTCOMES for found in results)
        number = f"{len(failed)} of {len(results)} assets"
        return Ending(
            state=JobState.PARTLY_FAILED if is_any_good else JobState.FAILED,
            problem_kind=ProblemKind.REMOTE_FAILURE,
            problem=f"The platform answered with success, yet {number} failed: {_some(failed)}.",
            result=result,
        )
    warnings = _warnings(job, results)
    if warnings:
        return Ending(state=JobState.SUCCEEDED_WITH_WARNINGS, problem=" ".join(warnings), result=result)
    return Ending(state=JobState.SUCCEEDED, result=result)


def _on_the_word_of_a_person(job: Job, results: list[TaskResult], result: dict[str, Any]) -> Ending:
    """Never better than what somebody said, and worse where the target says otherwise."""
    told = f"The answer of the platform was lost; that it went to {_raw(job).get(NAMED)} is what a person said."
    added = to_be_added(plan_of(job))
    wanted = [row for row in results if (row.type, row.remote_id) in added]
    missing = [row for row in wanted if row.verification == Verification.CONTRADICTED]
    if missing:
        is_all = len(missing) == len(wanted)
        number = "none" if is_all else f"{len(wanted) - len(missing)}"
        return Ending(
            state=JobState.FAILED if is_all else JobState.PARTLY_FAILED,
            problem_kind=ProblemKind.OUTCOME_UNKNOWN,
            problem=f"{told} Of {len(wanted)} assets that were to be added, the target lists {number}: "
            f"{_some(missing)} {'is' if len(missing) == 1 else 'are'} not there.",
            result=result,
        )
    seen = sum(row.verification == Verification.CONFIRMED for row in wanted)
    if seen:
        told = f"{told} The target lists all {seen} that were to be added."
    return Ending(
        state=JobState.SUCCEEDED_WITH_WARNINGS,
        problem_kind=ProblemKind.OUTCOME_UNKNOWN,
        problem=f"{told} What became of each asset is not known.",
        result=result,
    )


def _raw(job: Job) -> dict[str, Any]:
    return job.raw if isinstance(job.raw, dict) else {}


def _warnings(job: Job, results: list[TaskResult]) -> list[str]:
    raw = _raw(job)
    found = []
    if not raw.get("is_complete", True):
        found.append("The answer of the platform could not be read completely.")
    if not results:
        found.append("The platform names nothing that it imported.")
    if told := raw.get("status_mismatch"):
        found.append(str(told))
    if raw.get("version_path") and not job.result.get("version_path"):
        found.append(
            f"The platform says that the assets came to {str(raw['version_path'])[:200]}, which this import did not "
            "ask for. Look there, too."
        )
    missing = [one for one in results if one.verification == Verification.CONTRADICTED]
    if missing:
        found.append(f"The target does not list what was imported: {_some(missing)}.")
    unknown = [one for one in results if one.outcome == ResultOutcome.UNKNOWN]
    if unknown:
        found.append(f"What became of these is not told: {_some(unknown)}.")
    texts = [str(said["message"]) for one in results for said in one.messages if said["status"] == "WARNING"]
    if texts:
        told = [f"{text.rstrip('. ')}." for text in dict.fromkeys(texts)]
        more = [f"And {len(told) - 3} more."] if len(told) > 3 else []
        found.append(" ".join(["The platform warns:", *told[:3], *more]))
    return found


def _some(rows: list[TaskResult]) -> str:
    named = ", ".join(f"{row.type} {row.title}" for row in rows[:3])
    return f"{named} and {len(rows) - 3} more" if len(rows) > 3 else named


def in_words(job: Job) -> str:
    """What an ended import means and what to do next, beside the problem that it may name."""
    where = place_of(job)
    if not job.is_finished:
        return ""
    if job.submit_count == 0:
        return unsent(job, mend="decide what is new")
    if job.problem_kind == ProblemKind.CLOSED:
        return f"Look into {where} what of it is there; what is one too many is removed by hand."
    if job.state == JobState.FAILED and not job.result.get("outcomes"):
        return f"The platform imported nothing into {where}. The plan is open again with all that was filled in."
    path = job.result.get("version_path")
    made = f" It went to {path}." if path else ""
    if job.state == JobState.PARTLY_FAILED:
        return f"What is there stays.{made} The ways to go on stand below."
    if not is_answered(_raw(job)):
        return f"What the target lists by now stands with each asset.{made} Look there whether the rest is as wanted."
    verified = job.result.get("verified", 0)
    total = sum(job.result.get("outcomes", {}).values())
    is_new = state_after(plan_of(job)) is not None
    seen = f"{verified} of {total} assets were seen there afterwards.{made}"
    return f"{seen} The new version is unpublished until you publish it." if is_new else seen
