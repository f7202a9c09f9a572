# SPDX-License-Identifier: GPL-3.0-or-later
"""A host below a folder: its files, its registry on a real PostgreSQL, and keys of age."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from modemfarm.pin.ledger import Ledger
from modemfarm.pin.secret import Pin
from modemfarm.settings import FarmSettings
from modemfarm.snapshot import ModemRecord, Snapshot, write_snapshot
from modemfarmd.backup.contents import LEDGER
from modemfarmd.backup.make import Made, make_backup
from modemfarmd.backup.restore import Report, Wish, restore
from modemfarmd.backup.settings import BackupSettings
from modemfarmd.registry.db import Database, connect
from modemfarmd.registry.migrate import available
from modemfarmd.registry.model import Event, Observation
from modemfarmd.registry.modems import Host, Registry

ONE, TWO, THREE = "867584030000017", "867584030000025", "867584030000033"
ICCID = "8988303000000000017"
HASH = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA"
NEWEST = available()[-1].version
NOW = datetime(2026, 11, 30, 17, 25, 28, 123000, tzinfo=UTC)


def keygen(path: Path) -> str:
    """A private key of age in `path`, mode 0600; the public one."""
    subprocess.run(["age-keygen", "-o", str(path)], check=True, capture_output=True)
    (line,) = [one for one in path.read_text().splitlines() if one.startswith("# public key: ")]
    return line.removeprefix("# public key: ")


@dataclass
class Farm:
    """One host: root folder, registry, keys; `save` and `restore` as the CLI does them."""

    root: Path
    dsn: str
    farm: FarmSettings
    settings: BackupSettings
    documents: dict[str, Any] = field(default_factory=dict)

    def save(self, now: datetime = NOW) -> Made:
        return make_backup(self.farm, self.settings, now, self.root)

    def restore(self, path: Path, **wishes: Any) -> Report:
        identity = wishes.pop("identity", str(self.settings.identity))
        return restore(
            Wish(path, identity, "cli:test", root=self.root, **wishes), self.farm, self.settings
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        connection = connect(self.dsn)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def everything(self) -> dict[str, Any]:
        """All that lives: each row with PostgreSQL's version of it, databases, files."""
        tables = self.rows("SELECT relname FROM pg_class WHERE relkind = 'r'"
                           " AND relnamespace = 'public'::regnamespace ORDER BY 1")  # fmt: skip
        found: dict[str, Any] = {
            name: self.rows(f"SELECT xmin::text, t::text FROM {name} t ORDER BY 2")  # noqa: S608
            for (name,) in tables
        }
        mine = psycopg2.extensions.parse_dsn(self.dsn)["dbname"]
        found["databases"] = self.rows(
            f"SELECT oid, datname, datallowconn FROM pg_database WHERE datname LIKE '{mine}%'"  # noqa: S608
        )
        found["files"] = {
            str(path): (path.read_bytes(), path.stat().st_mode, path.stat().st_ino)
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and not path.is_relative_to(self.settings.folder)
        }
        return found


def settings_of(host: str, dsn: str, **others: Any) -> dict[str, Any]:
    return {
        "version": 1, "host": host, "engine": "threeproxy", "lan_address": "192.168.1.100",
        "lan_interface": "lan0", "clients": ["192.168.1.0/24"], "nameservers": ["203.0.113.53"],
        "apn": "internet", "probe_url": "http://ip.lab.test/", "slots": 8, "database": dsn,
        **others,
    }  # fmt: skip


def write(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)


