"""What SnapLogic may work on for 15 minutes is waited for longer than that, and never begun twice meanwhile."""

from datetime import timedelta

from django.conf import LazySettings

from promotions.engine import submissions
from promotions.systems.snaplogic.connection import policy_of
from promotions.systems.snaplogic.exporting import ExportVersion
from promotions.systems.snaplogic.importing import ImportVersion
from promotions.systems.snaplogic.lifecycle_run import ChangeLife

PLATFORM_LIMIT = timedelta(minutes=15)


def test_an_import_is_given_longer_than_the_platform_works_on_it(settings: LazySettings) -> None:
    run = ImportVersion()

    assert run.deadline > PLATFORM_LIMIT
    assert run.settle >= run.deadline + PLATFORM_LIMIT
    assert run.queue == "long"
    longest_s = submissions.preparation_s(run) + run.deadline.total_seconds()
    assert longest_s < settings.LONG_TASK_TIME_LIMIT_S < settings.VISIBILITY_TIMEOUT_S
    # Enough for reading a large zip through once more.
    assert submissions.preparation_s(run) >= 180


def test_the_claim_of_an_export_outlives_the_silence_of_the_platform(settings: LazySettings) -> None:
    run = ExportVersion()

    assert timedelta(seconds=settings.UPLOAD_DEADLINE_S) < run.lease
    assert run.lease < timedelta(seconds=settings.LONG_TASK_TIME_LIMIT_S)
    assert run.queue == "long"


def test_a_change_of_life_has_the_times_of_any_other_write(settings: LazySettings) -> None:
    assert timedelta(seconds=settings.SUBMIT_DEADLINE_S) == ChangeLife().deadline < ChangeLife().settle


def test_a_call_that_brings_a_file_may_be_silent_all_that_time(settings: LazySettings) -> None:
    long, short = policy_of(is_long=True), policy_of(is_long=False)

    for given_s in (long.write_deadline_s, long.attempt_deadline_s, long.read_budget_s, long.silence_s):
        assert given_s == settings.UPLOAD_DEADLINE_S > PLATFORM_LIMIT.total_seconds()
    assert short.write_deadline_s == settings.SUBMIT_DEADLINE_S
