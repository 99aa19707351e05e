"""Walking through documents."""

from emulator.journey_trees import objects_in, rename_keys, steps_of, texts_in


def test_texts_are_found_with_their_ways_and_uids_in_lists():
    document = {"a": "1", "list": [{"uid": "u1", "b": "2"}, ["3", 4, None]], "n": 5}

    found = {steps_of(spot.trail): spot.text for spot in texts_in(document)}

    assert found == {("a",): "1", ("list", "u1", "uid"): "u1", ("list", "u1", "b"): "2", ("list", "1", "0"): "3"}


def test_texts_can_be_replaced_while_walking():
    document = {"a": ["x", {"b": "x"}], "c": "y"}

    for spot in texts_in(document):
        spot.put(spot.text * 2)

    assert document == {"a": ["xx", {"b": "xx"}], "c": "yy"}


def test_skipped_objects_hide_everything_below_them():
    document = {"kept": {"t": "1"}, "left": {"skip": True, "t": "2", "deep": {"t": "3"}}}

    found = [spot.text for spot in texts_in(document, skip=lambda thing: "skip" in thing)]

    assert found == ["1"]


def test_depth_has_no_limit():
    document: dict[str, object] = {}
    for _ in range(50_000):
        document = {"inner": document}

    assert sum(1 for _ in objects_in(document)) == 50_001


def test_members_keep_their_order_when_renamed():
    holder = {"a": 1, "b": 2, "c": 3}

    rename_keys(holder, {"b": "z"})

    assert list(holder.items()) == [("a", 1), ("z", 2), ("c", 3)]
