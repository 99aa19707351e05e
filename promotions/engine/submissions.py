"""Sending a remote write once, and finding out what became of it.

The intent is committed before the call. Whatever happens to the answer, or to this process, the row then says that a
write may have happened; before anything is sent again its effect is searched for, twice, a settle time apart.
"""

import logging
import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.errors import NoCredentialError
from clients import errors
from promotions.choices import JobState, ProblemKind, Severity
from promotions.engine import claims, faults, timeline
from promotions.engine.endings import end
from promotions.engine.hooks import credential_refused
from promotions.engine.registry import Ending, Submission, Submitted, submission
from promotions.models import Job

log = logging.getLogger(__name__)

SENDS_LIMIT = 3
EMPTY_LOOK_UPS_NEEDED = 2
RECHECK_PATIENCE = timedelta(minutes=30)
FIRST_LOOK = timedelta(seconds=2)


def new_marker() -> str:
    """Ends up in the remote job's description, and tells ours from all others."""
    return f"towpath-{uuid.uuid4().hex[:12]}"


def step(job_id: int, token: str) -> None:
    """Do what a claimed submission needs next: send it, or find out whether it was sent."""
    job = claims.begin(job_id, token)
    if job is None:
        return
    try:
        if job.state == JobState.QUEUED:
            _send_first(job)
        elif job.state == JobState.SUBMITTING:
            _recover(job)
    except claims.LeaseLostError:
        log.warning("job %s: another worker has taken over; this one stops", job_id)


def _send_first(job: Job) -> None:
    kind = submission(job.kind)
    if not _is_still_wanted(job, kind):
        return
    before = kind.note_before(job) if not job.params.get("before") else job.params["before"]
    _send(job, kind, only_from=JobState.QUEUED, params={**job.params, "before": before})


def _is_still_wanted(job: Job, kind: Submission) -> bool:
    """Read the facts again; a job that must not be sent ends here, one that cannot be checked waits."""
    try:
        ending = kind.recheck(job)
    except errors.ApiError as exc:
        if isinstance(exc, errors.ApiAuthError):
            credential_refused(job.organization, exc)
        if faults.is_passing(exc) and timezone.now() - job.created_at < RECHECK_PATIENCE:
            wait = faults.wait_after(job.attempts, exc)
            timeline.warn(job, f"The facts cannot be read again before sending: {exc.message}. Nothing was sent.")
            claims.hand_back(job, after=wait, attempts=job.attempts + 1)
            return False
        ending = faults.ending("Nothing was sent, because the facts could not be read again", exc)
    except NoCredentialError as exc:
        ending = Ending(state=JobState.FAILED, problem_kind=ProblemKind.CREDENTIALS, problem=str(exc))
    if ending is not None:
        end(job, ending)
    return ending is None


def _send(job: Job, kind: Submission, *, only_from: JobState, params: dict[str, object]) -> None:
    """Commit the intent, then call."""
    now = timezone.now()
    with transaction.atomic():
        if not job.advance(
            JobState.SUBMITTING,
            only_from=[only_from],
            submit_at=now,
            submit_count=job.submit_count + 1,
            empty_look_ups=0,
            attempts=0,
            due_at=now + kind.settle,
            started_at=job.started_at or now,
            deadline_at=job.deadline_at or now + kind.follow_deadline,
            params=params,
        ):
            return
        timeline.note(job, "Sending it to the platform." if job.submit_count == 1 else "Sending it again.")
    try:
        submitted = kind.submit(job)
    except errors.ApiError as exc:
        _sending_failed(job, kind, exc)
    except Exception:
        # The intent stands: the look-up after the settle time will tell.
        log.exception("job %s: sending broke", job.pk)
        timeline.note(job, "Sending broke off inside Towpath; looking for its effect.", severity=Severity.WARNING)
    else:
        accept(job, submitted, how="answered")


def _sending_failed(job: Job, kind: Submission, exc: errors.ApiError) -> None:
    certainly_not_sent = isinstance(exc, errors.ApiUnavailableError | errors.ApiBusyError) or (
        isinstance(exc, errors.OutcomeUnknownError) and not exc.sent
    )
    if certainly_not_sent:
        wait = faults.wait_after(job.attempts, exc)
        with transaction.atomic():
            timeline.warn(job, f"Not sent: {exc.message}. Trying again in {round(wait.total_seconds())} s.")
            job.advance(
                JobState.QUEUED,
                only_from=[JobState.SUBMITTING],
                due_at=timezone.now() + wait,
                submit_count=job.submit_count - 1,
                attempts=job.attempts + 1,
            )
    elif isinstance(exc, errors.OutcomeUnknownError | errors.ApiContractError):
        timeline.note(
            job,
            f"No usable answer ({exc.message}). Whether it happened is not known; "
            f"looking for it in {round(kind.settle.total_seconds())} s.",
            severity=Severity.WARNING,
        )
    else:
        if isinstance(exc, errors.ApiAuthError):
            credential_refused(job.organization, exc)
        end(job, faults.ending("The platform refused it, and did nothing", exc))


