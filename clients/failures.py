"""Which error a call is that got no answer, and whether trying again may help."""

import ssl
from urllib.parse import urlsplit

import httpx

from clients.answers import one_line
from clients.breaks import reason_of
from clients.downloads import TooLargeError
from clients.effects import Effect
from clients.errors import ApiContractError, ApiError, ApiUnavailableError, OutcomeUnknownError
from clients.multipart import BodyError
from clients.observing import Outcome
from clients.redaction import redact
from clients.requesting import Request

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_PLAINLY_LATE = ("timed out", "The total time of the call is over.")


def failure(request: Request, exc: Exception) -> ApiError:
    """The error for a request that was not sent, or whose answer did not come or cannot be read."""
    host = urlsplit(request.url).hostname
    reason = one_line(redact(reason_of(exc), secrets=request.secrets))
    if isinstance(exc, BodyError):
        what = "was not sent to its end" if exc.sent else "was not sent"
        return OutcomeUnknownError(f"The file {what}: {reason}", operation=request.operation, sent=exc.sent)
    if isinstance(exc, httpx.DecodingError | TooLargeError):
        unreadable = ApiContractError if request.effect is Effect.READ else OutcomeUnknownError
        return unreadable(f"The answer of {host} cannot be read: {reason}", operation=request.operation)
    if isinstance(exc, httpx.TimeoutException):
        more = "" if reason in _PLAINLY_LATE else f" ({reason.rstrip('.')})"
        message = f"{host} did not answer in time{more}."
    elif isinstance(exc, _NEVER_SENT):
        message = f"No connection to {host}: {reason}"
    else:
        message = f"The connection to {host} broke: {reason}"
    if request.effect is Effect.READ:
        return ApiUnavailableError(message, operation=request.operation)
    return OutcomeUnknownError(message, operation=request.operation, sent=not isinstance(exc, _NEVER_SENT))


def outcome_of_failure(exc: Exception) -> Outcome:
    """How the exchange went, as seen on the wire."""
    if isinstance(exc, _NEVER_SENT):
        return Outcome.UNREACHABLE
    return Outcome.TIMEOUT if isinstance(exc, httpx.TimeoutException) else Outcome.BROKEN


def is_passing(error: ApiUnavailableError) -> bool:
    """Whether trying again may help: not for a certificate that is not trusted, nor for an unusual 5xx."""
    if error.status is not None:
        return error.status in RETRIED_STATUSES or (200 <= error.status < 300)
    cause: BaseException | None = error.__cause__
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return False
        cause = cause.__cause__ or cause.__context__
    return True
