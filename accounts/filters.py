"""The filter of a list as its address holds it, and the parts of it that can be dropped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django import forms
from django.http import QueryDict


@dataclass(frozen=True)
class Chip:
    """One part of a filter, and the address of the list without it."""

    words: str
    url: str
    is_cure: bool = False
    """Dropping this part alone would show something."""


@dataclass(frozen=True)
class Filter:
    """The filter of one request and the addresses that lead away from it."""

    form: forms.Form
    query: QueryDict
    path: str

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What the address holds of the filter, in the order of the form: equal filters have equal addresses."""
        return [(name, value) for name in self.form.fields for value in self.query.getlist(name) if value]

    @property
    def text(self) -> str:
        return _encoded(self.pairs)

    def without(self, name: str) -> str:
        return self._url(self.path, {name: ()})

    def url(self, *, path: str = "", **changed: Sequence[str]) -> str:
        """The address of the list, or of something beside it, with some parts changed; an empty part is dropped."""
        return self._url(path or self.path, changed)

    def _url(self, path: str, changed: Mapping[str, Sequence[str]]) -> str:
        kept = [(name, value) for name, value in self.pairs if name not in changed]
        query = _encoded([*kept, *((name, value) for name, values in changed.items() for value in values)])
        return f"{path}?{query}" if query else path


def _encoded(pairs: Sequence[tuple[str, str]]) -> str:
    query = QueryDict(mutable=True)
    for name, value in pairs:
        query.appendlist(name, value)
    return query.urlencode()
