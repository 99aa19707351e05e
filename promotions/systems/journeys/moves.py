"""Which object of a document became which in the copy that an import made of it."""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Adobe, Journey Optimizer guide, "Duplicate a journey": a copy is called <name>_copy; further ones were seen numbered.
_copy = re.compile(r"(?:[ _-]*(?:\(?copy\)?)[ _-]*\(?[0-9]*\)?)+$", re.IGNORECASE)
_number = re.compile(r"(?:[ _-]+\(?[0-9]+\)?|\([0-9]+\))$")


@dataclass(frozen=True, slots=True)
class Carried:
    type: str
    uid: str
    name: str
    is_system: bool
    pointer: str


@dataclass(frozen=True, slots=True)
class Moved:
    type: str
    name: str
    uid: str
    new_uid: str
    new_name: str


def match(before: Sequence[Carried], after: Sequence[Carried]) -> tuple[Moved, ...]:
    """Pairs of the same type: by uid, by name, by what a copy leaves of the name, then by the order they stand in.

    The order decides only where as many are left on both sides. System objects are in every sandbox and do not move.
    """
    olds, news = _by_type(before), _by_type(after)
    found: dict[int, Carried] = {}
    for kind, old in olds.items():
        new = news.get(kind, [])
        for name_of in (_uid, _name, _without_copy, _without_number, _beginning):
            _pair(old, new, name_of, found)
        if len(old) == len(new):
            found |= {id(one): other for one, other in zip(old, new, strict=True)}
    return tuple(
        Moved(one.type, one.name, one.uid, found[id(one)].uid, found[id(one)].name)
        for one in before
        if id(one) in found
    )


def _pair(old: list[Carried], new: list[Carried], name_of: Callable[[Carried], str], found: dict[int, Carried]) -> None:
    """Take out of both lists what has the same name, and no other in its list has."""
    left, right = _alone(old, name_of), _alone(new, name_of)
    for name in left.keys() & right.keys():
        found[id(left[name])] = right[name]
        old.remove(left[name])
        new.remove(right[name])


def _alone(objects: Sequence[Carried], name_of: Callable[[Carried], str]) -> dict[str, Carried]:
    named: dict[str, list[Carried]] = defaultdict(list)
    for each in objects:
        named[name_of(each)].append(each)
    return {name: same[0] for name, same in named.items() if name and len(same) == 1}


def _by_type(objects: Sequence[Carried]) -> dict[str, list[Carried]]:
    found: dict[str, list[Carried]] = defaultdict(list)
    for each in objects:
        if not each.is_system:
            found[each.type].append(each)
    return found


def _uid(each: Carried) -> str:
    return each.uid


def _name(each: Carried) -> str:
    return each.name


def _without_copy(each: Carried) -> str:
    return _copy.sub("", each.name)


def _without_number(each: Carried) -> str:
    return _number.sub("", _without_copy(each))


def _beginning(each: Carried) -> str:
    """Names of objects have 30 characters at most; a copy's loses at the end what its suffix takes."""
    return _without_copy(each)[:23]
