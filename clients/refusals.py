"""Which error an unsuccessful answer of the Adobe platform is, by its status and its body."""

import re
from typing import Any

from clients.answers import Answer, one_line
from clients.effects import Effect
from clients.errors import (
    ApiAuthError,
    ApiBusyError,
    ApiContractError,
    ApiError,
    ApiNotFoundError,
    ApiRejectedError,
    ApiUnavailableError,
    AuthProblem,
    OutcomeUnknownError,
)

# Adobe, Experience Platform troubleshooting guide, "Errors"; 403023 is what Campaign pages print for 403025.
_AUTH_CODES = {
    "401013": AuthProblem.TOKEN,
    "403010": AuthProblem.TOKEN,
    "403000": AuthProblem.KEY,
    "403003": AuthProblem.KEY,
    "403025": AuthProblem.ENTITLEMENT,
    "403023": AuthProblem.ENTITLEMENT,
}
_AUTH_WORDS = (
    (
        re.compile(r"\bo?auth\b.*\btoken\b|\btoken\b.*\b(missing|not valid|invalid|expired)\b", re.IGNORECASE),
        AuthProblem.TOKEN,
    ),
    (re.compile(r"\bapi[ -]?key\b", re.IGNORECASE), AuthProblem.KEY),
    (re.compile(r"\bprofile is not valid\b|\bentitle", re.IGNORECASE), AuthProblem.ENTITLEMENT),
    (
        re.compile(
            r"permission|unauthori[sz]ed|not authori[sz]ed|authori[sz]ation|access (is )?denied|(no|not have) access"
            r"|not (allowed|permitted)|forbidden|privilege|insufficient",
            re.IGNORECASE,
        ),
        AuthProblem.PERMISSION,
    ),
)


def classify(operation: str, effect: Effect, answer: Answer, facts: dict[str, Any]) -> ApiError:
    """The error for an answer that is not a success; `facts` are what every ApiError keeps, and `words`."""
    status, problem = answer.effective_status, answer.problem
    words = facts.pop("words")
    message = words or _own_words(answer)
    if reason := _auth_problem(status, answer):
        return ApiAuthError(message, reason=reason, **facts)
    if 300 <= status < 400:
        return _redirected(effect, answer, facts)
    if status == 429:
        unavailable = ApiUnavailableError if effect is Effect.READ else ApiBusyError
        return unavailable(message, retry_after_s=answer.retry_after_s, **facts)
    if status >= 500 or status == 408:
        if effect is Effect.READ:
            return ApiUnavailableError(message, retry_after_s=answer.retry_after_s, **facts)
        return OutcomeUnknownError(message, **facts)
    # A page or a gateway that answers 404 speaks of a route, not of the thing behind it.
    if status == 404 and not (problem.is_html or problem.is_gateway) and operation not in _COLLECTIONS:
        return ApiNotFoundError(message, **facts)
    return ApiRejectedError(message, **facts)


_COLLECTIONS = frozenset(
    {
        "ims.token",
        "ims.exchange",
        "packages.list",
        "packages.create",
        "jobs.list",
        "handshakes.request",
        "handshakes.list",
        "transfers.list",
        "sandboxes.list",
        "sandboxes.available",
    }
)


def _auth_problem(status: int, answer: Answer) -> AuthProblem | None:
    problem = answer.problem
    if reason := _AUTH_CODES.get(problem.error_code or ""):
        return reason
    if status == 401:
        return AuthProblem.TOKEN
    if status != 403 or problem.is_html:
        return None
    said = problem.words.removeprefix("Forbidden: ")  # the title of every 403
    for pattern, reason in _AUTH_WORDS:
        if pattern.search(said):
            return reason
    # Some revisions of the tooling API answer bad requests with 403; only words can tell them from missing rights.
    return None if problem.words else AuthProblem.PERMISSION


def _own_words(answer: Answer) -> str:
    if answer.problem.is_html:
        return f"A web page with HTTP {answer.status} came instead of an answer of the API."
    return f"The server answered with HTTP {answer.status} and gave no reason."


def _redirected(effect: Effect, answer: Answer, facts: dict[str, Any]) -> ApiError:
    message = one_line(
        f"The server answered with a redirect (HTTP {answer.status}), which is never followed. Check the service URL."
    )
    if effect is Effect.READ:
        return ApiContractError(message, **facts)
    # 302 and 303 are also what a server answers after it has done what it was asked for.
    return OutcomeUnknownError(message, **facts) if answer.status in (302, 303) else ApiRejectedError(message, **facts)
