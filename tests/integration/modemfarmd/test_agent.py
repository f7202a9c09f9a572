# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole agent: modems on pseudo terminals, a real database, an apply service that is a stub."""

import json
import os
import shutil
import socket
import threading
import time
import tty
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from modemfarm.apply.probe import ProbeError
from modemfarm.settings import FarmSettings
from modemfarmd.agent import health, look
from modemfarmd.agent.places import Places
from modemfarmd.agent.systemd import Notifier
from modemfarmd.agent.wiring import Agent
from modemfarmd.apply.job import Job, Outcome
from modemfarmd.apply.main import listen
from modemfarmd.apply.service import Config, Service
from modemfarmd.registry.db import Database
from modemfarmd.registry.logs import LogBook
from modemfarmd.registry.modems import Host, Registry
from modemfarmd.registry.repairs import RepairBook

WAIT_S = 15.0


def serial(number: int) -> str:
    return f"86758403{number:07d}"


class PtyModem(threading.Thread):
    """Answers AT commands from a table on a pseudo terminal."""

    def __init__(self, number: int, operator: str = "Lab One") -> None:
        super().__init__(daemon=True)
        self.answers = {
            "AT": [],
            "AT+CMEE?": ["+CMEE: 2"],
            "AT+CMEE=1": [],
            "AT+CMEE=2": [],
            "AT+CGSN": [serial(number)],
            "AT+CGMM": ["EC25"],
            "AT+CGMR": ["EC25EUXGAR08A05M1G"],
            "AT+QCCID": [f"+QCCID: 894900000000000{number:04d}"],
            "AT+CIMI": [f"26201{number:010d}"],
            "AT+CSQ": ["+CSQ: 20,0"],
            "AT+CEREG?": ["+CEREG: 0,1"],
            "AT+COPS?": [f'+COPS: 0,0,"{operator}",7'],
        }
        self.silent = False
        self._near, self._far = os.openpty()
        tty.setraw(self._far)
        self.path = os.ttyname(self._far)
        self.start()

    def run(self) -> None:
        line = b""
        while True:
            try:
                data = os.read(self._near, 256)
            except OSError:
                return
            for byte in data:
                if byte == 13:
                    self._answer(line.decode())
                    line = b""
                else:
                    line += bytes([byte])

    def _answer(self, command: str) -> None:
        if self.silent:
            return
        lines = self.answers.get(command)
        text = "ERROR" if lines is None else "\r\n\r\n".join([*lines, "OK"])
        os.write(self._near, f"\r\n{text}\r\n".encode())

    def close(self) -> None:
        os.close(self._far)


