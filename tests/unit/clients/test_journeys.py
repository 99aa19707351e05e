"""Every call of the journey APIs against example bodies: what is sent, and what is read."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug import Request, Response

from clients.errors import ApiContractError, ApiNotFoundError, OutcomeUnknownError
from clients.journeys import ImportedVersion, JourneysClient, RemoteJourney, RetrieveJourneysClient
from clients.transport import Connection
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import AUTHORING, ORG, fixture, fixture_bytes

LIST = f"{AUTHORING}/list/journeys"
LATEST = f"{AUTHORING}/journeys/j/latest"
IMPORT = f"{AUTHORING}/journeyVersions/import"
RETRIEVE = "/ajo/journey"
CREATED_AT = datetime(2024, 3, 4, 9, 12, 30, 118204, UTC)
MODIFIED_AT = datetime(2024, 3, 5, 14, 40, 2, 553871, UTC)
DEPLOYED_AT = datetime(2024, 3, 6, 7, 0, 0, 417, UTC)


def example(name: str, **answer: Any) -> Response:
    return Response(fixture_bytes(f"journeys/{name}"), content_type="application/json", **answer)


def as_json(body: Any, **answer: Any) -> Response:
    return Response(json.dumps(body), content_type="application/json", **answer)


def listed(platform: Platform, journeys: JourneysClient, body: Any) -> tuple[RemoteJourney, ...]:
    platform.answer(LIST, as_json(body))
    return journeys.list_journeys().items


def imported(platform: Platform, journeys: JourneysClient, body: Any, **options: Any) -> ImportedVersion:
    platform.answer(IMPORT, as_json(body))
    return journeys.import_version(b"{}", **options)


def test_journeys_are_listed_with_their_versions(platform: Platform, journeys: JourneysClient) -> None:
    platform.answer(LIST, example("list-journeys.response-200"))

    found = journeys.list_journeys()

    assert (len(found.items), found.is_complete, found.total) == (2, True, 2)
    welcome = found.items[0]
    assert (welcome.uid, welcome.name, welcome.state) == (
        "3f2b6c1e-9a47-4d55-8c0e-5a7d21f0b9e4",
        "Welcome series",
        "live",
    )
    assert (welcome.latest_version_uid, welcome.latest_version) == ("d41f5e90-7c33-4b8a-a2f6-91e0c84d7b15", "2.0")
    assert [(version.version, version.state) for version in welcome.versions] == [("1.0", "closed"), ("2.0", "live")]
    assert (welcome.created_at, welcome.modified_at) == (CREATED_AT, MODIFIED_AT)
    assert (welcome.created_by, welcome.modified_by) == ("Service account A", "Service account A")
    assert welcome.versions[1].modified_at == MODIFIED_AT
    assert welcome.raw["lastVersion"] == welcome.latest_version_uid


def test_every_call_names_organization_and_sandbox(platform: Platform, journeys: JourneysClient) -> None:
    platform.answer(LIST, example("list-journeys.response-200"))

    journeys.list_journeys()

    (request,) = platform.seen
    assert (request.method, request.get_json()) == ("POST", {})
    assert request.headers["Authorization"] == "Bearer platform-token-1"
    assert request.headers["x-gw-ims-org-id"] == ORG
    assert request.headers["x-api-key"] == "key-of-test"
    assert request.headers["x-sandbox-name"] == "dev"
    assert not [name for name, _ in request.headers if name.lower().startswith("x-vyg")]


@pytest.mark.parametrize("path", ["/authoring", "//authoring/", "/journey//orchestration", ""])
def test_the_service_may_lie_at_any_path(path: str, platform: Platform, connect: Callable[..., Connection]) -> None:
    expected = "/".join(part for part in path.split("/") if part)
    platform.answer(f"/{expected}/list/journeys".replace("//", "/"), example("list-journeys.response-200"))

    found = JourneysClient(connect(platform.url, path=path), sandbox="dev").list_journeys()

    assert len(found.items) == 2


@pytest.mark.parametrize("status", [400, 415, 500])
def test_the_list_is_asked_for_without_a_body_if_one_is_refused(
    status: int, platform: Platform, journeys: JourneysClient
) -> None:
    refusal = as_json({"status": status, "error": {"code": 1451, "message": "No body here"}}, status=status)
    platform.answer(LIST, refusal, example("list-journeys.response-200"))

    found = journeys.list_journeys()

    assert len(found.items) == 2
    bare = platform.seen[1]
    assert (bare.get_data(), bare.headers.get("Content-Type"), bare.headers["Content-Length"]) == (b"", None, "0")


def test_the_newest_version_is_read(platform: Platform, journeys: JourneysClient) -> None:
    platform.answer(LATEST, example("journey-latest.response-200"))

    latest = journeys.latest("j")

    assert (latest.uid, latest.journey_uid) == (
        "d41f5e90-7c33-4b8a-a2f6-91e0c84d7b15",
        "3f2b6c1e-9a47-4d55-8c0e-5a7d21f0b9e4",
    )
    assert (latest.version, latest.name, latest.state, latest.review_state) == ("2.0", "Welcome series", "live", "")
    assert latest.description == "Greets a new member and follows up after two days"
    assert (latest.created_at, latest.modified_at, latest.deployed_at) == (CREATED_AT, MODIFIED_AT, DEPLOYED_AT)
    assert (latest.errors, latest.warnings) == ((), ())
    assert len(latest.raw["steps"]) == len(fixture("journeys/journey-latest.response-200")["result"]["steps"])


def test_a_version_that_was_never_published_has_no_such_time(platform: Platform, journeys: JourneysClient) -> None:
    platform.answer(LATEST, example("journey-latest.response-200-draft"))

    latest = journeys.latest("j")

    assert (latest.state, latest.deployed_at) == ("updated", None)


@pytest.mark.parametrize(
    "body",
    [
        {"uid": "v"},
        {"result": {"uid": "v"}},
        {"data": {"result": {"uid": "v"}}},
        [{"uid": "v"}],
        {"result": [{"_id": "v"}]},
        {"result": {"_id": "v_dev-1", "sandboxId": "dev-1"}},
    ],
)
def test_the_newest_version_is_found_in_any_envelope(body: Any, platform: Platform, journeys: JourneysClient) -> None:
    platform.answer(LATEST, as_json(body))

    assert journeys.latest("j").uid == "v"


@pytest.mark.parametrize("body", ["", "<html></html>", "{}", "[]", "7", '{"result": {"name": "n"}}'])
def test_a_newest_version_without_a_uid_breaks_the_contract(
    body: str, platform: Platform, journeys: JourneysClient
) -> None:
    platform.answer(LATEST, Response(body))

    with pytest.raises(ApiContractError):
        journeys.latest("j")


def test_what_the_designer_says_against_a_version_is_told(platform: Platform, journeys: JourneysClient) -> None:
    verdict = {
        "validationStatus": "error",
        "errors": [{"errorCode": "ERR_1", "error": "No  such\nschema"}, "Odd", {"errorCode": 7}, None, {}],
        "warnings": [{"warningCode": "W", "warning": "Slow", "scope": "step"}],
    }
    platform.answer(LATEST, as_json({"result": {"uid": "v", "canDeploy": verdict}}))

    latest = journeys.latest("j")

    assert latest.errors == ("ERR_1: No such schema", "Odd", "7")
    assert latest.warnings == ("W: Slow",)


def test_an_import_sends_the_bytes_of_the_document_once(platform: Platform, journeys: JourneysClient) -> None:
    document = fixture_bytes("journeys/journey-version-import.request-ready")
    platform.answer(IMPORT, example("journey-version-import.response-200"))

    made = journeys.import_version(document)

    (request,) = platform.seen
    assert (request.method, request.get_data()) == ("POST", document)
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["x-sandbox-name"] == "dev"
    assert (made.version_uid, made.journey_uid) == (
        "c90e7b45-3d12-4fa6-86b8-e5d1a27f4093",
        "2d86f1c3-b07e-4a95-9c4f-83a1e6b0d752",
    )
    assert (made.name, made.state) == ("Welcome series_copy", "created")
    assert made.uri == "/voyager/apis/journeyVersions/c90e7b45-3d12-4fa6-86b8-e5d1a27f4093"
    assert (made.validation, made.errors, made.warnings) == ("ok", (), ())
    assert made.created["journeyVersion"] == "1.0"


def test_a_draft_that_cannot_be_published_says_why(platform: Platform, journeys: JourneysClient) -> None:
    platform.answer(IMPORT, example("journey-version-import.response-200-not-deployable"))

    made = journeys.import_version(b"{}")

    assert made.validation == "error"
    assert made.errors == ("ERR_EVENT_XDM: The XDM schema is unknown in this sandbox",)


@pytest.mark.parametrize(
    ("body", "validation", "errors"),
    [
        ({"canDeploy": {"validationStatus": "error", "reason": "1 error"}}, "error", ("1 error",)),
        ({"canDeploy": {"validationStatus": "OK"}}, "ok", ()),
        ({"canDeploy": False}, "error", ("The designer reports an error and does not say which.",)),
        ({"canDeploy": {"validationStatus": "ok", "errors": [{"error": "No"}]}}, "error", ("No",)),
        ({"createdElement": {"uid": "v", "errors": ["No"]}}, "error", ("No",)),
        ({"canDeploy": {"validationStatus": "thinking"}}, "", ()),
        ({}, "", ()),
    ],
)
def test_what_is_said_of_publication_is_read(
    body: Any, validation: str, errors: tuple[str, ...], platform: Platform, journeys: JourneysClient
) -> None:
    made = imported(platform, journeys, {"uid": "v", **body})

    assert (made.validation, made.errors) == (validation, errors)


@pytest.mark.parametrize(
    "body",
    [
        {"uid": "v"},
        {"createdElement": {"uid": "v"}},
        {"createdElement": {"_id": "v"}},
        {"result": {"uid": "v"}},
        {"result": {"createdElement": {"uid": "v"}, "resStatus": "created"}},
        [{"uid": "v"}],
        {"uid": "j", "createdElement": {"uid": "v", "journey": "j"}},
        {"resStatus": "created", "uri": "/voyager/apis/journeyVersions/v/"},
        {"journey": {"uid": "j"}, "journeyVersionUid": "v"},
    ],
)
def test_the_new_version_is_found_wherever_it_is_named(body: Any, platform: Platform, journeys: JourneysClient) -> None:
    assert imported(platform, journeys, body).version_uid == "v"


@pytest.mark.parametrize(
    "body", ["", "<html></html>", "{}", "[]", "7", '{"createdElement": {"name": "n"}}', "[" * 9000]
)
def test_a_receipt_without_the_new_version_leaves_the_outcome_unknown(
    body: str, platform: Platform, journeys: JourneysClient
) -> None:
    platform.answer(IMPORT, Response(body))

    with pytest.raises(OutcomeUnknownError):
        journeys.import_version(b"{}")

    assert len(platform.seen) == 1


def test_secrets_that_were_sent_come_back_in_nothing(platform: Platform, journeys: JourneysClient) -> None:
    secrets = ["long-enough-1", 'p"q', "été\\7", "ab"]
    echo = {
        "uid": "v",
        "createdElement": {"uid": "v", "headers": [{"name": "api", "value": "Bearer long-enough-1"}], "pin": "ab"},
        "note": json.dumps({"value": 'p"q', "other": "été\\7"}),
        "canDeploy": {"errors": [{"error": 'ab and p"q do not fit'}]},
    }

    made = imported(platform, journeys, echo, secrets=secrets)

    shown = repr((made.errors, made.created, made.raw, json.dumps(made.raw)))
    assert "long-enough-1" not in shown
    assert 'p"q' not in json.loads(made.raw["note"])["value"]
    assert "7" not in json.loads(made.raw["note"])["other"]
    assert made.created["pin"] == "[redacted]"
    assert made.errors == ("[redacted] and [redacted] do not fit",)
    assert made.version_uid == "v"


def test_a_long_receipt_is_kept_without_its_long_parts(platform: Platform, journeys: JourneysClient) -> None:
    steps = [{"uid": str(number), "text": "]} [{" * 20} for number in range(1000)]
    created = {"uid": "v", "steps": steps, "name": "n", "tags": ["a", {"b": []}]}

    made = imported(platform, journeys, {"createdElement": created, "canDeploy": {"errors": ["No"]}})

    assert made.created == {"uid": "v", "steps": [], "name": "n", "tags": ["a", {"b": []}]}
    assert made.errors == ("No",)


@pytest.mark.parametrize("levels", [90, 500, 5000])
def test_a_deep_receipt_is_read(levels: int, platform: Platform, journeys: JourneysClient) -> None:
    deep = '{"a": ' * levels + r'"\u0000\ud83d"' + "}" * levels
    platform.answer(IMPORT, Response(f'{{"createdElement": {{"steps": {deep}, "uid": "v"}}}}'))

    made = journeys.import_version(b"{}")

    assert made.version_uid == "v"
    assert bool(made.created["steps"]) is (levels < 100)


@pytest.mark.parametrize("levels", [300, 600])
def test_a_deep_version_is_read(levels: int, platform: Platform, journeys: JourneysClient) -> None:
    deep = '{"a": ' * levels + r'"\u0000\ud83d"' + "}" * levels
    platform.answer(LATEST, Response(f'{{"result": {{"uid": "v", "steps": {deep}}}}}'))

    inner = journeys.latest("j").raw["steps"]

    for _ in range(levels):
        inner = inner["a"]
    assert inner == "?"


def test_the_newer_api_lists_versions(platform: Platform, retrieving: RetrieveJourneysClient) -> None:
    platform.answer(RETRIEVE, example("ajo-journey-list.response-200"))

    found = retrieving.list_journeys()

    assert (len(found.items), found.is_complete, found.total) == (2, True, None)
    welcome = found.items[0]
    assert (welcome.uid, welcome.latest_version_uid) == ("d41f5e90-7c33-4b8a-a2f6-91e0c84d7b15", welcome.uid)
    assert (welcome.name, welcome.state, welcome.latest_version) == ("Welcome series", "Deployed", "2.0")
    assert (welcome.created_at, welcome.modified_at) == (CREATED_AT, MODIFIED_AT)
    (request,) = platform.seen
    assert dict(request.args) == {"page": "0", "pageSize": "100"}
    assert request.headers["x-sandbox-name"] == "dev"


def test_an_empty_list_of_the_newer_api_is_whole(platform: Platform, retrieving: RetrieveJourneysClient) -> None:
    platform.answer(RETRIEVE, example("ajo-journey-list.response-200-with-pagination"))

    found = retrieving.list_journeys()

    assert (found.items, found.is_complete, found.total) == ((), True, 0)


def test_the_newer_api_describes_a_version(platform: Platform, retrieving: RetrieveJourneysClient) -> None:
    platform.answer(f"{RETRIEVE}/v", example("ajo-journey.response-200"))

    detail = retrieving.get("v")

    assert (detail.uid, detail.name, detail.version) == (
        "d41f5e90-7c33-4b8a-a2f6-91e0c84d7b15",
        "Welcome series",
        "2.0",
    )
    assert (detail.type, detail.state, detail.deployed_at) == ("read_audience", "Deployed", DEPLOYED_AT)
    assert [node["id"] for node in detail.raw["nodes"]] == ["n1", "n2", "n3"]


def test_a_version_unknown_to_the_newer_api_is_not_found(
    platform: Platform, retrieving: RetrieveJourneysClient
) -> None:
    platform.answer(f"{RETRIEVE}/v", example("ajo-error-404", status=404))

    with pytest.raises(ApiNotFoundError, match="Journey not found"):
        retrieving.get("v")


@pytest.mark.parametrize("uid", ["", "..", "."])
def test_an_id_that_would_climb_the_path_is_refused(uid: str, journeys: JourneysClient) -> None:
    with pytest.raises(ValueError, match="remote id"):
        journeys.export(uid)


def test_a_uid_is_escaped_in_the_path(platform: Platform, journeys: JourneysClient) -> None:
    seen: list[str] = []

    def handle(request: Request) -> Response:
        seen.append(request.environ["RAW_URI"])
        return as_json({"uid": "v"})

    platform.decide(f"{AUTHORING}/journeys/a/b/latest", handle)

    journeys.latest("a/b")

    assert seen == [f"{AUTHORING}/journeys/a%2Fb/latest"]


@pytest.mark.parametrize("sandbox", ["", " dev", "dé", "a\nb"])
def test_a_sandbox_that_cannot_be_named_in_a_header_is_refused(sandbox: str, bare: Callable[..., Connection]) -> None:
    with pytest.raises(ValueError, match="sandbox name"):
        JourneysClient(bare("https://journey.example"), sandbox=sandbox)
