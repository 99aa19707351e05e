"""Following remote jobs to their end: by list, organization by organization, and in detail only on a change."""

import logging
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import groupby

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.errors import NoCredentialError
from clients import errors
from clients.deadlines import deadline
from config import logs
from promotions.choices import JobState, ProblemKind
from promotions.engine import claims, faults, timeline
from promotions.engine.endings import end
from promotions.engine.hooks import credential_refused
from promotions.engine.registry import Ending, Snapshot, Submission, submission
from promotions.models import Job

log = logging.getLogger(__name__)

LONGEST_INTERVAL_S = settings.FOLLOW_INTERVAL_S
GROWTH = 1.5
# A remote job may be missing for a moment after it was accepted; for longer, a person should look.
NOT_FOUND_LIMIT = 8
VERIFY_ATTEMPTS = 5
# What was just created may take a moment to be found: one look that does not show it is not enough.
CONTRADICTED_LOOKS = 3
# One look at many jobs ends well within the task time limit; what is left falls due again at once.
SLICE_S = 60
# A list that takes longer than this is no help; each job is then read by itself.
LIST_S = 30
# The document of a job with many objects grows with each of them: it is kept at changes of state, not at every look.
RAW_AT_EVERY_LOOK = 200


def follow(job_ids: Iterable[int], token: str) -> None:
    """Look at the claimed running jobs of one organization."""
    until = time.monotonic() + SLICE_S
    jobs = sorted(claims.begin_all(job_ids, token), key=lambda job: job.kind)
    for kind, group in groupby(jobs, key=lambda job: job.kind):
        _follow_kind(submission(kind), list(group), until)


def _follow_kind(kind: Submission, jobs: Sequence[Job], until: float) -> None:
    began = time.monotonic()
    try:
        with deadline(LIST_S):
            statuses = kind.list_statuses([job for job in jobs if job.remote_finished_at is None])
    except (errors.ApiError, NoCredentialError) as exc:
        if time.monotonic() - began < LIST_S:
            for job in claims.in_full(jobs):
                _could_not_look(job, exc)
            return
        log.warning("the list of %s jobs takes too long; each job is read by itself", kind.kind)
        statuses = {}
    except Exception:
        # The list only saves calls: a fault of ours in it must not keep the jobs from being read.
        log.exception("the list of %s jobs could not be used; each job is read by itself", kind.kind)
        statuses = {}
    now = timezone.now()
    unchanged, changed = [], []
    for job in jobs:
        is_same = statuses.get(job.pk) == job.remote_status and job.remote_finished_at is None
        is_watched = job.watched_until is not None and job.watched_until > now
        is_late = job.deadline_at is not None and job.deadline_at < now
        if is_same and not is_watched and not is_late and job.interval_s:
            unchanged.append(job)
        else:
            changed.append(job)
    for interval, same in groupby(sorted(unchanged, key=lambda job: job.interval_s), key=lambda job: job.interval_s):
        longer = _next_interval(kind, interval)
        after = _until_round(longer, organization_id=jobs[0].organization_id)
        claims.hand_back_all(same, after=after, interval_s=longer, attempts=0)
    for position, one in enumerate(changed):
        if time.monotonic() > until:
            claims.hand_back_all(changed[position:], after=timedelta(0))
            return
        for job in claims.in_full([one]):
            look(job, kind)


def look(job: Job, kind: Submission) -> None:
    """Read one job in full, store what it says, and end it when the platform has."""
    with logs.working_on(job.pk, asked_by=timeline.asked_by(job.pk)):
        _look(job, kind)


def _look(job: Job, kind: Submission) -> None:
    try:
        claims.extend(job)
        if job.remote_finished_at is None:
            snapshot = kind.read(job)
            _store(job, kind, snapshot)
            if not snapshot.is_over:
                _wait_on(job, kind)
                return
        if _verify(job, kind):
            end(job, kind.conclude(job))
    except claims.LeaseLostError:
        log.info("job %s: another worker follows it", job.pk)
    except (errors.ApiError, NoCredentialError) as exc:
        _could_not_look(job, exc)
    except Exception as exc:
        # One job that cannot be handled must not keep the others of its organization waiting.
        log.exception("job %s (%s): looking at it broke", job.pk, job.kind)
        _could_not_look(job, exc)


