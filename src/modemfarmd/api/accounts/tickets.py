# SPDX-License-Identifier: GPL-3.0-or-later
"""Tickets for WebSockets: a browser can send no header there, and an URL ends up in logs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ...registry.db import Database
from ...registry.tickets import TicketBook
from .principal import Principal
from .secrets import hash_of, is_ticket, new_ticket
from .tokens import BadTokenError

if TYPE_CHECKING:
    from ..parts import Parts

LIFE = timedelta(seconds=30)  # from the answer to the connection; the slowest page takes seconds
PREFIX = "ticket."  # of the subprotocol that carries it


class Tickets:
    """Over the parts of an app. DatabaseGoneError from all methods."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def issue(self, who: Principal) -> tuple[str, datetime]:
        """A ticket of the caller's, and when it runs out."""
        ticket, now = new_ticket(), self._parts.now()
        expires = min(now + LIFE, who.expires)
        with self._parts.pool.database() as database:
            TicketBook(database).add(
                hash_of(ticket), who.session, who.program, who.expires, expires, now
            )
        return ticket, expires

    def use(self, ticket: str) -> Principal:
        """Whose it was; it does not count again. BadTokenError."""
        if not is_ticket(ticket):
            raise _bad()
        with self._parts.pool.database() as database:
            return self._used(database, ticket)

    def _used(self, database: Database, ticket: str) -> Principal:
        row = TicketBook(database).use(hash_of(ticket))
        if row is None or row["expires_at"] <= self._parts.now():
            raise _bad()
        return self._parts.doorkeeper.holder(database, row["session"], row["program"], row["until"])


def _bad() -> BadTokenError:
    return BadTokenError(
        "the ticket is unknown, was used, or has run out",
        f"ask POST /api/auth/ticket for one and send it within {LIFE.total_seconds():g} s",
    )
