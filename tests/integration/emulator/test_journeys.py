"""Listing, reading and exporting journeys, and the newer API that only reads."""

import base64
import json

import pytest

from tests.integration.emulator.journeys import PLACEHOLDER, Journeys

RETRIEVE = "/ajo/journey"


@pytest.fixture
def journeys(platform):
    return Journeys(platform)


def encoded(value):
    return base64.b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize("prefix", ["/authoring", "/journey/orchestration", "/authoring/", "/journey//orchestration"])
def test_routes_answer_under_both_prefixes_and_with_doubled_slashes(platform, prefix):
    journeys = Journeys(platform, prefix)

    row = journeys.row("Visit thanks")

    assert journeys.latest(row["uid"]).json["result"]["uid"] == row["lastVersion"]
    assert journeys.export(row["lastVersion"]).json["journey"]["name"] == "Visit thanks"


@pytest.mark.parametrize(
    "options",
    [{}, {"data": b""}, {"json": {}}, {"json": {"unknown": [1]}}, {"data": b"{", "content_type": "text/plain"}],
)
def test_list_takes_any_body(journeys, options):
    answer = journeys.list_all(**options)

    assert answer.status_code == 200
    assert [row["name"] for row in answer.json["results"]] == ["Visit thanks", "Audience greeting", "Unfinished survey"]
    assert answer.json["pagination"] == {"pageSize": 30, "totalCount": 3}


def test_row_of_the_list_names_its_versions_with_their_states(journeys):
    row = journeys.row("Visit thanks")

    versions = row["journeyVersions"]
    assert [(one["journeyVersion"], one["state"]) for one in versions] == [("1.0", "closed"), ("2.0", "live")]
    assert {one["journey"] for one in versions} == {row["uid"]}
    assert row["lastVersion"] == versions[1]["uid"]
    assert row["metadata"]["createdAt"] == versions[0]["metadata"]["createdAt"]
    assert row["metadata"]["lastModifiedAt"] == versions[1]["metadata"]["lastModifiedAt"]


def test_headers_of_the_product_pages_select_sort_and_page(journeys):
    leaf = {
        "function": "contain",
        "args": [{"type": "field", "name": "name"}, {"type": "constant", "value": "i"}, True],
    }
    answer = journeys.list_all(
        headers={
            "x-vyg-query-fields": encoded([["uid"], ["name"]]),
            "x-vyg-query-page": "1",
            "x-vyg-query-pagesize": "2",
            "x-vyg-query-sorts": encoded([{"direction": "descending", "fields": ["name"]}]),
            "x-vyg-query-filters": encoded({"function": "or", "type": "function", "args": [leaf]}),
        }
    )

    assert [row["name"] for row in answer.json["results"]] == ["Audience greeting"]
    assert set(answer.json["results"][0]) == {"uid", "name"}
    assert answer.json["pagination"] == {"pageSize": 2, "totalCount": 3}


@pytest.mark.parametrize("value", ["", "%%%", encoded(5), encoded([5]), encoded({"function": "or"}), encoded("text")])
def test_headers_that_make_no_sense_are_ignored(journeys, value):
    names = ("fields", "page", "pagesize", "sorts", "filters")

    answer = journeys.list_all(headers={f"x-vyg-query-{name}": value for name in names})

    assert answer.status_code == 200
    assert len(answer.json["results"]) == 3


def test_sandbox_is_production_if_the_header_says_nothing(journeys):
    answer = journeys.list_all(None)

    assert (answer.status_code, answer.json["results"]) == (200, [])


def test_unknown_sandbox_is_an_internal_error(journeys):
    answer = journeys.list_all("Dev")

    assert answer.status_code == 500
    assert (answer.json["error"]["code"], answer.json["error"]["family"]) == (4000, "INTERNAL_ERROR")


def test_token_and_organization_are_checked_first(journeys):
    assert journeys.list_all(headers={"Authorization": None}).status_code == 403
    assert journeys.list_all(headers={"Authorization": "Bearer no"}).json["error_code"] == "401013"
    assert journeys.list_all(headers={"x-gw-ims-org-id": None}).json["error_code"] == "400003"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/authoring/nothing"), ("GET", "/ajo"), ("POST", "/ajo/journey/")]
)
def test_unknown_route_is_a_page_of_the_gateway(journeys, method, path):
    answer = journeys.call(method, path)

    assert answer.status_code in (404, 405)
    assert answer.mimetype == "text/html"


