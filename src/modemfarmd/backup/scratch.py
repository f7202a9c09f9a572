# SPDX-License-Identifier: GPL-3.0-or-later
"""A dump is restored beside the registry, looked at, and only then takes its place.

The owner of the schema restores it, who is no superuser: a dump is a program, and whoever has the
public keys of the backups could have written it. Of the superuser are only the empty database, the
change of the names, and the end of what is in the way.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg2
import psycopg2.extensions
from psycopg2.sql import SQL, Composed, Identifier

from modemfarm.errors import SettingsError

from ..acting import acting_as
from ..errors import DatabaseGoneError, SchemaError
from ..registry.db import connect
from ..registry.deadline import Connection
from ..registry.migrate import OWNER, migrate, schema_version
from .database import APPLICATION, LONGEST_S, count_rows, login, major, name_of, run
from .errors import BackupFailedError, refused
from .manifest import Manifest

SUPERUSER = "postgres"


class Scratch:
    """The database <registry>_restore of the server that has the registry."""

    def __init__(self, database: str) -> None:
        _check_here(database)
        self._database = database
        self.live = name_of(database)
        self.name = f"{self.live}_restore"
        self.before = f"{self.live}_before"  # the registry that a restore took the place of
        self.dsn = login(database, OWNER, self.name)

    def server_version(self) -> int:
        """The server's major version."""
        with self._superuser() as connection:
            return major(connection)

    def restore(self, dump: Path, manifest: Manifest, words: IO[bytes]) -> None:
        """Make it anew, restore the dump, compare schema and rows, and bring it up to date.

        BackupRefusedError where the dump is not what the manifest says. `words`: where pg_restore's
        go, which nobody reads.
        """
        version = self.server_version()
        try:
            run("pg_restore", version, None, "--list", str(dump), output=words)
        except BackupFailedError as error:
            raise refused(f"its dump is damaged ({error.message})") from error
        self._create()
        try:
            run(
                "pg_restore", version, self.dsn, "--no-owner", "--no-privileges",
                "--exit-on-error", "--single-transaction", str(dump), output=words,
            )  # fmt: skip
        except BackupFailedError as error:
            raise refused(f"its dump cannot be restored ({error.message})") from error
        connection = connect(self.dsn, APPLICATION, LONGEST_S)
        try:
            self._compare(connection, manifest)
            migrate(connection)
        except SchemaError as error:
            raise refused(f"its schema cannot be brought up to date: {error.message}") from error
        except psycopg2.Error as error:
            raise DatabaseGoneError(str(error).strip()) from error
        finally:
            connection.close()

    def _compare(self, connection: Connection, manifest: Manifest) -> None:
        found = schema_version(connection)
        if found != manifest.schema:
            raise refused(f"its dump has schema {found}, its manifest says {manifest.schema}")
        rows = count_rows(connection)
        for table in sorted(rows.keys() | manifest.rows.keys()):
            here, said = rows.get(table), manifest.rows.get(table)
            if here != said:
                raise refused(f"table {table}: {_rows(here)} restored, {_rows(said)} dumped")

    def _create(self) -> None:
        owner = psycopg2.extensions.parse_dsn(self.dsn).get("user") or os.environ["PGUSER"]
        with self._superuser() as connection, connection.cursor() as cursor:
            cursor.execute(_drop(self.name))
            cursor.execute(
                SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(
                    Identifier(self.name), Identifier(owner)
                )
            )

    def drop(self) -> None:
        """Remove it, if it is there."""
        with self._superuser() as connection, connection.cursor() as cursor:
            cursor.execute(_drop(self.name))

    def swap(self) -> None:
        """It becomes the registry, in one transaction; the registry is kept as <registry>_before.

        Sessions of the registry are ended. Where it fails, all is as before.
        """
        live, name, before = (Identifier(one) for one in (self.live, self.name, self.before))
        with self._superuser() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", (self.live,))
            there = bool(cursor.fetchall())
            if there:
                cursor.execute(_drop(self.before))
                cursor.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(live))
            try:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE datname IN (%s, %s)",
                    (self.live, self.name),
                )
                cursor.execute("BEGIN")
                if there:
                    cursor.execute(SQL("ALTER DATABASE {} RENAME TO {}").format(live, before))
                cursor.execute(SQL("ALTER DATABASE {} RENAME TO {}").format(name, live))
                cursor.execute("COMMIT")
            except psycopg2.Error:
                if not connection.closed:
                    cursor.execute("ROLLBACK")
                raise
            finally:
                if there and not connection.closed:
                    cursor.execute(
                        SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(
                            before if _exists(cursor, self.before) else live
                        )
                    )

    @contextmanager
    def _superuser(self) -> Iterator[Connection]:
        """DatabaseGoneError, also for what the server refuses to do."""
        with acting_as(SUPERUSER):
            connection = connect(
                login(self._database, SUPERUSER, "postgres"), APPLICATION, LONGEST_S
            )
        try:
            yield connection
        except psycopg2.Error as error:
            raise DatabaseGoneError(str(error).strip()) from error
        finally:
            connection.close()


def _check_here(database: str) -> None:
    host = psycopg2.extensions.parse_dsn(database).get("host", "")
    if host and not str(host).startswith("/"):
        raise SettingsError(
            f"the registry is on {host}", "restore it there: it takes the server's administrator"
        )


def _exists(cursor: psycopg2.extensions.cursor, name: str) -> bool:
    cursor.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
    return bool(cursor.fetchall())


def _drop(name: str) -> Composed:
    return SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name))


def _rows(number: int | None) -> str:
    return "no such table" if number is None else f"{number} rows"
