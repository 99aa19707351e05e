"""Switches, faults and controls of the Journey service."""

import json

import pytest

from emulator.app import ConnectionFaultError, HangFaultError
from tests.integration.emulator.journeys import PLACEHOLDER, Journeys, ready

NAME, TITLE = "Visit thanks", "Visit events"
IMPORT = "*/journeyVersions/import"


@pytest.fixture
def journeys(platform):
    return Journeys(platform)


def switch(journeys, **switches):
    answer = journeys.platform.control("switches", **switches)
    assert answer.status_code == 200, answer.text


def arm(journeys, fault, path=IMPORT, **members):
    answer = journeys.platform.control("faults", fault=fault, path=path, **members)
    assert answer.status_code == 201, answer.text


def names(journeys, sandbox="stage"):
    return [row["name"] for row in journeys.list_all(sandbox).json["results"]]


# Switches


def test_strict_mode_demands_the_sandbox_header(journeys):
    switch(journeys, journey_sandbox_header_required=True)

    answer = journeys.list_all(None)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, 1451)
    assert journeys.list_all("dev").status_code == 200


def test_error_can_be_json_in_a_text(journeys):
    switch(journeys, journey_error_as_text=True)

    error = journeys.bring(journeys.document(NAME)).json["error"]

    assert json.loads(error)["code"] == 1326


def test_export_can_come_in_an_envelope_that_no_import_takes(journeys):
    bare = journeys.document(NAME)
    switch(journeys, journey_export_in_result=True)

    wrapped = journeys.document(NAME)

    assert wrapped == {"result": bare}
    assert journeys.bring({"result": ready_from(journeys, bare)}).json["error"]["code"] == 1326


def ready_from(journeys, document):
    return json.loads(json.dumps(document).replace(PLACEHOLDER, "hush"))


def test_import_can_answer_with_the_uid_alone(journeys):
    switch(journeys, journey_import_bare=True)

    body = journeys.bring(ready(journeys, NAME, TITLE)).json

    assert set(body) == {"uid"}
    assert journeys.export(body["uid"], "stage").status_code == 200


def test_import_can_succeed_without_being_publishable(journeys):
    switch(journeys, journey_import_deployable=False)

    body = journeys.bring(ready(journeys, NAME, TITLE)).json

    assert body["canDeploy"]["validationStatus"] == "error"
    assert names(journeys) == ["Visit thanks_copy"]


def test_description_can_be_stripped(journeys):
    switch(journeys, journey_keep_description=False)

    element = journeys.bring(ready(journeys, NAME, TITLE)).json["createdElement"]

    assert "description" not in element
    assert "description" not in journeys.latest(element["journey"], "stage").json["result"]


def test_first_revision_exports_no_system_objects_and_its_export_can_be_imported(journeys):
    switch(journeys, journey_builtin_revision=1)
    document = journeys.document(NAME)

    answer = journeys.bring(ready(journeys, NAME, TITLE))

    assert [one["name"] for one in document["dataProviders"]] == ["weatherService"]
    assert [one["name"] for one in document["dataEntities"]] == ["currentWeather"]
    assert answer.json["canDeploy"]["validationStatus"] == "ok"
    switch(journeys, journey_builtin_revision=3)
    providers = journeys.export(answer.json["uid"], "stage").json["dataProviders"]
    assert [one["builtIn"] for one in providers] == [True, True, False]


def test_list_can_lack_versions_or_come_under_another_name(journeys):
    switch(journeys, journey_list_versions=False, journey_list_in="journeys")

    answer = journeys.list_all().json

    assert {tuple(row) for row in answer["journeys"]} == {("uid", "name", "metadata")}


def test_list_can_insist_on_pages_or_ignore_what_asks_for_them(journeys):
    second = {"x-vyg-query-page": "1", "x-vyg-query-pagesize": "30"}
    switch(journeys, journey_page_size=2)
    pages = [journeys.list_all().json, journeys.list_all(headers=second).json]
    switch(journeys, journey_list_headers=False)

    ignored = journeys.list_all(headers=second).json

    assert [len(page["results"]) for page in pages] == [2, 1]
    assert pages[1]["pagination"] == {"pageSize": 2, "totalCount": 3}
    assert ignored["results"] == pages[0]["results"]


def test_times_can_be_milliseconds_of_the_epoch(journeys):
    switch(journeys, journey_epoch_times=True)

    assert isinstance(journeys.row(NAME)["metadata"]["createdAt"], int)


