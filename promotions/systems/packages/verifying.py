"""A second look at the target after an import: is what the platform claims really there?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clients.sandbox_tooling import RemoteConflict
from promotions.choices import ResultOutcome, Verification
from promotions.models import TaskResult
from promotions.systems.packages.planning import key_of


@dataclass(frozen=True)
class Finding:
    """What the second look says of one object."""

    verification: Verification
    text: str


def verify(
    results: Sequence[TaskResult], conflicts: Sequence[RemoteConflict], before: Mapping[str, Sequence[Sequence[str]]]
) -> dict[int, Finding]:
    """A finding for each result, by its pk.

    The conflicts answer lists what in the target is like each object of the package, so a new object must show up
    there by its new id. `before` is the same answer at planning time: key -> [[type, id, title], ...].
    """
    now = {
        key_of(conflict.artifact.type, conflict.artifact.id): {found.id for found in conflict.suggestions}
        for conflict in conflicts
    }
    return {
        result.pk: _look(
            result,
            now.get(key_of(result.type, result.remote_id)) or now.get(key_of("", result.remote_id)),
            {found[1] for found in before.get(key_of(result.type, result.remote_id), [])},
        )
        for result in results
    }


def _look(result: TaskResult, now: set[str] | None, before: set[str]) -> Finding:
    present = now or set()
    outcome = ResultOutcome(result.outcome)
    if outcome is ResultOutcome.UPDATED:
        return _look_at_updated(result, present)
    if result.new_id and result.new_id in present:
        if outcome is ResultOutcome.FAILED:
            return Finding(Verification.CONTRADICTED, "Reported as failed, yet its new id is in the target.")
        return Finding(Verification.CONFIRMED, "The target holds it under its new id.")
    if outcome is ResultOutcome.FAILED:
        if present - before:
            return Finding(
                Verification.CONTRADICTED, "Reported as failed, yet something like it has appeared in the target."
            )
        return Finding(Verification.CONFIRMED, "Nothing new like it is in the target.")
    if outcome in (ResultOutcome.CREATED, ResultOutcome.REUSED):
        if not present:
            if not result.claim:
                return Finding(Verification.UNCHECKED, "The platform lists no candidates for helper objects.")
            return Finding(Verification.CONTRADICTED, "The target shows nothing like it.")
        if not result.new_id:
            return Finding(Verification.NOT_CONFIRMED, "The platform gave no id to look for.")
        return Finding(Verification.NOT_CONFIRMED, "The target holds similar objects, but not one with the new id.")
    if present:
        return Finding(
            Verification.NOT_CONFIRMED, "The target holds something like it; which one is meant is not known."
        )
    if outcome is ResultOutcome.UNCHANGED:
        return Finding(
            Verification.NOT_CONFIRMED, "The platform left it alone and does not list it, as with standard objects."
        )
    return Finding(Verification.NOT_CONFIRMED, "The target shows nothing like it.")


def _look_at_updated(result: TaskResult, present: set[str]) -> Finding:
    """That it is there says nothing of its fields; the platform lists no more of it."""
    if not result.new_id:
        return Finding(Verification.NOT_CONFIRMED, "The platform does not say which object it updated.")
    if result.new_id in present:
        return Finding(
            Verification.CONFIRMED,
            "The target holds it; “Check for updates” of the package compares its fields.",
        )
    if present:
        return Finding(Verification.NOT_CONFIRMED, "The target holds similar objects, but not the updated one.")
    return Finding(Verification.CONTRADICTED, "The target shows nothing like it.")
