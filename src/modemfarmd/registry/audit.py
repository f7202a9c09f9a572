# SPDX-License-Identifier: GPL-3.0-or-later
"""The account of every action: rows are added by the owner's function, and only read otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import psycopg2

from modemfarm.errors import TransientError

from ..errors import DatabaseGoneError
from .chain import Head
from .db import Database, Row
from .text import as_json

OUTCOMES = ("begun", "done", "failed", "refused")


class AuditError(TransientError):
    """The account cannot be written, so nothing may be done."""

    def __init__(self, message: str) -> None:
        super().__init__(
            f"the audit cannot be written: {message}",
            "look at the database (disk full, rights): journalctl -u postgresql; then try again",
        )


@dataclass(frozen=True)
class Entry:
    """Who did what from where; actor and correlation as in modemfarm.caller."""

    actor: str
    address: str | None
    action: str
    outcome: str
    correlation: str
    serial: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


class AuditBook:
    """audit over one Database. All methods raise DatabaseGoneError when it is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, entry: Entry) -> Head:
        """Write it, as the last thing of a transaction: others wait for its end. AuditError."""
        values = asdict(entry) | {"detail": as_json(entry.detail)}
        try:
            (row,) = self._database.rows("add_audit", values)
        except DatabaseGoneError:
            raise
        except psycopg2.Error as error:
            raise AuditError(str(error).strip().partition("\n")[0]) from error
        return Head(int(row["id"]), bytes(row["hash"]))

    def newest(
        self,
        limit: int,
        before: int | None = None,
        actor: str | None = None,
        serial: str | None = None,
        action: str | None = None,
        since: datetime | None = None,
    ) -> list[Row]:
        """The newest rows that fit, newest first; `before` is the id of a row."""
        values = {"limit": limit, "before": before, "actor": actor, "serial": serial,
                  "action": action, "since": since}  # fmt: skip
        return self._database.rows("list_audit", values)

    def after(self, number: int, limit: int) -> list[Row]:
        """Rows in order, for `chain.verify`; detail is text."""
        return self._database.rows("read_audit", {"after": number, "limit": limit})

    def head(self) -> Head | None:
        """The newest row; None of an empty table."""
        rows: Sequence[Row] = self._database.rows("audit_head")
        return Head(int(rows[0]["id"]), bytes(rows[0]["hash"])) if rows else None
