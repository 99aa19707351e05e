"""Reading again, just before a write, what it rests on."""

import logging
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.errors import NoCredentialError
from clients import errors
from promotions.choices import JobState, ProblemKind
from promotions.engine import claims, faults, mandates, timeline
from promotions.engine.endings import ask_person, end
from promotions.engine.hooks import credential_refused
from promotions.engine.registry import Ending, Submission
from promotions.models import Job

log = logging.getLogger(__name__)

PATIENCE = timedelta(minutes=30)
# A worker that is killed over it, each time, must not begin for ever.
STARTS_LIMIT = 5
UNREADABLE_SINCE = "unreadable_since"


def prepared(job: Job, kind: Submission) -> dict[str, object] | None:
    """What must be remembered before sending; None if nothing may be sent now.

    A job that must not be sent ends here, one that cannot be checked waits.
    """
    starts = int(job.params.get("rechecks", 0))
    if starts >= STARTS_LIMIT:
        _refuse(job, _never_done(job, starts))
        return None
    if starts:
        timeline.warn(job, "The worker was ended while it read the facts again. Beginning once more; nothing was sent.")
    claims.keep(job, params={**job.params, "rechecks": starts + 1})
    try:
        ending = mandates.lost(job) or kind.recheck(job, claims.Heartbeat(job))
        if ending is None:
            before: dict[str, object] = job.params.get("before") or kind.note_before(job)
            return before
    except errors.ApiError as exc:
        if isinstance(exc, errors.ApiAuthError):
            credential_refused(job.organization, exc)
        since = _unreadable_since(job)
        if faults.is_passing(exc) and timezone.now() - since < PATIENCE:
            timeline.warn(job, f"The facts cannot be read again before sending: {faults.words(exc)}. Nothing was sent.")
            wait = faults.wait_after(job.attempts, exc)
            params = {**finished(job.params), UNREADABLE_SINCE: since.isoformat()}
            claims.hand_back(job, after=wait, attempts=job.attempts + 1, params=params)
            return None
        ending = faults.ending("Nothing was sent, because the facts could not be read again", exc)
    except NoCredentialError as exc:
        ending = Ending(
            state=JobState.FAILED, problem_kind=ProblemKind.CREDENTIALS, problem=f"Nothing was sent. {exc.message}"
        )
    except claims.LeaseLostError:
        raise
    except Exception:
        # A fault of ours, and nothing was sent: an end with a reason is better than a job that begins for ever.
        log.exception("job %s (%s) broke before sending", job.pk, job.kind)
        ending = Ending(
            state=JobState.FAILED,
            problem_kind=ProblemKind.INTERNAL,
            problem=f"Nothing was sent: Towpath itself failed. Look for job {job.pk} in the log of the worker.",
        )
    _refuse(job, ending)
    return None


def finished(params: dict[str, object]) -> dict[str, object]:
    """The parameters of a job whose facts were read to the end: the next time counts anew."""
    return {name: value for name, value in params.items() if name not in ("rechecks", UNREADABLE_SINCE)}


def _unreadable_since(job: Job) -> datetime:
    """When reading the facts began to fail; how long the job had waited for its turn before does not count."""
    noted = job.params.get(UNREADABLE_SINCE)
    if noted:
        return datetime.fromisoformat(noted)
    return timezone.now() if job.slot else job.created_at


def _never_done(job: Job, starts: int) -> Ending:
    return Ending(
        state=JobState.FAILED,
        problem_kind=ProblemKind.UNAVAILABLE,
        problem=f"Nothing was sent: reading the facts again was begun {starts} times, and each time the worker was "
        f"ended before it was done. Look for job {job.pk} in the log of the worker, then run it again.",
    )


def _refuse(job: Job, ending: Ending) -> None:
    if job.submit_count:
        reason = ending.problem.removeprefix("Nothing was sent").lstrip(".:, ").removeprefix("because ")
        ask_person(
            job,
            "It was sent, no answer came, and the platform shows no trace of it. It is not sent again. "
            f"{reason[:1].upper()}{reason[1:]} Look at the platform whether it arrived.",
        )
    else:
        end(job, ending)
