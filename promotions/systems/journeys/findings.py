"""From marked places to findings: who owns each, which of them are one and the same, and what each is called."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from promotions.systems.journeys import naming
from promotions.systems.journeys.collecting import Collected, Mark, Place
from promotions.systems.journeys.vocabulary import NAMING

_TITLES = {"template": " name", "mobile_app": " name"}


class Owner(NamedTuple):
    type: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to decide; the answer goes to all its pointers."""

    kind: str  # secret, schema, template, mobile_app
    key: str
    title: str
    where: str
    owner: Owner
    pointers: tuple[str, ...]
    current: str


@dataclass(slots=True)
class _Draft:
    mark: Mark
    place: Place | None  # of the owner
    inner: str  # its key inside the owner
    number: int  # among those of the same owner that nothing else tells apart
    pointers: list[str] = field(default_factory=list)


class Owners:
    """Finds the object a place belongs to: the nearest one that the document carries, else the journey."""

    def __init__(self, collected: Collected) -> None:
        self._journey = collected.journey
        self._kinds: dict[str, str] = {}
        for place in collected.objects:
            if place.uid:
                self._kinds.setdefault(place.uid, place.kind)

    def place_of(self, mark: Mark) -> Place | None:
        start = mark.event or mark.place
        chain = list(start.chain()) if start is not None else []
        for place in chain:
            if place.kind not in ("", "journey") or (place.uid and place.uid in self._kinds):
                return place
        if mark.kind == "schema" and mark.event is not None:
            return mark.event
        return next(
            (place for place in chain if place is self._journey or place.kind == "journey"),
            next((place for place in chain if place.has_identity and not place.is_flow), self._journey_around(chain)),
        )

    def owner(self, place: Place | None, kind: str = "") -> Owner:
        fallback = "event" if kind == "schema" else "object"
        if place is None:
            return Owner(fallback, "", "")
        if place is self._journey:
            return Owner("journey", naming.said(place.name), naming.said(place.uid))
        known = place.kind or self._kinds.get(place.uid, "") or fallback
        return Owner(known, naming.owner_name(place), naming.said(place.uid))

    def _journey_around(self, chain: list[Place]) -> Place | None:
        return self._journey if self._journey in chain else None


def compose(collected: Collected) -> tuple[Finding, ...]:
    """Findings in the order of the document, each with a key of its own."""
    owners = Owners(collected)
    drafts = _drafts(collected.marks, owners)
    labels = _labels(drafts, owners)
    taken: Counter[str] = Counter()
    found = []
    for draft in drafts:
        mark, owner = draft.mark, owners.owner(draft.place, draft.mark.kind)
        title, where = _said(draft, owner)
        key = naming.key_of(mark.kind, labels[_identity(draft.place)], draft.inner)
        if draft.number:
            key = f"{key}#{draft.number + 1}"
        taken[key] += 1
        if taken[key] > 1:
            key = f"{key}#copy{taken[key]}"
        found.append(Finding(mark.kind, key, title, where, owner, tuple(draft.pointers), mark.current))
    return tuple(found)


def together(marks: Iterable[Mark], owners: Owners) -> list[tuple[Mark, str, tuple[str, ...]]]:
    """Marks that mean the same as one: the first of them, where it stands in words, and the pointers of all."""
    return [
        (draft.mark, _said(draft, owners.owner(draft.place))[1], tuple(draft.pointers))
        for draft in _drafts(marks, owners)
    ]


def left_alone(collected: Collected) -> tuple[str, ...]:
    """The placeholders in system objects, in words, each once."""
    owners = Owners(collected)
    found: dict[str, None] = {}
    for mark in collected.left_alone:
        place = owners.place_of(mark)
        where = _said(_Draft(mark, place, "", 0), owners.owner(place))[1]
        found[f"system {where}"] = None
    return tuple(found)


def _drafts(marks: Iterable[Mark], owners: Owners) -> list[_Draft]:
    """One draft for all marks that mean the same: an object that stands in the document twice is decided once."""
    drafts: dict[tuple[object, ...], _Draft] = {}
    seen: set[str] = set()
    numbers: Counter[tuple[object, ...]] = Counter()
    schemas: defaultdict[object, dict[str, int]] = defaultdict(dict)
    for mark in marks:
        pointer = mark.pointer
        if pointer in seen:  # a repeated member name
            continue
        seen.add(pointer)
        place = owners.place_of(mark)
        identity = _identity(place)
        if mark.kind == "schema":
            inner = "schema"
            number = schemas[identity].setdefault(mark.current, len(schemas[identity]))
        else:
            inner = naming.key_of(naming.inner_key(_path(mark, place)))
            number = numbers[id(place), mark.kind, inner]
            numbers[id(place), mark.kind, inner] += 1
        same = (identity, mark.kind, inner, number, mark.current)
        drafts.setdefault(same, _Draft(mark, place, inner, number)).pointers.append(pointer)
    return list(drafts.values())


def _labels(drafts: Iterable[_Draft], owners: Owners) -> Mapping[object, str]:
    """Type and name of every owner, and its uid where others are called the same."""
    found: dict[object, tuple[str, str]] = {}
    for draft in drafts:
        owner = owners.owner(draft.place, draft.mark.kind)
        found.setdefault(_identity(draft.place), (f"{owner.type}:{owner.name}", owner.uid))
    often = Counter(label for label, _ in found.values())
    return {
        identity: f"{label}:{uid}" if often[label] > 1 and uid else label for identity, (label, uid) in found.items()
    }


def _identity(place: Place | None) -> object:
    """The same for every copy of an object in the document."""
    if place is None:
        return None
    return ("uid", place.uid) if place.uid else ("place", id(place))


def _path(mark: Mark, owner: Place | None) -> list[tuple[Place, str | int]]:
    """The steps from the owner (or the top) down to the marked text."""
    path: list[tuple[Place, str | int]] = []
    place, step = mark.place, mark.step
    while place is not None and step is not None:
        path.append((place, step))
        if place is owner:
            break
        step = place.step
        place = place.parent
    return path[::-1]


def _said(draft: _Draft, owner: Owner) -> tuple[str, str]:
    """Title and whereabouts."""
    kind = draft.mark.kind
    if kind == "schema":
        inside = ["schema" if draft.number == 0 else f"schema {draft.number + 1}"]
    else:
        path = _path(draft.mark, draft.place)
        if kind in _TITLES and len(path) > 1 and path[-1][1] in NAMING and isinstance(path[-2][1], str):
            path = path[:-1]
        inside = naming.phrases(path) or ["text"]
        inside[-1] = inside[-1].removesuffix(_TITLES.get(kind, "\0"))
        if draft.number:
            inside[-1] = f"{inside[-1]} ({draft.number + 1})"
    whose = [f"{owner.type} {owner.name}"] if owner.name else [owner.type] if owner.type != "object" else []
    return inside[-1], ", ".join([*whose, *inside])
