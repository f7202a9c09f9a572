# SPDX-License-Identifier: GPL-3.0-or-later
"""Repairs on a real PostgreSQL: what is written comes back, once, also what a modem made up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg2.errors
import pytest

from modemfarmd.registry.db import Database
from modemfarmd.registry.repairs import Repair, RepairBook

NOW = datetime(2026, 1, 31, 12, 0, 0, 123456, UTC)
FIRST = Repair(
    "867584030000017", "reconnect", "data dead", NOW, NOW + timedelta(seconds=4), "helped",
    {"targets": [False, False], "registration": "home"}, {"address": "10.64.1.2"},
)  # fmt: skip


@pytest.fixture
def book(database: Database) -> RepairBook:
    return RepairBook(database, "lab")


def test_repairs_come_back_as_they_were_oldest_first(book: RepairBook) -> None:
    second = replace(FIRST, step="hub-power", began=NOW + timedelta(seconds=5),
                     ended=NOW + timedelta(seconds=9), after={})  # fmt: skip
    book.record([second, FIRST])
    assert book.recent(NOW) == [FIRST, second]
    assert book.recent(NOW + timedelta(seconds=1)) == [second]


def test_a_batch_that_comes_again_adds_nothing(book: RepairBook) -> None:
    book.record([FIRST])
    book.record([FIRST, replace(FIRST, step="radio")])
    assert [repair.step for repair in book.recent(NOW)] == ["reconnect", "radio"]


def test_what_postgresql_refuses_in_text_is_spelled_out(book: RepairBook) -> None:
    book.record([replace(FIRST, cause="\x00\ud800", evidence={"a\x00": ["\ud800", {"b": "\x00"}]})])
    (found,) = book.recent(NOW)
    assert found.cause == "\\x00\\ud800"
    assert found.evidence == {"a\\x00": ["\\ud800", {"b": "\\x00"}]}


def test_a_repair_that_makes_no_sense_is_refused_with_its_batch(book: RepairBook) -> None:
    with pytest.raises(psycopg2.errors.CheckViolation):
        book.record([FIRST, replace(FIRST, step="radio", ended=NOW - timedelta(seconds=1))])
    assert book.recent(NOW) == []


def test_other_hosts_repairs_do_not_count(database: Database, book: RepairBook) -> None:
    RepairBook(database, "elsewhere").record([FIRST])
    assert book.recent(NOW) == []
