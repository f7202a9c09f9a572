# SPDX-License-Identifier: GPL-3.0-or-later
"""As whom a program logs in to the registry. PostgreSQL maps system users to these roles
(roles/postgresql), and libpq would ask for a role with the user's own name.
"""

from __future__ import annotations

import os

import psycopg2.extensions

API = "modemfarm_api"


def as_role(dsn: str, role: str) -> str:
    """The same database as that role, unless the string or PGUSER names somebody."""
    named = "user" in psycopg2.extensions.parse_dsn(dsn) or "PGUSER" in os.environ
    return dsn if named else psycopg2.extensions.make_dsn(dsn, user=role)
