"""What a remote import job really says, object by object."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from clients.sandbox_tooling import RemoteJob, RemoteMessage, RemoteTask
from promotions.choices import ResultOutcome

_OUTCOMES = {
    "CREATED": ResultOutcome.CREATED,
    "UPDATED": ResultOutcome.UPDATED,
    "OBJECT_UPDATED": ResultOutcome.UPDATED,
    "OBJECT_REUSED": ResultOutcome.REUSED,
    "OBJECT_EXISTS": ResultOutcome.REUSED,
    "NO_CHANGE": ResultOutcome.UNCHANGED,
    "ERROR": ResultOutcome.FAILED,
}
_GOOD_WORDS = {
    ResultOutcome.CREATED: "Created in the target.",
    ResultOutcome.UPDATED: "Brought up to date in the target.",
    ResultOutcome.REUSED: "An object that was there already is used.",
    ResultOutcome.UNCHANGED: "Left as it was in the target.",
}
# Between the claim and the error that it hides.
YET_SAYS = ", yet says: "
_TASK_SUCCESS = "SUCCESS"
_TASK_FAILED = "FAILED"
# A message may speak of an HTTP error in plain text, too, while its task claims success.
_HTTP_ERROR = re.compile(r"\b(?:http|status)(?:\s*code)?\W{0,3}([45]\d\d)\b", re.IGNORECASE)
_MISSING_PERMISSION = re.compile(r"missing permission", re.IGNORECASE)


@dataclass(frozen=True)
class ObjectResult:
    """One object of a job, read from its task and every message of it."""

    type: str
    remote_id: str
    title: str
    new_id: str
    claim: str
    outcome: ResultOutcome
    explanation: str
    messages: list[dict[str, Any]]


def read_results(job: RemoteJob) -> list[ObjectResult]:
    """The objects of a job in the order the platform worked on them; helper objects without a task come last.

    An object may have several tasks after retries; the last one counts.
    """
    found: dict[tuple[str, str], ObjectResult] = {}
    for position, task in enumerate(job.tasks):
        result = read_task(task)
        if not result.remote_id:
            result = replace(result, remote_id=f"(no id, task {position + 1})")
        found[(result.type, result.remote_id)] = result
    known_ids = {remote_id for _, remote_id in found}
    for source_id, target_id in job.replacements.items():
        if source_id not in known_ids:
            helper = _helper(job, source_id, target_id)
            found[(helper.type, helper.remote_id)] = helper
    return list(found.values())


def read_task(task: RemoteTask) -> ObjectResult:
    """The true result of one task: the messages decide, not the task's own word."""
    artifact = task.artifact
    last = _last_attempt(artifact.messages)
    outcome, explanation = _judge(task, last)
    return ObjectResult(
        type=artifact.type,
        remote_id=artifact.id,
        title=artifact.title or "",
        new_id=artifact.new_id or "",
        claim=task.status,
        outcome=outcome,
        explanation=explanation,
        messages=[
            {"status": message.status, "attempt": message.attempt, "message": message.text}
            for message in artifact.messages
        ],
    )


def _judge(task: RemoteTask, last: Sequence[RemoteMessage]) -> tuple[ResultOutcome, str]:
    hidden = next((text for message in last if (text := _error_inside(message))), "")
    status = _plain(task.status)
    statuses = {_plain(message.status) for message in last}
    is_failed = task.failed_list or status == _TASK_FAILED or "ERROR" in statuses
    if is_failed:
        words = hidden or next((message.text for message in last if message.text), "")
        return ResultOutcome.FAILED, _translated(words) or "The platform gives no reason."
    if hidden:
        return ResultOutcome.HIDDEN_ERROR, f"The platform reports {task.status}{YET_SAYS}{hidden}"
    outcomes = {_OUTCOMES.get(said) for said in statuses} - {None}
    if status == _TASK_SUCCESS and len(outcomes) == 1:
        outcome = outcomes.pop() or ResultOutcome.UNKNOWN
        return outcome, _GOOD_WORDS.get(outcome, "")
    if status == _TASK_SUCCESS and not last and task.artifact.new_id:
        return ResultOutcome.CREATED, _GOOD_WORDS[ResultOutcome.CREATED]
    said = ", ".join(sorted({message.status for message in last if message.status})) or "nothing about it"
    return ResultOutcome.UNKNOWN, f"The platform reports {task.status or 'no status'} and says {said}."


def _plain(status: str) -> str:
    return status.strip().upper()


def _last_attempt(messages: Sequence[RemoteMessage]) -> list[RemoteMessage]:
    """Retries are kept as attempts; only the last one tells how it ended."""
    attempts = [message.attempt for message in messages if message.attempt is not None]
    if not attempts:
        return list(messages)
    last = max(attempts)
    return [message for message in messages if message.attempt in (None, last)]


def _error_inside(message: RemoteMessage) -> str:
    """The error that a message carries inside: as a JSON document, or as plain words."""
    if message.inner_status is not None and message.inner_status >= 400:
        return f"HTTP {message.inner_status}, {message.inner_title or 'no title'}."
    if message.is_error:
        return f"{message.inner_title or 'an error without words'}."
    found = _HTTP_ERROR.search(message.text)
    return f"HTTP {found[1]}: {message.text}" if found else ""


def _translated(text: str) -> str:
    if _MISSING_PERMISSION.search(text):
        return f"{text} Ask an administrator of the target for that right, then plan again."
    return text


def _helper(job: RemoteJob, source_id: str, target_id: str) -> ObjectResult:
    return ObjectResult(
        type=_type_from_parent(job.raw.get("sourceParentArtifactMap"), source_id) or "HELPER",
        remote_id=source_id,
        title="",
        new_id=target_id,
        claim="",
        outcome=ResultOutcome.CREATED,
        explanation="A helper object that moves along; the platform reports no task for it.",
        messages=[],
    )


def _type_from_parent(parents: Any, source_id: str) -> str:
    """The type from "<org>::<sandbox>::<type>::<id>", the way the platform names an object's origin."""
    origin = parents.get(source_id) if isinstance(parents, dict) else None
    parts = origin.split("::") if isinstance(origin, str) else []
    return parts[2] if len(parts) >= 4 else ""
