# SPDX-License-Identifier: GPL-3.0-or-later
"""What was done to make modems of one host well again: budgets outlive an agent's restart by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from .db import Database
from .text import as_json, storable


@dataclass(frozen=True)
class Repair:
    """One step of the ladder. Times are aware.

    step and outcome are words of small letters and hyphens. evidence: what led to it;
    before/after: how the modem was, None where nobody looked.
    """

    serial: str
    step: str
    cause: str
    began: datetime
    ended: datetime
    outcome: str
    evidence: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


class RepairBook:
    """repairs over one Database. All methods raise DatabaseGoneError when it is away."""

    def __init__(self, database: Database, host: str) -> None:
        self._database = database
        self._host = host

    def record(self, repairs: Sequence[Repair]) -> None:
        """Write them, all or none. One that is there already is not written twice."""
        self._database.run_many("add_repair", [self._values(repair) for repair in repairs])

    def recent(self, since: datetime) -> list[Repair]:
        """Those that began at `since` or later, oldest first."""
        rows = self._database.rows("list_repairs", {"host": self._host, "since": since})
        return [_repair(row) for row in rows]

    def _values(self, repair: Repair) -> dict[str, object]:
        documents = {name: as_json(getattr(repair, name)) for name in _DOCUMENTS}
        values = asdict(repair) | {"host": self._host, "cause": storable(repair.cause)}
        return values | documents


_DOCUMENTS = ("evidence", "before", "after")


def _repair(row: dict[str, Any]) -> Repair:
    times = {name: row[name].astimezone(UTC) for name in ("began", "ended")}
    return Repair(**(row | times))
