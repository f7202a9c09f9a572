# SPDX-License-Identifier: GPL-3.0-or-later
"""Tickets: each opens one WebSocket, once, within seconds."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from .db import Database, Row


class TicketBook:
    """tickets over one Database. All methods raise DatabaseGoneError when it is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        hash_: bytes,
        session: str | None,
        program: str | None,
        until: datetime,
        expires: datetime,
        now: datetime,
    ) -> None:
        """A ticket of a log-in or of an API token. Those that ran out are removed."""
        values = {"hash": hash_, "session": session, "program": program, "until": until,
                  "expires": expires, "now": now}  # fmt: skip
        self._database.rows("add_ticket", values)

    def use(self, hash_: bytes) -> Row | None:
        """{session, program, until, expires_at}, and it is gone; None when there is no such."""
        rows = self._database.rows("use_ticket", {"hash": hash_})
        return rows[0] if rows else None

    def doors(
        self, sessions: Collection[str], programs: Collection[str], now: datetime
    ) -> dict[str, Row]:
        """{id, role, modems} by id of those log-ins and API tokens that count now."""
        values = {"sessions": list(sessions), "programs": list(programs), "now": now}
        return {row["id"]: row for row in self._database.rows("open_doors", values)}
