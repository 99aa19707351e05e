"""The flow of a journey: laid out from left to right as a picture, and listed step by step as its twin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from promotions.journey_outline import Outline
from promotions.journey_steps import Step, shortened, steps_of
from promotions.layers import Grid, Part, Point, curve, moved, parts_of, stations, walk

PICTURE_LIMIT = 250
LINE_LIMIT = 750
LIST_LIMIT = 1000
WIDTH, HEIGHT = 176, 52
GAP_DOWN = 30
MARGIN_X, MARGIN_Y = 20, 24
# A line that passes a column needs less room there than a box.
GRID = Grid(WIDTH, HEIGHT, gap_across=72, gap_down=GAP_DOWN, bend=4)
LANE = 12
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


class _Drawing:
    """Places for the steps of one journey, and the lines between them."""

    def __init__(self, steps: Mapping[str, Step], edges: Mapping[tuple[str, str], str]) -> None:
        self.steps, self.edges = steps, edges
        self.boxes: list[Box] = []
        self.lines: list[Line] = []
        self.loops = dict.fromkeys(walk(list(steps), list(edges)).closing)
        # What the start does not reach stands below, and its paths into the flow pull nothing out of place.
        self._apart = {
            (start, end): None for start, end in edges if steps[start].is_unreached and not steps[end].is_unreached
        }
        self._places: dict[str, Point] = {}
        self._labels: list[Point] = []
        self._lanes: dict[str, float] = {}
        self._bottom = float(MARGIN_Y)
        self._draw()
        self.boxes = [Box(steps[key], round(x), round(y)) for key, (x, y) in self._places.items()]
        # The order of the Tab key is that of the flow.
        self.boxes.sort(key=lambda box: (box.x, box.y))
        self.width = max((box.x for box in self.boxes), default=0) + WIDTH + MARGIN_X
        self.height = round(self._bottom)

    def _draw(self) -> None:
        onwards = [edge for edge in self.edges if edge not in self.loops and edge not in self._apart]
        for part in parts_of(list(self.steps), onwards, GRID):
            self._draw_part(part)
        for start, end in self._apart:
            self._draw_around(start, end, self._lanes.get(end, self._bottom))

    def _draw_part(self, part: Part) -> None:
        top = self._bottom
        self._places.update({key: (x + MARGIN_X, y + top) for key, (x, y) in part.places.items()})
        for start, bends, end in part.links:
            self._draw_onwards(start, moved(bends, right=MARGIN_X, down=top), end)
        self._bottom = top + part.height
        for start, end in self.loops:
            if start in part.places:
                self._bottom += LANE
                self._draw_around(start, end, self._bottom)
        self._bottom += LANE
        self._lanes.update(dict.fromkeys(part.places, self._bottom))
        self._bottom += GAP_DOWN

    def _draw_onwards(self, start: str, bends: Sequence[Point], end: str) -> None:
        points = stations(self._places[start], bends, self._places[end], GRID)
        first, second = points[0], points[1]
        at = ((first[0] + second[0]) / 2, (first[1] + second[1]) / 2 + (4 if first[1] != second[1] else -5))
        self._line(start, end, curve(points), at, is_back=False)

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

    def _line(self, start: str, end: str, path: str, at: Point, *, is_back: bool) -> None:
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
