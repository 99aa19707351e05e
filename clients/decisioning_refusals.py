"""Which error an answer of the Decisioning Migration Service is.

Its pages print the beginning of one message, that of a second workflow; how it looks is known from its siblings only.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from clients.answers import Answer, one_line
from clients.effects import Effect
from clients.errors import ApiAuthError, ApiBusyError, ApiError, ApiNotFoundError, ApiRejectedError, AuthProblem
from clients.folding import folded
from clients.refusals import classify

CREATIONS = frozenset({"decisioning.analyse", "decisioning.migrate", "decisioning.roll_back"})
DELETION = "decisioning.delete"

_ROLLBACK = "decisioning.roll_back"
_WITHOUT_ID = CREATIONS - {_ROLLBACK}
_BUSY = re.compile(r"(?:[\w ]{1,40}: ?)?a workflow is already in progress", re.IGNORECASE)
# What a 409 says that gives no reason. Of a rollback this is not enough: it may have been done already.
_WITHOUT_REASON = re.compile(r"(?:conflict|[\W\d])*", re.IGNORECASE)
# Its own words for a workflow that is gone, and not those of a gateway about a path.
_OF_A_WORKFLOW = re.compile(r"(?<![/\w])(?:workflow|migration|rollback|dependency)\b(?!/)", re.IGNORECASE)
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)


class BusyError(ApiBusyError):
    """Another workflow of the organization is under way, of whatever kind; nothing was started.

    `workflow_id` is the other one's, empty where the service does not tell.
    """

    def __init__(self, message: str, *, workflow_id: str, **facts: Any) -> None:
        super().__init__(message, held_by=workflow_id, **facts)
        self.workflow_id = workflow_id


class StaleEtagError(ApiRejectedError):
    """The workflow was not deleted, because it has changed since its etag was read (HTTP 412)."""


class EtagMissingError(ApiRejectedError):
    """The workflow was not deleted, because the etag did not reach the service (HTTP 428)."""


class NotServiceUserError(ApiRejectedError):
    """The workflow was not deleted, because the caller is not a service user (HTTP 403)."""


_DELETIONS: dict[int, tuple[type[ApiRejectedError], str]] = {
    412: (
        StaleEtagError,
        "The workflow has changed since it was read, so it was not deleted. Read it again, then delete it.",
    ),
    428: (
        EtagMissingError,
        "The workflow's version did not reach the service, so nothing was deleted. Check whether a proxy in between"
        " removes the If-Match header.",
    ),
    403: (
        NotServiceUserError,
        "Only service users may delete workflows, and this credential is not one. Use a service user's credential, or"
        " leave the workflow where it is.",
    ),
}


def classifier(base_url: str, dialect_name: str) -> Callable[[str, Effect, Answer, dict[str, Any]], ApiError]:
    """The reader of this service's errors. Where a route is not known, people are told the URL and the dialect."""

    def read(operation: str, effect: Effect, answer: Answer, facts: dict[str, Any]) -> ApiError:
        status = answer.effective_status
        if status == 409 and _is_busy(operation, answer):
            return BusyError(
                _busy_words(facts.pop("words")),
                workflow_id=workflow_id_in(answer),
                retry_after_s=answer.retry_after_s,
                **facts,
            )
        if status == 404 and operation not in _WITHOUT_ID and _OF_A_WORKFLOW.search(answer.problem.words):
            words = facts.pop("words")
            return ApiNotFoundError(words, **facts)
        if status in (404, 405) and _misses_route(operation, answer):
            facts.pop("words")
            message = f"{base_url} does not know this call (HTTP {status}). Check the organization's service URL and"
            return ApiRejectedError(one_line(f"{message} dialect, which is {dialect_name} now."), **facts)
        if operation == DELETION and status in _DELETIONS:
            return _undeleted(effect, answer, facts)
        words = facts["words"]
        error = classify(operation, effect, answer, facts)
        if isinstance(error, ApiNotFoundError) and operation in _WITHOUT_ID:
            # There is no workflow yet that could be missing.
            return ApiRejectedError(words, **facts)
        return error

    return read


def _is_busy(operation: str, answer: Answer) -> bool:
    if operation not in CREATIONS:
        return False
    problem = answer.problem
    if _BUSY.match(problem.words):
        return True
    if operation == _ROLLBACK:
        return False
    gives_no_reason = problem.is_html or _WITHOUT_REASON.fullmatch(problem.words) is not None
    return gives_no_reason or bool(workflow_id_in(answer))


def _busy_words(said: str) -> str:
    if _BUSY.match(said):
        return said
    likely = "Another workflow seems to be in progress in this organization (HTTP 409)."
    return one_line(f"{likely} The service said: {said}") if said else likely


def _misses_route(operation: str, answer: Answer) -> bool:
    problem = answer.problem
    if answer.effective_status == 405 or problem.is_html or problem.is_gateway:
        return True
    # The other routes end in an id, and may mean that.
    return operation in CREATIONS and not problem.words


def _undeleted(effect: Effect, answer: Answer, facts: dict[str, Any]) -> ApiError:
    status = answer.effective_status
    error = classify(DELETION, effect, answer, dict(facts))
    if status == 403 and (
        answer.problem.is_html
        or (isinstance(error, ApiAuthError) and error.reason in (AuthProblem.TOKEN, AuthProblem.KEY))
    ):
        return error
    kind, explanation = _DELETIONS[status]
    words = facts.pop("words")
    return kind(one_line(f"{explanation} The service said: {words}") if words else explanation, **facts)


def workflow_id_in(answer: Answer) -> str:
    """The id of the workflow that is in the way, wherever the answer names it; empty if it does not."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    named = sorted(_named(body), key=lambda found: found[0])
    if named:
        return named[0][1]
    asked_as = {str(one).lower() for one in (answer.request_id, answer.problem.request_id)}
    in_words = (found[0] for found in _UUID.finditer(answer.problem.words))
    return next((uuid for uuid in in_words if uuid.lower() not in asked_as), "")


def _named(body: Any) -> Iterator[tuple[int, str]]:
    """The ids of workflows in the JSON, each with its rank: the lower, the surer it is the one."""
    left = [(body, "")]
    while left:
        value, holder = left.pop()
        if isinstance(value, list):
            left.extend((item, holder) for item in reversed(value))
        members = folded(value)
        # The answer may be the other workflow itself; the bare id of an error would be that of the error.
        is_workflow = holder.endswith("workflow") or "links" in members
        for name, item in members.items():
            if isinstance(item, dict | list):
                left.append((item, name))
            elif isinstance(item, str) and item.strip():
                rank = 0 if name == "id" and is_workflow else _RANKS.get(name, 1 if name.endswith("workflowid") else 3)
                found = _UUID.findall(item)
                if rank < 2:
                    yield rank, item.strip()
                elif rank == 2 and found:
                    yield rank, found[-1]


_RANKS = {"workflowid": 0, "workflow": 2, "self": 2, "href": 2}
