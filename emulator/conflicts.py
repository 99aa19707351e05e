"""Which objects of a target sandbox look like the ones a package brings, best first."""

from collections.abc import Iterable
from typing import Any

from emulator import kinds
from emulator.things import Package, Sandbox, SandboxObject, words_of

MOST_SUGGESTIONS = 10
LEAST_LIKENESS = 0.5


def suggestions(thing: SandboxObject, target: Sandbox) -> list[SandboxObject]:
    """Similar objects of the same type.

    First the ones of the same name and the copies that imports left of it, newest first: a renamed copy is
    therefore proposed before an older object with exactly the right title, as in Adobe's conflict sample. Then
    other titles by the words they share.
    """
    same = sorted(target.copies_of(thing), key=lambda other: (-other.created_ms, other.id))
    if len(same) >= MOST_SUGGESTIONS or not thing.title:
        return same[:MOST_SUGGESTIONS]
    taken = {other.id for other in same}
    rated = [(likeness(thing, other), other) for other in target.sharing_words(thing) if other.id not in taken]
    alike = sorted(
        (pair for pair in rated if pair[0] >= LEAST_LIKENESS),
        key=lambda pair: (-pair[0], -pair[1].created_ms, pair[1].id),
    )
    return [*same, *(other for _, other in alike)][:MOST_SUGGESTIONS]


def likeness(one: SandboxObject, other: SandboxObject) -> float:
    """The share of words that two titles have in common."""
    a, b = words_of(one.title), words_of(other.title)
    return len(a & b) / len(a | b) if a | b else 0.0


def rows(package: Package, content: Iterable[SandboxObject], target: Sandbox) -> list[dict[str, Any]]:
    """The conflicts answer. Standard namespaces are matched by the platform itself and never listed."""
    result = []
    # Parents come first, as in Adobe's sample; content has dependencies first.
    for thing in reversed(list(content)):
        if thing.is_standard or thing.type == kinds.DESCRIPTOR:
            continue
        found = suggestions(thing, target)
        if thing.type == kinds.MERGE_POLICY and not found:
            found = [other for other in target.objects.values() if other.type == thing.type and other.is_default]
        if found:
            result.append(_row(package, thing, found))
    return result


def _row(package: Package, thing: SandboxObject, found: list[SandboxObject]) -> dict[str, Any]:
    return {
        "artifact": {
            "id": thing.id,
            "type": thing.type,
            "found": False,
            "count": 0,
            "messages": [{"status": "FOUND", "attempt": 1, "message": f"Found object with ID: {thing.id}"}],
        },
        "suggestionList": [
            {"id": other.id, "type": other.type, "found": False, "count": 0, "title": other.title} for other in found
        ],
        "parentID": "::".join((package.source_org_id, package.source_sandbox, thing.type, thing.id)),
    }
