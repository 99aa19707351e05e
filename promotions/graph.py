"""What a package's objects need: laid out as a picture, and nested as a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from grandalf.graphs import Edge, Graph, Vertex
from grandalf.layouts import SugiyamaLayout

from promotions.choices import ArtifactType, label

PICTURE_LIMIT = 150
LIST_LIMIT = 1000
NODE_WIDTH, NODE_HEIGHT = 208, 44
GAP_ACROSS, GAP_DOWN = 56, 12
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


class _Box:
    """What the layout asks of a vertex. It works downwards, so width and height change places."""

    w, h = NODE_HEIGHT, NODE_WIDTH

    def __init__(self) -> None:
        self.xy = (0.0, 0.0)


class _Line:
    def __init__(self) -> None:
        self.points: list[tuple[float, float]] = []

    def setpath(self, points: list[tuple[float, float]]) -> None:
        self.points = points


def picture_of(dependencies: Mapping[str, Any]) -> Picture:
    """The graph with a place for every object; nothing drawn above a size that nobody could read."""
    nodes = {node["key"]: node for node in dependencies["nodes"]}
    if len(nodes) > PICTURE_LIMIT:
        return Picture([], [], 0, 0, is_too_large=True)
    edges = _edges(nodes, dependencies["children"])
    vertices = {key: Vertex(key) for key in nodes}
    for vertex in vertices.values():
        vertex.view = _Box()
    links = []
    for start, end in _without_cycles(list(nodes), edges):
        link = Edge(vertices[start], vertices[end])
        link.view = _Line()
        links.append(link)
    top = float(MARGIN)
    places: dict[str, tuple[float, float]] = {}
    paths: list[str] = []
    for component in Graph(list(vertices.values()), links).C:
        layout = SugiyamaLayout(component)
        layout.xspace, layout.yspace = GAP_DOWN, GAP_ACROSS
        layout.init_all()
        layout.draw(4)
        members = list(component.sV)
        upper = min(vertex.view.xy[0] for vertex in members) - NODE_HEIGHT / 2
        left = min(vertex.view.xy[1] for vertex in members) - NODE_WIDTH / 2
        for vertex in members:
            across, down = vertex.view.xy
            places[vertex.data] = (down - left + MARGIN - NODE_WIDTH / 2, across - upper + top - NODE_HEIGHT / 2)
        for link in component.sE:
            bends = [(down - left + MARGIN, across - upper + top) for across, down in link.view.points[1:-1]]
            paths.append(_path(places[link.v[0].data], bends, places[link.v[1].data]))
        top += max(vertex.view.xy[0] for vertex in members) + NODE_HEIGHT / 2 - upper + 2 * GAP_DOWN
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


def _without_cycles(keys: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The edges that lead onwards in a walk through the graph; one that closes a circle is left out."""
    following: dict[str, list[str]] = {key: [] for key in keys}
    for start, end in edges:
        following[start].append(end)
    kept: list[tuple[str, str]] = []
    done: set[str] = set()
    for root in keys:
        if root in done:
            continue
        path = {root}
        stack = [(root, iter(following[root]))]
        while stack:
            key, rest = stack[-1]
            child = next(rest, None)
            if child is None:
                stack.pop()
                path.discard(key)
                done.add(key)
            elif child not in path:
                kept.append((key, child))
                if child not in done:
                    path.add(child)
                    stack.append((child, iter(following[child])))
    return kept


def _path(start: tuple[float, float], bends: Sequence[tuple[float, float]], end: tuple[float, float]) -> str:
    """A smooth line from the right side of one box, through the bends, to the left side of another."""
    points = [(start[0] + NODE_WIDTH, start[1] + NODE_HEIGHT / 2)]
    for x, y in bends:  # straight through the layer, between its boxes
        points += [(x - NODE_WIDTH / 2, y), (x + NODE_WIDTH / 2, y)]
    points.append((end[0], end[1] + NODE_HEIGHT / 2))
    words = [f"M{points[0][0]:.0f} {points[0][1]:.0f}"]
    for (x1, y1), (x2, y2) in pairwise(points):
        middle = (x1 + x2) / 2
        words.append(f"C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2:.0f} {y2:.0f}")
    return " ".join(words)


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
