"""How two versions of a journey differ: steps, paths, settings and used objects; what says nothing is counted apart."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import Any

from promotions.journey_matching import paired_nodes, paired_used
from promotions.journey_outline import Edge, Node, Outline, Used, flow_order
from promotions.journey_settings import (
    OWN_ID,
    Path,
    as_text,
    is_of_the_record,
    leaves,
    where_in_words,
    without_copy,
)
from promotions.shown_values import Change

NOISE_SHOWN = 50
# An id of the platform's making. An address (of a schema, of a service) is none: that it differs matters.
_TOKEN = re.compile(r"[\w-]{1,200}(?:@AdobeOrg)?")
_OF_A_VERSION = frozenset({"journey", "journeyVersion", "version", "state", "status", "reviewState"})
_REFERENCE = re.compile(r"(?:Id|ID|Ref|Uid|uid|id|Reference)$")


@dataclass(frozen=True)
class Rewiring:
    """Where a path led and leads; "" where there was or is none of that label."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Delta:
    """A step, a used object or the journey itself; `id` is that of the step or object after, else before.

    `kind` is added, removed, changed, rewired, both (changed and rewired) or same.
    """

    kind: str
    id: str
    type: str
    sub_type: str
    title: str
    old_title: str
    is_system: bool
    changes: tuple[Change, ...]
    rewirings: tuple[Rewiring, ...]
    noise: tuple[Change, ...]

    @property
    def is_different(self) -> bool:
        return self.kind != "same"

    @property
    def noise_shown(self) -> tuple[Change, ...]:
        return self.noise[:NOISE_SHOWN]

    @property
    def noise_left(self) -> int:
        return max(0, len(self.noise) - NOISE_SHOWN)


@dataclass(frozen=True)
class Comparison:
    """What differs between two outlines, and how the steps of each are to be marked in a picture."""

    journey: Delta
    nodes: tuple[Delta, ...]
    used: tuple[Delta, ...]
    is_order_different: bool
    marks_before: Mapping[str, str]
    marks_after: Mapping[str, str]

    @cached_property
    def different_nodes(self) -> tuple[Delta, ...]:
        return tuple(delta for delta in self.nodes if delta.is_different)

    @cached_property
    def different_used(self) -> tuple[Delta, ...]:
        return tuple(delta for delta in self.used if delta.is_different)

    @property
    def same_nodes(self) -> int:
        return len(self.nodes) - len(self.different_nodes)

    @property
    def same_used(self) -> int:
        return len(self.used) - len(self.different_used)

    @cached_property
    def noisy(self) -> tuple[Delta, ...]:
        """All with something that says nothing, whether they differ otherwise or not."""
        return tuple(delta for delta in (self.journey, *self.nodes, *self.used) if delta.noise)

    @cached_property
    def noise(self) -> int:
        """How many differences were folded."""
        return sum(len(delta.noise) for delta in self.noisy) + self.is_order_different

    @property
    def has_differences(self) -> bool:
        return self.journey.is_different or bool(self.different_nodes or self.different_used)

    @cached_property
    def numbers(self) -> list[tuple[str, int]]:
        """How many steps were added, removed, changed and rewired; one may be changed and rewired."""
        kinds = Counter(delta.kind for delta in self.nodes)
        rewired = kinds["rewired"] + kinds["both"]
        found = [
            ("added", kinds["added"]),
            ("removed", kinds["removed"]),
            ("changed", kinds["changed"] + kinds["both"]),
            ("rewired", rewired),
        ]
        return [(word, number) for word, number in found if number]


def compare(before: Outline, after: Outline, *, is_copy: bool | None = None) -> Comparison:
    """The differences between two versions, or between a journey and its copy.

    In a copy every id and name is new by rule, so there an id that cannot be resolved says nothing; `is_copy` None: it
    is one if the two share neither a used object nor a step.
    """
    if is_copy is None:
        is_copy = _looks_like_copy(before, after)
    return _Comparing(before, after, is_copy).result()


def _looks_like_copy(before: Outline, after: Outline) -> bool:
    used = [{used.uid for used in side.used if used.uid and not used.is_system} for side in (before, after)]
    nodes = [{node.id for node in side.nodes} for side in (before, after)]
    decisive = used if all(used) else nodes
    return all(decisive) and not decisive[0] & decisive[1]


