"""Finding the members of objects whose spelling differs from one revision of the service to the next."""

import re
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=4096)
def folded_name(name: str) -> str:
    """The name without case and punctuation, so that `_etag`, `etag` and `eTag` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def folded(value: Any) -> dict[str, Any]:
    """The members of an object by their folded names; of two spellings the first that is not null. Empty for no object.

    A member that is null stays: it was named all the same.
    """
    members: dict[str, Any] = {}
    for key, item in value.items() if isinstance(value, dict) else ():
        name = folded_name(key)
        if members.get(name) is None:
            members[name] = item
    return members


def text_of(members: dict[str, Any], *names: str) -> str:
    """The first of them that is a number or a text with something in it, as it was written."""
    for name in names:
        value = members.get(name)
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
    return ""


def first_of(members: dict[str, Any], *names: str) -> Any:
    """The first of them that is not null."""
    return next((members[name] for name in names if members.get(name) is not None), None)
