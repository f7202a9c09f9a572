# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scrape asks of the registry."""

from __future__ import annotations

from .db import Database, Row


class MeasureReader:
    """Over one Database. All methods raise DatabaseGoneError when it is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def modems(self) -> list[Row]:
        """Each modem of all hosts with its last sample; times as datetime, powers in dBm and dB."""
        return self._database.rows("metrics_modems")

    def running(self, host: str) -> int:
        """Operations of a host's API that have not ended."""
        return int(self._database.rows("metrics_operations", {"host": host})[0]["running"])
