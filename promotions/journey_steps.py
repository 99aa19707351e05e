"""The steps of a journey as people read them: what each is called, how it looks, where it leads, what it is set to."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from promotions.journey_looks import MARKS, MarkLook, StepLook, look_of
from promotions.journey_outline import Node, Outline, flow_order, in_words, reached
from promotions.journey_settings import OWN_ID, as_text, is_of_the_record, leaves, where_in_words
from promotions.shown_values import is_long

SETTINGS_SHOWN = 40
TITLE_LENGTH = 20
MISSING = StepLook("Missing step", "unknown", "bad", "warning")


@dataclass(frozen=True)
class Setting:
    """One setting of a step, in words."""

    where: str
    value: str

    @property
    def is_long(self) -> bool:
        return is_long(self.value)


@dataclass(frozen=True)
class Way:
    """A path out of a step, in the list; `anchor` is "" if its target is missing."""

    label: str
    title: str
    anchor: str


@dataclass(frozen=True)
class Step:
    """One step, as the picture and the list name it."""

    anchor: str
    look: StepLook
    sub_kind: str
    title: str
    mark: MarkLook | None
    is_start: bool
    is_unreached: bool
    is_missing: bool
    ways: Sequence[Way]
    settings: Sequence[Setting]

    @property
    def short_title(self) -> str:
        return shortened(self.title, TITLE_LENGTH)

    @property
    def in_words(self) -> str:
        """Everything the box shows, as one line for those who do not see it."""
        words = [self.look.word, self.title if self.title != self.look.word else ""]
        words += [self.mark.word if self.mark else "", "not reached from the start" if self.is_unreached else ""]
        return ", ".join(word for word in words if word)

    @property
    def settings_shown(self) -> Sequence[Setting]:
        return self.settings[:SETTINGS_SHOWN]

    @property
    def settings_left(self) -> int:
        return max(0, len(self.settings) - SETTINGS_SHOWN)


def steps_of(outline: Outline, marks: Mapping[str, str], prefix: str) -> dict[str, Step]:
    """By id, in the order of the flow; a target that no step has comes last, as a missing one."""
    order, met = flow_order(outline), reached(outline)
    nodes = {node.id: node for node in sorted(outline.nodes, key=lambda node: order[node.id])}
    anchors = {node_id: f"{prefix}-{number}" for number, node_id in enumerate(nodes, 1)}
    ways: dict[str, list[Way]] = defaultdict(list)
    for edge in outline.edges:
        title = _title(nodes[edge.target]) if edge.target in nodes else edge.target
        ways[edge.source].append(Way(edge.label, title, anchors.get(edge.target, "")))
    found = {
        node.id: Step(
            anchor=anchors[node.id],
            look=look_of(node.kind),
            sub_kind=in_words(node.sub_kind) if node.sub_kind else "",
            title=_title(node),
            mark=MARKS.get(marks.get(node.id, "")),
            is_start=node.id == outline.start,
            is_unreached=node.id not in met,
            is_missing=False,
            ways=ways[node.id],
            settings=_settings(node),
        )
        for node in nodes.values()
    }
    for edge in outline.edges:
        if edge.target not in nodes:
            found[edge.target] = Step("", MISSING, "", edge.target, None, False, False, True, [], [])
    return found


def _title(node: Node) -> str:
    return node.name or look_of(node.kind).word


def _settings(node: Node) -> list[Setting]:
    return [
        Setting(where_in_words(path), as_text(value))
        for path, value in leaves(node.facts).items()
        if not (len(path) == 1 and path[0] in OWN_ID) and not is_of_the_record(path, value)
    ]


def shortened(text: str, length: int) -> str:
    """A text that fits; an ellipsis stands for its end."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
