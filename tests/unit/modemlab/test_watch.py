# SPDX-License-Identifier: GPL-3.0-or-later
import asyncio

import pytest

from modemlab.request import Answer
from modemlab.watch import FAILURES_KEPT, PortRecord, Watch


def good(body: str, seconds: float = 0.1) -> Answer:
    return Answer(200, body, len(body), seconds)


def test_the_first_good_answer_is_the_expectation() -> None:
    record = PortRecord(None)
    for answer in (Answer(error="refused"), good("a", 0.2), good("b"), Answer(502, "x"), good("a")):
        record.add(1.0, answer)
    told = record.as_dict()
    assert (told["ok"], told["failed"], told["wrong"], told["expect"]) == (2, 2, 1, "a")
    assert [f["reason"] for f in told["failures"]] == ["refused", "wrong answer 'b'", "status 502"]
    assert told["slowest"] == 0.2


def test_a_given_expectation_judges_the_first_answer_too() -> None:
    record = PortRecord("a")
    record.add(0.0, good("b"))
    assert (record.ok, record.wrong) == (0, 1)


def test_the_list_of_failures_is_bounded_and_the_count_is_not() -> None:
    record = PortRecord(None)
    for _ in range(1000):
        record.add(0.0, Answer(error="refused"))
    assert record.failed == 1000
    assert len(record.failures) == FAILURES_KEPT


def test_an_error_of_the_watch_itself_does_not_pass_for_no_failures() -> None:
    async def broken(port: int) -> Answer:
        raise RuntimeError("the watch is broken")

    async def go() -> None:
        watch = Watch(broken, {1: None}, 0.01)
        await asyncio.sleep(0.05)
        await watch.stop()

    with pytest.raises(RuntimeError, match="the watch is broken"):
        asyncio.run(go())


def test_a_slow_port_does_not_hold_up_the_others() -> None:
    async def ask(port: int) -> Answer:
        await asyncio.sleep(60 if port == 1 else 0)
        return good("x")

    async def go() -> None:
        watch = Watch(ask, {1: None, 2: None}, 0.01)
        async with asyncio.timeout(5):
            while watch.report()["ok_count"] < 3:
                await asyncio.sleep(0.01)
        report = await watch.stop()
        assert (report["ports"]["1"]["ok"], report["failed_count"]) == (0, 0)

    asyncio.run(go())
