"""What a migration makes, what it refuses, and what a rollback leaves."""

import pytest

from emulator.decisioning_make import ITEM_SCHEMA
from tests.integration.emulator.decisioning import R1, Decisioning
from tests.integration.emulator.platform import fixture, shape


@pytest.fixture
def service(platform):
    return Decisioning(platform)


MADE = {
    "ExDMigration_Sale_stage": "unifiedTag",
    "ExD_visit_page_one": "channelConfiguration",
    "ExD_Regulars": "decisioningRule",
    "ExD_Best first": "rankingFormula",
    "ExD_Coffee voucher": "offerItem",
    "ExD_Coffee voucher_visit.page one_0": "fragment",
    "ExD_Cake voucher": "offerItem",
    "ExD_Cake voucher_visit.page one_0": "fragment",
    "ExD_Nothing today": "offerItem",
    "ExD_Nothing today_visit.page one_0": "fragment",
    ITEM_SCHEMA: "offerItemSchema",
    "ExD_Vouchers_visit.page one": "itemCollection",
    "ExD_Visit offers_selection_strategy_0": "selectionStrategy",
    "ExD_Visit offers_visit.page one": "decisionPolicy",
    "Campaign for Visit offers : visit.page one": "campaign",
}


def test_migration_makes_drafts_under_the_documented_names(service):
    body = service.done("migration", service.migrate(createDataStream=True))

    sample = fixture("decisioning/r4-migration-completed.response")
    shown = service.shown("stage")
    targets = [one for row in body["result"]["mappings"] for one in row["targets"]]
    assert body["status"] == "Completed"
    assert shape(body) == shape(sample)
    assert service.made() == MADE
    assert {one["name"]: one["type"] for one in targets} == MADE
    assert {one["id"] for one in targets} == {one["id"] for one in shown["decisioning"]}
    assert {one["status"] for one in shown["decisioning"]} == {"Draft"}
    assert body["result"]["warnings"] == [
        {"sourceId": service.id_of("Poster"), "message": sample["result"]["warnings"][0]["message"]}
    ]
    assert body["result"]["datastreamId"] in {one["id"] for one in shown["datastreams"]}
    assert len(shown["datastreams"]) == 2


def test_objects_use_what_their_needs_are_mapped_to(service):
    service.done("migration", service.migrate())

    shown = service.shown("stage")
    objects = {one["name"]: one for one in shown["decisioning"]}
    (segment,) = shown["segments"]
    names = {one["id"]: name for name, one in objects.items()}
    assert objects["ExD_Regulars"]["details"] == {
        "isApiOnly": False,
        "profileAttributes": ["_acmestage.tier"],
        "segments": [segment],
    }
    assert shown["datasets"][0]["custom_context_attributes"] == ["_mapped.cart.total"]
    assert objects[ITEM_SCHEMA]["details"] == {"offer_item_custom_attributes": ["flavour"]}
    assert [names[one] for one in objects["ExD_Visit offers_selection_strategy_0"]["uses"]] == [
        "ExD_Vouchers_visit.page one",
        "ExD_Regulars",
        "ExD_Best first",
    ]


def test_offer_level_brings_the_offer_with_its_rule_tags_and_fragments(service):
    offers = [service.id_of("Coffee voucher"), service.id_of("Poster")]

    body = service.done("migration", service.migrate("offer", offersList=offers))

    assert [row["sourceType"] for row in body["result"]["mappings"]] == ["collectionQualifier", "rule", "offer"]
    assert [one["sourceId"] for one in body["result"]["warnings"]] == [service.id_of("Poster")]


def test_migration_back_to_its_own_sandbox_needs_no_mapping(service):
    body = service.done(
        "migration",
        service.migrate(
            target="dev", dependency={"datasetName": "Decisioning events", "contextAttributes": {"cart.total": "total"}}
        ),
    )

    assert body["status"] == "Completed"
    assert "ExDMigration_Sale_dev" in service.made("dev")


def test_repeated_migration_numbers_the_names_and_warns_of_each(service):
    service.done("migration", service.migrate())

    body = service.done("migration", service.migrate())

    warnings = [one["message"] for one in body["result"]["warnings"]]
    assert {name for name in service.made() if name.startswith("ExD_Regulars")} == {"ExD_Regulars", "ExD_Regulars_1"}
    assert "The name ExD_Regulars is taken in sandbox stage; created as ExD_Regulars_1" in warnings
    assert len(warnings) == len(MADE)  # the schema of offer items is used again; the poster stays behind again
    assert len(service.made()) == 2 * len(MADE) - 1


# Refused by the workflow


