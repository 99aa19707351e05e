"""Packages: create, change, list, publish, delete."""

import pytest

from tests.integration.emulator.platform import fixture, shape

ACME = "5C1328435BF324E90A49402A@AdobeOrg"
DAY_MS = 86_400_000


def create(platform, **members):
    body = {
        "name": "New",
        "description": "A new one",
        "packageType": "PARTIAL",
        "sourceSandbox": {"name": "dev", "imsOrgId": ACME},
        "artifacts": [{"id": "27115daa-c92b-4f17-a077-d65ffeb0c525", "type": "PROFILE_SEGMENT"}],
    } | members
    return platform.call("POST", "/packages", json={key: value for key, value in body.items() if value is not None})


def update(platform, package, action, path="/packages", **members):
    body = {"id": platform.package(package).id, "action": action, **members}
    return platform.call("PUT", path, json=body)


def publish(platform, name, query=""):
    return platform.get(f"/packages/{platform.package(name).id}/export{query}")


def test_created_package_has_the_documented_shape_and_is_a_draft(platform):
    answer = create(platform)

    assert answer.status_code == 201
    assert shape(answer.json) == shape(fixture("sandbox_tooling/packages.create.response"))
    assert (answer.json["status"], answer.json["version"]) == ("DRAFT", 0)
    assert abs(answer.json["expiry"] - answer.json["createdDate"] - 90 * DAY_MS) < 1000


def test_times_lose_their_milliseconds_when_they_are_read_again(platform):
    written = create(platform).json

    read = platform.get(f"/packages/{written['id']}").json

    assert read["createdDate"] == written["createdDate"] // 1000 * 1000


def test_expiry_is_taken_as_iso_text_with_and_without_milliseconds(platform):
    plain = create(platform, name="One", expiry="2099-05-20T20:05:10Z").json
    precise = create(platform, name="Two", expiry="2099-05-20T20:05:10.000Z").json

    assert plain["expiry"] == precise["expiry"] == 4082990710000


@pytest.mark.parametrize(
    ("members", "status", "said"),
    [
        ({"name": None}, 400, "name"),
        ({"name": " "}, 400, "name"),
        ({"name": "Forms"}, 400, "Package with name Forms already exists"),
        ({"packageType": "HALF"}, 400, "packageType"),
        ({"packageType": "FULL"}, 400, "takes no artifacts"),
        ({"expiry": 4082990710000}, 400, "expiry"),
        ({"expiry": "soon"}, 400, "expiry"),
        ({"expiry": "2020-01-01T00:00:00Z"}, 400, "in the past"),
        ({"artifacts": [{"id": "1"}]}, 400, "id and a type"),
        ({"artifacts": [{"id": "1", "type": "journey"}]}, 400, "id and a type"),
        ({"sourceSandbox": {"name": "nowhere", "imsOrgId": ACME}}, 400, "nowhere"),
        ({"sourceSandbox": {"name": "dev", "imsOrgId": "other@AdobeOrg"}}, 403, "does not belong"),
    ],
)
def test_bad_package_is_refused_with_a_reason_and_not_created(platform, members, status, said):
    before = len(platform.app.world.packages)

    answer = create(platform, **members)

    assert answer.status_code == status
    assert answer.json["type"] == "ERROR"
    assert said in answer.json["message"]
    assert len(platform.app.world.packages) == before


def test_duplicate_name_is_a_409_if_the_switch_says_so(platform):
    platform.control("switches", duplicate_name_status=409)

    answer = create(platform, name="Forms")

    assert (answer.status_code, answer.json["status"]) == (409, "CONFLICT")


def test_adding_keeps_a_journey_version_beside_its_journey_and_drops_duplicates(platform):
    journey = {"id": "d8d8ed6d-696a-40bd-b4fe-ca053ec94e29", "type": "JOURNEY"}
    version = {"id": "d8d8ed6d-696a-40bd-b4fe-ca053ec94e29@1647559351683", "type": "JOURNEY"}
    create(platform, artifacts=[journey])

    answer = update(platform, "New", "ADD", artifacts=[version, journey, version])

    assert answer.status_code == 201
    assert shape(answer.json) == shape(fixture("sandbox_tooling/packages.update-add.response"))
    assert [artifact["id"] for artifact in answer.json["artifactsList"]] == [journey["id"], version["id"]]
    assert answer.json["version"] == 1


