"""What an error of a remote call means for a job."""

from datetime import timedelta
from random import SystemRandom

from accounts.errors import NoCredentialError
from clients import errors
from promotions.choices import JobState, ProblemKind
from promotions.engine.registry import Ending

_FIRST_WAIT_S = 2
_LONGEST_WAIT_S = 120
_random = SystemRandom()


def wait_after(attempts: int, exc: errors.ApiError | None = None) -> timedelta:
    """How long to leave the platform alone after `attempts` failures in a row; honours its own wish if it is longer."""
    seconds = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** min(attempts, 10)) * _random.uniform(0.75, 1.25)
    if isinstance(exc, errors.ApiUnavailableError | errors.ApiBusyError) and exc.retry_after_s:
        seconds = max(seconds, min(exc.retry_after_s, 10 * _LONGEST_WAIT_S))
    return timedelta(seconds=seconds)


def is_passing(exc: errors.ApiError) -> bool:
    """Whether waiting may cure it."""
    return isinstance(exc, errors.ApiUnavailableError | errors.ApiBusyError | errors.ApiContractError)


def kind_of(exc: errors.ApiError) -> ProblemKind:
    if isinstance(exc, errors.ApiAuthError):
        return ProblemKind.CREDENTIALS
    if isinstance(exc, errors.ApiContractError):
        return ProblemKind.CONTRACT
    if isinstance(exc, errors.OutcomeUnknownError):
        return ProblemKind.OUTCOME_UNKNOWN
    if isinstance(exc, errors.ApiUnavailableError | errors.ApiBusyError):
        return ProblemKind.UNAVAILABLE
    return ProblemKind.REJECTED


_NEXT_STEP = {
    ProblemKind.CREDENTIALS: "Test the organization's credential under Settings, and replace its secret if needed.",
    ProblemKind.CONTRACT: "Its documentation knows no such answer: try again, and if it stays so, give the detail to "
    "the platform's support.",
    ProblemKind.UNAVAILABLE: "Trying again for a while did not help; try once more when the platform answers.",
    ProblemKind.OUTCOME_UNKNOWN: "Whether the platform acted on it is not known.",
    ProblemKind.REJECTED: "Read the platform's words, change what they name, and try again.",
}


# Of those that refuse the caller, what only somebody at the platform can cure.
_CURE = {
    errors.AuthProblem.PERMISSION: "Ask an administrator of the platform to give the credential that right, then try "
    "again.",
    errors.AuthProblem.ENTITLEMENT: "Ask an administrator of the platform to add the credential to a product profile "
    "of this organization, then try again.",
    errors.AuthProblem.CREDENTIAL: "Correct it under Settings and test it, then try again.",
}


def words(exc: Exception) -> str:
    """What an error says, to be put into a sentence; our own faults are for the log."""
    if isinstance(exc, errors.ApiError | NoCredentialError):
        return exc.message.rstrip(". ")
    return "Towpath itself failed"


def sentence(what: str, exc: errors.ApiError, advice: str = "") -> str:
    """What failed, why in the platform's own words, and what to do: `advice`, or what its kind of error suggests."""
    said = words(exc)
    status = f" (HTTP {exc.status})" if exc.status and exc.status >= 300 and str(exc.status) not in said else ""
    request = f" Request id {exc.request_id}." if exc.request_id else ""
    return f"{what}: {said}{status}.{request} {advice or _next_step(exc)}"


def _next_step(exc: errors.ApiError) -> str:
    cure = _CURE.get(exc.reason) if isinstance(exc, errors.ApiAuthError) else None
    return cure or _NEXT_STEP[kind_of(exc)]


def ending(what: str, exc: errors.ApiError, advice: str = "") -> Ending:
    """A failed job, with the platform's own words."""
    problem = sentence(what, exc, advice)
    return Ending(state=JobState.FAILED, problem_kind=kind_of(exc), problem=problem, detail=exc.body or "")
