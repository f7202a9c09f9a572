# SPDX-License-Identifier: GPL-3.0-or-later
"""What the database says: its schema and the slots of this host's modems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg2
import psycopg2.errors

from modemfarm.errors import FarmError
from modemfarm.settings import FarmSettings

from ..errors import DatabaseGoneError
from .facts import Registered


def registered(settings: FarmSettings | FarmError) -> Registered:
    """FarmError when it cannot be asked. Rows of another schema are not read."""
    from ..cli.source import open_registry
    from ..registry.migrate import available

    if isinstance(settings, FarmError):
        raise settings
    wanted = len(available())
    with open_registry(settings) as registry:
        try:
            version = _version(registry.database.rows)
            if version != wanted:
                return Registered(version, wanted)
            return Registered(version, wanted, {r["serial"]: r["slot"] for r in registry.modems()})
        except psycopg2.Error as error:
            raise DatabaseGoneError(str(error).strip()) from error


def _version(rows: Callable[[str], list[dict[str, Any]]]) -> int:
    """Number of the last migration; 0 where there is none, or none that we may see."""
    try:
        return int(rows("schema_version")[0]["version"])
    except (psycopg2.errors.UndefinedTable, psycopg2.errors.InsufficientPrivilege):
        return 0
