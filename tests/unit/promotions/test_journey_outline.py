"""What is read from documents of journeys, of whatever shape."""

import json
from typing import Any

import pytest

from promotions.journey_document import LIMIT_BYTES, LIMIT_LEVELS, LIMIT_STEPS
from promotions.journey_outline import Edge, Outline, as_json, flow_order, from_json, in_words, outline_of, reached
from tests.unit.promotions.journey_documents import as_bytes, fixture, journey, step


def outline(document: dict[str, Any]) -> Outline:
    found = outline_of(document)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["journey-latest.response-200.json", "journey-version-export.response-200.json"])
def test_the_latest_version_and_its_export_have_the_same_flow(name: str) -> None:
    found = outline_of(fixture(name))

    assert found is not None
    assert (found.name, found.start) == ("Welcome series", "step-start")
    assert [(node.name, node.kind) for node in found.nodes] == [
        ("Member registered", "start"),
        ("Is EU member", "condition"),
        ("Wait", "timer"),
        ("Notify CRM", "action"),
        ("End", "end"),
    ]
    assert Edge("step-cond", "step-wait", "Path1") in found.edges
    assert Edge("step-wait", "step-action", "") in found.edges


def test_an_export_tells_what_is_used_and_what_of_it_comes_with_the_sandbox() -> None:
    found = outline_of(fixture("journey-version-export.response-200.json"))

    assert found is not None
    assert [(used.type, used.name) for used in found.used if not used.is_system] == [
        ("event", "memberRegistered"),
        ("data source", "weatherService"),
        ("field group", "currentWeather"),
        ("custom action", "notifyCrm"),
        ("custom action", "pingChat"),
    ]
    assert {used.uid for used in found.used if used.is_system} == {
        "acppsDataProvider",
        "acsDataProvider",
        "acppsDataPack",
    }


def test_what_stands_in_a_document_twice_is_used_once_under_the_type_that_is_known() -> None:
    weather = {"uid": "source-1", "name": "weather"}
    fields = {"uid": "group-1", "name": "currentWeather", "provider": weather, "dataPacks": [{**weather, "uid": "p"}]}
    used_in = {"uid": "call-1", "name": "notify", "weatherRef": weather, "calledBy": {"uid": "call-2", "name": "ping"}}
    document = {
        **journey(),
        "customActions": [used_in],
        "callers": [{"uid": "call-2", "name": "ping"}],
        "dataEntities": [fields],
        "dataProviders": [weather],
    }

    found = outline(document)

    assert [(used.type, used.uid) for used in found.used] == [
        ("custom action", "call-1"),
        ("called by", "call-2"),
        ("field group", "group-1"),
        ("data source", "source-1"),
        ("field group", "p"),
    ]


def test_two_objects_of_known_types_are_both_used_though_they_have_one_uid() -> None:
    document = {**journey(), "events": [{"uid": "1", "name": "paid"}], "dataProviders": [{"uid": "1", "name": "shop"}]}

    found = outline(document)

    assert [(used.type, used.name) for used in found.used] == [("event", "paid"), ("data source", "shop")]


def test_the_latest_version_names_what_its_steps_point_at() -> None:
    found = outline_of(fixture("journey-latest.response-200.json"))

    assert found is not None
    assert [(used.type, used.uid[:8] or used.name, used.is_system) for used in found.used] == [
        ("event", "6e9a1d37", False),
        ("data source", "acppsDataProvider", True),
        ("field group", "ProfileFieldGroup", True),
        ("custom action", "e20b9f64", False),
    ]


def test_a_public_journey_is_read_with_its_channels_and_audiences() -> None:
    found = outline_of(fixture("ajo-journey.response-200.json"))

    assert found is not None
    assert [(node.id, node.kind, node.sub_kind) for node in found.nodes] == [
        ("n1", "start", ""),
        ("n2", "action", "email"),
        ("n3", "end", ""),
    ]
    assert [(used.type, used.name) for used in found.used] == [("audience", "New members")]
    assert found.facts["reentrance"] == {"policy": "force", "durationInSecs": 300}


def test_steps_are_found_under_members_that_nobody_told_of() -> None:
    deep = {"payload": [{"thing": {"title": "Found", "flowParts": [step("a", "start", "b"), step("b", "end")]}}]}

    found = outline(deep)

    assert found.name == "Found"
    assert found.edges == (Edge("a", "b", ""),)


