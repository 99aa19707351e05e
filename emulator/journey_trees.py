"""Walking through JSON documents of any depth and size: nothing here calls itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

# The way from the top to a value, innermost step first; a step into a list says the uid of the entry if it has one.
Trail = tuple["Trail", str] | None


@dataclass(frozen=True, slots=True)
class Spot:
    """A text and where it stands; putting another one there is allowed while walking."""

    holder: Any
    key: Any
    text: str
    trail: Trail

    def put(self, text: str) -> None:
        self.holder[self.key] = text


def steps_of(trail: Trail) -> tuple[str, ...]:
    """The way from the top."""
    steps = []
    while trail is not None:
        trail, step = trail
        steps.append(step)
    return tuple(reversed(steps))


def objects_in(root: Any, *, skip: Callable[[dict[str, Any]], bool] | None = None) -> Iterator[dict[str, Any]]:
    """Every JSON object, but none that `skip` names and none below it."""
    for value, _ in _containers(root, skip):
        if isinstance(value, dict):
            yield value


def texts_in(root: Any, *, skip: Callable[[dict[str, Any]], bool] | None = None) -> Iterator[Spot]:
    """Every text that is a value, but none within an object that `skip` names."""
    for value, trail in _containers(root, skip):
        if isinstance(value, dict):
            for key, inner in value.items():
                if isinstance(inner, str):
                    yield Spot(value, key, inner, (trail, key))
        else:
            for index, inner in enumerate(value):
                if isinstance(inner, str):
                    yield Spot(value, index, inner, (trail, str(index)))


def _containers(
    root: Any, skip: Callable[[dict[str, Any]], bool] | None
) -> Iterator[tuple[dict[str, Any] | list[Any], Trail]]:
    waiting: list[tuple[Any, Trail]] = [(root, None)]
    while waiting:
        value, trail = waiting.pop()
        if isinstance(value, dict):
            if skip and skip(value):
                continue
            yield value, trail
            waiting.extend(
                (inner, (trail, key)) for key, inner in reversed(value.items()) if isinstance(inner, dict | list)
            )
        elif isinstance(value, list):
            yield value, trail
            waiting.extend(
                (inner, (trail, _step(index, inner)))
                for index, inner in reversed(list(enumerate(value)))
                if isinstance(inner, dict | list)
            )


def _step(index: int, entry: Any) -> str:
    uid = entry.get("uid") if isinstance(entry, dict) else None
    return uid if isinstance(uid, str) else str(index)


def rename_keys(holder: dict[str, Any], names: dict[str, str]) -> None:
    """Give members other names where they stand."""
    if any(key in names for key in holder):
        entries = [(names.get(key, key), value) for key, value in holder.items()]
        holder.clear()
        holder.update(entries)