class _Comparing:
    def __init__(self, before: Outline, after: Outline, is_copy: bool) -> None:
        self.before, self.after, self.is_copy = before, after, is_copy
        self.nodes = paired_nodes(before, after)
        self.nodes_back = {other: one for one, other in self.nodes.items()}
        self.used = paired_used(before.used, after.used, is_copy=is_copy)
        self.names = ({node.id: node for node in before.nodes}, {node.id: node for node in after.nodes})
        self.known = tuple({used.uid: used.name for used in side.used if used.uid} for side in (before, after))
        self.renamed = self._renamed()
        self.pattern = _any_of(self.renamed)

    def result(self) -> Comparison:
        nodes = self._node_deltas()
        marked = [delta for delta in nodes if delta.is_different]
        return Comparison(
            journey=self._journey(),
            nodes=nodes,
            used=self._used_deltas(),
            is_order_different=self._is_order_different(),
            marks_before={
                delta.id if delta.kind == "removed" else self.nodes_back[delta.id]: delta.kind
                for delta in marked
                if delta.kind != "added"
            },
            marks_after={delta.id: delta.kind for delta in marked if delta.kind != "removed"},
        )

    def _renamed(self) -> dict[str, str]:
        """Ids and names after, and what they were called before."""
        renamed = {other: one for one, other in self.nodes.items() if one != other}
        for one, other in self.used.items():
            old, new = self.before.used[one], self.after.used[other]
            pairs = [(new.uid, old.uid)]
            if without_copy(new.name) == without_copy(old.name) or self.is_copy:
                pairs.append((new.name, old.name))
            renamed.update({late: early for late, early in pairs if late and early and late != early})
        return renamed

    def _journey(self) -> Delta:
        names = [("name", self.before.name, self.after.name)]
        changes, noise = self._compared(names, self.before.facts, self.after.facts, of_version=True)
        kind = "changed" if changes else "same"
        return Delta(kind, "", "journey", "", self.after.name, self.before.name, False, changes, (), noise)

    def _node_deltas(self) -> tuple[Delta, ...]:
        order_before, order_after = flow_order(self.before), flow_order(self.after)
        found: list[tuple[float, Delta]] = []
        for node in self.after.nodes:
            early = self.nodes_back.get(node.id)
            delta = self._node(self.names[0][early], node) if early else _whole_node("added", node)
            found.append((order_after[node.id], delta))
        # A step that is gone stands behind the last one before it that is still there.
        place = -1.0
        for node in sorted(self.before.nodes, key=lambda node: order_before[node.id]):
            if node.id in self.nodes:
                place = float(order_after[self.nodes[node.id]])
            else:
                found.append((place + 0.5, _whole_node("removed", node)))
        return tuple(delta for _, delta in sorted(found, key=lambda row: row[0]))

    def _node(self, old: Node, new: Node) -> Delta:
        names = [
            ("name", old.name, new.name),
            ("kind", old.kind, new.kind),
            ("sub-kind", old.sub_kind, new.sub_kind),
        ]
        changes, noise = self._compared(names, old.facts, new.facts)
        rewirings = self._rewirings(old.id, new.id)
        kind = "both" if changes and rewirings else "changed" if changes else "rewired" if rewirings else "same"
        return Delta(kind, new.id, new.kind, new.sub_kind, new.name, old.name, False, changes, rewirings, noise)

    def _rewirings(self, old: str, new: str) -> tuple[Rewiring, ...]:
        was = _by_label(edge for edge in self.before.edges if edge.source == old)
        now = _by_label(edge for edge in self.after.edges if edge.source == new)
        found = []
        for label in dict.fromkeys((*was, *now)):
            early = was.get(label, [])
            late = [(self._target_before(target), target) for target in now.get(label, [])]
            kept = {known for known, _ in late}
            gone = [self._called(0, target) for target in early if target not in kept]
            new_ones = [self._called(1, target) for known, target in late if known not in early]
            found += [Rewiring(label, one, other) for one, other in zip_longest(gone, new_ones, fillvalue="")]
        return tuple(found)

    def _target_before(self, target: str) -> str | None:
        """The id before of a step after; None for a new one. A step that is missing in both keeps its id."""
        return self.nodes_back.get(target) if target in self.names[1] else target

    def _called(self, side: int, node_id: str) -> str:
        node = self.names[side].get(node_id)
        return (node.name or node.kind or node.id) if node else f"{node_id} (missing)"

    def _used_deltas(self) -> tuple[Delta, ...]:
        found = []
        back = {other: one for one, other in self.used.items()}
        for number, new in enumerate(self.after.used):
            if number not in back:
                found.append(_whole_used("added", new))
                continue
            old = self.before.used[back[number]]
            names = [("name", old.name, new.name), ("uid", old.uid, new.uid)]
            changes, noise = self._compared(names, old.facts, new.facts)
            kind = "changed" if changes else "same"
            title, was = new.name or new.uid, old.name or old.uid
            found.append(Delta(kind, new.uid, new.type, "", title, was, new.is_system, changes, (), noise))
        found += [_whole_used("removed", old) for number, old in enumerate(self.before.used) if number not in self.used]
        return tuple(found)

    def _compared(
        self,
        names: Sequence[tuple[str, str, str]],
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        *,
        of_version: bool = False,
    ) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
        """What differs, and what differs without saying anything."""
        was, now = leaves(old), leaves(new)
        rows: list[tuple[Path, Any, Any]] = [((member,), one or None, other or None) for member, one, other in names]
        rows += [(path, was.get(path), now.get(path)) for path in dict.fromkeys((*was, *now))]
        real: list[Change] = []
        silent: list[Change] = []
        for path, one, other in rows:
            if change := self._change(path, one, other):
                (silent if self._is_noise(path, one, other, of_version) else real).append(change)
        return tuple(real), tuple(silent)

    def _change(self, path: Path, old: Any, new: Any) -> Change | None:
        if old == new and type(old) is type(new):
            return None
        kind = "added" if old is None else "removed" if new is None else "changed"
        return Change(kind, where_in_words(path), self._shown(0, old), self._shown(1, new))

    def _shown(self, side: int, value: Any) -> str:
        """The value; an id with the name of what it stands for, where that is known."""
        if value is None:
            return ""
        text = as_text(value)
        name = self.known[side].get(text) if isinstance(value, str) else ""
        return f"{name} ({text})" if name else text

    def _is_noise(self, path: Path, old: Any, new: Any, of_version: bool) -> bool:
        last = path[-1]
        if is_of_the_record(path, old if new is None else new) or (of_version and last in _OF_A_VERSION):
            return True
        if isinstance(old, list) and isinstance(new, list):
            return sorted(map(repr, old)) == sorted(map(repr, new))
        if isinstance(old, str) and isinstance(new, str):
            if self._as_before(new) == old or (last == "name" and without_copy(old) == without_copy(new)):
                return True
            if old in self.known[0] and new in self.known[1]:
                return False  # two things that both are known are two things
        is_reference = _REFERENCE.search(last) or (len(path) > 1 and _REFERENCE.search(path[-2]))
        if last in OWN_ID and not (len(path) > 1 and _REFERENCE.search(path[-2])):
            return all(value is None or _is_token(value) for value in (old, new))
        return bool(self.is_copy and is_reference and _is_token(old) and _is_token(new))

    def _as_before(self, text: str) -> str:
        if self.pattern is None:
            return text
        return self.pattern.sub(lambda found: self.renamed[found[0]], text)

    def _is_order_different(self) -> bool:
        was = [node.id for node in self.before.nodes if node.id in self.nodes]
        now = [self.nodes_back[node.id] for node in self.after.nodes if node.id in self.nodes_back]
        return was != now


