import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from clients.tokens import MemoryTokenStore, Token

T = TypeVar("T")


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Source:
    """Hands out numbered tokens, or fails when told to."""

    def __init__(self, clock: Clock, *, life: timedelta = timedelta(hours=24)) -> None:
        self.clock = clock
        self.life = life
        self.count = 0
        self.failure: Exception | None = None

    def __call__(self) -> Token:
        self.count += 1
        if self.failure:
            raise self.failure
        return Token(value=f"token-{self.count}", expires_at=self.clock.now + self.life)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(clock: Clock) -> Source:
    return Source(clock)


@pytest.fixture
def store(clock: Clock) -> MemoryTokenStore:
    return MemoryTokenStore(now=clock)


def test_a_token_is_kept_and_reused(store: MemoryTokenStore, source: Source) -> None:
    assert [store.get(source).value for _ in range(3)] == ["token-1"] * 3


def test_a_token_is_renewed_before_it_expires(store: MemoryTokenStore, source: Source, clock: Clock) -> None:
    store.get(source)
    clock.now += timedelta(hours=23, minutes=56)

    assert store.get(source).value == "token-2"


def test_a_short_lived_token_is_not_renewed_with_every_call(store: MemoryTokenStore, source: Source) -> None:
    source.life = timedelta(minutes=2)

    assert [store.get(source).value for _ in range(3)] == ["token-1"] * 3


def test_the_old_token_stays_in_use_if_its_renewal_fails(store: MemoryTokenStore, source: Source, clock: Clock) -> None:
    store.get(source)
    clock.now += timedelta(hours=23, minutes=56)
    source.failure = RuntimeError("down")

    values = [store.get(source).value for _ in range(5)]

    assert values == ["token-1"] * 5
    assert source.count == 2  # the first one, and one renewal that failed; no call pays for it again at once


def test_a_failed_renewal_is_tried_again_later(store: MemoryTokenStore, source: Source, clock: Clock) -> None:
    store.get(source)
    clock.now += timedelta(hours=23, minutes=56)
    source.failure = RuntimeError("down")
    store.get(source)
    source.failure = None
    clock.now += timedelta(seconds=31)

    assert store.get(source).value == "token-3"


def test_the_failure_is_raised_once_the_old_token_has_expired(
    store: MemoryTokenStore, source: Source, clock: Clock
) -> None:
    store.get(source)
    clock.now += timedelta(hours=25)
    source.failure = RuntimeError("down")

    with pytest.raises(RuntimeError, match="down"):
        store.get(source)


def test_a_rejected_token_is_replaced_once_however_many_saw_it(store: MemoryTokenStore, source: Source) -> None:
    old = store.get(source)

    for _ in range(10):
        store.reject(old.value)
        store.get(source)

    assert source.count == 2


def test_rejecting_an_old_value_leaves_the_new_token_alone(store: MemoryTokenStore, source: Source) -> None:
    old = store.get(source)
    store.reject(old.value)
    new = store.get(source)

    store.reject(old.value)

    assert store.get(source) == new


def test_a_rejected_token_is_not_used_even_if_its_renewal_fails(store: MemoryTokenStore, source: Source) -> None:
    store.reject(store.get(source).value)
    source.failure = RuntimeError("down")

    with pytest.raises(RuntimeError, match="down"):
        store.get(source)


def test_many_callers_at_once_cause_one_request(store: MemoryTokenStore, source: Source) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def fetch() -> Token:
        entered.set()
        go_on.wait(10)
        return source()

    with ThreadPoolExecutor(50) as pool:
        first = pool.submit(store.get, fetch)
        entered.wait(10)
        others = [pool.submit(store.get, fetch) for _ in range(49)]
        go_on.set()
        values = {call.result().value for call in (first, *others)}

    assert values == {"token-1"}
    assert source.count == 1


def test_a_failure_answers_everybody_who_waited_for_it(
    source: Source, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = threading.Semaphore(0)

    class CountedCondition(threading.Condition):
        def wait_for(self, predicate: Callable[[], T], timeout: float | None = None) -> T:
            waiting.release()
            return super().wait_for(predicate, timeout)

    monkeypatch.setattr(threading, "Condition", CountedCondition)
    store = MemoryTokenStore(now=clock)
    monkeypatch.undo()
    source.failure = RuntimeError("down")
    entered = threading.Event()

    def fetch() -> Token:
        entered.set()
        for _ in range(2):
            assert waiting.acquire(timeout=10)
        return source()

    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(store.get, fetch)]
        entered.wait(10)
        calls += [pool.submit(store.get, fetch) for _ in range(2)]
        failures = [call.exception() for call in calls]

    assert [str(failure) for failure in failures] == ["down"] * 3
    assert source.count == 1


def test_nobody_waits_for_a_renewal_while_the_old_token_is_valid(
    store: MemoryTokenStore, source: Source, clock: Clock
) -> None:
    store.get(source)
    clock.now += timedelta(hours=23, minutes=56)
    seen: list[str] = []

    def fetch_and_ask_meanwhile() -> Token:
        seen.append(store.get(source).value)
        return source()

    new = store.get(fetch_and_ask_meanwhile)

    assert seen == ["token-1"]
    assert new.value == "token-2"


def test_an_interrupted_fetch_does_not_block_the_next_one(store: MemoryTokenStore, source: Source) -> None:
    def interrupted() -> Token:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.get(interrupted)

    assert store.get(source).value == "token-1"


def test_the_value_of_a_token_does_not_show_in_its_repr(source: Source) -> None:
    assert "token-1" not in repr(source())
