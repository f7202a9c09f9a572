# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm exits`: what may be asked, and whose connections belong to which address."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from modemfarm.errors import InvalidValueError
from modemfarmd.cli.exits import Exit, check_asked, join
from modemfarmd.proxy_log import Connection
from modemfarmd.registry.exits import Asked, span

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def at(minute: float) -> datetime:
    return NOW + timedelta(minutes=minute)


def exit_(begin: float, end: float | None, slot: int | None = 1, host: str = "lab") -> Exit:
    until = None if end is None else at(end)
    row = {"host": host, "slot": slot, "address": "203.0.113.7", "since": at(begin), "until": until}
    return Exit(row)


def connection(begin: float, end: float | None, slot: int = 1, **more: Any) -> Connection:
    ended = None if end is None else at(end)
    values = {"client": "192.168.1.50", "user": None, "up": 1, "down": 10} | more
    return Connection(slot=slot, began=at(begin), ended=ended, **values)


def test_a_connection_belongs_to_the_addresses_during_which_it_was_open() -> None:
    before, meanwhile, other = exit_(0, 10), exit_(10, None), exit_(0, None, slot=2)
    away, unknown = exit_(0, None, host="second"), exit_(0, None, slot=None)
    found = [before, meanwhile, other, away, unknown]
    moved = [connection(1, 2), connection(8, 12), connection(15, 16), connection(30, 40)]
    join(found, "lab", moved, at(0), at(20))
    uses = [[(u.connections, u.down) for u in one.uses.values()] for one in found]
    assert uses == [[(2, 20)], [(2, 20)], [], [], []]
    use = before.as_dict()["clients"][0]
    assert (use["first"], use["last"]) == (at(1), at(12))


def test_one_moment() -> None:
    one = exit_(0, None)
    join([one], "lab", [connection(1, 9), connection(6, 9), connection(5, None)], at(5), at(5))
    assert [use.connections for use in one.uses.values()] == [2]


def test_clients_and_users_are_apart_and_the_largest_is_first() -> None:
    one = exit_(0, None)
    moved = [
        connection(1, 2, user="bob"), connection(1, 2, user="alice", down=99),
        connection(1, 2, client="192.168.1.51"), connection(3, 4, user="bob"),
    ]  # fmt: skip
    join([one], "lab", moved, at(0), at(9))
    clients = [(use["client"], use["user"], use["connections"]) for use in one.as_dict()["clients"]]
    assert clients == [
        ("192.168.1.50", "alice", 1), ("192.168.1.50", "bob", 2), ("192.168.1.51", None, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ((None, None, None, None), "--address"), (("203.0.113", None, None, None), "--address"),
        (("::1", None, None, None), "--address"), ((None, "lan", None, None), "--client"),
        ((None, None, "Alice\n", None), "--user"), ((None, None, None, "12"), "serial"),
    ],
)  # fmt: skip
def test_what_nobody_can_have_is_refused(asked: tuple[Any, ...], field: str) -> None:
    with pytest.raises(InvalidValueError, match=f"^{field} is "):
        check_asked(*asked)


def test_the_time_that_is_asked_for() -> None:
    moment = "2026-01-31T11:00:00+01:00"
    assert span(moment, None, None, NOW) == (at(-120), at(-120))
    assert span(None, None, None, NOW) == (at(-24 * 60), NOW)
    assert span(None, moment, None, NOW) == (at(-120), NOW)
    assert span(None, None, moment, NOW) == (at(-120 - 24 * 60), at(-120))


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (("yesterday", None, None), "--at"), (("2026-01-31T11:00:00", None, None), "--at"),
        ((None, "2h", None), "--since"), ((None, None, ""), "--until"),
        (("2026-01-31T11:00:00Z", "2026-01-31T11:00:00Z", None), "--since"),
        (("2026-01-31T11:00:00Z", None, "2026-01-31T11:00:00Z"), "--until"),
    ],
)  # fmt: skip
def test_a_time_that_is_none_is_refused(asked: tuple[Any, ...], field: str) -> None:
    with pytest.raises(InvalidValueError, match=f"^{field} is "):
        span(*asked, NOW, "--")


def test_an_end_before_the_beginning_is_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"^until is "):
        Asked(NOW, at(-1))
