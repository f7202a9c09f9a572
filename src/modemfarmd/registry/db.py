# SPDX-License-Identifier: GPL-3.0-or-later
"""One PostgreSQL connection that comes back by itself, and the named queries.

Queries live as .sql files in `queries/`; callers name them. The connection is in autocommit mode
outside `transaction()`: a LISTENing or idle connection must never sit in an open transaction.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import resources
from typing import Any

import psycopg2
import psycopg2.extras

from ..errors import DatabaseGoneError
from . import deadline
from .deadline import Connection as Connection

STATEMENT_TIMEOUT_S = 6.0  # the longest query reads 1,000 log rows; beyond it the server hangs
# A server that lives says itself that a statement took too long; one that is stopped says nothing.
ANSWER_GRACE_S = 2.0
ROWS_AT_ONCE = 500  # of one INSERT: beyond it a row costs the same
RETRY_FIRST_S = 1.0
RETRY_LONGEST_S = 30.0

Row = dict[str, Any]


@cache
def query(name: str) -> str:
    """The text of queries/<name>.sql."""
    folder = resources.files(__package__) / "queries"
    return (folder / f"{name}.sql").read_text(encoding="utf-8")


def connect(
    dsn: str, application: str = "modemfarm", statement_s: float | None = None
) -> Connection:
    """A new connection in autocommit mode; no statement takes much longer than statement_s
    (STATEMENT_TIMEOUT_S without it).

    Raises DatabaseGoneError, also when the server does not answer.
    """
    allowed = STATEMENT_TIMEOUT_S if statement_s is None else statement_s
    try:
        connection = deadline.connect(
            dsn,
            allowed + ANSWER_GRACE_S,
            application_name=application,
            options=f"-c statement_timeout={round(allowed * 1000)} -c timezone=UTC",
        )
    except psycopg2.OperationalError as error:
        raise DatabaseGoneError(str(error).strip()) from error
    connection.autocommit = True
    return connection


def backoff(attempt: int) -> float:
    """Seconds before reconnection number `attempt` (from 0): doubling, capped, ±20 % jitter."""
    delay = min(RETRY_LONGEST_S, RETRY_FIRST_S * 2.0 ** min(attempt, 16))
    return delay * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, guards nothing


class Database:
    """Runs named queries on one connection and opens a new one after a loss.

    Not for use from two threads at once: the owner serialises. Every method raises
    DatabaseGoneError when the server cannot be reached; the next call tries again.
    """

    def __init__(self, dsn: str, application: str = "modemfarm") -> None:
        self._dsn = dsn
        self._application = application
        self._connection: Connection | None = None

    @property
    def backend(self) -> int | None:
        """Process id of the server side, to tell own notifications from others'."""
        connection = self._connection
        return None if connection is None or connection.closed else connection.info.backend_pid

    def close(self) -> None:
        """End the connection; a later call opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def rows(self, name: str, values: Mapping[str, object] | None = None) -> list[Row]:
        """Run queries/<name>.sql and return its rows as dictionaries ([] without a result)."""
        with self._cursor() as cursor:
            cursor.execute(query(name), values)
            return [dict(row) for row in cursor.fetchall()] if cursor.description else []

    def run_many(self, name: str, batch: Sequence[Mapping[str, object]]) -> None:
        """Run queries/<name>.sql once per entry, all in one transaction."""
        if not batch:
            return
        with self.transaction(), self._cursor() as cursor:
            for values in batch:
                cursor.execute(query(name), values)

    def insert_many(self, name: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run queries/<name>.sql, an INSERT with `VALUES %s`, for all rows in few statements."""
        if rows:
            with self.transaction(), self._cursor() as cursor:
                psycopg2.extras.execute_values(cursor, query(name), rows, page_size=ROWS_AT_ONCE)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is committed together, or nothing. May be nested: the outermost counts.

        One commit for a batch: each commit waits for the disk.
        """
        connection = self._open()
        if not connection.autocommit:
            yield
            return
        try:
            with self._translated():
                connection.autocommit = False
            yield
            with self._translated():
                connection.commit()
        except BaseException:
            if not connection.closed:
                connection.rollback()
            raise
        finally:
            if not connection.closed:
                connection.autocommit = True

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Inside a transaction: an error undoes only what is inside. Outside of one: nothing."""
        connection = self._open()
        if connection.autocommit:
            yield
            return
        self._run("SAVEPOINT attempt")
        try:
            yield
        except psycopg2.Error:
            self._run("ROLLBACK TO SAVEPOINT attempt")
            raise
        self._run("RELEASE SAVEPOINT attempt")

    def _run(self, statement: str) -> None:
        with self._cursor() as cursor:
            cursor.execute(statement)

    def _open(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._dsn, self._application)
        return self._connection

    @contextmanager
    def _cursor(self) -> Iterator[psycopg2.extras.RealDictCursor]:
        connection = self._open()
        with (
            self._translated(),
            connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor,
        ):
            yield cursor

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """A lost server becomes DatabaseGoneError; mistakes in SQL stay what they are."""
        try:
            yield
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            self.close()
            raise DatabaseGoneError(str(error).strip()) from error
