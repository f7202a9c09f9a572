# SPDX-License-Identifier: GPL-3.0-or-later
"""Partitions on a real PostgreSQL: made ahead, dropped when old, filled from what came early."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2.extensions
import pytest

from modemfarmd.registry import migrate
from modemfarmd.registry.db import Database, connect
from modemfarmd.registry.history import History, Sample
from modemfarmd.registry.logs import LogBook
from modemfarmd.registry.model import Event, LogLine
from modemfarmd.registry.modems import Host, Registry
from modemfarmd.registry.retention import Keep, Retention

SERIAL = "867584030000017"
NOW = datetime.now(UTC)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def line(at: datetime) -> LogLine:
    return LogLine(SERIAL, "at", f"{at:%Y-%m-%d}", "OK", "ok", 1.0, "agent", None, at)


def ask(database: Database, statement: str, *values: object) -> list[Any]:
    with database._cursor() as cursor:
        cursor.execute(statement, values)
        return [tuple(row.values()) for row in cursor.fetchall()]


def make(database: Database, parent: str, unit: str, at: datetime) -> None:
    ask(database, "SELECT make_partition(%s, %s, %s)", parent, unit, at)


def there(database: Database, parent: str) -> list[str]:
    found = ask(
        database, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass "
        "ORDER BY 1", parent,
    )  # fmt: skip
    return [name for (name,) in found]


def rest(database: Database, parent: str) -> int:
    table = psycopg2.extensions.quote_ident(parent + "_rest", database._open())
    return int(ask(database, f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 - quoted


def day(at: datetime) -> str:
    return f"modem_logs_p{at:%Y%m%d}"


@pytest.fixture
def book(database: Database) -> LogBook:
    return LogBook(database, "lab")


def test_the_next_days_and_months_are_there_from_the_start(database: Database) -> None:
    assert there(database, "modem_logs") == [day(ago(-n)) for n in range(4)] + ["modem_logs_rest"]
    months = {f"events_p{ago(-n):%Y%m}" for n in range(4)}
    assert set(there(database, "events")) == months | {"events_rest"}
    assert Retention(database, Keep()).turn(NOW).made == ()


def test_old_days_go_and_only_they(database: Database, book: LogBook) -> None:
    for days in (32, 31, 30, 29, 1):
        make(database, "modem_logs", "day", ago(days))
    kept = [ago(0), ago(1), ago(29), ago(30)]  # of the thirtieth a part is younger than 30 days
    book.add([line(at) for at in (*kept, ago(31), ago(32))])
    turned = Retention(database, Keep()).turn(NOW)
    assert turned.dropped == (day(ago(32)), day(ago(31)))
    assert [row["command"] for row in book.newest(99)] == [f"{at:%Y-%m-%d}" for at in kept]
    assert Retention(database, Keep()).turn(NOW).dropped == ()


def test_samples_and_events_have_their_own_time(database: Database, book: LogBook) -> None:
    registry, history = Registry(database, Host("lab", 8, 3127)), History(database, "lab")
    for days in (420, 40):
        make(database, "events", "month", ago(days))
        make(database, "signal_samples", "day", ago(days))
    registry.add_events([Event("plugged", SERIAL, {}, ago(n)) for n in (420, 40, 0)])
    history.record_samples([Sample(SERIAL, ago(n)) for n in (420, 40, 8, 0)])
    dropped = Retention(database, Keep(samples=10, events=365)).turn(NOW).dropped
    samples = sorted(f"signal_samples_p{ago(n):%Y%m%d}" for n in (420, 40))
    assert dropped == (*samples, f"events_p{ago(420):%Y%m}")
    assert len(registry.events(SERIAL, 9)) == 2
    assert len(history.samples_of(SERIAL, ago(999))) == 2


def test_rows_without_a_partition_wait_and_move_when_it_is_made(
    database: Database, book: LogBook
) -> None:
    book.add([line(ago(40)), line(ago(5)), line(ago(-10)), line(NOW)])
    assert rest(database, "modem_logs") == 3
    make(database, "modem_logs", "day", ago(5))
    assert (rest(database, "modem_logs"), len(book.newest(9))) == (2, 4)
    Retention(database, Keep()).turn(NOW)
    assert [row["command"] for row in book.newest(9)] == [
        f"{at:%Y-%m-%d}" for at in (ago(-10), NOW, ago(5))
    ]


def test_neither_a_wrong_clock_nor_a_wrong_wish_drops_what_is_young(
    database: Database, book: LogBook
) -> None:
    book.add([line(NOW)])
    Registry(database, Host("lab", 8, 3127)).add_events([Event("plugged", SERIAL)])
    assert Retention(database, Keep(-5, -5, -5)).turn(ago(-4000)).dropped == ()
    assert len(book.newest(9)) == 1
    assert ask(database, "SELECT count(*) FROM events") == [(1,)]


def test_a_clock_that_is_behind_drops_less(database: Database) -> None:
    make(database, "modem_logs", "day", ago(35))
    retention = Retention(database, Keep())
    assert retention.turn(ago(10)).dropped == ()
    assert retention.turn(NOW).dropped == (day(ago(35)),)


def test_one_host_at_a_time(open_database: Callable[[], Database]) -> None:
    databases = [open_database() for _ in range(6)]
    for days in range(31, 41):
        make(databases[0], "modem_logs", "day", ago(days))
    barrier = threading.Barrier(6)
    dropped: list[str] = []
    failures: list[BaseException] = []

    def turn(database: Database) -> None:
        database.rows("schema_version")
        barrier.wait()
        try:
            dropped.extend(Retention(database, Keep()).turn(NOW).dropped)
        except BaseException as error:  # noqa: BLE001 - the thread's failure is the test's
            failures.append(error)

    threads = [threading.Thread(target=turn, args=(one,)) for one in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failures, sorted(dropped)) == ([], sorted(day(ago(n)) for n in range(31, 41)))


def test_another_that_holds_the_lock_is_not_waited_for(
    open_database: Callable[[], Database],
) -> None:
    ours, other = open_database(), open_database()
    make(ours, "modem_logs", "day", ago(35))
    ask(other, "SELECT pg_advisory_lock(%s)", migrate.ADVISORY_LOCK)
    assert Retention(ours, Keep()).turn(NOW).dropped == ()
    ask(other, "SELECT pg_advisory_unlock(%s)", migrate.ADVISORY_LOCK)
    assert Retention(ours, Keep()).turn(NOW).dropped == (day(ago(35)),)


def test_rows_and_numbers_of_the_second_schema_are_kept(
    empty_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = migrate.available()
    monkeypatch.setattr(migrate, "available", lambda: everything[:2])
    monkeypatch.setattr(migrate, "_text", lambda *_: "SELECT 1")
    migrate.run(empty_dsn)
    connection = connect(empty_dsn)
    with connection.cursor() as cursor:
        for days in (0, 1, 40, 9000, -9000, 40):
            cursor.execute(
                "INSERT INTO modem_logs (serial, at, channel, command, outcome, actor) "
                "VALUES (%s, %s, 'at', %s, 'ok', 'agent')", (SERIAL, ago(days), days),
            )  # fmt: skip
            cursor.execute(
                "INSERT INTO events (at, host, serial, kind) VALUES (%s, 'lab', %s, 'plugged')",
                (ago(days), SERIAL),
            )
        cursor.execute("DELETE FROM modem_logs WHERE id = 6")
    connection.close()
    monkeypatch.undo()
    migrate.run(empty_dsn)
    database = Database(empty_dsn)
    book = LogBook(database, "lab")
    assert {row["id"]: row["command"] for row in book.newest(99)} == {
        1: "0", 2: "1", 3: "40", 4: "9000", 5: "-9000"
    }  # fmt: skip
    assert rest(database, "modem_logs") == 2
    assert day(ago(40)) in there(database, "modem_logs")
    assert ask(database, "SELECT count(*) FROM events") == [(6,)]
    book.add([line(NOW)])
    assert book.newest(99, after=6)[0]["id"] == 7  # a reader's mark stays good
    database.close()
