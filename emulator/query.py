"""The query language of the lists of sandbox tooling: property filters, order, and pages."""

import datetime
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from emulator.answers import refused_by_exim
from emulator.calls import Call

T = TypeVar("T")
Value = str | int | None

DEFAULT_LIMIT = 20
_FILTER = re.compile(r"\s*([A-Za-z][\w.]*)\s*(==|!=|>=|<=|>|<|~)(.*)\Z", re.DOTALL)


@dataclass(frozen=True)
class Field(Generic[T]):
    """A field that rows can be filtered and ordered by; times are epoch milliseconds."""

    read: Callable[[T], Value]
    is_time: bool = False
    orders: bool = True
    meaning: Mapping[str, str] = field(default_factory=dict)  # filter values that stand for others


Fields = Mapping[str, Field[T]]


def parse_time(text: str) -> int:
    """Epoch milliseconds of an ISO 8601 time, or of digits. Raises ValueError."""
    if text.isdigit():
        return int(text)
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    try:
        return int(moment.timestamp() * 1000)
    except OverflowError:
        raise ValueError(f"{text} is beyond the calendar") from None


def _same_name(name: str) -> str:
    return name.replace("_", "").casefold()


def _find(fields: Fields[T], name: str, aliases: Mapping[str, str]) -> Field[T]:
    wanted = _same_name(name)
    wanted = _same_name(aliases.get(wanted, wanted))
    for known, one in fields.items():
        if _same_name(known) == wanted:
            return one
    raise refused_by_exim(400, f"Unknown property {name}")


def _matcher(one: Field[T], operator: str, text: str) -> Callable[[T], bool]:
    wanted: list[Value] = [part.strip() for part in text.split(",")]
    if one.is_time:
        try:
            wanted = [parse_time(str(part)) for part in wanted]
        except ValueError:
            raise refused_by_exim(400, f"Invalid date {text}") from None
    else:
        wanted = [one.meaning.get(str(part).upper(), str(part)).casefold() for part in wanted]
    first = wanted[0]

    def value_of(row: T) -> Value:
        value = one.read(row)
        return value.casefold() if isinstance(value, str) else value

    if operator == "==":
        return lambda row: value_of(row) in wanted
    if operator == "!=":
        return lambda row: value_of(row) not in wanted
    if operator == "~":
        return lambda row: str(first) in str(value_of(row) or "")
    compare: Callable[[Any, Any], bool] = {
        ">=": lambda a, b: a >= b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        "<": lambda a, b: a < b,
    }[operator]

    def is_in_range(row: T) -> bool:
        value = value_of(row)
        return value is not None and compare(value, first)

    return is_in_range


def filters_of(
    call: Call, fields: Fields[T], *, plain: Sequence[str], aliases: Mapping[str, str]
) -> list[Callable[[T], bool]]:
    """What a row must satisfy: every `property`, and every plain parameter of the list's own."""
    matchers = []
    for text in call.args.getlist("property"):
        found = _FILTER.match(text)
        if not found:
            raise refused_by_exim(400, f"Invalid property filter {text}")
        name, operator, value = found.groups()
        matchers.append(_matcher(_find(fields, name, aliases), operator, value))
    matchers.extend(
        _matcher(_find(fields, name, aliases), "==", call.args[name]) for name in plain if call.args.get(name)
    )
    return matchers


def ordered(
    rows: Iterable[T], text: str | None, fields: Fields[T], *, default: str, aliases: Mapping[str, str]
) -> list[T]:
    """Rows in the order of `-field`, of `asc:field,field`, or of `FIELD:DESC`."""
    text = (text or default).strip()
    terms = _order_terms(text)
    result = list(rows)
    if terms[0][1]:
        result.reverse()  # rows come oldest first: of two with the same time, the newer one leads too
    for name, is_descending in reversed(terms):
        one = _find(fields, name, aliases)
        if not one.orders:
            raise refused_by_exim(400, f"Cannot order by {name}")
        read = one.read

        def key(row: T, read: Callable[[T], Value] = read) -> tuple[bool, Any]:
            value = read(row)
            return (value is not None, value.casefold() if isinstance(value, str) else value)

        result.sort(key=key, reverse=is_descending)
    return result


def _order_terms(text: str) -> list[tuple[str, bool]]:
    head, _, tail = text.partition(":")
    if tail and head.casefold() in ("asc", "desc"):
        return [(name.strip(), head.casefold() == "desc") for name in tail.split(",")]
    terms = []
    for part in text.split(","):
        name, _, direction = part.strip().partition(":")
        if direction and direction.casefold() not in ("asc", "desc"):
            raise refused_by_exim(400, f"Invalid order {part}")
        terms.append((name.lstrip("+-"), name.startswith("-") or direction.casefold() == "desc"))
    return terms


def _number(call: Call, name: str, default: int, least: int) -> int:
    text = call.args.get(name)
    if text is None or text == "":
        return default
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise refused_by_exim(400, f"Invalid value {text} for parameter {name}")
    return number


def page_of(call: Call, rows: Sequence[T], show: Callable[[T], dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The page that `start` and `limit` ask for."""
    start = _number(call, "start", 0, 0)
    limit = _number(call, "limit", DEFAULT_LIMIT, 1)
    names = {directive.name for directive in call.directives}
    if "shifted_rows" in names:  # as if a row had come in on top since the page before
        rows = [*rows[:1], *rows]
    total = len(rows)
    if "empty_page" in names:
        rows = []
    return {
        "totalElements": total,
        "currentPage": start // limit,
        "totalPages": math.ceil(total / limit),
        "hasPreviousPage": start > 0,
        "hasNextPage": start + limit < total or "empty_page" in names,
        "data": [show(row) for row in rows[start : start + limit]],
        **more,
    }


def select(
    call: Call,
    rows: Iterable[T],
    fields: Fields[T],
    *,
    plain: Sequence[str] = (),
    default_order: str,
    aliases: Mapping[str, str] | None = None,
) -> list[T]:
    """The rows that pass the filters of a call, in its order."""
    aliases = aliases or {}
    matchers = filters_of(call, fields, plain=plain, aliases=aliases)
    kept = (row for row in rows if all(matches(row) for matches in matchers))
    return ordered(kept, call.arg_any_case("orderby"), fields, default=default_order, aliases=aliases)
