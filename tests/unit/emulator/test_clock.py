import pytest

from emulator.clock import Clock


class Wall:
    """A wall clock that only the test moves."""

    def __init__(self):
        self.seconds = 1_000.0

    def __call__(self):
        return self.seconds


def test_work_runs_faster_than_the_stamps():
    wall = Wall()
    clock = Clock(speed=20, now=wall)

    wall.seconds += 3

    assert (clock.now_ms(), clock.work_s()) == (1_003_000, 60)


def test_work_stands_still_at_speed_zero_until_it_is_advanced():
    wall = Wall()
    clock = Clock(speed=0, now=wall)

    wall.seconds += 3
    clock.advance(2)

    assert (clock.now_ms(), clock.work_s()) == (1_005_000, 2)


def test_moment_of_past_work_is_told_in_wall_time():
    wall = Wall()
    clock = Clock(speed=10, now=wall)

    wall.seconds += 5

    assert clock.moment_of(20) == 1_002_000


def test_change_of_speed_keeps_the_work_that_was_done():
    wall = Wall()
    clock = Clock(speed=1, now=wall)
    wall.seconds += 4

    clock.change_speed(10)
    wall.seconds += 1

    assert clock.work_s() == 14


def test_time_does_not_run_backwards():
    with pytest.raises(ValueError, match="forward"):
        Clock().advance(-1)
    with pytest.raises(ValueError, match="0 or more"):
        Clock(speed=-1)