def _verify(job: Job, kind: Submission) -> bool:
    """Look a second time; True if the job may be concluded. A platform that will not answer leaves it unconfirmed."""
    claims.extend(job)
    try:
        is_settled = kind.verify(job)
    except (errors.ApiError, NoCredentialError) as exc:
        if job.attempts + 1 < VERIFY_ATTEMPTS:
            timeline.warn(job, f"The target could not be checked: {faults.words(exc)}. Trying again.")
            claims.hand_back(job, after=faults.wait_after(job.attempts), attempts=job.attempts + 1)
            return False
        timeline.warn(job, f"The target could not be checked: {faults.words(exc)}. The results stay unconfirmed.")
        return True
    if not is_settled and job.attempts + 1 < CONTRADICTED_LOOKS:
        timeline.warn(job, "The target does not show everything that the platform claims; looking once more.")
        claims.hand_back(job, after=faults.wait_after(job.attempts + 1), attempts=job.attempts + 1)
        return False
    return True


def _store(job: Job, kind: Submission, snapshot: Snapshot) -> None:
    with transaction.atomic():
        is_news = snapshot.status != job.remote_status or snapshot.is_over
        is_small = snapshot.done <= RAW_AT_EVERY_LOOK
        if snapshot.status != job.remote_status:
            timeline.note(job, f"The platform says {snapshot.status or 'nothing'}.")
        claims.keep(
            job,
            remote_status=snapshot.status,
            remote_finished_at=timezone.now() if snapshot.is_over else None,
            progress_done=snapshot.done,
            progress_total=snapshot.total,
            attempts=0,
            **({"raw": snapshot.raw} if is_news or is_small else {}),
        )
        kind.record(job, snapshot)


def _wait_on(job: Job, kind: Submission) -> None:
    now = timezone.now()
    if job.deadline_at is not None and job.deadline_at < now:
        hours = round((now - (job.started_at or job.created_at)).total_seconds() / 3600)
        after = f"after {hours} {'hour' if hours == 1 else 'hours'}" if hours else "after the deadline"
        _give_up(job, ProblemKind.DEADLINE, f"The platform still says {job.remote_status or 'nothing'} {after}.")
        return
    interval = _next_interval(kind, job.interval_s) if job.interval_s else kind.first_interval_s
    if job.watched_until is not None and job.watched_until > now:
        interval = kind.first_interval_s
    claims.hand_back(job, after=timedelta(seconds=interval), interval_s=interval)


def _next_interval(kind: Submission, interval_s: int) -> int:
    longest = kind.longest_interval_s or LONGEST_INTERVAL_S
    return min(longest, max(kind.first_interval_s, round(interval_s * GROWTH)))


def _until_round(interval_s: int, *, organization_id: int) -> timedelta:
    """Until the next round that all jobs of this interval and organization share: one list then serves them all.

    From half an interval to one and a half; organizations take turns.
    """
    phase = organization_id * 7 % interval_s
    left = interval_s - (time.time() - phase) % interval_s
    return timedelta(seconds=left if left >= interval_s / 2 else left + interval_s)


def _give_up(job: Job, kind: ProblemKind, problem: str) -> None:
    """Hand the job to a person; one that was started elsewhere is nobody's here, and is only no longer followed."""
    if job.is_foreign:
        _close(job, f"{problem} It was started elsewhere, and is no longer followed here.")
        return
    next_step = "Look at it at the platform, then go on following it here or close it."
    end(job, Ending(state=JobState.NEEDS_ATTENTION, problem_kind=kind, problem=f"{problem} {next_step}"))


def _close(job: Job, problem: str) -> None:
    end(job, Ending(state=JobState.CANCELLED, problem_kind=ProblemKind.CLOSED, problem=problem))


def _could_not_look(job: Job, exc: Exception) -> None:
    """Keep the job as it is, say why, and look again later; ask a person when that cannot help."""
    message = faults.words(exc)
    if job.organization.deleted_at is not None:
        _close(job, f"{job.organization} was deleted here. How the job ended at the platform is not known.")
        return
    if isinstance(exc, errors.ApiAuthError):
        credential_refused(job.organization, exc)
    now = timezone.now()
    is_late = job.deadline_at is not None and job.deadline_at < now
    is_gone = isinstance(exc, errors.ApiNotFoundError) and job.attempts + 1 >= NOT_FOUND_LIMIT
    if is_late or is_gone:
        reason = "the platform does not know it" if is_gone else message
        kind = ProblemKind.DEADLINE if is_late else ProblemKind.OUTCOME_UNKNOWN
        _give_up(job, kind, f"How it ended cannot be found out: {reason}.")
        return
    timeline.warn(job, f"Could not look at it: {message}. It goes on at the platform; looking again.")
    try:
        claims.hand_back(
            job,
            after=faults.wait_after(job.attempts, exc if isinstance(exc, errors.ApiError) else None),
            attempts=job.attempts + 1,
        )
    except claims.LeaseLostError:
        log.info("job %s: another worker follows it", job.pk)
