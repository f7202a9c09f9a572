# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry on a real PostgreSQL: migrations, slots under a race, notifications."""

import select
import threading
import time
from collections.abc import Callable

import psycopg2
import pytest

from modemfarm.errors import InvalidValueError
from modemfarmd.errors import DatabaseGoneError, SchemaError, SlotsExhaustedError
from modemfarmd.registry import migrate
from modemfarmd.registry.db import Database, connect
from modemfarmd.registry.model import Event, Observation, Outcome
from modemfarmd.registry.modems import Host, Registry

ALL = [migration.name for migration in migrate.available()]


def serial(number: int) -> str:
    return f"86758403{number:07d}"


@pytest.fixture
def open_registry(dsn: str) -> Callable[..., Registry]:
    opened: list[Database] = []

    def make(slots: int = 32, host: str = "lab") -> Registry:
        database = Database(dsn)
        opened.append(database)
        return Registry(database, Host(host, slots, 3127))

    yield make
    for database in opened:
        database.close()


def test_migrating_twice_does_nothing_the_second_time(empty_dsn: str) -> None:
    assert migrate.run(empty_dsn) == ALL
    assert migrate.run(empty_dsn) == []


def test_two_migrations_at_once_apply_each_file_once(empty_dsn: str) -> None:
    applied: list[str] = []
    threads = [
        threading.Thread(target=lambda: applied.extend(migrate.run(empty_dsn))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == ALL


def test_a_newer_schema_is_refused(dsn: str) -> None:
    connection = connect(dsn)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO schema_migrations VALUES (99, 'future')")
    with pytest.raises(SchemaError, match="newer"):
        migrate.migrate(connection)
    connection.close()


def test_thirty_parallel_inserts_get_thirty_slots(open_registry: Callable[..., Registry]) -> None:
    barrier = threading.Barrier(30)
    registries = [open_registry() for _ in range(30)]
    places = {}
    failures: list[BaseException] = []

    def insert(number: int) -> None:
        registry = registries[number]
        registry.modems()  # the connection is open before the race
        barrier.wait()
        try:
            places[number] = registry.upsert(Observation(serial(number), present=True))
        except BaseException as error:  # noqa: BLE001 - the thread's failure is the test's
            failures.append(error)

    threads = [threading.Thread(target=insert, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(place.slot for place in places.values()) == list(range(1, 31))
    assert len({place.proxy_port for place in places.values()}) == 30


def test_a_modem_keeps_its_slot_and_a_freed_one_is_given_again(
    open_registry: Callable[..., Registry],
) -> None:
    registry = open_registry()
    for number in (1, 2, 3):
        assert registry.upsert(Observation(serial(number))).slot == number
    assert registry.upsert(Observation(serial(2), present=True, usb_path="1-2")).slot == 2
    assert registry.forget(serial(1)) == 1
    assert registry.forget(serial(1)) is None
    assert registry.upsert(Observation(serial(4))).slot == 1


def test_busy_slots_are_skipped_and_too_few_are_an_error(
    open_registry: Callable[..., Registry],
) -> None:
    registry = open_registry(slots=3)
    assert registry.upsert(Observation(serial(1)), busy={1, 2}).slot == 3
    with pytest.raises(SlotsExhaustedError, match=r"all 3 are taken, 2 of them"):
        registry.upsert(Observation(serial(2)), busy={1, 2})
    assert registry.upsert(Observation(serial(1), present=True), busy={1, 2}).slot == 3
    assert [row["present"] for row in registry.modems()] == [True]


def test_a_modem_that_comes_from_another_host_gets_a_slot_here(
    open_registry: Callable[..., Registry],
) -> None:
    here, there = open_registry(host="here"), open_registry(host="there")
    there.upsert(Observation(serial(1)))
    there.upsert(Observation(serial(2)))
    assert here.upsert(Observation(serial(2))).slot == 1
    assert [row["serial"] for row in there.modems()] == [serial(1)]


def test_changes_notify_with_the_serial_only(
    dsn: str, open_registry: Callable[..., Registry]
) -> None:
    listener = connect(dsn)
    with listener.cursor() as cursor:
        cursor.execute('LISTEN "modem_change"')
    registry = open_registry()
    registry.upsert(Observation(serial(1)))
    registry.record([Outcome(serial(1), "online", "serving", wan_address="10.64.1.2")])
    registry.forget(serial(1))
    heard: list[str] = []
    while len(heard) < 3:
        assert select.select([listener], [], [], 5)[0]
        listener.poll()
        heard += [notify.payload for notify in listener.notifies]
        listener.notifies.clear()
    listener.close()
    assert heard == [serial(1)] * 3


def test_outcome_and_radio_land_in_the_row(open_registry: Callable[..., Registry]) -> None:
    registry = open_registry()
    registry.upsert(Observation(serial(1), present=True, usb_path="1-1.4", iccid="8" * 19))
    registry.record(
        [Outcome(serial(1), "online", "serving", interface="wwan0", wan_address="10.64.1.2")]
    )
    registry.record_radio(
        [
            {
                "serial": serial(1),
                "signal": -71,
                "operator": "Hostile\x00\x1b[31m{{ 1 }}\ud800",
                "registration": "home",
            }
        ]
    )
    row = registry.modems()[0]
    assert (row["status"], row["wan_address"], row["interface"]) == ("online", "10.64.1.2", "wwan0")
    assert (row["signal"], row["operator"]) == (-71, "Hostile\\x00\x1b[31m{{ 1 }}\\ud800")
    registry.upsert(Observation(serial(1), usb_path="1-1.4"))
    row = registry.modems()[0]
    assert (row["status"], row["wan_address"], row["usb_path"]) == ("offline", None, "1-1.4")


def test_events_come_back_newest_first(open_registry: Callable[..., Registry]) -> None:
    registry = open_registry()
    registry.add_events([Event("plugged", serial(1)), Event("moved", serial(1), {"a": "\x00"})])
    assert [row["kind"] for row in registry.events(serial(1), 10)] == ["moved", "plugged"]
    assert registry.events(None, 1)[0]["detail"] == {"a": "\\x00"}


def test_serials_that_are_none_are_refused_by_the_table(
    open_registry: Callable[..., Registry],
) -> None:
    registry = open_registry()
    for bad in ("86758403000001", "8675840300000171", "86758403000001x", "٨٦٧٥٨٤٠٣٠٠٠٠٠١٧"):
        with pytest.raises((psycopg2.errors.CheckViolation, InvalidValueError)):
            registry.upsert(Observation(bad))


def test_a_transaction_is_all_or_nothing(open_registry: Callable[..., Registry]) -> None:
    registry = open_registry()
    with pytest.raises(psycopg2.errors.CheckViolation):
        registry.add_events([Event("plugged", serial(1)), Event("NOT A KIND", serial(1))])
    assert registry.events(None, 10) == []


def test_a_lost_server_is_said_and_found_again(server, dsn: str) -> None:
    registry = Registry(Database(dsn), Host("lab", 4, 3127))
    registry.upsert(Observation(serial(1)))
    server.stop()
    try:
        with pytest.raises(DatabaseGoneError):
            registry.modems()
    finally:
        server.start()
    assert [row["slot"] for row in registry.modems()] == [1]
    registry.database.close()


def test_a_batch_in_one_transaction_survives_a_rival(
    open_registry: Callable[..., Registry],
) -> None:
    ours, rival, watcher = open_registry(), open_registry(), open_registry()
    slots: list[int] = []

    def batch() -> None:
        with ours.database.transaction():
            slots.extend(ours.upsert(Observation(serial(number))).slot for number in (1, 2, 3))

    thread = threading.Thread(target=batch)
    with rival.database.transaction():
        assert rival.upsert(Observation(serial(9))).slot == 1
        thread.start()  # chooses slot 1 as well, and waits for the rival's end
        deadline = time.monotonic() + 10
        waiting: list[object] = []
        while not waiting:
            assert time.monotonic() < deadline
            with watcher.database._cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
                waiting = cursor.fetchall()
    thread.join(10)
    assert slots == [2, 3, 4]
    assert [row["slot"] for row in watcher.modems()] == [1, 2, 3, 4]
