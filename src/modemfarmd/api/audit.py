# SPDX-License-Identifier: GPL-3.0-or-later
"""Doing something and writing it to the audit as one: both are there afterwards, or neither."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..registry.audit import AuditBook, Entry
from ..registry.chain import Head
from ..registry.db import Database
from ..registry.pool import Pool

log = logging.getLogger("modemfarm.audit")


def to_journal(head: Head) -> None:
    """Where a head is kept outside of the database: one line of the journal for each row."""
    log.info("%s", head)


class Audit:
    """`export` gets the head of each row that is committed."""

    def __init__(self, pool: Pool, export: Callable[[Head], None] = to_journal) -> None:
        self._pool = pool
        self._export = export

    @contextmanager
    def doing(self, entry: Entry) -> Iterator[Database]:
        """What is done over the connection inside is committed with the entry, which is the last
        thing written. An error inside undoes all. AuditError, DatabaseGoneError.

        The entry's detail may be added to inside.
        """
        with self._pool.transaction() as database:
            yield database
            head = AuditBook(database).add(entry)
        self._export(head)

    def export_head(self) -> None:
        """Say the present head: what was committed just before an end was perhaps not said."""
        with self._pool.database() as database:
            head = AuditBook(database).head()
        if head is not None:
            self._export(head)
