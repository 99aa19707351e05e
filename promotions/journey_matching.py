"""Which step of one version of a journey is which of another, and which used object."""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from promotions.journey_outline import Node, Outline, Used, flow_order
from promotions.journey_settings import without_copy

# Shorter ids are numbers in a row: another step may come under the same one.
UNIQUE_LENGTH = 12
ROUNDS = 20

Pairs = dict[str, str]
Around = dict[str, set[tuple[str, str]]]
T = TypeVar("T")


def paired_nodes(before: Outline, after: Outline) -> Pairs:
    """Id before to id after: by id, then by kind and name and by where they stand."""
    return _NodePairing(before, after).pairs


def paired_used(before: Sequence[Used], after: Sequence[Used], *, is_copy: bool) -> dict[int, int]:
    """Position before to position after: by id, then by name; what is left of a type in a copy, in its order."""
    pairs: dict[int, int] = {}

    def pair(key: Callable[[Used], Hashable | None], *, only_same_number: bool = False) -> None:
        taken = set(pairs.values())
        left = _grouped([n for n in range(len(before)) if n not in pairs], lambda n: key(before[n]))
        right = _grouped([n for n in range(len(after)) if n not in taken], lambda n: key(after[n]))
        for shared, numbers in left.items():
            others = right.get(shared, [])
            if shared is not None and (len(numbers) == len(others) or not only_same_number):
                pairs.update(zip(numbers, others, strict=False))

    pair(lambda used: (used.type, used.uid) if used.uid else None)
    pair(lambda used: (used.type, used.name) if used.name else None)
    pair(lambda used: (used.type, without_copy(used.name)) if used.name else None)
    if is_copy:
        pair(lambda used: None if used.is_system else used.type, only_same_number=True)
    return pairs


class _NodePairing:
    def __init__(self, before: Outline, after: Outline) -> None:
        self.pairs: Pairs = {}
        self._backwards: Pairs = {}
        self._left = _in_flow_order(before)
        self._right = _in_flow_order(after)
        self._into = (_incoming(before), _incoming(after))
        self._out_of = (_outgoing(before), _outgoing(after))
        self._pair_all()

    def _pair_all(self) -> None:
        self._pair(lambda node, _: (node.id, node.kind, node.name))
        names = (
            {(node.kind, node.name) for node in self._open_left()},
            {(node.kind, node.name) for node in self._open_right()},
        )

        def by_id(node: Node, side: int) -> Hashable | None:
            is_elsewhere = (node.kind, node.name) in names[1 - side]
            return None if is_elsewhere and len(node.id) < UNIQUE_LENGTH else (node.id, node.kind)

        self._pair(by_id)
        self._pair(_named, only_alone=True)
        self._pair_repeatedly(lambda node, side: self._neighbours(_named(node), node, side, self._into))
        self._pair_repeatedly(lambda node, side: self._neighbours(_named(node), node, side, self._out_of))
        self._pair(_named)
        self._pair(lambda node, _: (node.kind, without_copy(node.name)) if node.name else None)
        self._pair(lambda node, _: (node.kind, str(node.facts["nodeId"])) if "nodeId" in node.facts else None)
        self._pair_repeatedly(lambda node, side: self._neighbours((node.kind, ""), node, side, self._into))
        self._pair(lambda node, _: node.id if len(node.id) >= UNIQUE_LENGTH else None)

    def _open_left(self) -> list[Node]:
        return [node for node in self._left if node.id not in self.pairs]

    def _open_right(self) -> list[Node]:
        return [node for node in self._right if node.id not in self._backwards]

    def _pair(self, key: Callable[[Node, int], Hashable | None], *, only_alone: bool = False) -> bool:
        """Pair steps with the same key, in the order of the flow; `only_alone` leaves keys of several steps."""
        left = _grouped(self._open_left(), lambda node: key(node, 0))
        right = _grouped(self._open_right(), lambda node: key(node, 1))
        found = [
            (one.id, other.id)
            for shared, nodes in left.items()
            if shared is not None and not (only_alone and max(len(nodes), len(right.get(shared, []))) > 1)
            for one, other in zip(nodes, right.get(shared, []), strict=False)
        ]
        self.pairs.update(found)
        self._backwards.update((other, one) for one, other in found)
        return bool(found)

    def _pair_repeatedly(self, key: Callable[[Node, int], Hashable | None]) -> None:
        """Every pair may tell which their neighbours are."""
        for _ in range(ROUNDS):
            if not self._pair(key):
                return

    def _neighbours(self, own: Hashable, node: Node, side: int, around: tuple[Around, Around]) -> Hashable | None:
        """`own` and those neighbours that have their pair, named by their ids before."""
        near = around[side].get(node.id, ())
        if side == 0:
            met = frozenset((label, other) for label, other in near if other in self.pairs)
        else:
            met = frozenset((label, self._backwards[other]) for label, other in near if other in self._backwards)
        return (own, met) if met else None


def _named(node: Node, _: int = 0) -> Hashable:
    return node.kind, node.sub_kind, without_copy(node.name)


def _in_flow_order(outline: Outline) -> list[Node]:
    order = flow_order(outline)
    return sorted(outline.nodes, key=lambda node: order[node.id])


def _incoming(outline: Outline) -> Around:
    found: Around = {}
    for edge in outline.edges:
        found.setdefault(edge.target, set()).add((edge.label, edge.source))
    return found


def _outgoing(outline: Outline) -> Around:
    found: Around = {}
    for edge in outline.edges:
        found.setdefault(edge.source, set()).add((edge.label, edge.target))
    return found


def _grouped(things: Sequence[T], key: Callable[[T], Hashable | None]) -> dict[Hashable | None, list[T]]:
    groups: dict[Hashable | None, list[T]] = {}
    for thing in things:
        groups.setdefault(key(thing), []).append(thing)
    return groups
