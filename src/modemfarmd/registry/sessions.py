# SPDX-License-Identifier: GPL-3.0-or-later
"""Log-ins and their refresh tokens. A token counts once; one that comes twice ends its log-in."""

from __future__ import annotations

from datetime import datetime

from .db import Database, Row


class SessionBook:
    """sessions and refresh_tokens over one Database. DatabaseGoneError when it is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, session: str, user: int, address: str, expires: datetime) -> None:
        """A new log-in."""
        values = {"id": session, "user": user, "address": address, "expires": expires}
        self._database.rows("begin_session", values)

    def state(self, session: str, now: datetime) -> Row | None:
        """{user_id, name, role, modems, expires_at} of a log-in that has not ended, now."""
        rows = self._database.rows("session_state", {"id": session, "now": now})
        return rows[0] if rows else None

    def end(self, session: str, why: str) -> bool:
        """False when it had ended before."""
        return bool(self._database.rows("end_session", {"id": session, "why": why}))

    def end_of(self, user: int, why: str) -> int:
        """End all log-ins of a user; how many."""
        return len(self._database.rows("end_sessions", {"user": user, "why": why}))

    def add_token(self, session: str, hash_: bytes) -> None:
        """A refresh token of the log-in."""
        self._database.rows("add_refresh_token", {"session": session, "hash": hash_})

    def use_token(self, hash_: bytes) -> str | None:
        """Count the token as used; its session. None when it is unknown or was used before."""
        rows = self._database.rows("use_refresh_token", {"hash": hash_})
        return str(rows[0]["session"]) if rows else None

    def token_session(self, hash_: bytes) -> str | None:
        """The session of a token, used or not; None when it is unknown."""
        rows = self._database.rows("refresh_token_session", {"hash": hash_})
        return str(rows[0]["session"]) if rows else None

    def forget(self, before: datetime) -> None:
        """Remove log-ins that were over by then, with their tokens."""
        self._database.rows("forget_sessions", {"before": before})
