# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL of our own for the session, a project with a stub play, and a place for sockets."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from modemfarmd.registry import migrate

UNPRIVILEGED = "postgres" if any(u.pw_name == "postgres" for u in pwd.getpwall()) else "nobody"


def programs() -> Path | None:
    """Where the newest installed PostgreSQL has initdb and pg_ctl."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def _as_user(*command: str | Path) -> list[str]:
    words = [str(word) for word in command]
    return ["runuser", "-u", UNPRIVILEGED, "--", *words] if os.geteuid() == 0 else words


class Server:
    """PostgreSQL on a Unix socket only; stop and start it to play a database that is away."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._data = folder / "data"
        self.folder = folder

    def prepare(self) -> None:
        """initdb, without fsync: the data is worth nothing."""
        if os.geteuid() == 0:
            user = pwd.getpwnam(UNPRIVILEGED)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self._run("initdb", "--no-sync", "--auth=trust", "--username=farm", "-D", self._data)
        options = [
            "listen_addresses=''", "fsync=off", f"unix_socket_directories='{self.folder}'",
            "max_connections=60",
        ]  # fmt: skip
        with (self._data / "postgresql.auto.conf").open("a") as stream:
            stream.write("\n".join(options) + "\n")

    def start(self) -> None:
        self._run("pg_ctl", "-w", "-D", self._data, "-l", self.folder / "log", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-m", "fast", "-D", self._data, "stop")

    def pid(self) -> int:
        """Of the postmaster."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def dsn(self, name: str) -> str:
        return f"host={self.folder} user=farm dbname={name}"

    def _run(self, program: str, *arguments: str | Path) -> None:
        subprocess.run(
            _as_user(self._programs / program, *arguments),
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", timeout=60,
        )  # fmt: skip


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A running PostgreSQL, or an honest skip."""
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed (no /usr/lib/postgresql/*/bin/initdb)")
    # Short and searchable for the unprivileged user: pytest's own folders are neither.
    folder = Path(tempfile.mkdtemp(prefix="mf-pg-", dir="/tmp"))
    try:
        server = Server(found, folder)
        server.prepare()
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def empty_dsn(server: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database."""
    name = f"t{abs(hash(request.node.nodeid)) % 10**12}"
    _administer(server, f"CREATE DATABASE {name}")
    yield server.dsn(name)
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(server: Server, statement: str) -> None:
    connection = psycopg2.connect(server.dsn("postgres"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


@pytest.fixture
def dsn(empty_dsn: str) -> str:
    """A database with the schema."""
    migrate.run(empty_dsn)
    return empty_dsn


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose name leaves room for a Unix socket's 107 characters."""
    folder = Path(tempfile.mkdtemp(prefix="mf-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


STUB_APPLY = """#!/usr/bin/python
# A stand-in for modem_apply that changes nothing and says what it was told.
import time

from ansible.module_utils.basic import AnsibleModule


def main():
    module = AnsibleModule(supports_check_mode=True, argument_spec={
        "serials": {"type": "list", "elements": "str"}, "wait": {"type": "int"},
        "prove": {"type": "bool"},
    })
    serials = module.params["serials"]
    if "867584039999999" in serials:
        module.fail_json(msg="told to fail", remedy="do not tell me to")
    if "867584038888888" in serials:
        time.sleep(60)
    prove, looking = module.params["prove"], module.check_mode
    rows = [
        {"serial": serial, "slot": n, "state": "serving", "reason": None, "remedy": None,
         "interface": "wwan%d" % n, "wan_address": "10.64.%d.2" % n if prove else None,
         "port": 3127 + n, "changed": ["route"] if looking else [], "steps": {}}
        for n, serial in enumerate(serials, 1)
    ]
    module.exit_json(changed=False, modems=rows, host=["guard"] if looking else [])


main()
"""

STUB_RESET = """#!/usr/bin/python
# A stand-in for modem_reset: it does nothing, fails, is refused, or hangs and undoes it.
import os
import signal
import sys
import time

from ansible.module_utils.basic import AnsibleModule


def undo(*_):
    time.sleep(0.5)
    open(os.environ["UNDONE"], "w").close()
    sys.exit(1)


def main():
    module = AnsibleModule(argument_spec={"modem": {"type": "str"}, "step": {"type": "str"}})
    modem, step = module.params["modem"], module.params["step"]
    before = {"registration": "none"}
    if modem == "867584039999999":
        module.fail_json(msg="told to fail", remedy="do not tell me to", step=step, seconds=1.0,
                         before=before, error="ToolError")
    if modem == "867584037777777":
        module.fail_json(msg="another run works on it", remedy="wait", error="ModemBusyError")
    if modem == "867584038888888":
        signal.signal(signal.SIGTERM, undo)
        time.sleep(60)
    module.exit_json(changed=True, modem=modem, step=step, seconds=6.5, before=before,
                     after={"registration": "home"})


main()
"""
PLAYBOOKS = Path(__file__).parents[3] / "playbooks"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project as the role installs it, with a stubs in place of the modules."""
    folder = tmp_path / "project"
    files = {
        "ansible.cfg": "[defaults]\ninventory = inventory/hosts.yml\nlibrary = library\n"
        "gathering = explicit\nretry_files_enabled = false\nlocalhost_warning = false\n",
        "inventory/hosts.yml": "modem_hosts:\n  hosts:\n    localhost:\n"
        f"      ansible_connection: local\n      ansible_python_interpreter: {sys.executable}\n",
        "library/modem_apply.py": STUB_APPLY,
        "library/modem_reset.py": STUB_RESET,
        **{
            f"playbooks/{name}": (PLAYBOOKS / name).read_text()
            for name in ("modem.yml", "drift.yml", "repair.yml")
        },
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
