"""Running work that only reads at the platform: synchronise, plan, test."""

import logging
from datetime import timedelta

from django.utils import timezone

from accounts.errors import NoCredentialError
from clients.errors import ApiAuthError, ApiError
from promotions.choices import JobState, ProblemKind
from promotions.engine import claims, faults, timeline
from promotions.engine.endings import end
from promotions.engine.hooks import credential_refused
from promotions.engine.registry import Activity, Ending, Unfinished, job_type
from promotions.models import Job

log = logging.getLogger(__name__)

ATTEMPTS_LIMIT = 6
# From the start, or from the last slice: work that a worker is killed over, each time, must not begin for ever.
PATIENCE = timedelta(hours=1)


def run(job_id: int, token: str) -> None:
    """Do one claimed activity, or one slice of it. Safe to call twice: the second call finds no claim."""
    job = claims.begin(job_id, token, lease=Activity.lease)
    if job is None:
        return
    activity = job_type(job.kind)
    if not isinstance(activity, Activity):
        raise TypeError(f"{job.kind} is not an activity")
    now = timezone.now()
    if job.state == JobState.QUEUED and not job.advance(
        JobState.RUNNING, only_from=[JobState.QUEUED], started_at=now, deadline_at=now + PATIENCE
    ):
        return
    if job.deadline_at is not None and job.deadline_at < now:
        end(job, _never_done(activity))
        return
    try:
        _run(job, activity)
    except claims.LeaseLostError:
        log.warning("job %s: another worker has taken over; this one stops", job_id)


def _run(job: Job, activity: Activity) -> None:
    try:
        outcome = activity.run(job, _Report(job, activity.lease))
    except ApiError as exc:
        if isinstance(exc, ApiAuthError):
            credential_refused(job.organization, exc)
        if faults.is_passing(exc) and job.attempts + 1 < ATTEMPTS_LIMIT:
            _try_again(job, exc)
            return
        outcome = faults.ending(activity.label, exc)
    except NoCredentialError as exc:
        outcome = Ending(state=JobState.FAILED, problem_kind=ProblemKind.CREDENTIALS, problem=str(exc))
    except claims.LeaseLostError:
        raise
    except Exception:
        # A fault of ours, in what only reads: an end with a reason is better than a job that begins for ever.
        log.exception("job %s (%s) broke", job.pk, job.kind)
        outcome = Ending(
            state=JobState.FAILED,
            problem_kind=ProblemKind.INTERNAL,
            problem=f"{activity.label}: Towpath itself failed. Nothing was written at the platform. "
            f"Look for job {job.pk} in the log of the worker.",
        )
    if isinstance(outcome, Unfinished):
        deadline_at = timezone.now() + PATIENCE
        claims.hand_back(job, after=timedelta(0), params=outcome.params, attempts=0, deadline_at=deadline_at)
    else:
        end(job, outcome)


def _never_done(activity: Activity) -> Ending:
    hours = round(PATIENCE.total_seconds() / 3600)
    return Ending(
        state=JobState.FAILED,
        problem_kind=ProblemKind.UNAVAILABLE,
        problem=f"{activity.label}: it was begun again and again, and not done within {hours} "
        f"{'hour' if hours == 1 else 'hours'}. Try again when the platform answers faster; if that does not help, look "
        "into the log of the worker.",
    )


def _try_again(job: Job, exc: ApiError) -> None:
    wait = faults.wait_after(job.attempts, exc)
    timeline.warn(job, f"{faults.words(exc)}. Trying again in {round(wait.total_seconds())} s.")
    claims.hand_back(job, after=wait, attempts=job.attempts + 1, progress_text="Waiting for the platform")


class _Report:
    """Writes progress, at most once a second, and extends the lease by it."""

    def __init__(self, job: Job, lease: timedelta) -> None:
        self._job = job
        self._lease = lease
        self._next = timezone.now()
        self._last_text = ""

    def __call__(self, text: str, *, done: int | None = None, total: int | None = None) -> None:
        now = timezone.now()
        if text == self._last_text and now < self._next:
            return
        self._next, self._last_text = now + timedelta(seconds=1), text
        claims.keep(
            self._job,
            due_at=now + self._lease,
            progress_text=text,
            progress_done=done or 0,
            progress_total=total,
        )
