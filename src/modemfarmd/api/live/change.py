# SPDX-License-Identifier: GPL-3.0-or-later
"""A change, and who is shown it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modemfarm.at.permit import Role

from ..accounts.principal import Principal

MODEMS, EVENTS, LOGS, OPERATIONS = TOPICS = ("modems", "events", "logs", "operations")


@dataclass(frozen=True)
class Change:
    """`key` names the row within its topic; `item` is the row as REST shows it, None: it is gone.

    `actor` is whoever asked for an operation.
    """

    topic: str
    key: str
    serial: str | None
    item: dict[str, Any] | None
    actor: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class View:
    """What one client is shown: what its caller may see, and of that what it asked for."""

    who: Principal
    topics: frozenset[str]
    serials: frozenset[str] | None = None
    kinds: frozenset[str] | None = None  # of events

    def shows(self, change: Change) -> bool:
        """Is it in sight? The rules are those of REST (access.py, routes/actions.py)."""
        if change.topic not in self.topics or not self._may_see(change):
            return False
        if self.serials is not None and change.serial not in self.serials:
            return False
        return change.topic != EVENTS or self.kinds is None or change.kind in self.kinds

    def _may_see(self, change: Change) -> bool:
        who = self.who
        if change.topic == OPERATIONS:
            if change.actor == who.actor:
                return True
            theirs = change.serial is not None and who.may_see(change.serial)
            return theirs and who.role is not Role.VIEWER
        if change.topic == LOGS and not may_read_logs(who):
            return False
        return who.modems is None or change.serial in who.modems


def may_read_logs(who: Principal) -> bool:
    """As GET /api/modems/{serial}/logs."""
    return who.role.includes(Role.OPERATOR)
