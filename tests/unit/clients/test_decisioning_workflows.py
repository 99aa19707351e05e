"""What is read of a workflow of the Decisioning Migration Service, of which no page shows a whole one."""

import json
from typing import Any

import pytest
from werkzeug import Response

from clients.decisioning import DecisioningClient, Dependencies, Dialect, Segment, Workflow, WorkflowStatus
from clients.errors import ApiContractError, OutcomeUnknownError
from tests.unit.clients.conftest import Platform
from tests.unit.clients.support import fixture
from tests.unit.clients.test_decisioning import (
    ANALYSIS_ID,
    MIGRATION_ID,
    R1,
    R4,
    SANDBOX,
    as_json,
    example,
    started,
)


def read(platform: Platform, decisioning: DecisioningClient, body: Any) -> Workflow:
    platform.answer(f"{R4['migration']}/w", as_json(body))
    return decisioning.get_migration("w")


def result_of(platform: Platform, decisioning: DecisioningClient, result: Any) -> Workflow:
    return read(platform, decisioning, {"id": "w", "status": "Completed", "result": result})


@pytest.mark.parametrize("dialect", Dialect)
def test_the_dependencies_of_an_analysis_are_read(
    dialect: Dialect, platform: Platform, decisioning: DecisioningClient
) -> None:
    platform.answer(f"{R4['analysis']}/{ANALYSIS_ID}", example(f"{dialect}-dependency-completed.response"))

    analysis = decisioning.get_analysis(ANALYSIS_ID)

    assert analysis.dependencies == Dependencies(
        {"_acme.loyalty.tier": ""},
        {"weather.temperature": ""},
        {"ups:1b9f6f6e-2f0a-4f55-a9f0-6a9f1d1f9c11": Segment("", "")},
        "",
    )
    assert (analysis.is_over, analysis.known_status) == (True, WorkflowStatus.COMPLETED)
    assert (analysis.etag, analysis.mappings, analysis.warnings, analysis.errors) == (
        "3a0f-2" if dialect is Dialect.R1 else "",
        (),
        (),
        (),
    )


@pytest.mark.parametrize("dialect", Dialect)
def test_dependencies_go_back_byte_for_byte_as_they_came(
    dialect: Dialect, platform: Platform, decisioning: DecisioningClient, older: DecisioningClient
) -> None:
    client, paths = (decisioning, R4) if dialect is Dialect.R4 else (older, R1)
    keys = ["ups:a/b.c", " é\u0301 ", "Ключ", "🜁\\\"'", "A", "a", "a_", "password", "eyJhbGciOiJIUzI1NiJ9.x.y"]
    said = {
        "profileAttributes": {key: key for key in keys},
        "contextAttributes": {key: f" {key}" for key in keys},
        "segments": {key: {"namespace": key, "id": key} for key in keys},
        "datasetName": " Tränen\u00a0 ",
    }
    platform.answer(f"{paths['analysis']}/w", as_json({"id": "w", "result": said}))
    platform.answer(paths["migration"], as_json({"id": "w"}))
    found = client.get_analysis("w").dependencies
    assert found is not None

    started(client, dependencies=found)

    sent = platform.seen[1].get_data()
    names = said if dialect is Dialect.R4 else fixture("decisioning/r1-dependency-completed.response")["result"]
    assert list(json.loads(sent)["dependency"].values()) == [
        said["profileAttributes"],
        said["contextAttributes"],
        said["segments"]
        if dialect is Dialect.R4
        else {key: {"segmentNamespace": key, "segmentId": key} for key in keys},
        said["datasetName"],
    ]
    assert set(json.loads(sent)["dependency"]) == set(names)
    assert all(key.encode() in sent for key in ("ups:a/b.c", " é\u0301 ", "Ключ", "🜁"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"profileAttributes": {"a": None, "b": "b"}}, Dependencies({"a": "", "b": "b"})),
        ({"result": {"profileAttributeDependency": {}, "profileAttributes": None}}, Dependencies()),
        ({"result": {"segments": None}}, Dependencies()),
        (
            {"result": {"segments": {"s": None, "t": {"segmentId": "i"}}}},
            Dependencies(segments={"s": Segment("", ""), "t": Segment("", "i")}),
        ),
        (
            {"result": {"dependency": {"contextAttributes": ["c"], "segments": ["s"]}}},
            Dependencies(context_attributes={"c": ""}, segments={"s": Segment("", "")}),
        ),
        (
            {"result": {"DatasetName": "D"}, "segments": {"s": "i"}},
            Dependencies(segments={"s": Segment("", "i")}, dataset_name="D"),
        ),
        ({"result": {"mappings": []}}, None),
        ({"result": "profileAttributes"}, None),
    ],
)
def test_dependencies_are_found_in_any_spelling_and_place(
    body: Any, expected: Dependencies | None, platform: Platform, decisioning: DecisioningClient
) -> None:
    assert read(platform, decisioning, {"id": "w", **body}).dependencies == expected


