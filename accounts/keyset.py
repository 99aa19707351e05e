"""Paging by key: a page costs the same at the start of a list and a million rows in."""

import base64
import binascii
import heapq
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Generic, TypeVar

from django.core.exceptions import BadRequest
from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)

PAGE_SIZE = 50
COUNT_LIMIT = 1000
WALKS_LIMIT = 40

# Equalities that an index serves together with the order. For "one of several", databases collect every row and sort;
# walking the index once for each value, and merging, stays flat.
Walk = Mapping[str, Any]
# Finds the keys behind one (or the first ones), in the order asked for, where a list has an index of its own kind.
Pick = Callable[[int | None, bool, int], list[int]]


@dataclass(frozen=True)
class Order:
    """A list order: one column, then the primary key, both in the same direction. An index must serve the pair."""

    field: str
    is_descending: bool
    is_time: bool = False
    is_number: bool = False


@dataclass(frozen=True)
class Among:
    """A column, and the values to which the rows are narrowed already."""

    field: str
    values: Sequence[int]

    @property
    def walks(self) -> list[Walk]:
        return [{self.field: value} for value in self.values] if len(self.values) <= WALKS_LIMIT else []


@dataclass(frozen=True)
class KeysetPage(Generic[M]):
    """Rows in list order; a cursor is empty where the list ends."""

    rows: Sequence[M]
    newer: str
    older: str
    head: str = ""
    """Leads to what is before the first row, also where there is nothing yet."""


def page(
    rows: QuerySet[M],
    order: Order,
    cursor: str = "",
    *,
    size: int = PAGE_SIZE,
    walks: Sequence[Walk] = (),
    read: QuerySet[M] | None = None,
    pick: Pick | None = None,
) -> KeysetPage[M]:
    """The page that `cursor` leads to, or the first one. Raises BadRequest (400) for a cursor that is none.

    `walks` must find the same rows together as `rows` does alone. `read` is the same list without its filters, from
    which the rows that several walks found are read: filters beside the keys could lead a database astray.
    """
    is_backwards, key = _decode(cursor, order)
    descending = order.is_descending != is_backwards
    if pick is not None:
        pks = pick(key[1] if key else None, descending, size + 1)
        found = list(_ordered(rows.filter(pk__in=pks), Order(order.field, descending)))
    else:
        if key is not None:
            rows = rows.filter(_beyond(order.field, key, descending))
        found = _first(rows, Order(order.field, descending), size + 1, walks, read)
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
        _encode("<", found[0], order),
    )


def first(
    rows: QuerySet[M], order: Order, number: int, *, among: Among | None = None, read: QuerySet[M] | None = None
) -> list[M]:
    """The first rows in this order; `read` as for a page."""
    return _first(rows, order, number, among.walks if among else (), read)


def _first(
    rows: QuerySet[M], order: Order, number: int, walks: Sequence[Walk], read: QuerySet[M] | None = None
) -> list[M]:
    ordered = _ordered(rows, order)
    if not walks:
        return list(ordered[:number])
    if len(walks) == 1:
        return list(ordered.filter(**walks[0])[:number])
    keys: set[tuple[Any, int]] = set()
    for walk in walks:
        keys.update(ordered.filter(**walk).values_list(order.field, "pk")[:number])
    nearest = sorted(keys, reverse=order.is_descending)[:number]
    found = ordered if read is None else _ordered(read, order)
    return list(found.filter(pk__in=[pk for _, pk in nearest]))


def slices(rows: QuerySet[M], order: Order, *, size: int, walks: Sequence[Walk] = ()) -> Iterator[list[int]]:
    """The primary keys of all rows in this order, some at a time: each slice is a short query of its own.

    Rows that come or go meanwhile may or may not be met; none is met twice.
    """
    merged = heapq.merge(
        *(_keys(rows.filter(**walk), order, size) for walk in walks or [{}]), reverse=order.is_descending
    )
    pks: list[int] = []
    for (_, pk), _ in groupby(merged):  # several walks may meet one row
        pks.append(pk)
        if len(pks) == size:
            yield pks
            pks = []
    if pks:
        yield pks


def _keys(rows: QuerySet[M], order: Order, size: int) -> Iterator[tuple[Any, int]]:
    ordered = _ordered(rows, order).values_list(order.field, "pk")
    keys = list(ordered[:size])
    while keys:
        yield from keys
        keys = list(ordered.filter(_beyond(order.field, keys[-1], order.is_descending))[:size])


def beyond(rows: QuerySet[M], order: Order, cursor: str) -> QuerySet[M]:
    """The rows on the other side of a cursor, in no order. Raises BadRequest (400) for a cursor that is none."""
    is_backwards, key = _decode(cursor, order)
    if key is None:
        raise BadRequest("The address lacks the place in the list to count from.")
    return rows.filter(_beyond(order.field, key, order.is_descending != is_backwards))


def before(value: Any, order: Order) -> str:
    """A cursor that leads to what comes before this value, for a list that has no rows yet."""
    return _encoded("<", value, 0, order)


def _ordered(rows: QuerySet[M], order: Order) -> QuerySet[M]:
    sign = "-" if order.is_descending else ""
    return rows.order_by(f"{sign}{order.field}", f"{sign}pk")


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
    return _encoded(direction, getattr(row, order.field), row.pk, order)


def _encoded(direction: str, value: Any, pk: int, order: Order) -> str:
    text = json.dumps([direction, value.isoformat() if order.is_time else value, pk])
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
