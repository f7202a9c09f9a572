# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes by modem and day. The agent's own file is what quotas go by; this is what stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date

from .db import Database


@dataclass(frozen=True)
class Volume:
    """What one modem has moved on one day, in bytes."""

    serial: str
    day: date
    down: int
    up: int


class VolumeBook:
    """Of one host. Raises DatabaseGoneError when the database is away."""

    def __init__(self, database: Database, host: str) -> None:
        self._database = database
        self._host = host

    def record(self, volumes: Sequence[Volume]) -> None:
        """Write the newest numbers of days, all or none. A number never gets smaller."""
        rows = [(self._host, *astuple(volume)) for volume in volumes]
        self._database.insert_many("add_volume", rows)

    def since(self, day: date) -> list[Volume]:
        """All from that day on."""
        rows = self._database.rows("list_volumes", {"host": self._host, "since": day})
        return [Volume(**row) for row in rows]
