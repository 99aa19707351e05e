"""A graph laid out in layers from left to right, with smooth lines between its nodes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from grandalf.graphs import Edge, Graph, Vertex
from grandalf.layouts import SugiyamaLayout

Point = tuple[float, float]


@dataclass(frozen=True)
class Grid:
    """The size of a node, the gaps between two, and the room (`bend`) of a line that passes a layer."""

    width: int
    height: int
    gap_across: int
    gap_down: int
    bend: int | None = None


class Link(NamedTuple):
    """An edge from one node to another, with the points between them that it passes."""

    start: str
    bends: Sequence[Point]
    end: str


@dataclass(frozen=True)
class Part:
    """Nodes that hang together, by their upper left corners; `height` reaches down to the lowest edge of one."""

    places: Mapping[str, Point]
    links: Sequence[Link]
    height: float


class Walk(NamedTuple):
    """The edges of a graph in the order of a walk through it: those that lead onwards, those that close a circle."""

    onwards: list[tuple[str, str]]
    closing: list[tuple[str, str]]


class _Area:
    """What the layout asks of a vertex. It works downwards, so width and height change places."""

    def __init__(self, grid: Grid) -> None:
        self.w, self.h = grid.height, grid.width
        self.xy = (0.0, 0.0)


class _Route:
    """What the layout asks of an edge."""

    def __init__(self) -> None:
        self.points: list[Point] = []

    def setpath(self, points: list[Point]) -> None:
        self.points = points


def walk(keys: Sequence[str], edges: Sequence[tuple[str, str]]) -> Walk:
    """Only what leads onwards can be laid out in layers."""
    following: dict[str, list[str]] = {key: [] for key in keys}
    for start, end in edges:
        following[start].append(end)
    found = Walk([], [])
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
            elif child in path:
                found.closing.append((key, child))
            else:
                found.onwards.append((key, child))
                if child not in done:
                    path.add(child)
                    stack.append((child, iter(following[child])))
    return found


def parts_of(keys: Sequence[str], edges: Sequence[tuple[str, str]], grid: Grid) -> Iterator[Part]:
    """What hangs together, each laid out by itself, its upper left corner at nought. The edges close no circle."""
    vertices = {key: Vertex(key) for key in keys}
    for vertex in vertices.values():
        vertex.view = _Area(grid)
    links = []
    for start, end in edges:
        link = Edge(vertices[start], vertices[end])
        link.view = _Route()
        links.append(link)
    for component in Graph(list(vertices.values()), links).C:
        yield _laid_out(component, grid)


def _laid_out(component: Any, grid: Grid) -> Part:
    layout = SugiyamaLayout(component)
    layout.xspace, layout.yspace = grid.gap_down, grid.gap_across
    if grid.bend is not None:
        layout.dw = grid.bend
    layout.init_all()
    layout.draw(4)
    members = list(component.sV)
    upper = min(vertex.view.xy[0] for vertex in members) - grid.height / 2
    left = min(vertex.view.xy[1] for vertex in members) - grid.width / 2
    places = {}
    for vertex in members:
        across, down = vertex.view.xy
        places[vertex.data] = (down - left - grid.width / 2, across - upper - grid.height / 2)
    links = [
        Link(
            link.v[0].data,
            [(down - left, across - upper) for across, down in link.view.points[1:-1]],
            link.v[1].data,
        )
        for link in component.sE
    ]
    return Part(places, links, max(y for _, y in places.values()) + grid.height)


def moved(points: Sequence[Point], *, right: float, down: float) -> list[Point]:
    return [(x + right, y + down) for x, y in points]


def stations(start: Point, bends: Sequence[Point], end: Point, grid: Grid) -> list[Point]:
    """Where a line leaves one node, passes layers between their nodes, and enters another."""
    points = [(start[0] + grid.width, start[1] + grid.height / 2)]
    for x, y in bends:  # straight through the layer
        points += [(x - grid.width / 2, y), (x + grid.width / 2, y)]
    points.append((end[0], end[1] + grid.height / 2))
    return points


def curve(points: Sequence[Point]) -> str:
    """A smooth line through all of them, as the path of an SVG."""
    words = [f"M{points[0][0]:.0f} {points[0][1]:.0f}"]
    for (x1, y1), (x2, y2) in pairwise(points):
        middle = (x1 + x2) / 2
        words.append(f"C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2:.0f} {y2:.0f}")
    return " ".join(words)
