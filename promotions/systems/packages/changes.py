"""What differs between the facts of two moments, in words."""

from typing import Any

from promotions.choices import ArtifactType, label

_PACKAGE_WORDS = {
    "name": "name",
    "version": "revision at the platform",
    "package_version": "version",
    "status": "status",
    "type": "type",
    "expires_at": "expiry",
}
_TARGET_WORDS = {"organization": "organization", "sandbox": "sandbox", "state": "state", "type": "type"}


def describe(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """One sentence for each difference; empty if the facts are the same."""
    both = before.keys() & after.keys()  # a set of facts leaves out what could not be asked
    found = [
        *_values("The package's", _PACKAGE_WORDS, before.get("package", {}), after.get("package", {})),
        *_values("The target's", _TARGET_WORDS, before.get("target", {}), after.get("target", {})),
        *_members(before.get("package", {}).get("artifacts", []), after.get("package", {}).get("artifacts", [])),
        *(_permissions(before["permissions"], after["permissions"]) if "permissions" in both else []),
        *(_conflicts(before["conflicts"], after["conflicts"]) if "conflicts" in both else []),
    ]
    if "dependencies" in both and before["dependencies"] != after["dependencies"]:
        found.append("What the objects depend on has changed.")
    return found


def _values(whose: str, words: dict[str, str], before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [
        f"{whose} {word} was {_show(before.get(name))} and is now {_show(after.get(name))}."
        for name, word in words.items()
        if before.get(name) != after.get(name)
    ]


def _show(value: Any) -> str:
    return "unknown" if value is None else str(value)


def _members(before: list[str], after: list[str]) -> list[str]:
    added, removed = sorted(set(after) - set(before)), sorted(set(before) - set(after))
    return [
        *(f"The package now also names {_object(key)}." for key in added),
        *(f"The package no longer names {_object(key)}." for key in removed),
    ]


def _permissions(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    found = []
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        lost = new is not None and (new["allowed"] is False or new["missing"])
        found.append(
            f"A right needed for {_object(key)} is missing now."
            if lost
            else f"The rights needed for {_object(key)} have changed."
        )
    return found


def _conflicts(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    found = []
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if old is None:
            found.append(f"The target now holds something like {_object(key)}.")
        elif new is None:
            found.append(f"The target no longer holds anything like {_object(key)}.")
        else:
            found.append(f"The candidates for {_object(key)} in the target have changed.")
    return found


def _object(key: str) -> str:
    artifact_type, _, remote_id = key.partition(":")
    return f"{label(ArtifactType, artifact_type)} {remote_id}"
