"""The journeys of the demo, as emulator/README.md tells them, and the shapes of what the service answers."""

from collections import Counter

import pytest

from tests.integration.emulator.journeys import PLACEHOLDER, Journeys, filled, ready
from tests.integration.emulator.platform import fixture, shape

CONFIRMATION = "Order confirmation"


def everywhere(demo):
    return [
        (organization.name, sandbox.name, journey)
        for organization in demo.app.world.organizations.values()
        for sandbox in organization.sandboxes.values()
        for journey in sandbox.shelf.journeys.values()
    ]


def secrets_of(document):
    """(name of the object, member or header) of each placeholder outside system objects, once for every object."""
    found = set()

    def walk(value, owner, key):
        if isinstance(value, dict):
            if value.get("builtIn") is True:
                return
            owner = value.get("name", owner) if "uid" in value else owner
            for name, inner in value.items():
                walk(inner, owner, value.get("name", name) if name == "value" and "uid" not in value else name)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, owner, key)
        elif isinstance(value, str) and PLACEHOLDER in value:
            found.add((owner, key))

    walk(document, "", "")
    return found


def test_thirty_journeys_stand_in_the_sandboxes_of_both_organizations(demo):
    places = Counter((organization, sandbox) for organization, sandbox, _ in everywhere(demo))

    assert places == {
        ("Acme", "dev"): 12,
        ("Acme", "stage"): 4,
        ("Acme", "prod"): 4,
        ("Globex", "dev"): 6,
        ("Globex", "stage"): 2,
        ("Globex", "prod"): 2,
    }
    assert {len(journey.versions) for _, _, journey in everywhere(demo)} == {1, 2, 3, 4}


def test_all_states_occur_and_three_journeys_are_invalid(demo):
    journeys = [journey for _, _, journey in everywhere(demo)]
    versions = [version for journey in journeys for version in journey.versions]

    assert {version.state for version in versions} == {
        "draft",
        "testing",
        "in_review",
        "live",
        "paused",
        "closed",
        "finished",
        "stopped",
    }
    assert sorted(journey.latest.name for journey in journeys if journey.latest.errors) == [
        "Invoice overdue notice",
        "Price drop alert",
        "SMS opt-in check",
    ]


def test_order_confirmation_needs_seven_decisions(demo):
    document = Journeys(demo).document(CONFIRMATION)

    templates = [step["action"]["template"]["name"] for step in document["journey"]["steps"] if "nodeSubType" in step]
    assert secrets_of(document) == {
        ("carrierTracking", "client_secret"),
        ("stockService", "password"),
        ("notifyCrm", "Authorization"),
        ("sendSms", "X-Api-Key"),
    }
    assert [event["name"] for event in document["events"]] == ["orderConfirmed", "parcelShipped"]
    assert len({event["xdmEntity"]["schemaRef"]["id"] for event in document["events"]}) == 2
    assert templates == ["Order confirmation EN"]


def test_order_confirmation_holds_one_data_source_twice_and_a_secret_in_a_longer_text(demo):
    document = Journeys(demo).document(CONFIRMATION)

    listed = next(one for one in document["dataProviders"] if one["name"] == "carrierTracking")
    within = document["dataEntities"][1]["provider"]
    assert within["uid"] == listed["uid"]
    assert within["authentication"] == listed["authentication"]
    assert {"name": "Authorization", "value": f"Bearer {PLACEHOLDER}"} in document["customActions"][0]["headers"]


def test_order_confirmation_arrives_ready_to_publish_once_all_seven_are_decided(demo):
    journeys = Journeys(demo)
    document = filled(journeys.document(CONFIRMATION))
    for event, title in zip(document["events"], ("Order confirmed events", "Parcel shipped events"), strict=True):
        event["xdmEntity"]["schemaRef"]["id"] = journeys.schema(title, "stage")
    for step in document["journey"]["steps"]:
        if "nodeSubType" in step:
            step["action"]["template"]["name"] = "Order confirmation EN (test)"

    answer = journeys.bring(document)

    copy = journeys.document("Order confirmation_copy", "stage")
    assert answer.json["canDeploy"] == {"validationStatus": "ok"}
    assert len(journeys.effects()[0]["secrets"]) == 5  # one of the four stands in two places
    assert copy["dataEntities"][1]["provider"]["name"] == copy["dataProviders"][2]["name"] == "carrierTracking_copy"
    assert secrets_of(copy) == {(f"{owner}_copy", key) for owner, key in secrets_of(journeys.document(CONFIRMATION))}


