"""How an import really ended: HTTP 200 is a claim, the lists in it are what counts."""

from collections import Counter

from promotions.choices import GOOD_OUTCOMES, JobState, ProblemKind, ResultOutcome, Verification
from promotions.engine.registry import Ending
from promotions.models import Job, TaskResult
from promotions.systems.plan_runs import place_of, unsent


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


def _warnings(job: Job, results: list[TaskResult]) -> list[str]:
    raw = job.raw if isinstance(job.raw, dict) else {}
    found = []
    if not raw:
        found.append("The answer of the platform was lost: what became of each asset is not known.")
    elif not raw.get("is_complete", True):
        found.append("The answer of the platform could not be read completely.")
    if raw and not results:
        found.append("The platform names nothing that it imported.")
    if told := raw.get("status_mismatch"):
        found.append(str(told))
    missing = [one for one in results if one.verification == Verification.CONTRADICTED]
    if missing:
        found.append(f"The target does not list what was imported: {_some(missing)}.")
    unknown = [one for one in results if one.outcome == ResultOutcome.UNKNOWN]
    if unknown and raw:
        found.append(f"What became of these is not told: {_some(unknown)}.")
    texts = [str(said["message"]) for one in results for said in one.messages if said["status"] == "WARNING"]
    if texts:
        more = f" And {len(texts) - 3} more." if len(texts) > 3 else ""
        found.append(f"The platform warns: {' '.join(dict.fromkeys(texts[:3]))}{more}")
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
    made = f" It is {path}." if path else ""
    if job.state == JobState.PARTLY_FAILED:
        return f"What is there stays.{made} The ways to go on stand below."
    verified = job.result.get("verified", 0)
    total = sum(job.result.get("outcomes", {}).values())
    return f"{verified} of {total} assets were seen there afterwards.{made} A new version is unpublished at first."
