"""What differs between two objects."""

import pytest

from emulator import differences, kinds
from emulator.things import SandboxObject


def schema(title="Members", **details):
    return SandboxObject("s", kinds.SCHEMA, title, 1, details=details)


@pytest.mark.parametrize(
    ("older", "newer", "change"),
    [
        (schema("Old"), schema("New"), ("replace", "/title", "Old", "New")),
        (schema(), schema(description="Text"), ("add", "/description", None, "Text")),
        (schema(description="Text"), schema(), ("remove", "/description", "Text", None)),
        (schema(fields={"a": {"b": 1}}), schema(fields={"a": {"b": 2}}), ("replace", "/fields/a/b", 1, 2)),
        (schema(required=["a"]), schema(required=[]), ("replace", "/required", ["a"], [])),
        (schema(**{"a/b~c": 1}), schema(**{"a/b~c": 2}), ("replace", "/a~1b~0c", 1, 2)),
    ],
)
def test_change_names_the_field_and_both_values(older, newer, change):
    op, path, old, new = change

    assert differences.between(older, newer) == [{"op": op, "path": path, "oldValue": old, "newValue": new}]


def test_equal_objects_have_no_differences():
    assert differences.between(schema(fields={"a": 1}), schema(fields={"a": 1})) == []
