"""The dependency picture and its list twin."""

from typing import Any

import pytest

from promotions.graph import PICTURE_LIMIT, picture_of, tree_of


def dependencies(children: dict[str, list[str]], roots: str) -> dict[str, Any]:
    keys = dict.fromkeys([*roots, *children, *(key for needed in children.values() for key in needed)])
    return {
        "nodes": [
            {"key": key, "type": "REGISTRY_SCHEMA", "id": key, "title": f"Title {key}", "depth": int(key not in roots)}
            for key in keys
        ],
        "children": children,
    }


def test_what_is_needed_stands_right_of_what_needs_it() -> None:
    picture = picture_of(dependencies({"a": ["b", "c"], "b": ["d"], "c": ["d"]}, "a"))

    x = {node.key: node.x for node in picture.nodes}
    assert x["a"] < x["b"] == x["c"] < x["d"]
    assert len(picture.edges) == 4


@pytest.mark.parametrize(
    ("children", "roots"),
    [
        ({"a": ["b", "c"], "b": ["d"], "c": ["d"], "a2": ["d"]}, ["a", "a2"]),
        ({"a": ["b"], "c": ["d"], "e": []}, ["a", "c", "e"]),
        ({"a": ["b", "c", "d", "e"], "b": ["c"], "c": ["d"], "d": ["e"]}, ["a"]),
    ],
)
def test_no_two_boxes_overlap_and_all_lie_inside(children: dict[str, list[str]], roots: list[str]) -> None:
    picture = picture_of(dependencies(children, roots))  # type: ignore[arg-type]

    boxes = [(node.x, node.y) for node in picture.nodes]
    overlapping = [
        (one, other)
        for index, one in enumerate(boxes)
        for other in boxes[index + 1 :]
        if abs(one[0] - other[0]) < 208 and abs(one[1] - other[1]) < 44
    ]
    assert overlapping == []
    assert all(x >= 0 and x + 208 <= picture.width and y >= 0 and y + 44 <= picture.height for x, y in boxes)


@pytest.mark.parametrize("children", [{"a": ["b"], "b": ["a"]}, {"a": ["a"]}, {"a": ["b"], "b": ["c"], "c": ["b"]}])
def test_a_circle_is_drawn_and_listed_without_end(children: dict[str, list[str]]) -> None:
    found = dependencies(children, "a")

    picture, tree = picture_of(found), tree_of(found)

    assert len(picture.nodes) == len(found["nodes"])
    assert tree[0].title == "Title a"


def test_too_many_objects_are_not_drawn() -> None:
    picture = picture_of(dependencies({"a": [f"n{number}" for number in range(PICTURE_LIMIT)]}, "a"))

    assert picture.is_too_large


def test_the_list_names_an_object_once_in_full() -> None:
    tree = tree_of(dependencies({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": ["e"]}, "a"))

    [root] = tree
    first, second = root.children
    assert [child.title for child in first.children[0].children] == ["Title e"]
    assert second.children[0].is_repeated
    assert second.children[0].children == []
