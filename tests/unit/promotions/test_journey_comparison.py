"""Two versions of a journey: what differs, and what only looks so."""

import copy
import json
import uuid
from typing import Any

import pytest
from django.template.loader import render_to_string

from promotions.journey_comparison import Comparison, compare
from promotions.journey_outline import outline_of
from promotions.journey_raw import indented, raw_pair
from promotions.views.journey_comparison import comparison_context
from tests.unit.promotions.journey_documents import as_bytes, fixture, journey, step

EXPORT = "journey-version-export.response-200.json"


def compared(before: dict[str, Any] | bytes, after: dict[str, Any] | bytes) -> Comparison:
    one, other = outline_of(before), outline_of(after)
    assert one is not None
    assert other is not None
    return compare(one, other)


def differing(comparison: Comparison) -> list[tuple[str, str]]:
    return [(delta.kind, delta.title) for delta in comparison.different_nodes]


def copied(document: bytes) -> dict[str, Any]:
    """The document as an import would give it back: every id and every name of its own is new."""
    known: dict[str, str] = {}

    def renewed(value: Any) -> Any:
        if isinstance(value, list):
            return [renewed(row) for row in value]
        if isinstance(value, dict):
            made = {key: renewed(inner) for key, inner in value.items()}
            if value.get("builtIn") is False or "steps" in value:
                made["name"] = f"{value['name']}_copy2"
            return made
        if isinstance(value, str) and ("step-" in value or (value.count("-") == 4 and len(value) == 36)):
            return known.setdefault(value, str(uuid.uuid4()))
        return value

    made: dict[str, Any] = renewed(json.loads(document))
    return made


def three(**settings: Any) -> dict[str, Any]:
    return journey(step("s", "start", "w"), step("w", "timer", "e", **settings), step("e", "end"))


def test_a_document_does_not_differ_from_itself() -> None:
    found = compared(fixture(EXPORT), fixture(EXPORT))

    assert not found.has_differences
    assert found.noise == 0
    assert (found.same_nodes, found.same_used) == (5, 8)


def test_a_setting_that_changed_is_told_with_both_values() -> None:
    found = compared(three(rule={"delay": "PT15M", "on": True}), three(rule={"delay": "PT20M", "on": True}))

    [delta] = found.different_nodes
    assert (delta.kind, delta.title) == ("changed", "w")
    assert [(c.kind, c.where, c.old, c.new) for c in delta.changes] == [("changed", "rule, delay", "PT15M", "PT20M")]


@pytest.mark.parametrize(("old", "new"), [(1, True), (0, False), ("", 0), ("1", 1), (None, False)])
def test_values_that_python_takes_for_the_same_still_differ(old: Any, new: Any) -> None:
    found = compared(three(limit=old), three(limit=new))

    assert differing(found) == [("changed", "w")]


def test_a_step_put_in_between_is_added_and_the_one_before_it_rewired() -> None:
    before = journey(step("s", "start", "e"), step("e", "end"))
    after = journey(step("s", "start", "m"), step("m", "message", "e"), step("e", "end"))

    found = compared(before, after)

    assert differing(found) == [("rewired", "s"), ("added", "m")]
    [rewiring] = found.different_nodes[0].rewirings
    assert (rewiring.label, rewiring.old, rewiring.new) == ("", "e", "m")
    assert found.marks_before == {"s": "rewired"}
    assert found.marks_after == {"s": "rewired", "m": "added"}


def test_a_step_that_is_gone_stands_where_it_stood() -> None:
    before = journey(step("s", "start", "m"), step("m", "message", "w"), step("w", "timer", "e"), step("e", "end"))
    after = journey(step("s", "start", "w"), step("w", "timer", "e", delay=1), step("e", "end"))

    found = compared(before, after)

    assert differing(found) == [("rewired", "s"), ("removed", "m"), ("changed", "w")]
    assert found.marks_before == {"s": "rewired", "m": "removed", "w": "changed"}
    assert found.numbers == [("removed", 1), ("changed", 1), ("rewired", 1)]


