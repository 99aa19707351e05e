"""Following jobs from the command line, by workers elsewhere or by the engine in this process."""

import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from accounts.models import Organization
from promotions import progress
from promotions.choices import ACTIVE, GOOD_OUTCOMES, JobState, Severity, Verification
from promotions.engine import inline, registry
from promotions.models import Job
from promotions.services import jobs

PAUSE_S = 0.5
# A tick comes every second; a job that nobody has claimed for so long has no worker.
NO_WORKER_AFTER_S = 10

EXIT_REFUSED = 1
EXIT_TIMEOUT = 5
EXIT_CODES = {
    JobState.SUCCEEDED: 0,
    JobState.SUCCEEDED_WITH_WARNINGS: 3,
    JobState.PARTLY_FAILED: 4,
    JobState.FAILED: 4,
    JobState.NEEDS_ATTENTION: 5,
    JobState.CANCELLED: 6,
}


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--run-here",
        action="store_true",
        help="do the work in this process, for machines without a running worker; other jobs that are due are done too",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=3600,
        metavar="SECONDS",
        help="stop waiting after so long; the job goes on if a worker runs (default: 3600)",
    )


def seconds(text: str) -> float:
    """A length of time from an argument; argparse names this function in its complaint."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(text)
    return number


def worst(states: Sequence[str]) -> int:
    """The exit code for several jobs: the highest."""
    return max((EXIT_CODES.get(JobState(state), EXIT_TIMEOUT) for state in states), default=0)


@dataclass
class Follower:
    """Prints what happens to jobs until none is active any more."""

    say: Callable[[str], None]
    is_run_here: bool
    timeout_s: float
    _said_event: dict[int, int] = field(default_factory=dict)
    _said_progress: dict[int, str] = field(default_factory=dict)

    def to_end(self, followed: Sequence[Job]) -> bool:
        """Wait until the jobs are over or need a person; False if the time ran out before. Refreshes the rows."""
        began = time.monotonic()
        is_warned = False
        while True:
            done = inline.run_due() if self.is_run_here else 0
            for job in followed:
                job.refresh_from_db()
                self.tell(job, name=str(job.organization) if len(followed) > 1 else "")
                jobs.watch(job)
            waiting = [job for job in followed if job.state in ACTIVE]
            if not waiting:
                return True
            waited = time.monotonic() - began
            if waited > self.timeout_s:
                return False
            if not is_warned and not self.is_run_here and waited > NO_WORKER_AFTER_S:
                is_warned = self.warn_of_no_worker(waiting)
            if not done:
                time.sleep(PAUSE_S)

    def warn_of_no_worker(self, waiting: Sequence[Job]) -> bool:
        """Say that nobody has taken these jobs, if so; returns whether it was said."""
        if any(job.state != JobState.QUEUED or job.lease_token or job.attempts for job in waiting):
            return False
        self.say(
            "No worker has taken it so far. Is Towpath running (manage.py up, or the worker and beat services)? "
            "With --run-here this command does the work itself."
        )
        return True

    def tell(self, job: Job, *, name: str = "") -> None:
        """Say what is new of a job; `name` stands before each line."""
        name = f"{name}: " if name else ""
        for event in job.events.filter(pk__gt=self._said_event.get(job.pk, 0)).order_by("pk"):
            mark = "" if event.severity == Severity.INFO else f"{event.get_severity_display().upper()} "
            self.say(f"  {name}{mark}{event.text}")
            self._said_event[job.pk] = event.pk
        if job.state in ACTIVE and (now := _progress(job)) and now != self._said_progress.get(job.pk):
            self.say(f"  {name}{now}")
            self._said_progress[job.pk] = now


def _progress(job: Job) -> str:
    counts = progress.counts_of([job]).get(job.pk, {})
    if counts:
        return progress.in_words(counts)
    if job.progress_text and job.progress_total:
        return f"{job.progress_text}: {job.progress_done} of {job.progress_total}"
    return job.progress_text


def ending(job: Job) -> list[str]:
    """How a job ended, truthfully, with the causes: the state, the sentence, and every object that is not well."""
    lines = [f"{job.get_state_display()}: {job.title} (job {job.pk}{f', {job.remote_id}' if job.remote_id else ''})"]
    if job.problem:
        lines.append(job.problem)
    elif described := registry.describe(job):
        lines.append(described)
    counts = progress.counts_of([job]).get(job.pk)
    if counts:
        lines.append(progress.in_words(counts))
    if "claimed" in job.result and not job.is_foreign:
        verified = job.result.get("verified")
        looked = "to be checked by hand" if verified is None else f"verified {verified}"
        lines.append(f"Claimed {job.result['claimed']}, {looked}.")
    for result in job.results.all():
        if result.outcome not in GOOD_OUTCOMES or result.verification == Verification.CONTRADICTED:
            doubt = f" {result.verification_text}" if result.verification == Verification.CONTRADICTED else ""
            name = f"{result.type_label} “{result.title or result.remote_id}”"
            lines.append(f"  {name}: {result.get_outcome_display().lower()}. {result.explanation}{doubt}")
    return lines


def organizations_named(names: Sequence[str], among: Sequence[Organization]) -> list[Organization]:
    """The organizations meant by name or organization id. Raises LookupError with a sentence."""
    found = []
    for name in names:
        fitting = [one for one in among if name in (one.remote_id, one.name)]
        if not fitting:
            known = ", ".join(str(one) for one in among) or "none"
            raise LookupError(f"There is no organization “{name}”. Known: {known}.")
        if len(fitting) > 1:
            ids = ", ".join(one.remote_id for one in fitting)
            raise LookupError(f"Several organizations are named “{name}”. Use an id: {ids}.")
        found += [one for one in fitting if one not in found]
    return found
