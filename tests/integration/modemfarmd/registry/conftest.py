# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to a database with the schema."""

from collections.abc import Callable, Iterator

import pytest

from modemfarmd.registry.db import Database


@pytest.fixture
def open_database(dsn: str) -> Iterator[Callable[[], Database]]:
    """Makes connections; all are closed in the end."""
    opened: list[Database] = []

    def make() -> Database:
        opened.append(Database(dsn))
        return opened[-1]

    yield make
    for database in opened:
        database.close()


@pytest.fixture
def database(open_database: Callable[[], Database]) -> Database:
    """One connection."""
    return open_database()