def build(root: Path, dsn: str, host: str = "lab", **others: Any) -> Farm:
    """The files of a host, with keys, proxy users, PINs and a tried one."""
    document = settings_of(host, dsn, **others)
    etc, state, folder = root / "etc/modemfarm", root / "var/lib/modemfarm", root / "backups"
    for path in (etc, state, folder):
        path.mkdir(parents=True)
    folder.chmod(0o700)
    users = [{"name": "alice", "hash": "$1$abcdefgh$" + "a" * 22, "expires": None}]
    write(etc / "farm.json", json.dumps(document))
    write(etc / "pins.json", json.dumps({ICCID: "4711"}), 0o600)
    write(etc / "proxy-users.json", json.dumps({"version": 1, "users": users}), 0o600)
    write(etc / "tls/key.pem", "-----BEGIN PRIVATE KEY-----\nx\n", 0o600)
    write(etc / "proxy/1.cfg", "nserver 203.0.113.53\n", 0o640)
    write_snapshot(
        Snapshot(host, (ModemRecord(ONE, 1), ModemRecord(TWO, 2))), state / "modems.json"
    )
    public = keygen(root / "identity")
    write(etc / "backup-recipients", f"# the safe\n{public}\n")
    settings = BackupSettings(folder, etc / "backup-recipients", root / "identity", 3, 30)
    return Farm(root, dsn, FarmSettings.from_dict(document), settings, document)


def fill(dsn: str, host: str = "lab") -> None:
    """Two modems here (one plugged in), one elsewhere, a user, a log-in, a token, some logs."""
    database = Database(dsn)
    registry = Registry(database, Host(host, 8, 3127))
    registry.upsert(Observation(ONE, present=True, usb_path="1-1"))
    registry.upsert(Observation(TWO))
    registry.add_events([Event("plugged", ONE)])
    Registry(database, Host("elsewhere", 8, 3127)).upsert(Observation(THREE))
    database.rows("set_apn", {"host": host, "serial": TWO, "apn": "iot.example"})
    connection = connect(dsn)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO users (name, password_hash, role) VALUES ('alice', %s, 'admin')", (HASH,)
        )
        cursor.execute(
            "INSERT INTO sessions (id, user_id, address, expires_at)"
            " SELECT repeat('a', 32), id, '192.168.1.5', now() + interval '1 day' FROM users"
        )
        cursor.execute(
            "INSERT INTO api_tokens (id, name, hash, role, created_by, expires_at) VALUES"
            " (repeat('b', 16), 'grafana', sha256('x'), 'viewer', 'alice',"
            " now() + interval '1 day')"
        )
        cursor.execute(
            "INSERT INTO modem_logs (at, serial, channel, actor, command, answer, outcome)"
            " SELECT now() - n * interval '1 hour', %s, 'at', 'agent', 'AT', 'OK', 'ok'"
            " FROM generate_series(1, 500) n",
            (ONE,),
        )
    connection.close()
    database.close()


@pytest.fixture
def lab(dsn: str, tmp_path: Path) -> Iterator[Farm]:
    """The host, with a registry; the databases that a restore leaves are removed."""
    if shutil.which("age-keygen") is None:
        pytest.skip("age is not installed")
    fill(dsn)
    made = build(tmp_path / "lab", dsn)
    ledger = Ledger(made.root / LEDGER)
    ledger.begin(ICCID, Pin("4711"))
    ledger.end(ICCID, Pin("4711"), accepted=False)
    yield made
    drop_others(dsn)


def drop_others(dsn: str) -> None:
    name = psycopg2.extensions.parse_dsn(dsn)["dbname"]
    connection = psycopg2.connect(psycopg2.extensions.make_dsn(dsn, dbname="postgres"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        for suffix in ("restore", "before"):
            cursor.execute(f"DROP DATABASE IF EXISTS {name}_{suffix} WITH (FORCE)")
    connection.close()


Decrypt = Callable[[Path], bytes]


@pytest.fixture
def decrypt(lab: Farm) -> Decrypt:
    """The clear tar of a backup, by age itself."""

    def run(path: Path) -> bytes:
        return subprocess.run(
            ["age", "-d", "-i", str(lab.settings.identity), str(path)],
            check=True, capture_output=True, env=dict(os.environ),
        ).stdout  # fmt: skip

    return run