def test_organization_may_lack_the_newer_api(journeys):
    switch(journeys, journey_retrieve=False)

    answer = journeys.call("GET", "/ajo/journey")

    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert journeys.list_all().status_code == 200


@pytest.mark.parametrize(
    "wrong", [{"journey_builtin_revision": 2}, {"journey_list_in": "rows"}, {"journey_page_size": "2"}]
)
def test_switch_with_a_value_it_cannot_have_is_refused(journeys, wrong):
    assert journeys.platform.control("switches", **wrong).status_code == 400


# Faults


@pytest.mark.parametrize("fault", ["status", "truncated", "empty", "html", "rate_limit", "token_rejected"])
@pytest.mark.parametrize(("when", "copies"), [("before", 0), ("after", 1)])
def test_import_breaks_before_or_after_it_took_effect(journeys, fault, when, copies):
    document = ready(journeys, NAME, TITLE)
    arm(journeys, fault, when=when)

    journeys.bring(document)

    assert len(journeys.effects()) == copies
    journeys.platform.headers["Authorization"] = f"Bearer {journeys.platform.token()}"
    assert len(names(journeys)) == copies


@pytest.mark.parametrize(("fault", "error"), [("reset", ConnectionFaultError), ("hang", HangFaultError)])
def test_answer_is_lost_and_the_copy_is_there(journeys, fault, error):
    document = ready(journeys, NAME, TITLE)
    arm(journeys, fault, when="after")

    with pytest.raises(error):
        journeys.bring(document)

    assert names(journeys) == ["Visit thanks_copy"]
    assert [effect["name"] for effect in journeys.effects()] == ["Visit thanks_copy"]


@pytest.mark.parametrize("path", ["*/list/journeys", "*/latest", "*/export", "*/ajo/journey"])
def test_reading_calls_break_too(journeys, path):
    row = journeys.row(NAME)
    calls = {
        "*/list/journeys": lambda: journeys.list_all(),
        "*/latest": lambda: journeys.latest(row["uid"]),
        "*/export": lambda: journeys.export(row["lastVersion"]),
        "*/ajo/journey": lambda: journeys.call("GET", "/ajo/journey"),
    }
    arm(journeys, "status", path, status=503)

    answers = [calls[path](), calls[path]()]

    assert [answer.status_code for answer in answers] == [503, 200]


def test_import_may_fail_inside_and_leave_nothing(journeys):
    document = ready(journeys, NAME, TITLE)
    arm(journeys, "job_failure")

    answer = journeys.bring(document)

    assert (answer.status_code, answer.json["error"]["code"]) == (500, 4000)
    assert (names(journeys), journeys.effects()) == ([], [])


def test_import_may_claim_what_it_did_not_do(journeys):
    document = ready(journeys, NAME, TITLE)
    arm(journeys, "hidden_error")

    answer = journeys.bring(document)

    assert answer.json["resStatus"] == "created"
    assert (names(journeys), journeys.effects()) == ([], [])


def test_import_may_not_name_the_copy(journeys):
    document = ready(journeys, NAME, TITLE)
    arm(journeys, "unnamed_job")

    body = journeys.bring(document).json

    assert {"uid", "uri"} & set(body) == set()
    assert {"uid", "_id", "journey"} & set(body["createdElement"]) == set()
    assert names(journeys) == ["Visit thanks_copy"]


def test_copy_may_show_only_later(journeys):
    document = ready(journeys, NAME, TITLE)
    arm(journeys, "unlisted_job", seconds=30)

    element = journeys.bring(document).json["createdElement"]

    hidden = [
        journeys.latest(element["journey"], "stage").status_code,
        journeys.export(element["uid"], "stage").status_code,
    ]
    assert (names(journeys), hidden) == ([], [404, 404])
    journeys.platform.advance(31)
    assert names(journeys) == ["Visit thanks_copy"]


def test_copy_may_have_a_state_that_nobody_documented(journeys):
    document = ready(journeys, NAME, TITLE)
    arm(journeys, "unknown_status", value="hibernating")

    element = journeys.bring(document).json["createdElement"]

    newer = journeys.call("GET", f"/ajo/journey/{element['uid']}", sandbox="stage").json
    assert (
        element["state"] == journeys.row("Visit thanks_copy", "stage")["journeyVersions"][0]["state"] == "hibernating"
    )
    assert newer["status"] == "Unknown"


