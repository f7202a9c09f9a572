# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts that share the database. Each agent says that it is there, and nothing of others."""

from __future__ import annotations

from .db import Database, Row


class HostBook:
    """hosts over one Database. All methods raise DatabaseGoneError when it is away."""

    def __init__(self, database: Database, host: str) -> None:
        self._database = database
        self._host = host

    def seen(self, agent_version: str) -> None:
        """This host's agent is there, now."""
        self._database.rows("see_host", {"host": self._host, "version": agent_version})

    def all(self) -> list[Row]:
        """All hosts by name: name, agent_version, first_seen, last_seen, modems (how many)."""
        return self._database.rows("list_hosts")
