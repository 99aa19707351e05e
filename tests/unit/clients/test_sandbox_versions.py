"""Every call of versioning against the documented example bodies, in every verb that the documents name."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug import Request, Response

from clients.errors import (
    ApiAuthError,
    ApiBusyError,
    ApiContractError,
    ApiError,
    ApiNotFoundError,
    ApiRejectedError,
    OutcomeUnknownError,
)
from clients.sandbox_tooling import ArtifactRef
from clients.sandbox_versions import FieldChange, RemoteVersionJob, VersioningClient
from clients.transport import Connection
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import EXIM, ORG, fixture, fixture_bytes, raw_server, reset

COMPARE, SAVE, HISTORY, UPDATE = (
    f"{EXIM}/packages/p/{name}" for name in ("version/compare", "version/save", "history", "import")
)
OVERWRITE = {"source": ArtifactRef("target", "REGISTRY_SCHEMA")}
WAYS: dict[str, tuple[tuple[str, ...], Callable[[VersioningClient], object], str]] = {
    COMPARE: (
        ("POST", "PATCH"),
        lambda versioning: versioning.compare("p", target_sandbox="dev-1"),
        "packages.version-compare.response-submitted",
    ),
    SAVE: (
        ("PATCH", "POST", "GET"),
        lambda versioning: versioning.save_version("p"),
        "packages.version-save.response",
    ),
    HISTORY: (
        ("GET", "PATCH", "POST"),
        lambda versioning: versioning.list_versions("p"),
        "packages.history.response",
    ),
    UPDATE: (
        ("PATCH", "POST"),
        lambda versioning: versioning.import_update("p", name="n", target_sandbox="dev", overwrite=OVERWRITE),
        "packages.import-update.response",
    ),
}
WORK = [COMPARE, SAVE, UPDATE]
NO_METHOD = Response('{"type": "ERROR", "message": "Method is not allowed"}', status=405)
NO_ROUTE = Response('{"type": "ERROR", "message": "No resource here"}', status=404)


def example(name: str) -> Response:
    return Response(fixture_bytes(f"sandbox_tooling/{name}"), content_type="application/json")


def by_method(platform: Platform, path: str, **answers: Response) -> None:
    def handle(request: Request) -> Response:
        platform.seen.append(request)
        return answers.get(request.method, NO_METHOD)

    platform.decide(path, handle)


def compared(platform: Platform, versioning: VersioningClient, **fields: Any) -> RemoteVersionJob:
    platform.answer(COMPARE, Response(json.dumps({"type": "SUCCESS", "object": {"id": "j", **fields}})))
    return versioning.compare("p")


def changes_of(platform: Platform, versioning: VersioningClient, *changes: Any) -> tuple[FieldChange, ...]:
    graph = {"pluginDeltas": [{"sourceArtifact": {"id": "a"}, "changes": list(changes)}]}
    job = compared(platform, versioning, deltaPackageVersion={"eximGraphDelta": graph})
    assert job.delta
    (delta,) = job.delta.changes
    return delta.changes


def test_a_comparison_is_started(platform: Platform, versioning: VersioningClient) -> None:
    platform.answer(COMPARE, example("packages.version-compare.response-submitted"))

    job = versioning.compare("p", target_sandbox="dev-1", trigger_new=True)

    assert platform.seen[0].method == "POST"
    assert platform.seen[0].get_json() == fixture("sandbox_tooling/packages.version-compare.request")
    assert (job.id, job.status, job.job_type, job.request_type) == (
        "aa5cfacf35a8478c8cf44a675fab1c30",
        "IN_PROGRESS",
        "COMPUTE",
        "VERSION",
    )
    assert (job.delta, job.replacements, job.package_version, job.target_sandbox) == (None, {}, 0, "dev-1")


def test_the_last_comparison_is_asked_for_without_a_new_one(platform: Platform, versioning: VersioningClient) -> None:
    platform.answer(COMPARE, example("packages.version-compare.response-submitted"))

    versioning.compare("p")

    assert platform.seen[0].get_json() == {}


def test_a_finished_comparison_shows_what_differs(platform: Platform, versioning: VersioningClient) -> None:
    platform.answer(COMPARE, example("packages.version-compare.response-completed"))

    job = versioning.compare("p", target_sandbox="dev-1")

    assert (job.status, job.delta is not None) == ("SUCCESS", True)
    assert job.delta
    assert (job.delta.package_id, job.delta.current_version, job.delta.is_validated) == (
        "50fd94f8072b4f248737a2b57b41058f",
        0,
        False,
    )
    assert [root.type for root in job.delta.roots] == ["REGISTRY_SCHEMA"]
    first, second = job.delta.changes
    assert (first.source.title, first.target and first.target.title) == (
        "Custom FieldGroup 2",
        "Custom FieldGroup 2_1738766274074",
    )
    assert first.changes == (
        FieldChange("replace", "/title", "Custom FieldGroup 2_1738766274074", "Custom FieldGroup 2"),
        FieldChange("replace", "/description", "Description for furnished object", ""),
    )
    assert second.target
    assert job.replacements[second.source.id] == second.target.id
    assert len(job.replacements) == 4


def test_a_version_is_saved(platform: Platform, versioning: VersioningClient) -> None:
    body = fixture("sandbox_tooling/packages.version-save.response")
    platform.answer(SAVE, Response(json.dumps({**body, "id": f"{body['id']} "})))

    job = versioning.save_version("p")

    assert (platform.seen[0].method, platform.seen[0].get_data()) == ("PATCH", b"")
    assert (job.id, job.status, job.job_type, job.request_type, job.package_version) == (
        "3cec9bae662e43d9b9106fcbf7744a75",
        "PENDING",
        "UPGRADE",
        "VERSION",
        2,
    )
    assert job.raw["jobType"] == "UPGRADE"


def test_the_history_is_read_newest_first(platform: Platform, versioning: VersioningClient) -> None:
    platform.answer(HISTORY, example("packages.history.response"))

    versions = versioning.list_versions("p")

    assert [one.package_version for one in versions] == [3, 2, 1]
    assert versions[0].created_at == versions[0].modified_at == datetime(2025, 2, 14, 7, 6, 24, tzinfo=UTC)
    assert (versions[0].version, versions[0].created_by) == (0, "4F1A2B3C5D6E7F800A494101@a1b2c3d4e5f60718293a4b.e")


@pytest.mark.parametrize("wrap", [lambda rows: {"object": rows}, lambda rows: {"data": rows}])
def test_a_history_in_any_wrapping_is_read(
    wrap: Callable[[Any], Any], platform: Platform, versioning: VersioningClient
) -> None:
    rows = [{"packageVersion": "3", "createdDate": 0}, None, "odd"]
    platform.answer(HISTORY, Response(json.dumps(wrap(rows))))

    (version,) = versioning.list_versions("p")

    assert (version.id, version.package_version, version.created_at) == ("", 3, None)


def test_an_import_that_updates_is_submitted(platform: Platform, versioning: VersioningClient) -> None:
    asked = fixture("sandbox_tooling/packages.import-update.request")
    platform.answer(f"{EXIM}/packages/{asked['id']}/import", example("packages.import-update.response"))

    job = versioning.import_update(
        asked["id"],
        name="Test Update",
        target_sandbox="test-sandbox-sbt",
        overwrite={
            source: ArtifactRef(target["id"], target["type"]) for source, target in asked["overwriteMappings"].items()
        },
    )

    assert platform.seen[0].method == "PATCH"
    assert platform.seen[0].get_json() == asked
    assert asked["destinationSandbox"]["imsOrgId"] == ORG
    assert (job.job_type, job.request_type, job.target_sandbox) == ("UPDATE", "IMPORT", "test-sandbox-sbt")


@pytest.mark.parametrize("none", [NO_METHOD, NO_ROUTE], ids=["no method", "no route"])
@pytest.mark.parametrize(("path", "position"), [(path, n) for path, way in WAYS.items() for n in range(len(way[0]))])
def test_the_next_verb_is_tried_where_one_is_no_route(
    path: str, position: int, none: Response, platform: Platform, versioning: VersioningClient
) -> None:
    methods, call, answer = WAYS[path]
    refused = dict.fromkeys(methods, none)
    by_method(platform, path, **{**refused, methods[position]: example(answer)})

    assert call(versioning)

    assert [request.method for request in platform.seen] == list(methods[: position + 1])
    bodies = {request.get_data() for request in platform.seen}
    assert len(bodies) == 1


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ApiRejectedError),
        (401, ApiAuthError),
        (403, ApiAuthError),
        (409, ApiRejectedError),
        (422, ApiRejectedError),
    ],
)
def test_a_refusal_is_not_tried_with_another_verb(
    status: int, error: type[ApiError], path: str, platform: Platform, versioning: VersioningClient
) -> None:
    methods, call, _ = WAYS[path]
    by_method(platform, path, **dict.fromkeys(methods, Response('{"message": "Missing permission"}', status=status)))

    with pytest.raises(error):
        call(versioning)

    assert {request.method for request in platform.seen} == {methods[0]}


@pytest.mark.parametrize("path", WORK)
@pytest.mark.parametrize("status", [302, 408, 500, 501, 502, 503, 504])
def test_work_whose_outcome_is_unknown_is_never_started_twice(
    status: int, path: str, platform: Platform, versioning: VersioningClient
) -> None:
    methods, call, _ = WAYS[path]
    by_method(platform, path, **dict.fromkeys(methods, Response(status=status, headers={"Location": "/"})))

    with pytest.raises(OutcomeUnknownError):
        call(versioning)

    assert len(platform.seen) == 1


@pytest.mark.parametrize("path", WORK)
def test_work_that_is_throttled_was_not_started(path: str, platform: Platform, versioning: VersioningClient) -> None:
    by_method(platform, path, **dict.fromkeys(WAYS[path][0], Response(status=429, headers={"Retry-After": "7"})))

    with pytest.raises(ApiBusyError) as caught:
        WAYS[path][1](versioning)

    assert caught.value.retry_after_s == 7
    assert len(platform.seen) == 1


@pytest.mark.parametrize("path", WORK)
@pytest.mark.parametrize("body", ["", "<html></html>", "{}", "[]", "7", '{"object": {"id": ""}}'])
def test_a_receipt_that_cannot_be_read_leaves_the_outcome_unknown(
    body: str, path: str, platform: Platform, versioning: VersioningClient
) -> None:
    platform.answer(path, Response(body))

    with pytest.raises(OutcomeUnknownError):
        WAYS[path][1](versioning)

    assert len(platform.seen) == 1


@pytest.mark.parametrize("path", WORK)
def test_work_is_not_started_twice_after_a_cut_line(path: str, bare: Callable[..., Connection]) -> None:
    with raw_server(reset) as server:
        with pytest.raises(OutcomeUnknownError) as caught:
            WAYS[path][1](VersioningClient(bare(server.url)))

        assert caught.value.sent
        assert len(server.requests) == 1


def test_a_history_that_is_none_breaks_the_contract(platform: Platform, versioning: VersioningClient) -> None:
    platform.answer(HISTORY, Response('{"message": "Hello"}'))

    with pytest.raises(ApiContractError):
        versioning.list_versions("p")


@pytest.mark.parametrize("path", WAYS)
def test_a_service_without_versions_says_so_after_every_verb(
    path: str, platform: Platform, versioning: VersioningClient
) -> None:
    by_method(platform, path, **dict.fromkeys(WAYS[path][0], NO_ROUTE))

    with pytest.raises(ApiNotFoundError, match="No resource here"):
        WAYS[path][1](versioning)

    assert [request.method for request in platform.seen] == list(WAYS[path][0])


def test_what_is_said_of_the_package_counts_more_than_what_is_said_of_a_verb(
    platform: Platform, versioning: VersioningClient
) -> None:
    gone = Response('{"type": "ERROR", "message": "Package p not found"}', status=404)
    by_method(platform, SAVE, POST=gone)

    with pytest.raises(ApiNotFoundError, match="Package p not found"):
        versioning.save_version("p")


@pytest.mark.parametrize(
    ("change", "read"),
    [
        (
            {"op": "add", "path": "/properties/age", "newValue": {"type": "integer"}},
            FieldChange("add", "/properties/age", None, {"type": "integer"}),
        ),
        ({"op": "remove", "path": "/required/0", "oldValue": 0}, FieldChange("remove", "/required/0", 0, None)),
        ({"op": "replace", "path": "/x", "value": [1]}, FieldChange("replace", "/x", None, [1])),
        ({"op": "twist", "path": "/x", "newValue": None, "value": 1}, FieldChange("twist", "/x", None, None)),
        ({"path": 7}, FieldChange("", "7", None, None)),
        ({"field": "title"}, FieldChange("", "", None, {"field": "title"})),
        ("all of it", FieldChange("", "", None, "all of it")),
        (
            {"op": "replace", "path": "/auth/clientSecret", "oldValue": "hush", "newValue": ""},
            FieldChange("replace", "/auth/clientSecret", "[redacted]", ""),
        ),
        (
            {"op": "replace", "path": "/auth", "oldValue": {"password": "hush"}, "newValue": {"n": 1}},
            FieldChange("replace", "/auth", {"password": "[redacted]"}, {"n": 1}),
        ),
    ],
)
def test_a_change_of_any_form_is_kept_without_secrets(
    change: Any, read: FieldChange, platform: Platform, versioning: VersioningClient
) -> None:
    assert changes_of(platform, versioning, change) == (read,)


def test_the_values_of_secrets_are_in_no_copy_of_the_answer(platform: Platform, versioning: VersioningClient) -> None:
    change = {"op": "replace", "path": "/auth/password", "oldValue": "hush-1", "newValue": "hush-2"}
    graph = {"pluginDeltas": [{"sourceArtifact": {"id": "a"}, "changes": [change]}]}

    job = compared(platform, versioning, deltaPackageVersion={"eximGraphDelta": graph})

    assert "hush" not in json.dumps(job.raw)
    assert "/auth/password" in json.dumps(job.raw)


def test_no_difference_is_ever_lost(platform: Platform, versioning: VersioningClient) -> None:
    rows = [{"targetArtifact": {"title": "no id"}, "changes": None}, "odd", {"sourceArtifact": "just-an-id"}]
    delta = {"validated": "true", "rootArtifacts": [None, {"id": "r"}], "eximGraphDelta": {"pluginDeltas": rows}}

    job = compared(platform, versioning, deltaPackageVersion=delta)

    assert job.delta
    assert job.delta.is_validated
    assert job.delta.roots == (ArtifactRef("r", ""),)
    assert [(one.source.id, one.target, len(one.changes)) for one in job.delta.changes] == [
        ("", None, 0),
        ("", None, 1),
        ("just-an-id", None, 0),
    ]


@pytest.mark.parametrize("delta", [None, "later", []])
def test_a_comparison_without_a_result_has_no_delta(
    delta: Any, platform: Platform, versioning: VersioningClient
) -> None:
    job = compared(platform, versioning, jobStatus="THINKING", deltaPackageVersion=delta)

    assert (job.status, job.delta) == ("THINKING", None)


def test_a_comparison_that_found_nothing_has_no_changes(platform: Platform, versioning: VersioningClient) -> None:
    job = compared(platform, versioning, deltaPackageVersion={"packageId": "p", "eximGraphDelta": None})

    assert job.delta
    assert job.delta.changes == ()


@pytest.mark.parametrize("package_id", ["", "..", "."])
def test_an_id_that_would_climb_the_path_is_refused(package_id: str, versioning: VersioningClient) -> None:
    with pytest.raises(ValueError, match="remote id"):
        versioning.save_version(package_id)