def test_removing_takes_out_what_was_named_and_resets_the_expiry(platform):
    artifact = {"id": "1", "type": "JOURNEY"}
    create(platform, artifacts=[artifact, {"id": "2", "type": "JOURNEY"}], expiry="2099-05-20T20:05:10Z")

    answer = update(platform, "New", "DELETE", artifacts=[artifact])

    assert [artifact["id"] for artifact in answer.json["artifactsList"]] == ["2"]
    assert abs(answer.json["expiry"] - answer.json["modifiedDate"] - 90 * DAY_MS) < 1000


def test_empty_artifacts_change_nothing(platform):
    before = update(platform, "Forms draft", "ADD", artifacts=None).json["artifactsList"]

    after = update(platform, "Forms draft", "DELETE", artifacts=[]).json["artifactsList"]

    assert before == after
    assert len(after) == 1


def test_update_changes_name_and_text_and_frees_the_old_name(platform):
    answer = update(platform, "Forms draft", "UPDATE", name="Renamed", description="Other words")
    reused = create(platform, name="Forms draft")

    assert (answer.json["name"], answer.json["description"]) == ("Renamed", "Other words")
    assert reused.status_code == 201


@pytest.mark.parametrize(
    ("name", "action", "members", "said"),
    [
        ("Forms", "ADD", {"artifacts": [{"id": "1", "type": "FLOW"}]}, "is PUBLISHED"),
        ("Forms", "UPDATE", {"name": "Other"}, "is PUBLISHED"),
        ("Development sandbox", "ADD", {}, "PARTIAL"),
        ("Forms draft", "MERGE", {}, "action"),
        ("Forms draft", "UPDATE", {"name": "Forms"}, "already exists"),
    ],
)
def test_update_that_may_not_be_is_refused(platform, name, action, members, said):
    answer = update(platform, name, action, **members)

    assert answer.status_code == 400
    assert said in answer.json["message"]


@pytest.mark.parametrize(("path", "status"), [("/packages", 201), ("/packages/update", 202)])
def test_package_is_made_public_under_either_path(platform, path, status):
    answer = update(platform, "Forms", "UPDATE", path, packageVisibility="PUBLIC")

    assert answer.status_code == status
    assert set(answer.json) == set(fixture("sandbox_tooling/packages.update-visibility.response"))
    assert answer.json["packageVisibility"] == "PUBLIC"


def test_only_published_packages_become_public_and_none_goes_back(platform):
    update(platform, "Forms", "UPDATE", packageVisibility="PUBLIC")

    draft = update(platform, "Forms draft", "UPDATE", packageVisibility="PUBLIC")
    back = update(platform, "Forms", "UPDATE", packageVisibility="PRIVATE")

    assert (draft.status_code, back.status_code) == (400, 400)
    assert platform.package("Forms").visibility == "PUBLIC"


def test_payload_of_a_public_package_names_organization_and_package(platform):
    private = platform.get(f"/packages/payload/{platform.package('Forms').id}")
    update(platform, "Forms", "UPDATE", packageVisibility="PUBLIC")

    public = platform.get(f"/packages/payload/{platform.package('Forms').id}")

    assert private.status_code == 400
    assert public.json == {"imsOrgId": ACME, "packageId": platform.package("Forms").id}


def test_publishing_is_slow_and_ends_with_dates_and_versions(platform):
    submitted = publish(platform, "Forms draft", "?expiryPeriod=10")
    during = platform.get(f"/packages/{platform.package('Forms draft').id}").json
    platform.advance(6)
    after = platform.get(f"/packages/{during['id']}").json

    assert submitted.status_code == 200
    assert shape(submitted.json) == shape(fixture("sandbox_tooling/packages.export.response"))
    assert (during["status"], during["version"], "publishDate" in during) == ("PUBLISH_IN_PROGRESS", 1, False)
    assert (after["status"], after["version"]) == ("PUBLISHED", 2)
    assert abs(after["expiry"] - after["publishDate"] - 10 * DAY_MS) < 1000
    assert platform.job(submitted.json["jobId"])["jobStatus"] == "SUCCESS"


