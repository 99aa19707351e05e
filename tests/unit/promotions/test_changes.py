"""What differs between the facts of two moments, in words."""

from typing import Any

import pytest

from promotions.systems.packages.changes import describe

KEY = "REGISTRY_SCHEMA:https://ns.example.com/schemas/1"


def facts(**changes: Any) -> dict[str, Any]:
    return {
        "package": {"version": 2, "status": "PUBLISHED", "expires_at": "2027-01-01T00:00:00+00:00", "artifacts": [KEY]},
        "target": {"sandbox": "stage", "state": "active", "type": "development"},
        "permissions": {KEY: {"allowed": True, "missing": []}},
        "conflicts": {KEY: [["REGISTRY_SCHEMA", "b", "Profile"]]},
        "dependencies": {},
        **changes,
    }


def test_equal_facts_differ_in_nothing() -> None:
    assert describe(facts(), facts()) == []


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        (
            facts(package={**facts()["package"], "status": "DRAFT"}),
            "The package's status was PUBLISHED and is now DRAFT.",
        ),
        (
            facts(target={**facts()["target"], "state": "resetting"}),
            "The target's state was active and is now resetting.",
        ),
        (facts(target={**facts()["target"], "type": None}), "The target's type was development and is now unknown."),
        (
            facts(permissions={KEY: {"allowed": False, "missing": []}}),
            f"A right needed for Schema {KEY.partition(':')[2]} is missing now.",
        ),
        (facts(conflicts={}), f"The target no longer holds anything like Schema {KEY.partition(':')[2]}."),
        (
            facts(conflicts={KEY: []}),
            f"The candidates for Schema {KEY.partition(':')[2]} in the target have changed.",
        ),
        (facts(dependencies={KEY: ["x:y"]}), "What the objects depend on has changed."),
        (
            facts(package={**facts()["package"], "artifacts": [KEY, "FLOW:1"]}),
            "The package now also names Source dataflow 1.",
        ),
    ],
)
def test_each_difference_is_a_sentence(after: dict[str, Any], sentence: str) -> None:
    assert describe(facts(), after) == [sentence]


def test_what_could_not_be_asked_is_not_called_gone() -> None:
    blocked = {name: facts()[name] for name in ("package", "target")}

    assert describe(facts(), blocked) == []
    assert describe(blocked, facts()) == []
