# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds which modem of one host, until when; ended holds are kept as history."""

from __future__ import annotations

from datetime import UTC, datetime

from modemfarm.hold import Hold

from .db import Database, Row


class HoldBook:
    """holds over one Database. All methods raise DatabaseGoneError when it is away."""

    def __init__(self, database: Database, host: str) -> None:
        self._database = database
        self._host = host

    def place(self, serial: str, hold: Hold) -> None:
        """The modem's open hold from now on. Said twice (nobody saw the first) it counts once."""
        values = {"until": hold.until, "by": hold.by, "reason": hold.reason}
        self._database.rows("place_hold", {"host": self._host, "serial": serial} | values)

    def release(self, serial: str, by: str) -> bool:
        """End the modem's hold before its time; False when there was none."""
        values = {"host": self._host, "serial": serial, "by": by}
        return bool(self._database.rows("release_hold", values))

    def active(self, now: datetime) -> dict[str, Hold]:
        """Serial -> hold, of those that neither a person nor time has ended."""
        rows = self._database.rows("active_holds", {"host": self._host, "now": now})
        return {
            row["serial"]: Hold(row["until"].astimezone(UTC), row["placed_by"], row["reason"])
            for row in rows
        }

    def history(self, serial: str | None, limit: int) -> list[Row]:
        """The newest holds (of one modem when serial is given), newest first."""
        values = {"host": self._host, "serial": serial, "limit": limit}
        return self._database.rows("list_holds", values)
