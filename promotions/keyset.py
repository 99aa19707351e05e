"""Paging by key: a page costs the same at the start of a list and a million rows in."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import BadRequest
from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)

PAGE_SIZE = 50
COUNT_LIMIT = 1000
WALKS_LIMIT = 40


@dataclass(frozen=True)
class Order:
    """A list order: one column, then the primary key, both in the same direction. An index must serve the pair."""

    field: str
    is_descending: bool
    is_time: bool = False
    is_number: bool = False


@dataclass(frozen=True)
class Among:
    """A column, and the values to which the rows are narrowed already.

    For "one of several" databases collect every row and sort; walking the index once for each value stays flat.
    """

    field: str
    values: Sequence[int]


@dataclass(frozen=True)
class KeysetPage(Generic[M]):
    """Rows in list order; a cursor is empty where the list ends."""

    rows: Sequence[M]
    newer: str
    older: str


def page(
    rows: QuerySet[M], order: Order, cursor: str = "", *, size: int = PAGE_SIZE, among: Among | None = None
) -> KeysetPage[M]:
    """The page that `cursor` leads to, or the first one. Raises BadRequest (400) for a cursor that is none."""
    is_backwards, key = _decode(cursor, order)
    descending = order.is_descending != is_backwards
    if key is not None:
        rows = rows.filter(_beyond(order.field, key, descending))
    found = first(rows, Order(order.field, descending), size + 1, among=among)
    has_more = len(found) > size
    found = found[:size]
    if is_backwards:
        found.reverse()
    if not found:
        return KeysetPage([], "", "")
    has_newer = has_more if is_backwards else key is not None
    has_older = True if is_backwards else has_more
    return KeysetPage(
        found,
        _encode("<", found[0], order) if has_newer else "",
        _encode(">", found[-1], order) if has_older else "",
    )


def first(rows: QuerySet[M], order: Order, number: int, *, among: Among | None = None) -> list[M]:
    """The first rows in this order."""
    sign = "-" if order.is_descending else ""
    ordered = rows.order_by(f"{sign}{order.field}", f"{sign}pk")
    if among is None or not 1 < len(among.values) <= WALKS_LIMIT:
        return list(ordered[:number])
    keys: list[tuple[Any, int]] = []
    for value in among.values:
        keys += ordered.filter(**{among.field: value}).values_list(order.field, "pk")[:number]
    keys.sort(reverse=order.is_descending)
    return list(ordered.filter(pk__in=[pk for _, pk in keys[:number]]))


def capped_count(rows: QuerySet[Any]) -> tuple[int, bool]:
    """How many rows, counted up to a limit, and whether there are more."""
    number = rows.order_by().values("pk")[: COUNT_LIMIT + 1].count()
    return min(number, COUNT_LIMIT), number > COUNT_LIMIT


def _beyond(field: str, key: tuple[Any, int], descending: bool) -> Q:
    """Rows after the key. The redundant outer bound is what lets both databases use the index."""
    value, pk = key
    if descending:
        return Q(**{f"{field}__lte": value}) & (Q(**{f"{field}__lt": value}) | Q(pk__lt=pk))
    return Q(**{f"{field}__gte": value}) & (Q(**{f"{field}__gt": value}) | Q(pk__gt=pk))


def _encode(direction: str, row: Model, order: Order) -> str:
    value = getattr(row, order.field)
    text = json.dumps([direction, value.isoformat() if order.is_time else value, row.pk])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str, order: Order) -> tuple[bool, tuple[Any, int] | None]:
    if not cursor:
        return False, None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        direction, value, pk = json.loads(base64.b64decode(padded.encode(), altchars=b"-_", validate=True))
        if direction not in ("<", ">") or not _is_storable(pk):
            raise ValueError(cursor)
        return direction == "<", (_key_value(value, order), pk)
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as exc:
        raise BadRequest("The cursor in the address is not one of ours. Start from the first page.") from exc


def _key_value(value: Any, order: Order) -> Any:
    """What the cursor compares with; ValueError or OverflowError if the database could not."""
    if order.is_number:
        if not _is_storable(value):
            raise ValueError(value)
        return value
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(value)
    if order.is_time:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment.astimezone(UTC)
    value.encode()  # refuses half of a surrogate pair
    return value


def _is_storable(number: Any) -> bool:
    return type(number) is int and abs(number) < 2**63
