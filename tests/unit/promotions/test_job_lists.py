"""Reading the platform's job list so that "not there" can be believed."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from clients.sandbox_tooling import Page, RemoteJobRow, SandboxToolingClient
from promotions.systems import listing as lists
from promotions.systems.listing import Listing
from promotions.systems.markers import marked, marker_of
from promotions.systems.packages.remote_jobs import newest_first, status_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SINCE = NOW - timedelta(days=1)


def row(remote_id: str, *, hours_ago: float | None = 0, description: str = "") -> RemoteJobRow:
    created_at = None if hours_ago is None else NOW - timedelta(hours=hours_ago)
    return RemoteJobRow(
        id=remote_id,
        name="Import",
        description=description,
        status="SUCCESS",
        job_type="NEW",
        package_type="PARTIAL",
        source_sandbox="dev",
        target_sandbox="stage",
        created_at=created_at,
        updated_at=created_at,
        created_by="",
        request_type=None,
        raw={},
    )


class Pages:
    """Answers with these pages one after the other, then with empty ones, and counts the questions."""

    def __init__(self, *pages: Page[RemoteJobRow]) -> None:
        self._pages = list(pages)
        self.starts: list[int] = []

    def list_jobs(self, *, start: int, **_: Any) -> Page[RemoteJobRow]:
        self.starts.append(start)
        return self._pages.pop(0) if self._pages else page([], has_next=False)

    def all_jobs(self, **_: Any) -> Iterator[Page[RemoteJobRow]]:
        start = 0
        while True:
            found = self.list_jobs(start=start)
            yield found
            start += found.received


def page(
    rows: Sequence[RemoteJobRow], *, has_next: bool = True, total: int | None = None, malformed: int = 0
) -> Page[RemoteJobRow]:
    return Page(items=tuple(rows), received=len(rows) + malformed, total=total, has_next=has_next, malformed=malformed)


def read(pages: Pages, wanted: set[str] | None = None) -> Listing[RemoteJobRow]:
    return newest_first(cast(SandboxToolingClient, pages), request_type="IMPORT", since=SINCE, wanted=wanted)


def test_a_list_that_ends_is_complete() -> None:
    listing = read(Pages(page([row("a"), row("b")], has_next=False)))

    assert listing.is_complete
    assert [found.id for found in listing.rows] == ["a", "b"]


def test_reading_ends_once_rows_are_older_than_asked_for() -> None:
    pages = Pages(page([row("a"), row("b", hours_ago=30)]))

    assert read(pages).is_complete
    assert pages.starts == [0]


def test_a_list_that_is_not_newest_first_is_read_to_its_end() -> None:
    pages = Pages(page([row("old", hours_ago=30), row("new")]), page([row("ours")], has_next=False))

    listing = read(pages)

    assert [found.id for found in listing.rows] == ["old", "new", "ours"]
    assert listing.is_complete


def test_a_list_that_denies_a_next_page_below_its_own_total_is_read_on() -> None:
    pages = Pages(page([row("a")], has_next=False, total=2), page([row("b")], has_next=False, total=2))

    assert [found.id for found in read(pages).rows] == ["a", "b"]


def test_a_list_that_ends_below_its_own_total_proves_nothing() -> None:
    assert not read(Pages(page([row("a")], has_next=False, total=9))).is_complete


def test_a_total_holds_for_later_pages_that_name_none() -> None:
    assert not read(Pages(page([row("a")], total=3), page([row("b")], has_next=False))).is_complete


def test_a_list_that_repeats_itself_after_as_many_rows_as_it_promised_is_complete() -> None:
    assert read(Pages(*[page([row("a"), row("b")], total=2)] * 4)).is_complete


def test_a_list_with_an_unreadable_row_proves_nothing() -> None:
    assert not read(Pages(page([row("a")], has_next=False, malformed=1))).is_complete


def test_a_list_without_an_end_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "PAGES_LIMIT", 3)

    assert not read(Pages(*[page([row(str(number))]) for number in range(9)])).is_complete


def test_rows_that_shift_while_paging_come_once() -> None:
    pages = Pages(page([row("a"), row("b", hours_ago=1)]), page([row("b", hours_ago=1), row("c")], has_next=False))

    assert [found.id for found in read(pages).rows] == ["a", "b", "c"]


def test_rows_without_a_time_do_not_end_the_reading() -> None:
    pages = Pages(page([row("a", hours_ago=None)]), page([row("b", hours_ago=None)], has_next=False))

    assert len(read(pages).rows) == 2


def test_reading_for_known_jobs_ends_when_all_were_met() -> None:
    pages = Pages(page([row("a"), row("b")]), page([row("c")]), page([row("d")]))

    read(pages, wanted={"b", "c"})

    assert pages.starts == [0, 2]


@pytest.mark.parametrize(
    "description",
    [
        "Text [towpath-0123456789ab]",
        "Text [towpath-0123456789ab] ",
        "Text &#91;towpath-0123456789ab&#93;",
        "Text [towpath-0123456789ab",
        "Copied [towpath-ffffffffffff] [towpath-0123456789ab]",
    ],
    ids=["as sent", "blank", "escaped", "bracket cut", "an older mark in the text"],
)
def test_the_mark_is_found_however_its_surroundings_are_spelled(description: str) -> None:
    assert marker_of(description) == "towpath-0123456789ab"


@pytest.mark.parametrize("description", ["", "Text", "Text [towpath-012345"], ids=["none", "no mark", "mark cut"])
def test_a_text_without_a_whole_mark_has_none(description: str) -> None:
    assert marker_of(description) == ""


def test_what_is_sent_is_what_is_found() -> None:
    assert marker_of(marked("For the launch", "towpath-0123456789ab")) == "towpath-0123456789ab"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(" Success ", "SUCCESS"), ("failed", "FAILED"), ("", ""), (" PAUSED", "PAUSED"), ("x" * 90, "x" * 64)],
)
def test_a_documented_status_is_known_in_any_spelling(raw: str, expected: str) -> None:
    assert status_of(raw) == expected
