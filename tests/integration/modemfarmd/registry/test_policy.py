# SPDX-License-Identifier: GPL-3.0-or-later
"""A modem's own policy in its row: it stays, it is told, and another shape is refused."""

import psycopg2.errors
import pytest

from modemfarmd.registry.db import Database
from modemfarmd.registry.model import Observation
from modemfarmd.registry.modems import Host, Registry

SERIAL = "867584030000017"


@pytest.fixture
def registry(database: Database) -> Registry:
    return Registry(database, Host("here", 8, 3127))


def test_it_stays_with_the_row(registry: Registry) -> None:
    assert registry.upsert(Observation(SERIAL)).policy is None
    assert registry.set_policy(SERIAL, {"down_kbits": 8000, "users": ["alice"]})
    assert registry.upsert(Observation(SERIAL, present=True)).policy == {
        "down_kbits": 8000, "users": ["alice"],
    }  # fmt: skip
    assert registry.modems()[0]["policy"]["users"] == ["alice"]
    assert registry.set_policy(SERIAL, None)
    assert registry.modems()[0]["policy"] is None
    assert not registry.set_policy("867584030000025", {})


def test_whoever_listens_hears_of_it(registry: Registry, database: Database) -> None:
    registry.upsert(Observation(SERIAL))
    with database._cursor() as cursor:
        cursor.execute('LISTEN "modem_change"')
    connection = database._open()
    connection.poll()
    connection.notifies.clear()
    registry.set_policy(SERIAL, {"up_kbits": 64})
    connection.poll()
    assert [notify.payload for notify in connection.notifies] == [SERIAL]


@pytest.mark.parametrize("value", ["[]", '"x"', "7", '{"users": ["%s"]}' % ("x" * 6000)])
def test_another_shape_is_refused(registry: Registry, database: Database, value: str) -> None:
    registry.upsert(Observation(SERIAL))
    with pytest.raises(psycopg2.errors.CheckViolation), database._cursor() as cursor:
        cursor.execute("UPDATE modems SET policy = %s::jsonb", (value,))
    assert registry.modems()[0]["policy"] is None
