"""Sending a remote write once, and finding out what became of it.

The intent is committed before the call. Whatever happens to the answer, or to this process, the row then says that a
write may have happened; before anything is sent again its effect is searched for, twice, a settle time apart, and once
more at the last moment. Every step is a conditional update that names the claim: a worker that was stopped and wakes
after its claim has passed on can neither send nor move the row.
"""

import logging
import uuid
from typing import Any, TypeGuard

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.errors import NoCredentialError
from clients import errors
from clients.deadlines import deadline
from promotions.choices import JobState, ProblemKind, Severity
from promotions.engine import claims, faults, rechecking, slots, timeline, traces
from promotions.engine.accepting import accept
from promotions.engine.endings import ask_person, end
from promotions.engine.hooks import credential_refused
from promotions.engine.registry import Ending, LookUp, Submission, Submitted, submission
from promotions.models import Job

log = logging.getLogger(__name__)

SENDS_LIMIT = 3
# Since when the platform turns it away, when it did last, and what is in the way.
HELD_UP = "held_up"
EMPTY_LOOK_UPS_NEEDED = 2
# Looking and checking end this long before the task would be killed, the time of the write not counted.
TASK_MARGIN_S = 10
DECIDE = "Look for it there, then say which job is ours, have it sent again, or close it."
# An accepted write without a trace: how often to look before a person is asked about a job that resembles it.
LOOKS_BEFORE_ASKING = 5


def new_marker() -> str:
    """Ends up in the remote job's description, and tells ours from all others."""
    return f"towpath-{uuid.uuid4().hex[:12]}"


def step(job_id: int, token: str) -> None:
    """Do what a claimed submission needs next: send it, or find out whether it was sent."""
    job = claims.begin(job_id, token, lease=claims.READ_LEASE)
    if job is None:
        return
    kind = submission(job.kind)
    try:
        if not slots.take(job):
            return
        # However slow the platform is, this ends in words, not in the end of the process, and leaves time to send.
        with deadline(preparation_s(kind)):
            before = _ready_to_send(job, kind)
        if before is not None:
            _send(job, kind, params={**rechecking.finished(job.params), "before": before})
    except claims.LeaseLostError:
        log.warning("job %s: another worker has taken over; this one stops", job_id)


def preparation_s(kind: Submission) -> float:
    """How long looking and checking may take in one task, so that the time of the write itself is left."""
    limit_s = settings.LONG_TASK_TIME_LIMIT_S if kind.queue == "long" else settings.TASK_TIME_LIMIT_S
    return max(TASK_MARGIN_S, limit_s - TASK_MARGIN_S - kind.deadline.total_seconds())


def _ready_to_send(job: Job, kind: Submission) -> dict[str, object] | None:
    """What must be remembered before sending; None if nothing is to be sent now."""
    if job.state == JobState.SUBMITTING:
        return _recover(job, kind)
    if job.state != JobState.QUEUED:
        return None
    if job.started_at is None:
        if job.params.get("turned_away") and _is_taken(job, kind):
            return None
        return rechecking.prepared(job, kind)
    # It was under way before: turned away for now, or given back by a person. A late effect must not be repeated.
    return None if _is_found(job, kind) else _ready_to_repeat(job, kind)


def _ready_to_repeat(job: Job, kind: Submission) -> dict[str, object] | None:
    """The same, if nothing speaks against sending once more and a last look, just before, finds no trace either."""
    before = rechecking.prepared(job, kind)
    return None if before is None or _is_found(job, kind) else before


def _is_found(job: Job, kind: Submission) -> bool:
    """Look once for an earlier effect; False only if there is certainly none for now."""
    found = _look_up(job, kind)
    return found is None or _is_settled_by(found, job)


def _is_taken(job: Job, kind: Submission) -> bool:
    """Whether a call that was turned away has been acted on all the same, or that cannot be told for now."""
    found = _look_up(job, kind)
    if found is None:
        return True
    if len(found.remote_ids) == 1:
        accept(job, Submitted(found.remote_ids[0], job.raw), how="found after it was turned away")
        return True
    # What was noted before that call is noted anew.
    params = {name: value for name, value in job.params.items() if name not in ("before", "turned_away")}
    claims.keep(job, params=params)
    return False


