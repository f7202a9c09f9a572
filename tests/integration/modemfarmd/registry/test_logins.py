# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles/postgresql writes, read by a real PostgreSQL: who may be which role."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest

from modemfarmd.registry import migrate

from ..backup.conftest import build, fill
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


def test_only_root_gets_into_what_a_restore_makes(cluster: Server) -> None:
    for suffix in ("restore", "before"):
        connection = psycopg2.connect(cluster.dsn("postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {NAME}_{suffix} OWNER modemfarm_migrate")
        connection.close()
    log_in(cluster, "modemfarm_migrate", f"{NAME}_restore")
    for role in ("modemfarm", "modemfarm_api", "modemfarm_backup", "farm"):
        with pytest.raises(psycopg2.OperationalError, match=r"pg_hba\.conf rejects"):
            log_in(cluster, role, f"{NAME}_restore")
    for role in ("modemfarm_migrate", "modemfarm", "farm"):
        with pytest.raises(psycopg2.OperationalError, match=r"pg_hba\.conf rejects"):
            log_in(cluster, role, f"{NAME}_before")


@pytest.mark.skipif(shutil.which("age-keygen") is None, reason="age is not installed")
def test_backup_and_restore_by_the_roles_that_the_role_makes(
    cluster: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a host: root acts as the backup's user and as postgres, each let in by its name only;
    the folder is root's alone, as with a backup by hand.
    """
    with psycopg2.connect(cluster.dsn("postgres")) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE ROLE postgres SUPERUSER LOGIN")
        cursor.execute("GRANT modemfarm TO modemfarm_migrate")
    connection.close()
    with (cluster.folder / "data/pg_ident.conf").open("a") as stream:
        stream.write("modemfarm nobody modemfarm_backup\n")
    with psycopg2.connect(cluster.dsn("postgres")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_reload_conf()")
    connection.close()
    monkeypatch.setattr("modemfarmd.backup.database.USER", "nobody")
    dsn = f"dbname={NAME} host={cluster.folder}"
    owner = f"{dsn} user=modemfarm_migrate"
    migrate.run(owner)
    made = build(tmp_path / "lab", dsn)
    fill(owner)
    backup = made.save()
    made.restore(backup.path, verify=True)
    report = made.restore(backup.path)
    assert (report.restored, report.differences) == (True, ())
    with psycopg2.connect(owner) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace"
        )
        assert cursor.fetchall() == [("modemfarm_migrate",)]
        cursor.execute(
            "SELECT has_table_privilege('modemfarm', 'modems', 'UPDATE'),"
            " has_table_privilege('modemfarm', 'users', 'SELECT'),"
            " has_database_privilege('public', current_database(), 'CONNECT')"
        )
        assert cursor.fetchall() == [(True, False, False)]
    connection.close()
