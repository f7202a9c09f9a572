# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm-migrate [SETTINGS]`: bring the schema to what this version wants.

Prints one line per migration it applied and nothing when there was nothing to do (Ansible reads
that for `changed_when`). Exit 0 done, 1 failed, 2 bad usage or settings.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import psycopg2

from modemfarm.errors import FarmError

from ..errors import DatabaseGoneError, SchemaError
from .db import Connection, backoff, connect

ADVISORY_LOCK = 0x6D6F646D  # any constant: two migrations of one database run one after another
CONNECT_ATTEMPTS = 5  # the server may be restarting: 1+2+4+8 s
DEFAULT_SETTINGS = "/etc/modemfarm/farm.json"

BOOKKEEPING = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True)
class Migration:
    """One numbered .sql file."""

    version: int
    name: str
    text: str


def available() -> list[Migration]:
    """The migrations of this version, in order. Raises SchemaError when a number is missing."""
    found = sorted(_read(), key=lambda migration: migration.version)
    numbers = [migration.version for migration in found]
    if numbers != list(range(1, len(found) + 1)):
        raise SchemaError(f"migrations are not numbered 1, 2, 3, ...: {numbers}")
    return found


def _read() -> Iterator[Migration]:
    for entry in (resources.files(__package__) / "migrations").iterdir():
        if entry.name.endswith(".sql"):
            number = entry.name.partition("_")[0]
            yield Migration(int(number), entry.name, entry.read_text(encoding="utf-8"))


def migrate(connection: Connection) -> list[str]:
    """Apply what is missing, each migration in its own transaction; return their names.

    The connection is in autocommit mode. Raises SchemaError when the database is newer than this
    program or a migration fails (nothing of that migration stays).
    """
    wanted = available()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (ADVISORY_LOCK,))
        try:
            if _applied(connection, create=True) > len(wanted):
                raise SchemaError("the database's schema is newer than this program")
            return [m.name for m in wanted if _apply(connection, m)]
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", (ADVISORY_LOCK,))


def schema_version(connection: Connection) -> int:
    """The number of the last migration applied; 0 for an empty database."""
    return _applied(connection, create=False)


def _applied(connection: Connection, create: bool) -> int:
    with connection.cursor() as cursor:
        if create:
            # Asking first avoids the server's notice for a table that is already there.
            cursor.execute("SELECT to_regclass('schema_migrations') IS NULL")
            row = cursor.fetchone()
            if row is not None and row[0]:
                cursor.execute(BOOKKEEPING)
        cursor.execute("SELECT to_regclass('schema_migrations') IS NULL")
        row = cursor.fetchone()
        if row is None or row[0]:
            return 0
        cursor.execute("SELECT coalesce(max(version), 0) FROM schema_migrations")
        row = cursor.fetchone()
        return 0 if row is None else int(row[0])


def _apply(connection: Connection, migration: Migration) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM schema_migrations WHERE version = %s", (migration.version,))
        if cursor.fetchone() is not None:
            return False
        try:
            cursor.execute("BEGIN")
            cursor.execute(migration.text)
            cursor.execute(
                "INSERT INTO schema_migrations (version, name) VALUES (%s, %s)",
                (migration.version, migration.name),
            )
            cursor.execute("COMMIT")
        except psycopg2.Error as error:
            if not connection.closed:
                cursor.execute("ROLLBACK")
            raise SchemaError(f"{migration.name}: {str(error).strip()}") from error
    return True


def connect_patiently(dsn: str) -> Connection:
    """Connect, waiting out a server that is just starting. Raises DatabaseGoneError."""
    for attempt in range(CONNECT_ATTEMPTS - 1):
        try:
            return connect(dsn, "modemfarm-migrate")
        except DatabaseGoneError:
            time.sleep(backoff(attempt))
    return connect(dsn, "modemfarm-migrate")


def run(dsn: str) -> list[str]:
    """Connect, migrate, disconnect; names of what was applied."""
    connection = connect_patiently(dsn)
    try:
        return migrate(connection)
    finally:
        connection.close()


def main() -> None:
    """Entry point of modemfarm-migrate."""
    from modemfarm.settings import FarmSettings

    if len(sys.argv) > 2 or (len(sys.argv) == 2 and sys.argv[1].startswith("-")):
        sys.stderr.write("usage: modemfarm-migrate [SETTINGS]\n")
        sys.exit(2)
    path = sys.argv[1] if len(sys.argv) == 2 else DEFAULT_SETTINGS
    try:
        settings = FarmSettings.load(Path(path))
    except FarmError as error:
        sys.stderr.write(f"modemfarm-migrate: {error}\n")
        sys.exit(2)
    try:
        applied = run(settings.database)
    except (FarmError, psycopg2.Error) as error:
        sys.stderr.write(f"modemfarm-migrate: {str(error).strip()}\n")
        sys.exit(1)
    for name in applied:
        sys.stdout.write(f"applied {name}\n")


if __name__ == "__main__":
    main()
