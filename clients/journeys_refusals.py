"""Which error an answer of the journey service is: it refuses bad input with HTTP 500, too.

Codes and families are those of Adobe, Journey Optimizer, "Journeys export and import API" and "Throttling API".
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from clients.answers import Answer, Problem, one_line
from clients.effects import Effect
from clients.errors import ApiError, ApiRejectedError
from clients.refusals import classify
from clients.wire import http_status

CANNOT_EXPORT, CANNOT_IMPORT, INTERNAL = "1324", "1326", "4000"

_REFUSAL = re.compile(r"13(?:24|26)|14\d\d")
_CODE_IN_WORDS = re.compile(r"(?:^|\bcode\W{1,4}|\berror\W{1,4}|[\[(])(13(?:24|26)|14\d\d|4000)\b", re.IGNORECASE)
_PATTERNS = (
    (re.compile(r"can'{1,2}t export journey version|JOURNEY_VERSION_CANNOT_BE_EXPORTED", re.IGNORECASE), CANNOT_EXPORT),
    (re.compile(r"can'{1,2}t import journey version|JOURNEY_VERSION_CANNOT_BE_IMPORTED", re.IGNORECASE), CANNOT_IMPORT),
)
_ERROR_MEMBERS = frozenset(
    {"status", "error", "error_code", "errorcode", "errors", "code", "message", "reason", "title", "detail", "type"}
    | {"requestid", "request_id", "timestamp", "path", "family"}
)
# Who answers 404 to these speaks of the route.
_WITHOUT_UID = frozenset({"journeys.list", "journeys.import", "journeys.retrieve_list"})
# An error is short; a journey is not read to find out that it is none.
_ERROR_LIMIT = 64 * 1024


def refuses(answer: Answer) -> bool:
    """Whether a 2xx has the body of an error."""
    if len(answer.content) > _ERROR_LIMIT:
        return False
    try:
        body = answer.json()
    except ValueError:
        return False
    if not isinstance(body, dict):
        return False
    names = {str(name).lower() for name, value in body.items() if value is not None}
    return names <= _ERROR_MEMBERS and bool(names & {"error", "error_code", "errorcode", "errors"})


def code_of(problem: Problem) -> str | None:
    """The code of an error, also where only its words tell."""
    code = re.sub(r"\.0+$", "", problem.error_code or "")
    if code.isdigit():
        return code
    if found := _CODE_IN_WORDS.search(problem.words):
        return found[1]
    return next((known for pattern, known in _PATTERNS if pattern.search(problem.words)), problem.error_code)


def classifier(base_url: str, hint: str) -> Callable[[str, Effect, Answer, dict[str, Any]], ApiError]:
    """The reader of this service's errors. Where a route is not known, people are told `base_url` and `hint`."""

    def read(operation: str, effect: Effect, answer: Answer, facts: dict[str, Any]) -> ApiError:
        problem = answer.problem
        code = code_of(problem)
        facts["error_code"] = code
        status = answer.status
        if answer.is_success:
            status = _status_in(answer, code)
            answer = replace(answer, status=status)
        if status == 404 and (problem.is_html or problem.is_gateway or operation in _WITHOUT_UID):
            facts.pop("words")
            return ApiRejectedError(one_line(f"{base_url} does not know this call (HTTP 404). {hint}"), **facts)
        if _is_refusal(effect, status, problem, code):
            words = facts.pop("words")
            return ApiRejectedError(words or f"The service refused with code {code}.", **facts)
        if code == INTERNAL:
            facts["words"] = f"{facts['words'] or 'Internal error'} (also said of an unknown sandbox: check its name)"
        return classify(operation, effect, answer, facts)

    return read


def _is_refusal(effect: Effect, status: int, problem: Problem, code: str | None) -> bool:
    if status < 500:
        return False
    if _REFUSAL.fullmatch(code or ""):
        return True
    # What a read is refused for by another code of input is refused the next time, too. Of a write this is not enough
    # to know that nothing was done.
    return effect is Effect.READ and problem.family.upper() == "INPUT_OUTPUT_ERROR"


def _status_in(answer: Answer, code: str | None) -> int:
    """The status that the body of a 2xx names; or what its code stands for."""
    body = answer.json()
    named = http_status(body.get("status")) if isinstance(body, dict) else None
    if named is not None and named >= 400:
        return named
    return 400 if _REFUSAL.fullmatch(code or "") else 500
