"""How suggestions are found and ranked."""

from emulator import kinds
from emulator.conflicts import suggestions
from emulator.things import Sandbox, SandboxObject
from emulator.world import dependencies_first

SOURCE = SandboxObject("s", kinds.SCHEMA, "Loyalty members", 1)


def target(*objects):
    sandbox = Sandbox("stage", "Staging", "development", "VA7", 0, "someone")
    for thing in objects:
        sandbox.add(thing)
    return sandbox


def schema(ident, title, age=0, **more):
    return SandboxObject(ident, kinds.SCHEMA, title, 1_000 - age, **more)


def ids(found):
    return [one.id for one in found]


def test_newer_renamed_copy_comes_before_the_exact_title_and_that_before_similar_ones():
    sandbox = target(
        schema("similar", "Loyalty members archive"),
        schema("exact", "Loyalty members", age=50),
        schema("copy", "Loyalty members_1686403052050", age=10),
        schema("other", "Newsletter"),
    )

    assert ids(suggestions(SOURCE, sandbox)) == ["copy", "exact", "similar"]


def test_titles_are_alike_from_half_of_their_words_on():
    sandbox = target(schema("half", "Loyalty members of Europe"), schema("less", "Loyalty members of all regions"))

    assert ids(suggestions(SOURCE, sandbox)) == ["half"]


def test_other_types_are_never_suggested():
    sandbox = target(SandboxObject("set", kinds.DATASET, "Loyalty members", 1))

    assert suggestions(SOURCE, sandbox) == []


def test_object_without_a_title_is_found_by_its_ancestor():
    mapping_set = SandboxObject("m", kinds.MAPPING_SET, "", 1)
    sandbox = target(
        SandboxObject("copy", kinds.MAPPING_SET, "", 2, origin="m"),
        SandboxObject("another", kinds.MAPPING_SET, "", 3),
    )

    assert ids(suggestions(mapping_set, sandbox)) == ["copy"]


def test_suggestions_are_no_more_than_ten():
    sandbox = target(*(schema(str(number), f"Loyalty members_{1686403052050 + number}") for number in range(30)))

    assert len(suggestions(SOURCE, sandbox)) == 10


def test_removed_object_is_suggested_no_more():
    thing = schema("exact", "Loyalty members")
    sandbox = target(thing)

    sandbox.remove(thing)

    assert suggestions(SOURCE, sandbox) == []


def test_dependencies_come_once_and_before_what_uses_them():
    leaf = schema("leaf", "Leaf")
    left = schema("left", "Left", children=(leaf.ref,))
    right = schema("right", "Right", children=(leaf.ref, left.ref))

    order = dependencies_first([right, left], {one.ref: one for one in (leaf, left, right)})

    assert ids(order) == ["leaf", "left", "right"]


def test_circular_dependencies_end():
    one = schema("one", "One", children=((kinds.SCHEMA, "two"),))
    two = schema("two", "Two", children=((kinds.SCHEMA, "one"),))

    order = dependencies_first([one], {thing.ref: thing for thing in (one, two)})

    assert sorted(ids(order)) == ["one", "two"]
