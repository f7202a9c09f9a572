# SPDX-License-Identifier: GPL-3.0-or-later
"""Does the database have the schema that this program was written for?"""

from __future__ import annotations

import psycopg2.errors

from ..errors import SchemaError
from .db import Database
from .migrate import available


def require_schema(database: Database) -> None:
    """Nothing, or SchemaError with its remedy; DatabaseGoneError when nobody can tell.

    For callers that write: at start, and again after each lost connection.
    """
    wanted = len(available())
    try:
        (row,) = database.rows("schema_version")
    except (psycopg2.errors.UndefinedTable, psycopg2.errors.InsufficientPrivilege):
        row = {"version": 0}
    found = int(row["version"])
    if found > wanted:
        raise SchemaError(
            f"the database has schema {found}, newer than this program's {wanted}",
        )
    if found < wanted:
        raise SchemaError(
            f"the database has schema {found or 'none'}, this program wants {wanted}",
            "run modemfarm-migrate (site.yml does it)",
        )
