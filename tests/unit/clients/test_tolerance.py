"""Half, odd and contradictory answers of the sandbox tooling API."""

import json
import traceback
from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug import Response

from clients.errors import ApiContractError, OutcomeUnknownError
from clients.sandbox_tooling import RemoteJob, RemoteMessage, RemotePackage, SandboxToolingClient
from clients.sandbox_tooling_wire import read_message
from clients.wire import as_time
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import EXIM, fixture


def get_package(platform: Platform, tooling: SandboxToolingClient, body: Any) -> RemotePackage:
    platform.answer(f"{EXIM}/packages/p", Response(json.dumps(body)))
    return tooling.get_package("p")


def get_job(platform: Platform, tooling: SandboxToolingClient, body: Any) -> RemoteJob:
    platform.answer(f"{EXIM}/tools/job/j", Response(json.dumps(body)))
    return tooling.get_job("j")


def test_a_package_that_is_only_an_id_is_read(platform: Platform, tooling: SandboxToolingClient) -> None:
    package = get_package(platform, tooling, {"id": "p"})

    assert (package.name, package.status, package.visibility, package.version) == ("", "", "PRIVATE", None)
    assert (package.artifacts, package.created_at, package.source_sandbox) == ((), None, None)


def test_unknown_words_nulls_and_numbers_as_texts_are_kept(platform: Platform, tooling: SandboxToolingClient) -> None:
    package = get_package(
        platform,
        tooling,
        {
            "id": 77,
            "name": None,
            "version": "6",
            "status": "HIBERNATING",
            "packageVisibility": "public",
            "createdDate": "1684475012105",
            "modifiedDate": "2023-05-19T05:43:32.105Z",
            "publishDate": 0,
            "expiry": None,
            "sourceSandbox": "dev",
            "imsOrgId": "X@AdobeOrg",
            "artifactsList": None,
            "artifacts": [{"id": "a", "type": "HOLOGRAM", "title": 5}],
            "packageCapabilities": {"capabilities": None},
            "surprise": {"deep": [1]},
        },
    )

    moment = datetime(2023, 5, 19, 5, 43, 32, 105000, tzinfo=UTC)
    assert (package.id, package.name, package.version, package.status) == ("77", "", 6, "HIBERNATING")
    assert (package.visibility, package.source_sandbox, package.source_org_id) == ("PUBLIC", "dev", "X@AdobeOrg")
    assert (package.created_at, package.modified_at) == (moment, moment)
    assert (package.published_at, package.expires_at, package.capabilities) == (None, None, ())
    assert [(a.id, a.type, a.title) for a in package.artifacts] == [("a", "HOLOGRAM", "5")]


def test_an_artifact_without_an_id_does_not_lose_the_package(platform: Platform, tooling: SandboxToolingClient) -> None:
    package = get_package(platform, tooling, {"id": "p", "artifactsList": [{"type": "X"}, None, {"id": "a"}]})

    assert [artifact.id for artifact in package.artifacts] == ["a"]


def test_a_package_in_an_envelope_is_read(platform: Platform, tooling: SandboxToolingClient) -> None:
    body = {"status": "OK", "type": "SUCCESS", "message": "", "object": {"id": "p", "name": "acme"}}

    assert get_package(platform, tooling, body).name == "acme"


def test_secrets_in_a_row_are_redacted(platform: Platform, tooling: SandboxToolingClient) -> None:
    package = get_package(platform, tooling, {"id": "p", "auth": {"client_secret": "hush", "n": 1}})

    assert package.raw == {"id": "p", "auth": {"client_secret": "[redacted]", "n": 1}}


