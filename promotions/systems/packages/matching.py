"""How a target's objects compare with one of ours, and what the platform will do with each decision."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from clients.sandbox_tooling import RemoteArtifact
from promotions.choices import Decision, Match
from promotions.systems.base import Choice

# Earlier imports leave copies titled "<title>_<epoch milliseconds>" (samples of the conflicts answer).
COPY_SUFFIX = re.compile(r"_\d{12,14}$")

# Reused by title even if "create new" was chosen (Adobe, Sandbox tooling guide, "Importing a package").
REUSED_BY_TITLE = frozenset({"REGISTRY_SCHEMA", "REGISTRY_MIXIN", "PROFILE_SEGMENT"})
# Can be mapped to an existing one but never created (the same guide, on merge policies).
NEVER_CREATED = frozenset({"PROFILE_MERGE"})


# Of these an update changes what is in the target; anything else that it brings is created (the same guide, "Updating
# objects").
UPDATABLE = frozenset({"REGISTRY_SCHEMA", "REGISTRY_MIXIN", "REGISTRY_DATATYPE"})
NOT_LISTED = "If it is gone from the target, the platform refuses the whole import."


@dataclass(frozen=True)
class Made:
    """An object of the target that an earlier run made."""

    artifact: RemoteArtifact
    words: str


# Two spellings of one type are about (Adobe's guide; a public client).
_SPELLINGS = {"IDENTITY_NAMESPACE": "ID_NAMESPACE"}


def usable(suggestions: Sequence[RemoteArtifact], artifact_type: str) -> list[RemoteArtifact]:
    """The candidates that can stand in, each once: the platform takes only an object of the same type."""
    first: dict[str, RemoteArtifact] = {}
    for found in suggestions:
        # One without a type is of the type that was asked about.
        typed = found if found.type else replace(found, type=artifact_type)
        if _is_of_type(typed, artifact_type):
            first.setdefault(typed.id, typed)
    return list(first.values())


def _is_of_type(found: RemoteArtifact, artifact_type: str) -> bool:
    return _SPELLINGS.get(found.type, found.type) == _SPELLINGS.get(artifact_type, artifact_type)


def base_title(title: str) -> str:
    """A title without the suffix of a renamed copy."""
    return COPY_SUFFIX.sub("", title)


def judge(title: str, suggestions: Sequence[RemoteArtifact], artifact_type: str) -> Match:
    """How far the first proposal can be trusted. Exact needs one object of that title and type, ranked first."""
    if not suggestions:
        return Match.NONE
    same = [found for found in suggestions if title and found.title == title and _is_of_type(found, artifact_type)]
    if len(same) == 1 and suggestions[0] is same[0]:
        return Match.EXACT
    if same or any(title and base_title(found.title or "") == base_title(title) for found in suggestions):
        return Match.LIKELY
    return Match.DOUBTFUL


def choices(title: str, suggestions: Sequence[RemoteArtifact], artifact_type: str) -> list[Choice]:
    """Each usable candidate in the platform's order, then creating a new object."""
    found = [
        Choice(
            decision=Decision.REUSE,
            target={"id": candidate.id, "type": candidate.type, "title": candidate.title or ""},
            reason=_reason(title, candidate, rank),
            consequence="",
            rank=rank,
        )
        for rank, candidate in enumerate(suggestions, start=1)
    ]
    if artifact_type in NEVER_CREATED:
        found.append(
            Choice(
                decision=Decision.CREATE,
                target=None,
                reason="Leave it to the platform",
                consequence="The platform never creates a merge policy; it takes the default one of the same class.",
            )
        )
    else:
        found.append(
            Choice(
                decision=Decision.CREATE,
                target=None,
                reason="Create a new object",
                consequence=_consequence_of_creating(title, suggestions, artifact_type),
            )
        )
    return found


def candidates_of_update(
    title: str, suggestions: Sequence[RemoteArtifact], artifact_type: str, made: Mapping[str, Made]
) -> list[RemoteArtifact]:
    """What an update can write to: the same title first, then what earlier runs made of this object (`made`, by id).

    What the target lists comes before what it does not; the rest keeps the platform's order.
    """
    if artifact_type not in UPDATABLE:
        return []
    listed = {found.id: found for found in suggestions}
    found = [*suggestions, *(origin.artifact for remote_id, origin in made.items() if remote_id not in listed)]
    return sorted(found, key=lambda one: (not title or one.title != title, one.id not in listed, one.id not in made))


def choices_of_update(
    title: str, suggestions: Sequence[RemoteArtifact], artifact_type: str, made: Mapping[str, Made]
) -> list[Choice]:
    """Each object that can be written to, best first, then creating a new one."""
    places = {found.id: place for place, found in enumerate(suggestions, start=1)}
    updating = [
        Choice(
            decision=Decision.UPDATE,
            target={"id": found.id, "type": found.type, "title": found.title or ""},
            reason=_reason_of_update(title, found, places.get(found.id), made.get(found.id)),
            consequence="" if found.id in places else NOT_LISTED,
            rank=rank,
        )
        for rank, found in enumerate(candidates_of_update(title, suggestions, artifact_type, made), start=1)
    ]
    return updating + [choice for choice in choices(title, suggestions, artifact_type) if choice.target is None]


def _reason_of_update(title: str, candidate: RemoteArtifact, place: int | None, made: Made | None) -> str:
    words = [made.words] if made else []
    if place is None:
        return ", ".join([*words, "not among the similar objects that the target lists"])
    return ", ".join([*words, _reason(title, candidate, place)])


def _reason(title: str, candidate: RemoteArtifact, rank: int) -> str:
    other = candidate.title or ""
    if not title or not other:
        kind = "no title to compare"
    elif other == title:
        kind = "exact title"
    elif base_title(other) == base_title(title):
        kind = "renamed copy of an earlier import"
    else:
        kind = "similar object"
    return f"{kind}, proposed {_ordinal(rank)}"


_ORDINALS = ("first", "second", "third")


def _ordinal(rank: int) -> str:
    if rank <= len(_ORDINALS):
        return _ORDINALS[rank - 1]
    ending = "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{ending}"


def _consequence_of_creating(title: str, suggestions: Sequence[RemoteArtifact], artifact_type: str) -> str:
    if not any(title and found.title == title and _is_of_type(found, artifact_type) for found in suggestions):
        return ""
    if artifact_type in REUSED_BY_TITLE:
        return f"The platform will probably reuse “{title}” all the same: it does so for objects of the same title."
    if _SPELLINGS.get(artifact_type, artifact_type) == "ID_NAMESPACE":
        return (
            "A standard namespace stays as it is; for any other the title is taken, so the platform will probably "
            f"create a copy named “{title}_<time>”."
        )
    return f"The title is taken, so the platform will probably create a copy named “{title}_<time>”."
