# SPDX-License-Identifier: GPL-3.0-or-later
"""What each role of the database may do, and above all what it may not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import Any

import psycopg2
import psycopg2.errors
import pytest

from modemfarm.hold import Hold
from modemfarm.settings import FarmSettings
from modemfarmd.errors import SchemaError
from modemfarmd.portable.document import Document, Entry
from modemfarmd.portable.registry import run_import
from modemfarmd.registry import migrate
from modemfarmd.registry.db import Database
from modemfarmd.registry.history import BearerSpan, History, PlaceSpan, Sample, SimSpan
from modemfarmd.registry.holds import HoldBook
from modemfarmd.registry.hosts import HostBook
from modemfarmd.registry.logs import LogBook
from modemfarmd.registry.model import Event, LogLine, Observation, Outcome
from modemfarmd.registry.modems import Host, Registry
from modemfarmd.registry.repairs import Repair, RepairBook
from modemfarmd.registry.retention import Keep, Retention
from modemfarmd.registry.schema import require_schema
from modemfarmd.registry.volumes import Volume, VolumeBook

OWNER, AGENT, API, BACKUP = ROLES = (
    "modemfarm_migrate", "modemfarm", "modemfarm_api", "modemfarm_backup",
)  # fmt: skip
SERIAL = "867584030000017"
SETTINGS = FarmSettings(
    host="lab", engine="threeproxy", lan_address=IPv4Address("192.168.1.100"),
    lan_interface="lan0", clients=(), nameservers=(), apn="internet", probe_url="http://x/",
    slots=8,
)  # fmt: skip
NOW = datetime.now(UTC)
TABLES = (
    "modems modem_logs modem_log_files events hosts holds repairs locations sims bearers "
    "signal_samples volumes schema_migrations"
).split()
ACCOUNTS = (
    "users sessions refresh_tokens api_tokens login_failures tickets audit operations".split()
)


@pytest.fixture
def admin(server: Any, empty_dsn: str) -> Iterator[Callable[[str], None]]:
    """Runs statements as the superuser; the roles are as roles/postgresql makes them."""
    connection = psycopg2.connect(empty_dsn)
    connection.autocommit = True

    def run(statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    for role in ROLES:
        run(f"CREATE ROLE {role} LOGIN")
    run(f"GRANT {AGENT} TO {OWNER}")
    yield run
    for role in ROLES:
        run(f"REASSIGN OWNED BY {role} TO farm")
        run(f"DROP OWNED BY {role}")
    for role in ROLES:
        run(f"DROP ROLE {role}")
    connection.close()


@pytest.fixture
def connected(admin: Callable[[str], None], empty_dsn: str) -> Iterator[Callable[[str], Database]]:
    """A migrated database, and connections by role."""
    own(admin, empty_dsn, OWNER)
    migrate.run(login(empty_dsn, OWNER))
    opened: list[Database] = []

    def connect(role: str) -> Database:
        opened.append(Database(login(empty_dsn, role)))
        return opened[-1]

    yield connect
    for database in opened:
        database.close()


def own(admin: Callable[[str], None], dsn: str, role: str) -> None:
    name = psycopg2.extensions.parse_dsn(dsn)["dbname"]
    admin(f"ALTER DATABASE {name} OWNER TO {role}")


def login(dsn: str, role: str) -> str:
    return psycopg2.extensions.make_dsn(dsn, user=role)


def refused(database: Database, statement: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        database._run(statement)


def everything(database: Database) -> None:
    """All that the agent and the CLI do."""
    require_schema(database)
    registry = Registry(database, Host("lab", 8, 3127))
    registry.upsert(Observation(SERIAL, present=True))
    registry.upsert(Observation(SERIAL))
    registry.record([Outcome(SERIAL, "online", "serving")])
    registry.record_radio(
        [{"serial": SERIAL, "signal": -71, "operator": "x", "registration": "home"}]
    )
    registry.set_quotas([(SERIAL, "hard")])
    registry.add_events([Event("plugged", SERIAL)])
    registry.follow_ports()
    entries = (Entry(SERIAL, 2, None, "iot"), Entry("867584030000025", 1, None))
    run_import(registry, Document("lab", entries, {}), SETTINGS, "cli:root")
    book = LogBook(database, "lab")
    said = LogLine(SERIAL, "at", "ATI", "OK", "ok", 1.0, "agent", None)
    book.take_in({"a": [said]}, ["a"])
    book.take_in({"b": [said]}, ["b"])
    HostBook(database, "lab").seen("1")
    HostBook(database, "lab").seen("2")
    holds = HoldBook(database, "lab")
    for by in ("alice", "bob"):
        holds.place(SERIAL, Hold(NOW + timedelta(hours=1), by, "why"))
    assert holds.release(SERIAL, "bob")
    RepairBook(database, "lab").record([Repair(SERIAL, "radio", "why", NOW, NOW, "helped")])
    see(database, 0, "1-1", "8949", "10.64.1.2")
    see(database, 1, "1-2", "8950", "10.64.1.3")
    see(database, 2, None, None, None)
    Retention(database, Keep()).turn(NOW)
    registry.forget(SERIAL)


def see(
    database: Database, after: int, path: str | None, iccid: str | None, ip: str | None
) -> None:
    history, at = History(database, "lab"), NOW + timedelta(seconds=after)
    history.record_samples([Sample(SERIAL, at, -71.0)])
    history.places([PlaceSpan(SERIAL, path, at)])
    sim = SimSpan(SERIAL, iccid, None, at)
    history.sims([sim, replace(sim, imsi="26202")])
    history.bearers([BearerSpan(SERIAL, "wwan0", ip, at)])
    volumes = VolumeBook(database, "lab")
    for down in (10, 20):
        volumes.record([Volume(SERIAL, at.date(), down, 1)])
    assert volumes.since(at.date()) == [Volume(SERIAL, at.date(), 20, 1)]


def read(database: Database, more: Sequence[str] = ()) -> None:
    for table in [*TABLES, *more]:
        database._run(f"SELECT * FROM {table}")  # noqa: S608 - names of ours


def test_the_agent_may_do_its_work(connected: Callable[[str], Database]) -> None:
    database = connected(AGENT)
    everything(database)
    read(database)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE modems ADD COLUMN x text",
        "DROP TABLE events",
        "CREATE TABLE mine (x text)",
        "TRUNCATE modem_logs",
        "DELETE FROM modem_logs",
        "DELETE FROM modem_logs_rest",
        "UPDATE modem_logs SET answer = 'never said'",
        "DELETE FROM events",
        "UPDATE events SET kind = 'nothing'",
        "DELETE FROM repairs",
        "UPDATE repairs SET outcome = 'helped'",
        "DELETE FROM holds",
        "UPDATE holds SET reason = 'another'",
        "DELETE FROM signal_samples",
        "DELETE FROM bearers",
        "DELETE FROM volumes",
        "UPDATE volumes SET day = '1999-01-01'",
        "UPDATE bearers SET slot = 1",
        "UPDATE sims SET iccid = '1'",
        "INSERT INTO schema_migrations VALUES (99, 'future')",
        "DROP FUNCTION turn_partitions",
        "SELECT make_partition('events', 'month', '1999-01-01')",
        "SELECT drop_partitions('events', 'month', now())",
        f"SET ROLE {OWNER}",
    ],
)
def test_the_agent_changes_no_schema_and_no_history(
    connected: Callable[[str], Database], statement: str
) -> None:
    refused(connected(AGENT), statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE modems SET slot = 7",
        "UPDATE modems SET proxy_port = 7",
        "DELETE FROM modems",
        "INSERT INTO modems (serial, host, slot, proxy_port) VALUES ('867584030000017','x',1,1)",
        "UPDATE events SET kind = 'nothing'",
        "INSERT INTO holds (host, serial, until, placed_by, reason) "
        "VALUES ('x', '867584030000017', now(), 'x', 'x')",
        "INSERT INTO hosts (name, agent_version) VALUES ('x', '1')",
        "SELECT turn_partitions(now(), 1, 1, 1)",
        "CREATE TABLE mine (x text)",
    ],
)
def test_the_api_reads_and_adds_events(
    connected: Callable[[str], Database], statement: str
) -> None:
    database = connected(API)
    read(database, ACCOUNTS)
    Registry(database, Host("lab", 8, 3127)).add_events([Event("plugged", SERIAL)])
    refused(database, statement)


@pytest.mark.parametrize("table", ACCOUNTS)
def test_the_agent_has_no_part_in_accounts_and_audit(
    connected: Callable[[str], Database], table: str
) -> None:
    refused(connected(AGENT), f"SELECT * FROM {table}")  # noqa: S608 - names of ours


def test_the_backup_reads_all_of_it_and_writes_nothing(
    connected: Callable[[str], Database],
) -> None:
    connected(AGENT)
    database = connected(BACKUP)
    read(database, ACCOUNTS)
    owner = connected(OWNER)
    owner._run("SELECT make_partition('modem_logs', 'day', '2026-01-31')")
    database._run("SELECT * FROM modem_logs_p20260131")  # made after the rights were given
    database._run("SELECT last_value FROM modem_logs_id_seq")
    for table in TABLES + ACCOUNTS:
        refused(database, f"DELETE FROM {table}")  # noqa: S608 - names of ours
    refused(database, "INSERT INTO events (host, kind) VALUES ('x', 'plugged')")


def test_others_do_not_even_get_in(
    connected: Callable[[str], Database], admin: Callable[[str], None], empty_dsn: str
) -> None:
    admin("CREATE ROLE stranger LOGIN")
    try:
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            psycopg2.connect(login(empty_dsn, "stranger"))
    finally:
        admin("DROP ROLE stranger")


def test_rights_that_somebody_gave_by_hand_go_at_the_next_run(
    connected: Callable[[str], Database], empty_dsn: str
) -> None:
    owner, api = connected(OWNER), connected(API)
    owner._run(f"GRANT UPDATE ON modems TO {API}")
    api._run("UPDATE modems SET slot = 7")
    assert migrate.run(login(empty_dsn, OWNER)) == []
    refused(api, "UPDATE modems SET slot = 7")


@pytest.fixture
def second_schema(
    admin: Callable[[str], None], empty_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> Database:
    """An agent at work on a database as issue 3 left it: everything belongs to its own role."""
    own(admin, empty_dsn, AGENT)
    wanted = migrate.available()
    monkeypatch.setattr(migrate, "available", lambda: wanted[:2])
    monkeypatch.setattr(migrate, "_text", lambda *_: "SELECT 1")
    migrate.run(login(empty_dsn, AGENT))
    monkeypatch.undo()
    agent = Database(login(empty_dsn, AGENT))
    with agent._cursor() as cursor:
        statement = (
            "INSERT INTO modems (serial, host, slot, proxy_port) VALUES (%s, 'lab', 1, 3128)"
        )
        cursor.execute(statement, (SERIAL,))
    return agent


def test_an_existing_database_goes_to_its_new_owner(
    second_schema: Database, admin: Callable[[str], None], empty_dsn: str
) -> None:
    own(admin, empty_dsn, OWNER)  # roles/postgresql does this much
    registry = Registry(second_schema, Host("lab", 8, 3127))
    second_schema._run("UPDATE modems SET present = true")  # what an agent of that time does
    assert migrate.run(login(empty_dsn, OWNER)) != []
    assert registry.upsert(Observation(SERIAL)).slot == 1
    refused(second_schema, "DROP TABLE modems")
    registry.forget(SERIAL)
    everything(second_schema)
    second_schema.close()


def test_a_migration_that_fails_changes_neither_schema_nor_rights(
    second_schema: Database,
    admin: Callable[[str], None],
    empty_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own(admin, empty_dsn, OWNER)
    wanted = migrate.available()
    broken = replace(wanted[3], text=wanted[3].text + "; SELECT 1 / 0")
    monkeypatch.setattr(migrate, "available", lambda: [*wanted[:3], broken])
    with pytest.raises(SchemaError, match=r"0004_partitions\.sql: division by zero"):
        migrate.run(login(empty_dsn, OWNER))
    (row,) = second_schema.rows("schema_version")
    assert row["version"] == 2
    registry = Registry(second_schema, Host("lab", 8, 3127))
    second_schema._run("UPDATE modems SET present = true")
    registry.add_events([Event("plugged", SERIAL)])
    second_schema.close()
