# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing is read or written over a connection before the schema behind it is known to be ours."""

from __future__ import annotations

from collections.abc import Callable

from ..registry.db import Database
from ..registry.schema import require_schema


class SchemaGate:
    """Call it before each use: each connection may lead to another server, or an upgraded one."""

    def __init__(
        self, database: Database, check: Callable[[Database], None] = require_schema
    ) -> None:
        self._database = database
        self._check = check
        self._checked: int | None = None

    def __call__(self) -> None:
        """SchemaError when the schema is not ours, DatabaseGoneError when nobody can tell."""
        if self._checked is None or self._checked != self._database.backend:
            self._checked = None
            self._check(self._database)
            self._checked = self._database.backend
