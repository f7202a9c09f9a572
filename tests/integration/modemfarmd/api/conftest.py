# SPDX-License-Identifier: GPL-3.0-or-later
"""A migrated database, logged in to as modemfarm_api: what the rights forbid fails here."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from modemfarmd.registry import migrate

from .world import Make, World

ROLE = "modemfarm_api"
NAME = "api_tests"
TABLES = (
    "audit operations login_failures tickets api_tokens refresh_tokens sessions users holds bearers"
    " modem_logs events signal_samples modems"
).split()


@pytest.fixture(scope="module")
def owner_dsn(server: Any) -> Iterator[str]:
    """One database for a module: making one costs more than all that a test does."""
    _run(server.dsn("postgres"), f"CREATE DATABASE {NAME}", f"CREATE ROLE {ROLE} LOGIN")
    dsn: str = server.dsn(NAME)
    try:
        migrate.run(dsn)
        yield dsn
    finally:
        _run(server.dsn("postgres"), f"DROP DATABASE {NAME} WITH (FORCE)", f"DROP ROLE {ROLE}")


@pytest.fixture
def make_world(owner_dsn: str, tmp_path: Path) -> Iterator[Make]:
    """Makes worlds over one database, which is empty at first."""
    _run(owner_dsn, *(f"DELETE FROM {table}" for table in TABLES))  # noqa: S608 - names of ours
    dsn = psycopg2.extensions.make_dsn(owner_dsn, user=ROLE)
    made: list[World] = []

    def make(**changes: object) -> World:
        made.append(World(dsn, owner_dsn, tmp_path / "state", **changes))
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture
def world(make_world: Make) -> World:
    """One world."""
    return make_world()


def _run(dsn: str, *statements: str) -> None:
    """Over a connection of its own: the server may have been restarted."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
