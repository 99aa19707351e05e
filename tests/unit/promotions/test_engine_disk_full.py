"""A disk that fills up around a write: SQLite refuses, and the write is neither repeated nor forgotten."""

from collections.abc import Callable, Iterator

import pytest
from django.db import OperationalError, connection

from promotions.choices import JobState
from promotions.engine import claims
from tests.unit.promotions.engine_doubles import Post, finders, fresh, letter, post, work_on

__all__ = ["post"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.only_on("sqlite")]

NO_LIMIT = 1_073_741_823
# More than any page with free space can take in.
LARGE = {"text": "x" * 200_000}


def limit_pages(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA max_page_count = {number}")


@pytest.fixture
def fill_disk() -> Iterator[Callable[[], None]]:
    """Let the database file grow no more: SQLite's own "database or disk is full"."""

    def fill() -> None:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")  # no free pages are left that a write could use
        limit_pages(1)  # never below what the file has: the size of now

    yield fill
    limit_pages(NO_LIMIT)


def test_a_disk_that_is_full_when_the_intent_is_written_keeps_the_write_from_being_sent(
    post: Post, fill_disk: Callable[[], None]
) -> None:
    job = letter()
    post.before = LARGE
    post.at_recheck = lambda _: fill_disk()

    with pytest.raises(OperationalError, match="full"):
        work_on(job)

    assert post.sent == []
    assert fresh(job).state == JobState.QUEUED
    assert job.submit_count == 0


def test_a_job_whose_intent_could_not_be_written_is_sent_once_there_is_room(
    post: Post, fill_disk: Callable[[], None]
) -> None:
    job = letter()
    post.before = LARGE
    post.at_recheck = lambda _: fill_disk()
    with pytest.raises(OperationalError, match="full"):
        work_on(job)
    limit_pages(NO_LIMIT)
    post.at_recheck = lambda _: None

    work_on(job)

    assert post.sent == [job.pk]
    assert fresh(job).state == JobState.RUNNING


def test_an_answer_that_finds_no_room_is_looked_for_and_not_sent_again(
    post: Post, fill_disk: Callable[[], None]
) -> None:
    job = letter()
    post.answer.raw.update(LARGE)
    post.at_submit = lambda _: fill_disk()
    with pytest.raises(OperationalError, match="full"):
        work_on(job)
    limit_pages(NO_LIMIT)
    assert fresh(job).state == JobState.SUBMITTING
    post.look_ups = [finders(["remote-1"])]

    work_on(job)

    assert post.sent == [job.pk]
    assert fresh(job).state == JobState.RUNNING
    assert job.remote_id == "remote-1"


def test_a_write_goes_on_although_its_progress_cannot_be_noted(post: Post) -> None:
    job = letter(state=JobState.SUBMITTING, lease_token="mine")
    tell = claims.Progress(job)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")
        try:
            tell("Sending", done=1, total=9)
        finally:
            cursor.execute("PRAGMA query_only = OFF")

    tell("All is sent")

    assert fresh(job).progress_text == "All is sent"