def test_schemas_have_the_same_titles_and_other_ids_in_every_sandbox(demo):
    titles = {}
    for sandbox in ("dev", "stage", "prod"):
        answer = demo.get("/tools/artifacts/REGISTRY_SCHEMA", headers={"x-sandbox-name": sandbox})
        titles[sandbox] = {one["title"]: one["id"] for one in answer.json["object"] if one["title"].endswith(" events")}

    assert set(titles["dev"]) == set(titles["stage"]) == set(titles["prod"])
    assert {"Order confirmed events", "Parcel shipped events"} <= set(titles["dev"])
    assert len({titles[sandbox]["Order confirmed events"] for sandbox in titles}) == 3


def test_peak_season_programme_has_45_nodes_that_branch_and_loop(demo):
    steps = Journeys(demo).document("Peak season programme")["journey"]["steps"]

    order = {step["uid"]: at for at, step in enumerate(steps)}
    backwards = [one for step in steps for one in step["transitions"] if order[one["targetStep"]] < order[step["uid"]]]
    assert len(steps) == 45
    assert max(len(step["transitions"]) for step in steps) == 5
    assert len(backwards) == 1


def test_welcome_series_is_a_version_further_in_production(demo):
    journeys = Journeys(demo)
    before, after = (journeys.document("Welcome series", sandbox)["journey"] for sandbox in ("dev", "prod"))

    def names(journey):
        return {step["nodeName"] for step in journey["steps"]}

    assert (before["journeyVersion"], after["journeyVersion"]) == ("3.0", "4.0")
    assert names(before) - names(after) == {"Coupon"}
    assert names(after) - names(before) == {"Push"}


def test_some_journeys_need_no_secret(demo):
    journeys = Journeys(demo)

    document = journeys.document("Newsletter sign-up", "prod")

    assert secrets_of(document) == set()
    assert journeys.bring(document).status_code == 200


# Shapes: a sample's members are all there, with values of the same kinds


def lacking(sample, found):
    """Members of the sample that an answer lacks or has otherwise; below lists, of first entries."""
    if isinstance(sample, dict) and isinstance(found, dict):
        return [f"{key}.{more}" for key in sample for more in lacking(sample[key], found.get(key, "nothing"))]
    if isinstance(sample, list) and isinstance(found, list):
        return lacking(sample[0], found[0]) if sample and found else []
    return [] if sample == found else [f" {sample} is {found}"]


@pytest.mark.parametrize(
    ("name", "ask"),
    [
        ("list-journeys.response-200", lambda journeys: journeys.list_all("prod")),
        ("error-500-export-1324", lambda journeys: journeys.export(journeys.row("SMS opt-in check")["lastVersion"])),
        ("error-400-import-1326-placeholder", lambda journeys: journeys.bring(journeys.document(CONFIRMATION))),
        ("error-404-unknown-uid", lambda journeys: journeys.export("nobody")),
        ("ajo-journey-list.response-200", lambda journeys: journeys.call("GET", "/ajo/journey", sandbox="prod")),
        ("ajo-error-404", lambda journeys: journeys.call("GET", "/ajo/journey/nobody")),
        ("journey-version-import.response-200-not-deployable", lambda journeys: journeys.bring(wrong(journeys))),
    ],
)
def test_answers_have_the_members_of_the_samples(demo, name, ask):
    sample = fixture(f"journeys/{name}")

    answer = ask(Journeys(demo))

    assert lacking(shape(sample), shape(answer.json)) == []


def wrong(journeys):
    return filled(journeys.document("Parcel delay notice"))


def test_latest_and_import_have_the_members_of_the_samples(demo):
    journeys = Journeys(demo)
    uid = journeys.row("Welcome series", "prod")["uid"]

    latest = journeys.latest(uid, "prod").json
    imported = journeys.bring(ready(journeys, "Parcel delay notice", "Parcel shipped events")).json

    assert lacking(shape(fixture("journeys/journey-latest.response-200")), shape(latest)) == []
    assert lacking(shape(fixture("journeys/journey-version-import.response-200")), shape(imported)) == []
