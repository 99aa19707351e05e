"""Reading ahead gives the same pages as reading one after the other, whatever the list does."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from clients import ahead
from clients.errors import ApiUnavailableError
from clients.sandbox_tooling_models import Page


@dataclass
class Numbers:
    """A list of numbers as a server pages it, and what was asked of it."""

    rows: int
    most: int = 10
    total: Callable[["Numbers"], int | None] = lambda self: self.rows
    fails_at: frozenset[int] = frozenset()
    is_down_at: int | None = None
    asked: list[int] = field(default_factory=list)
    asked_ahead: list[int] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)

    def read(self, position: int) -> Page[int]:
        if position == self.is_down_at:
            raise ApiUnavailableError("still too busy", operation="packages.list", status=429)
        self.asked.append(position)
        items = tuple(range(position, min(position + self.most, self.rows)))
        return Page(items=items, has_next=position + self.most < self.rows, total=self.total(self), received=len(items))

    def prepare(self) -> Callable[[int], Page[int]]:
        def read(position: int) -> Page[int]:
            self.asked_ahead.append(position)
            self.threads.add(threading.get_ident())
            if position in self.fails_at:
                raise ApiUnavailableError("too busy", operation="packages.list", status=429)
            page = self.read(position)
            self.asked.remove(position)
            return page

        return read


def until_the_end(pages: Iterator[Page[int]]) -> list[int]:
    rows: list[int] = []
    for page in pages:
        rows += page.items
        if not page.has_next or not page.received:
            break
    return rows


def everything(numbers: Numbers, *, start: int = 0) -> list[int]:
    return until_the_end(ahead.pages(numbers.read, numbers.prepare, start=start))


@pytest.mark.parametrize("rows", [0, 1, 9, 10, 11, 200, 205, 1000])
@pytest.mark.parametrize("most", [10, 7])
def test_every_row_comes_once_and_in_order(rows, most):
    numbers = Numbers(rows, most)

    assert everything(numbers) == list(range(rows))


def test_only_the_first_page_is_waited_for_alone():
    numbers = Numbers(1000)

    everything(numbers)

    assert numbers.asked == [0]
    assert sorted(numbers.asked_ahead) == list(range(10, 1000, 10))
    assert threading.get_ident() not in numbers.threads
    assert len(numbers.threads) <= 5


def test_reading_goes_on_where_it_stopped():
    numbers = Numbers(100)

    assert everything(numbers, start=40) == list(range(40, 100))


def test_a_server_that_names_no_total_is_read_page_by_page():
    numbers = Numbers(55, total=lambda _: None)

    assert everything(numbers) == list(range(55))
    assert numbers.asked == [0, 10, 20, 30, 40, 50]
    assert numbers.asked_ahead == []


def test_a_page_that_fails_is_read_again_by_the_caller_and_the_rest_alone():
    numbers = Numbers(300, fails_at=frozenset({50}))

    assert everything(numbers) == list(range(300))
    assert numbers.asked == [0, *range(50, 300, 10)]


def test_what_the_caller_meets_when_reading_again_is_raised():
    numbers = Numbers(300, fails_at=frozenset({50}), is_down_at=50)

    with pytest.raises(ApiUnavailableError):
        everything(numbers)


def test_a_list_that_shrinks_ends_without_an_error():
    numbers = Numbers(500, total=lambda _: 500)
    pages = ahead.pages(numbers.read, numbers.prepare)
    met = list(next(pages).items)

    numbers.rows = 95
    met += until_the_end(pages)

    assert met == sorted(set(met))
    assert met[-1] >= 94


def test_pages_that_shrink_leave_no_gap():
    numbers = Numbers(500)
    pages = ahead.pages(numbers.read, numbers.prepare)
    met = list(next(pages).items)

    numbers.most = 6
    met += until_the_end(pages)

    assert met == list(range(500))


def test_a_caller_that_stops_leaves_no_thread():
    before = threading.active_count()
    pages = ahead.pages(Numbers(1000).read, Numbers(1000).prepare)
    next(pages)

    pages.close()

    assert threading.active_count() == before


def test_no_more_is_read_ahead_than_may_be_wanted():
    numbers = Numbers(1000)
    wanted = iter([2, 1, 0, 0])
    pages = ahead.pages(numbers.read, numbers.prepare, at_most=lambda: next(wanted))

    for _ in range(4):
        next(pages)
    pages.close()

    assert numbers.asked == [0, 30]
    assert sorted(numbers.asked_ahead) == [10, 20]