def _look_up(job: Job, kind: Submission) -> LookUp | None:
    try:
        found = kind.look_up(job, claims.Heartbeat(job))
        traces.looked(job, found)
        return found
    except claims.LeaseLostError:
        raise
    except (errors.ApiError, NoCredentialError) as exc:
        _look_up_failed(job, exc)
    except Exception as exc:
        # A fault of ours tells as little of the effect as a platform that does not answer.
        log.exception("job %s (%s): looking for it broke", job.pk, job.kind)
        _look_up_failed(job, exc)
    return None


def _send(job: Job, kind: Submission, *, params: dict[str, object]) -> None:
    """Commit the intent, then call."""
    # Reckoned from before the commit, and kept by every operation on the socket: a process that is stopped in between
    # wakes too late to send what others may by then have looked for in vain.
    with deadline(kind.deadline.total_seconds()):
        _commit_intent(job, kind, params)
        said = _said(job, kind)
        if HELD_UP in params and said is not None and not isinstance(said, errors.ApiBusyError):
            _note_sending(job)
        if _is_token_stale(said):
            is_there = _shows_all_the_same(job, kind, said)
            if is_there is None:
                _not_sent(job, f"The platform turned it away: {faults.words(said)}", None, said, is_turned_away=True)
            if is_there is not False:
                return
            timeline.note(job, "The platform no longer knew the access token; sending it with a new one.")
            claims.keep(job, due_at=timezone.now() + kind.settle)
            said = _said(job, kind)
    if isinstance(said, Submitted):
        accept(job, said, how="answered")
    elif isinstance(said, errors.ApiError):
        _sending_failed(job, kind, said)


def _said(job: Job, kind: Submission) -> Submitted | errors.ApiError | None:
    """What came of the one call that writes; None if that is dealt with."""
    try:
        return kind.submit(job, claims.Progress(job))
    except errors.ApiError as exc:
        return exc
    except NoCredentialError as exc:
        problem = f"Nothing was sent. {exc.message}"
        _not_sent(
            job, exc.message, Ending(state=JobState.FAILED, problem_kind=ProblemKind.CREDENTIALS, problem=problem)
        )
    except Exception:
        # The intent stands: the look-up after the settle time will tell.
        log.exception("job %s: sending broke", job.pk)
        traces.answered(job, "none that was read: sending broke off inside Towpath")
        timeline.note(job, "Sending broke off inside Towpath; looking for its effect.", severity=Severity.WARNING)
    return None


def _commit_intent(job: Job, kind: Submission, params: dict[str, object]) -> None:
    now = timezone.now()
    with transaction.atomic():
        claims.advance(
            job,
            JobState.SUBMITTING,
            only_from=JobState(job.state),
            # A second delivery of the message that led here must not find this claim.
            lease_token=claims.new_token(),
            submit_at=now,
            submit_count=job.submit_count + 1,
            empty_look_ups=0,
            due_at=now + kind.settle,
            started_at=job.started_at or now,
            deadline_at=job.deadline_at or now + kind.search_deadline,
            params=params,
        )
        # One that is turned away again and again, for hours, tells so once.
        if HELD_UP not in params:
            _note_sending(job)


def _note_sending(job: Job) -> None:
    timeline.note(job, timeline.SENDING if job.submit_count == 1 else timeline.SENDING_AGAIN)


def _sending_failed(job: Job, kind: Submission, exc: errors.ApiError) -> None:
    if isinstance(exc, errors.ApiBusyError):
        _not_sent(job, f"The platform turned it away: {faults.words(exc)}", None, exc, is_turned_away=True)
    elif isinstance(exc, errors.ApiUnavailableError) or (isinstance(exc, errors.OutcomeUnknownError) and not exc.sent):
        _not_sent(job, f"Not sent: {faults.words(exc)}", None, exc)
    elif isinstance(exc, errors.OutcomeUnknownError | errors.ApiContractError):
        timeline.note(
            job,
            f"No usable answer ({faults.words(exc)}). Whether it happened is not known; "
            f"looking for it in {round(kind.settle.total_seconds())} s.",
            severity=Severity.WARNING,
        )
        traces.answered(job, faults.words(exc))
    elif not _shows_all_the_same(job, kind, exc):
        _refused(job, exc)


