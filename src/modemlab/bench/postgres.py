# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL of the bench's own, on a Unix socket, with the farm's schema."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from modemfarmd.registry import migrate

from ..host.errors import LabError

CONNECTIONS = 400  # a hundred agents with three each, and room
OPTIONS = "-c listen_addresses= -c max_connections={} -c unix_socket_directories={}"


@dataclass(frozen=True)
class Postgres:
    """A running server; `dsn` names the database with the schema."""

    folder: Path

    @property
    def dsn(self) -> str:
        return f"host={self.folder} user=farm dbname=postgres"

    def processor_seconds(self) -> float:
        """What the server and all its children have used, those that have ended too."""
        main = int((self.folder / "data/postmaster.pid").read_text().split()[0])
        each = (processor_seconds(pid) for pid in _children(main))
        return processor_seconds(main, with_children=True) + sum(each)


@contextmanager
def running() -> Iterator[Postgres]:
    """A server with fsync as in production. LabError where PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if not found:
        raise LabError("PostgreSQL is not installed: run `make tools`")
    programs = found[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="mf-bench-pg-", dir="/tmp"))  # a socket's name is short
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
    data = folder / "data"
    try:
        _run(programs / "initdb", "--auth=trust", "--username=farm", "-D", data)
        options = OPTIONS.format(CONNECTIONS, folder)
        _run(programs / "pg_ctl", "-w", "-D", data, "-l", folder / "log", "-o", options, "start")
        try:
            server = Postgres(folder)
            migrate.run(server.dsn)
            yield server
        finally:
            _run(programs / "pg_ctl", "-w", "-m", "immediate", "-D", data, "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(*command: str | Path) -> None:
    words = [str(word) for word in command]
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*as_user, *words], check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=120)


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def processor_seconds(pid: int, *, with_children: bool = False) -> float:
    """User and system time of one process, 0 when it is gone; `with_children`: of those as well
    that it has reaped (proc(5), fields 14 to 17)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11 : 15 if with_children else 13])) / os.sysconf("SC_CLK_TCK")
