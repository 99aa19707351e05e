"""What a package's objects need: laid out as a picture, and nested as a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from promotions.choices import ArtifactType, label
from promotions.layers import Grid, Point, curve, moved, parts_of, stations, walk

PICTURE_LIMIT = 150
LIST_LIMIT = 1000
NODE_WIDTH, NODE_HEIGHT = 208, 44
GAP_DOWN = 12
GRID = Grid(NODE_WIDTH, NODE_HEIGHT, gap_across=56, gap_down=GAP_DOWN)
MARGIN = 6
TITLE_LENGTH = 27


@dataclass(frozen=True)
class Node:
    """One object, placed by its upper left corner."""

    key: str
    anchor: str
    type_label: str
    title: str
    short_title: str
    is_named: bool
    x: int
    y: int

    @property
    def text_x(self) -> int:
        return self.x + 12

    @property
    def type_y(self) -> int:
        return self.y + 17

    @property
    def title_y(self) -> int:
        return self.y + 34


@dataclass(frozen=True)
class Picture:
    """A graph from left to right: what the package names, then what that needs."""

    nodes: Sequence[Node]
    edges: Sequence[str]
    width: int
    height: int
    is_too_large: bool = False


@dataclass
class Branch:
    """An object in the nested list; one that stands further up already is only named again."""

    anchor: str
    type_label: str
    type: str
    title: str
    remote_id: str
    is_repeated: bool
    children: list["Branch"] = field(default_factory=list)


def picture_of(dependencies: Mapping[str, Any]) -> Picture:
    """The graph with a place for every object; nothing drawn above a size that nobody could read."""
    nodes = {node["key"]: node for node in dependencies["nodes"]}
    if len(nodes) > PICTURE_LIMIT:
        return Picture([], [], 0, 0, is_too_large=True)
    edges = _edges(nodes, dependencies["children"])
    top = float(MARGIN)
    places: dict[str, Point] = {}
    paths: list[str] = []
    for part in parts_of(list(nodes), walk(list(nodes), edges).onwards, GRID):
        places.update({key: (x + MARGIN, y + top) for key, (x, y) in part.places.items()})
        for start, bends, end in part.links:
            passed = moved(bends, right=MARGIN, down=top)
            paths.append(curve(stations(places[start], passed, places[end], GRID)))
        top += part.height + 2 * GAP_DOWN
    placed = [_node(nodes[key], round(x), round(y)) for key, (x, y) in places.items()]
    placed.sort(key=lambda node: (node.x, node.y))  # the order of the Tab key
    return Picture(
        placed,
        paths,
        width=max((node.x for node in placed), default=0) + NODE_WIDTH + MARGIN,
        height=max((node.y for node in placed), default=0) + NODE_HEIGHT + MARGIN,
    )


def _edges(nodes: Mapping[str, Any], children: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    return [
        (parent, child)
        for parent, needed in children.items()
        for child in dict.fromkeys(needed)
        if parent in nodes and child in nodes and parent != child
    ]


def _node(node: Mapping[str, Any], x: int, y: int) -> Node:
    title = node["title"] or node["id"]
    short = title if len(title) <= TITLE_LENGTH else f"{title[: TITLE_LENGTH - 1]}…"
    return Node(
        key=node["key"],
        anchor=anchor_of(node),
        type_label=label(ArtifactType, node["type"]),
        title=title,
        short_title=short,
        is_named=node["depth"] == 0,
        x=x,
        y=y,
    )


def anchor_of(node: Mapping[str, Any]) -> str:
    """The id of an object's line in the nested list."""
    return "object-" + "".join(sign if sign.isalnum() else "-" for sign in str(node["key"]))


def tree_of(dependencies: Mapping[str, Any]) -> list[Branch]:
    """The nested list: each object once in full, where it is met first, level by level."""
    nodes = {node["key"]: node for node in dependencies["nodes"]}
    children = dependencies["children"]
    roots = [key for key, node in nodes.items() if node["depth"] == 0]
    seen: set[str] = set(roots)
    top = [_branch(nodes[key], is_repeated=False) for key in roots]
    level = list(zip(roots, top, strict=True))
    shown = len(top)
    while level and shown < LIST_LIMIT:
        following = []
        for key, branch in level:
            for child in children.get(key, []):
                if child not in nodes or shown >= LIST_LIMIT:
                    continue
                inner = _branch(nodes[child], is_repeated=child in seen)
                branch.children.append(inner)
                shown += 1
                if child not in seen:
                    seen.add(child)
                    following.append((child, inner))
        level = following
    return top


def _branch(node: Mapping[str, Any], *, is_repeated: bool) -> Branch:
    return Branch(
        anchor=anchor_of(node),
        type_label=label(ArtifactType, node["type"]),
        type=node["type"],
        title=node["title"] or node["id"],
        remote_id=node["id"],
        is_repeated=is_repeated,
    )