def test_steps_with_paths_win_over_the_drawing_of_the_designer() -> None:
    drawn = {"ui": {"nodes": [{"id": "a", "type": "box"}, {"id": "z", "type": "box"}]}}
    document = {"name": "Drawn", **drawn, "inner": {"steps": [step("a", "start", "b"), step("b", "end")]}}

    found = outline(document)

    assert [node.id for node in found.nodes] == ["a", "b"]
    assert found.used == ()


def test_steps_by_id_and_paths_by_name_are_read_too() -> None:
    document = {
        "steps": {
            "a": {"type": "start", "transitions": {"Yes": {"targetNodeId": "b"}, "No": {"target": {"id": "b"}}}},
            "b": {"type": "end", "transitions": {}},
        }
    }

    found = outline(document)

    assert found.edges == (Edge("a", "b", "Yes"), Edge("a", "b", "No"))


def test_a_transition_may_name_any_of_the_ids_of_its_target() -> None:
    found = outline(journey(step("a", "start", "node-7"), step("b", "end", nodeId="node-7")))

    assert found.edges == (Edge("a", "b", ""),)


def test_of_two_steps_with_one_id_both_stay_and_paths_lead_to_the_first() -> None:
    found = outline(
        journey(step("a", "start", "b"), step("b", "timer", "c"), step("b", "message", "c"), step("c", "end"))
    )

    assert [node.id for node in found.nodes] == ["a", "b", "b#2", "c"]
    assert found.edges == (Edge("a", "b", ""), Edge("b", "c", ""), Edge("b#2", "c", ""))


def test_a_path_to_a_missing_step_is_kept_and_one_to_nowhere_is_not() -> None:
    found = outline(journey(step("a", "start", "gone", ("Never", ""))))

    assert found.edges == (Edge("a", "gone", ""),)


def test_a_journey_without_steps_is_one() -> None:
    found = outline({"result": {"name": "New", "journeyVersion": "1.0", "steps": []}})

    assert (found.name, found.nodes, found.start) == ("New", (), "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[]",
        b'"text"',
        b"null",
        b"{}",
        b'{"steps": []}',
        b'{"steps": [1, "two", null]}',
        b'{"nodes": [{"id": "1"}]}',
        b'{"results": [{"uid": "1", "name": "A list"}]}',
        b"\xff\xfe{",
        b"[" * 100_000,
    ],
)
def test_what_is_no_journey_has_no_outline(content: bytes) -> None:
    assert outline_of(content) is None


def test_documents_over_the_limits_have_no_outline() -> None:
    large = as_bytes(journey(step("a", "end"), filling="x" * LIMIT_BYTES))
    deep: dict[str, Any] = {}
    for _ in range(LIMIT_LEVELS):
        deep = {"in": deep}
    many = journey(*[step(f"s{number}", "end") for number in range(LIMIT_STEPS + 1)])

    assert outline_of(large) is None
    assert outline_of(many) is None
    assert outline_of(journey(step("a", "end"), deep=deep)) is None
    assert outline_of(journey(step("a", "end"), deep=deep["in"]["in"])) is not None


def test_five_hundred_steps_are_read() -> None:
    steps = [step(f"s{number}", "timer", f"s{number + 1}") for number in range(499)]

    found = outline(journey(*steps, step("s499", "end")))

    assert (len(found.nodes), len(found.edges)) == (500, 499)
    assert list(flow_order(found).values()) == list(range(500))


def test_an_outline_survives_being_stored() -> None:
    found = outline_of(fixture("journey-version-export.response-200.json"))

    assert found is not None
    assert from_json(json.loads(json.dumps(as_json(found)))) == found


def test_a_secret_that_a_document_should_not_hold_is_not_kept() -> None:
    action = {"uid": "u", "name": "sms", "authentication": {"password": "hunter2-canary"}}

    found = outline(journey(step("a", "end", action={"token": "hunter3-canary"}), customActions=[action]))

    assert "canary" not in json.dumps(as_json(found))


def test_the_flow_is_walked_from_the_start_and_the_rest_comes_last() -> None:
    found = outline(
        journey(step("s", "start", "b"), step("lost", "timer", "b"), step("a", "end"), step("b", "timer", "a", "s"))
    )

    assert sorted(flow_order(found), key=flow_order(found).__getitem__) == ["s", "b", "a", "lost"]
    assert reached(found) == {"s", "b", "a"}


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("elementRef", "element ref"),
        ("xdmEntity", "xdm entity"),
        ("X-Api-Key", "X api key"),
        ("api_key", "api key"),
        ("", ""),
    ],
)
def test_members_are_said_in_words(member: str, words: str) -> None:
    assert in_words(member) == words
