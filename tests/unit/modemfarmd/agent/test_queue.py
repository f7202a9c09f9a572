# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue against a clock that only we move."""

import pytest

from modemfarmd.agent.queue import PACE_S, KeyQueue


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> KeyQueue:
    return KeyQueue(clock, spread=lambda low, high: 0.0)


def test_a_burst_is_one_key_after_two_quiet_seconds(queue: KeyQueue, clock: Clock) -> None:
    for _ in range(40):
        queue.add("1-1")
        clock.now += 0.05
    assert queue.take() == []
    assert queue.wait() == pytest.approx(1.95)
    clock.now += 1.96
    assert queue.take() == ["1-1"]
    assert queue.take() == []


def test_a_key_that_is_never_quiet_is_released_after_ten_seconds(
    queue: KeyQueue, clock: Clock
) -> None:
    released = []
    for _ in range(300):
        queue.add("1-1")
        for key in queue.take():
            released.append(clock.now)
            queue.done(key)
        clock.now += 0.1
    assert len(released) == 2
    assert released[0] == pytest.approx(1010.0, abs=0.2)


def test_a_settled_key_is_due_at_once(queue: KeyQueue) -> None:
    queue.add("1-1")
    queue.settle("1-1")
    assert queue.take() == ["1-1"]


def test_settling_too_often_is_slowed(queue: KeyQueue, clock: Clock) -> None:
    released = 0
    for _ in range(600):  # 60 s of plug and unplug, ten times a second
        queue.add("1-1")
        queue.settle("1-1")
        for key in queue.take():
            released += 1
            queue.done(key)
        clock.now += 0.1
    assert released <= len(PACE_S) + 4


def test_a_key_in_work_is_not_given_twice_and_its_news_are_kept(
    queue: KeyQueue, clock: Clock
) -> None:
    queue.add("1-1")
    queue.settle("1-1")
    assert queue.take() == ["1-1"]
    queue.add("1-1")
    queue.settle("1-1")
    assert queue.take() == []
    assert queue.wait() is None
    queue.done("1-1")
    assert queue.take() == ["1-1"]


def test_retries_double_up_to_the_cap_and_are_forgiven(queue: KeyQueue, clock: Clock) -> None:
    delays = []
    for _ in range(8):
        delays.append(queue.retry("8"))
        clock.now += delays[-1]
        assert queue.take() == ["8"]
        queue.done("8")
    assert delays == [2, 4, 8, 16, 32, 60, 60, 60]
    assert queue.attempts("8") == 8
    queue.forgive("8")
    assert queue.retry("8") == 2


def test_news_end_a_back_off(queue: KeyQueue, clock: Clock) -> None:
    for _ in range(6):
        queue.retry("8")
    queue.add("8")
    clock.now += 2.1
    assert queue.take() == ["8"]


def test_jitter_stays_within_a_fifth(clock: Clock) -> None:
    queue = KeyQueue(clock)
    for number in range(200):
        assert 1.6 <= queue.retry(str(number)) <= 2.4


def test_discarding_forgets_the_back_off(queue: KeyQueue) -> None:
    queue.retry("8")
    queue.discard("8")
    assert queue.wait() is None
    assert queue.attempts("8") == 0


def test_some_of_the_due_keys_can_be_taken(queue: KeyQueue, clock: Clock) -> None:
    assert queue.due() == {}
    for key in ("a", "b", "c"):
        queue.add(key)
        queue.settle(key)
        clock.now += 1
    assert queue.due() == {"a": 1000.0, "b": 1001.0, "c": 1002.0}
    assert queue.wait() == 0.0
    assert queue.take({"c", "b", "x"}) == ["b", "c"]
    assert queue.due() == {"a": 1000.0}
    assert queue.busy() == {"a", "b", "c"}
    assert len(queue) == 3