def test_characters_that_no_database_takes_are_left_out(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(
        f"{EXIM}/packages/p",
        Response('{"id": "p", "name": "a\\u0000b\\ud800c \\ud83d\\ude00", "description": "x", "version": NaN}'),
    )

    package = tooling.get_package("p")

    assert package.name == "ab?c 😀"
    assert package.version is None
    json.dumps(package.raw, allow_nan=False).encode()


def test_a_bad_row_does_not_lose_the_others(platform: Platform, tooling: SandboxToolingClient) -> None:
    rows = [{"id": "a"}, None, {"name": "no id"}, "text", {"id": {"odd": 1}}, {"id": "b"}]
    platform.answer(f"{EXIM}/packages", Response(json.dumps({"totalElements": 6, "data": rows})))

    page = tooling.list_packages()

    assert [package.id for package in page.items] == ["a", "b"]
    assert (page.received, page.malformed, page.total, page.has_next) == (6, 4, 6, False)


@pytest.mark.parametrize(
    ("fields", "has_next"),
    [
        ({"hasNextPage": True, "totalElements": 2}, True),
        ({"hasNextPage": False, "totalElements": 99}, True),
        ({"hasNextPage": False, "totalElements": 12}, False),
        ({"hasNextPage": False}, False),
        ({"hasNextPage": "true"}, True),
        ({"hasNext": True}, True),
        ({"totalElements": 12}, False),
        ({"totalElements": "13"}, True),
        ({}, True),
    ],
)
def test_whether_a_page_follows_is_told_or_computed(
    fields: dict[str, Any], has_next: bool, platform: Platform, tooling: SandboxToolingClient
) -> None:
    platform.answer(f"{EXIM}/packages", Response(json.dumps({**fields, "data": [{"id": "a"}, {"id": "b"}]})))

    assert tooling.list_packages(start=10, limit=2).has_next is has_next


def test_an_empty_page_is_the_last_whatever_it_says(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages", Response('{"hasNextPage": true, "totalElements": 400, "data": []}'))

    page = tooling.list_packages()

    assert (page.items, page.has_next, page.total) == ((), False, 400)


@pytest.mark.parametrize("body", ['{"data": null}', '{"data": {}, "totalElements": 0}', '{"data": ""}', "[]"])
def test_a_list_of_nothing_is_an_empty_page(body: str, platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages/jobs", Response(body))

    page = tooling.list_jobs()

    assert (page.items, page.received, page.has_next) == ((), 0, False)


def test_a_lone_row_is_a_list_of_one(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages/jobs", Response('{"data": {"id": "j"}}'))

    assert [job.id for job in tooling.list_jobs().items] == ["j"]


@pytest.mark.parametrize(
    "body", ["{}", '{"data": null, "totalElements": 3}', '{"data": "soon"}', '{"data": 7}', '{"message": "Hello"}']
)
def test_a_missing_list_is_not_taken_for_an_empty_one(
    body: str, platform: Platform, tooling: SandboxToolingClient
) -> None:
    platform.answer(f"{EXIM}/packages/jobs", Response(body))

    with pytest.raises(ApiContractError):
        tooling.list_jobs()


@pytest.mark.parametrize(
    ("row", "sandboxes"),
    [
        ({"sourceSandBox": "a", "targetSandbox": "b"}, ("a", "b")),
        ({"sourceSandbox": "a", "targetSandBox": "b"}, ("a", "b")),
        ({"sourceSandbox": {"name": "a"}, "destinationSandbox": {"name": "b", "imsOrgId": "o"}}, ("a", "b")),
        ({"sourceSandbox": None, "sourceSandBox": "a", "targetSandbox": ""}, ("a", None)),
        ({"sourceSandbox": {}, "targetSandbox": 5}, (None, None)),
    ],
)
def test_both_spellings_and_forms_of_a_sandbox_are_read(
    row: dict[str, Any], sandboxes: tuple[str, str], platform: Platform, tooling: SandboxToolingClient
) -> None:
    platform.answer(f"{EXIM}/packages/jobs", Response(json.dumps({"data": [{"id": "j ", **row}]})))

    (job,) = tooling.list_jobs().items

    assert (job.id, job.source_sandbox, job.target_sandbox) == ("j", *sandboxes)


def test_a_job_without_an_envelope_is_read(platform: Platform, tooling: SandboxToolingClient) -> None:
    job = get_job(platform, tooling, fixture("sandbox_tooling/packages.version-save.response"))

    assert (job.job_type, job.request_type, job.status, job.created_at) == ("UPGRADE", "VERSION", "PENDING", None)
    assert (job.tasks, job.replacements) == ((), {})


def test_no_task_is_ever_lost(platform: Platform, tooling: SandboxToolingClient) -> None:
    job = get_job(
        platform,
        tooling,
        {
            "type": "SUCCESS",
            "object": {
                "id": "j",
                "completedTasks": None,
                "failedTasks": [
                    {"taskType": "POST", "taskStatus": "MELTED", "artifact": {"type": "X", "messages": ["no id here"]}},
                    {"error": "nothing known"},
                    "a mere text",
                    {"taskStatus": "FAILED", "artifact": "just-an-id"},
                ],
                "importReplacementMap": {"a": "b", "c": {"id": "d", "type": "X"}},
            },
        },
    )

    assert [task.status for task in job.tasks] == ["MELTED", "", "", "FAILED"]
    assert all(task.failed_list for task in job.tasks)
    assert [task.artifact.id for task in job.tasks] == ["", "", "", "just-an-id"]
    assert [[message.text for message in task.artifact.messages] for task in job.tasks] == [
        ["no id here"],
        ['{"error": "nothing known"}'],
        ["a mere text"],
        [],
    ]
    assert job.replacements == {"a": "b", "c": "d"}


def test_an_error_document_inside_a_message_is_looked_into() -> None:
    details = fixture("sandbox_tooling/historic.jobs-import-by-snapshot.response")["object"][0]["jobDetails"]
    message = json.loads(details)["completedTasks"][0]["artifact"]["messages"][0]

    read = read_message(message)

    assert (read.status, read.attempt) == ("NO_CHANGE", 1)
    assert (read.inner_status, read.inner_title) == (400, "Namespace validation")
    assert read.text == message["message"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", RemoteMessage("", None, "plain", None, None)),
        (None, RemoteMessage("", None, "", None, None)),
        ({"status": "ERROR", "message": None}, RemoteMessage("ERROR", None, "", None, None)),
        (
            {"status": "X", "attempt": "2", "message": '409 Conflict: {"status": "409 CONFLICT", "detail": "taken"}'},
            RemoteMessage("X", 2, '409 Conflict: {"status": "409 CONFLICT", "detail": "taken"}', 409, "taken", True),
        ),
        (
            {"status": "X", "message": {"status": 500, "message": "broke"}},
            RemoteMessage("X", None, '{"status": 500, "message": "broke"}', 500, "broke", True),
        ),
        ({"status": "X", "message": '{"errors": []}'}, RemoteMessage("X", None, '{"errors": []}', None, None)),
        (
            {"status": "X", "message": "{'half': of json"},
            RemoteMessage("X", None, "{'half': of json", None, None),
        ),
        (
            {"status": "X", "message": '{"client_secret": "hush", "status": "FINE"}'},
            RemoteMessage("X", None, '{"client_secret": "[redacted]", "status": "FINE"}', None, None),
        ),
    ],
)
def test_messages_of_every_form_are_read(value: Any, expected: RemoteMessage) -> None:
    assert read_message(value) == expected


@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("packages/p/import", lambda tooling: tooling.find_conflicts("p", target_sandbox="dev")),
        ("packages/p/children", lambda tooling: tooling.list_children("p", [])),
        ("packages/preflight/p", lambda tooling: tooling.check_permissions("p", target_sandbox="dev")),
    ],
)
@pytest.mark.parametrize("body", ["{}", "[{}]", "[null]", "[7]", "7", "null"])
def test_facts_for_a_plan_are_never_half(
    body: str, path: str, call: Any, platform: Platform, tooling: SandboxToolingClient
) -> None:
    platform.answer(f"{EXIM}/{path}", Response(body))

    with pytest.raises(ApiContractError):
        call(tooling)


def test_an_unreadable_suggestion_does_not_lose_the_conflict(platform: Platform, tooling: SandboxToolingClient) -> None:
    row = {"artifact": {"id": "a", "type": "X"}, "suggestionList": [{"title": "?"}, {"id": "b", "type": "X"}]}
    platform.answer(f"{EXIM}/packages/p/import", Response(json.dumps([row])))

    (conflict,) = tooling.find_conflicts("p", target_sandbox="dev")

    assert [suggestion.id for suggestion in conflict.suggestions] == ["b"]
    assert conflict.parent_id is None


def test_a_permission_without_a_verdict_says_so(platform: Platform, tooling: SandboxToolingClient) -> None:
    row = {"artifactId": "a", "missingPermissions": {"resources": [{"palmResourceType": "Schema"}, "Dataset"]}}
    platform.answer(f"{EXIM}/packages/preflight/p", Response(json.dumps({"permissionResponse": [row]})))

    (permission,) = tooling.check_permissions("p", target_sandbox="dev")

    assert permission.creation_allowed is None
    assert [(missing.resource, missing.permissions) for missing in permission.missing] == [
        ("Schema", ()),
        ("Dataset", ()),
    ]


def test_a_receipt_without_a_job_id_is_still_a_receipt(platform: Platform, tooling: SandboxToolingClient) -> None:
    body = fixture("sandbox_tooling/packages.export.response")
    del body["jobId"]
    platform.answer(f"{EXIM}/packages/p/export", Response(json.dumps(body)))

    receipt = tooling.publish_package("p")

    assert (receipt.job_id, receipt.correlation_id) == (None, body["correlationId"])


@pytest.mark.parametrize("body", ["{}", '{"errorMessage": "no"}', '{"jobId": "", "correlationId": null}', "[]"])
def test_what_is_no_receipt_leaves_the_outcome_unknown(
    body: str, platform: Platform, tooling: SandboxToolingClient
) -> None:
    platform.answer(f"{EXIM}/packages/p/export", Response(body))

    with pytest.raises(OutcomeUnknownError):
        tooling.publish_package("p")


def test_a_description_is_not_taken_for_an_error(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages/p", Response('{"name": "acme", "description": "All of Acme", "title": "A"}'))

    with pytest.raises(ApiContractError, match=r"a package cannot be read \(id\)"):
        tooling.get_package("p")


def test_a_failed_reading_does_not_show_what_was_read(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages/p", Response('{"id": {"client_secret": "hush-hush"}}'))

    with pytest.raises(ApiContractError) as caught:
        tooling.get_package("p")

    assert "hush-hush" not in "".join(traceback.format_exception(caught.value))
    assert "hush-hush" not in caught.value.body


@pytest.mark.parametrize(
    ("value", "time"),
    [
        (1684475012105, datetime(2023, 5, 19, 5, 43, 32, 105000, tzinfo=UTC)),
        ("1684475012105", datetime(2023, 5, 19, 5, 43, 32, 105000, tzinfo=UTC)),
        (1684475012, datetime(2023, 5, 19, 5, 43, 32, tzinfo=UTC)),
        ("2019-09-04 04:57:24", datetime(2019, 9, 4, 4, 57, 24, tzinfo=UTC)),
        ("2023-05-20T22:05:10+02:00", datetime(2023, 5, 20, 20, 5, 10, tzinfo=UTC)),
        (0, None),
        ("0", None),
        (None, None),
        (-1, None),
        (True, None),
        ("soon", None),
        (10**400, None),
        (10**17, None),
        ("0001-01-01T00:00:00+23:59", None),
        (253402300799000, None),
        ("9999-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00Z", None),
        ([], None),
    ],
)
def test_times_of_every_form_become_aware_or_unknown(value: Any, time: datetime | None) -> None:
    assert as_time(value) == time