def _is_token_stale(said: object) -> TypeGuard[errors.ApiAuthError]:
    """Whether the gateway did not know the token; by now it is given up, and the next call fetches another."""
    return isinstance(said, errors.ApiAuthError) and said.error_code == "401013"


def _shows_all_the_same(job: Job, kind: Submission, exc: errors.ApiError) -> bool | None:
    """Look once for what the platform says it refused, since a refusal is a claim; None if that cannot be told."""
    try:
        with deadline(TASK_MARGIN_S):
            found = kind.look_up(job, claims.Heartbeat(job))
        traces.looked(job, found)
    except claims.LeaseLostError:
        raise
    except (errors.ApiError, NoCredentialError) as failure:
        log.info("job %s: after its refusal it could not be looked for: %s", job.pk, failure)
        return None
    except Exception:
        # A fault of ours: whether it is there cannot be told, and what the platform said must still be stored.
        log.exception("job %s: looking for it after its refusal broke", job.pk)
        return None
    if len(found.remote_ids) != 1:
        return False if found.is_complete and not found.remote_ids else None
    timeline.note(job, f"The platform refused it ({faults.words(exc)}), yet shows it.", severity=Severity.WARNING)
    accept(job, Submitted(found.remote_ids[0], job.raw), how="found after a refusal")
    return True


def _refused(job: Job, exc: errors.ApiError) -> None:
    if isinstance(exc, errors.ApiAuthError):
        credential_refused(job.organization, exc)
    if job.submit_count > 1:
        words = faults.sentence("The platform refused it when it was sent again", exc)
        traces.answered(job, f"refused: {faults.words(exc)}")
        ask_person(job, f"{words} Whether the first one, whose answer was lost, arrived is not known.")
    else:
        end(job, faults.ending("The platform refused it, and did nothing", exc, submission(job.kind).advise(job, exc)))


def _not_sent(
    job: Job,
    message: str,
    ending: Ending | None,
    exc: errors.ApiError | None = None,
    *,
    is_turned_away: bool = False,
) -> None:
    """Take the intent back: the request never left, or was turned away at the door. Without an ending, try later."""
    if ending is None and _is_late(job):
        ending = _never_sent(message)
    wait = faults.wait_after(job.attempts, exc)
    sent_before = job.submit_count - 1
    with transaction.atomic():
        is_news = not isinstance(exc, errors.ApiBusyError) or not _is_held_up_by(job, exc)
        if ending is None and is_news:
            timeline.warn(job, f"{message}. Trying again in {round(wait.total_seconds())} s.")
        changes: dict[str, Any] = {"submit_count": sent_before, "attempts": job.attempts + 1}
        if not sent_before and "dismissed" not in job.params:
            changes |= {"started_at": None, "params": _params_of_unsent(job, exc, is_turned_away=is_turned_away)}
        claims.keep(job, due_at=timezone.now() + wait, **changes)
        if ending is None:
            # Sent before, without an answer: that one is looked for first, so the row stays as it is.
            state = JobState.SUBMITTING if sent_before else JobState.QUEUED
            claims.advance(job, state, only_from=JobState.SUBMITTING, lease_token="")
        elif sent_before:
            ask_person(job, f"An earlier sending got no answer, and no further one was possible: {ending.problem}")
        else:
            end(job, ending)


def _is_held_up_by(job: Job, exc: errors.ApiBusyError) -> bool:
    """Whether the same was in the way the last time."""
    noted = job.params.get(HELD_UP)
    return noted is not None and noted["by"] == exc.held_by


def _params_of_unsent(job: Job, exc: errors.ApiError | None, *, is_turned_away: bool) -> dict[str, object]:
    """What was noted before the call is noted anew next time, unless the call may yet turn out to have had effect."""
    if not is_turned_away:
        return {name: value for name, value in job.params.items() if name not in ("before", HELD_UP)}
    params = {**job.params, "turned_away": True}
    if isinstance(exc, errors.ApiBusyError):
        now = timezone.now().isoformat()
        since = job.params.get(HELD_UP, {}).get("since", now)
        params[HELD_UP] = {"since": since, "last": now, "by": exc.held_by}
    return params


