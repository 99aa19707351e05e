"""What a line of the record holds besides its sentence, as facts, lists and tables rather than as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SHORT = {"url": "URL", "ims": "IMS", "api": "API"}


@dataclass(frozen=True)
class Fact:
    """One detail; `text`, `items` or `head` with `rows` is set, or `raw` for what has no better form."""

    name: str
    text: str = ""
    items: Sequence[str] = ()
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    raw: Any = None


def facts_of(details: Any) -> list[Fact]:
    """Every detail of a line, short ones first."""
    if not isinstance(details, Mapping):
        return [Fact("Details", raw=details)] if details else []
    facts = [_fact(words_of(str(name)), value) for name, value in details.items()]
    return sorted(facts, key=lambda fact: not fact.text)


def words_of(name: str) -> str:
    """A name of ours in words."""
    text = name.replace("_", " ").strip()
    if not text.islower():
        return text
    words = [_SHORT.get(word, word) for word in text.removeprefix("is ").split()]
    return " ".join(words)[:1].upper() + " ".join(words)[1:]


def _fact(name: str, value: Any) -> Fact:
    if _is_plain(value):
        return Fact(name, text=_text(value))
    if isinstance(value, Sequence):
        return _of_list(name, value)
    if isinstance(value, Mapping):
        return _of_mapping(name, value)
    return Fact(name, raw=value)


def _of_list(name: str, value: Sequence[Any]) -> Fact:
    if all(map(_is_plain, value)):
        return Fact(name, items=[_text(member) for member in value]) if value else Fact(name, text="none")
    if all(isinstance(member, Mapping) and all(map(_is_plain, member.values())) for member in value):
        columns = list(dict.fromkeys(key for member in value for key in member))
        rows = [[_text(member.get(column)) for column in columns] for member in value]
        return Fact(name, head=[words_of(column) for column in columns], rows=rows)
    return Fact(name, raw=value)


def _of_mapping(name: str, value: Mapping[str, Any]) -> Fact:
    if not value:
        return Fact(name, text="none")
    if set(value) == {"from", "to"} and all(map(_is_plain, value.values())):
        return Fact(name, text=f"{_text(value['from'])} → {_text(value['to'])}")
    if all(map(_is_plain, value.values())):
        return Fact(name, head=["", "Value"], rows=[[words_of(key), _text(member)] for key, member in value.items()])
    if all(isinstance(member, Mapping) and all(map(_is_plain, member.values())) for member in value.values()):
        columns = list(dict.fromkeys(column for member in value.values() for column in member))
        rows = [[key, *(_text(member.get(column)) for column in columns)] for key, member in value.items()]
        return Fact(name, head=["Object", *(words_of(column) for column in columns)], rows=rows)
    return Fact(name, raw=value)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _text(value: Any) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