@pytest.mark.parametrize("dialect", Dialect)
def test_each_source_object_is_told_with_all_that_it_became(
    dialect: Dialect, platform: Platform, decisioning: DecisioningClient
) -> None:
    platform.answer(f"{R4['migration']}/{MIGRATION_ID}", example(f"{dialect}-migration-completed.response"))

    migration = decisioning.get_migration(MIGRATION_ID)

    assert [mapping.type for mapping in migration.mappings] == [
        "offer", "offer", "rule", "rankingFormula", "collection", "placement", *["decision"] * 3
    ]  # fmt: skip
    fragment = migration.mappings[1]
    assert (fragment.source_id, fragment.source_name) == ("personalization-offer:11e36d5921bf4757", "Gold card")
    assert (fragment.target_id, fragment.target_name, fragment.target_type) == (
        "c1b0a9f8-e7d6-4c5b-8a49-3827160f5e4d",
        "ExD_Gold card_home hero_0",
        "fragment",
    )
    (warning,) = migration.warnings
    assert warning.object_id == "personalization-offer:11e36d5921bf4758"
    assert warning.text == "Offer content type is neither JSON nor Text; not migrated"
    assert migration.result["datastreamId"] == "1f2e3d4c-5b6a-4798-8a9b-0c1d2e3f4a5b"
    assert migration.dependencies is None


SOURCE = ("offer", "s", "S")
TARGET = ("t", "T", "item")


@pytest.mark.parametrize(
    ("mappings", "expected"),
    [
        ([{"sourceType": "offer", "sourceId": "s", "sourceName": "S", "targetId": "t", "targetName": "T",
           "targetType": "item"}], [(*SOURCE, *TARGET)]),
        ([{"source": {"type": "offer", "id": "s", "name": "S"}, "target": {"id": "t", "name": "T", "type": "item"}}],
         [(*SOURCE, *TARGET)]),
        ({"offer": [{"id": "s", "name": "S", "targets": [{"targetId": "t", "name": "T", "type": "item"}, "123"]}]},
         [(*SOURCE, *TARGET), (*SOURCE, "123", "", "")]),
        ({"s": "t"}, [("", "s", "", "t", "", "")]),
        ([{"source": "s", "target": "t"}, {"objectId": "u", "targets": []}, {}, "odd", None],
         [("", "s", "", "t", "", ""), ("", "u", "", "", "", "")]),
        ([{"sourceId": "s", "inner": {"Mappings": [{"source_id": 7, "target": "t"}]}}],
         [("", "s", "", "", "", ""), ("", "7", "", "t", "", "")]),
    ],
)  # fmt: skip
def test_mappings_are_read_in_any_form(
    mappings: Any, expected: list[tuple[str, ...]], platform: Platform, decisioning: DecisioningClient
) -> None:
    found = result_of(platform, decisioning, {"deep": [{"er": {"mappings": mappings}}]}).mappings

    assert [
        (one.type, one.source_id, one.source_name, one.target_id, one.target_name, one.target_type) for one in found
    ] == expected


def test_a_warning_belongs_to_its_object_wherever_it_stands(platform: Platform, decisioning: DecisioningClient) -> None:
    row = {"sourceId": "s", "sourceName": "S", "targets": [{"id": "t", "warnings": ["Capping left out"]}]}
    listed = [
        "All is draft",
        {"object": {"name": "S"}, "detail": "By name", "warningCode": 7},
        {"odd": {"a": [1]}},
        None,
    ]

    workflow = result_of(platform, decisioning, {"mappings": [row], "parts": {"warnings": listed}})

    assert [(one.text, one.object_id, one.object_name, one.code) for one in workflow.warnings] == [
        ("Capping left out", "s", "S", ""),
        ("All is draft", "", "", ""),
        ("By name", "", "S", "7"),
        ('{"odd": {"a": [1]}}', "", "", ""),
    ]
    assert [one.text for one in workflow.mappings[0].warnings] == ["Capping left out", "By name"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (fixture("decisioning/r4-migration-failed.response"), [
            ("DEPENDENCY_NOT_RESOLVED", "Segment key has no mapping in the target sandbox",
             {"segmentKey": "ups:1b9f6f6e-2f0a-4f55-a9f0-6a9f1d1f9c11"}),
            ("", "Dependency validation failed", None)]),
        ({"errors": ["One", {"errorCode": 9, "title": "Two", "objectId": "o"}, None, [], {}]},
         [("", "One", None), ("9", "Two", {"objectId": "o"})]),
        ({"errors": "One", "result": {"error": "One", "errors": {"E1": ["Two"], "E2": "Three"}}},
         [("", "One", None), ("E1", "Two", None), ("E2", "Three", None)]),
        ({"error": {"message": "One", "details": ["d"]}, "result": {"error": {"code": "C"}}},
         [("", "One", ["d"]), ("C", "", None)]),
        ({"errors": [], "result": None}, []),
        ({"errors": None, "result": "Gone"}, []),
    ],
)  # fmt: skip
def test_the_reasons_of_a_failure_are_read_in_any_form(
    body: Any, expected: list[tuple[str, str, Any]], platform: Platform, decisioning: DecisioningClient
) -> None:
    workflow = read(platform, decisioning, {"id": "w", "status": "Failed", **body})

    assert [(error.code, error.message, error.details) for error in workflow.errors] == expected