@pytest.mark.parametrize(("name", "query"), [("Forms", ""), ("Forms draft", "?expiryPeriod=-1"), ("Empty", "")])
def test_publishing_is_refused_by_status_period_and_emptiness(platform, name, query):
    create(platform, name="Empty", artifacts=[])

    answer = publish(platform, name, query)

    assert answer.status_code == 400
    assert answer.json["type"] == "ERROR"


def test_package_that_is_being_published_cannot_be_published_again(platform):
    publish(platform, "Forms draft")

    again = publish(platform, "Forms draft")

    assert again.status_code == 400
    assert "PUBLISH_IN_PROGRESS" in again.json["message"]


def test_failed_publish_can_be_tried_again(platform):
    platform.control("faults", method="GET", path="/export", fault="publish_failure")
    job_id = publish(platform, "Forms draft").json["jobId"]
    platform.advance(6)
    failed = platform.package("Forms draft").status

    publish(platform, "Forms draft")
    platform.advance(6)

    assert failed == "PUBLISH_FAILED"
    assert platform.job(job_id)["jobStatus"] == "FAILED"
    assert platform.package("Forms draft").status == "PUBLISHED"


def test_unknown_artifact_fails_the_publish_only_if_the_switch_says_so(platform):
    create(platform, name="Tolerated")
    publish(platform, "Tolerated")
    platform.advance(6)
    platform.control("switches", refuse_unknown_artifacts=True)
    create(platform, name="Refused")
    publish(platform, "Refused")
    platform.advance(6)

    statuses = [platform.package(name).status for name in ("Tolerated", "Refused")]

    assert statuses == ["PUBLISHED", "PUBLISH_FAILED"]


def test_look_up_has_every_documented_member_and_capabilities_on_request(platform):
    package_id = platform.package("Forms").id

    plain = platform.get(f"/packages/{package_id}").json
    capable = platform.get(f"/packages/{package_id}?getCapabilities=true").json

    assert set(fixture("sandbox_tooling/packages.get.response")) <= set(plain)
    assert set(fixture("sandbox_tooling/packages.get-capabilities.response")) <= set(capable)
    assert capable["packageCapabilities"] == {"capabilities": ["VERSIONABLE"]}
    assert "packageCapabilities" not in plain


def test_deleted_package_is_gone(platform):
    package_id = platform.package("Forms").id

    answer = platform.call("DELETE", f"/packages/{package_id}/")

    assert (answer.status_code, answer.json) == (200, {"reason": f"Package {package_id} deleted"})
    assert platform.get(f"/packages/{package_id}").status_code == 404
    assert platform.call("DELETE", f"/packages/{package_id}").status_code == 404


def test_list_has_the_documented_shape_and_pages_by_rows(demo):
    answer = demo.get("/packages?start=30&limit=20").json

    assert set(answer) == set(fixture("sandbox_tooling/packages.list.response"))
    assert answer["totalElements"] == 36
    assert (answer["currentPage"], answer["totalPages"]) == (1, 2)
    assert (answer["hasPreviousPage"], answer["hasNextPage"]) == (True, False)
    assert len(answer["data"]) == 6


def test_filters_are_combined_and_a_comma_means_any_of(demo):
    answer = demo.get(
        "/packages",
        query_string=[
            ("property", "status==DRAFT,PUBLISH_FAILED"),
            ("property", "packageType==PARTIAL"),
            ("property", "name~journey"),
            ("orderby", "name"),
        ],
    ).json

    names = [package["name"] for package in answer["data"]]
    assert names == ["Customer service journey", "Returns journey for production"]


def test_plain_parameters_filter_as_properties_do(demo):
    plain = demo.get("/packages?status=DRAFT").json["totalElements"]
    wanted = demo.get("/packages?property=status%3D%3DDRAFT").json["totalElements"]

    assert plain == wanted == 6


