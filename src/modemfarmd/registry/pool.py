# SPDX-License-Identifier: GPL-3.0-or-later
"""A few connections shared by many threads. Each is one thread's for as long as it is out."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import DatabaseGoneError
from .db import Database

SIZE = 8  # requests are short: 8 connections serve some thousands of them in a second
WAIT_S = 5.0


class Pool:
    """Connections open when they are first used, and again after a loss."""

    def __init__(self, dsn: str, application: str, size: int = SIZE, wait: float = WAIT_S) -> None:
        self._wait = wait
        self._idle: queue.LifoQueue[Database] = queue.LifoQueue()
        self._all = [Database(dsn, application) for _ in range(size)]
        for database in self._all:
            self._idle.put(database)

    @contextmanager
    def database(self) -> Iterator[Database]:
        """One connection. DatabaseGoneError when none is free in time, or the server is away."""
        try:
            database = self._idle.get(timeout=self._wait)
        except queue.Empty as error:
            raise DatabaseGoneError(
                f"all {len(self._all)} connections were at work for {self._wait:g} s"
            ) from error
        try:
            yield database
        except DatabaseGoneError:
            self.close()  # one server serves them all: each would fail once when it is back
            raise
        finally:
            self._idle.put(database)

    @contextmanager
    def transaction(self) -> Iterator[Database]:
        """One connection, and everything that is done over it is committed together."""
        with self.database() as database, database.transaction():
            yield database

    def close(self) -> None:
        """End the connections that are not out; whoever takes one opens it again."""
        idle = []
        with contextlib.suppress(queue.Empty):
            while True:
                idle.append(self._idle.get_nowait())
        for database in idle:
            database.close()
            self._idle.put(database)
