"""Switches, faults and controls of the Decisioning Migration Service, and the stories of its demo."""

from collections import Counter

import pytest

from emulator.app import HangFaultError
from emulator.clock import Clock
from emulator.decisioning_things import Decision, Offer
from emulator.seeds import build
from emulator.seeds.decisioning import FLAW
from tests.integration.emulator.decisioning import R1, Decisioning


@pytest.fixture
def service(platform):
    return Decisioning(platform)


def switch(service, **switches):
    answer = service.platform.control("switches", **switches)
    assert answer.status_code == 200, answer.text


def arm(service, fault, path="/workflows/migration", **members):
    answer = service.platform.control("faults", fault=fault, path=path, **members)
    assert answer.status_code == 201, answer.text


# Switches


def test_creation_link_errors_and_busy_can_be_written_otherwise(service):
    switch(
        service,
        decisioning_created_status=202,
        decisioning_self_link_as_object=True,
        decisioning_busy_with_id=False,
        decisioning_errors_as_text=True,
    )

    created, busy = service.migrate(dependency={"datasetName": "Nothing"}), service.analyse()
    service.platform.advance(60)
    body = service.call("GET", created.json["_links"]["self"]["href"]).json

    assert (created.status_code, "workflowId" in busy.json) == (202, False)
    assert body["errors"] == ["Dataset Nothing does not exist in the target sandbox"]


@pytest.mark.parametrize(
    ("form", "attribute", "segment", "dataset"),
    [
        ("null", None, [None, None], None),
        ("absent", None, [], "absent"),
        ("same_name", "cart.total", ["ups"], "Decisioning events"),
    ],
)
def test_what_is_not_mapped_can_be_said_in_other_forms(service, form, attribute, segment, dataset):
    switch(service, decisioning_unmapped=form, decisioning_result_at_top=True)

    body = service.done("dependency", service.analyse())

    (found,) = body["segments"].values()
    assert "result" not in body
    assert body["contextAttributes"] == {"cart.total": attribute}
    assert list(found.values())[: len(segment)] == segment
    assert bool(found) == bool(segment)
    assert body.get("datasetName", "absent") == dataset


# Faults


def test_answer_may_be_lost_before_or_after_the_work(service):
    arm(service, "hang", when="before")
    arm(service, "hang", when="after")

    for count in (0, 1):
        with pytest.raises(HangFaultError):
            service.migrate()
        assert len(service.effects("migrate")) == count
    assert service.migrate().json["workflowId"] == service.effects("migrate")[0]["id"]


def test_creation_may_name_no_id_and_show_its_workflow_late(service):
    arm(service, "unnamed_job")
    arm(service, "unlisted_job", seconds=30)

    body = service.migrate().json

    workflow_id = service.effects("migrate")[0]["id"]
    assert set(body) == {"status"}
    assert service.read("migration", workflow_id).status_code == 404
    service.platform.advance(30)
    assert service.read("migration", workflow_id).status_code == 200


@pytest.mark.parametrize(
    ("fault", "options", "status"),
    [
        ("stuck_job", {}, "Running"),
        ("stuck_job", {"after_tasks": 0}, "New"),
        ("unknown_status", {"value": "Paused"}, "Paused"),
        ("job_cancelled", {}, "Cancelled"),
        ("job_failure", {}, "Failed"),
    ],
)
def test_workflow_may_end_badly_or_not_at_all(service, fault, options, status):
    arm(service, fault, **options)

    body = service.done("migration", service.migrate())

    assert body["status"] == status
    assert body.get("errors", []) == []
    assert ("result" in body) == (status == "Paused")
    assert service.analyse().status_code == (409 if fault == "stuck_job" else 201)


def test_failure_in_part_leaves_what_was_made_until_then(service):
    arm(service, "partial_failure", artifact="Best first")

    body = service.done("migration", service.migrate())

    assert body["result"] == {"error": "Migration stopped at rankingFormula Best first"}
    assert body["errors"][0]["details"]["sourceName"] == "Best first"
    assert set(service.made()) == {"ExDMigration_Sale_stage", "ExD_visit_page_one", "ExD_Regulars"}
    assert service.roll_back(body["id"]).status_code == 409


def test_object_may_be_claimed_and_not_made(service):
    arm(service, "hidden_error", artifact="Best first")

    body = service.done("migration", service.migrate())

    assert {"rankingFormula": []} in [{row["sourceType"]: row["targets"]} for row in body["result"]["mappings"]]
    assert body["status"] == "Completed"
    assert "ExD_Best first" not in service.made()


@pytest.mark.parametrize(
    ("fault", "status", "left"), [("partial_failure", "Failed", 5), ("hidden_error", "Completed", 1)]
)
def test_rollback_may_undo_a_part_and_be_tried_again_after_a_failure(service, fault, status, left):
    migration = service.done("migration", service.migrate())
    arm(service, fault, "/workflows/rollback", artifact="ExD_Best first")

    body = service.done("rollback", service.roll_back(migration["id"]))

    assert (body["status"], "ExD_Best first" in service.made()) == (status, True)
    again = service.roll_back(migration["id"])
    assert again.status_code == (201 if status == "Failed" else 409)
    if status == "Failed":
        service.done("rollback", again)
        assert service.made() == {}


def test_read_may_show_an_unknown_status(service):
    workflow_id = service.done("migration", service.migrate())["id"]
    arm(service, "unknown_status", "/workflows/migration/*", method="GET", value="Archived")

    body = service.read("migration", workflow_id).json

    assert body["status"] == "Archived"
    assert "status" not in body["result"]


# Controls


