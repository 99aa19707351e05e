"""The flow of a journey: laid out from left to right as a picture, and listed step by step as its twin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from grandalf.graphs import Edge as Link
from grandalf.graphs import Graph, Vertex
from grandalf.layouts import SugiyamaLayout

from promotions.journey_outline import Outline
from promotions.journey_steps import Step, shortened, steps_of

PICTURE_LIMIT = 250
LINE_LIMIT = 750
LIST_LIMIT = 1000
WIDTH, HEIGHT = 176, 52
GAP_ACROSS, GAP_DOWN = 72, 30
MARGIN_X, MARGIN_Y = 20, 24
LANE = 12
BEND = 4
LABEL_LENGTH = 12
LABEL_WIDTH, LABEL_HEIGHT = 70, 13


@dataclass(frozen=True)
class Box:
    """A step with its place, by the upper left corner."""

    step: Step
    x: int
    y: int

    @property
    def path(self) -> str:
        return _OUTLINES.get(self.step.look.shape, _OUTLINES["box"]).format(
            x=self.x, x6=self.x + 6, x8=self.x + 8, x14=self.x + 14, x26=self.x + 26,
            r=self.x + WIDTH, r6=self.x + WIDTH - 6, r8=self.x + WIDTH - 8, r14=self.x + WIDTH - 14,
            r26=self.x + WIDTH - 26, y=self.y, y6=self.y + 6, y14=self.y + 14, m=self.y + HEIGHT // 2,
            b=self.y + HEIGHT, b6=self.y + HEIGHT - 6,
        )  # fmt: skip

    @property
    def icon_x(self) -> int:
        return self.x + 18

    @property
    def icon_y(self) -> int:
        return self.y + 9

    @property
    def word_x(self) -> int:
        return self.x + 38

    @property
    def word_y(self) -> int:
        return self.y + 20

    @property
    def title_x(self) -> int:
        return self.x + 18

    @property
    def title_y(self) -> int:
        return self.y + 39

    @property
    def mark_x(self) -> int:
        return self.x + 14

    @property
    def mark_y(self) -> int:
        return self.y - 6


@dataclass(frozen=True)
class Line:
    """A path between two steps: its curve, its arrow head, and its label with its place."""

    path: str
    head: str
    label: str
    short_label: str
    x: int
    y: int
    is_back: bool
    is_open: bool


@dataclass(frozen=True)
class Picture:
    """A journey from its start at the left; `steps` is the same as a list."""

    name: str
    prefix: str
    boxes: Sequence[Box]
    lines: Sequence[Line]
    steps: Sequence[Step]
    width: int
    height: int
    is_too_large: bool
    left_out: int
    unreached: int
    missing: int
    loops: int


_OUTLINES = {
    "pill": "M{x26} {y}H{r26}A26 26 0 0 1 {r26} {b}H{x26}A26 26 0 0 1 {x26} {y}Z",
    "point": "M{x14} {y}H{r14}L{r} {m}L{r14} {b}H{x14}L{x} {m}Z",
    "slant": "M{x14} {y}H{r}L{r14} {b}H{x}Z",
    "card": "M{x6} {y}H{r14}L{r} {y14}V{b6}Q{r} {b} {r6} {b}H{x6}Q{x} {b} {x} {b6}V{y6}Q{x} {y} {x6} {y}Z",
    "notch": "M{x} {y}H{r}L{r8} {m}L{r} {b}H{x}L{x8} {m}Z",
    "box": "M{x6} {y}H{r6}Q{r} {y} {r} {y6}V{b6}Q{r} {b} {r6} {b}H{x6}Q{x} {b} {x} {b6}V{y6}Q{x} {y} {x6} {y}Z",
}


def picture_of(outline: Outline, marks: Mapping[str, str] | None = None, *, prefix: str = "step") -> Picture:
    """The journey with a place for every step; nothing drawn above a size that nobody could read.

    `marks` names steps that a comparison marked (journey_looks.MARKS); `prefix` keeps the anchors of two pictures on
    one page apart.
    """
    steps = steps_of(outline, marks or {}, prefix)
    edges = {(edge.source, edge.target): "" for edge in outline.edges}
    for edge in outline.edges:
        known = edges[edge.source, edge.target]
        edges[edge.source, edge.target] = ", ".join(word for word in (known, edge.label) if word)
    is_too_large = len(steps) > PICTURE_LIMIT or len(edges) > LINE_LIMIT
    drawn = _Drawing(steps, edges) if not is_too_large else None
    listed = [step for step in steps.values() if not step.is_missing]
    return Picture(
        name=outline.name,
        prefix=prefix,
        boxes=drawn.boxes if drawn else [],
        lines=drawn.lines if drawn else [],
        steps=listed[:LIST_LIMIT],
        width=drawn.width if drawn else 0,
        height=drawn.height if drawn else 0,
        is_too_large=is_too_large,
        left_out=max(0, len(listed) - LIST_LIMIT),
        unreached=sum(1 for step in listed if step.is_unreached),
        missing=len(steps) - len(listed),
        loops=len(drawn.loops) if drawn else 0,
    )


class _Area:
    """What the layout asks of a vertex. It works downwards, so width and height change places."""

    w, h = HEIGHT, WIDTH

    def __init__(self) -> None:
        self.xy = (0.0, 0.0)


class _Route:
    def __init__(self) -> None:
        self.points: list[tuple[float, float]] = []

    def setpath(self, points: list[tuple[float, float]]) -> None:
        self.points = points


class _Drawing:
    """Places for the steps of one journey, and the lines between them."""

    def __init__(self, steps: Mapping[str, Step], edges: Mapping[tuple[str, str], str]) -> None:
        self.steps, self.edges = steps, edges
        self.boxes: list[Box] = []
        self.lines: list[Line] = []
        self.loops = _closing(list(steps), list(edges))
        # What the start does not reach stands below, and its paths into the flow pull nothing out of place.
        self._apart = {
            (start, end): None for start, end in edges if steps[start].is_unreached and not steps[end].is_unreached
        }
        self._places: dict[str, tuple[float, float]] = {}
        self._labels: list[tuple[float, float]] = []
        self._lanes: dict[str, float] = {}
        self._bottom = float(MARGIN_Y)
        self._draw()
        self.boxes = [Box(steps[key], round(x), round(y)) for key, (x, y) in self._places.items()]
        # The order of the Tab key is that of the flow.
        self.boxes.sort(key=lambda box: (box.x, box.y))
        self.width = max((box.x for box in self.boxes), default=0) + WIDTH + MARGIN_X
        self.height = round(self._bottom)

    def _draw(self) -> None:
        vertices = {key: Vertex(key) for key in self.steps}
        for vertex in vertices.values():
            vertex.view = _Area()
        links = []
        for start, end in self.edges:
            if (start, end) not in self.loops and (start, end) not in self._apart:
                link = Link(vertices[start], vertices[end])
                link.view = _Route()
                links.append(link)
        for component in Graph(list(vertices.values()), links).C:
            self._draw_component(component)
        for start, end in self._apart:
            self._draw_around(start, end, self._lanes.get(end, self._bottom))

    def _draw_component(self, component: object) -> None:
        layout = SugiyamaLayout(component)
        layout.xspace, layout.yspace = GAP_DOWN, GAP_ACROSS
        layout.dw = BEND  # a line that passes a column needs less room there than a box
        layout.init_all()
        layout.draw(4)
        members = list(component.sV)  # type: ignore[attr-defined]
        upper = min(vertex.view.xy[0] for vertex in members) - HEIGHT / 2
        left = min(vertex.view.xy[1] for vertex in members) - WIDTH / 2
        top = self._bottom
        for vertex in members:
            across, down = vertex.view.xy
            self._places[vertex.data] = (down - left + MARGIN_X - WIDTH / 2, across - upper + top - HEIGHT / 2)
        for link in component.sE:  # type: ignore[attr-defined]
            bends = [(down - left + MARGIN_X, across - upper + top) for across, down in link.view.points[1:-1]]
            self._draw_onwards(link.v[0].data, bends, link.v[1].data)
        self._bottom = max(self._places[vertex.data][1] for vertex in members) + HEIGHT
        own = {vertex.data for vertex in members}
        for start, end in self.loops:
            if start in own:
                self._bottom += LANE
                self._draw_around(start, end, self._bottom)
        self._bottom += LANE
        self._lanes.update(dict.fromkeys(own, self._bottom))
        self._bottom += GAP_DOWN

    def _draw_onwards(self, start: str, bends: Sequence[tuple[float, float]], end: str) -> None:
        """A smooth line from the right side of one box, through the bends, to the left side of another."""
        (x1, y1), (x2, y2) = self._places[start], self._places[end]
        points = [(x1 + WIDTH, y1 + HEIGHT / 2)]
        for x, y in bends:  # straight through the layer, between its boxes
            points += [(x - WIDTH / 2, y), (x + WIDTH / 2, y)]
        points.append((x2, y2 + HEIGHT / 2))
        words = [f"M{points[0][0]:.0f} {points[0][1]:.0f}"]
        for (left, y_left), (right, y_right) in pairwise(points):
            middle = (left + right) / 2
            words.append(f"C{middle:.0f} {y_left:.0f} {middle:.0f} {y_right:.0f} {right:.0f} {y_right:.0f}")
        first, second = points[0], points[1]
        at = ((first[0] + second[0]) / 2, (first[1] + second[1]) / 2 + (4 if first[1] != second[1] else -5))
        self._line(start, end, " ".join(words), at, is_back=False)

    def _draw_around(self, start: str, end: str, lane: float) -> None:
        """A line that leads back: along its lane between the boxes above and below, reached through the gaps."""
        (x1, y1), (x2, y2) = self._places[start], self._places[end]
        right, left = x1 + WIDTH + 20, x2 - 18
        out, into = y1 + HEIGHT / 2 + 8, y2 + HEIGHT / 2 + 8
        turn1, turn2 = (8 if lane > out else -8), (8 if lane > into else -8)
        along = 8 if left < right else -8
        path = (
            f"M{x1 + WIDTH - 8:.0f} {out:.0f}H{right - 8:.0f}Q{right:.0f} {out:.0f} {right:.0f} {out + turn1:.0f}"
            f"V{lane - turn1:.0f}Q{right:.0f} {lane:.0f} {right - along:.0f} {lane:.0f}H{left + along:.0f}"
            f"Q{left:.0f} {lane:.0f} {left:.0f} {lane - turn2:.0f}V{into + turn2:.0f}"
            f"Q{left:.0f} {into:.0f} {left + 8:.0f} {into:.0f}H{x2:.0f}"
        )
        self._line(start, end, path, ((right + left) / 2, lane - 4), is_back=True)

    def _line(self, start: str, end: str, path: str, at: tuple[float, float], *, is_back: bool) -> None:
        label = self.edges[start, end]
        x, y = at
        if label:
            while any(
                abs(x - other) < LABEL_WIDTH and abs(y - height) < LABEL_HEIGHT for other, height in self._labels
            ):
                y += LABEL_HEIGHT
            self._labels.append((x, y))
        tip_x, tip_y = self._places[end][0], self._places[end][1] + HEIGHT / 2 + (8 if is_back else 0)
        self.lines.append(
            Line(
                path=path,
                head=f"M{tip_x:.0f} {tip_y:.0f}l-8 -4v8z",
                label=label,
                short_label=shortened(label, LABEL_LENGTH),
                x=round(x),
                y=round(y),
                is_back=is_back,
                is_open=self.steps[end].is_missing,
            )
        )


def _closing(keys: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[tuple[str, str], None]:
    """The edges that close a circle in a walk through the graph, so that the rest can be laid out in layers."""
    following: dict[str, list[str]] = {key: [] for key in keys}
    for start, end in edges:
        following[start].append(end)
    closing: dict[tuple[str, str], None] = {}
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
                closing[key, child] = None
            elif child not in done:
                path.add(child)
                stack.append((child, iter(following[child])))
    return closing
