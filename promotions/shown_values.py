"""Values before and after, as people read them."""

import json
from dataclasses import dataclass
from typing import Any

# Longer values are folded.
SHORT = 120


@dataclass(frozen=True)
class Change:
    """One value before and after; `where` is its place in words."""

    kind: str
    where: str
    old: str
    new: str

    @property
    def is_old_long(self) -> bool:
        return is_long(self.old)

    @property
    def is_new_long(self) -> bool:
        return is_long(self.new)


def is_long(text: str) -> bool:
    return len(text) > SHORT or "\n" in text


def as_text(value: Any) -> str:
    """A value for people; long structures over several lines."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value)
    short = json.dumps(value, ensure_ascii=False)
    return short if len(short) <= SHORT else json.dumps(value, ensure_ascii=False, indent=2)
