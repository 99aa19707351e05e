"""Differences between a package and a sandbox, in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from promotions.comparison import comparison_of, shown, where_in_words
from promotions.models import Package

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pointer", "words"),
    [
        ("/title", "title"),
        ("", "the whole object"),
        ("/properties/loyalty", "loyalty"),
        ("/properties/loyalty/properties/tier/title", "loyalty.tier: title"),
        ("/properties/orders/items/properties/sku", "orders[].sku"),
        ("/properties/a~1b/meta:enum/gold~0", "a/b: names of allowed values, gold~"),
        ("/required/2", "required fields, number 3"),
        ("/allOf/-", "parts, end of the list"),
        ("/unheardOf/x", "unheardOf, x"),
        ("/properties", "properties"),
    ],
)
def test_a_pointer_is_said_as_people_say_it(pointer: str, words: str) -> None:
    assert where_in_words(pointer) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", "(empty)"),
        ("gold", "gold"),
        (True, "yes"),
        (0, "0"),
        ({"a": [1]}, '{"a": [1]}'),
    ],
)
def test_a_value_is_shown_as_text(value: object, text: str) -> None:
    assert shown(value) == text


def compared(changes: list[dict[str, Any]], **fields: Any) -> Package:
    kept = {
        "at": AT.isoformat(),
        "target": "stage",
        "version": "2",
        "objects": [
            {"type": "REGISTRY_SCHEMA", "id": "a", "title": "Members", "target": None, "changes": changes},
            {"type": "REGISTRY_MIXIN", "id": "b", "title": "Same", "target": None, "changes": []},
        ],
    }
    return Package(name="Loyalty", source_sandbox="dev", comparison=kept, **fields)


def test_a_package_that_was_never_compared_has_nothing_to_show() -> None:
    assert comparison_of(Package(name="Loyalty")) is None


def test_objects_that_are_the_same_are_left_out_and_changes_are_counted() -> None:
    found = comparison_of(
        compared(
            [
                {"op": "add", "path": "/properties/tier", "old": None, "new": {"type": "string"}},
                {"op": "remove", "path": "/description", "old": "Old", "new": None},
                {"op": "replace", "path": "/title", "old": "A", "new": "B"},
                {"op": "replace", "path": "/type", "old": "a", "new": "b"},
            ]
        )
    )

    assert found is not None
    [members] = found.objects
    assert found.numbers == [("changed", 2), ("added", 1), ("removed", 1)]
    assert members.in_words == "1 added, 1 removed, 2 changed"
    assert members.type_label == "Schema"
    assert [(change.old, change.new) for change in members.changes[:2]] == [("", '{"type": "string"}'), ("Old", "")]


def test_long_values_are_folded() -> None:
    found = comparison_of(compared([{"op": "replace", "path": "/title", "old": "short", "new": "x" * 500}]))

    assert found is not None
    [change] = found.objects[0].changes
    assert (change.is_old_long, change.is_new_long) == (False, True)


def test_a_change_in_a_form_of_its_own_is_shown_as_it_came() -> None:
    found = comparison_of(compared([{"op": "", "path": "", "old": None, "new": {"note": "odd"}}]))

    assert found is not None
    [change] = found.objects[0].changes
    assert (change.kind, change.where, change.new) == ("different", "the whole object", '{"note": "odd"}')


@pytest.mark.parametrize(("later", "is_old"), [(timedelta(minutes=1), True), (-timedelta(minutes=1), False)])
def test_a_comparison_is_old_once_the_package_has_changed(later: timedelta, is_old: bool) -> None:
    found = comparison_of(compared([], remote_modified_at=AT + later))

    assert found is not None
    assert found.at == AT
    assert found.is_old is is_old
    assert not found.has_differences


def test_it_is_told_apart_whether_the_sandbox_or_the_package_is_newer() -> None:
    package = compared([])
    other = comparison_of(package)
    package.comparison = {**(package.comparison or {}), "target": "dev"}
    own = comparison_of(package)

    assert other is not None
    assert own is not None
    assert (other.is_with_source, own.is_with_source) == (False, True)
