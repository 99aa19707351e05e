"""How far jobs are, object by object: for pages and commands alike."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count

from promotions.choices import MAPPED, Decision, ItemKind, JobState, ResultOutcome
from promotions.models import Job, TaskResult

WAITING = "pending"
UNDER_WAY = "running"
ROW_SEGMENTS = 60
_ORDER = [*ResultOutcome.values, UNDER_WAY, WAITING]
_WORDS = {
    **{str(outcome.value): str(outcome.label).lower() for outcome in ResultOutcome},
    ResultOutcome.HIDDEN_ERROR: "with a hidden error",
    UNDER_WAY: "under way",
    WAITING: "not yet",
}
_ENDED_CLAIMS = ("SUCCESS", "FAILED")


@dataclass(frozen=True)
class Segment:
    """One object, or a few alike, of a progress bar."""

    state: str
    label: str


def state_of(job: Job, result: TaskResult) -> str:
    """The outcome; while the job goes on, an object that the platform has not finished is under way, not unknown."""
    if job.is_live and result.outcome == ResultOutcome.UNKNOWN and result.claim not in _ENDED_CLAIMS:
        return UNDER_WAY
    return result.outcome


def of_job(job: Job, results: Sequence[TaskResult]) -> list[Segment]:
    """One segment an object: first what the platform told of, then, while the job goes on, what was planned."""
    segments = []
    for result in results:
        state = state_of(job, result)
        segments.append(Segment(state, f"{result.type_label} {result.title or result.remote_id}: {_WORDS[state]}"))
    if job.is_live:
        segments += _waiting(job, results)
    return segments


def _waiting(job: Job, results: Sequence[TaskResult]) -> list[Segment]:
    known = {(result.type, result.remote_id) for result in results}
    planned = []
    if job.plan is not None:
        decided = job.plan.items.filter(kind=ItemKind.OBJECT, decision__in=[Decision.CREATE, *MAPPED])
        planned = [item for item in decided if (item.type, item.remote_id) not in known]
    segments = [Segment(WAITING, f"{item}: {_WORDS[WAITING]}") for item in planned]
    missing = (job.progress_total or 0) - len(results) - len(segments)
    return segments + [Segment(WAITING, _WORDS[WAITING].capitalize())] * max(0, missing)


def counts_of(jobs: Iterable[Job]) -> dict[int, dict[str, int]]:
    """Numbers by state for every submission among the jobs, in one query whatever their number."""
    jobs = list(jobs)
    counted: dict[int, dict[str, int]] = {}
    live = {}
    for job in jobs:
        if job.is_live or job.state == JobState.NEEDS_ATTENTION:
            live[job.pk] = job
        elif job.result.get("outcomes"):
            counted[job.pk] = _ordered(job.result["outcomes"])
    found: defaultdict[int, Counter[str]] = defaultdict(Counter)
    rows = TaskResult.objects.filter(job__in=live).order_by().values("job_id", "outcome", "claim")
    for row in rows.annotate(number=Count("pk")):
        probe = TaskResult(outcome=row["outcome"], claim=row["claim"])
        found[row["job_id"]][state_of(live[row["job_id"]], probe)] += row["number"]
    for pk, job in live.items():
        numbers = found[pk]
        waiting = (job.progress_total or 0) - numbers.total()
        if job.is_live and waiting > 0 and (numbers or job.marker):
            numbers[WAITING] = waiting
        if numbers:
            counted[pk] = _ordered(numbers)
    return counted


def _ordered(numbers: Mapping[str, int]) -> dict[str, int]:
    return {state: numbers[state] for state in _ORDER if numbers.get(state)}


def small_bar(counts: Mapping[str, int]) -> list[Segment]:
    """A bar for a row: at most a fixed number of segments, and one at least for whatever happened at all."""
    total = sum(counts.values())
    segments = []
    for state, number in counts.items():
        width = number if total <= ROW_SEGMENTS else max(1, round(number * ROW_SEGMENTS / total))
        segments += [Segment(state, f"{number} {_WORDS.get(state, state)}")] * width
    return segments


def in_words(counts: Mapping[str, int]) -> str:
    """For example "9 created, 6 reused, 1 failed"."""
    return ", ".join(f"{number} {_WORDS.get(state, state)}" for state, number in counts.items())
