"""What a request is about: the objects in its scope, what they need, and what of that is not there."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.decisioning_things import Collection, Decision, DecisioningShelf, Needs, Offer, Thing

LEVELS = ("sandbox", "offer", "decision")
# Kinds in the order in which they are made: whatever another one refers to comes first.
ORDER = ("collectionQualifier", "placement", "rule", "rankingFormula", "offer", "collection", "decision")


@dataclass(frozen=True)
class Given:
    """What a caller says about dependencies; an empty text where nothing was filled in."""

    profile: dict[str, str] = field(default_factory=dict)
    context: dict[str, str] = field(default_factory=dict)
    segments: dict[str, tuple[str, str]] = field(default_factory=dict)  # namespace, id
    dataset: str = ""


@dataclass(frozen=True)
class Scope:
    """The objects of a request in the order in which they are made, and ids that nobody knows."""

    things: tuple[Thing, ...]
    skipped: tuple[Offer, ...]
    unknown: tuple[str, ...] = ()

    @property
    def needs(self) -> Needs:
        return Needs.together(thing.needs for thing in self.things)


def scope_of(shelf: DecisioningShelf, level: str, ids: Sequence[str]) -> Scope:
    """Everything in the sandbox, or these offers or decisions with all below them."""
    if level == "sandbox":
        chosen, unknown = set(shelf.things), tuple[str, ...]()
    else:
        kind = Offer if level == "offer" else Decision
        unknown = tuple(one for one in dict.fromkeys(ids) if not isinstance(shelf.things.get(one), kind))
        chosen = _closure(shelf, [one for one in ids if one not in unknown])
    things = [thing for thing in shelf.things.values() if thing.id in chosen]
    skipped = tuple(one for one in things if isinstance(one, Offer) and not one.migrated_contents)
    left_out = {one.id for one in skipped}
    order = sorted((one for one in things if one.id not in left_out), key=lambda one: ORDER.index(one.kind))
    return Scope(tuple(order), skipped, unknown)


def _closure(shelf: DecisioningShelf, roots: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        ident = waiting.pop()
        if ident in found or ident not in shelf.things:
            continue
        found.add(ident)
        waiting.extend(_below(shelf, shelf.things[ident]))
    return found


def _below(shelf: DecisioningShelf, thing: Thing) -> Iterator[str]:
    if isinstance(thing, Offer):
        # Of an offer that stays behind nothing is needed.
        if thing.migrated_contents:
            yield from (thing.rule, *thing.qualifiers)
    elif isinstance(thing, Collection):
        yield thing.qualifier
        yield from members_of(shelf, thing)
    elif isinstance(thing, Decision):
        yield thing.fallback
        for scope in thing.scopes:
            yield scope.placement
            for criterion in scope.criteria:
                yield from (criterion.collection, criterion.rule, criterion.formula)


def members_of(shelf: DecisioningShelf, collection: Collection) -> list[str]:
    """Ids of the offers in a collection."""
    if not collection.qualifier:
        return list(collection.offers)
    offers = (one for one in shelf.things.values() if isinstance(one, Offer))
    return [one.id for one in offers if collection.qualifier in one.qualifiers]


# What stands in the way of a migration


def entry(code: str, message: str, **details: Any) -> dict[str, Any]:
    """One of a workflow's errors."""
    return {"code": code, "message": message, "details": details}


def unresolved(needs: Needs, given: Given, target: DecisioningShelf) -> list[dict[str, Any]]:
    """What is neither mapped to something in the target sandbox nor there under its own name."""
    dataset = target.datasets.get(given.dataset)
    context = dataset.fields | dataset.added if dataset else set()
    found = [
        *_attributes("Profile attribute", "profileAttribute", needs.profile, given.profile, target.profile_attributes),
        # A context attribute is made under whatever name it is mapped to.
        *_attributes(
            "Context attribute", "contextAttribute", needs.context, given.context, context | {*given.context.values()}
        ),
    ]
    for key in needs.segments:
        chosen = given.segments.get(key)
        if chosen is None and key in target.segments:
            continue
        if chosen is None or not all(chosen):
            message = "Segment key has no mapping in the target sandbox"
            found.append(entry("DEPENDENCY_NOT_RESOLVED", message, segmentKey=key))
        elif ":".join(chosen) not in target.segments:
            message = f"Segment {chosen[1]} of namespace {chosen[0]} does not exist in the target sandbox"
            found.append(entry("DEPENDENCY_NOT_RESOLVED", message, segmentKey=key))
    return found


def _attributes(
    word: str, member: str, names: Iterable[str], given: dict[str, str], known: set[str]
) -> Iterator[dict[str, Any]]:
    for name in names:
        mapped = given.get(name, name if name in known else "")
        if not mapped:
            message = f"{word} has no mapping in the target sandbox"
            yield entry("DEPENDENCY_NOT_RESOLVED", message, **{member: name})
        elif mapped not in known:
            message = f"{word} {mapped} does not exist in the target sandbox"
            yield entry("DEPENDENCY_NOT_RESOLVED", message, **{member: name})
