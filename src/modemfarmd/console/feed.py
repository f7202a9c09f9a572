# SPDX-License-Identifier: GPL-3.0-or-later
"""One reader of the registry for all pages: woken by the database, and by itself each few seconds.

A notification is a hint that may be lost; whatever wakes it, all rows are read and what differs
is passed on. When the database is away it says so, with the time of the last good reading.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg2

from modemfarm.errors import FarmError

from ..agent.events import Listener
from ..api.parts import Parts
from ..registry.browse import Browser
from ..registry.db import Database, Row
from ..registry.hosts import HostBook
from .rows import changes, table_row, traffic_fields
from .signal_day import SignalDay
from .traffic import Traffic

log = logging.getLogger("modemfarm.console")

EVERY_S = 5.0  # also how late a lost notification, a stale row or a database that went are seen
GATHER_S = 0.05  # what changes together is passed on together
CURVES_S = 60.0
MOST = 2000  # rows; the largest farm has some hundred


@dataclass(frozen=True)
class News:
    """What differs from the reading before. `read_at`: of the newest good reading; `problem`:
    why there is none since then, else empty. Hosts are rows of the registry's.
    """

    read_at: datetime | None
    problem: str
    changed: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    hosts: tuple[Row, ...] = ()


class Feed(threading.Thread):
    """Calls `deliver` in its own thread after each reading. Runs until `stop` is set."""

    def __init__(
        self,
        parts: Parts,
        deliver: Callable[[News], None],
        stop: threading.Event,
        clock: Callable[[], float],
        traffic: Traffic | None = None,
    ) -> None:
        super().__init__(name="console-feed", daemon=True)
        self._parts = parts
        self._deliver = deliver
        self._stop_event = stop
        self._clock = clock
        self._traffic = traffic or Traffic(clock)
        self._wake = threading.Event()
        self._database = Database(parts.farm.database, "modemfarm-console")
        self._days = SignalDay()
        self._curves_due = self._traffic_due = 0.0
        self._rows: dict[str, dict[str, Any]] = {}
        self._hosts: tuple[Row, ...] = ()
        self._read_at: datetime | None = None

    def wake(self, *_: object) -> None:
        """Something may have changed."""
        self._wake.set()

    def run(self) -> None:
        """Read and tell until stopped."""
        listener = Listener(self._parts.farm.database, self.wake, self.wake, self._stop_event)
        listener.start()
        while not self._stop_event.is_set():
            self._deliver(self.turn())
            if self._wake.wait(EVERY_S):
                self._stop_event.wait(GATHER_S)
            self._wake.clear()
        self._database.close()

    def turn(self) -> News:
        """One reading."""
        try:
            fresh = self._read()
        except (FarmError, psycopg2.Error) as error:
            log.warning("the console's pages show no news: %s", error)
            return News(self._read_at, "the database does not answer", hosts=self._hosts)
        differing = {
            serial: found
            for serial, row in fresh.items()
            if (found := changes(self._rows.get(serial), row))
        }
        gone = frozenset(self._rows.keys() - fresh.keys())
        self._rows = fresh
        return News(self._read_at, "", differing, gone, self._hosts)

    def _read(self) -> dict[str, dict[str, Any]]:
        now = self._parts.now()
        farm = self._parts.farm
        rows = Browser(self._database).modems(MOST)
        self._hosts = tuple(HostBook(self._database, farm.host).all())
        self._read_curves(now)
        seen = {host["name"]: host["last_seen"] for host in self._hosts}
        counts = self._count(rows)
        self._read_at = now
        return {
            row["serial"]: {
                **table_row(
                    row, seen.get(row["host"]),
                    str(farm.lan_address) if row["host"] == farm.host else row["host"], now,
                ),
                **counts[row["serial"]],
                "curve": self._days.of(row["serial"]),
            }
            for row in rows
        }  # fmt: skip

    def _read_curves(self, now: datetime) -> None:
        if self._clock() >= self._curves_due:
            self._days.read(self._database, now)
            self._curves_due = self._clock() + CURVES_S

    def _count(self, rows: list[Row]) -> dict[str, dict[str, Any]]:
        """Counters are looked at every EVERY_S only: rates over less would jump."""
        if self._clock() < self._traffic_due:
            names = traffic_fields(None)
            old = {serial: {n: row[n] for n in names} for serial, row in self._rows.items()}
            return {row["serial"]: old.get(row["serial"], names) for row in rows}
        self._traffic_due = self._clock() + EVERY_S - 0.5
        here = self._parts.farm.host
        return {
            row["serial"]: traffic_fields(
                self._traffic.look(row["interface"])
                if row["present"] and row["host"] == here
                else None
            )
            for row in rows
        }
