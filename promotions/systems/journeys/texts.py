"""Texts of an export that nobody asks for, and that somebody may want changed all the same.

Nothing public names the members of an export (Adobe, "Exporting and importing journeys"), so what has to differ in the
target may stand where no vocabulary looks.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from clients.redaction import redact
from promotions.systems.journeys import naming, vocabulary
from promotions.systems.journeys.collecting import Collected, Mark, Place, collect
from promotions.systems.journeys.document import steps_of
from promotions.systems.journeys.findings import Owners, together

FOUND_LIMIT = 50
HITS_LIMIT = 1000  # of each kind, before those that mean the same are taken as one
CHOSEN_LIMIT = 100
# Pages search while somebody waits; real exports have some hundred KB.
SEARCHED_BYTES = 2 * 1024 * 1024
LONGEST_TRAIL = 2000  # signs of the way to a text that are searched, from its end
# No database stores these.
_UNSAFE = re.compile("[\x00\ud800-\udfff]")
_ENTRY_NAMES = ("name", "key")


@dataclass(frozen=True)
class Text:
    """One text of an export: where it stands, as pointers and in words, and what it says.

    An object that stands in the document twice has its texts changed in both places.
    """

    pointers: tuple[str, ...]
    where: str
    current: str

    @property
    def pointer(self) -> str:
        """What names it."""
        return self.pointers[0]


@dataclass(frozen=True)
class Found:
    texts: tuple[Text, ...]
    is_cut: bool
    """Whether there are more."""


_Leaf = tuple[Place, str | int, str]


def key_of(pointer: str) -> str:
    """The key of the item that decides a text."""
    return naming.key_of("text", pointer)


def search(content: bytes, words: str, without: Collection[str] = ()) -> Found:
    """Texts that can be changed and hold all these words, themselves or in the names of where they stand.

    Those that hold them themselves come first; `without` are pointers of texts that are decided already. Raises
    DocumentError as `payload.survey` does.
    """
    wanted = words.casefold().split()
    if not wanted:
        return Found((), False)
    collected, leaves = _leaves(content)
    trails = _Trails(collected.journey)
    best: list[Mark] = []
    others: list[Mark] = []
    for place, step, text in leaves:
        said = text.casefold()
        hits = best if all(word in said for word in wanted) else others
        if len(hits) > HITS_LIMIT:
            continue
        if hits is others:
            around = f"{trails.of(place)} {_step_words(step)} {said}"
            if not all(word in around for word in wanted):
                continue
        if _is_changeable(collected, place, step, text):
            mark = Mark("text", place, step, text)
            if mark.pointer not in without:
                hits.append(mark)
    found = _texts([*best, *others], collected)
    return Found(tuple(found[:FOUND_LIMIT]), len(found) > FOUND_LIMIT)


def chosen(content: bytes, pointers: Iterable[str], without: Collection[str] = ()) -> list[Text]:
    """The texts at these pointers, in their order, as far as they are there and can be changed."""
    wanted = [pointer for pointer in pointers if pointer.startswith("/") and pointer not in without]
    if not wanted:
        return []
    ends = {steps_of(pointer)[-1] for pointer in wanted}
    collected, leaves = _leaves(content)
    marks = [
        Mark("text", place, step, text)
        for place, step, text in leaves
        if str(step) in ends and _is_changeable(collected, place, step, text)
    ]
    by_pointer = {pointer: text for text in _texts(marks, collected) for pointer in text.pointers}
    found: dict[str, Text] = {}
    taken: set[str] = set()
    for pointer in wanted:
        text = by_pointer.get(pointer)
        if text is not None and pointer not in taken:
            taken.update(text.pointers)
            others = tuple(each for each in text.pointers if each != pointer)
            found[pointer] = replace(text, pointers=(pointer, *others))
    return list(found.values())


def facts_of(texts: Iterable[Text]) -> dict[str, Any]:
    """What a plan rests on; nothing where no text was chosen, as in plans that know of none."""
    found = {text.pointer: text.current for text in texts}
    return {"texts": found} if found else {}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What became of the chosen texts from facts to facts, a sentence each."""
    was, now = before.get("texts", {}), after.get("texts", {})
    return [
        f"The text at {pointer} was “{text}” and "
        + (f"is now “{now[pointer]}”." if pointer in now else "is not there any more, or is asked for by itself.")
        for pointer, text in was.items()
        if now.get(pointer) != text
    ]


def _leaves(content: bytes) -> tuple[Collected, list[_Leaf]]:
    leaves: list[_Leaf] = []

    def take(place: Place, step: str | int, raw: bytes) -> None:
        leaves.append((place, step, raw.decode("utf-8", "surrogatepass")))

    return collect(content, take), leaves


def _texts(marks: Iterable[Mark], collected: Collected) -> list[Text]:
    return [Text(pointers, where, mark.current) for mark, where, pointers in together(marks, Owners(collected))]


def _is_changeable(collected: Collected, place: Place, step: str | int, text: str) -> bool:
    """System objects are not imported, a copy's name is the platform's to give, and secrets have their own items."""
    if not text.strip() or _UNSAFE.search(text) or place.is_in_system:
        return False
    if place is collected.journey and step in vocabulary.NAME_MEMBERS:
        return False
    names = [str(step), *(place.texts.get(each, "") for each in _ENTRY_NAMES if step == "value")]
    plain = {form: text for name in names if name for form in (name, re.sub(r"(?i)^x-", "", name))}
    return bool(redact(plain) == plain)


def _step_words(step: str | int) -> str:
    return naming.words(step).casefold() if isinstance(step, str) else ""


class _Trails:
    """The names on the way to a place, to be searched; the journey's is on every way, and tells none from another."""

    def __init__(self, journey: Place | None) -> None:
        self._journey = journey
        self._known: dict[int, str] = {}

    def of(self, place: Place) -> str:
        missing = []
        here: Place | None = place
        while here is not None and id(here) not in self._known:
            missing.append(here)
            here = here.parent
        trail = self._known[id(here)] if here is not None else ""
        for one in reversed(missing):
            own = "" if one.step is None else _step_words(one.step)
            name = "" if one is self._journey else one.name.casefold()
            trail = f"{trail} {own} {name}"[-LONGEST_TRAIL:]
            self._known[id(one)] = trail
        return trail