@pytest.mark.parametrize(
    ("changes", "code", "details"),
    [
        ({"profileAttributes": {}}, "DEPENDENCY_NOT_RESOLVED", {"profileAttribute": "_acmetenant.tier"}),
        ({"profileAttributes": {"_acmetenant.tier": None}}, "DEPENDENCY_NOT_RESOLVED", None),
        ({"profileAttributes": {"_acmetenant.tier": "_not.there"}}, "DEPENDENCY_NOT_RESOLVED", None),
        ({"contextAttributes": {}}, "DEPENDENCY_NOT_RESOLVED", {"contextAttribute": "cart.total"}),
        ({"segments": {}}, "DEPENDENCY_NOT_RESOLVED", None),
        ({"datasetName": "Nothing"}, "DATASET_NOT_FOUND", {"datasetName": "Nothing"}),
        ({"datasetName": "Web visits"}, "DATASTREAM_NOT_ENABLED", {"datasetName": "Web visits"}),
    ],
)
def test_migration_that_lacks_something_fails_and_makes_nothing(service, changes, code, details):
    before = service.shown("stage")

    body = service.done("migration", service.migrate(dependency=service.mapped() | changes))

    assert body["status"] == "Failed"
    assert [error["code"] for error in body["errors"]] == [code]
    assert details in (None, body["errors"][0]["details"])
    assert body["result"]["error"]
    assert service.shown("stage") == before


def test_failure_has_the_published_form(service):
    key = service.shown()["needs"]["segments"][0]
    empty = {key: {"namespace": "", "id": ""}}

    body = service.done("migration", service.migrate(dependency=service.mapped() | {"segments": empty}))

    sample = fixture("decisioning/r4-migration-failed.response")
    assert shape(body) == shape(sample)
    assert body["errors"] == [sample["errors"][0] | {"details": {"segmentKey": key}}]


def test_new_datastream_makes_up_for_a_dataset_without_one(service):
    wanted = service.mapped(dataset="Web visits")

    body = service.done("migration", service.migrate(dependency=wanted, createDataStream=True))

    assert body["status"] == "Completed"


def test_unknown_ids_fail_in_the_workflow(service):
    body = service.done("migration", service.migrate("decision", decisionsList=["offer-activity:unknown"]))

    assert [error["code"] for error in body["errors"]] == ["OBJECT_NOT_FOUND"]


# Rollback


@pytest.mark.parametrize("dialect", [None, R1])
def test_rollback_restores_the_target_exactly(platform, dialect):
    service = Decisioning(platform, dialect)
    first = service.done("migration", service.migrate())
    between = service.shown("stage")
    second = service.done("migration", service.migrate(createDataStream=True))

    body = service.done("rollback", service.roll_back(second["id"]))

    assert service.shown("stage") == between
    assert body["id"] != second["id"]
    assert body["result"] == {"rolledBackWorkflowId": second["id"], "removed": len(MADE) - 1, "warnings": []}
    assert service.done("rollback", service.roll_back(first["id"]))["result"]["removed"] == len(MADE)
    assert service.made() == {}
    assert service.shown("stage")["datasets"][0]["custom_context_attributes"] == []


def test_rollback_leaves_what_a_person_has_published_since(service):
    migration = service.done("migration", service.migrate())
    rule = next(one for one in service.shown("stage")["decisioning"] if one["type"] == "decisioningRule")
    service.platform.control(f"decisioning/{rule['id']}", status="Live")

    body = service.done("rollback", service.roll_back(migration["id"]))

    assert service.made() == {"ExD_Regulars": "decisioningRule"}
    assert body["result"]["removed"] == len(MADE) - 1
    assert [one["sourceId"] for one in body["result"]["warnings"]] == [rule["source_id"]]


def test_schema_stays_while_another_migration_uses_it(service):
    first = service.done("migration", service.migrate())
    service.done("migration", service.migrate("offer", offersList=[service.id_of("Cake voucher")]))

    body = service.done("rollback", service.roll_back(first["id"]))

    assert ITEM_SCHEMA in service.made()
    assert len(body["result"]["warnings"]) == 1


def test_rollback_is_for_a_completed_migration_and_once(service):
    analysis = service.done("dependency", service.analyse())["id"]
    failed = service.done("migration", service.migrate(dependency={"datasetName": "Nothing"}))["id"]
    migration = service.done("migration", service.migrate())["id"]
    rollback = service.done("rollback", service.roll_back(migration))["id"]

    answers = [service.roll_back(one) for one in ("unknown", analysis, rollback, failed, migration)]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 409, 409]
    assert not any(answer.json["detail"].startswith("A workflow") for answer in answers)
    assert [effect["migration_id"] for effect in service.effects("roll_back")] == [migration]
    assert service.read("migration", migration).json["status"] == "Completed"


def test_effects_tell_what_was_asked_for(service):
    created = service.migrate("offer", offersList=[service.id_of("Cake voucher")]).json

    (effect,) = service.effects("migrate")

    wanted = service.mapped()
    assert effect["id"] == created["id"]
    assert (effect["source"], effect["target"], effect["level"]) == ("dev", "stage", "offer")
    assert effect["ids"] == [service.id_of("Cake voucher")]
    assert (effect["dataset"], effect["creates_datastream"]) == ("Decisioning events", False)
    assert effect["profile_attributes"] == wanted["profileAttributes"]
    assert effect["segments"] == {key: [one["namespace"], one["id"]] for key, one in wanted["segments"].items()}