def accept(job: Job, submitted: Submitted, *, how: str) -> None:
    """Store that the platform has it. Without a remote id it stays `submitting`, is looked up, and never sent again."""
    kind = submission(job.kind)
    now = timezone.now()
    with transaction.atomic():
        if submitted.remote_id is None:
            claims.keep(job, params={**job.params, "accepted": True}, raw=submitted.raw, due_at=now + FIRST_LOOK)
            timeline.note(job, "The platform accepted it without naming its job; looking for that.")
            return
        Job.objects.filter(
            organization=job.organization, remote_id=submitted.remote_id, is_foreign=True
        ).delete()  # seen in the remote list before we knew that it is ours
        if not job.advance(
            JobState.RUNNING,
            only_from=[JobState.SUBMITTING, JobState.NEEDS_ATTENTION],
            remote_id=submitted.remote_id,
            raw=submitted.raw,
            due_at=now + FIRST_LOOK,
            interval_s=0,
            attempts=0,
            problem="",
            problem_kind="",
            problem_detail="",
        ):
            return
        kind.submitted(job, how=how)
        timeline.note(job, f"The platform has it as job {submitted.remote_id} ({how}).")


def _recover(job: Job) -> None:
    kind = submission(job.kind)
    try:
        found = kind.look_up(job)
    except (errors.ApiError, NoCredentialError) as exc:
        _look_up_failed(job, exc)
        return
    if len(found.remote_ids) == 1:
        accept(job, Submitted(found.remote_ids[0], job.raw), how="found by looking for it")
    elif found.remote_ids:
        _ask_person(
            job,
            "Several jobs at the platform fit this one. Compare them and say which is ours.",
            result={"candidates": list(found.remote_ids)},
        )
    elif not found.is_complete:
        timeline.warn(job, "The platform's list could not be read to its end; looking again.")
        claims.hand_back(job, after=faults.wait_after(job.attempts), attempts=job.attempts + 1)
    elif job.deadline_at is not None and job.deadline_at < timezone.now():
        _ask_person(job, "The platform shows no trace of it, and the deadline has passed.")
    elif job.params.get("accepted"):
        timeline.warn(job, "The platform accepted it, but does not list it yet; looking again.")
        claims.hand_back(job, after=faults.wait_after(job.attempts), attempts=job.attempts + 1)
    elif job.empty_look_ups + 1 < EMPTY_LOOK_UPS_NEEDED:
        timeline.note(job, "No trace of it at the platform; looking once more after the settle time.")
        claims.hand_back(job, after=kind.settle, empty_look_ups=job.empty_look_ups + 1, attempts=0)
    elif job.submit_count >= SENDS_LIMIT:
        _ask_person(job, f"It was sent {job.submit_count} times without an answer or a trace at the platform.")
    elif _is_still_wanted(job, kind):
        _send(job, kind, only_from=JobState.SUBMITTING, params=job.params)


def _look_up_failed(job: Job, exc: errors.ApiError | NoCredentialError) -> None:
    message = exc.message
    if isinstance(exc, errors.ApiAuthError):
        credential_refused(job.organization, exc)
    if job.deadline_at is not None and job.deadline_at < timezone.now():
        _ask_person(job, f"Whether the platform has it could not be found out before the deadline: {message}.")
        return
    timeline.warn(job, f"Looking for it failed: {message}. Looking again; nothing is sent meanwhile.")
    wait = faults.wait_after(job.attempts, exc if isinstance(exc, errors.ApiError) else None)
    claims.hand_back(job, after=wait, attempts=job.attempts + 1)


def _ask_person(job: Job, problem: str, *, result: dict[str, object] | None = None) -> None:
    end(
        job,
        Ending(
            state=JobState.NEEDS_ATTENTION,
            problem_kind=ProblemKind.OUTCOME_UNKNOWN,
            problem=problem,
            result=result or {},
        ),
    )
