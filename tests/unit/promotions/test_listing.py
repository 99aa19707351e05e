"""Reading a list whose rows shift while it is read: each row once, and no more certainty than there is."""

from collections.abc import Generator, Sequence
from datetime import timedelta

from clients.sandbox_sharing import Page, RemoteTransfer
from promotions.systems.listing import newest_first
from tests.unit.promotions.remote_sharing import AT, remote_transfer


def row(number: int) -> RemoteTransfer:
    """A transfer of so many hours before the newest."""
    return remote_transfer(id=f"{number:032x}", created_at=AT - timedelta(hours=number))


def page(*numbers: int, total: int | None = None, has_next: bool = False, malformed: int = 0) -> Page[RemoteTransfer]:
    items = tuple(row(number) for number in numbers)
    return Page(items=items, received=len(items) + malformed, total=total, has_next=has_next, malformed=malformed)


def reading(pages: Sequence[Page[RemoteTransfer]]) -> Generator[Page[RemoteTransfer], None, None]:
    yield from pages


def numbers(rows: Sequence[RemoteTransfer]) -> list[int]:
    return [int(found.id, 16) for found in rows]


def test_rows_that_come_twice_count_once() -> None:
    listing = newest_first(reading([page(1, 2, has_next=True), page(2, 3, has_next=True), page(4, 4)]))

    assert (numbers(listing.rows), listing.is_complete) == ([1, 2, 3, 4], True)


def test_a_row_that_cannot_be_read_may_be_the_one_that_is_looked_for() -> None:
    listing = newest_first(reading([page(1, has_next=True, malformed=1), page(2)]))

    assert (numbers(listing.rows), listing.is_complete) == ([1, 2], False)


def test_a_list_that_promises_more_than_it_brings_is_not_complete() -> None:
    listing = newest_first(reading([page(1, 2, total=9, has_next=True), page(total=9)]))

    assert not listing.is_complete


def test_a_list_that_repeats_itself_is_left() -> None:
    listing = newest_first(reading([page(1, 2, has_next=True)] * 50))

    assert (numbers(listing.rows), listing.is_complete) == ([1, 2], False)


def test_reading_ends_where_the_rows_are_older_than_what_is_looked_for() -> None:
    pages = reading([page(1, 2, has_next=True), page(3, 4, has_next=True), page(5, has_next=True)])

    listing = newest_first(pages, since=AT - timedelta(hours=3, minutes=30))

    assert (numbers(listing.rows), listing.is_complete) == ([1, 2, 3, 4], True)


def test_reading_ends_when_all_that_is_wanted_was_met() -> None:
    seen: list[int] = []
    pages = reading([page(1, 2, has_next=True), page(3, has_next=True), page(4, has_next=True)])

    listing = newest_first(pages, missing={row(3).id}, on_page=seen.append)

    assert (numbers(listing.rows), listing.is_complete, seen) == ([1, 2, 3], True, [2, 3])


def test_a_list_in_another_order_is_read_to_its_end() -> None:
    pages = reading([page(9, 1, has_next=True), page(8, 2)])

    listing = newest_first(pages, since=AT - timedelta(hours=3))

    assert (numbers(listing.rows), listing.is_complete) == ([9, 1, 8, 2], True)
