# SPDX-License-Identifier: GPL-3.0-or-later
"""What has changed since one looked: reads for who watches the registry."""

from __future__ import annotations

from collections.abc import Collection

from .db import Database, Row


class LiveReader:
    """Over one Database. All methods raise DatabaseGoneError when it is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def marks(self) -> dict[str, int]:
        """The newest id of `events` and of `logs`."""
        return {name: int(value) for name, value in self._database.rows("live_marks")[0].items()}

    def events(self, after: int, missed: Collection[int], limit: int) -> list[Row]:
        """By id: those after it, and of those that were missed the ones that are there now."""
        return self._numbered("live_events", after, missed, limit)

    def logs(self, after: int, missed: Collection[int], limit: int) -> list[Row]:
        """As events."""
        return self._numbered("live_logs", after, missed, limit)

    def operations(self, limit: int, ids: Collection[str] | None = None) -> list[Row]:
        """Newest first; all without ids."""
        values = {"ids": None if ids is None else list(ids), "limit": limit}
        return self._database.rows("live_operations", values)

    def _numbered(self, name: str, after: int, missed: Collection[int], limit: int) -> list[Row]:
        values = {"after": after, "missed": list(missed), "limit": limit}
        return self._database.rows(name, values)
