# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds on a real PostgreSQL: placed, replaced, released, ended by time, and of this host only."""

from datetime import UTC, datetime, timedelta

import pytest

from modemfarm.hold import Hold
from modemfarmd.registry.db import Database
from modemfarmd.registry.holds import HoldBook

ONE, TWO = "867584030000017", "867584030000025"
NOW = datetime.now(UTC)


def hold(hours: float, by: str = "alice", reason: str = "new antenna") -> Hold:
    return Hold(NOW + timedelta(hours=hours), by, reason)


@pytest.fixture
def book(database: Database) -> HoldBook:
    return HoldBook(database, "lab")


def test_a_hold_comes_back_as_it_was(book: HoldBook) -> None:
    book.place(ONE, hold(1, "Zoë", "it's {{ 1 }}; DROP TABLE holds"))
    book.place(TWO, hold(2))
    assert book.active(NOW) == {
        ONE: hold(1, "Zoë", "it's {{ 1 }}; DROP TABLE holds"), TWO: hold(2)
    }  # fmt: skip
    assert book.active(NOW)[ONE].until.tzinfo is UTC


def test_it_ends_by_itself(book: HoldBook) -> None:
    book.place(ONE, hold(1))
    assert book.active(NOW + timedelta(minutes=59)) != {}
    assert book.active(NOW + timedelta(hours=1)) == {}


def test_a_second_hold_takes_the_place_of_the_first(book: HoldBook) -> None:
    book.place(ONE, hold(1))
    book.place(ONE, hold(2, "bob"))
    assert book.active(NOW) == {ONE: hold(2, "bob")}
    newest, oldest = book.history(ONE, 10)
    assert (newest["placed_by"], newest["released_at"]) == ("bob", None)
    assert (oldest["placed_by"], oldest["released_by"]) == ("alice", None)
    assert oldest["released_at"] is not None


def test_the_same_hold_again_adds_nothing(book: HoldBook) -> None:
    for _ in range(3):
        book.place(ONE, hold(1))
    assert len(book.history(None, 10)) == 1


def test_released_once_and_by_whom(book: HoldBook) -> None:
    book.place(ONE, hold(1))
    assert book.release(ONE, "bob")
    assert not book.release(ONE, "carol")
    assert book.active(NOW) == {}
    assert book.history(ONE, 1)[0]["released_by"] == "bob"


def test_one_that_time_has_ended_is_released_by_nobody(book: HoldBook) -> None:
    book.place(ONE, hold(-1))
    assert not book.release(ONE, "bob")
    book.place(ONE, hold(1))
    ended = book.history(ONE, 10)[1]
    assert (ended["released_at"], ended["released_by"]) == (hold(-1).until, None)


def test_another_hosts_holds_are_not_touched(database: Database, book: HoldBook) -> None:
    other = HoldBook(database, "elsewhere")
    other.place(ONE, hold(1))
    book.place(ONE, hold(2, "bob"))
    assert book.release(ONE, "bob")
    assert (book.active(NOW), other.active(NOW)) == ({}, {ONE: hold(1)})
