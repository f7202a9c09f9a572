# SPDX-License-Identifier: GPL-3.0-or-later
"""Who had which address when, and volumes, on a real PostgreSQL."""

import select
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from modemfarmd.registry import migrate
from modemfarmd.registry.db import Database
from modemfarmd.registry.exits import Asked, find_exits
from modemfarmd.registry.history import BearerSpan, History
from modemfarmd.registry.model import Observation
from modemfarmd.registry.modems import Host, Registry
from modemfarmd.registry.retention import Keep, Retention
from modemfarmd.registry.volumes import Volume, VolumeBook

ONE, TWO = "867584030000017", "867584030000025"
START = datetime(2026, 1, 31, 12, tzinfo=UTC)
SEVEN, EIGHT = "203.0.113.7", "203.0.113.8"


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


@pytest.fixture
def registry(database: Database) -> Registry:
    """ONE had SEVEN from 0 to 10 and EIGHT from 10 on; TWO has SEVEN from 20 to 30."""
    registry = Registry(database, Host("lab", 8, 3127))
    for serial in (ONE, TWO):
        registry.upsert(Observation(serial, present=True))
    spans = [
        (ONE, SEVEN, 0), (ONE, EIGHT, 10), (TWO, SEVEN, 20), (TWO, None, 30),
    ]  # fmt: skip
    History(database, "lab").bearers(
        [BearerSpan(serial, "wwan0", address, at(minute)) for serial, address, minute in spans]
    )
    return registry


def found(registry: Registry, since: float, until: float, **more: Any) -> list[tuple[Any, ...]]:
    rows = find_exits(registry.database, Asked(at(since), at(until), **more), 100)
    return [(row["serial"], row["slot"], row["proxy_port"], row["address"]) for row in rows]


def test_a_moment_names_the_modem_that_had_the_address_then(registry: Registry) -> None:
    assert found(registry, 5, 5, address=SEVEN) == [(ONE, 1, 3128, SEVEN)]
    assert found(registry, 15, 15, address=SEVEN) == []
    assert found(registry, 25, 25, address=SEVEN) == [(TWO, 2, 3129, SEVEN)]
    assert found(registry, 9999, 9999) == [(ONE, 1, 3128, EIGHT)]
    assert found(registry, -1, -1) == []


def test_a_time_names_all_of_them(registry: Registry) -> None:
    both = [(ONE, 1, 3128, SEVEN), (TWO, 2, 3129, SEVEN)]
    assert found(registry, 0, 60, address=SEVEN) == both
    assert found(registry, 0, 60, serial=ONE) == [(ONE, 1, 3128, SEVEN), (ONE, 1, 3128, EIGHT)]
    assert found(registry, 0, 60, host="second") == []


def test_the_slot_of_then_outlives_the_modem(registry: Registry) -> None:
    registry.forget(ONE)
    registry.upsert(Observation("867584030000033", present=True))  # gets slot 1
    assert found(registry, 5, 5, address=SEVEN) == [(ONE, 1, 3128, SEVEN)]


def test_a_modem_that_nobody_registered_has_a_span_without_a_slot(registry: Registry) -> None:
    other = "867584030000041"
    History(registry.database, "lab").bearers([BearerSpan(other, "wwan3", "203.0.113.9", at(0))])
    assert found(registry, 1, 1, serial=other) == [(other, None, None, "203.0.113.9")]


def test_only_those_that_may_be_seen_and_in_pages(registry: Registry) -> None:
    asked = Asked(at(0), at(60))
    rows = find_exits(registry.database, asked, 100)
    assert [row["serial"] for row in rows] == [ONE, ONE, TWO]
    assert find_exits(registry.database, asked, 100, [TWO]) == rows[2:]
    assert find_exits(registry.database, asked, 100, []) == []
    after = rows[0]["since"], rows[0]["id"]
    assert find_exits(registry.database, asked, 1, None, after) == rows[1:2]


def test_spans_from_before_get_the_slot_that_the_modem_has(
    empty_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = migrate.available()
    monkeypatch.setattr(migrate, "available", lambda: files[:9])
    migrate.run(empty_dsn)
    database = Database(empty_dsn)
    Registry(database, Host("lab", 8, 3127)).upsert(Observation(ONE, present=True))
    database._run(
        "INSERT INTO bearers (host, serial, interface, address, since) VALUES"  # noqa: S608
        f" ('lab', '{ONE}', 'wwan0', '{SEVEN}', '{START.isoformat()}')"
    )
    monkeypatch.setattr(migrate, "available", lambda: files)
    migrate.run(empty_dsn)
    (row,) = find_exits(database, Asked(at(1), at(1)), 9)
    assert (row["slot"], row["proxy_port"]) == (1, 3128)
    database.close()


def test_volumes_never_get_smaller(database: Database) -> None:
    book, day = VolumeBook(database, "lab"), date(2026, 1, 31)
    book.record([Volume(ONE, day, 100, 10), Volume(TWO, day, 2**40, 0)])
    book.record([Volume(ONE, day, 50, 20)])
    book.record([])
    assert book.since(day) == [Volume(ONE, day, 100, 20), Volume(TWO, day, 2**40, 0)]
    assert book.since(day + timedelta(days=1)) == []
    assert VolumeBook(database, "second").since(day) == []


def test_old_volumes_and_addresses_go(database: Database) -> None:
    now = datetime.now(UTC)
    book = VolumeBook(database, "lab")
    days = [now.date() - timedelta(days=age) for age in (0, 29, 31)]
    book.record([Volume(ONE, day, 1, 1) for day in days])
    ago = [now - timedelta(days=age) for age in (60, 31, 29)]
    History(database, "lab").bearers(
        [BearerSpan(ONE, "wwan0", f"203.0.113.{n}", moment) for n, moment in enumerate(ago)]
    )
    Retention(database, Keep(events=30)).turn(now)
    assert [volume.day for volume in book.since(days[2])] == [days[1], days[0]]
    rows = find_exits(database, Asked(ago[0], now), 9)
    assert [row["address"] for row in rows] == ["203.0.113.1", "203.0.113.2"]


@pytest.mark.parametrize("state", ["soft", "hard", None])
def test_the_quota_is_in_the_row_and_told_when_it_changes(
    registry: Registry, state: str | None, dsn: str
) -> None:
    registry.set_quotas([(ONE, "soft")])
    listener = Database(dsn)
    listener._run("LISTEN modem_change")
    connection = listener._open()
    registry.set_quotas([(ONE, state), (TWO, None), ("867584030000099", "hard")])
    registry.database._run("SELECT pg_notify('modem_change', 'end')")
    while not any(note.payload == "end" for note in connection.notifies):
        assert select.select([connection], [], [], 10)[0]
        connection.poll()
    told = [note.payload for note in connection.notifies]
    listener.close()
    assert [row["quota"] for row in registry.modems()] == [state, None]
    assert told == (["end"] if state == "soft" else [ONE, "end"])
