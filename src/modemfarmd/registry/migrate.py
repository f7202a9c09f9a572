# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm-migrate [SETTINGS]`: bring the schema to what this version wants.

Prints one line per migration it applied and nothing when there was nothing to do (Ansible reads
that for `changed_when`); who may do what is set anew each time. It logs in as the schema's owner,
which PostgreSQL lets root do. Exit 0 done, 1 failed, 2 bad usage or settings.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import psycopg2
import psycopg2.extensions

from modemfarm.errors import FarmError

from ..errors import DatabaseGoneError, SchemaError
from .db import backoff, connect, query
from .deadline import Connection
from .logins import as_role

ADVISORY_LOCK = 0x6D6F646D  # any constant: two migrations of one database run one after another
CONNECT_ATTEMPTS = 5  # the server may be restarting: 1+2+4+8 s
LONGEST_S = 3600.0  # of one statement: moving a million rows takes a minute on a slow disk
APPLICATION = "modemfarm-migrate"
OWNER = "modemfarm_migrate"  # the role that owns the schema, made by roles/postgresql
DEFAULT_SETTINGS = "/etc/modemfarm/farm.json"

BOOKKEEPING = """
CREATE TABLE schema_migrations (
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


def _text(folder: str, name: str) -> str:
    return (resources.files(__package__) / folder / name).read_text(encoding="utf-8")


def migrate(connection: Connection) -> list[str]:
    """Apply what is missing, then the rights; return the names of what was applied.

    All in one transaction: a migration that fails leaves schema and rights as they were, and an
    agent that runs goes on. The connection is in autocommit mode. Raises SchemaError when the
    database is newer than this program or a migration fails.
    """
    wanted = available()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (ADVISORY_LOCK,))
        try:
            version = schema_version(connection)
            if version > len(wanted):
                raise SchemaError("the database's schema is newer than this program")
            missing = wanted[version:]
            _run(connection, missing)
        finally:
            if not connection.closed:
                cursor.execute("SELECT pg_advisory_unlock(%s)", (ADVISORY_LOCK,))
    return [migration.name for migration in missing]


def schema_version(connection: Connection) -> int:
    """The number of the last migration applied; 0 for an empty database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('schema_migrations') IS NULL")
        if cursor.fetchall() == [(True,)]:
            return 0
        cursor.execute(query("schema_version"))
        return int(cursor.fetchall()[0][0])


def _run(connection: Connection, missing: list[Migration]) -> None:
    name = "rights/take_over.sql"
    with connection.cursor() as cursor:
        try:
            cursor.execute("BEGIN")
            cursor.execute(_text("rights", "take_over.sql"))
            for migration in missing:
                name = migration.name
                _apply(cursor, migration)
            name = "rights/grants.sql"
            cursor.execute(_text("rights", "grants.sql"))
            cursor.execute("COMMIT")
        except psycopg2.Error as error:
            if not connection.closed:
                cursor.execute("ROLLBACK")
            raise SchemaError(
                f"{name}: {str(error).strip()}",
                "nothing has changed; mend that and run it again",
            ) from error


def _apply(cursor: psycopg2.extensions.cursor, migration: Migration) -> None:
    if migration.version == 1:
        cursor.execute(BOOKKEEPING)
    cursor.execute(migration.text)
    cursor.execute(
        "INSERT INTO schema_migrations (version, name) VALUES (%s, %s)",
        (migration.version, migration.name),
    )


def connect_patiently(dsn: str) -> Connection:
    """Connect, waiting out a server that is just starting. Raises DatabaseGoneError."""
    for attempt in range(CONNECT_ATTEMPTS - 1):
        try:
            return connect(dsn, APPLICATION, LONGEST_S)
        except DatabaseGoneError:
            time.sleep(backoff(attempt))
    return connect(dsn, APPLICATION, LONGEST_S)


def run(dsn: str) -> list[str]:
    """Connect, migrate, disconnect; names of what was applied."""
    connection = connect_patiently(dsn)
    try:
        return migrate(connection)
    finally:
        connection.close()


def owner_dsn(dsn: str) -> str:
    """The same database as the schema's owner, unless the string or PGUSER names somebody."""
    return as_role(dsn, OWNER)


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
        applied = run(owner_dsn(settings.database))
    except (FarmError, psycopg2.Error) as error:
        sys.stderr.write(f"modemfarm-migrate: {str(error).strip()}\n")
        sys.exit(1)
    for name in applied:
        sys.stdout.write(f"applied {name}\n")


if __name__ == "__main__":
    main()