@pytest.mark.parametrize("order", ["-createdDate", "desc:createdDate", "CREATED_DATE:DESC"])
@pytest.mark.parametrize("parameter", ["orderby", "orderBy"])
def test_three_styles_of_order_in_either_spelling_mean_the_same(demo, parameter, order):
    data = demo.get("/packages", query_string={parameter: order, "limit": 50}).json["data"]

    times = [package["createdDate"] for package in data]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    "query",
    [
        "property=colour==red",
        "property=status",
        "property=createdDate>=yesterday",
        "orderby=colour",
        "start=-1",
        "limit=0",
        "limit=many",
    ],
)
def test_query_nobody_understands_is_refused(demo, query):
    answer = demo.get(f"/packages?{query}")

    assert (answer.status_code, answer.json["type"]) == (400, "ERROR")


def test_children_go_one_level_down_and_name_a_mapping_set_by_its_id(demo):
    package = demo.package("Store footfall sources")
    asked = [{"id": artifact.id, "type": artifact.type} for artifact in package.artifacts]

    first = demo.call("POST", f"/packages/{package.id}/children", json=asked)
    flow = first.json[0]
    mapping_set = next(child for child in flow["children"] if child["type"] == "MAPPING_SET")
    leaf = demo.call("POST", f"/packages/{package.id}/children", json=[{"id": "Email", "type": "ID_NAMESPACE"}]).json

    assert first.status_code == 201
    assert shape(first.json) == shape(fixture("sandbox_tooling/packages.children.response"))
    assert mapping_set["title"] == mapping_set["id"]
    assert leaf[0]["children"] == []


def test_children_need_artifacts_and_a_package_beyond_draft(platform):
    asked = [{"id": "1", "type": "FLOW"}]

    draft = platform.call("POST", f"/packages/{platform.package('Forms draft').id}/children", json=asked)
    empty = platform.call("POST", f"/packages/{platform.package('Forms').id}/children", json=[])
    bodiless = platform.call("POST", f"/packages/{platform.package('Forms').id}/children")
    unknown = platform.call("POST", "/packages/00000000000000000000000000000000/children", json=asked)

    assert [one.status_code for one in (draft, empty, bodiless, unknown)] == [400, 400, 400, 404]


def test_object_of_another_sandbox_fails_the_publish_and_is_named(platform):
    stage = next(one for one in platform.org.sandboxes["stage"].objects.values() if one.type == "CATALOG_DATASET")
    create(platform, name="Mixed", artifacts=[{"id": stage.id, "type": stage.type}])
    job_id = publish(platform, "Mixed").json["jobId"]
    platform.advance(6)

    failed = platform.job(job_id)["failedTasks"]

    assert platform.package("Mixed").status == "PUBLISH_FAILED"
    assert "not found in sandbox dev" in failed[0]["artifact"]["messages"][0]["message"]


def test_package_cannot_be_renamed_to_nothing(platform):
    answer = update(platform, "Forms draft", "UPDATE", name="  ")

    assert answer.status_code == 400
    assert platform.package("Forms draft")


@pytest.mark.parametrize("action", ["ADD", "DELETE", "UPDATE"])
def test_expiry_that_is_asked_for_is_honoured_with_every_change(platform, action):
    answer = update(platform, "Forms draft", action, expiry="2099-05-20T20:05:10Z")

    assert (answer.json["expiry"], answer.json["version"]) == (4082990710000, 1)


def test_edges_of_dependencies_are_told_of_objects_in_no_package_yet(platform):
    dataset = next(one for one in platform.package("Forms draft").artifacts)
    body = {"name": "Check", "artifacts": [{"id": dataset.id, "type": dataset.type}]}
    hidden = platform.call("POST", "/tools/artifacts/dependencies", json=body)
    platform.control("switches", list_artifacts=True)

    answer = platform.call("POST", "/tools/artifacts/dependencies", json=body)

    expected = fixture("sandbox_tooling/historic.tools-artifacts-dependencies.response")
    edges = [(edge["from"]["title"], edge["to"] and edge["to"]["title"]) for edge in answer.json["object"]]
    assert hidden.status_code == 404
    assert shape(answer.json) == shape(expected)
    assert edges == [
        ("Form submissions dataset", "Form submissions schema"),
        ("Form submissions schema", "Form submissions"),
        ("Form submissions", None),
    ]
