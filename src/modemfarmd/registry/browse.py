# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API shows of modems, events, logs and holds of all hosts: filtered, and in pages."""

from __future__ import annotations

from collections.abc import Collection

from .db import Database, Row

_MODEM = ("serial", "host", "status", "state", "operator", "present", "held", "find",
          "after_host", "after_slot")  # fmt: skip
_EVENT = ("serial", "host", "kind", "since", "at", "before")
_LOG = ("channel", "outcome", "correlation", "since", "at", "before")
_HOLD = ("serial", "at", "before")


class Browser:
    """Reads over one Database; `scope` are the serials that may be seen, None for all.

    All methods raise DatabaseGoneError when it is away. Conditions that are not given do not count.
    """

    def __init__(self, database: Database, scope: Collection[str] | None = None) -> None:
        self._database = database
        self._scope = None if scope is None else sorted(scope)

    def modems(self, limit: int, **wanted: object) -> list[Row]:
        """By host and slot; after_host and after_slot are those of the last row seen."""
        rows = self._rows("browse_modems", _MODEM, limit, wanted)
        return [_with_hold(row) for row in rows]

    def modem(self, serial: str) -> Row | None:
        """One modem; None for one that is unknown or may not be seen."""
        rows = self.modems(1, serial=serial)
        return rows[0] if rows else None

    def events(self, limit: int, **wanted: object) -> list[Row]:
        """Newest first; at and before (an id) are those of the last row seen."""
        return self._rows("browse_events", _EVENT, limit, wanted)

    def logs(self, serial: str, limit: int, **wanted: object) -> list[Row]:
        """Of one modem, newest first, as events."""
        return self._rows("browse_logs", _LOG, limit, wanted | {"serial": serial})

    def holds(self, limit: int, active: bool, **wanted: object) -> list[Row]:
        """Newest first, as events."""
        return self._rows("browse_holds", _HOLD, limit, wanted | {"active": active})

    def _rows(
        self, name: str, fields: tuple[str, ...], limit: int, wanted: dict[str, object]
    ) -> list[Row]:
        values = dict.fromkeys(fields) | wanted | {"limit": limit, "scope": self._scope}
        return self._database.rows(name, values)


def _with_hold(row: Row) -> Row:
    until, by, why = (row.pop(name) for name in ("held_until", "held_by", "held_why"))
    return row | {"hold": None if until is None else {"until": until, "by": by, "reason": why}}