class World:
    """A root with sysfs and dev, where modems are plugged in, and what surrounds the agent."""

    def __init__(self, root: Path, make_modem: Callable[..., Path], registry: Registry) -> None:
        self.root, self.registry = root, registry
        self._make_modem = make_modem
        self._devnum = 1
        self.applied: list[list[str]] = []
        self.repaired: list[tuple[str, str]] = []
        self.states: dict[str, str] = {}
        self.agent: Agent | None = None
        (root / "dev").mkdir(exist_ok=True)
        (root / "spool").mkdir()

    def plug(self, path: str, index: int, modem: PtyModem) -> None:
        real = self._make_modem(path, index)
        self._devnum += 1
        (real / "devnum").write_text(f"{self._devnum}\n")
        node = self.root / f"dev/ttyUSB{4 * index + 3}"
        node.unlink(missing_ok=True)
        node.symlink_to(modem.path)
        self._tell(path)

    def unplug(self, path: str) -> None:
        devices = self.root / "sys/bus/usb/devices"
        real = (devices / path).resolve()
        for link in devices.glob(f"{path}*"):
            link.unlink()
        shutil.rmtree(real)
        self._tell(path)

    def _tell(self, path: str) -> None:
        if self.agent is not None:
            self.agent.name_path(path)

    def run_job(self, job: Job) -> Outcome:
        """In place of Ansible: what the snapshot says, as modem_apply would return it."""
        if job.playbook == "repair.yml":
            return self._repair(job.variables["modem_serial"], job.variables["modem_step"])
        serials = job.variables["modem_serials"]
        self.applied.append(serials)
        return Outcome(0, "successful", [self._row(s) for s in serials])

    def _repair(self, serial_: str, step: str) -> Outcome:
        self.repaired.append((serial_, step))
        looked = {"registration": "home"}
        taken = {"step": step, "seconds": 1.0, "before": looked, "after": looked, "error": None}
        return Outcome(0, "successful", repair=taken)

    def _row(self, serial_: str) -> dict[str, Any]:
        records = json.loads((self.root / "modems.json").read_text())["modems"]
        record = next(record for record in records if record["serial"] == serial_)
        state = self.states.get(serial_, "serving") if record["present"] else "offline"
        address = f"10.64.{record['slot']}.2" if state == "serving" else None
        return {
            "serial": serial_, "slot": record["slot"], "state": state, "reason": None,
            "remedy": None, "interface": None, "wan_address": address, "changed": [], "steps": {},
        }  # fmt: skip

    def rows(self) -> dict[str, dict[str, Any]]:
        return {row["serial"]: row for row in self.registry.modems()}

    def until(self, reached: Callable[[dict[str, dict[str, Any]]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + WAIT_S
        while not reached(rows := self.rows()):
            assert time.monotonic() < deadline, f"not reached: {rows}"
            time.sleep(0.05)
        return rows


@pytest.fixture
def world(
    tmp_path: Path, make_modem: Callable[..., Path], dsn: str, short_path: Path
) -> Iterator[World]:
    registry = Registry(Database(dsn), Host("lab", 8, 3127))
    world = World(tmp_path, make_modem, registry)
    stop, (wake, waker) = threading.Event(), socket.socketpair()
    config = Config(tmp_path, short_path)
    service = Service(config, world.run_job)
    listener = listen(short_path / "apply.sock")
    serving = threading.Thread(target=service.serve, args=(listener, stop, wake))
    serving.start()
    yield world
    stop.set()
    waker.send(b"x")
    serving.join(5)
    for used in (listener, wake, waker):
        used.close()
    registry.database.close()


@pytest.fixture
def start(world: World, dsn: str, short_path: Path) -> Iterator[Callable[[], Agent]]:
    settings = FarmSettings.from_dict(
        {
            "version": 1, "host": "lab", "engine": "threeproxy", "lan_address": "127.0.0.1",
            "lan_interface": "lo", "clients": ["127.0.0.0/8"], "slots": 8,
            "nameservers": ["203.0.113.53"], "apn": "internet", "database": dsn,
            "probe_url": "http://ip.lab.test/",
        }
    )  # fmt: skip
    running: list[tuple[Agent, threading.Thread]] = []

    def make() -> Agent:
        places = Places(
            world.root, world.root / "modems.json", short_path / "apply.sock", short_path,
            world.root / "spool", short_path, short_path / "locks", short_path / "no-bus",
        )  # fmt: skip
        agent = Agent(settings, places)
        thread = threading.Thread(target=agent.run, args=(Notifier({}),))
        thread.start()
        running.append((agent, thread))
        world.agent = agent
        return agent

    yield make
    for agent, thread in running:
        agent.end()
        thread.join(10)
        assert not thread.is_alive()


def test_plug_unplug_replug_elsewhere(world: World, start: Callable[[], Agent]) -> None:
    start()
    modem = PtyModem(1, "Evil {{ lookup('pipe', 'id') }}'; DROP TABLE modems; --")
    begun = time.monotonic()
    world.plug("1-1", 0, modem)
    rows = world.until(lambda rows: any(r["state"] == "serving" for r in rows.values()))
    seconds = time.monotonic() - begun
    row = rows[serial(1)]
    assert (row["slot"], row["proxy_port"], row["wan_address"]) == (1, 3128, "10.64.1.2")
    assert (row["path"], row["usb_path"]) == (f"/dev/modems/{serial(1)}", "1-1")
    assert (row["at_port"], row["qmi_port"], row["interface"]) == ("ttyUSB3", "cdc-wdm0", "wwan0")
    assert seconds < 2.0  # a complete device waits for no debounce
    row = world.until(lambda rows: rows[serial(1)]["signal"] is not None)[serial(1)]
    assert (row["signal"], row["registration"]) == (-73, "home")
    assert row["operator"] == "Evil {{ lookup('pipe', 'id') }}'; DROP TABLE modems; --"

    world.unplug("1-1")
    row = world.until(lambda rows: rows[serial(1)]["status"] == "offline")[serial(1)]
    assert (row["present"], row["wan_address"]) == (False, None)
    world.plug("1-1.4", 2, modem)
    row = world.until(lambda rows: rows[serial(1)]["state"] == "serving")[serial(1)]
    assert (row["slot"], row["usb_path"], row["at_port"]) == (1, "1-1.4", "ttyUSB11")
    kinds = [event["kind"] for event in world.registry.events(serial(1), 20)][::-1]
    assert [k for k in kinds if k not in ("serving", "offline", "applying")] == [
        "registered", "unplugged", "plugged", "moved",
    ]  # fmt: skip


def test_all_that_is_said_becomes_rows(world: World, start: Callable[[], Agent]) -> None:
    start()
    world.plug("1-1", 0, PtyModem(1))
    world.until(lambda rows: any(r["signal"] is not None for r in rows.values()))
    book = LogBook(world.registry.database, "lab")
    deadline = time.monotonic() + WAIT_S
    rows: list[dict[str, Any]] = []
    while not {"AT+CGSN", "AT+QCCID", "AT+CIMI", "AT+CSQ", "AT+CEREG?", "AT+COPS?"} <= {
        row["command"] for row in rows
    }:
        assert time.monotonic() < deadline, rows
        time.sleep(0.05)
        rows = book.newest(99, serial(1))
    csq = next(row for row in rows if row["command"] == "AT+CSQ")
    assert (csq["answer"], csq["outcome"], csq["actor"]) == ("+CSQ: 20,0", "ok", "agent")
    assert len({row["correlation"] for row in rows}) >= 2  # an identification and a look


def test_modems_that_come_together_are_applied_together(
    world: World, start: Callable[[], Agent]
) -> None:
    start()
    modems = [PtyModem(number) for number in range(1, 6)]
    for index, modem in enumerate(modems):
        world.plug(f"1-{index + 1}", index, modem)
    rows = world.until(
        lambda rows: len(rows) == 5 and all(r["state"] == "serving" for r in rows.values())
    )
    assert sorted(row["slot"] for row in rows.values()) == [1, 2, 3, 4, 5]
    assert len(world.applied) <= 3


def test_a_silent_modem_holds_nobody(world: World, start: Callable[[], Agent]) -> None:
    start()
    silent = PtyModem(1)
    silent.silent = True
    world.plug("1-1", 0, silent)
    world.plug("1-2", 1, PtyModem(2))
    world.until(lambda rows: rows.get(serial(2), {}).get("state") == "serving")
    deadline = time.monotonic() + WAIT_S
    while not (events := world.registry.events(None, 50)) or not any(
        event["kind"] == "unidentified" for event in events
    ):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    silent.silent = False
    world.until(lambda rows: rows.get(serial(1), {}).get("state") == "serving")


def test_the_same_imei_twice_is_quarantined(world: World, start: Callable[[], Agent]) -> None:
    start()
    world.plug("1-1", 0, PtyModem(1))
    world.until(lambda rows: rows.get(serial(1), {}).get("state") == "serving")
    world.plug("1-2", 1, PtyModem(1))
    row = world.until(lambda rows: rows[serial(1)]["status"] == "error")[serial(1)]
    assert (row["state"], row["present"]) == ("quarantined", False)
    assert row["reason"] == f"the IMEI {serial(1)} is at 1-1 and 1-2"
    world.unplug("1-2")
    world.until(lambda rows: rows[serial(1)]["state"] == "serving")


def test_without_the_database_a_known_modem_goes_on(
    world: World, start: Callable[[], Agent], server: Any
) -> None:
    start()
    modem = PtyModem(1)
    world.plug("1-1", 0, modem)
    world.until(lambda rows: rows.get(serial(1), {}).get("state") == "serving")
    world.registry.database.close()
    server.stop()
    applied = len(world.applied)
    try:
        world.unplug("1-1")
        world.plug("1-3", 1, modem)
        deadline = time.monotonic() + WAIT_S
        while len(world.applied) == applied:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        server.start()
    row = world.until(lambda rows: rows[serial(1)]["usb_path"] == "1-3")[serial(1)]
    assert row["slot"] == 1
    world.until(lambda rows: rows[serial(1)]["state"] == "serving")


def test_waiting_is_tried_again(world: World, start: Callable[[], Agent]) -> None:
    world.states[serial(1)] = "waiting"
    start()
    world.plug("1-1", 0, PtyModem(1))
    world.until(lambda rows: rows.get(serial(1), {}).get("state") == "waiting")
    world.states[serial(1)] = "serving"
    world.until(lambda rows: rows[serial(1)]["state"] == "serving")


def test_a_restarted_agent_keeps_slots_and_applies_all(
    world: World, start: Callable[[], Agent]
) -> None:
    first = start()
    world.plug("1-1", 0, PtyModem(1))
    world.until(lambda rows: rows.get(serial(1), {}).get("state") == "serving")
    first.end()
    world.agent = None
    world.unplug("1-1")
    start()
    world.until(lambda rows: rows[serial(1)]["state"] == "offline")
    assert world.rows()[serial(1)]["slot"] == 1


def test_forgetting_and_a_new_apn_reach_the_agent(world: World, start: Callable[[], Agent]) -> None:
    start()
    for number in (1, 2):
        world.plug(f"1-{number}", number, PtyModem(number))
    world.until(lambda rows: len(rows) == 2 and all(r["state"] == "serving" for r in rows.values()))
    before = len(world.applied)
    with world.registry.database._cursor() as cursor:
        cursor.execute("UPDATE modems SET apn = 'iot' WHERE serial = %s", (serial(1),))
    deadline = time.monotonic() + WAIT_S
    while len(world.applied) == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert world.applied[-1] == [serial(1)]
    assert '"apn":"iot"' in (world.root / "modems.json").read_text()
    world.unplug("1-2")
    world.until(lambda rows: not rows[serial(2)]["present"])
    world.registry.forget(serial(2))
    while serial(2) in (world.root / "modems.json").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_modem_without_data_is_repaired_and_the_repair_is_kept(
    world: World, start: Callable[[], Agent], dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looks, verdict, order, step by the apply service, evidence in the registry, and no other."""
    bad = {3128}
    first = serial(1)

    def probe(address: object, port: int, *_: object) -> str:
        if port in bad and (first, "reconnect") not in world.repaired:
            raise ProbeError("probe failed: no answer within 5 s", "see the journal")
        return f"203.0.113.{port - 3127}"

    monkeypatch.setattr(health, "INTERVAL_S", 1.0)
    monkeypatch.setattr(health, "SUSPECT_S", 0.5)
    monkeypatch.setattr(health, "BEAT_S", 0.1)
    monkeypatch.setattr(look, "probe", probe)
    monkeypatch.setattr(look, "answers", lambda *_: True)
    monkeypatch.setattr(look, "owners", lambda *_: frozenset((61001, 61002)))
    monkeypatch.setattr(look, "address_of", lambda *_: "10.64.0.2")
    monkeypatch.setattr(look, "received_packets", lambda *_: 7)
    start()
    world.plug("1-1", 1, PtyModem(1))
    world.until(lambda rows: first in rows and rows[first]["slot"] == 1)
    world.plug("1-2", 2, PtyModem(2))
    world.until(
        lambda rows: rows[first]["wan_address"] == "203.0.113.1" and len(rows) == 2
        and all(row["state"] == "serving" for row in rows.values())
    )  # fmt: skip
    assert world.repaired == [(first, "reconnect")]
    book = RepairBook(Database(dsn), "lab")
    deadline = time.monotonic() + 2 * WAIT_S  # the history is written every 15 s
    while not (kept := book.recent(datetime.now(UTC) - timedelta(hours=1))):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (repair,) = kept
    assert (repair.serial, repair.step, repair.outcome) == (first, "reconnect", "done")
    assert repair.cause == "data-dead: probe failed: no answer within 5 s"
    assert repair.evidence["received"] is False
    assert repair.before == {"registration": "home"}
    assert {event["kind"] for event in world.registry.events(first, 50)} >= {"repairing", "repair"}
    assert "repairing" not in {event["kind"] for event in world.registry.events(serial(2), 50)}
