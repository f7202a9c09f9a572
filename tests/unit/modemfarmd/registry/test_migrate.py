# SPDX-License-Identifier: GPL-3.0-or-later
"""Which role the migration logs in as, and that its files are complete."""

import pytest
from psycopg2.extensions import parse_dsn

from modemfarmd.errors import SchemaError
from modemfarmd.registry import migrate


@pytest.mark.parametrize(
    ("dsn", "environment", "user"),
    [
        ("dbname=modemfarm", None, "modemfarm_migrate"),
        ("postgresql:///modemfarm?host=/run/x", None, "modemfarm_migrate"),
        ("dbname=modemfarm user=alice", None, "alice"),
        ("postgresql://alice@db.example/modemfarm", None, "alice"),
        ("dbname=modemfarm", "bob", None),
    ],
)
def test_the_owner_logs_in_unless_somebody_is_named(
    dsn: str, environment: str | None, user: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGUSER", raising=False)
    if environment is not None:
        monkeypatch.setenv("PGUSER", environment)
    found = parse_dsn(migrate.owner_dsn(dsn))
    assert found.get("user") == user
    assert found["dbname"] == "modemfarm"


def test_a_missing_number_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "_read", lambda: iter([migrate.Migration(2, "0002_x.sql", "")]))
    with pytest.raises(SchemaError, match=r"1, 2, 3, \.\.\."):
        migrate.available()


def test_somebody_has_rights_on_each_table() -> None:
    grants = migrate._text("rights", "grants.sql")
    tables = {
        line.split()[2]
        for migration in migrate.available()
        for line in migration.text.splitlines()
        if line.startswith("CREATE TABLE ") and "PARTITION OF" not in line
    }
    assert len(tables) > 10
    assert {name for name in tables if name not in grants} == set()
