# SPDX-License-Identifier: GPL-3.0-or-later
"""pg_dump and pg_restore, and how many rows each table has."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import psycopg2.sql

from modemfarm.errors import InvalidValueError, MissingPartError

from ..acting import acting_as
from ..errors import DatabaseGoneError
from ..registry.db import connect
from ..registry.deadline import Connection
from ..registry.migrate import ADVISORY_LOCK, schema_version
from ..text import printable
from .errors import BackupFailedError

PROGRAMS = Path("/usr/lib/postgresql")  # Debian: one folder per major version
ROLE = "modemfarm_backup"
USER = "modemfarm-backup"  # the system user that PostgreSQL takes for the role
LONGEST_S = 3600.0  # of one count: a table of 10 million rows takes seconds, on a bad day minutes
APPLICATION = "modemfarm-backup"
_TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname
"""


@dataclass(frozen=True)
class Dumped:
    """What was dumped: schema number, the server's major version, rows by table."""

    schema: int
    postgresql: int
    rows: dict[str, int]


def name_of(database: str) -> str:
    """The name of the database in a connection string. InvalidValueError without one."""
    found = psycopg2.extensions.parse_dsn(database).get("dbname")
    if not found:
        raise InvalidValueError("database", database, "a connection string with dbname=")
    return str(found)


def login(database: str, role: str, name: str | None = None) -> str:
    """The connection string for that role, unless one is named already, and that database."""
    changes: dict[str, str] = {} if name is None else {"dbname": name}
    if "user" not in psycopg2.extensions.parse_dsn(database) and "PGUSER" not in os.environ:
        changes["user"] = role
    return psycopg2.extensions.make_dsn(database, **changes)


def major(connection: Connection) -> int:
    """The server's major version, such as 15."""
    return connection.info.server_version // 10_000


def count_rows(connection: Connection) -> dict[str, int]:
    """Rows of each table of ours. The tables stay locked against being dropped until the end of
    the transaction, if there is one.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        tables = [str(row[0]) for row in cursor.fetchall()]
        rows = {}
        for table in tables:
            cursor.execute(
                psycopg2.sql.SQL("SELECT count(*) FROM {}").format(
                    psycopg2.sql.Identifier("public", table)
                )
            )
            rows[table] = int(cursor.fetchall()[0][0])
    return rows


def dump(database: str, target: IO[bytes]) -> Dumped:
    """All of the database, as it is at one moment, into `target`. BackupFailedError,
    DatabaseGoneError.
    """
    dsn = login(database, ROLE)
    with acting_as(USER):
        connection = connect(dsn, APPLICATION, LONGEST_S)
        try:
            with _one_moment(connection) as snapshot:
                found = Dumped(
                    schema_version(connection), major(connection), count_rows(connection)
                )
                if not found.schema:
                    raise BackupFailedError(
                        f"database {name_of(database)} has no registry", "run modemfarm-migrate"
                    )
                _pg_dump(dsn, snapshot, found.postgresql, target)
        except psycopg2.Error as error:
            raise DatabaseGoneError(str(error).strip()) from error
        finally:
            connection.close()
    return found


@contextmanager
def _one_moment(connection: Connection) -> Iterator[str]:
    """A transaction that sees one moment, and its name for pg_dump. Partitions are neither made
    nor dropped meanwhile, and no migration runs: they ask for the same lock.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (ADVISORY_LOCK,))
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        yield str(cursor.fetchall()[0][0])
        cursor.execute("ROLLBACK")


def _pg_dump(dsn: str, snapshot: str, version: int, target: IO[bytes]) -> None:
    run(
        "pg_dump", version, dsn,
        "--format=custom", "--no-owner", "--no-privileges", "--lock-wait-timeout=60s",
        f"--snapshot={snapshot}", output=target,
    )  # fmt: skip


def run(program: str, version: int, dsn: str | None, *options: str, output: IO[bytes]) -> None:
    """Run a program of PostgreSQL, its standard output into `output`, which is open already: who is
    acted as need not get at the file. A password is handed over by the environment.

    BackupFailedError with its first words.
    """
    command = [_find(program, version), *options]
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PGAPPNAME": APPLICATION}
    if dsn is not None:
        parts = psycopg2.extensions.parse_dsn(dsn)
        if "password" in parts:
            environment["PGPASSWORD"] = str(parts.pop("password"))
        command += ["--no-password", f"--dbname={psycopg2.extensions.make_dsn(**parts)}"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE,
        env=environment, cwd="/", check=False,
    )  # fmt: skip
    if done.returncode:
        first = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise BackupFailedError(printable(first, 300), "look at disk and database, and try again")


def _find(program: str, version: int) -> str:
    """That of the server's own version; another may not read its format."""
    path = PROGRAMS / str(version) / "bin" / program
    if path.exists():
        return str(path)
    found = shutil.which(program)
    if found is None:
        raise MissingPartError(f"{program} is not installed", "apt-get install postgresql-client")
    return found