def test_lists_may_show_unknown_states_and_nulls(journeys):
    arm(journeys, "unknown_status", "*/list/journeys", value="hibernating")
    strange = journeys.list_all().json["results"]
    arm(journeys, "nulls", "*/list/journeys")
    empty = journeys.list_all().json["results"]

    assert {version["state"] for row in strange for version in row["journeyVersions"]} == {"hibernating"}
    assert {row["metadata"]["createdBy"] for row in empty} == {None}


@pytest.mark.parametrize("path", ["*/list/journeys", "*/ajo/journey"])
def test_pages_may_be_empty_or_repeat_a_row(journeys, path):
    def rows():
        answer = journeys.list_all() if path.endswith("journeys") else journeys.call("GET", "/ajo/journey")
        return [row["name"] for row in answer.json["results"]]

    arm(journeys, "empty_page", path)
    empty = rows()
    arm(journeys, "shifted_rows", path)
    shifted = rows()

    assert (empty, shifted[0], len(shifted)) == ([], shifted[1], 4)


# Controls


def test_added_journey_goes_through_export_and_import(journeys):
    added = journeys.platform.control("journeys", organization="Acme", names=["Large"], secrets=3, nodes=8, versions=2)
    (journey,) = added.json["journeys"]
    document = ready_from(journeys, journeys.export(journey["version_uid"]).json)
    document["events"][0]["xdmEntity"]["schemaRef"]["id"] = journeys.schema("Added journey events", "stage")

    answer = journeys.bring(document)

    assert added.status_code == 201
    assert len(document["journey"]["steps"]) == 8
    assert answer.json["canDeploy"] == {"validationStatus": "ok"}
    assert len(journeys.effects()[0]["secrets"]) == 3


def test_added_journey_is_as_large_and_as_deep_as_asked(journeys):
    asked = {"bytes": 2_000_000, "depth": 500}
    added = journeys.platform.control("journeys", organization="Acme", names=["Huge"], **asked).json

    answer = journeys.export(added["journeys"][0]["version_uid"])
    text = answer.get_data(as_text=True)
    imported = journeys.bring(text.replace(PLACEHOLDER, "hush").encode())

    assert 2_000_000 <= len(text) < 2_050_000
    assert depth_of(text) == 500
    assert imported.status_code == 200
    assert len(journeys.effects()[0]["secrets"]) == 2


def depth_of(text):
    """The most brackets open at once; no text of an added journey holds one."""
    depth = most = 0
    for character in text:
        if character in "[{":
            depth += 1
            most = max(most, depth)
        elif character in "]}":
            depth -= 1
    return most


def test_journey_goes_on_to_other_states_and_versions(journeys):
    uid = journeys.row(NAME)["uid"]

    began = journeys.platform.control(f"journeys/{uid}", new_version=True).json
    published = journeys.platform.control(f"journeys/{uid}", state="live").json
    broken = journeys.platform.control(f"journeys/{uid}", is_valid=False).json

    versions = journeys.row(NAME)["journeyVersions"]
    assert (began["version"], began["state"], published["state"]) == ("3.0", "created", "live")
    assert [version["state"] for version in versions] == ["closed", "closed", "live"]
    assert journeys.export(broken["version_uid"]).json["error"]["code"] == 1324


def test_journey_can_be_taken_away(journeys):
    uid = journeys.row(NAME)["uid"]

    answer = journeys.platform.http.delete(f"/__emulator/journeys/{uid}")

    assert answer.status_code == 200
    assert NAME not in names(journeys, "dev")


@pytest.mark.parametrize(
    "body",
    [
        {"organization": "Nobody", "names": ["One"]},
        {"organization": "Acme", "sandbox": "attic", "names": ["One"]},
        {"organization": "Acme", "names": []},
        {"organization": "Acme", "names": [NAME]},
        {"organization": "Acme", "names": ["One"], "state": "asleep"},
        {"organization": "Acme", "names": ["One"], "depth": 5_000},
        {"organization": "Acme", "names": ["One"], "versions": 0},
    ],
)
def test_control_refuses_what_it_cannot_add(journeys, body):
    assert journeys.platform.control("journeys", **body).status_code == 400
    assert journeys.platform.control("journeys/nobody", state="live").status_code == 400


def test_reset_of_a_sandbox_takes_its_journeys(journeys):
    platform = journeys.platform
    path = "/data/foundation/sandbox-management/sandboxes/dev"

    platform.http.put(path, headers=platform.headers, json={"action": "reset"})

    assert names(journeys, "dev") == []
