# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: S608 - queries of a test, with nobody's values but its own
"""PostgreSQL that stops, dies, is full or says no: proxies serve, the agent reconciles later."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from modemlab.host import farm
from modemlab.host.lab import Lab

from .conftest import Start, variants
from .ground import root
from .history import registry, sql
from .test_unplug import elsewhere
from .trial import Trial

AWAY_S = 20.0  # beside what the test does meanwhile; FAULTS F30 says 60 s in all
BACK_S = 60.0
GONE_S = 10.0


@contextmanager
def stopped(lab: Lab) -> Iterator[None]:
    root(lab, "systemctl stop 'postgresql@*' postgresql")
    try:
        yield
    finally:
        root(lab, "systemctl start postgresql; systemctl start 'postgresql@*' || true")


def offline_without_database(running: Trial) -> None:
    """Pull the modem; its port refuses and the on-disk snapshot says so."""
    serial = running.row["serial"]
    running.lab.control("unplug", modem=running.number())
    running.converges(
        "the port refuses", GONE_S,
        lambda: farm.request(running.lab, running.row["proxy_port"])["status"] != 200,
    )  # fmt: skip

    def noted() -> bool:
        rows = json.loads(root(running.lab, "cat /var/lib/modemfarm/modems.json"))["modems"]
        return not next(row for row in rows if row["serial"] == serial)["present"]

    running.converges("the snapshot says that it is gone", GONE_S, noted)


def agrees(running: Trial) -> None:
    """The registry says what is: the row of the hit modem, and no port twice."""
    serial = running.row["serial"]
    running.converges(
        "the registry agrees", BACK_S,
        lambda: (row := registry(running.lab)[serial])["present"] and row["state"] == "serving",
    )  # fmt: skip
    ports = [row["proxy_port"] for row in registry(running.lab).values()]
    assert len(ports) == len(set(ports)), ports


def test_f30_postgresql_is_away(scene: Lab, start: Start) -> None:
    """Meanwhile a modem is pulled and comes back elsewhere, and serves without the database."""
    with start("F30") as running:
        with stopped(scene):
            running.moment(AWAY_S)
            offline_without_database(running)
            port = running.random.choice([5, 6, 7])
            scene.control("plug", modem=running.number(), port=port)
            running.converges("it serves without the database", BACK_S, running.answers)
            said = scene.guest.run(["sudo", farm.MODEMFARM, "list", "--json"], check=False)
            assert said.returncode == 0, said
        agrees(running)


def test_f31_postgresql_is_killed_in_mid_transaction(scene: Lab, start: Start) -> None:
    with start("F31") as running:
        serial = running.row["serial"]
        scene.control("unplug", modem=running.number())
        running.moment(3)  # the agent writes what it saw about now
        root(scene, "systemctl kill -s KILL --kill-whom=all 'postgresql@*'")
        root(scene, "systemctl reset-failed 'postgresql@*'; systemctl restart postgresql")
        elsewhere(running)
        agrees(running)
        assert len(registry(scene)) == len({row["slot"] for row in registry(scene).values()})
        assert registry(scene)[serial]["slot"] == running.row["slot"]


def test_f34_no_connection_is_left(scene: Lab, start: Start) -> None:
    """PostgreSQL refuses the agent's role as it does when all connections are used up."""
    role = sql(scene, "SELECT usename FROM pg_stat_activity WHERE application_name ="
               " 'modemfarm-agent' LIMIT 1")  # fmt: skip
    with start("F34") as running:
        sql(scene, f'ALTER ROLE "{role}" CONNECTION LIMIT 0; SELECT pg_terminate_backend(pid) FROM'
            f" pg_stat_activity WHERE usename = '{role}'")  # fmt: skip
        try:
            offline_without_database(running)
            scene.control("plug", modem=running.number(), port=running.random.choice([5, 6, 7]))
            running.converges("it serves without the database", BACK_S, running.answers)
        finally:
            sql(scene, f'ALTER ROLE "{role}" CONNECTION LIMIT -1')
        agrees(running)


def test_f32_f33_the_disk_is_full(scene: Lab, start: Start) -> None:
    """No room for PostgreSQL, the log's spool and the snapshot; what serves goes on serving."""
    fill = "/home/lab/full"
    with start("F33") as running:
        # As an ordinary user: the kernel keeps the last blocks for root, as it does on a real host.
        scene.guest.run(["sh", "-c", f"fallocate -l 8G {fill} 2>/dev/null;"
                         f" dd if=/dev/zero of={fill} bs=64k oflag=append conv=notrunc 2>/dev/null;"
                         f" dd if=/dev/zero of={fill}2 bs=1k 2>/dev/null; true"],
                        timeout=300)  # fmt: skip
        free = root(scene, "stat -f -c %a /var/lib/modemfarm").strip()
        running.note(f"{free} blocks were left")
        try:
            assert int(free) < 16, free
            running.moment(AWAY_S)
            assert running.answers()
            root(scene, f"systemctl kill -s KILL '*proxy@{running.row['slot']}.service'")
            running.converges("a proxy that died serves again", BACK_S, running.answers)
            path, _ = (
                running.state()["usb_path"],
                root(scene, "systemctl is-active modemfarm-agent"),
            )
            number = running.number()
            scene.control("unplug", modem=number)
            scene.control("plug", modem=number, port=int(path.partition("-")[2]) - 1)
            running.converges("a modem that was pulled serves again", BACK_S, running.answers)
        finally:
            root(scene, f"rm -f {fill} {fill}2")
        agrees(running)


@pytest.mark.parametrize("payload", variants("forged", "foreign", "oversized", "many"))
def test_f35_notifications_that_lie(scene: Lab, start: Start, payload: str) -> None:
    """A notification is a hint: the agent looks at the row and believes nothing else."""
    text = {
        "forged": "'; DROP TABLE modems; --",
        "foreign": "999999999999999",
        "oversized": "x" * 7999,
        "many": "{serial}",
    }[payload]
    with start("F35") as running:
        before = root(scene, "systemctl show -P NRestarts modemfarm-agent")
        quoted = text.format(serial=running.row["serial"]).replace("'", "''")
        times = 1000 if payload == "many" else 1
        running.moment(2)
        sql(
            scene, f"SELECT pg_notify('modem_change', '{quoted}') FROM generate_series(1, {times});"
        )
        address = running.state()["wan_address"]
        # A row that really changes afterwards is still noticed.
        sql(scene, f"UPDATE modems SET state = 'waiting' WHERE serial = '{running.row['serial']}'")
        running.converges("the row is put right", BACK_S,
                          lambda: running.state()["state"] == "serving")  # fmt: skip
        assert running.state()["wan_address"] == address
        assert root(scene, "systemctl show -P NRestarts modemfarm-agent") == before
        assert running.answers()