def test_numbered_ids_that_moved_on_do_not_make_every_step_differ() -> None:
    def public(*names: str) -> dict[str, Any]:
        last = len(names)
        return {
            "name": "Winback",
            "startNodeId": "n1",
            "nodes": [
                {
                    "id": f"n{number}",
                    "name": name,
                    "type": "action",
                    "transitions": [{"targetNodeId": f"n{number + 1}"}] if number < last else [],
                }
                for number, name in enumerate(names, 1)
            ],
        }

    found = compared(public("Start", "Email", "Push", "End"), public("Start", "Text", "Email", "Push", "End"))

    assert differing(found) == [("rewired", "Start"), ("added", "Text")]


def test_steps_of_one_name_are_told_apart_by_where_they_stand() -> None:
    def waits(first: str, *delays: str) -> dict[str, Any]:
        ids = [f"{first}{number}" for number in range(len(delays))]
        rows = [
            step(uid, "timer", following, name="Wait", delay=delay)
            for uid, following, delay in zip(ids, [*ids[1:], f"{first}e"], delays, strict=True)
        ]
        return journey(step(f"{first}s", "start", ids[0], name="S"), *rows, step(f"{first}e", "end", name="E"))

    found = compared(waits("a", "1", "2", "3"), waits("b", "1", "9", "3"))

    assert [(c.old, c.new) for delta in found.different_nodes for c in delta.changes] == [("2", "9")]


def test_of_two_steps_of_one_name_the_one_with_other_neighbours_is_the_new_one() -> None:
    before = journey(
        step("s1", "start", "a1", name="S"),
        step("a1", "message", "w1", name="A"),
        step("w1", "timer", "e1", name="Wait", delay=2),
        step("e1", "end", name="E"),
    )
    after = journey(
        step("s2", "start", "v2", name="S"),
        step("v2", "timer", "a2", name="Wait", delay=9),
        step("a2", "message", "w2", name="A"),
        step("w2", "timer", "e2", name="Wait", delay=2),
        step("e2", "end", name="E"),
    )

    found = compared(before, after)

    assert [(delta.kind, delta.id) for delta in found.different_nodes] == [("rewired", "s2"), ("added", "v2")]


def test_both_a_setting_and_a_path_may_change() -> None:
    before = journey(step("s", "start", "w"), step("w", "timer", ("Yes", "e"), delay=1), step("e", "end"))
    after = journey(step("s", "start", "w"), step("w", "timer", ("No", "e"), delay=2), step("e", "end"))

    found = compared(before, after)

    [delta] = found.different_nodes
    assert delta.kind == "both"
    assert [(r.label, r.old, r.new) for r in delta.rewirings] == [("Yes", "e", ""), ("No", "", "e")]
    assert found.numbers == [("changed", 1), ("rewired", 1)]


def test_a_circle_and_missing_targets_are_compared_without_end() -> None:
    before = journey(step("a", "start", "b"), step("b", "timer", "a", "gone"))
    after = journey(step("a", "start", "b"), step("b", "timer", "a", "vanished"))

    found = compared(before, after)

    [delta] = found.different_nodes
    assert [(r.old, r.new) for r in delta.rewirings] == [("gone (missing)", "vanished (missing)")]


def test_the_copy_of_a_journey_differs_in_nothing_that_matters() -> None:
    after = copied(fixture(EXPORT))

    found = compared(fixture(EXPORT), after)

    assert not found.has_differences
    assert found.noise > 10
    assert (found.same_nodes, found.same_used) == (5, 8)


def test_the_schema_of_an_event_that_was_chosen_for_the_copy_is_a_difference() -> None:
    after = copied(fixture(EXPORT))
    after["events"][0]["xdmEntity"]["schemaRef"]["id"] = "https://ns.adobe.com/other/schemas/1"

    found = compared(fixture(EXPORT), after)

    [delta] = found.different_used
    assert (delta.kind, delta.type) == ("changed", "event")
    assert [change.where for change in delta.changes] == ["xdm entity, schema ref, id"]
    assert found.different_nodes == ()


def test_another_action_behind_the_same_step_is_a_difference_with_both_names() -> None:
    before = json.loads(fixture(EXPORT))
    after = copy.deepcopy(before)
    after["journey"]["steps"][3]["action"]["elementRef"]["uid"] = before["customActions"][1]["uid"]

    found = compared(before, after)

    [change] = found.different_nodes[0].changes
    assert (change.old.split(" ")[0], change.new.split(" ")[0]) == ("notifyCrm", "pingChat")