@pytest.mark.parametrize("kind", ["dependency", "migration"])
def test_somebody_outside_may_hold_the_place_for_a_while(service, kind):
    started = service.platform.control("workflows", organization="Acme", kind=kind, seconds=90).json

    busy = service.analyse()
    service.platform.advance(80)
    still = service.analyse()
    service.platform.advance(20)

    assert [busy.json["workflowId"], still.json["workflowId"]] == [started["id"]] * 2
    assert service.read(kind, started["id"]).json["status"] == "Completed"
    assert service.analyse().status_code == 201
    assert service.made() == {}


def test_workflow_can_be_ended_or_forgotten_by_hand(service):
    outside = service.platform.control("workflows", organization="Acme", is_endless=True).json["id"]
    service.platform.advance(1000)

    refused = service.platform.control("workflows", organization="Acme")
    ended = service.platform.control(f"workflows/{outside}", status="Failed", error="Stopped", errors=["why"]).json
    body = service.read("dependency", outside).json
    service.platform.http.delete(f"/__emulator/workflows/{outside}")

    assert (refused.status_code, ended["status"]) == (400, "Failed")
    assert (body["result"], body["errors"]) == ({"error": "Stopped"}, ["why"])
    assert service.read("dependency", outside).status_code == 404


def test_cancelled_workflow_has_no_result(platform):
    service = Decisioning(platform, R1)
    created = service.migrate().json
    platform.control(f"workflows/{created['id']}", status="Cancelled")

    body = service.done("migration", service.migrate())
    cancelled = service.read("migration", created["id"]).json

    assert body["status"] == "Completed"
    assert set(cancelled) == {"id", "status", "_etag", "_links"}


def test_many_objects_make_a_large_result(service):
    added = service.platform.control(
        "decisioning", organization="Acme", offers=300, decisions=3, attributes=40, segments=20
    ).json

    analysis = service.done("dependency", service.analyse("decision", decisionsList=added["decisions"][:1]))
    migration = service.done("migration", service.migrate(target="dev"))

    assert (len(analysis["result"]["profileAttributes"]), len(analysis["result"]["segments"])) == (40, 20)
    assert sum(row["sourceType"] == "offer" for row in migration["result"]["mappings"]) == 303
    assert migration["status"] == "Completed"


def test_dataset_can_be_added_or_enabled(service):
    service.platform.control("datasets", organization="Acme", sandbox="stage", name="Web visits", is_enabled=True)
    service.platform.control(
        "datasets", organization="Acme", sandbox="stage", name="Decisioning events", is_enabled=False
    )

    statuses = [
        service.done("migration", service.migrate(dependency=service.mapped(dataset=name)))["status"]
        for name in ("Web visits", "Decisioning events")
    ]

    assert statuses == ["Completed", "Failed"]


@pytest.mark.parametrize(
    ("noun", "body"),
    [
        ("switches", {"decisioning_created_status": 500}),
        ("switches", {"decisioning_unmapped": "odd"}),
        ("decisioning", {"organization": "Acme", "decisions": 2}),
        ("decisioning", {"organization": "Acme", "offers": 100_000}),
        ("decisioning/unknown", {"status": "Live"}),
        ("workflows", {"organization": "Acme", "target": "nowhere"}),
        ("workflows/unknown", {"status": "Failed"}),
        ("datasets", {"organization": "Acme"}),
    ],
)
def test_odd_control_is_refused_with_a_sentence(service, noun, body):
    answer = service.platform.control(noun, **body)

    assert answer.status_code == 400
    assert answer.json["error"].endswith(".")


# The demo seed


def test_demo_has_40_offers_and_8_decisions_over_both_organizations():
    world = build("demo", Clock(speed=0))

    kinds = Counter(
        type(thing)
        for organization in world.organizations.values()
        for sandbox in organization.sandboxes.values()
        for thing in sandbox.decisioning.things.values()
    )

    assert (kinds[Offer], kinds[Decision]) == (40, 8)


@pytest.mark.parametrize("scope", [("sandbox", {}), ("decision", {"decisionsList": ["Loyalty offers"]})])
def test_loyalty_offers_need_five_and_three_attributes_and_four_segments(demo, scope):
    service, (level, members) = Decisioning(demo), scope
    members = {name: [service.id_of(one) for one in names] for name, names in members.items()}
    key = "aam:13579/eu.west"

    analysis = service.done("dependency", service.analyse(level, **members))
    migration = service.done("migration", service.migrate(level, **members))

    result = analysis["result"]
    assert [len(result[name]) for name in ("profileAttributes", "contextAttributes", "segments")] == [5, 3, 4]
    assert key in result["segments"]
    assert migration["status"] == "Completed"
    assert {one["sourceId"] for one in migration["result"]["warnings"]} == {
        service.id_of("Member magazine"),
        service.id_of("Winter lookbook"),
    }


def test_fleet_offers_fail_half_way_and_trade_welcome_leaves_much_behind(demo):
    service = Decisioning(demo.also(organization=1))
    wanted = service.mapped(dataset="Trade events")
    wanted["profileAttributes"]["_globextenant.fleet.size"] = "_globextenant.fleet.vehicles"

    fleet, trade = (
        service.done("migration", service.migrate("decision", decisionsList=[service.id_of(name)], dependency=wanted))
        for name in ("Fleet offers", "Trade welcome")
    )

    assert (fleet["status"], fleet["errors"][0]["message"]) == ("Failed", FLAW)
    assert trade["status"] == "Completed"
    assert [one["message"] for one in trade["result"]["warnings"]] == [
        *["Offer content type is neither JSON nor Text; not migrated"] * 2,
        "Capping of placement portal panel is not migrated",
        "The name ExD_portal_panel is taken in sandbox stage; created as ExD_portal_panel_1",
        "Content for placement renewal mail is HTML; not migrated",
        "Placement renewal mail is outbound (email); no campaign was made",
    ]
    assert "ExD_Van service plan" in service.made()