def test_secrets_come_back_in_nothing_that_is_kept(platform: Platform, decisioning: DecisioningClient) -> None:
    secret = "p8e-known-client-secret"
    body = {
        "id": "w",
        "_links": {"self": f"/workflows/{secret}"},
        "result": {"token": "abc", "warnings": [secret, {"message": f"for {secret}", "code": 1}]},
        "errors": [secret, {"message": secret, "details": {"sent": secret}}],
    }

    workflow = read(platform, decisioning, body)

    shown = (workflow.self_link, workflow.result, workflow.warnings, workflow.errors, workflow.raw)
    assert secret not in repr(shown)
    assert workflow.raw["result"]["token"] == "[redacted]"


@pytest.mark.parametrize(
    ("status", "is_over", "known"),
    [
        ("New", False, WorkflowStatus.NEW),
        ("RUNNING", False, WorkflowStatus.RUNNING),
        ("completed", True, WorkflowStatus.COMPLETED),
        ("FAILED ", True, WorkflowStatus.FAILED),
        ("Cancelled", True, WorkflowStatus.CANCELLED),
        ("Paused", False, None),
        ("", False, None),
    ],
)
def test_a_status_that_is_not_known_is_kept_and_taken_for_work_that_goes_on(
    status: str, is_over: bool, known: WorkflowStatus | None, platform: Platform, decisioning: DecisioningClient
) -> None:
    workflow = read(platform, decisioning, {"id": "w", "status": status})

    assert (workflow.status, workflow.is_over, workflow.known_status) == (status, is_over, known)


@pytest.mark.parametrize(
    "body",
    [
        {"workflowId": " w "},
        [{"ID": "w"}],
        {"workflow": {"id": "w"}},
        {"ID": None, "id": "w"},
        {"id": None, "workflow_id": "w"},
    ],
)
def test_the_id_is_found_in_any_spelling(body: Any, platform: Platform, decisioning: DecisioningClient) -> None:
    assert read(platform, decisioning, body).id == "w"


@pytest.mark.parametrize("link", ["/workflows/x", {"href": "/workflows/x"}, [{"href": "/workflows/x"}]])
def test_the_link_is_read_as_text_or_object(link: Any, platform: Platform, decisioning: DecisioningClient) -> None:
    assert read(platform, decisioning, {"id": "w", "_links": {"self": link}}).self_link == "/workflows/x"


@pytest.mark.parametrize("body", ["", "<html></html>", "[]", "7", '{"status": "New", "_links": {"self": "/x/w"}}'])
def test_an_answer_without_an_id_cannot_be_read(body: str, platform: Platform, decisioning: DecisioningClient) -> None:
    for path in (*R4.values(), f"{R4['analysis']}/w"):
        platform.answer(path, Response(body, status=201))

    with pytest.raises(OutcomeUnknownError):
        decisioning.analyse(source="dev-eu", target="prod", scope=SANDBOX)
    with pytest.raises(OutcomeUnknownError):
        started(decisioning)
    with pytest.raises(OutcomeUnknownError):
        decisioning.roll_back(MIGRATION_ID)
    with pytest.raises(ApiContractError):
        decisioning.get_analysis("w")

    assert len(platform.seen) == 4


def test_a_deep_and_long_result_is_read(platform: Platform, decisioning: DecisioningClient) -> None:
    deep = '{"a": ' * 600 + "1" + "}" * 600
    rows = ", ".join(f'{{"sourceId": "s{number}", "target": "t"}}' for number in range(3000))
    body = f'{{"id": "w", "errors": [{deep}], "result": {{"d": {deep}, "mappings": [{rows}], "warnings": [{deep}]}}}}'
    platform.answer(f"{R4['migration']}/w", Response(body))

    workflow = decisioning.get_migration("w")

    assert [workflow.mappings[0].source_id, workflow.mappings[-1].source_id] == ["s0", "s2999"]
    (warning,), (error,) = workflow.warnings, workflow.errors
    assert warning.text.count('{"a": ') == 600
    assert error.message.count('{"a": ') == 598
