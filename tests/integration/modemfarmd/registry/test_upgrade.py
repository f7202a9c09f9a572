# SPDX-License-Identifier: GPL-3.0-or-later
"""roles/postgresql at a server whose database version 0.1 made: the agent owned it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from ..conftest import Server, programs

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, as the server's tests do")
NAME = "farm_registry"
VARIABLES = {
    "postgresql_database": NAME,
    "ansible_python_interpreter": sys.executable,
    "ansible_become": False,
}


@pytest.fixture
def cluster(short_path: Path) -> Iterator[Server]:
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed")
    short_path.chmod(0o711)
    server = Server(found, short_path)
    server.prepare()
    server.start()
    try:
        connection = psycopg2.connect(server.dsn("postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("CREATE ROLE postgres SUPERUSER LOGIN")
            cursor.execute("CREATE ROLE modemfarm LOGIN")
            cursor.execute(f"CREATE DATABASE {NAME} OWNER modemfarm")
        connection.close()
        yield server
    finally:
        server.stop()


def recap(server: Server, *options: str) -> str:
    done = subprocess.run(
        [
            Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,", *options,
            "-e", json.dumps(VARIABLES), Path(__file__).parent / "database.yml",
        ],
        env=os.environ | {"PGHOST": str(server.folder)},
        check=False, capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()[-2]


def owner(server: Server) -> str:
    with psycopg2.connect(server.dsn(NAME)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", (NAME,)
        )
        return str(cursor.fetchall()[0][0])


def test_a_database_of_the_agent_gets_its_owner(cluster: Server) -> None:
    assert "changed=0 " not in recap(cluster, "--check")  # foretold, though the roles are not there
    assert owner(cluster) == "modemfarm"
    recap(cluster)
    assert owner(cluster) == "modemfarm_migrate"
    assert "changed=0 " in recap(cluster)
