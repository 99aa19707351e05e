"""Objects of an export are found again in the export of its copy."""

import json
from typing import Any

from promotions.systems.journeys.payload import Moved, pairs


def document(prefix: str, *names: str, **more: Any) -> bytes:
    actions = [{"uid": f"{prefix}{number}", "name": name} for number, name in enumerate(names)]
    return json.dumps({"customActions": actions, **more}).encode()


def moved(before: bytes, after: bytes) -> list[tuple[str, str]]:
    return [(each.name, each.new_name) for each in pairs(before, after)]


def test_a_copy_is_matched_by_its_name_whatever_the_order():
    before = document("o", "sms", "sms_copy", "crm", "Send 2")
    after = document("n", "crm_copy2", "Send 2_copy", "sms_copy2", "sms_copy_copy")

    found = moved(before, after)

    assert ("crm", "crm_copy2") in found
    assert ("Send 2", "Send 2_copy") in found
    assert len(found) == 4


def test_a_name_cut_to_make_room_for_the_suffix_is_matched():
    before = document("o", "notifyTheCustomerRelationship1", "other")
    after = document("n", "somethingElse", "notifyTheCustomerRelatio_copy2", "third")

    assert moved(before, after) == [("notifyTheCustomerRelationship1", "notifyTheCustomerRelatio_copy2")]


def test_entirely_new_names_are_matched_by_order_only_if_none_is_missing():
    assert moved(document("o", "a", "b"), document("n", "x", "y")) == [("a", "x"), ("b", "y")]
    assert moved(document("o", "a", "b"), document("n", "x")) == []


def test_system_objects_do_not_move_and_the_journey_comes_first():
    system = [{"uid": "acppsDataProvider", "name": "Experience Platform"}]
    before = document("o", "a", dataProviders=system, journey={"uid": "v1", "name": "Welcome"})
    after = document("n", "a_copy", dataProviders=system, journey={"uid": "v2", "name": "Welcome_copy"})

    found = pairs(before, after)

    assert found == (
        Moved("journey", "Welcome", "v1", "v2", "Welcome_copy"),
        Moved("custom action", "a", "o0", "n0", "a_copy"),
    )


def test_objects_of_different_types_are_never_matched():
    before = json.dumps({"events": [{"uid": "1", "name": "same"}]}).encode()
    after = json.dumps({"customActions": [{"uid": "1", "name": "same"}]}).encode()

    assert pairs(before, after) == ()