def _any_of(words: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted(words, key=len, reverse=True)
    if not longest_first:
        return None
    return re.compile(r"(?<![\w-])(?:" + "|".join(map(re.escape, longest_first)) + r")(?![\w-])")


def _is_token(value: Any) -> bool:
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def _by_label(edges: Iterable[Edge]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for edge in edges:
        found.setdefault(edge.label, []).append(edge.target)
    return found


def _whole_node(kind: str, node: Node) -> Delta:
    changes = _all_settings(kind, node.facts)
    return Delta(kind, node.id, node.kind, node.sub_kind, node.name, node.name, False, changes, (), ())


def _whole_used(kind: str, used: Used) -> Delta:
    changes, title = _all_settings(kind, used.facts), used.name or used.uid
    return Delta(kind, used.uid, used.type, "", title, title, used.is_system, changes, (), ())


def _all_settings(kind: str, facts: Mapping[str, Any]) -> tuple[Change, ...]:
    """Of something that is there on one side only: what it says, without ids and the like."""
    rows = [
        (path, as_text(value))
        for path, value in leaves(facts).items()
        if path[-1] not in OWN_ID and not is_of_the_record(path, value)
    ]
    return tuple(
        Change(kind, where_in_words(path), text if kind == "removed" else "", text if kind == "added" else "")
        for path, text in rows
    )
