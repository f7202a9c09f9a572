# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions that were asked for by API: a row from before they begin until their end, and after."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from .db import Database, Row
from .text import as_json


@dataclass(frozen=True)
class Asked:
    """What was asked; `key` is the caller's own, `fingerprint` the hash of all that was asked."""

    id: str
    host: str
    actor: str
    action: str
    serial: str | None
    key: str | None
    fingerprint: bytes
    correlation: str
    request: dict[str, Any]


class OperationBook:
    """operations over one Database. All methods raise DatabaseGoneError when it is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, asked: Asked) -> Row | None:
        """The new row; None when the actor has used the key before."""
        values = asdict(asked) | {"request": as_json(asked.request)}
        rows = self._database.rows("begin_operation", values)
        return rows[0] if rows else None

    def end(
        self,
        operation: str,
        result: dict[str, Any] | None,
        problem: dict[str, Any] | None,
        state: str | None = None,
    ) -> Row | None:
        """Say what came of it; None when that was said before. State done, or failed by problem."""
        said = state or ("done" if problem is None else "failed")
        values = {"id": operation, "state": said, "result": as_json(result),
                  "problem": as_json(problem)}  # fmt: skip
        rows = self._database.rows("end_operation", values)
        return rows[0] if rows else None

    def find(self, operation: str) -> Row | None:
        """The operation with that id."""
        rows = self._database.rows("find_operation", {"id": operation})
        return rows[0] if rows else None

    def by_key(self, actor: str, key: str) -> Row | None:
        """What an actor asked for under a key."""
        rows = self._database.rows("operation_by_key", {"actor": actor, "key": key})
        return rows[0] if rows else None

    def abandoned(self, host: str) -> list[Row]:
        """Those of a host that nobody works on any more, now of state unknown."""
        return self._database.rows("abandon_operations", {"host": host})

    def forget(self, before: datetime) -> None:
        """Remove those that ended before then."""
        self._database.rows("forget_operations", {"before": before})
