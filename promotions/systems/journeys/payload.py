"""What an exported journey asks somebody to decide, and the same document with the answers in it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from promotions.systems.journeys.collecting import Collected, collect
from promotions.systems.journeys.document import DocumentError, replaced
from promotions.systems.journeys.findings import Finding, Owner, compose, left_alone
from promotions.systems.journeys.moves import Carried, Moved, match
from promotions.systems.journeys.naming import owner_name, said
from promotions.systems.journeys.vocabulary import PLACEHOLDER

__all__ = [
    "PLACEHOLDER",
    "Carried",
    "DocumentError",
    "Finding",
    "Moved",
    "Owner",
    "Survey",
    "edited",
    "pairs",
    "remaining",
    "survey",
]

# The placeholder as it may be written: each letter as itself or as an escape. Other escapes are passed over in pairs of
# two signs, so that an escaped backslash is not taken for the beginning of one.
_PLACEHOLDER = b"".join(b"(?:%c|\\\\u00(?i:%02x))" % (sign, sign) for sign in PLACEHOLDER.encode())
_written = re.compile(b"(" + _PLACEHOLDER + b")|(?:(?!" + _PLACEHOLDER + b")\\\\.)++")


@dataclass(frozen=True)
class Survey:
    findings: tuple[Finding, ...]
    objects: tuple[Carried, ...]
    left_alone: tuple[str, ...]  # placeholders in system objects, which no import reads
    digest: str
    size: int
    depth: int
    leaves: int
    journey_name: str
    version_uid: str
    description_pointer: str  # "" if the version has no description


def survey(content: bytes) -> Survey:
    """Everything there is to know of a document; DocumentError if it cannot be read or is beyond the limits."""
    collected = collect(content)
    journey = collected.journey
    has_description = journey is not None and "description" in journey.texts
    return Survey(
        findings=compose(collected),
        objects=_objects(collected),
        left_alone=left_alone(collected),
        digest=collected.digest,
        size=len(content),
        depth=collected.depth,
        leaves=collected.leaves,
        journey_name=said(journey.name, 500) if journey is not None else "",
        version_uid=journey.uid if journey is not None else "",
        description_pointer=f"{journey.pointer}/description" if journey is not None and has_description else "",
    )


def edited(content: bytes, edits: Mapping[str, str]) -> bytes:
    """The document with new texts at these pointers.

    Where a text holds the placeholder, only the placeholder gives way; any other text is replaced as a whole.
    """

    def change(pointer: str, old: bytes) -> bytes:
        new = json.dumps(edits[pointer]).encode()
        pieces, done = [], 0
        for found in _written.finditer(old):
            if found[1] is not None:
                pieces += [old[done : found.start()], new[1:-1]]
                done = found.end()
        return b"".join((*pieces, old[done:])) if pieces else new

    return replaced(content, edits, change)


def remaining(content: bytes) -> tuple[str, ...]:
    """The placeholders that would make an import fail, in words."""
    return tuple(finding.where for finding in compose(collect(content)) if finding.kind == "secret")


def pairs(before: bytes, after: bytes) -> tuple[Moved, ...]:
    """Which object of an export became which of the export of its copy; the journey itself comes first."""
    return match(_with_journey(collect(before)), _with_journey(collect(after)))


def _objects(collected: Collected) -> tuple[Carried, ...]:
    found: dict[object, Carried] = {}
    for place in collected.objects:
        carried = Carried(place.kind, said(place.uid, 500), owner_name(place), place.is_in_system, place.pointer)
        found.setdefault((place.kind, place.uid) if place.uid else place.pointer, carried)
    return tuple(found.values())


def _with_journey(collected: Collected) -> list[Carried]:
    journey = collected.journey
    objects = list(_objects(collected))
    if journey is not None:
        objects.insert(0, Carried("journey", journey.uid, journey.name, False, journey.pointer))
    return objects
