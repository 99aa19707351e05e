"""Reading the pages of the sandbox tooling API's lists."""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import AliasChoices, Field

from clients.sandbox_tooling_models import Page
from clients.transport import MalformedError
from clients.wire import ApiModel, OptionalBool, OptionalInt, parse, readable

T = TypeVar("T")


class _Page(ApiModel):
    data: Any = None
    total: OptionalInt = Field(default=None, validation_alias=AliasChoices("totalelements", "total"))
    has_next: OptionalBool = Field(default=None, validation_alias=AliasChoices("hasnextpage", "hasnext"))


def read_page(body: Any, read: Callable[[Any], T], *, start: int) -> Page[T]:
    """A page of a list; raises MalformedError for an answer that has no list, since that is not an empty one.

    There is a next page if anything says so, or if nothing says anything: a page may be shorter than was asked for.
    """
    if isinstance(body, dict) and "data" not in body and "object" in body:
        body = body["object"]  # the service's envelope
    wire = _Page(data=body) if isinstance(body, list) else parse(_Page, body, "the list")
    total = wire.total if wire.total is not None and wire.total >= 0 else None
    rows = wire.data
    is_bare_empty = isinstance(body, dict) and "data" in body and rows in (None, {}, "") and not total
    if is_bare_empty:
        rows = []
    elif isinstance(rows, dict) and "id" in rows:
        rows = [rows]
    if not isinstance(rows, list):
        raise MalformedError("the list of rows is missing")
    items = readable(rows, read)
    is_told = wire.has_next is not None or total is not None
    has_next = bool(wire.has_next) or (total is not None and start + len(rows) < total) or not is_told
    return Page(
        items=items,
        received=len(rows),
        total=total,
        # An empty page ends the list, whatever it says about a next one.
        has_next=has_next and bool(rows),
        malformed=len(rows) - len(items),
    )
