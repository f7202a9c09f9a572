# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm logs`: which rows are asked for, and how they look."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from modemfarm.errors import InvalidValueError
from modemfarmd.cli.logs import FOLLOW_ROWS, Wanted, check_known, follow, rows, show, show_line

SERIAL = "867584030000017"


def row(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": number, "serial": SERIAL, "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "channel": "at", "actor": "cli:alice", "correlation": "run-1", "command": f"AT+{number}",
        "answer": "OK\x1b[31m", "outcome": "ok", "milliseconds": 12.4,
    } | changes  # fmt: skip


class Book:
    """Rows by id, newest first, as LogBook gives them."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = list(numbers)
        self.asked: list[tuple[Any, ...]] = []

    def newest(self, limit: int, *wanted: Any) -> list[dict[str, Any]]:
        self.asked.append((limit, *wanted))
        after = wanted[-1] or 0
        return [row(n) for n in sorted(self.numbers, reverse=True) if n > after][:limit]


def test_the_newest_rows_oldest_first() -> None:
    book = Book(1, 2, 3)
    found = rows(book, Wanted(SERIAL, "run-1", "at"), 2)  # type: ignore[arg-type]
    assert [r["id"] for r in found] == [2, 3]
    assert book.asked == [(2, SERIAL, "run-1", "at", None)]


def test_following_shows_each_row_once() -> None:
    book = Book(1, 2, 3)
    coming = iter([[4, 5], [], [6]])
    seen = follow(book, Wanted(SERIAL, None, None), 2, lambda _: book.numbers.extend(next(coming)))  # type: ignore[arg-type]
    assert [next(seen)["id"] for _ in range(5)] == [2, 3, 4, 5, 6]
    assert book.asked[-1] == (FOLLOW_ROWS, SERIAL, None, None, 5)


@pytest.mark.parametrize(
    ("serial", "correlation", "channel"),
    [(None, None, None), (None, None, "at"), ("12", None, None), (SERIAL, "a b", None),
     (SERIAL, None, "smtp")],
)  # fmt: skip
def test_what_no_row_can_have_is_refused(
    serial: str | None, correlation: str | None, channel: str | None
) -> None:
    with pytest.raises(InvalidValueError):
        Wanted(serial, correlation, channel)


def test_a_row_for_people_and_one_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    show(row(1))
    show(row(2, answer="", milliseconds=None, outcome="timeout"))
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith(" at   cli:alice AT+1 -> OK\\x1b[31m [ok, 12 ms, run-1]")
    assert second.endswith(" AT+2 -> - [timeout, -, run-1]")
    show_line(row(3))
    assert json.loads(capsys.readouterr().out)["at"] == "2026-01-02T03:04:05+00:00"


def test_a_modem_of_another_host_is_told_from_one_that_has_said_nothing() -> None:
    check_known("867584030000017", ["867584030000017"])
    with pytest.raises(InvalidValueError, match="none yet"):
        check_known("867584030000017", [])