def test_times_people_places_order_and_versions_are_folded() -> None:
    before = json.loads(fixture(EXPORT))
    after = copy.deepcopy(before)
    inner = after["journey"]
    inner["steps"].reverse()
    inner |= {"sandboxName": "prod", "state": "draft", "journeyVersion": "3.0"}
    inner["metadata"]["createdBy"] = "Somebody else"
    inner["steps"][0]["lastModifiedAt"] = "2025-01-01T00:00:00Z"
    after["events"][0]["createdBy"] = "Somebody else"

    found = compared(before, after)

    assert not found.has_differences
    assert found.is_order_different
    assert found.noise == 6


def test_used_objects_come_and_go() -> None:
    before = json.loads(fixture(EXPORT))
    after = copy.deepcopy(before)
    gone = after["customActions"].pop()
    after["events"].append({"uid": "new-event-uid", "name": "memberLeft", "type": "unitary"})

    found = compared(before, after)

    assert [(delta.kind, delta.title) for delta in found.different_used] == [
        ("added", "memberLeft"),
        ("removed", gone["name"]),
    ]


def test_settings_of_the_journey_itself_are_compared() -> None:
    before = {"name": "A", "startNodeId": "a", "reentrance": {"policy": "force"}, "nodes": [{"id": "a", "type": "end"}]}
    after = {**before, "name": "B", "reentrance": {"policy": "never"}}

    found = compared(before, after)

    assert [(change.where, change.new) for change in found.journey.changes] == [
        ("name", "B"),
        ("reentrance, policy", "never"),
    ]


def test_five_hundred_steps_with_new_ids_and_one_name_find_their_pairs() -> None:
    def long(prefix: str) -> dict[str, Any]:
        rows = [step(f"{prefix}{n:020}", "timer", f"{prefix}{n + 1:020}", name="Wait", delay=n) for n in range(499)]
        return journey(*rows, step(f"{prefix}{499:020}", "end", name="End"))

    found = compared(long("a"), long("b"))

    assert not found.has_differences


def test_raw_json_is_indented_without_a_change_to_any_value() -> None:
    text, is_cut = indented(b'{"a":[1.10,2e400,{}],"b":"x, {y}: \\"z\\"","c":[]}')

    assert not is_cut
    assert text == ('{\n  "a": [\n    1.10,\n    2e400,\n    {}\n  ],\n  "b": "x, {y}: \\"z\\"",\n  "c": []\n}')


@pytest.mark.parametrize("content", [b"[" * 300_000, b'{"a": "' + b"x" * 900_000, b"\xff" * 10, b"", b'"', b'{"a'])
def test_raw_json_of_any_size_and_kind_comes_out_within_its_limit(content: bytes) -> None:
    text, is_cut = indented(content, limit=10_000)

    assert len(text) <= 10_000
    assert is_cut == (len(content) > 10_000)


def test_raw_lines_that_only_one_side_holds_are_marked() -> None:
    before, after = raw_pair(as_bytes({"a": 1, "b": 2}), {"a": 1, "b": 3})

    assert [s.text for s in before.stretches if s.is_only_here] == ['  "b": 2']
    assert [s.text for s in after.stretches if s.is_only_here] == ['  "b": 3']
    assert before.size_bytes == len(as_bytes({"a": 1, "b": 2}))


def test_the_page_shows_both_sides_and_escapes_every_name() -> None:
    before, after = three(delay="<i>1</i>"), three(delay="<i>2</i>")
    before["journey"]["steps"][1]["nodeName"] = after["journey"]["steps"][1]["nodeName"] = "<script>x</script>"

    context = comparison_context(
        outline_of(before),
        outline_of(after),
        before_name="Version <1>",
        after_name="Version 2",
        before_raw=as_bytes(before),
        after_raw=as_bytes(after),
    )
    page = render_to_string("promotions/journeys/_comparison.html", context)

    assert "<script>" not in page
    assert "<i>" not in page
    assert "Version &lt;1&gt;" in page
    assert "&lt;i&gt;2&lt;/i&gt;" in page
    assert "data-raw-json" in page
    assert page.count('class="flow"') == 2


def test_the_page_says_so_when_a_side_is_no_journey() -> None:
    context = comparison_context(
        None, outline_of(three()), before_name="A", after_name="B", before_raw=b"{}", after_raw=b"{}"
    )

    page = render_to_string("promotions/journeys/_comparison.html", context)

    assert "nothing to compare step by step" in page
    assert "data-raw-json" in page