def _never_sent(message: str) -> Ending:
    return Ending(
        state=JobState.FAILED,
        problem_kind=ProblemKind.UNAVAILABLE,
        problem=f"It could not be sent before the deadline. {message}. Run it again when the platform is reachable.",
    )


def _recover(job: Job, kind: Submission) -> dict[str, object] | None:
    """Act on a search for the lost write; what must be remembered, if it is to be sent once more."""
    found = _look_up(job, kind)
    if found is None:
        return None
    is_last_look = job.empty_look_ups + 1 >= EMPTY_LOOK_UPS_NEEDED
    if found.remote_ids or not found.is_complete or _is_late(job) or job.params.get("accepted"):
        _is_settled_by(found, job)
    elif not is_last_look:
        timeline.note(job, "No trace of it at the platform; looking once more after the settle time.")
        claims.hand_back(job, after=kind.settle, empty_look_ups=job.empty_look_ups + 1, attempts=0)
    elif not _is_settled_by(found, job):
        if job.submit_count < SENDS_LIMIT:
            return _ready_to_repeat(job, kind)
        ask_person(
            job,
            f"It was sent {job.submit_count} times without an answer or a trace at the platform. {DECIDE}",
        )
    return None


def _is_settled_by(found: LookUp, job: Job) -> bool:
    """Act on what was found; False if nothing was, and the job may be sent again."""
    is_accepted, noun = bool(job.params.get("accepted")), submission(job.kind).noun
    if found.blind:
        if not job.submit_count:
            return False  # somebody has looked, and has it sent again
        ask_person(job, found.blind)
    elif len(found.remote_ids) == 1:
        accept(job, Submitted(found.remote_ids[0], job.raw), how="found by looking for it")
    elif found.remote_ids:
        ask_person(
            job,
            f"Several {noun}s at the platform fit this one. Compare them and say which is ours.",
            result={"candidates": list(found.remote_ids)},
        )
    elif found.similar and (
        _is_late(job) or (found.is_complete and (not is_accepted or job.attempts >= LOOKS_BEFORE_ASKING))
    ):
        number = f"A {noun}" if len(found.similar) == 1 else f"{len(found.similar)} {noun}s"
        ask_person(
            job,
            f"{number} at the platform may be this one, but {_doubt(job)}. Compare, and say "
            "whether it is ours, or have it sent again.",
            result={"candidates": list(found.similar)},
        )
    elif _is_late(job):
        trace = "shows no trace of it" if found.is_complete else f"could not list its {noun}s completely"
        ask_person(job, f"The platform {trace}, and the deadline has passed. {DECIDE}")
    elif not found.is_complete:
        timeline.warn(job, "The platform's list could not be read completely; looking again.")
        claims.hand_back(job, after=faults.wait_after(job.attempts), attempts=job.attempts + 1)
    elif is_accepted:
        timeline.warn(job, "The platform accepted it, but does not list it yet; looking again.")
        claims.hand_back(job, after=faults.wait_after(job.attempts), attempts=job.attempts + 1)
    else:
        return False
    return True


def _doubt(job: Job) -> str:
    """Why what resembles a write is not taken for it."""
    return "nothing proves whose it is" if submission(job.kind).wanted(job) else "without our mark in the description"


def _is_late(job: Job) -> bool:
    return job.deadline_at is not None and job.deadline_at < timezone.now()


def _look_up_failed(job: Job, exc: Exception) -> None:
    message = faults.words(exc)
    traces.could_not_look(job, message)
    if isinstance(exc, errors.ApiAuthError):
        credential_refused(job.organization, exc)
    if _is_late(job):
        if job.submit_count:
            ask_person(
                job,
                f"Whether the platform has it could not be found out before the deadline: {message}. {DECIDE}",
            )
        else:
            end(job, _never_sent(message))
        return
    timeline.warn(job, f"Looking for it failed: {message}. Looking again; nothing is sent meanwhile.")
    wait = faults.wait_after(job.attempts, exc if isinstance(exc, errors.ApiError) else None)
    claims.hand_back(job, after=wait, attempts=job.attempts + 1)
