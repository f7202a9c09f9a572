# SPDX-License-Identifier: GPL-3.0-or-later
"""The newest actions, for the farm's page: REST gives one at a time."""

from __future__ import annotations

from modemfarm.at.permit import Role

from ..api.accounts.principal import Principal
from ..api.parts import Parts
from ..registry.db import Row


def newest(parts: Parts, who: Principal, limit: int) -> list[Row]:
    """Of his modems; a viewer sees his own only, as REST has it. DatabaseGoneError."""
    scope = None if who.modems is None else sorted(who.modems)
    with parts.pool.database() as database:
        rows = database.rows("newest_operations", {"scope": scope, "limit": limit})
    return [row for row in rows if who.role is not Role.VIEWER or row["actor"] == who.actor]
