"""One thing that waits for a person, as the home page and the API show it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlencode

from django.db.models import Model
from django.urls import reverse

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Need:
    """One thing that waits for the reader."""

    state: str
    word: str
    text: str
    url: str
    action: str
    about: str
    at: datetime | None = None
    is_decision: bool = False
    """Whether the page it leads to has a card to approve or reject."""
    is_rest: bool = False
    """Stands for what is not shown."""


def shown(found: Iterable[M], limit: int, make: Callable[[M], Need], rest: str, url: str) -> list[Need]:
    """The needs of `limit` rows; one row more becomes a line that leads to the rest."""
    rows = list(found)
    needs = [make(row) for row in rows[:limit]]
    if len(rows) > limit:
        needs.append(Need("info", "More", rest, url, "Show all", "", is_rest=True))
    return needs


def list_url(name: str, **query: object) -> str:
    return f"{reverse(name)}?{urlencode(query)}"
