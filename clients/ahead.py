"""Reading the pages of a list ahead: while one is used, the next ones are on their way."""

import contextvars
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from clients.deadlines import POOL_SIZE
from clients.errors import ApiError
from clients.sandbox_tooling_models import Page

T = TypeVar("T")
Read = Callable[[int], Page[T]]

# Enough that no connection waits for a caller who stores one page after the other.
PAGES_AHEAD = 3 * POOL_SIZE


def pages(
    read: Read[T], prepare: Callable[[], Read[T]], *, start: int = 0, at_most: Callable[[], int] = lambda: PAGES_AHEAD
) -> Generator[Page[T], None, None]:
    """The pages of a list in order, from position `start` on, each exactly as if read one after the other.

    The caller says when it has enough, by closing this; `at_most` says how many more pages it may want by now.
    `prepare` is called by the caller's thread and gives a reading that may be done in another one: it should neither
    wait nor try again. Where that fails, `read` does it over, and everything after it alone: a server that is busy is
    not asked for more. Positions are foretold from the number of rows that came and the total that the server names.
    """
    position, is_alone = start, False
    waiting: dict[int, Future[Page[T]]] = {}
    with ThreadPoolExecutor(POOL_SIZE, thread_name_prefix="pages") as threads:
        try:
            while True:
                page, is_alone = _page_at(position, waiting, read, is_alone)
                yield page
                position += page.received
                if is_alone or page.total is None or not page.received:
                    continue
                foretold = range(position, page.total, page.received)[: min(PAGES_AHEAD, at_most())]
                for missed in waiting.keys() - set(foretold):
                    waiting.pop(missed).cancel()
                for ahead in foretold:
                    if ahead not in waiting:
                        waiting[ahead] = threads.submit(contextvars.copy_context().run, prepare(), ahead)
        finally:
            threads.shutdown(wait=True, cancel_futures=True)


def _page_at(position: int, waiting: dict[int, Future[Page[T]]], read: Read[T], is_alone: bool) -> tuple[Page[T], bool]:
    """The page, and whether everything from now on is read alone."""
    future = waiting.pop(position, None)
    if future is not None:
        try:
            return future.result(), is_alone
        except ApiError:
            for late in waiting.values():
                late.cancel()
            waiting.clear()
            is_alone = True
    return read(position), is_alone
