# SPDX-License-Identifier: GPL-3.0-or-later
"""An agent refuses a schema that is not its own, older or newer, and says what to do."""

import pytest

from modemfarmd.errors import SchemaError
from modemfarmd.registry import migrate
from modemfarmd.registry.db import Database, connect
from modemfarmd.registry.schema import require_schema


def test_its_own_schema_is_fine(database: Database) -> None:
    require_schema(database)


def test_a_newer_one_is_refused(dsn: str, database: Database) -> None:
    require_schema(database)
    connection = connect(dsn)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO schema_migrations VALUES (99, 'future')")
    connection.close()
    with pytest.raises(SchemaError, match=r"schema 99, newer .* install the version"):
        require_schema(database)


def test_none_is_refused(empty_dsn: str) -> None:
    database = Database(empty_dsn)
    with pytest.raises(SchemaError, match=r"schema none.*modemfarm-migrate"):
        require_schema(database)
    database.close()


def test_an_older_one_is_refused(empty_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = migrate.available()
    monkeypatch.setattr(migrate, "available", lambda: everything[:1])
    monkeypatch.setattr(migrate, "_text", lambda *_: "SELECT 1")
    migrate.run(empty_dsn)
    monkeypatch.undo()
    database = Database(empty_dsn)
    with pytest.raises(SchemaError, match=r"schema 1, .* wants .*modemfarm-migrate"):
        require_schema(database)
    database.close()
