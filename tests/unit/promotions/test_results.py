"""Reading remote jobs: the messages decide, not the task's own word."""

import json
from pathlib import Path
from typing import Any

import pytest

from clients.sandbox_tooling import RemoteArtifact, RemoteJob, RemoteMessage, RemoteTask
from promotions.choices import ResultOutcome
from promotions.systems.packages.results import read_results, read_task

FIXTURES = Path(__file__).parents[2] / "fixtures" / "sandbox_tooling"


def message(status: str, text: str = "", attempt: int | None = 1, inner: int | None = None) -> RemoteMessage:
    return RemoteMessage(
        status=status,
        attempt=attempt,
        text=text,
        inner_status=inner,
        inner_title="Namespace validation" if inner else None,
    )


def task(
    *messages: RemoteMessage,
    status: str = "SUCCESS",
    failed: bool = False,
    new_id: str | None = None,
    remote_id: str = "a",
) -> RemoteTask:
    artifact = RemoteArtifact(
        id=remote_id, type="REGISTRY_SCHEMA", title="Profile", alt_id=None, new_id=new_id, messages=messages
    )
    return RemoteTask(task_type="POST", status=status, artifact=artifact, failed_list=failed)


def job(*tasks: RemoteTask, raw: dict[str, Any] | None = None, replacements: dict[str, str] | None = None) -> RemoteJob:
    return RemoteJob(
        id="j",
        name="",
        description="",
        status="SUCCESS",
        job_type="NEW",
        request_type="IMPORT",
        snapshot_id=None,
        source_sandbox=None,
        target_sandbox=None,
        created_at=None,
        modified_at=None,
        tasks=tasks,
        replacements=replacements or {},
        raw=raw or {},
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (task(message("CREATED")), ResultOutcome.CREATED),
        (task(message("OBJECT_REUSED")), ResultOutcome.REUSED),
        (task(message("OBJECT_EXISTS")), ResultOutcome.REUSED),
        (task(message("NO_CHANGE")), ResultOutcome.UNCHANGED),
        (task(new_id="b"), ResultOutcome.CREATED),
        (task(message("ERROR")), ResultOutcome.FAILED),
        (task(message("CREATED"), status="FAILED"), ResultOutcome.FAILED),
        (task(message("CREATED"), failed=True), ResultOutcome.FAILED),
        (task(message("NO_CHANGE", inner=400)), ResultOutcome.HIDDEN_ERROR),
        (task(message("CREATED", "Rejected with HTTP 422")), ResultOutcome.HIDDEN_ERROR),
        (task(message("QUARANTINED")), ResultOutcome.UNKNOWN),
        (task(message("CREATED"), status="IN_PROGRESS"), ResultOutcome.UNKNOWN),
        (task(), ResultOutcome.UNKNOWN),
        (task(message("CREATED"), message("NO_CHANGE")), ResultOutcome.UNKNOWN),
    ],
)
def test_the_outcome_is_read_from_every_message(found: RemoteTask, expected: ResultOutcome) -> None:
    assert read_task(found).outcome == expected


def test_an_error_of_an_earlier_attempt_does_not_count() -> None:
    assert read_task(task(message("ERROR", attempt=1), message("CREATED", attempt=2))).outcome == ResultOutcome.CREATED


def test_an_error_of_the_last_attempt_counts() -> None:
    assert read_task(task(message("CREATED", attempt=1), message("ERROR", attempt=2))).outcome == ResultOutcome.FAILED


def test_a_missing_permission_names_the_next_step() -> None:
    found = read_task(task(message("ERROR", "Missing permission to create REGISTRY_SCHEMA in sandbox stage")))

    assert "Ask an administrator of the target" in found.explanation


def test_an_unknown_status_is_told_in_the_platforms_own_word() -> None:
    assert "QUARANTINED" in read_task(task(message("QUARANTINED"))).explanation


def test_helper_objects_without_a_task_are_told_with_their_type() -> None:
    raw = json.loads((FIXTURES / "tools.job.response.json").read_text())["object"]
    helper_id = next(key for key, origin in raw["sourceParentArtifactMap"].items() if "REGISTRY_DESCRIPTOR" in origin)

    found = read_results(job(raw=raw, replacements={helper_id: "new"}))

    assert [(result.type, result.new_id, result.claim) for result in found] == [("REGISTRY_DESCRIPTOR", "new", "")]


def test_tasks_without_an_id_are_kept_apart() -> None:
    found = read_results(job(task(message("CREATED"), remote_id=""), task(message("ERROR"), remote_id="")))

    assert [result.outcome for result in found] == [ResultOutcome.CREATED, ResultOutcome.FAILED]
