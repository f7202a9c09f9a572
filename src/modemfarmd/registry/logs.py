# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of what was said to modems: rows in, in large batches, and out again."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import psycopg2

from .db import Database, Row
from .model import LogLine
from .text import storable

log = logging.getLogger(__name__)


class LogBook:
    """modem_logs over one Database. All methods raise DatabaseGoneError when it is away."""

    def __init__(self, database: Database, host: str) -> None:
        self._database = database
        self._host = host

    def add(self, lines: Sequence[LogLine]) -> None:
        """Write lines in order, all or none."""
        self._database.insert_many("add_log", [_values(line) for line in lines])

    def take_in(self, files: Mapping[str, Sequence[LogLine]], there: Collection[str]) -> int:
        """Write the lines of files, each file once however often it comes; how many were written.

        `there` are the names of all files that still exist.
        """
        with self._database.transaction():
            self._database.rows("forget_log_files", {"host": self._host, "there": list(there)})
            names = {"host": self._host, "names": list(files)}
            new = {row["name"] for row in self._database.rows("note_log_files", names)}
            lines = [line for name, found in files.items() if name in new for line in found]
            return self._add_what_fits(lines)

    def _add_what_fits(self, lines: list[LogLine]) -> int:
        """A row that PostgreSQL refuses would be refused for ever: it alone is dropped."""
        if self._added(lines):
            return len(lines)
        return sum(self._added([line]) for line in lines)

    def _added(self, lines: list[LogLine]) -> bool:
        try:
            with self._database.savepoint():
                self.add(lines)
        except psycopg2.Error as error:
            log.error("%d rows of modem_logs are refused: %s", len(lines), error.pgcode)
            return False
        return True

    def newest(
        self,
        limit: int,
        serial: str | None = None,
        correlation: str | None = None,
        channel: str | None = None,
        after: int | None = None,
    ) -> list[Row]:
        """The newest rows that fit, newest first; `after` is the id of a row."""
        values = {"limit": limit, "serial": serial, "correlation": correlation,
                  "channel": channel, "after": after}  # fmt: skip
        return self._database.rows("list_logs", values)


def _values(line: LogLine) -> tuple[Any, ...]:
    return (
        line.serial, line.at, line.channel, storable(line.command), storable(line.answer),
        line.outcome, line.milliseconds, line.actor, line.correlation,
    )  # fmt: skip
