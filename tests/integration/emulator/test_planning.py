"""The dry runs before an import: conflicts and preflight."""

import pytest

from tests.integration.emulator.platform import fixture, shape


def test_conflicts_have_the_documented_shape_and_parent(platform):
    rows = platform.conflicts("Forms")

    source = platform.package("Forms").artifacts[0]
    assert shape(rows) == shape(fixture("sandbox_tooling/packages.import-conflicts.response"))
    assert [row["artifact"]["id"] for row in rows] == [source.id]
    assert rows[0]["parentID"] == f"{platform.org.id}::dev::CATALOG_DATASET::{source.id}"


def test_conflicts_find_what_an_import_has_just_created(platform):
    before = platform.conflicts("Forms")
    job = platform.run_import("Forms")

    after = platform.conflicts("Forms")

    found = {row["artifact"]["id"]: row["suggestionList"][0]["id"] for row in after}
    created = {task["artifact"]["id"]: task["artifact"]["newId"] for task in job["completedTasks"]}
    assert len(before) == 1
    assert found == created


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [
        ("Forms", "", "targetSandbox"),
        ("Forms", "?targetSandbox=nowhere", "nowhere"),
        ("Forms draft", "?targetSandbox=stage", "DRAFT"),
        ("Forms expired", "?targetSandbox=stage", "expired"),
    ],
)
@pytest.mark.parametrize("path", ["/packages/{}/import", "/packages/preflight/{}"])
def test_dry_runs_are_refused_for_what_cannot_be_imported(platform, path, name, query, said):
    answer = platform.get(path.format(platform.package(name).id) + query)

    assert answer.status_code == 400
    assert said in answer.json["message"]


@pytest.mark.parametrize("ending", ["", "/export"])
def test_preflight_lists_every_object_under_both_paths(platform, ending):
    package_id = platform.package("Forms with audience").id

    answer = platform.get(f"/packages/preflight/{package_id}{ending}?targetSandbox=stage").json

    expected = fixture("sandbox_tooling/packages.preflight.response")
    assert set(answer) == set(expected)
    assert {frozenset(row) for row in answer["permissionResponse"]} == {frozenset(expected["permissionResponse"][0])}
    assert len(answer["permissionResponse"]) == 5
    assert all(row["creationAllowed"] for row in answer["permissionResponse"])


def test_preflight_of_the_limited_robot_names_what_is_missing_where_it_is_missing(platform):
    limited = platform.also(robot=1)
    package_id = limited.package("Forms with audience").id

    def rows(sandbox):
        answer = limited.get(f"/packages/preflight/{package_id}?targetSandbox={sandbox}").json
        return {row["artifactType"]: row for row in answer["permissionResponse"]}

    stage, dev = rows("stage"), rows("dev")

    missing = {
        entry["palmResourceType"]: entry["resourcePermissions"]
        for entry in stage["PROFILE_SEGMENT"]["missingPermissions"]["resources"]
    }
    assert missing == {"Segment": ["write", "delete"], "Composition": ["write", "delete"]}
    assert stage["PROFILE_SEGMENT"]["creationAllowed"] is False
    assert stage["REGISTRY_SCHEMA"]["creationAllowed"] is True
    assert dev["PROFILE_SEGMENT"]["creationAllowed"] is True


def test_artifact_known_by_its_id_only_is_like_no_other(platform):
    for number in (1, 2):
        artifact = {"id": f"https://ns.adobe.com/acmetenant/schemas/{number:048x}", "type": "REGISTRY_SCHEMA"}
        body = {"name": f"By id {number}", "packageType": "PARTIAL", "artifacts": [artifact]}
        package_id = platform.call("POST", "/packages", json=body).json["id"]
        platform.get(f"/packages/{package_id}/export")
    platform.advance(6)
    platform.run_import("By id 1")

    same, other = platform.conflicts("By id 1"), platform.conflicts("By id 2")

    assert (len(same), len(other)) == (1, 0)