def test_unknown_uid_is_a_json_404(journeys):
    row = journeys.row("Visit thanks")

    answers = [
        journeys.latest(row["lastVersion"]),
        journeys.export(row["uid"]),
        journeys.export(row["lastVersion"], "prod"),
    ]

    assert [(answer.status_code, answer.json["error"]["family"]) for answer in answers] == [
        (404, "INPUT_OUTPUT_ERROR")
    ] * 3


def test_export_carries_everything_with_placeholders_for_secrets(journeys):
    document = journeys.document("Visit thanks")

    names = {group: [thing["name"] for thing in document[group]] for group in document if group != "journey"}
    assert names == {
        "events": ["visitMade"],
        "dataProviders": ["Experience Platform", "Adobe Campaign Standard Data Provider", "weatherService"],
        "dataEntities": ["ProfileFieldGroup", "currentWeather"],
        "customActions": ["notifyCrm"],
    }
    assert document["customActions"][0]["authentication"]["password"] == PLACEHOLDER
    assert document["dataProviders"][0]["builtIn"] is True
    assert document["dataProviders"][0]["authentication"]["token"] == PLACEHOLDER


def test_earlier_version_can_be_exported_too(journeys):
    first = journeys.row("Visit thanks")["journeyVersions"][0]

    document = journeys.export(first["uid"]).json

    assert (document["journey"]["journeyVersion"], len(document["journey"]["steps"])) == ("1.0", 4)


def test_invalid_version_is_not_exported(journeys):
    row = journeys.row("Unfinished survey")

    answer = journeys.export(row["lastVersion"])

    assert (answer.status_code, answer.json["error"]["code"]) == (500, 1324)
    assert answer.json["error"]["message"] == f"can't export journey version: {row['lastVersion']}"
    assert journeys.latest(row["uid"]).json["result"]["canDeploy"]["validationStatus"] == "error"


def test_newer_list_pages_filters_and_sorts_in_its_own_words(journeys):
    everything = journeys.call("GET", RETRIEVE).json
    page = journeys.call("GET", f"{RETRIEVE}?pageSize=2&page=1&sort=name%3Ddesc").json
    live = journeys.call("GET", f"{RETRIEVE}?filter=status%3Ddraft%2Clive%26version%3E1.0").json
    short = journeys.call("GET", f"{RETRIEVE}?fields=id,createdBy").json

    assert [row["status"] for row in everything["results"]] == ["Redeployed", "Draft", "Draft"]
    assert {key: everything[key] for key in ("page", "limit", "pages")} == {"page": 0, "limit": 100, "pages": 1}
    assert ([row["name"] for row in page["results"]], page["pages"]) == (["Audience greeting"], 2)
    assert [row["name"] for row in live["results"]] == ["Visit thanks"]
    assert {tuple(row) for row in short["results"]} == {("id",)}


def test_newer_detail_is_of_a_version_and_has_its_nodes(journeys):
    row = journeys.row("Visit thanks")

    body = journeys.call("GET", f"{RETRIEVE}/{row['lastVersion']}?include=campaigns").json

    nodes = {node["id"]: node for node in body["nodes"]}
    assert (body["id"], body["startNodeId"], len(nodes)) == (row["lastVersion"], "n-start", 5)
    assert [one["targetNodeId"] for one in nodes["n-dry"]["transitions"]] == ["n-email", "n-end"]
    assert nodes["n-email"]["channel"] == {"id": "email", "type": "email"}


@pytest.mark.parametrize(
    ("path", "sandbox", "status"),
    [
        ("?pageSize=0", "dev", 400),
        ("?pageSize=101", "dev", 400),
        ("?page=x", "dev", 400),
        ("?sort=name", "dev", 400),
        ("?filter=status", "dev", 400),
        ("", None, 400),
        ("/nobody", "dev", 404),
        ("/nobody?include=everything", "dev", 400),
    ],
)
def test_newer_api_refuses_in_its_own_shape(journeys, path, sandbox, status):
    answer = journeys.call("GET", f"{RETRIEVE}{path}", sandbox=sandbox)

    assert answer.status_code == status
    assert set(answer.json) == {"reason", "message"}
