"""Pages of the lists of journeys: neither list has a public sample that says how it goes on."""

from collections.abc import Callable
from typing import Any, NamedTuple

from clients.errors import ApiRejectedError
from clients.journeys_fields import PARENT_UIDS, VERSION_UIDS, Fields
from clients.transport import MalformedError
from clients.wire import as_int

# Where a list lies in an answer; public clients were seen to try these in turn.
_LISTS = ("results", "data", "journeys", "items", "result")
_ENVELOPE_DEPTH = 3
_MOST_PAGES = 1000


class Rows(NamedTuple):
    """The rows of a page, as they came, and what it says of the others."""

    rows: list[Any]
    total: int | None = None
    page_size: int | None = None
    pages: int | None = None


class Gathered(NamedTuple):
    """The rows of all pages; `are_all` is False where some are missing, or may be."""

    rows: list[Any]
    are_all: bool
    total: int | None


def read_rows(body: Any) -> Rows:
    """The rows in an answer, wherever its envelope keeps them; raises MalformedError if it has no list."""
    rows = _rows(body, _ENVELOPE_DEPTH)
    if rows is None:
        raise MalformedError("the list of journeys is missing")
    fields = Fields(body if isinstance(body, dict) else {})
    paging = fields.fields("pagination")
    return Rows(
        rows,
        total=_count(paging.first(("totalcount", "total")), fields.first(("totalcount", "total"))),
        page_size=_count(paging.first(("pagesize", "limit")), fields.first(("pagesize", "limit"))) or None,
        pages=_count(fields.first(("pages",))),
    )


def _count(*values: Any) -> int | None:
    return next((number for value in values if (number := as_int(value)) is not None and number >= 0), None)


def _rows(body: Any, depth: int) -> list[Any] | None:
    if isinstance(body, list):
        return body
    if not isinstance(body, dict) or depth == 0:
        return None
    members = {str(key).lower(): value for key, value in body.items()}
    for name in _LISTS:
        if name in members:
            # A null stands for an empty list; a missing member does not.
            return [] if members[name] is None else _rows(members[name], depth - 1)
    return None


def gather(first: Rows, ask: Callable[[int], Rows], *, size: int | None) -> Gathered:
    """The rows of the first page and of those behind it, as long as each brings something new.

    A server that does not know paging gives the same page again and again. `size` is how many rows a full page has, if
    a page that is full may mean that there are more.
    """
    found = {_key(row): row for row in first.rows}
    page, last = 0, first
    while not _is_over(page, last, len(found), first.total, size):
        page += 1
        if page == _MOST_PAGES:
            return Gathered(list(found.values()), False, first.total)
        try:
            last = ask(page)
        except ApiRejectedError:  # it knows no pages, or not so many
            return Gathered(list(found.values()), False, first.total)
        before = len(found)
        for row in last.rows:
            found.setdefault(_key(row), row)
        if last.rows and len(found) == before:
            return Gathered(list(found.values()), False, first.total)
        if not last.rows:
            break
    return Gathered(list(found.values()), first.total is None or len(found) >= first.total, first.total)


def _is_over(page: int, last: Rows, count: int, total: int | None, size: int | None) -> bool:
    if last.pages is not None:
        return page >= last.pages - 1
    if total is not None:
        return count >= total
    return size is None or len(last.rows) < size


def _key(row: Any) -> str:
    """What tells a row from others. Rows without an id cannot be read, and one of them is enough to know that."""
    return Fields(row).uid((*VERSION_UIDS, *PARENT_UIDS)) if isinstance(row, dict) else ""
