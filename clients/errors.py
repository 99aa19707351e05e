"""What can go wrong with a call, in the terms a caller acts on."""

from enum import StrEnum
from typing import Any

BODY_LIMIT = 4096


class AuthProblem(StrEnum):
    """Which part of the authorization was refused."""

    TOKEN = "token"  # noqa: S105 - a kind of problem, not a secret
    KEY = "key"
    ENTITLEMENT = "entitlement"
    PERMISSION = "permission"
    CREDENTIAL = "credential"


class ApiError(Exception):
    """A call that did not succeed; only its subclasses are raised.

    `message` is one line in the platform's own words where there are any. `message` and `body` are redacted.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        status: int | None = None,
        request_id: str | None = None,
        error_code: str | None = None,
        body: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.operation = operation
        self.status = status
        self.request_id = request_id
        self.error_code = error_code
        self.body = body[:BODY_LIMIT]

    def __str__(self) -> str:
        facts = [self.operation]
        if self.status is not None:
            facts.append(f"HTTP {self.status}")
        if self.request_id:
            facts.append(f"request {self.request_id}")
        return f"{self.message} ({', '.join(facts)})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions with keyword-only arguments do not survive pickling by themselves, and errors cross processes.
        return _revive, (type(self), self.message, dict(self.__dict__))


def _revive(kind: type[ApiError], message: str, state: dict[str, Any]) -> ApiError:
    error = kind.__new__(kind, message)
    error.__dict__.update(state)
    return error


class ApiUnavailableError(ApiError):
    """A read that got no answer for now: time-out, connection error, 429 or 5xx."""

    def __init__(self, message: str, *, retry_after_s: float | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.retry_after_s = retry_after_s


class OutcomeUnknownError(ApiError):
    """A write or workflow whose effect is not known: time-out, cut line, 5xx, or a 2xx that cannot be read.

    `sent` is False if no connection came about, so that the request certainly never left.
    """

    def __init__(self, message: str, *, sent: bool = True, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.sent = sent


class ApiBusyError(ApiError):
    """The system refused a write because it is busy; nothing was done.

    `held_by` is the id of what is in the way, where the system tells.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None, held_by: str = "", **facts: Any) -> None:
        super().__init__(message, **facts)
        self.retry_after_s = retry_after_s
        self.held_by = held_by


class ApiAuthError(ApiError):
    """The caller was refused, as `reason` says; trying again with the same credential does not help."""

    def __init__(self, message: str, *, reason: AuthProblem, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.reason = reason


class ApiRejectedError(ApiError):
    """Any other refusal."""


class ApiNotFoundError(ApiRejectedError):
    """The thing asked for does not exist; not raised for unknown routes."""


class ApiContractError(ApiError):
    """A read's answer that does not have the agreed form."""
