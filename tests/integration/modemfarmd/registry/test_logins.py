# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles/postgresql writes, read by a real PostgreSQL: who may be which role."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest

from modemfarmd.registry import migrate

from ..conftest import Server, programs

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="needs root: peer login is by system user"
)
NAME = "farm_registry"


def play(folder: Path) -> str:
    """Run the role's file; ansible's recap."""
    return subprocess.run(
        [
            Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,",
            "-e", json.dumps({"postgresql_directory": str(folder), "postgresql_database": NAME,
                              "ansible_python_interpreter": sys.executable}),
            Path(__file__).parent / "logins.yml",
        ],
        check=True, capture_output=True, text=True, timeout=120,
    ).stdout  # fmt: skip


@pytest.fixture
def cluster(short_path: Path) -> Iterator[Server]:
    """A server whose files the role has changed, with the roles and a database of the owner."""
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed")
    short_path.chmod(0o711)
    server = Server(found, short_path)
    server.prepare()
    assert "changed=2 " in play(short_path / "data")
    server.start()
    try:
        with psycopg2.connect(server.dsn("postgres")) as connection, connection.cursor() as cursor:
            for role in ("modemfarm_migrate", "modemfarm", "modemfarm_api", "modemfarm_backup"):
                cursor.execute(f"CREATE ROLE {role} LOGIN")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {NAME} OWNER modemfarm_migrate")
        connection.close()
        yield server
    finally:
        server.stop()


@contextmanager
def as_user(uid: int) -> Iterator[None]:
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


def log_in(server: Server, role: str, name: str = NAME) -> None:
    psycopg2.connect(f"host={server.folder} user={role} dbname={name}").close()


def test_root_is_the_owner_and_nobody_else(
    cluster: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    log_in(cluster, "modemfarm_migrate")
    for role in ("modemfarm", "modemfarm_api", "modemfarm_backup"):
        with pytest.raises(psycopg2.OperationalError, match="Peer authentication failed"):
            log_in(cluster, role)
    with (
        as_user(65534),
        pytest.raises(psycopg2.OperationalError, match="Peer authentication failed"),
    ):
        log_in(cluster, "modemfarm_migrate")
    with as_user(65534):
        log_in(cluster, "farm", "postgres")  # other databases have the cluster's own lines

    settings = tmp_path / "farm.json"
    settings.write_text(json.dumps({
        "version": 1, "host": "lab", "engine": "threeproxy", "lan_address": "192.168.1.100",
        "lan_interface": "lan0", "clients": ["192.168.1.0/24"], "nameservers": ["9.9.9.9"],
        "apn": "internet", "probe_url": "http://probe.example/",
        "database": f"dbname={NAME} host={cluster.folder}",
    }))  # fmt: skip
    monkeypatch.setattr("sys.argv", ["modemfarm-migrate", str(settings)])
    migrate.main()
    assert "applied 0001_modems.sql" in capsys.readouterr().out
    migrate.main()
    assert capsys.readouterr().out == ""
