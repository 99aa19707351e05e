"""What differs between two objects, field by field, as JSON patches with the old values."""

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.things import SandboxObject

Change = dict[str, Any]


def between(older: SandboxObject, newer: SandboxObject) -> list[Change]:
    """The changes that make the newer object of the older one."""
    old, new = {"title": older.title, **older.details}, {"title": newer.title, **newer.details}
    return list(_changes("", old, new))


def _changes(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys((*old, *new)):
        # JSON pointer, RFC 6901.
        where = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
        if name not in new:
            yield {"op": "remove", "path": where, "oldValue": old[name], "newValue": None}
        elif name not in old:
            yield {"op": "add", "path": where, "oldValue": None, "newValue": new[name]}
        elif isinstance(old[name], Mapping) and isinstance(new[name], Mapping):
            yield from _changes(where, old[name], new[name])
        elif old[name] != new[name]:
            yield {"op": "replace", "path": where, "oldValue": old[name], "newValue": new[name]}
