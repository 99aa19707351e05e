"""Every call of the sandbox tooling client against the documented example bodies."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl

import pytest
from werkzeug import Request, Response

from clients.errors import ApiNotFoundError, ApiRejectedError
from clients.sandbox_tooling import ArtifactRef, PackagePayload, SandboxToolingClient
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import EXIM, ORG, fixture, fixture_bytes

SEGMENT = ArtifactRef("27115daa-c92b-4f17-a077-d65ffeb0c525", "PROFILE_SEGMENT")
JOURNEY = ArtifactRef("d8d8ed6d-696a-40bd-b4fe-ca053ec94e29@1647559351683", "JOURNEY")
PACKAGE_ID = "6fa50baedd344a278129a87e68cc9dc7"


def example(name: str, status: int = 200) -> Response:
    body = fixture_bytes(f"sandbox_tooling/{name}.response")
    return Response(body, status=status, content_type="application/json")


def query(request: Request) -> list[tuple[str, str]]:
    return parse_qsl(request.query_string.decode(), keep_blank_values=True)


def body(request: Request) -> Any:
    assert request.content_type == "application/json"
    return request.get_json()


def test_packages_are_listed_with_each_filter_as_a_parameter(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages", example("packages.list"))

    page = tooling.list_packages(
        start=50, limit=25, filters=("status==PUBLISHED,DRAFT", "createdDate>=2026-01-01T00:00:00.000Z")
    )

    assert query(platform.seen[0]) == [
        ("property", "status==PUBLISHED,DRAFT"),
        ("property", "createdDate>=2026-01-01T00:00:00.000Z"),
        ("start", "50"),
        ("limit", "25"),
        ("orderby", "-createdDate"),
    ]
    first = page.items[0]
    assert (page.total, page.has_next, page.received, page.malformed) == (109, True, len(page.items), 0)
    assert (first.id, first.name, first.status, first.version) == (
        "8f585fad94d042cd82dbcba594108a41",
        "acme",
        "PUBLISHED",
        2,
    )
    assert first.created_at == datetime(2023, 6, 1, 5, 36, 24, tzinfo=UTC)
    assert first.expires_at == datetime(2023, 8, 30, 5, 36, 50, tzinfo=UTC)
    assert (first.source_sandbox, first.source_org_id, first.visibility) == ("acme-sandbox", ORG, "PRIVATE")
    assert [artifact.type for artifact in first.artifacts] == ["JOURNEY", "JOURNEY"]
    assert first.capabilities is None
    assert first.raw == fixture("sandbox_tooling/packages.list.response")["data"][0]


def test_a_list_can_be_asked_for_without_an_order(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages", example("packages.list"))

    tooling.list_packages(order_by=None)

    assert query(platform.seen[0]) == [("start", "0"), ("limit", "50")]


def test_one_package_is_looked_up(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages/8f585fad", example("packages.get"))

    package = tooling.get_package("8f585fad")

    assert query(platform.seen[0]) == []
    assert package.published_at == datetime(2023, 6, 1, 5, 36, 50, tzinfo=UTC)
    assert package.package_type == "PARTIAL"


def test_the_capabilities_of_a_package_are_read(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages/80230dde", example("packages.get-capabilities"))

    package = tooling.get_package("80230dde", with_capabilities=True)

    assert query(platform.seen[0]) == [("getCapabilities", "true")]
    assert package.capabilities == ("VERSIONABLE",)
    assert package.is_versionable
    assert package.package_version == package.latest_package_version == 0
    assert (package.client_id, package.access_type) == ("usecasebuilder", "TENANT")
    assert package.artifacts[0].alt_id is None


def test_a_package_is_created(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages", example("packages.create", 201))
    local = timezone(timedelta(hours=2))

    package = tooling.create_package(
        name="acme",
        description="Acme Business Group",
        package_type="PARTIAL",
        source_sandbox="acme-sandbox",
        artifacts=[SEGMENT],
        expires_at=datetime(2023, 5, 20, 22, 5, 10, tzinfo=local),
    )

    expected = fixture("sandbox_tooling/packages.create.request")
    del expected["artifacts"][0]["title"]
    assert platform.seen[0].method == "POST"
    assert body(platform.seen[0]) == expected
    assert (package.status, package.version) == ("DRAFT", 0)
    assert package.created_at == datetime(2023, 5, 19, 5, 43, 32, 105000, tzinfo=UTC)


def test_an_expiry_without_a_zone_is_refused_before_sending(platform: Platform, tooling: SandboxToolingClient) -> None:
    with pytest.raises(ValueError, match="without a zone"):
        tooling.add_artifacts("p", [SEGMENT], expires_at=datetime(2026, 1, 1))

    assert platform.seen == []


def test_artifacts_are_added(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages", example("packages.update-add", 201))

    package = tooling.add_artifacts(PACKAGE_ID, [JOURNEY], expires_at=datetime(2023, 5, 20, 20, 5, 10, tzinfo=UTC))

    assert platform.seen[0].method == "PUT"
    assert body(platform.seen[0]) == fixture("sandbox_tooling/packages.update-add.request")
    assert [artifact.id for artifact in package.artifacts] == [JOURNEY.id, JOURNEY.id.partition("@")[0]]
    # Not what was asked for: the answer tells.
    assert package.expires_at == datetime(2023, 8, 17, 5, 57, 41, 352000, tzinfo=UTC)


def test_artifacts_are_removed(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages", example("packages.update-delete", 201))

    package = tooling.remove_artifacts(PACKAGE_ID, [JOURNEY])

    assert body(platform.seen[0]) == fixture("sandbox_tooling/packages.update-delete.request")
    assert len(package.artifacts) == 1


def test_the_metadata_of_a_package_is_updated(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages", example("packages.update-metadata", 201))

    package = tooling.update_package(
        PACKAGE_ID, name="acme", description="Acme Business Group", source_sandbox="acme-sandbox"
    )

    assert body(platform.seen[0]) == fixture("sandbox_tooling/packages.update-metadata.request")
    assert package.version == 6


def test_a_package_is_made_public(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages", example("packages.update-visibility", 202))

    package = tooling.make_public("673264e41f8b49229d61467a1a94a907")

    assert body(platform.seen[0]) == fixture("sandbox_tooling/packages.update-visibility.request")
    assert (package.visibility, package.status, package.description) == ("PUBLIC", "PUBLISH_FAILED", "")


@pytest.mark.parametrize("status", [404, 405])
def test_making_public_falls_back_to_the_other_documented_path(
    status: int, platform: Platform, tooling: SandboxToolingClient
) -> None:
    platform.answer(f"{EXIM}/packages", Response(status=status))
    platform.answer(f"{EXIM}/packages/update", example("packages.update-visibility", 202))

    assert tooling.make_public("673264e41f8b49229d61467a1a94a907").visibility == "PUBLIC"
    assert [request.method for request in platform.seen] == ["PUT", "PUT"]


def test_a_refusal_to_make_public_is_not_tried_elsewhere(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages", Response('{"type": "ERROR", "message": "Not published"}', status=400))

    with pytest.raises(ApiRejectedError, match="Not published"):
        tooling.make_public("p")

    assert len(platform.seen) == 1


def test_a_package_is_deleted(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages/d30e", example("packages.delete"))

    tooling.delete_package("d30e")

    assert platform.seen[0].method == "DELETE"


@pytest.mark.parametrize(("days", "sent"), [(None, []), (0, [("expiryPeriod", "0")]), (30, [("expiryPeriod", "30")])])
def test_a_package_is_published(
    days: int | None, sent: list[tuple[str, str]], platform: Platform, tooling: SandboxToolingClient
) -> None:
    platform.answer(f"{EXIM}/packages/p/export", example("packages.export"))

    receipt = tooling.publish_package("p", expiry_days=days)

    assert (platform.seen[0].method, query(platform.seen[0])) == ("GET", sent)
    assert receipt.job_id == "18abab44e25f40c284a4bd6e8f52fd29"
    assert receipt.correlation_id == "48effe5e-1bef-4250-9c71-23b93ef5d285"


def test_publishing_is_sent_once_although_it_is_a_get(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages/p/export", Response(status=503), example("packages.export"))

    with pytest.raises(Exception, match="HTTP 503"):
        tooling.publish_package("p")

    assert len(platform.seen) == 1


def test_conflicts_are_found(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages/p/import", example("packages.import-conflicts"))

    conflicts = tooling.find_conflicts("p", target_sandbox="dev 2")

    rows = fixture("sandbox_tooling/packages.import-conflicts.response")
    assert (platform.seen[0].method, query(platform.seen[0])) == ("GET", [("targetSandbox", "dev 2")])
    assert [conflict.artifact.id for conflict in conflicts] == [row["artifact"]["id"] for row in rows]
    assert [len(conflict.suggestions) for conflict in conflicts] == [len(row["suggestionList"]) for row in rows]
    first = conflicts[0]
    assert first.suggestions[0].title == "Loyalty Dataset 1 - adhoc schema - 1618950408870_1686403052050"
    assert first.parent_id == rows[0]["parentID"]
    assert (first.artifact.messages[0].status, first.artifact.messages[0].attempt) == ("FOUND", 1)


def test_an_import_is_submitted(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages/import", example("packages.import-submit", 202))
    request = fixture("sandbox_tooling/packages.import-submit.request")
    ((source, target),) = request["alternatives"].items()

    receipt = tooling.import_package(
        request["id"],
        target_sandbox="cjm-mr",
        name="acme",
        description="Acme Business Group",
        alternatives={source: ArtifactRef(target["id"], target["type"])},
    )

    assert platform.seen[0].method == "POST"
    assert body(platform.seen[0]) == request
    assert receipt.job_id == "18abab44e25f40c284a4bd6e8f52fd29"


def test_children_are_asked_for_by_id_and_type(platform: Platform, tooling: SandboxToolingClient) -> None:
    request = fixture("sandbox_tooling/packages.children.request")
    platform.answer(f"{EXIM}/packages/p/children", Response(status=502), example("packages.children", 201))

    nodes = tooling.list_children("p", [ArtifactRef(row["id"], row["type"]) for row in request])

    assert body(platform.seen[1]) == request
    assert [len(node.children) for node in nodes] == [1, 1, 0]
    assert nodes[0].children[0].title == "Loyalty Dataset 1 - adhoc schema - 1618950408870"


def test_permissions_are_checked(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages/preflight/p", example("packages.preflight"))

    permissions = tooling.check_permissions("p", target_sandbox="dev")

    rows = fixture("sandbox_tooling/packages.preflight.response")["permissionResponse"]
    assert query(platform.seen[0]) == [("targetSandbox", "dev")]
    assert [permission.artifact.id for permission in permissions] == [row["artifactID"] for row in rows]
    assert permissions[0].required[3].resource == "Segment"
    assert permissions[0].required[3].permissions == ("read", "write", "delete")
    assert permissions[0].missing == ()
    assert permissions[0].creation_allowed is True


def test_permissions_fall_back_to_the_other_documented_path(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages/preflight/p", Response(status=404))
    platform.answer(f"{EXIM}/packages/preflight/p/export", example("packages.preflight"))

    assert len(tooling.check_permissions("p", target_sandbox="dev")) > 0
    assert query(platform.seen[1]) == [("targetSandbox", "dev")]


def test_if_both_paths_are_missing_the_first_answer_counts(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages/preflight/p", Response('{"message": "No such package"}', status=404))
    platform.answer(f"{EXIM}/packages/preflight/p/export", Response(status=405))

    with pytest.raises(ApiNotFoundError, match="No such package"):
        tooling.check_permissions("p", target_sandbox="dev")


def test_jobs_are_listed(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages/jobs", example("packages.jobs"))

    page = tooling.list_jobs(filters=["requestType==IMPORT"], limit=5)

    assert query(platform.seen[0])[-1] == ("orderby", "-created")
    job = page.items[0]
    assert (job.id, job.status, job.job_type, job.package_type) == (
        "3c1b92cf47a246d7bfbe6fd507c5d543",
        "SUCCESS",
        "NEW",
        "PARTIAL",
    )
    assert (job.source_sandbox, job.target_sandbox) == ("acme-sandbox", "poc")
    assert job.created_at == job.updated_at == datetime(2023, 6, 5, 14, 1, 15, 401000, tzinfo=UTC)
    assert (page.total, page.has_next, job.request_type) == (42, True, None)


def test_a_job_is_read_with_its_tasks(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/tools/job/0fe5", example("tools.job-failed-inferred"))

    job = tooling.get_job("0fe5")

    assert (job.id, job.status, job.request_type) == ("0fe588dc4af64f9f98396cb6b49afb6c", "FAILED", "IMPORT")
    assert (job.source_sandbox, job.target_sandbox) == ("acme-sandbox", "acme-sandbox1")
    assert job.snapshot_id == "dd0b89579d554d07a814a620a44f9e43"
    done, failed = job.tasks
    assert (done.status, done.failed_list, done.artifact.messages[0].status) == ("SUCCESS", False, "CREATED")
    assert done.artifact.new_id == job.replacements[done.artifact.id]
    assert (failed.status, failed.failed_list, failed.artifact.title) == ("FAILED", True, "Form submissions schema")
    assert "Missing permission" in failed.artifact.messages[0].text


def test_the_payload_of_a_package_is_read(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages/payload/p", example("packages.payload"))

    payload = tooling.get_payload("p")

    assert payload == PackagePayload(ORG, "673264e41f8b49229d61467a1a94a907")
    assert json.loads(payload.as_text()) == fixture("sandbox_tooling/packages.payload.response")


def test_ids_are_escaped_in_paths(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/packages/a/b?c=d:é@1 #", example("packages.get"))

    tooling.get_package("a/b?c=d:é@1 #")

    assert platform.seen[0].environ["RAW_URI"].endswith("/packages/a%2Fb%3Fc%3Dd%3A%C3%A9%401%20%23")


@pytest.mark.parametrize("remote_id", ["", ".", ".."])
def test_an_id_that_would_climb_the_path_is_refused(remote_id: str, tooling: SandboxToolingClient) -> None:
    with pytest.raises(ValueError, match="remote id"):
        tooling.delete_package(remote_id)


def test_the_objects_of_a_type_are_listed(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/tools/artifacts/JOURNEY", example("historic.tools-artifacts-by-type"))

    found = tooling.list_artifacts("JOURNEY")

    assert platform.seen[0].headers["x-sandbox-name"] == "dev"
    assert [(one.id, one.title) for one in found][1] == (
        "3238d7b3-e1a9-4714-955c-e39ff1d8a553@1649709742072",
        "Use Case CSV Upload Journey_1649709742072",
    )
    assert {one.type for one in found} == {"JOURNEY"}


@pytest.mark.parametrize("status", [404, 405, 410])
@pytest.mark.parametrize("words", ["<html><title>Not here</title></html>", '{"message": "No resource"}', ""])
def test_a_service_without_object_lists_is_told_by_one_kind_of_error(
    status: int, words: str, platform: Platform, tooling: SandboxToolingClient
) -> None:
    platform.answer(f"{EXIM}/tools/artifacts/JOURNEY", Response(words, status=status))
    platform.answer(f"{EXIM}/tools/artifacts/JOURNEY/", Response(words, status=status))

    with pytest.raises(ApiNotFoundError):
        tooling.list_artifacts("JOURNEY")


def test_a_refused_object_list_is_not_a_missing_one(platform: Platform, tooling: SandboxToolingClient) -> None:
    platform.answer(f"{EXIM}/tools/artifacts/X", Response('{"message": "Unknown type X"}', status=400))

    with pytest.raises(ApiRejectedError) as caught:
        tooling.list_artifacts("X")

    assert not isinstance(caught.value, ApiNotFoundError)
