# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what has changed and gives it to the hub."""

from __future__ import annotations

from collections.abc import Callable, Collection

from ...registry.browse import Browser
from ...registry.db import Database, Row
from ...registry.live import LiveReader
from .change import EVENTS, LOGS, MODEMS, OPERATIONS, Change
from .cursor import Cursor
from .hub import KEPT, Hub

MOST_MODEMS = 10_000  # ten times the largest farm that shares a database
AT_ONCE = 500  # rows of events or logs of one read


class Reader:
    """Over one Database, in one thread. All methods raise DatabaseGoneError when it is away."""

    def __init__(self, database: Database, hub: Hub, clock: Callable[[], float]) -> None:
        self._database = database
        self._live = LiveReader(database)
        self._hub = hub
        self._clock = clock
        self._cursors: dict[str, Cursor] = {}

    def resync(self) -> None:
        """Everything, as after a loss: what is as it was told is not told again."""
        marks = self._live.marks()
        for topic in (EVENTS, LOGS):
            cursor = self._cursors.get(topic)
            if cursor is None or cursor.after > marks[topic]:  # the first time, or a restore
                self._cursors[topic] = Cursor(max(0, marks[topic] - KEPT))
            self.numbered(topic)
        self._modems(Browser(self._database).modems(MOST_MODEMS), None)
        self._operations(self._live.operations(KEPT))

    def modems(self, serials: Collection[str]) -> None:
        """The rows of these, and of those among them that are gone."""
        self._modems(Browser(self._database, serials).modems(len(serials)), serials)

    def operations(self, ids: Collection[str]) -> None:
        """The rows of these."""
        self._operations(self._live.operations(len(ids), ids))

    def numbered(self, topic: str) -> None:
        """Events or logs that are new."""
        read = self._live.events if topic == EVENTS else self._live.logs
        cursor = self._cursors[topic]
        while True:
            now = self._clock()
            missed = cursor.missed(now)
            rows = read(cursor.after, missed, AT_ONCE + len(missed))
            cursor.took([row["id"] for row in rows], now)
            self._hub.publish([_numbered(topic, row) for row in rows])
            if len(rows) < AT_ONCE:
                return

    def _modems(self, rows: list[Row], asked: Collection[str] | None) -> None:
        known = self._hub.known(MODEMS)
        there = {row["serial"]: row for row in rows}
        gone = (set(known) if asked is None else set(asked) & set(known)) - set(there)
        changes = [Change(MODEMS, key, key, row) for key, row in there.items()
                   if known.get(key) != row]  # fmt: skip
        self._hub.publish(changes + [Change(MODEMS, key, key, None) for key in sorted(gone)])

    def _operations(self, rows: list[Row]) -> None:
        known = self._hub.known(OPERATIONS)
        self._hub.publish(
            [
                Change(OPERATIONS, row["id"], row["serial"], row, actor=row["actor"])
                for row in reversed(rows)
                if known.get(row["id"]) != row
            ]
        )


def _numbered(topic: str, row: Row) -> Change:
    return Change(topic, str(row["id"]), row["serial"], row, kind=row.get("kind"))
